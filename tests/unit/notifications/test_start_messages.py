"""What people are told: true, complete, and fit for every channel."""

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle.errors import (
    CONTRACT,
    AccessDenied,
    BudgetExceeded,
    CapacityExceeded,
    InvalidRequest,
    LifecycleError,
    ModelFailed,
    ModelNotFound,
    ModelNotStartable,
    ModelStopped,
    ServiceUnavailable,
    TimedOut,
)
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.state_machines import Machine
from lifecycle.model.decisions import Progress, Refusal
from lifecycle.model.version import ModelVersion
from lifecycle.notifications.cli_commands import stop_command
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.links import Telemetry
from lifecycle.notifications.notification import Content, Notification, Severity, Text, notification, step
from lifecycle.shared.text import clock, duration
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


def compose(ending: Ending) -> Notification:
    return ending_notification(ending, CONFIGURATION, MACHINES)


def section(sent: Notification, title: str) -> str:
    return re.search(rf"^{title}:\n((?:  .*\n)+)", sent.text, re.MULTILINE)[1]  # type: ignore[index]  # no match fails the test


def what_happened_after_no_time(ending: Ending) -> str:
    result = replace(ending.result, start_seconds=0, polls=2)  # type: ignore[type-var] # a result it has
    return section(compose(replace(ending, result=result)), "What happened")


DASHBOARD_LINK = (
    "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/Lifecycle-us-east-1"
)
REQUESTED_AT = "  The execution nightly requested the start at 2026-11-24 07:00 UTC.\n"


STARTED = ending_of(Models(once_started=[(0, "STARTING"), (664, "RUNNING")]))
ALREADY = ending_of(Models(script=[(0, "RUNNING")]))
FAILURES = [failed(error("Why.", project_version_arn=ARN)) for error in CONTRACT]
BY_NAME = {error.__name__: error for error in CONTRACT}
IN_SHORT: dict[type[LifecycleError], str] = {
    InvalidRequest: "the request is invalid",
    ModelNotFound: "it does not exist",
    ModelNotStartable: "its status forbids it",
    ModelFailed: "it has FAILED",
    ModelStopped: "somebody stopped it",
    AccessDenied: "a permission is missing",
    CapacityExceeded: "the quota is used up",
    BudgetExceeded: "this month's budget is used up",
    ServiceUnavailable: "AWS did not respond",
}


@pytest.mark.parametrize(
    ("ending", "outcome", "severity", "subject"),
    [
        (STARTED, "MODEL_STARTED", "INFO", "[INFO] defects is RUNNING"),
        (ALREADY, "MODEL_ALREADY_RUNNING", "INFO", "[INFO] defects was RUNNING already"),
        (
            ending_of(Models(script=[(0, "RUNNING")], runs_with=(2, None))),
            "MODEL_ALREADY_RUNNING",
            "WARNING",
            "[WARNING] defects was RUNNING already",
        ),
        *(
            (ending, "START_FAILED", severity, f"[{severity}] defects could not be started: {IN_SHORT[error]}")
            for ending, error in zip(FAILURES, CONTRACT, strict=True)
            if error is not TimedOut
            for severity in ("WARNING" if error is BudgetExceeded else "ERROR",)
        ),
        (FAILURES[CONTRACT.index(TimedOut)], "START_TIMED_OUT", "ERROR", "[ERROR] defects was not RUNNING in time"),
    ],
)
def test_each_end_has_its_outcome_severity_and_subject(
    ending: Ending, outcome: str, severity: str, subject: str
) -> None:
    sent = compose(ending)
    assert (sent.outcome, sent.severity, sent.subject) == (outcome, severity, subject)
    assert (sent.detail["Outcome"], sent.detail["Severity"]) == (outcome, severity)


