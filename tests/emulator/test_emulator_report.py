"""What the terminal shows of executions that are made up."""

import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console
from rich.progress_bar import ProgressBar

from emulator import report
from emulator.remote import StatusCheck

BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
CHECKS = [
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
    assert report.follow(console, CHECKS, 14) == CHECKS[-1]
    assert said(console).splitlines() == [
        "    0.2 s  begins  (model: unknown)",
        "    5.4 s  Wait  (model: STARTING)",
        "   13.2 s  Model is RUNNING  (model: RUNNING)",
    ]


def test_a_terminal_shows_the_last_status_check_live(terminal: Console) -> None:
    assert report.follow(terminal, CHECKS, 14) == CHECKS[-1]
    shown = said(terminal)
    assert "\x1b[" in shown
    for part in ("Model is RUNNING", "RUNNING", "Took", "13 s"):
        assert part in shown


def colours(text: str) -> set[str]:
    """Of a bar, by their codes."""
    return set(re.findall(r"\x1b\[([0-9;]+)m\u2501", text))


def test_no_bar_is_red_and_the_bar_of_what_has_ended_is_whole(terminal: Console) -> None:
    of_each = []
    for check in CHECKS:
        terminal.print(report._progress(check, 60))
        of_each.append(said(terminal).rpartition("State")[2])
    under_way, ended = of_each[2], of_each[3]
    assert ended.count("━") == 50
    assert len(colours(ended)) == 1, "all of it is done"
    assert len(colours(under_way)) == 2
    default = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm-256color"})
    default.print(ProgressBar(total=2, completed=1, width=2))
    red = re.findall(r"\x1b\[([0-9;]+)m", said(default))[0]
    assert red not in colours("".join(of_each))


def test_time_goes_forward(console: Console) -> None:
    """The end's time is the execution's own: it may be before the last look."""
    checks = [
        StatusCheck("Wait", "RUNNING", "RUNNING", 9.9),
        StatusCheck("Model is RUNNING", "SUCCEEDED", "RUNNING", 9.2),
    ]
    report.follow(console, checks, 14)
    assert [line.split()[0] for line in said(console).splitlines()] == ["9.9", "9.9"]


def test_a_terminal_without_control_codes_gets_lines_like_a_pipe(console: Console) -> None:
    dumb = terminal_of("dumb")
    for one in (dumb, console):
        report.follow(one, CHECKS, 14)
    assert said(dumb) == said(console)


@pytest.mark.parametrize(
    ("check", "parts"),
    [
        (CHECKS[0], ["State    begins", "Model    unknown", "Elapsed  0 s of about 14 s"]),
        (CHECKS[1], ["State    Wait", "Model    STARTING", "Elapsed  5 s of about 14 s"]),
        (StatusCheck("Wait", "RUNNING", "STARTING", 99), ["Elapsed  99 s of about 14 s"]),
    ],
)
def test_the_progress_says_state_status_and_time(console: Console, check: StatusCheck, parts: list[str]) -> None:
    console.print(report._progress(check, 14))
    assert set(parts) <= {line.strip() for line in said(console).splitlines()}


def test_the_bar_grows_and_never_over_its_end(console: Console) -> None:
    for elapsed in (7, 14, 99):
        console.print(report._progress(StatusCheck("Wait", "RUNNING", "STARTING", elapsed), 14))
    assert [shown.count("━") for shown in said(console).split("State")] == [0, 25, 50, 50]


def test_without_colours_and_in_a_narrow_terminal_it_is_all_there() -> None:
    plain = Console(file=io.StringIO(), width=60, force_terminal=True, _environ={"TERM": "xterm", "NO_COLOR": "1"})
    for check in CHECKS:
        plain.print(report._progress(check, 14))
        plain.print()
    shown = re.sub(r"\x1b\[[0-9;]*m", "", said(plain))
    assert not re.findall(r"\x1b\[[0-9;]*3[0-7]m", said(plain))
    assert all(len(line) <= 60 for line in shown.splitlines())
    assert "Model is RUNNING" in shown


NOTIFICATION = {
    "Subject": "[INFO] defects is stopped",
    "Message": "defects is stopped: v1.2 was released. It costs nothing.\n\nWhat to do:\n  Nothing.",
    "Emails": [],
}


def test_a_mail_in_short_is_its_subject_and_its_first_sentence(console: Console) -> None:
    report.mail_in_short(console, NOTIFICATION)
    assert said(console).splitlines() == [
        "Mail:           [INFO] defects is stopped",
        "                defects is stopped: v1.2 was released.",
    ]


def test_who_holds_a_model_is_shown_and_until_when(console: Console) -> None:
    leases = [
        {"LeaseId": "me", "ExpiresAt": "2026-11-01T14:00:07.324Z", "Pending": False},
        {"LeaseId": "always", "Pending": False},
        {"LeaseId": "you", "ExpiresAt": "2026-11-01T14:00:07.324Z", "Pending": True},
    ]
    report.holders(console, {"Leases": leases})
    assert said(console).splitlines() == [
        "  me: until 2026-11-01 14:00 UTC",
        "  always: until it is released",
        "  you: its start is under way",
    ]


BILL = {
    "Month": "2026-11",
    "Lines": [
        {"Model": "defects", "ProjectVersionArn": "arn", "LeaseId": "[shift]", "Seconds": 9000, "Cost": 1234.5},
        {"Model": "defects", "ProjectVersionArn": "arn", "Seconds": 360, "Cost": 0.4},
    ],
    "Total": 1234.9,
}


@pytest.mark.parametrize("costs", [[0.00334, 0.00334, 0.00334], [1 / 3] * 7, [], [0.004, 1e-9, 12.5], [1234.5678] * 9])
def test_the_parts_of_a_bill_add_up_as_they_are_shown(costs: list[float]) -> None:
    *parts, total = [Decimal(one.replace(",", "")) for one in report._amounts(costs)]
    assert sum(parts, Decimal(0)) == total
    assert all(part >= 0 for part in parts)
    assert float(total) == pytest.approx(sum(costs), abs=0.006)


def test_the_whole_bill_has_the_holders_and_what_is_beside_the_model(console: Console) -> None:
    history = [entered(0.1, "Prepare the request"), entered(1, "Wait")]
    invocations = [{"billed_ms": 900, "memory_mb": 512}, {"billed_ms": 350, "memory_mb": 512}]
    report.whole_bill(console, BILL, history, invocations)
    rows = [re.split(r"\s{2,}", line.strip()) for line in said(console).splitlines()]
    assert rows[:5] == [
        ["defects, [shift]", "2 h 30 min", "USD 1,234.50"],
        ["defects, (nobody)", "6 min", "USD", "0.40"],
        ["Step Functions", "2 transitions", "USD", "0.00"],
        ["Lambda", "2 calls, 1.2 s", "USD", "0.00"],
        ["Total", "USD 1,234.90"],
    ]
    assert rows[6][0].startswith("(nobody): the model ran")
