"""Every Retry and Catch stands once: the definitions are as statemachine/policies.json and their Comments say."""

import json
import re
from itertools import chain
from typing import Any

import pytest

from tools.asl import StateMachine, state_machines
from tools.definitions import POLICIES, DefinitionError, differences, formatted, main, policies_for, stamped
from tools.schemas import bounded, path_of, shared

WRITTEN: Any = json.loads(POLICIES.read_text("utf-8"))
MACHINES = state_machines()
PROGRAMS = [*MACHINES, *(child for machine in MACHINES for child in machine.children.values())]
(START_MODEL,) = (machine for machine in MACHINES if machine.name == "start_model")


def test_every_state_has_the_policies_that_it_names() -> None:
    assert main(["--check"]) is None, "run 'make definitions'"


def test_every_policy_and_list_of_errors_has_a_reason_and_a_use() -> None:
    comments = "\n".join(state.get("Comment", "") for machine in PROGRAMS for state in machine.states.values())
    blocks = [block for kind in ("Retry", "Catch") for each in WRITTEN[kind].values() for block in each["Blocks"]]
    for kind in ("Retry", "Catch"):
        named = set(chain(*(one.split(", ") for one in re.findall(rf"{kind}: ([\w, -]+?)(?:\.|, then)", comments))))
        assert named == WRITTEN[kind].keys()
    assert {name for block in blocks for name in block["ErrorEquals"] if " " in name} == WRITTEN["Errors"].keys()
    assert all(each["Reason"] for kind in ("Errors", "Retry", "Catch") for each in WRITTEN[kind].values())


@pytest.mark.parametrize(
    ("machine", "own"),
    [("run_with_model", {"LeaseId"}), ("stop_model", {"ProjectVersionArn", "LeaseId", "TimeoutSeconds"})],
)
def test_a_field_of_a_start_is_described_alike_wherever_it_is_taken(machine: str, own: set[str]) -> None:
    start = json.loads(path_of("start_model").read_text("utf-8"))["properties"]
    written = json.loads(path_of(machine).read_text("utf-8"))
    older = {**written, "properties": dict(written["properties"])}
    older["properties"]["PollSeconds"] = {"type": "string"}
    assert shared(machine, older) == written
    has = written["properties"]
    assert {name for name in has.keys() & start.keys() if has[name] != start[name]} == own


def test_a_run_takes_whatever_a_start_takes_but_an_extension() -> None:
    written = json.loads(path_of("run_with_model").read_text("utf-8"))
    fewer = {name: field for name, field in written["properties"].items() if name != "WaitForCapacity"}
    assert shared("run_with_model", {**written, "properties": fewer}) == written
    start = json.loads(path_of("start_model").read_text("utf-8"))["properties"]
    assert written["properties"].keys() - {"Workload"} == start.keys() - {"ExtendOnly"}


def test_settings_of_a_start_have_its_bounds_wherever_they_stand_and_keep_what_else_they_say() -> None:
    lease = {"type": "integer", "minimum": 5, "maximum": 7, "default": 6}
    found = bounded({"properties": {"models": {"items": {"lease_minutes": lease, "idle_minutes": lease}}}})
    field = json.loads(path_of("start_model").read_text("utf-8"))["properties"]["LeaseMinutes"]
    as_a_start = {**lease, "minimum": field["minimum"], "maximum": field["maximum"]}
    assert found["properties"]["models"]["items"] == {"lease_minutes": as_a_start, "idle_minutes": lease}


@pytest.mark.parametrize("kind", ["Retry", "Catch"])
def test_a_state_that_differs_is_named_with_its_policy(kind: str) -> None:
    found = START_MODEL.definition
    found["States"]["Check the model"][kind][0]["ErrorEquals"].pop()
    named = {"Retry": "safe-to-repeat", "Catch": "contract-error, step-failed"}[kind]
    assert list(differences("start_model", found, stamped(found, policies_for("start_model")))) == [
        f"start_model, 'Check the model': its {kind} is not what policies.json says of '{named}'"
    ]


def test_a_new_state_needs_no_more_than_a_comment() -> None:
    comment = "Does it. Retry: safe-to-repeat. Catch: contract-error, prepare-failed, then 'Is it over?'."
    do = {"Type": "Task", "Comment": comment, "Assign": {"a": 1, "failure": {}, "b": 2}, "Next": "End"}
    made = stamped({"States": {"Do": do}}, WRITTEN)["States"]["Do"]
    assert list(made) == ["Type", "Comment", "Retry", "Catch", "Assign", "Next"]
    assert [list(catcher.get("Assign", ())) for catcher in made["Catch"]] == [["failure"], *[["failure", "a", "b"]] * 3]
    assert {catcher["Next"] for catcher in made["Catch"]} == {"Is it over?"}
    do["Comment"] = "Retry: notify. Catch: keep-the-failure."
    assert stamped({"States": {"Do": do}}, WRITTEN)["States"]["Do"]["Catch"][0]["Next"] == "End"


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        ("Does it.", "'Do': its Comment has to end with"),
        ("Retry: notify.", "'Do': its Comment has to end with"),
        ("Retry: notfy. Catch: keep-the-failure.", "no Retry policy 'notfy'; did you mean 'notify'?"),
        ("Retry: notify. Catch: notify.", "no Catch policy 'notify'"),
    ],
)
def test_a_policy_that_is_not_there_is_an_error(comment: str, says: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(says)):
        stamped({"States": {"Do": {"Type": "Task", "Comment": comment, "Next": "Do"}}}, WRITTEN)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_definition_is_the_same_in_whatever_format_it_arrives(machine: StateMachine) -> None:
    """Such as from Workflow Studio."""
    again = formatted(json.loads(json.dumps(machine.definition, indent=4)))
    assert f"{again}\n" == machine.text
    assert json.loads(again) == machine.definition