@pytest.mark.parametrize("ending", [STARTED, ALREADY, *FAILURES])
def test_every_text_says_the_model_what_it_costs_what_to_do_and_where_to_begin(ending: Ending) -> None:
    sent = compose(ending)
    assert "defects " in sent.text.splitlines()[0]
    assert f"Model version: {ARN}\n" in section(sent, "Details")
    assert section(sent, "What happened")
    no_model = sent.detail.get("Error") == "ModelNotFound"
    assert ("does not exist" if no_model else "USD 4.00 per hour") in section(sent, "What it costs")
    assert section(sent, "What to do")
    assert section(sent, "Links") == (
        f"  Dashboard: {DASHBOARD_LINK}\n  Execution: {EXECUTION_LINK}\n  Model: {MODEL_LINK}\n"
    )


@pytest.mark.parametrize("ending", [STARTED, ALREADY, *FAILURES])
def test_the_first_sentence_is_never_an_error_code(ending: Ending) -> None:
    sent = compose(ending)
    for error in CONTRACT:
        assert error.__name__ not in sent.headline
        assert error.__name__ not in sent.subject


def test_a_start_says_for_whom_it_was_until_when_that_lease_holds_it_when_it_was_requested_and_how_long_it_took() -> (
    None
):
    sent = compose(STARTED)
    assert sent.headline.startswith(
        "defects is RUNNING: it was started for the lease nightly, which holds it until 2026-11-24 09:11 UTC."
    )
    assert section(sent, "What happened") == f"{REQUESTED_AT}  The start took 11 min 10 s.\n"


def test_a_model_that_ran_already_says_so_and_one_that_another_had_started_how_long_that_took() -> None:
    assert section(compose(ALREADY), "What happened") == f"{REQUESTED_AT}  It was RUNNING at the first status check.\n"
    joined = compose(ending_of(Models(script=[(0, "STARTING"), (90, "RUNNING")])))
    assert joined.outcome == "MODEL_ALREADY_RUNNING"
    assert section(joined, "What happened") == (
        f"{REQUESTED_AT}  Somebody else had started it; it was RUNNING 1 min 30 s after this start was due.\n"
    )


def test_a_start_that_took_no_time_says_so() -> None:
    assert "The start took 0 s." in what_happened_after_no_time(STARTED)
    assert "it was RUNNING 0 s after this start was due." in what_happened_after_no_time(ALREADY)


def test_the_link_to_the_runbook_is_where_it_is_served() -> None:
    configuration = replace(CONFIGURATION, runbook_url="https://wiki.example.com/operations")
    sent = ending_notification(STARTED, configuration, MACHINES)
    assert sent.sections["Links"][-1] == "Runbook: https://wiki.example.com/operations#model_started"


def test_the_details_of_a_success_count_the_status_checks_and_those_of_a_failure_name_its_error() -> None:
    assert "Status checks: 66\n" in section(compose(STARTED), "Details")
    assert section(compose(FAILURES[0]), "Details").startswith("  Error: InvalidRequest\n")
    assert "Status checks" not in section(compose(FAILURES[0]), "Details")


def test_the_warnings_of_a_result_are_what_to_do() -> None:
    ending = ending_of(Models(script=[(0, "RUNNING")], runs_with=(2, None)))
    assert ending.result is not None
    assert section(compose(ending), "What to do") == f"  {ending.result.warnings[0]}\n"
    assert section(compose(STARTED), "What to do") == "  Nothing.\n"


def test_only_a_failure_links_its_logs_and_its_trace_the_long_one_last() -> None:
    telemetry = Telemetry(NOW, "Logs", "1-69251e80-0123456789abcdef01234567")
    links = ending_notification(FAILURES[0], CONFIGURATION, MACHINES, telemetry).sections["Links"]
    assert [line.partition(":")[0] for line in links] == ["Dashboard", "Execution", "Model", "Trace", "Logs"]
    links = ending_notification(STARTED, CONFIGURATION, MACHINES, telemetry).sections["Links"]
    assert [line.partition(":")[0] for line in links] == ["Dashboard", "Execution", "Model"]


