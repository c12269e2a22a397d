"""Which modules are mutated, and which unit tests are to notice: those that concern the module, the likeliest first."""

from collections.abc import Mapping, Sequence

GROUPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "decisions": {
        "decisions": ("decisions", "starting", "stopping", "golden", "messages", "stop_messages"),
        "statuses": ("decisions", "starting", "stopping", "sweeping", "leased_starts", "golden", "choosing"),
    },
    "leases": {
        "leases": ("leases", "starting", "stopping", "leased_starts", "sweeping", "bill"),
        "holding": ("bill", "leases"),
    },
    "polling": {
        "polling": ("polling", "starting", "leased_starts"),
    },
    "messages": {
        "messages": ("golden", "messages", "stop_messages", "finding_messages", "chat_messages"),
        "ending_messages": ("golden", "messages", "stop_messages", "runs", "choosing"),
        "finding_messages": ("golden", "finding_messages"),
        "run_messages": ("golden", "runs"),
        "chat_messages": ("chat_messages", "golden"),
    },
    "requests": {
        "requests": ("requests", "stop_requests", "runs"),
        "start_request": ("requests", "starting", "runs"),
        "stop_request": ("stop_requests", "requests"),
        "run_request": ("runs",),
        "validation": ("validation", "requests", "stop_requests", "runs", "batch_requests"),
    },
}
"""Groups of modules of functions/lifecycle, and for each module the files in tests/unit, ``test_`` left out."""
