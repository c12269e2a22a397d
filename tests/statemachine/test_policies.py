"""What is tried again and what is caught: the rules that policies.json keeps, and that every state has its policies."""

import json
import re
from collections.abc import Iterator
from typing import Any

import fastjsonschema
import pytest
from jsonata import Jsonata

from lifecycle import errors
from lifecycle.adapters import rekognition
from lifecycle.detect_batch import steps as batch_steps
from lifecycle.detect_batch.errors import BATCH_ERRORS
from lifecycle.inbox import opening
from lifecycle.inbox.errors import INBOX_ERRORS
from lifecycle.run_with_model import steps as run_steps
from lifecycle.start_model import steps as start_steps
from lifecycle.stop_model import steps as stop_steps
from tests.statemachine.graph import (
    CALLS,
    EVERY_ONE,
    TASKS,
    WAITING,
    each,
    every_call,
    every_one,
    every_task,
    function_of,
    lifecycle_machine,
    machine_called,
)
from tools.asl import DEFINITIONS, StateMachine, expressions
from tools.templates import Template

Json = Any

# What Lambda and Step Functions report themselves, as the Step Functions Developer Guide names them.
DIED = {"Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError", "Runtime.OutOfMemory", "States.Timeout"}
UNCLEAR = DIED | {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
}
REFUSED = {"ServiceUnavailable", "Lambda.TooManyRequestsException"}
NOT_STARTED = {
    "StepFunctions.AWSStepFunctionsException",
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.KmsThrottlingException",
    "StepFunctions.SdkClientException",
}
UNFIT = {"States.DataLimitExceeded", "States.QueryEvaluationError", "Runtime.UnmarshalError"}
"""An input that is too large for Step Functions, or that JSONata, or Lambda's runtime, can't read."""
CONTRACT = {error.__name__ for error in errors.CONTRACT}
OWN = CONTRACT | {error.__name__ for error in (*BATCH_ERRORS, *INBOX_ERRORS)}
PRIVATE = {"NoAnswer", "RateLimited"}
"""Errors of functions that no execution ends with."""
LAMBDA_START_UP_SECONDS = 10

STEPS = {
    ("start_model", "prepare"): start_steps.prepare,
    ("start_model", "check"): start_steps.check,
    ("start_model", "start"): start_steps.request_start,
    ("stop_model", "prepare"): stop_steps.prepare,
    ("stop_model", "check"): stop_steps.check,
    ("stop_model", "stop"): stop_steps.request_stop,
    ("run_with_model", "prepare"): run_steps.prepare,
    ("run_with_model", "check"): run_steps.follow,
    ("detect_batch", "detect_batch_prepare"): batch_steps.prepare,
    ("detect_batch", "detect_batch_summarise"): batch_steps.summarise,
    ("drain_inbox", "inbox_open"): opening.open_inbox,
}
"""What each function runs, whose docstring says what it raises. Notify is left out: whatever it raises is caught."""
OF_MODELS = [step for (machine, _), step in STEPS.items() if machine in ("start_model", "stop_model")]
START_OR_STOP = [(machine_called("start_model"), "Start the model"), (machine_called("stop_model"), "Stop the model")]


def retriers(machine: StateMachine, task: str) -> dict[str, dict[str, Json]]:
    """What is tried again, and how; no error may have two retriers, because only the first would count."""
    retried = [(error, retrier) for retrier in machine.states[task]["Retry"] for error in retrier["ErrorEquals"]]
    assert len(dict(retried)) == len(retried)
    return dict(retried)


def catchers(machine: StateMachine, task: str) -> dict[str, dict[str, Json]]:
    """What is caught, and how; no error may have two catchers either."""
    caught = [(error, catcher) for catcher in machine.states[task]["Catch"] for error in catcher["ErrorEquals"]]
    assert len(dict(caught)) == len(caught)
    return dict(caught)


def longest_wait(retrier: dict[str, Json]) -> float:
    """Seconds that all waits of a retrier take at most."""
    waits: Iterator[float] = (
        retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried for tried in range(retrier["MaxAttempts"])
    )
    return float(sum(min(seconds, retrier.get("MaxDelaySeconds", seconds)) for seconds in waits))