def test_steps_are_numbered_where_there_are_several_and_a_command_belongs_to_its_step() -> None:
    text = Text("s", "h", what_to_do=[*step("Ask X.", "aws one"), "Second."], if_plans_change=step("Else", "aws two"))
    sent = notification(Content(Outcome.MODEL_STOPPED, "key", text))
    assert section(sent, "What to do") == "  1. Ask X:\n     aws one\n  2. Second.\n"
    assert section(sent, "If plans change") == "  Else:\n  aws two\n"
    assert sent.sections["What to do"] == ["Ask X:", "aws one", "Second."]


@pytest.mark.parametrize(("ending", "since"), [(STARTED, " from now on"), (ALREADY, "")])
def test_a_running_model_bills_until_it_is_stopped(ending: Ending, since: str) -> None:
    assert section(compose(ending), "What it costs") == (
        f"  About USD 4.00 per hour{since} (1 inference unit), used or not. "
        "The model is stopped when its last lease ends.\n"
    )


@pytest.mark.parametrize(
    ("models", "since"), [(Models(), " from now on"), (Models(script=[(0, "RUNNING")], runs_with=(2, 5)), "")]
)
def test_a_model_that_scales_says_the_most_it_can_cost(models: Models, since: str) -> None:
    costs = section(compose(ending_of(models, MinInferenceUnits=2, MaxInferenceUnits=5)), "What it costs")
    assert f"USD 8.00 per hour{since} (2 inference units; up to USD 20.00 when it scales to 5)" in costs


@pytest.mark.parametrize("ending", [STARTED, ALREADY])
def test_a_model_that_was_given_by_its_arn_is_called_by_its_name(ending: Ending) -> None:
    assert ending.request
    by_arn = replace(ending, request=replace(ending.request, model=None))
    assert compose(by_arn).headline == compose(ending).headline


REQUESTED = Progress(polls=1, last_status="STOPPED", attempted_at=NOW, status_at_attempt="STOPPED")


