"""What people are told: true, complete, and fit for every channel."""

import json
import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle.errors import (
    CONTRACT,
    AccessDenied,
    InvalidRequest,
    LifecycleError,
    ModelNotFound,
    ModelNotStartable,
    TimedOut,
)
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.state_machines import Machine
from lifecycle.model.decisions import Progress, Refusal
from lifecycle.model.version import ModelVersion
from lifecycle.notifications.cli_commands import stop_command
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.notification import Content, Notification, Severity, clock, notification
from lifecycle.shared.text import duration
from lifecycle.shared.wire import from_wire, to_wire
from lifecycle.start_model.request import start_request
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, MACHINES, NOW, OTHER_ARN, execution, request
from tests.unit.twins import NEVER, Lost, Models, Story

START = Machine.START_MODEL
STOP = f"aws rekognition stop-project-version --region us-east-1 --project-version-arn {ARN}"
EXECUTION_LINK = (
    "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/" + execution().id
)
MODEL_LINK = "https://us-east-1.console.aws.amazon.com/rekognition/custom-labels?region=us-east-1#/projects/boards"


def ending_of(models: Models, **fields: Any) -> Ending:
    """How an execution ends whose model behaves like this."""
    story, payload = Story(models), {"Model": "defects", **fields}
    asked = replace(request(**fields), project_arn="arn")
    try:
        return Ending(START, story.execution, request=asked, result=story.run(payload))
    except LifecycleError as error:
        return Ending(START, story.execution, request=asked, progress=story.progress, failure=failure(error))


def failure(error: LifecycleError) -> Failure:
    known = next(known for known in CONTRACT if isinstance(error, known))
    return Failure(known.__name__, str(error))


def failed(error: LifecycleError, progress: Progress | None = None, *, prepared: bool = True) -> Ending:
    asked = request() if prepared else None
    return Ending(START, execution(), request=asked, progress=progress or Progress(), failure=failure(error))


def tell(ending: Ending) -> Notification:
    return ending_notification(ending, CONFIGURATION, MACHINES)


def section(told: Notification, title: str) -> str:
    return re.search(rf"^{title}:\n((?:  .*\n)+)", told.text, re.MULTILINE)[1]  # type: ignore[index]


def what_happened_after_no_time(ending: Ending) -> str:
    result = replace(ending.result, start_seconds=0, polls=2)  # type: ignore[type-var] # a result it has
    return section(tell(replace(ending, result=result)), "What happened")


STARTED = ending_of(Models(once_started=[(0, "STARTING"), (664, "RUNNING")]))
ALREADY = ending_of(Models(script=[(0, "RUNNING")]))
FAILURES = [failed(error("Why.", project_version_arn=ARN)) for error in CONTRACT]


@pytest.mark.parametrize(
    ("ending", "outcome", "severity", "subject"),
    [
        (STARTED, "MODEL_STARTED", "INFO", "[INFO] defects is RUNNING"),
        (ALREADY, "MODEL_ALREADY_RUNNING", "INFO", "[INFO] defects is RUNNING already"),
        (
            ending_of(Models(script=[(0, "RUNNING")], runs_with=(2, None))),
            "MODEL_ALREADY_RUNNING",
            "WARNING",
            "[WARNING] defects is RUNNING already",
        ),
        *(
            (ending, "START_FAILED", "ERROR", f"[ERROR] The start of defects failed: {error.__name__}")
            for ending, error in zip(FAILURES, CONTRACT, strict=True)
            if error is not TimedOut
        ),
        (FAILURES[CONTRACT.index(TimedOut)], "START_TIMED_OUT", "ERROR", "[ERROR] defects is not RUNNING in time"),
    ],
)
def test_each_end_has_its_outcome_severity_and_subject(
    ending: Ending, outcome: str, severity: str, subject: str
) -> None:
    told = tell(ending)
    assert (told.outcome, told.severity, told.subject) == (outcome, severity, subject)
    assert (told.detail["Outcome"], told.detail["Severity"]) == (outcome, severity)