def raised_by(step: Any) -> set[str]:
    """What a step's docstring says that it raises."""
    names = set(re.findall(r"\w+", step.__doc__.split("Raises")[1]))
    return CONTRACT if "LifecycleError" in names else names & (OWN | PRIVATE)


def evaluated(template: str, **given: Json) -> Json:
    """A value of a definition, with these variables."""
    if not (found := list(expressions(template))):
        return template
    (expression,) = found
    context = {"State": {"Name": "Any", "RetryCount": given.pop("retries", 0)}}
    states = {"context": context, "errorOutput": given.pop("caught", {})}
    program = Jsonata(expression)
    program.register_lambda("parse", json.loads)  # Step Functions has it beside JSONata's own functions
    return program.evaluate(None, {**given, "states": states})


def _timeout(machine: StateMachine, task: str) -> int | None:
    """After how many seconds without a sign of life a Task has failed."""
    state = machine.states[task]
    seconds: int | None = state.get("HeartbeatSeconds" if (machine, task) in WAITING else "TimeoutSeconds")
    return seconds


# --- Retries ----------------------------------------------------------------------------------------------------------


@every_task
def test_a_task_is_timed_retried_and_caught(machine: StateMachine, task: str) -> None:
    state = machine.states[task]
    assert (_timeout(machine, task) is not None) == ((machine, task) in CALLS), (
        "a nested execution has a timeout of its own"
    )
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert not {"States.ALL", "States.TaskFailed"} & retriers(machine, task).keys()


@every_call
def test_a_task_outlasts_its_function(machine: StateMachine, task: str, stack: Template) -> None:
    """Else the state machine would go on while the function still acts."""
    assert (_timeout(machine, task) or 0) > function_of(machine, task, stack)[1]["Timeout"]


@every_call
def test_every_error_that_passes_is_retried(machine: StateMachine, task: str) -> None:
    left = {"States.Timeout"} if (machine, task) in WAITING else set()  # nobody looks after it any more
    assert retriers(machine, task).keys() - PRIVATE == (UNCLEAR | REFUSED) - left


@every_task
def test_what_is_refused_is_retried_slower_and_slower_and_spread(machine: StateMachine, task: str) -> None:
    for error, retrier in retriers(machine, task).items():
        if error in REFUSED | NOT_STARTED | {"RateLimited"}:
            assert retrier["BackoffRate"] >= 2, error
            assert retrier["JitterStrategy"] == "FULL", error
            assert retrier["MaxDelaySeconds"] == 60, error
            assert retrier["MaxAttempts"] >= 5, error


@every_call
def test_an_outage_of_five_minutes_is_outlasted_and_a_notification_holds_a_result_up_for_two(
    machine: StateMachine, task: str, stack: Template
) -> None:
    least, most = (100, 125) if function_of(machine, task, stack)[0] == "notify" else (300, 420)
    for error in REFUSED:
        assert least <= longest_wait(retriers(machine, task)[error]) <= most, error


def test_waiting_for_a_turn_outlasts_any_crowd() -> None:
    for machine in EVERY_ONE:
        if machine.name == "drain_inbox":
            continue  # it calls nobody whose turn it would have to wait for
        turn = retriers(machine, machine.definition["StartAt"])["RateLimited"]
        assert longest_wait(turn) > 3600


@each(("machine", "task"), START_OR_STOP)
def test_after_an_unclear_start_or_stop_nothing_follows_while_it_may_still_be_under_way(
    machine: StateMachine, task: str, stack: Template
) -> None:
    function = function_of(machine, task, stack)[1]
    for error in UNCLEAR | {"NoAnswer"}:
        retrier = retriers(machine, task)[error]
        assert retrier["IntervalSeconds"] > function["Timeout"] + LAMBDA_START_UP_SECONDS, error
        assert (retrier["BackoffRate"], retrier["JitterStrategy"]) == (1, "NONE"), error
        assert 60 < longest_wait(retrier) < 120, error


def test_these_are_the_functions_that_start_and_stop_models(stack: Template) -> None:
    """Or the test above would leave one out."""
    changing = {"rekognition:StartProjectVersion", "rekognition:StopProjectVersion"}

    def changes_models(function: dict[str, Json]) -> bool:
        granted = stack.grants[function["Role"].removeprefix("${").removesuffix(".Arn}")]
        return any(actions & changing for actions in granted.values())

    assert [call for call in CALLS if changes_models(function_of(*call, stack)[1])] == START_OR_STOP


