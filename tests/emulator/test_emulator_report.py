"""What the terminal shows of executions that are made up."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from emulator import report
from emulator.remote import StatusCheck

BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
LOOKS = [
    StatusCheck("", "RUNNING", None, 0.2),
    StatusCheck("Wait", "RUNNING", "STARTING", 5.4),
    StatusCheck("Wait", "RUNNING", "STARTING", 9.7),
    StatusCheck("Model is RUNNING", "SUCCEEDED", "RUNNING", 13.2),
]


@pytest.fixture
def console() -> Console:
    """A pipe."""
    return Console(file=io.StringIO(), width=100, _environ={})


@pytest.fixture
def terminal() -> Console:
    return terminal_of("xterm-256color")


def terminal_of(kind: str) -> Console:
    """A terminal of this kind, whatever the tests run in."""
    return Console(file=io.StringIO(), width=100, force_terminal=True, _environ={"TERM": kind})


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def entered(after: float, name: str) -> dict[str, Any]:
    return {
        "timestamp": BEGAN + timedelta(seconds=after),
        "type": "StateEntered",
        "stateEnteredEventDetails": {"name": name},
    }


def test_a_loop_is_shown_once_and_an_error_where_it_happened(console: Console) -> None:
    failed = {"type": "TaskFailed", "taskFailedEventDetails": {"error": "ServiceUnavailable"}}
    history = [
        {"timestamp": BEGAN, "type": "ExecutionStarted"},
        entered(0.1, "Prepare the request"),
        *(entered(turn + part / 10, f"Step {part}") for turn in range(1, 4) for part in range(3)),
        entered(4, "Notify: running"),
        {"timestamp": BEGAN + timedelta(seconds=5), **failed},
        {"timestamp": BEGAN + timedelta(seconds=6), "type": "ExecutionSucceeded"},
    ]
    report.timeline(console, history)
    assert said(console).splitlines() == [
        "     0.1 s  Prepare the request",
        "     1.0 s  Step 0  (this and the 2 after it: 3 times)",
        "     1.1 s  Step 1",
        "     1.2 s  Step 2",
        "     4.0 s  Notify: running",
        "     5.0 s    TaskFailed: ServiceUnavailable",
        "     6.0 s  ExecutionSucceeded",
    ]


def test_a_pipe_gets_a_line_for_each_change(console: Console) -> None:
    assert report.follow(console, LOOKS, 14) == LOOKS[-1]
    assert said(console).splitlines() == [
        "    0.2 s  begins  (model: unknown)",
        "    5.4 s  Wait  (model: STARTING)",
        "   13.2 s  Model is RUNNING  (model: RUNNING)",
    ]


def test_a_terminal_shows_the_last_look_live(terminal: Console) -> None:
    assert report.follow(terminal, LOOKS, 14) == LOOKS[-1]
    shown = said(terminal)
    assert "\x1b[" in shown
    for part in ("Model is RUNNING", "RUNNING", "13 s of about 14 s"):
        assert part in shown


def test_a_terminal_without_control_codes_gets_lines_like_a_pipe(console: Console) -> None:
    dumb = terminal_of("dumb")
    for one in (dumb, console):
        report.follow(one, LOOKS, 14)
    assert said(dumb) == said(console)


@pytest.mark.parametrize(
    ("look", "parts"),
    [
        (LOOKS[0], ["State    begins", "Model    unknown", "Elapsed  0 s of about 14 s"]),
        (LOOKS[1], ["State    Wait", "Model    STARTING", "Elapsed  5 s of about 14 s"]),
        (StatusCheck("Wait", "RUNNING", "STARTING", 99), ["Elapsed  99 s of about 14 s"]),
    ],
)
def test_the_progress_says_state_status_and_time(console: Console, look: StatusCheck, parts: list[str]) -> None:
    console.print(report._progress(look, 14))
    assert set(parts) <= {line.strip() for line in said(console).splitlines()}


def test_the_bar_grows_and_never_over_its_end(console: Console) -> None:
    for elapsed in (7, 14, 99):
        console.print(report._progress(StatusCheck("Wait", "RUNNING", "STARTING", elapsed), 14))
    assert [shown.count("━") for shown in said(console).split("State")] == [0, 25, 50, 50]


BILL = {
    "Month": "2026-11",
    "Lines": [
        {"Model": "defects", "ProjectVersionArn": "arn", "LeaseId": "[shift]", "Seconds": 9000, "Cost": 1234.5},
        {"Model": "defects", "ProjectVersionArn": "arn", "Seconds": 360, "Cost": 0.4},
    ],
    "Total": 1234.9,
}


def test_a_pipe_gets_the_bill_as_lines(console: Console) -> None:
    report.bill(console, BILL)
    assert said(console).splitlines() == [
        "2026-11  defects  [shift]  2.50 h  1,234.50",
        "2026-11  defects  (nobody)  0.10 h  0.40",
        "2026-11  All models  1,234.90",
    ]


def test_a_terminal_gets_the_bill_as_a_table(terminal: Console) -> None:
    report.bill(terminal, BILL)
    shown = said(terminal)
    assert "2026-11, so far, estimated from list prices" in shown
    assert "[shift]" in shown
    assert "1,234.90" in shown
