"""``custom-labels``: what is printed, where, and the exit codes."""

import io
import json
import re
import signal
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from rich.console import Console
from typer import rich_utils

from custom_labels import process, terminal
from custom_labels.client import Asked, HowToStart
from custom_labels.commands.detect import detect
from custom_labels.commands.run import run
from custom_labels.commands.start import start
from custom_labels.terminal import printable
from tests.client.aws import ARN, OUTPUT, Aws, failed, refusal


def test_a_start_says_what_runs_until_when_and_at_what_cost(typed: Any) -> None:
    result = typed("start", "defects", "--lease-id", "shift", "--minutes", "60")
    assert result.exit_code == 0
    for text in ("MODEL_STARTED", ARN, "shift, until 2026-11-24 09:00 UTC", "USD 4.00 per hour"):
        assert text in result.stdout


def test_with_json_standard_output_is_the_output_and_nothing_else(typed: Any) -> None:
    assert json.loads(typed("start", "defects", "--json").stdout)["Outcome"] == "MODEL_STARTED"


def test_a_failure_is_a_sentence_with_what_to_do_on_standard_error(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("CapacityExceeded", "Other models use up the quota.", "Stop one.\nOr raise the quota.")
    result = typed("start", "defects")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-3:] == [
        "Error: Other models use up the quota.",
        "  Stop one.",
        "  Or raise the quota.",
    ]


@pytest.mark.parametrize(
    ("code", "exit_code"), [("StateMachineDoesNotExist", 3), ("AccessDeniedException", 1), ("ThrottlingException", 1)]
)
def test_exit_codes_say_what_kind_of_failure_it_is(typed: Any, aws: Aws, code: str, exit_code: int) -> None:
    aws.refuses["start_execution"] = [refusal(code)]
    assert typed("stop", "defects").exit_code == exit_code