@every_call
def test_a_notification_whose_function_died_is_sent_again_when_its_attempt_has_run_out(
    machine: StateMachine, task: str, stack: Template
) -> None:
    """Until then Powertools refuses another attempt, and a retry would be lost."""
    handler, function = function_of(machine, task, stack)
    for error in DIED if handler == "notify" else ():
        retrier = retriers(machine, task)[error]
        assert retrier["IntervalSeconds"] > function["Timeout"], error
        assert (retrier["BackoffRate"], retrier["JitterStrategy"]) == (1, "NONE"), error
        assert retrier["MaxAttempts"] >= 3, error


@each(("machine", "task"), [one for one in TASKS if one not in CALLS])
def test_an_execution_is_started_under_a_name_that_a_retry_meets_again(machine: StateMachine, task: str) -> None:
    assert re.fullmatch(r"\{% \$request\.\w+Name %\}", machine.states[task]["Arguments"]["Name"])
    assert retriers(machine, task).keys() == NOT_STARTED
    # A refusal by IAM has the name of a throttled call: it has to come to an end.
    assert 60 <= longest_wait(retriers(machine, task)["StepFunctions.AWSStepFunctionsException"]) <= 120


# --- Errors -----------------------------------------------------------------------------------------------------------


def test_the_definitions_know_each_of_our_errors_and_no_other() -> None:
    named = {error for one in TASKS for error in (*retriers(*one), *catchers(*one))}
    assert named == OWN | PRIVATE | UNCLEAR | REFUSED | NOT_STARTED | UNFIT | {"States.ALL"}


@pytest.mark.parametrize("step", OF_MODELS)
def test_a_step_says_every_error_that_the_service_can_answer_it(step: Any) -> None:
    gone = {"ModelNotFound"} if step in (stop_steps.prepare, stop_steps.request_stop) else set()  # gone is stopped
    assert {error.__name__ for error in rekognition._ERRORS.values()} - gone <= raised_by(step)
    assert ("NoAnswer" in raised_by(step)) == (step in (start_steps.request_start, stop_steps.request_stop))


@every_call
def test_what_a_function_can_raise_is_caught_by_name(machine: StateMachine, task: str, stack: Template) -> None:
    """Only then its Cause reaches the execution's; the last Catch, of anything else, makes its own."""
    handler, _ = function_of(machine, task, stack)
    caught = catchers(machine, task)
    if handler == "notify" or task == "Close the inbox":  # the end of neither changes how the execution ends
        assert caught.keys() == {"States.ALL"}
        return
    raised = raised_by(STEPS[machine.name, handler])
    assert raised <= caught.keys()
    for error in raised:
        failed = {"Error": error, "Cause": json.dumps({"errorMessage": "Why."})}
        assert evaluated(caught[error]["Assign"]["failure"]["Cause"], caught=failed) == "Why.", error
    assert (caught.keys() >= UNFIT) == (task == machine.definition["StartAt"]), "it alone is given the input"


@every_one
def test_an_input_that_no_function_can_read_is_refused_as_one_that_is_wrong(machine: StateMachine) -> None:
    name = machine.name.title().replace("_", "")
    for error in UNFIT:
        failure = catchers(machine, machine.definition["StartAt"])[error]["Assign"]["failure"]
        message = json.loads(evaluated(failure["Cause"], caught={"Error": error}))["Message"]
        assert failure["Error"] == "InvalidRequest"
        assert message.startswith(f"The input is not a {name} request:\n- input: is ")
        assert ("too large" in message) == (error == "States.DataLimitExceeded")


def test_every_error_of_a_batch_can_come() -> None:
    raised = [raised_by(step) for (machine, _), step in STEPS.items() if machine == "detect_batch"]
    assert set().union(*raised) == {error.__name__ for error in BATCH_ERRORS}


