"""What each command shows, on narrow and wide terminals, without colours, on one that can do nothing, and in a pipe."""

import re
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from custom_labels import CustomLabels, terminal
from custom_labels.cli import app
from custom_labels.doctor import Finding, State
from tests.client.aws import ARN, Aws, failed
from tests.client.test_command_line import AT, DOWN, MODELS, RUNNING, STOPPED
from tests.client.test_inbox import REPORT as INBOXES

LONG = "Somebody has a long story to tell of this, in words that a narrow terminal has no room for on one line."
REMEDY = f"{LONG}\ncustom-labels stop defects --lease-id client/build-machine-7/4711-1f0c9a3b-of-a-long-name --force"
LEASE = {"Model": "defects", "ProjectVersionArn": ARN, "LeaseId": "client/build-machine-7/4711", "Since": AT}
HELD = {**LEASE, "Pending": False}
WINDOW = {"Start": "2026-11-24T07:00:00.000Z", "End": "2026-11-24T17:00:00.000Z"}
SHIFT: dict[str, Any] = {
    "Name": "shift",
    "Model": "defects",
    "LeaseId": "schedule/shift",
    "Enabled": True,
    "TimeZone": "Europe/Berlin",
    "Start": "0 8 ? * MON-FRI *",
    "Windows": [WINDOW, {**WINDOW, "LeftOut": "a day off of the calendar"}],
    "Remarks": [LONG],
    "Week": LONG,
    "Notices": [LONG],
}
BUDGET = {"Budget": 500.0, "Spent": 412.0, "Forecast": 812.5, "HourlyCost": 4.0, "UsedUp": True, "OverBudget": "stop"}
BILL = {
    "At": AT,
    "Month": "2026-11",
    "Total": 10.0,
    "Budget": BUDGET,
    "AlwaysOn": 2236.0,
    "Saved": 2225.6,
    "Lines": [{**LEASE, "Seconds": 9000, "Cost": 10.0}, {"Model": "defects", "Seconds": 9, "Cost": 0.1}],
    "Idle": [{"Model": "defects", "ProjectVersionArn": ARN, "Version": "v1", "Seconds": 9000, "Share": 0.62}],
}
SAYS: dict[str, dict[str, Any]] = {
    "models": {**MODELS, "Models": [RUNNING, STOPPED, {**DOWN, "StatusMessage": LONG}], "SweepIsLate": True},
    "leases": {"At": AT, "Leases": [HELD], "Stops": [{**LEASE, "ExecutionArn": "arn:x:stop-1"}]},
    "schedules": {"At": AT, "Schedules": [SHIFT]},
    "bill": BILL,
    "inboxes": INBOXES,
    "sweep": {"Swept": {"Models": 2, "Reported": 1, "Stops": 1, "Restarts": 0, "Settled": 3}},
}
FOUND = (Finding("Sweep", State.WELL, LONG), Finding("Quota", State.WRONG, LONG, REMEDY.splitlines()[1]))
COMMANDS = (
    *(("models",), ("leases",), ("schedules",), ("bill",), ("inbox", "status"), ("inbox", "status", "line-9")),
    *(("sweep",), ("start", "defects"), ("stop", "defects"), ("doctor",)),
)
HOW: dict[str, dict[str, Any]] = {
    **{f"{width} columns": {"force_terminal": True, "width": width} for width in (40, 60, 80, 120)},
    "no colour": {"force_terminal": True, "width": 60, "no_color": True},
    "dumb": {"force_terminal": True, "width": 60, "height": 25, "_environ": {"TERM": "dumb"}},
    "piped": {"force_terminal": False, "width": 40},
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nothing_is_wider_than_the_terminal_and_no_pipe_gets_an_escape(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], how: str
) -> None:
    kind = {"highlight": False, "legacy_windows": False, "color_system": "standard", **HOW[how]}
    if how in {"dumb", "piped"}:
        kind["color_system"] = "auto"
    monkeypatch.setattr(terminal, "out", Console(**kind))
    monkeypatch.setattr(terminal, "err", Console(**kind, stderr=True))
    monkeypatch.setattr(CustomLabels, "examine", lambda _: iter(FOUND))
    aws.says = {**SAYS}
    aws.ends["stop"] = failed("StopTimedOut", LONG, REMEDY)
    result = CliRunner().invoke(app, words)
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", result.output)
    assert len(shown) > 20
    if how in {"dumb", "piped"}:
        assert "\x1b" not in result.output
        assert LONG not in shown or how == "piped"
    if how == "no colour":
        assert not re.search(r"\x1b\[[0-9;]*\b(3|4|9|10)[0-7]\b", result.output)
    if how != "piped":
        assert [line for line in shown.splitlines() if len(line.rstrip()) > kind["width"] and not _copied(line)] == []
        assert "narro\nw" not in shown


def _copied(line: str) -> bool:
    """A command is never broken: people copy it."""
    return line.lstrip().startswith("custom-labels ")
