"""What all commands that show a report have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from custom_labels import terminal
from custom_labels.client import CustomLabels

Report = Mapping[str, Any]


def shown(
    show: Callable[[Report], None],
    name: str,
    *,
    stack: str,
    region: str | None,
    as_json: bool,
    month: str | None = None,
    chosen: Callable[[Report], Report] = lambda report: report,
) -> None:
    """Read a report and show it; what it was made without is said on standard error."""
    with terminal.reported(interrupted=terminal.NOTHING):
        with terminal.working("Reading"):
            report = chosen(CustomLabels(stack=stack, region=region).report(name, month=month))
        if as_json:
            terminal.as_json(report)
        else:
            show(report)
        for problem in report["Problems"]:
            terminal.warn(problem)