@each("machine", [machine for machine in EVERY_ONE if machine.name != "run_with_model"])
def test_each_failure_ends_with_an_error_of_the_contract(machine: StateMachine) -> None:
    """Whatever is caught; a run fails with its workload's own errors too."""
    assert {state["Error"] for state in machine.states.values() if state["Type"] == "Fail"} == {"{% $failure.Error %}"}
    for state in machine.states.values():
        for part in (state, *state.get("Catch", ())):
            if (assigned := part.get("Assign", {})).get("failure"):  # an empty one is none
                for error in part.get("ErrorEquals", ["States.ALL"]):
                    ends_with = evaluated(assigned["failure"]["Error"], caught={"Error": error})
                    assert ends_with in OWN
                    assert ends_with == error or error not in CONTRACT, "it keeps its name"


@each(("machine", "task"), START_OR_STOP)
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("retries", [0, 1])
def test_a_start_or_stop_that_may_have_been_carried_out_is_remembered_as_unclear(
    machine: StateMachine, task: str, retries: int, before: bool
) -> None:
    for error, catcher in catchers(machine, task).items():
        given = {"Polls": 7, "Unclear": before}
        refused = error in {"InvalidRequest", "ModelNotFound", "AccessDenied"}
        unclear = before or retries > 0 or not refused
        after = evaluated(catcher["Assign"]["progress"], progress=given, retries=retries)
        assert after == {"Polls": 7, "Unclear": unclear}, error


@every_one
@pytest.mark.parametrize("caught", [{"Error": "Lambda.Unknown", "Cause": '"' * 30_000}, {"Error": "States.Timeout"}])
def test_a_cause_that_the_definition_gives_keeps_the_contract(machine: StateMachine, caught: dict[str, str]) -> None:
    """Also where Step Functions gives none, as for States.Timeout."""
    valid = fastjsonschema.compile(json.loads((DEFINITIONS / "schemas/failure_cause.schema.json").read_text("utf-8")))
    causes = [f"{{% {one} %}}" for one in expressions(machine.definition) if one.startswith("$string(")]
    assert causes
    for cause in causes:
        said = evaluated(cause, caught=caught, request={}, next={"Action": "HOP"})
        assert len(said) < 32_768  # Step Functions' limit of a Cause
        valid(json.loads(said))
        assert caught["Error"] in said or "HOP" in said or "is nested too deep" in said or "too large" in said


STARTED = {"ExecutionArn": "arn:x", "Status": "FAILED"}


@pytest.mark.parametrize(
    ("error", "cause", "start", "workload", "says"),
    [
        ("States.TaskFailed", {**STARTED, "Error": "E", "Cause": "Why."}, "E", "E", "Why."),
        (
            "States.TaskFailed",
            {**STARTED, "Status": "ABORTED"},
            "ModelStopped",
            "WorkloadAborted",
            " as ABORTED: arn:x",
        ),
        ("States.TaskFailed", {**STARTED, "Status": "TIMED_OUT"}, "TimedOut", "TimedOut", " as TIMED_OUT: arn:x"),
        ("States.TaskFailed", '{"Error": "E", "Cause": "' + "x" * 32_768, "E", "E", "too long to be passed on"),
        ("StepFunctions.AWSStepFunctionsException", "Refused.", *["ServiceUnavailable"] * 2, "Exception Refused."),
    ],
)
def test_a_run_fails_as_what_it_has_started(error: str, cause: Json, start: str, workload: str, says: str) -> None:
    machine = machine_called("run_with_model")
    caught = {"Error": error, "Cause": cause if isinstance(cause, str) else json.dumps(cause)}
    for task, ends_with in (("Start the model", start), ("Run the workload", workload)):
        failure = catchers(machine, task)["States.ALL"]["Assign"]["failure"]
        assert evaluated(failure["Error"], caught=caught) == ends_with
        assert says in evaluated(failure["Cause"], caught=caught)
    notified = catchers(machine, "Start the model")["States.ALL"]["Assign"]["notified"]
    assert evaluated(notified, caught=caught) is (error == "States.TaskFailed")


@lifecycle_machine
@pytest.mark.parametrize("warnings", [[], ["one"], ["one", "two"]])
def test_a_notification_that_failed_only_adds_a_warning(machine: StateMachine, warnings: list[str]) -> None:
    (catcher,) = (one for task in machine.tasks.values() for one in task["Catch"] if "result" in one.get("Assign", {}))
    given = {"Status": "RUNNING", "Warnings": warnings}
    changed = evaluated(catcher["Assign"]["result"], caught={"Error": "E"}, result=given)
    assert changed == {**given, "Warnings": [*warnings, "The notification could not be sent: E"]}