@pytest.mark.parametrize("ending", [STARTED, ALREADY, *FAILURES])
def test_every_text_says_the_model_what_it_costs_what_to_do_and_where_to_look(ending: Ending) -> None:
    told = tell(ending)
    assert "defects " in told.text.splitlines()[0]
    assert f"Model version: {ARN}\n" in section(told, "Details")
    assert section(told, "What happened")
    no_model = told.detail.get("Error") == "ModelNotFound"
    assert ("no such model" if no_model else "USD 4.00 an hour") in section(told, "What it costs")
    assert section(told, "What to do")
    runbook = f"docs/operations.md#{told.outcome.lower()}"
    assert section(told, "Links") == f"  Execution: {EXECUTION_LINK}\n  Model: {MODEL_LINK}\n  Runbook: {runbook}\n"


def test_a_start_says_when_it_was_requested_when_it_ran_and_how_long_that_took() -> None:
    assert section(tell(STARTED), "What happened") == (
        "  The start was requested at 2026-11-24 07:00:00 UTC; "
        "RUNNING was seen at 2026-11-24 07:11:15 UTC, 11 min 15 s later.\n"
    )


def test_a_model_that_ran_already_says_so_and_one_that_another_had_started_how_long_that_took() -> None:
    assert section(tell(ALREADY), "What happened") == "  It was RUNNING at the first look.\n"
    joined = tell(ending_of(Models(script=[(0, "STARTING"), (90, "RUNNING")])))
    assert joined.outcome == "MODEL_ALREADY_RUNNING"
    assert section(joined, "What happened") == (
        "  Somebody else had started it; RUNNING was seen 1 min 30 s after this start was due.\n"
    )


def test_a_start_that_took_no_time_says_so() -> None:
    assert "; RUNNING was seen at 2026-11-24 07:11:15 UTC, 0 s later." in what_happened_after_no_time(STARTED)
    assert "RUNNING was seen 0 s after this start was due." in what_happened_after_no_time(ALREADY)


def test_the_link_to_the_runbook_is_where_it_is_served() -> None:
    configuration = replace(CONFIGURATION, runbook_url="https://wiki.example.com/operations")
    told = ending_notification(STARTED, configuration, MACHINES)
    assert told.sections["Links"][-1] == "Runbook: https://wiki.example.com/operations#model_started"


def test_the_details_of_a_success_count_the_looks() -> None:
    assert "Looks at the status: 45\n" in section(tell(STARTED), "Details")
    assert "Looks" not in section(tell(FAILURES[0]), "Details")


def test_the_warnings_of_a_result_are_told() -> None:
    ending = ending_of(Models(script=[(0, "RUNNING")], runs_with=(2, None)))
    assert ending.result is not None
    assert f"Warning: {ending.result.warnings[0]}" in section(tell(ending), "What happened")


@pytest.mark.parametrize(("ending", "since"), [(STARTED, " from now on"), (ALREADY, "")])
def test_a_running_model_bills_until_it_is_stopped(ending: Ending, since: str) -> None:
    assert section(tell(ending), "What it costs") == (
        f"  About USD 4.00 an hour{since} (1 inference unit), used or not, until it is stopped.\n"
    )


def test_a_model_that_scales_says_the_most_it_can_cost() -> None:
    costs = section(tell(ending_of(Models(), MinInferenceUnits=2, MaxInferenceUnits=5)), "What it costs")
    assert "USD 8.00 an hour from now on (2 inference units; up to USD 20.00 when it scales to 5)" in costs


REQUESTED = Progress(polls=1, last_status="STOPPED", attempted_at=NOW, status_at_attempt="STOPPED")


