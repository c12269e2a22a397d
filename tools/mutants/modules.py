"""Which modules are mutated, and which unit tests are to notice: those that concern the module, the likeliest first."""

from collections.abc import Mapping, Sequence

GROUPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "decisions": {
        "model.decisions": (
            "model/decisions",
            "start_model/steps",
            "stop_model/steps",
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
        ),
        "model.statuses": (
            "model/decisions",
            "start_model/steps",
            "stop_model/steps",
            "reconciliation/sweep_rules",
            "start_model/leased_starts",
            "notifications/golden",
            "model/version_choice",
        ),
    },
    "leases": {
        "model.leases": (
            "model/leases",
            "start_model/steps",
            "stop_model/steps",
            "start_model/leased_starts",
            "reconciliation/sweep_rules",
            "model/bill",
        ),
        "model.usage": (
            "model/bill",
            "model/leases",
        ),
    },
    "polling": {
        "model.polling": (
            "model/polling",
            "start_model/steps",
            "start_model/leased_starts",
        ),
    },
    "messages": {
        "notifications.execution_messages": (
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
            "run_with_model/runs",
            "model/version_choice",
        ),
        "notifications.costs": (
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
        ),
        "notifications.chat": (
            "notifications/chat",
            "notifications/golden",
        ),
    },
    "requests": {
        "executions.requests": (
            "start_model/request",
            "stop_model/request",
            "run_with_model/runs",
        ),
        "start_model.request": (
            "start_model/request",
            "start_model/steps",
            "run_with_model/runs",
        ),
        "stop_model.request": (
            "stop_model/request",
            "start_model/request",
        ),
        "run_with_model.request": ("run_with_model/runs",),
        "shared.json_schema": (
            "shared/json_schema",
            "start_model/request",
            "stop_model/request",
            "run_with_model/runs",
            "detect_batch/request",
        ),
    },
}
"""Groups of modules of functions/lifecycle, and for each module the test files in tests/unit, without ``test_``."""