@pytest.mark.parametrize(
    ("seen", "progress", "says", "stop"),
    [
        pytest.param(
            "RUNNING",
            Progress(),
            "The model was RUNNING at the last status check and costs about USD 4.00 per hour until it is stopped.",
            True,
            id="running",
        ),
        pytest.param(
            "STARTING",
            Progress(),
            "The model was STARTING at the last status check. Once it is RUNNING, it costs about USD 4.00 per hour.",
            True,
            id="starting",
        ),
        pytest.param(
            "STOPPED", Progress(), "Nothing now: the model was STOPPED at the last status check.", False, id="stopped"
        ),
        pytest.param(
            "STOPPING",
            Progress(),
            "Nothing now: the model was STOPPING at the last status check.",
            False,
            id="stopping",
        ),
        pytest.param(
            "HIBERNATING",
            Progress(),
            "The model was HIBERNATING at the last status check. If it is RUNNING",
            False,
            id="new",
        ),
        pytest.param(None, Progress(1, "STARTING"), "was STARTING", True, id="the last status check saw it starting"),
        pytest.param(None, Progress(), "this start requested nothing.", False, id="no status check"),
        pytest.param("STOPPED", Progress(1, "STOPPED", unclear=True), "Unknown", True, id="unclear"),
        pytest.param(None, REQUESTED, "Unknown", True, id="requested, then no status check succeeded"),
        pytest.param("STOPPED", REQUESTED, "Unknown", True, id="requested, and no status check showed it yet"),
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
    sent = compose(failed(TimedOut("The time is up.", project_version_arn=ARN, status=seen), progress))
    assert says in section(sent, "What it costs")
    assert (STOP in section(sent, "What to do")) is stop


def test_a_model_that_is_stopping_costs_nothing() -> None:
    sent = compose(failed(TimedOut("The time is up.", project_version_arn=ARN, status="STOPPING")))
    assert section(sent, "What it costs") == "  Nothing now: the model was STOPPING at the last status check.\n"


def test_a_failure_reckons_with_the_inference_units_that_were_asked_for() -> None:
    ending = failed(TimedOut("The time is up.", project_version_arn=ARN, status="STARTING"))
    asked = replace(ending, request=request(MinInferenceUnits=3))
    assert "costs about USD 12.00 per hour" in section(compose(asked), "What it costs")


@pytest.mark.parametrize(
    ("models", "fields", "costs"),
    [
        pytest.param(Models(answers=[Lost(made=False)] * 4), {}, "Unknown", id="no answer at all"),
        pytest.param(Models(once_started=[(0, "STOPPED")]), {"TimeoutSeconds": 30}, "Unknown", id="too early to see"),
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
    assert costs in section(compose(ending_of(models, **fields)), "What it costs")


OWN = [error for error in CONTRACT if error not in (InvalidRequest, ServiceUnavailable, TimedOut)]
"""Errors whose Message begins with a sentence of this app's."""


@pytest.mark.parametrize("error", OWN)
def test_the_first_sentence_of_a_cause_is_the_headlines_and_the_others_are_facts(error: type[LifecycleError]) -> None:
    sent = compose(failed(error("Somebody did it. X took long.\nVery long.", status="FAILED")))
    assert sent.headline == "defects could not be started: somebody did it."
    facts = section(sent, "What happened")
    assert facts.partition("  This is mailed once")[0] == f"{REQUESTED_AT}  X took long.\n  Very long.\n"
    assert ("This is mailed once" in facts) == (error is BudgetExceeded)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (InvalidRequest, "the request is invalid"),
        (ModelNotFound, "it does not exist in this account and Region"),
        (ModelNotStartable, "a model with its status can't be started"),
        (ModelFailed, "Amazon Rekognition reports the status FAILED"),
        (ModelStopped, "somebody stopped it meanwhile"),
        (AccessDenied, "AWS denied this app a permission that it needs"),
        (CapacityExceeded, "other models use up the account's quota"),
        (
            ServiceUnavailable,
            "AWS, or a function of this app, did not respond as it should, however often it was tried",
        ),
    ],
)
@pytest.mark.parametrize("answer", ["answered SomeException: User: x", "got no answer: it was too slow"])
def test_what_an_api_answered_is_a_fact_and_the_headline_says_what_that_means(
    error: type[LifecycleError], why: str, answer: str
) -> None:
    sent = compose(failed(error(f"ListObjectsV2 on the bucket images {answer}")))
    assert sent.headline == f"defects could not be started: {why}."
    assert section(sent, "What happened") == f"{REQUESTED_AT}  ListObjectsV2 on the bucket images {answer}\n"


def test_a_notification_that_a_release_has_kept_which_knew_only_mails_for_all_reaches_everybody() -> None:
    kept = {name: value for name, value in to_wire(compose(STARTED)).items() if name not in ("OnlyEvent", "PeopleOnce")}
    assert from_wire(Notification, kept) == compose(STARTED)
    assert not compose(STARTED).only_event


@pytest.mark.parametrize(
    ("error", "why"),
    [(InvalidRequest, "the request is invalid"), (BudgetExceeded, "this month's budget is used up")],
)
def test_an_error_without_a_word_is_one_all_the_same(error: type[LifecycleError], why: str) -> None:
    assert compose(failed(error(""))).headline == f"defects could not be started: {why}."


def test_people_get_one_mail_a_month_of_a_model_that_the_budget_refuses() -> None:
    refused = failed(BudgetExceeded("It is used up.", project_version_arn=ARN))
    later = ending_notification(refused, CONFIGURATION, MACHINES, Telemetry(NOW + timedelta(days=9), "logs", None))
    assert compose(refused).people_once == f"BudgetExceeded#{ARN}#2026-11"
    assert later.people_once == f"BudgetExceeded#{ARN}#2026-12"
    others = compose(failed(CapacityExceeded("Too many.")))
    assert (others.people_once, others.only_event) == (None, False)


@pytest.mark.parametrize(
    ("message", "more"), [("The time is up.", ""), ("It took long. Other models do.", "other models do")]
)
def test_a_start_that_took_too_long_says_how_long_and_where_it_stands(message: str, more: str) -> None:
    sent = compose(failed(TimedOut(message, status="STARTING")))
    assert sent.headline == f"defects was not RUNNING within 1 h: {more or 'it is still STARTING'}."
    unseen = compose(replace(failed(TimedOut(message)), request=None))
    assert unseen.headline == f"A model was not RUNNING in time: {more or 'no status check shows why'}."


@pytest.mark.parametrize(
    ("message", "why", "facts"),
    [
        ("The input is wrong:\n- LeaseId: no", "is invalid (LeaseId: no)", ""),
        ("LeaseId: at the MAX.", "is invalid (LeaseId: at the MAX)", ""),
        ("Wrong:\n- One.\n- Two.", "has 2 problems, named below", "  Wrong:\n  - One.\n  - Two.\n"),
        (f"Wrong:\n- {'x' * 120}", f"is invalid ({'x' * 120})", ""),
        (f"Wrong:\n- {'x' * 121}", "has 1 problem, named below", f"  Wrong:\n  - {'x' * 121}\n"),
    ],
)
def test_an_invalid_request_names_its_one_problem_or_counts_them(message: str, why: str, facts: str) -> None:
    sent = compose(failed(InvalidRequest(message)))
    assert sent.headline == f"defects could not be started: the request {why}."
    assert section(sent, "What happened") == f"{REQUESTED_AT}{facts}"


@pytest.mark.parametrize("error", CONTRACT)
def test_a_failure_says_its_remedy_a_step_for_each_line(error: type[LifecycleError]) -> None:
    sent = compose(failed(error("It is so.", remedy="Mend it.\nGo home.")))
    assert sent.sections["What to do"][:2] == ["Mend it.", "Go home."]
    steps = "\n".join(compose(failed(error("It is so."))).sections["What to do"])
    assert error.remedy
    for line in error.remedy.splitlines():
        assert line.rstrip(".") in steps


@pytest.mark.parametrize(
    ("error", "says", "headline", "fact"),
    [
        (ModelFailed, "Bad manifest", "; its status message is: Bad manifest.", False),
        (ModelNotStartable, "Bad manifest.", "; its status message is: Bad manifest.", False),
        (ModelFailed, "x" * 99 + "X", f"; its status message is: {'x' * 99}X.", False),
        (ModelFailed, "x" * 101, f"; its status message is: {'x' * 100}.", True),
        (ModelStopped, "The model is stopped.", ": it is so.", True),
    ],
    ids=["short", "a sentence", "as long as may be", "longer", "of another error"],
)
def test_the_services_own_words_explain_a_failure(
    error: type[LifecycleError], says: str, headline: str, fact: bool
) -> None:
    sent = compose(failed(error("It is so.", status="FAILED", status_message=says)))
    assert sent.headline.endswith(headline)
    assert (f"  The service says: {says}\n" in section(sent, "What happened")) is fact


def test_a_request_that_was_never_valid_names_the_model_if_the_input_did() -> None:
    wrong = CONTRACT[0]("LeaseMinutes: must be at least 0", project_version_arn=ARN)
    named = compose(failed(wrong, prepared=False))
    assert "USD 4.00 per hour" in section(named, "What it costs")
    assert named.subject == "[ERROR] defects could not be started: the request is invalid"
    assert MODEL_LINK in named.text
    nameless = compose(failed(CONTRACT[0]("exactly one of the two is needed"), prepared=False))
    assert nameless.subject == "[ERROR] A model could not be started: the request is invalid"
    assert section(nameless, "What it costs") == "  Nothing: no model was started.\n"
    assert section(nameless, "Links") == f"  Dashboard: {DASHBOARD_LINK}\n  Execution: {EXECUTION_LINK}\n"
    assert not {"ProjectVersionArn", "ProjectName", "VersionName", "Model"} & set(nameless.detail)


@pytest.mark.parametrize(
    ("error", "cause", "headline", "facts"),
    [
        ("ServiceUnavailable", "Task crashed", "however often it was tried.", "  Task crashed\n"),
        ("ServiceUnavailable", "[1]", "however often it was tried.", "  [1]\n"),
        ("Runtime.ExitError", "The sandbox is gone", "the sandbox is gone.", ""),
        ("Lambda.Unknown", "", "the execution gives no reason.", ""),
    ],
)
def test_a_cause_of_others_is_reported_as_it_is(error: str, cause: str, headline: str, facts: str) -> None:
    sent = compose(replace(failed(TimedOut("")), failure=Failure(error, cause)))
    assert sent.headline.endswith(headline)
    assert section(sent, "What happened") == f"{REQUESTED_AT}{facts}"
    assert "See in the execution" in section(sent, "What to do")


@pytest.mark.parametrize("length", [300, 301], ids=["as long as may be", "longer"])
def test_a_sentence_that_is_too_long_for_a_headline_stands_below_it(length: int) -> None:
    sent = compose(failed(ModelStopped("x" * length)))
    assert ("x" * length in sent.headline) is (length == 300)
    assert ("x" * length in section(sent, "What happened")) is (length == 301)
    assert sent.headline.endswith(": somebody stopped it meanwhile.") is (length == 301)


def test_a_headline_ends_after_a_thousand_characters() -> None:
    sent = notification(Content(Outcome.MODEL_STOPPED, "key", Text("s", "x" * 1001)))
    assert sent.headline == "x" * 997 + "..."


@pytest.mark.parametrize(
    ("context", "who"),
    [
        ({"StartedBySweep": "The model was down."}, "The sweep"),
        ({"Schedule": "weekdays", "ScheduledTime": "2026-11-24T07:00:00.000Z"}, "The schedule weekdays"),
        ({"AskedOn": "the dashboard", "PageMadeAt": "2026-11-24T06:58:00.000Z"}, "Somebody at the dashboard"),
        ({"Schedule": "weekdays"}, "The execution nightly"),
        ({"StartedBySweep": {"of": "others"}}, "The execution nightly"),
        ([1], "The execution nightly"),
        (None, "The execution nightly"),
    ],
)
def test_a_message_says_who_asked(context: Any, who: str) -> None:
    sent = compose(ending_of(Models(script=[(0, "RUNNING")]), **({} if context is None else {"Context": context})))
    assert section(sent, "What happened").startswith(f"  {who} requested the start at 2026-11-24 07:00 UTC")


def again(**fields: Any) -> Any:
    """The input of the command that starts a model again as it was to be started."""
    asked = start_request(fields, execution(), CONFIGURATION)
    ending = replace(failed(AccessDenied("No.", project_version_arn=ARN)), request=asked)
    (line,) = (line for line in compose(ending).sections["What to do"] if "start-execution" in line)
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
    sent = compose(failed(error("Why.", project_version_arn=ARN, status="STOPPED")))
    assert sent.sections["What to do"] == error.remedy.splitlines()


@pytest.mark.parametrize("error", [CapacityExceeded, ModelFailed, ServiceUnavailable, TimedOut, ModelStopped])
def test_the_command_that_starts_it_again_stands_below_the_step_that_says_so(error: type[LifecycleError]) -> None:
    lines = compose(failed(error("Why.", status="STOPPED"))).sections["What to do"]
    (at,) = (number for number, line in enumerate(lines) if "start-execution" in line)
    assert lines[at - 1].endswith(":")
    assert re.search("[Ss]tart it|[Tt]ry again", lines[at - 1])
    assert len([line for line in lines if not line.startswith("aws ")]) == len(error.remedy.splitlines())


def test_a_start_that_waited_for_capacity_in_vain_waits_again() -> None:
    ending = replace(failed(TimedOut("Why.", status="STOPPED")), request=request(WaitForCapacity=True))
    assert '"WaitForCapacity": true' in compose(ending).text


def test_a_lease_is_reported_where_it_has_a_name_of_its_own() -> None:
    assert "Lease: shift-2\n" in section(compose(ending_of(Models(), LeaseId="shift-2")), "Details")
    assert "Lease" not in section(compose(STARTED), "Details")


# Channels -----------------------------------------------------------------------------------------


@example("x" * 255, "InvalidRequest")
@given(
    st.text(alphabet=st.sampled_from("abcXYZ019._-"), min_size=1, max_size=255),
    st.sampled_from([error.__name__ for error in CONTRACT]),
)
def test_a_subject_is_short_ascii_on_one_line_whatever_the_model_is_called(name: str, error: str) -> None:
    arn = f"{ACCOUNT}:project/p/version/{name}/1"
    cause = json.dumps({"Message": "m", "ProjectVersionArn": arn})
    sent = compose(Ending(START, execution(), failure=Failure(error, cause)))
    assert sent.subject.isascii()
    assert sent.subject.isprintable()
    assert len(sent.subject) < 100
    shown = name if name.startswith("p") else f"p/{name}"
    assert shown[:40] in sent.subject
    assert sent.subject.endswith("was not RUNNING in time" if error == "TimedOut" else IN_SHORT[BY_NAME[error]])
    assert sent.detail["VersionName"] == name
    assert f"Model version: {arn}" in sent.text


@pytest.mark.parametrize("name", ["a\nb", "défauts", "a\tb\r\n"])
def test_a_subject_is_made_ascii_on_one_line(name: str) -> None:
    sent = compose(replace(STARTED, request=replace(request(), model=name)))
    assert sent.subject in ("[INFO] a b is RUNNING", "[INFO] d?fauts is RUNNING")


@pytest.mark.parametrize(
    ("length", "shown"), [(40, "n" * 40), (41, "n" * 40 + "...")], ids=["as long as may be", "longer"]
)
def test_a_long_name_is_cut_in_the_subject_alone(length: int, shown: str) -> None:
    sent = compose(replace(STARTED, request=replace(request(), model="n" * length)))
    assert sent.subject == f"[INFO] {shown} is RUNNING"
    assert sent.headline.startswith("n" * length + " ")


@pytest.mark.parametrize(
    ("length", "shown"), [(91, "E" * 91), (92, "E" * 88 + "...")], ids=["as long as may be", "longer"]
)
def test_a_subject_that_would_be_too_long_is_cut_to_99_characters(length: int, shown: str) -> None:
    sent = notification(Content(Outcome.START_FAILED, "key", Text("E" * length, "It failed.")))
    assert sent.subject == f"[ERROR] {shown}"
    assert len(sent.subject) == 99


def test_what_is_not_known_is_not_reported() -> None:
    sent = notification(Content(Outcome.MODEL_STOPPED, "key", Text("defects is stopped", "It is.")))
    assert sent.severity == "INFO"
    assert sent.sections == {}
    assert set(sent.detail) == {"schema_version", "NotificationId", "Outcome", "Severity"}


@pytest.mark.parametrize(("outcome", "severity"), [(Outcome.MODEL_STOPPED, "INFO"), (Outcome.MODEL_DOWN, "ERROR")])
def test_a_message_is_as_severe_as_its_outcome_unless_it_has_a_warning(outcome: Outcome, severity: str) -> None:
    content = Content(outcome, "key", Text("defects", "It is."), ARN)
    assert notification(content).severity == severity
    assert notification(replace(content, warned=True)).severity == ("WARNING" if severity == "INFO" else severity)


def test_a_text_of_several_lines_is_reported_on_one() -> None:
    sent = notification(Content(Outcome.MODEL_STOPPED, "key", Text("s", "h", what_happened=["One.\nTwo."])))
    assert sent.sections["What happened"] == ["One. Two."]


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        (["x" * 2500], ["x" * 2500]),
        (["x" * 2501], ["x" * 2497 + "..."]),
        (["One."] * 60, ["One."] * 60),
        (["One."] * 61, [*["One."] * 60, "and 1 lines more"]),
        (["One.", " ", "Two."], ["One.", "Two."]),
    ],
    ids=["a line as long as may be", "longer", "as many lines as may be", "more", "a blank one"],
)
def test_a_section_has_sixty_lines_of_2500_characters_at_the_most(lines: list[str], sent: list[str]) -> None:
    content = Content(Outcome.MODEL_STOPPED, "key", Text("s", "h", what_happened=lines))
    assert notification(content).sections["What happened"] == sent


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize(("seconds", "sent"), [(59.999, "2026-11-24 07:00 UTC"), (60, "2026-11-24 07:01 UTC")])
def test_a_time_is_reported_to_the_minute_that_has_begun_in_utc(seconds: float, sent: str) -> None:
    """A lease holds until then at the least."""
    moment = NOW + timedelta(seconds=seconds)
    assert clock(moment) == clock(moment.astimezone(timezone(timedelta(hours=2)))) == sent