@pytest.mark.parametrize(
    ("seen", "progress", "says", "stop"),
    [
        pytest.param(
            "RUNNING",
            Progress(),
            "The model was RUNNING at the last look and bills about USD 4.00 an hour, until it is stopped.",
            True,
            id="running",
        ),
        pytest.param(
            "STARTING",
            Progress(),
            "The model was STARTING at the last look. "
            "Once it is RUNNING it bills about USD 4.00 an hour, until it is stopped.",
            True,
            id="starting",
        ),
        pytest.param(
            "STOPPED", Progress(), "Nothing now: the model was STOPPED at the last look.", False, id="stopped"
        ),
        pytest.param(
            "STOPPING", Progress(), "Nothing now: the model was STOPPING at the last look.", False, id="stopping"
        ),
        pytest.param(
            "HIBERNATING",
            Progress(),
            "The model was HIBERNATING at the last look. Should it be RUNNING",
            False,
            id="new",
        ),
        pytest.param(None, Progress(1, "STARTING"), "was STARTING", True, id="the last look saw it starting"),
        pytest.param(None, Progress(), "This start requested nothing.", False, id="never looked at"),
        pytest.param("STOPPED", Progress(1, "STOPPED", unclear=True), "Not known", True, id="unclear"),
        pytest.param(None, REQUESTED, "Not known", True, id="requested, then no look succeeded"),
        pytest.param("STOPPED", REQUESTED, "Not known", True, id="requested, and no look showed it yet"),
        pytest.param("FAILED", REQUESTED, "Nothing now: the model was FAILED", False, id="requested, and failed"),
        pytest.param(
            "STOPPED",
            replace(REQUESTED, last_status="STOPPING"),
            "Nothing now: the model was STOPPED",
            False,
            id="stopped since",
        ),
        pytest.param(
            "STOPPED",
            replace(REQUESTED, refusal=Refusal.NO_CAPACITY),
            "Nothing now: the model was STOPPED",
            False,
            id="refused",
        ),
    ],
)
def test_a_failure_says_what_the_model_costs_as_far_as_that_is_known(
    seen: str | None, progress: Progress, says: str, stop: bool
) -> None:
    told = tell(failed(TimedOut("The time is up.", project_version_arn=ARN, status=seen), progress))
    assert says in section(told, "What it costs")
    assert (STOP in section(told, "What to do")) is stop


def test_a_failure_reckons_with_the_inference_units_that_were_asked_for() -> None:
    ending = failed(TimedOut("The time is up.", project_version_arn=ARN, status="STARTING"))
    asked = replace(ending, request=request(MinInferenceUnits=3))
    assert "bills about USD 12.00 an hour" in section(tell(asked), "What it costs")


@pytest.mark.parametrize(
    ("models", "fields", "costs"),
    [
        pytest.param(Models(answers=[Lost(made=False)] * 4), {}, "Not known", id="no answer at all"),
        pytest.param(Models(once_started=[(0, "STOPPED")]), {"TimeoutSeconds": 30}, "Not known", id="too early to see"),
        pytest.param(Models(once_started=[(0, "STARTING")]), {}, "was STARTING", id="never ready"),
        pytest.param(Models(once_started=[(0, "STARTING"), (90, "FAILED")]), {}, "was FAILED", id="failed"),
        pytest.param(Models(once_started=[(0, "STARTING"), (90, "STOPPED")]), {}, "was STOPPED", id="stopped"),
        pytest.param(
            Models(answers=[Lost()], once_started=[(0, "STARTING"), (90, "FAILED")]), {}, "was FAILED", id="lost, clear"
        ),
        pytest.param(
            Models(others=[ModelVersion(ARN + "1", "RUNNING")], quota_free_at=NEVER), {}, "was STOPPED", id="no room"
        ),
    ],
)
def test_the_costs_of_a_story_that_ended_badly(models: Models, fields: dict[str, Any], costs: str) -> None:
    assert costs in section(tell(ending_of(models, **fields)), "What it costs")


@pytest.mark.parametrize("error", CONTRACT)
def test_a_failure_tells_its_cause_its_remedy_and_the_services_own_words(error: type[LifecycleError]) -> None:
    told = tell(failed(error("It is so.", status="FAILED", status_message="Bad manifest", remedy="Mend it.")))
    assert section(told, "What happened") == "  It is so.\n  The service says: Bad manifest\n"
    assert "  Mend it.\n" in section(told, "What to do")
    assert error.remedy in section(tell(failed(error("It is so."))), "What to do")
    assert error.remedy