def test_a_wrong_input_is_wrong_use(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("InvalidRequest", "Model: 'defcts' is not configured; configured models: defects")
    assert typed("start", "defcts").exit_code == 2


def test_images_are_labelled_a_line_each(typed: Any) -> None:
    lines = typed("detect", "defects", "s3://b/1.png", "s3://b/2.png").stdout.splitlines()
    assert [json.loads(line)["Image"] for line in lines] == ["s3://b/1.png", "s3://b/2.png"]
    assert json.loads(lines[0])["CustomLabels"][0]["name"] == "scratch"


HOW: Mapping[str, tuple[Any, str, Any]] = {
    "--units": ("2", "MinInferenceUnits", 2),
    "--ready-at": ("2026-11-24T09:00:00Z", "ReadyAt", "2026-11-24T09:00:00Z"),
    "--wait-for-capacity": (None, "WaitForCapacity", True),
    "--ignore-budget": (None, "IgnoreBudget", True),
    "--context": ('{"Order": [7]}', "Context", {"Order": [7]}),
}
"""How a model is started: an option, what follows it, and what of it stands in StartModel's input."""


@pytest.mark.parametrize("option", HOW)
@pytest.mark.parametrize("command", ["start", "run", "detect"])
def test_whatever_starts_a_model_starts_it_as_it_is_asked_to(typed: Any, aws: Aws, command: str, option: str) -> None:
    value, field, asked = HOW[option]
    rest = {"start": [], "run": ["--", "true"], "detect": ["s3://b/1.png"]}[command]
    for given in ([], [option, *([value] if value else [])]):
        assert typed(command, "defects", *given, *rest).exit_code == 0
    assert [start.get(field) for kind, start in aws.asked if kind == "start"] == [None, asked]


def test_the_commands_offer_all_that_the_client_does() -> None:
    for command in (start, run, detect):
        of_the_client = set(get_type_hints(Asked if command is start else HowToStart))
        assert of_the_client <= set(signature(command).parameters)


@pytest.mark.parametrize("text", ["{", "NaN", "shift"])
def test_a_context_that_is_no_json_is_wrong_use(typed: Any, aws: Aws, text: str) -> None:
    result = typed("start", "defects", "--context", text)
    assert (result.exit_code, aws.asked) == (2, [])
    assert "no JSON" in result.stderr


def test_the_own_failures_of_run_are_125(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("CapacityExceeded")
    assert typed("run", "defects", "--", "true").exit_code == 125


def test_what_may_not_be_run_is_126_and_no_model_is_started_for_it(typed: Any, aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    result = typed("run", "defects", "--", str(tmp_path / "notes.txt"))
    assert (result.exit_code, "notes.txt: Permission denied" in result.stderr) == (126, True)
    assert aws.asked == []


def test_what_is_no_program_is_126_and_the_model_is_released(typed: Any, aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    (tmp_path / "notes.txt").chmod(0o755)
    result = typed("run", "defects", "--", str(tmp_path / "notes.txt"))
    assert (result.exit_code, "notes.txt: Exec format error" in result.stderr) == (126, True)
    assert [kind for kind, _ in aws.asked] == ["start", "stop"]


@pytest.mark.parametrize("number", process.FORWARDED)
def test_a_signal_that_comes_while_the_command_begins_is_the_commands(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    class Begun(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            signal.raise_signal(number)

    monkeypatch.setattr(subprocess, "Popen", Begun)
    child = process.Child()
    with child.signals():
        assert child.run(["sleep", "600"], {}) == 128 + number


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("detect", "defects", "s3://b/1.png", "nowhere.png"), 2),
        (("run", "defects", "--", "no-such-command"), 127),
        (("run", "defects", "--", "./no-such-command"), 127),
    ],
)
def test_what_is_not_there_starts_no_model(typed: Any, aws: Aws, words: tuple[str, ...], exit_code: int) -> None:
    result = typed(*words)
    assert (result.exit_code, aws.asked) == (exit_code, [])
    assert "No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("words", "says", "asked"),
    [
        (("start", "defects"), "goes on", ["start"]),
        (("detect", "defects", "s3://b/1.png"), "The lease is released", ["start", "stop"]),
        (("run", "defects", "--", "true"), "The lease is released", ["start", "stop"]),
    ],
)
def test_who_interrupts_learns_what_becomes_of_the_model(
    typed: Any, aws: Aws, words: tuple[str, ...], says: str, asked: list[str]
) -> None:
    aws.refuses["describe_execution"] = [KeyboardInterrupt()]
    result = typed(*words)
    assert (result.exit_code, says in result.stderr) == (130, True)
    assert [kind for kind, _ in aws.asked] == asked


def test_no_text_of_others_can_drive_the_terminal(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("ModelFailed", "The service says: \x1b[2Jgone\x07", "\x1b]0;title\x07")
    assert "\x1b[2J" not in typed("start", "defects").stderr
    assert printable("a\x1b[2J\u202eb é") == "a\\x1b[2J\\u202eb é"


# Reports --------------------------------------------------------------------------------------------------------------

AT = "2026-11-24T08:20:00.000Z"
RUNNING: dict[str, Any] = {
    "Name": "defects",
    "ProjectVersionArn": ARN,
    "Project": "boards",
    "Version": "v1",
    "Status": "RUNNING",
    "Managed": True,
    "Stoppable": True,
    "Down": False,
    "LeaseCount": 5,
    "Leases": [{"LeaseId": name, "Pending": False} for name in ("day", "night", "x\x1b[2J")],
    "LastStartSeconds": [600],
    "Next": [],
    "Since": "2026-11-24T07:00:00.000Z",
    "InferenceUnits": 1,
    "HourlyCost": 4.0,
    "Cost": 5.33,
    "HeldUntil": "2026-11-24T09:00:00.000Z",
}
STOPPED = {**RUNNING, "Name": "welds", "Status": "STOPPED", "Stoppable": False, "LeaseCount": 0, "Leases": []}
DOWN = {**RUNNING, "Name": "cables", "Status": "FAILED", "Down": True, "Remark": "The next sweep starts it again."}
MODELS: dict[str, Any] = {"At": AT, "HourlyCost": 4.0, "Models": [RUNNING], "SweepIsLate": False}


def test_models_are_a_line_each_that_says_for_whom_at_what_cost_and_until_when(typed: Any, aws: Aws) -> None:
    aws.says["models"] = MODELS
    head, columns, line = typed("models").stdout.splitlines()
    assert head == "1 model runs: USD 4.00 per hour."
    assert columns.split("  ")[0] == "Model"
    assert re.split(r"\s{2,}", line) == [
        *("defects", "RUNNING", "07:00, 1 h 20 min ago", r"day, night, x\x1b[2J and 2 more"),
        *("09:00, in 40 min", "4.00", "5.33"),
    ]


def test_what_is_down_late_or_unreadable_is_said(typed: Any, aws: Aws) -> None:
    late = {"SweepIsLate": True, "LastSweep": "2026-11-24T06:00:00.000Z"}
    aws.says["models"] = {**MODELS, "Models": [DOWN], **late, "Problems": ["The project x could not be read: no"]}
    result = typed("models")
    assert "No model seems to be running." in result.stdout
    assert "cables: The next sweep starts it again." in result.stdout
    assert "Warning: The last sweep ran 06:00, 2 h 20 min ago." in result.stderr
    assert "Warning: The project x could not be read: no" in result.stderr


EMPTY: dict[str, Any] = {**MODELS, "Models": [], "Leases": [], "Stops": [], "Schedules": [], "Lines": [], "Total": 0}
NOTHING: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("models", {}, "No model is running: nothing is billed."),
    ("leases", {}, "Nobody holds a model."),
    ("schedules", {}, "No model has a schedule. How to give it one: docs/schedules.md."),
    ("bill", {"Month": "2026-11"}, "2026-11, so far: no model ran, and nothing is billed."),
    ("bill", {"Month": "2026-10"}, "2026-10: no model ran, and nothing is billed."),
)


@pytest.mark.parametrize(("report", "says", "line"), NOTHING)
def test_nothing_is_silent_when_there_is_nothing(
    typed: Any, aws: Aws, report: str, says: dict[str, Any], line: str
) -> None:
    aws.says[report] = {**EMPTY, **says}
    assert typed(report).stdout == f"{line}\n"


def test_leases_say_who_until_when_and_what_is_being_stopped(typed: Any, aws: Aws) -> None:
    lease = {"Model": "defects", "ProjectVersionArn": ARN, "LeaseId": "day", "Pending": False}
    stop = {"Model": "welds", "ProjectVersionArn": ARN, "ExecutionArn": "arn:x:stop-1", "Since": AT}
    ends = {**lease, "Since": "2026-11-23T23:00:00.000Z", "ExpiresAt": "2026-11-24T09:00:00.000Z"}
    pending = {**lease, "LeaseId": "you", "Pending": True, "ExpiresAt": AT}
    aws.says["leases"] = {"At": AT, "Leases": [ends, lease, pending], "Stops": [stop]}
    _, *lines, last = [re.split(r"\s{2,}", line) for line in typed("leases").stdout.splitlines()]
    assert lines == [
        ["defects", "day", "Mon 23 Nov 23:00, 9 h 20 min ago", "09:00, in 40 min"],
        ["defects", "day", "it is released"],
        ["defects", "you", "its start is under way"],
    ]
    assert last == ["welds is being stopped, since 08:20, 0 s ago: stop-1"]


def test_schedules_say_when_they_come_in_their_own_time_zone(typed: Any, aws: Aws) -> None:
    shift = {
        "Name": "shift",
        "Model": "defects",
        "LeaseId": "schedule/shift",
        "Enabled": False,
        "TimeZone": "Europe/Berlin",
        "ReadyBy": "0 8 ? * MON-FRI *",
        "WeeklyHours": 50.0,
        "WeeklyCost": 200.0,
        "WeeklyCostAtMost": 400.0,
        "Windows": [
            {"Start": "2026-11-24T07:00:00.000Z", "End": "2026-11-24T17:00:00.000Z"},
            {"Start": "2026-11-25T07:00:00.000Z", "LeftOut": "a day off"},
        ],
        "DaysLeftOut": ["2026-11-25"],
        "Remarks": ["it lasts long"],
        "Week": "A week of it: 50 h, USD 200.00, up to USD 400.00 with all its inference units.",
        "Notices": [
            "Days off on which it would start: 2026-11-25.",
            "It has no stop: its lease ends after the model's lease_minutes.",
        ],
    }
    aws.says["schedules"] = {"At": AT, "Schedules": [shift]}
    result = typed("schedules")
    assert [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()] == [
        ["shift: model defects, lease schedule/shift"],
        ["It is disabled: nothing of this happens."],
        ["A week of it: 50 h, USD 200.00, up to USD 400.00 with all its inference units."],
        ["Ready by (Europe/Berlin)", "Until", "For", "Left out, because"],
        ["Tue 2026-11-24 08:00", "Tue 18:00", "10 h"],
        ["Wed 2026-11-25 08:00", "a day off"],
        ["Days off on which it would start: 2026-11-25."],
        ["It has no stop: its lease ends after the model's lease_minutes."],
    ]
    assert result.stderr == "Warning: shift: it lasts long.\n"


def test_the_bill_adds_up_and_says_what_was_saved(typed: Any, aws: Aws) -> None:
    line = {"Model": "defects", "ProjectVersionArn": ARN, "Seconds": 9000}
    lines = [{**line, "LeaseId": "shift", "Cost": 10.0}, {**line, "Seconds": 360, "Cost": 0.404}]
    saved = {"AlwaysOn": 2236.0, "Saved": 2225.6}
    aws.says["bill"] = {"At": AT, "Month": "2026-11", "Lines": lines, "Total": 10.404, **saved}
    assert [re.split(r"\s{2,}", line) for line in typed("bill").stdout.splitlines()] == [
        ["2026-11, so far: USD 10.40, estimated from list prices"],
        ["Model", "Lease", "Held", "USD"],
        ["defects", "shift", "2 h 30 min", "10.00"],
        ["defects", "(nobody)", "6 min", "0.40"],
        ["(nobody): the model ran without a lease, for example while it was being stopped."],
        ["Always on, these models would have cost USD 2,236.00: USD 2,225.60 saved."],
    ]


def test_the_bill_says_how_idle_models_were_where_that_is_known(typed: Any, aws: Aws) -> None:
    lines = [{"Model": "defects", "ProjectVersionArn": ARN, "Seconds": 9000, "Cost": 10.0}]
    one = {"Model": "defects", "ProjectVersionArn": ARN, "Version": "v1", "Seconds": 9000, "Share": 0.62}
    answered = {"At": AT, "Month": "2026-11", "Lines": lines, "Total": 10.0}
    for idle, said in (
        ([one], "no inbox labelled an image: defects 62 % of 2 h 30 min."),
        (
            [one, {**one, "Version": "v2", "Share": 0}],
            "defects (v1) 62 % of 2 h 30 min, defects (v2) 0 % of 2 h 30 min.",
        ),
        ([], "while it was being stopped."),
    ):
        aws.says["bill"] = {**answered, "Idle": idle}
        assert typed("bill").stdout.splitlines()[-1].endswith(said)


@pytest.mark.parametrize("lines", [[], [{"Model": "defects", "ProjectVersionArn": ARN, "Seconds": 9000, "Cost": 10.0}]])
def test_the_bill_says_what_was_spent_of_the_budget(typed: Any, aws: Aws, lines: list[Any]) -> None:
    budget = {
        "Budget": 500.0,
        "Spent": 412.0,
        "Forecast": 812.5,
        "HourlyCost": 4.0,
        "UsedUp": False,
        "OverBudget": "stop",
        "Outlook": "It comes to USD 812.50, USD 312.50 over the budget of USD 500.00.",
    }
    answered = {"At": AT, "Month": "2026-11", "Lines": lines, "Total": 10.0, "Budget": budget}
    aws.says["bill"] = answered
    spent = "USD 412.00 of the month's budget of USD 500.00 is spent."
    assert typed("bill").stdout.splitlines()[-1] == f"{spent} {budget['Outlook']}"
    aws.says["bill"] = {**answered, "Budget": {**budget, "UsedUp": True}}
    *_, last = typed("bill").stdout.splitlines()
    assert last == "It is used up: no model is started any more, and what runs is stopped."


@pytest.mark.parametrize("costs", [[0.00334, 0.00334, 0.00334], [1 / 3] * 7, [], [0.004, 1e-9, 12.5], [1234.5678] * 9])
def test_amounts_add_up_as_they_are_shown(costs: list[float]) -> None:
    *parts, total = [Decimal(one.replace(",", "")) for one in terminal.amounts(costs)]
    assert sum(parts, Decimal(0)) == total
    assert all(part >= 0 for part in parts)
    assert float(total) == pytest.approx(sum(costs), abs=0.006)


@pytest.mark.parametrize("report", ["models", "leases", "schedules", "bill"])
def test_with_json_a_report_is_what_the_function_answers(typed: Any, aws: Aws, report: str) -> None:
    aws.says[report] = {"At": AT, "Anything": "\x1b[2J"}
    result = typed(report, "--json")
    assert json.loads(result.stdout) == {"SchemaVersion": "1.0", "Problems": [], "At": AT, "Anything": "\x1b[2J"}
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("month", ["2026-13", ""])  # empty: as of a variable that a script has not set
def test_a_month_is_passed_on_and_a_wrong_one_is_wrong_use(typed: Any, aws: Aws, month: str) -> None:
    cause = json.dumps({"Message": "Month: '2026-13' is no month", "Remedy": "Name one."})
    aws.says["bill"] = {"errorType": "InvalidRequest", "errorMessage": cause}
    result = typed("bill", month)
    assert (result.exit_code, aws.asked) == (2, [("page", {"Report": "bill", "Month": month})])
    assert result.stderr.splitlines() == ["Error: Month: '2026-13' is no month", "  Name one."]


@pytest.mark.parametrize(
    ("operation", "code", "exit_code", "says"),
    [
        ("describe_stacks", "ValidationError", 3, "has no stack CustomLabelsLifecycle in eu-west-1."),
        ("describe_stacks", "AccessDenied", 1, "It needs the stack's policy for viewers: docs/console.md."),
        ("invoke", "AccessDeniedException", 1, "It needs the stack's policy for viewers: docs/console.md."),
        ("invoke", "ServiceException", 1, "Try again."),
    ],
)
def test_what_keeps_a_report_from_being_read_is_said(
    typed: Any, aws: Aws, operation: str, code: str, exit_code: int, says: str
) -> None:
    aws.refuses[operation] = [refusal(code, operation)]
    result = typed("models")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert says in result.stderr


def test_an_answer_of_another_version_is_not_guessed_at(typed: Any, aws: Aws) -> None:
    aws.says["models"] = {"SchemaVersion": "2.0"}
    result = typed("models")
    assert (result.exit_code, "is of another version than this client" in result.stderr) == (1, True)


# Sweep and stop-all ---------------------------------------------------------------------------------------------------


def test_a_sweep_says_what_it_did(typed: Any, aws: Aws) -> None:
    swept = {"Models": 2, "Reported": 1, "Stops": 1, "Restarts": 0, "Settled": 0}
    aws.says["sweep"] = {"Action": "sweep", "Swept": swept}
    assert typed("sweep").stdout == (
        "2 models checked: 1 finding reported, 1 stop and 0 restarts begun, 0 ended executions settled.\n"
    )
    assert aws.asked == [("act", {"Action": "sweep"})]


def test_a_sweep_that_could_not_do_everything_is_a_failure(typed: Any, aws: Aws) -> None:
    aws.says["sweep"] = {"errorType": "ServiceUnavailable", "errorMessage": json.dumps({"Message": "It could not."})}
    assert (typed("sweep").exit_code, typed("sweep").stderr) == (1, "Error: It could not.\n")


def test_everything_is_stopped_by_force_at_once_and_one_failure_keeps_no_other(typed: Any, aws: Aws) -> None:
    other = {**RUNNING, "Name": "welds", "ProjectVersionArn": f"{ARN}2"}
    unleased = {**RUNNING, "Name": "cables", "Stoppable": False}
    aws.says["models"] = {**MODELS, "Models": [RUNNING, other, STOPPED, unleased]}
    aws.ends["stop"] = lambda given: (
        failed("ModelFailed", "The service failed.")(given)
        if given["ProjectVersionArn"] == ARN
        else {"status": "SUCCEEDED", "output": json.dumps({**OUTPUT, "Outcome": "MODEL_STOPPED", "Status": "STOPPED"})}
    )
    result = typed("stop-all", "--yes")
    assert [given for kind, given in aws.asked if kind == "stop"] == [
        {"ProjectVersionArn": ARN, "Force": True},
        {"ProjectVersionArn": f"{ARN}2", "Force": True},
    ]
    assert [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()[1:]] == [
        ["defects", "not stopped", "ModelFailed"],
        ["welds", "STOPPED", "MODEL_STOPPED"],
        ["defects: The service failed."],
    ]
    assert "Not stopped, since this app has no lease on it: cables." in result.stderr
    assert result.exit_code == 1


def test_without_a_terminal_and_without_yes_nothing_is_stopped(typed: Any, aws: Aws) -> None:
    aws.says["models"] = MODELS
    result = typed("stop-all")
    assert (result.exit_code, "Add --yes." in result.stderr) == (2, True)
    assert [kind for kind, _ in aws.asked] == ["page"]


def test_where_nothing_is_to_be_stopped_nobody_is_asked(typed: Any, aws: Aws) -> None:
    aws.says["models"] = {**MODELS, "Models": [STOPPED]}
    result = typed("stop-all")
    assert (result.exit_code, result.stdout) == (
        0,
        "No managed model runs, and nobody holds one: there is nothing to stop.\n",
    )


@pytest.mark.parametrize("words", [("start", "defects"), ("stop", "defects")])
def test_without_waiting_the_execution_is_named(typed: Any, words: tuple[str, ...]) -> None:
    assert ":execution:CustomLabelsLifecycle-St" in typed(*words, "--no-wait").stdout
    assert "ExecutionArn" in json.loads(typed(*words, "--no-wait", "--json").stdout)


# Terminals ------------------------------------------------------------------------------------------------------------


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    said = io.StringIO()
    shown = Console(file=said, width=width, force_terminal=True, no_color=True, highlight=False, legacy_windows=False)
    monkeypatch.setattr(terminal, "out", shown)
    return said


@pytest.mark.parametrize("width", [40, 60, 200])
def test_a_table_fits_the_terminal_and_loses_nothing(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    said = on_a_terminal(monkeypatch, width)
    terminal.table(("Model", "Lease"), [("defects", "client/build-machine-7/4711-1f0c9a3b-of-a-long-name"), ("b", "c")])
    shown = re.sub(r"\x1b\[[0-9;]*m", "", said.getvalue())
    assert all(len(line) <= width for line in shown.splitlines())
    assert "client/build-machine-7/4711-1f0c9a3b-of-a-long-name" in re.sub(r"\s", "", shown)


def test_nothing_is_in_a_colour_that_can_not_be_read_on_white() -> None:
    """Of the colours of a terminal, yellow, cyan and white."""
    pale = re.compile(r"yellow|cyan|white")
    of_help = {name: str(style) for name, style in vars(rich_utils).items() if name.startswith("STYLE_")}
    assert {name for name, style in of_help.items() if pale.search(style)} == set()
    sources = Path(terminal.__file__).parent.rglob("*.py")
    styled = [path.name for path in sources if re.search(rf'"[a-z ]*({pale.pattern})[a-z ]*"', path.read_text("utf-8"))]
    assert styled == []


def test_on_a_terminal_a_wait_is_one_line_that_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(terminal, "err", Console(file=said, width=60, force_terminal=True, _environ={"TERM": "xterm"}))
    waiting = terminal.Waiting("Starting def\x1b[2Jects", lambda: [660.0, 840.0])
    waiting(5, "checking the model's status")
    waiting(65, "waiting for the model")
    terminal.clear()
    first, second, last = said.getvalue().split("\r\x1b[2K")[1:]
    assert first == r"Starting def\x1b[2Jects: 0:05 min, checking the model's sta"
    assert second.startswith(r"Starting def\x1b[2Jects: 1:05 min, waiting for the model")
    assert (last, len(second)) == ("", 59), "no wider than the terminal"


@pytest.mark.parametrize(
    ("past", "took"),
    [
        ([], ""),
        ([660.0], ", the last start took 11 min"),
        ([660.0, 845.0], ", the last 2 starts took 11 min to 14 min"),
    ],
)
def test_elsewhere_a_wait_is_a_line_each_minute(monkeypatch: pytest.MonkeyPatch, past: list[float], took: str) -> None:
    said, asked = io.StringIO(), list[str]()

    def starts() -> list[float]:
        asked.append("once")
        return past

    monkeypatch.setattr(terminal, "err", Console(file=said, _environ={}))
    waiting = terminal.Waiting("Starting defects", starts)
    for seconds in (0, 15, 30, 60, 90, 120):
        waiting(seconds, "waiting for the model")
    assert said.getvalue().splitlines() == [
        "Starting defects: 0 min, waiting for the model",
        f"Starting defects: 1 min, waiting for the model{took}",
        f"Starting defects: 2 min, waiting for the model{took}",
    ]
    assert asked == ["once"]


def test_a_warning_of_the_client_is_one_of_the_command(typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2026-11-24T07:00:00Z")
    assert typed("run", "defects", "--", "true").stderr.startswith(
        "Warning: Your credentials end at 2026-11-24 07:00 UTC"
    )