def test_a_time_is_reported_in_the_zones_that_matter_too_with_the_date_where_that_is_another() -> None:
    assert clock(NOW, ["Europe/Berlin"]) == "2026-11-24 07:00 UTC (08:00 Europe/Berlin)"
    late = NOW + timedelta(hours=10)
    assert clock(late, ["Asia/Tokyo", "UTC"]) == "2026-11-24 17:00 UTC (2026-11-25 02:00 Asia/Tokyo)"


def test_the_event_has_the_facts_of_the_contract() -> None:
    detail = compose(ending_of(Models(), Context={"run": 7})).detail
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
    detail = compose(replace(failed(error), request=request(Context=7))).detail
    assert (detail["Error"], detail["Cause"]) == ("TimedOut", json.loads(str(error)))
    assert (detail["Context"], "Output" in detail) == (7, False)


def test_a_cause_that_is_too_large_is_reported_as_text_up_to_100_000_characters() -> None:
    room = 100_000 - len('{"Message": ""}')
    fits, large = (json.dumps({"Message": "x" * length}) for length in (room, room + 1))
    sent = [
        compose(replace(FAILURES[0], failure=Failure("ModelFailed", cause))).detail["Cause"] for cause in (fits, large)
    ]
    assert sent == [json.loads(fits), {"Message": large[:100_000]}]