def test_a_request_that_was_never_valid_names_the_model_if_the_input_did() -> None:
    wrong = CONTRACT[0]("LeaseMinutes: must be at least 0", project_version_arn=ARN)
    named = tell(failed(wrong, prepared=False))
    assert "USD 4.00 an hour" in section(named, "What it costs")
    assert named.subject == "[ERROR] The start of defects failed: InvalidRequest"
    assert MODEL_LINK in named.text
    nameless = tell(failed(CONTRACT[0]("exactly one of the two is needed"), prepared=False))
    assert nameless.subject == "[ERROR] The start of a model failed: InvalidRequest"
    assert section(nameless, "What it costs") == "  Nothing: no model was started.\n"
    runbook = "docs/operations.md#start_failed"
    assert section(nameless, "Links") == f"  Execution: {EXECUTION_LINK}\n  Runbook: {runbook}\n"
    assert not {"ProjectVersionArn", "ProjectName", "VersionName", "Model"} & set(nameless.detail)


@pytest.mark.parametrize(
    ("cause", "says"), [("Task crashed", "Task crashed"), ("[1]", "[1]"), ("", "without a reason")]
)
def test_a_cause_that_is_no_json_of_ours_is_told_as_it_is(cause: str, says: str) -> None:
    ending = replace(failed(TimedOut("")), failure=Failure("ServiceUnavailable", cause))
    told = tell(ending)
    assert says in section(told, "What happened")
    assert "Look at the execution" in section(told, "What to do")


def again(**fields: Any) -> Any:
    """The input of the command that starts a model again as it was to be started."""
    asked = start_request(fields, execution(), CONFIGURATION)
    ending = replace(failed(AccessDenied("No.", project_version_arn=ARN)), request=asked)
    (line,) = (line for line in tell(ending).sections["What to do"] if "start-execution" in line)
    return json.loads(shlex.split(line)[-1])


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        pytest.param({}, None, id="as usual"),
        pytest.param({"Model": "welds"}, {"Model": "welds"}, id="as configured"),
        pytest.param({"LeaseId": "shift", "LeaseMinutes": 30}, None, id="another lease"),
        pytest.param({"MinInferenceUnits": 2, "MaxInferenceUnits": 5}, None, id="other inference units"),
        pytest.param(
            {"Model": "welds", "MinInferenceUnits": 3},
            {"Model": "welds", "MinInferenceUnits": 3, "MaxInferenceUnits": 4},
            id="more inference units",
        ),
        pytest.param({"Model": "welds", "LeaseMinutes": 120}, None, id="other minutes than are configured"),
        pytest.param({"ProjectVersionArn": OTHER_ARN}, {"ProjectVersionArn": OTHER_ARN}, id="by its ARN"),
    ],
)
def test_a_start_is_advised_again_as_it_was_asked_for(asked: dict[str, Any], given: dict[str, Any] | None) -> None:
    which = {} if asked.keys() & {"Model", "ProjectVersionArn"} else {"Model": "defects"}
    assert again(**which, **asked) == (given or {**which, **asked})


@pytest.mark.parametrize("error", [InvalidRequest, ModelNotFound, ModelNotStartable])
def test_a_start_that_would_fail_again_is_not_advised(error: type[LifecycleError]) -> None:
    told = tell(failed(error("Why.", project_version_arn=ARN, status="STOPPED")))
    assert told.sections["What to do"] == [error.remedy]


def test_a_lease_is_told_where_it_has_a_name_of_its_own() -> None:
    assert "Lease: shift-2\n" in section(tell(ending_of(Models(), LeaseId="shift-2")), "Details")
    assert "Lease" not in section(tell(STARTED), "Details")


# Channels -----------------------------------------------------------------------------------------


