"""What a workload has answered, as much of it as people are notified of. Pure."""

from lifecycle.shared.wire import Json

MAX_WARNINGS, MAX_WARNING = 10, 1000
"""Of a workload's warnings so many are passed on, and so many characters of each, as the definition passes them on."""


def workload_warnings(output: Json) -> tuple[str, ...]:
    """The texts in ``Warnings`` of a workload's output, which may be any JSON: one that has none warns of nothing."""
    given = output.get("Warnings") if isinstance(output, dict) else None
    listed = given if isinstance(given, list) else [given]
    return tuple(one[:MAX_WARNING] for one in listed if isinstance(one, str))[:MAX_WARNINGS]