def test_the_id_of_a_notification_is_its_executions_whatever_is_reported() -> None:
    ids = [compose(ending).notification_id for ending in (STARTED, ALREADY, *FAILURES)]
    assert set(ids) == {compose(STARTED).detail["NotificationId"]}
    assert compose(replace(STARTED, execution=execution("other"))).notification_id not in ids


def test_a_notification_survives_being_kept_as_json() -> None:
    sent = compose(STARTED)
    again = from_wire(Notification, json.loads(json.dumps(to_wire(sent))))
    assert (again.severity, again.outcome) == (Severity.INFO, Outcome.MODEL_STARTED)
    assert again == sent


@pytest.mark.parametrize(
    ("asks_silence", "duplicate_of", "silent"),
    [(True, None, True), (False, "arn:aws:states:...:first", True), (False, None, False)],
)
@pytest.mark.parametrize("succeeded", [True, False])
def test_nobody_is_notified_of_a_duplicate_or_where_the_input_asks_for_silence_however_it_ends(
    asks_silence: bool, duplicate_of: str | None, silent: bool, succeeded: bool
) -> None:
    asked = replace(request(), duplicate_of=duplicate_of)
    result = STARTED.result if succeeded else None
    failed_so = None if succeeded else failure(TimedOut(""))
    ending = Ending(START, execution(), asked, result=result, failure=failed_so, silent=asks_silence)
    assert ending.is_silent is silent


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (664, "11 min 4 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (7530, "2 h 5 min"),
        (172_799, "47 h 59 min"),
        (172_800, "2 days"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_stop_command_is_one_that_can_be_pasted() -> None:
    assert stop_command(ARN) == STOP