@example("x" * 255, "InvalidRequest")
@given(
    st.text(alphabet=st.sampled_from("abcXYZ019._-"), min_size=1, max_size=255),
    st.sampled_from([error.__name__ for error in CONTRACT]),
)
def test_a_subject_is_short_ascii_on_one_line_whatever_the_model_is_called(name: str, error: str) -> None:
    arn = f"{ACCOUNT}:project/p/version/{name}/1"
    cause = json.dumps({"Message": "m", "ProjectVersionArn": arn})
    told = tell(Ending(START, execution(), failure=Failure(error, cause)))
    assert told.subject.isascii()
    assert told.subject.isprintable()
    assert len(told.subject) < 100
    assert name[:40] in told.subject
    assert told.subject.endswith("is not RUNNING in time" if error == "TimedOut" else f"failed: {error}")
    assert told.detail["VersionName"] == name
    assert f"Model version: {arn}" in told.text


@pytest.mark.parametrize("name", ["a\nb", "défauts", "a\tb\r\n"])
def test_a_subject_is_made_ascii_on_one_line(name: str) -> None:
    told = tell(replace(STARTED, request=replace(request(), model=name)))
    assert told.subject in ("[INFO] a b is RUNNING", "[INFO] d?fauts is RUNNING")


@pytest.mark.parametrize(
    ("length", "shown"), [(40, "n" * 40), (41, "n" * 40 + "...")], ids=["as long as may be", "longer"]
)
def test_a_long_name_is_cut_in_the_subject_alone(length: int, shown: str) -> None:
    told = tell(replace(STARTED, request=replace(request(), model="n" * length)))
    assert told.subject == f"[INFO] {shown} is RUNNING"
    assert told.headline.startswith("n" * length + " ")


@pytest.mark.parametrize(
    ("length", "shown"), [(66, "E" * 66), (67, "E" * 63 + "...")], ids=["as long as may be", "longer"]
)
def test_a_subject_that_would_be_too_long_is_cut_to_99_characters(length: int, shown: str) -> None:
    story = Content(Outcome.START_FAILED, "key", "def", None, words={"error": "E" * length})
    told = notification(story)
    assert told.subject == f"[ERROR] The start of def failed: {shown}"
    assert len(told.subject) == 99


def test_what_is_not_known_is_not_told() -> None:
    told = notification(Content(Outcome.MODEL_STOPPED, "key", "defects", None))
    assert told.severity == "INFO"
    assert told.sections == {"Links": ["Runbook: docs/operations.md#model_stopped"]}
    assert set(told.detail) == {"schema_version", "NotificationId", "Outcome", "Severity"}


@pytest.mark.parametrize(("outcome", "severity"), [(Outcome.MODEL_STOPPED, "INFO"), (Outcome.MODEL_DOWN, "ERROR")])
def test_a_story_is_as_severe_as_its_outcome_unless_it_has_a_warning(outcome: Outcome, severity: str) -> None:
    story = Content(outcome, "key", "defects", ARN)
    assert notification(story).severity == severity
    assert notification(replace(story, warned=True)).severity == ("WARNING" if severity == "INFO" else severity)


def test_a_text_of_several_lines_is_told_on_one() -> None:
    told = notification(Content(Outcome.MODEL_STOPPED, "key", "defects", None, what_happened=["One.\nTwo."]))
    assert told.sections["What happened"] == ["One. Two."]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["x" * 2500], ["x" * 2500]),
        (["x" * 2501], ["x" * 2497 + "..."]),
        (["One."] * 60, ["One."] * 60),
        (["One."] * 61, [*["One."] * 60, "and 1 lines more"]),
        (["One.", " ", "Two."], ["One.", "Two."]),
    ],
    ids=["a line as long as may be", "longer", "as many lines as may be", "more", "a blank one"],
)
def test_a_section_has_sixty_lines_of_2500_characters_at_the_most(lines: list[str], told: list[str]) -> None:
    story = Content(Outcome.MODEL_STOPPED, "key", "defects", None, what_happened=lines)
    assert notification(story).sections["What happened"] == told


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize(("milliseconds", "told"), [(499, "2026-11-24 07:00:00 UTC"), (500, "2026-11-24 07:00:01 UTC")])
def test_a_time_is_told_to_the_nearest_second_in_utc(milliseconds: int, told: str) -> None:
    moment = NOW + timedelta(milliseconds=milliseconds)
    assert clock(moment) == clock(moment.astimezone(timezone(timedelta(hours=2)))) == told


def test_the_event_has_the_facts_of_the_contract() -> None:
    detail = tell(ending_of(Models(), Context={"run": 7})).detail
    output = detail["Output"]
    assert output["StartSeconds"] == 600
    assert detail == {
        "schema_version": "1.0",
        "NotificationId": detail["NotificationId"],
        "Outcome": "MODEL_STARTED",
        "Severity": "INFO",
        "ProjectVersionArn": ARN,
        "ProjectName": "boards",
        "VersionName": "v1",
        "Model": "defects",
        "ExecutionArn": execution().id,
        "Output": output,
        "Context": {"run": 7},
    }
    json.dumps(detail)


def test_the_event_of_a_failure_has_its_error_and_cause() -> None:
    error = TimedOut("The time is up.", project_version_arn=ARN, status="STARTING")
    detail = tell(replace(failed(error), request=request(Context=7))).detail
    assert (detail["Error"], detail["Cause"]) == ("TimedOut", json.loads(str(error)))
    assert (detail["Context"], "Output" in detail) == (7, False)


def test_a_cause_that_is_too_large_is_told_as_text_up_to_100_000_characters() -> None:
    room = 100_000 - len('{"Message": ""}')
    fits, large = (json.dumps({"Message": "x" * length}) for length in (room, room + 1))
    told = [
        tell(replace(FAILURES[0], failure=Failure("ModelFailed", cause))).detail["Cause"] for cause in (fits, large)
    ]
    assert told == [json.loads(fits), {"Message": large[:100_000]}]


def test_a_warning_is_pointed_at_where_it_says_what_to_do() -> None:
    warned = tell(ending_of(Models(script=[(0, "RUNNING")], runs_with=(2, None))))
    assert section(warned, "What to do").startswith("  See the warning above.")
    assert section(tell(STARTED), "What to do").startswith("  Nothing now.")


def test_the_id_of_a_notification_is_its_executions_whatever_is_told() -> None:
    ids = [tell(ending).notification_id for ending in (STARTED, ALREADY, *FAILURES)]
    assert set(ids) == {tell(STARTED).detail["NotificationId"]}
    assert tell(replace(STARTED, execution=execution("other"))).notification_id not in ids


def test_a_notification_survives_being_kept_as_json() -> None:
    told = tell(STARTED)
    again = from_wire(Notification, json.loads(json.dumps(to_wire(told))))
    assert (again.severity, again.outcome) == (Severity.INFO, Outcome.MODEL_STARTED)
    assert again == told


@pytest.mark.parametrize(
    ("dry_run", "duplicate_of", "silent"),
    [(True, None, True), (False, "arn:aws:states:...:first", True), (False, None, False)],
)
@pytest.mark.parametrize("succeeded", [True, False])
def test_nobody_is_told_of_a_duplicate_or_a_dry_run_however_it_ends(
    dry_run: bool, duplicate_of: str | None, silent: bool, succeeded: bool
) -> None:
    asked = replace(request(), duplicate_of=duplicate_of)
    result = STARTED.result if succeeded else None
    failed_so = None if succeeded else failure(TimedOut(""))
    ending = Ending(START, execution(), dry_run, asked, result=result, failure=failed_so)
    assert ending.tells_nobody is silent


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (664, "11 min 4 s"), (3600, "1 h 0 min"), (7530, "2 h 5 min")],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_stop_command_is_one_that_can_be_pasted() -> None:
    assert stop_command(ARN) == STOP
