"""What make verify-aws asks of AWS, against the emulator's TestState: it is whole, right, and notices what is wrong.

Whoever changes a definition records anew what its states do, by ``RENEW_GOLDEN=1 .venv/bin/pytest tests/verify -n 0``,
and reads the difference in ``tools/verify/expected``.
"""

import io
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.settings.settings import Settings
from tests.infra.configurations import MINIMAL
from tests.verify.stand_in import StandIn
from tools.asl import StateMachine, state_machines
from tools.verify import template
from tools.verify.cases import programs
from tools.verify.given import HOME
from tools.verify.record import record_of, recorded, write
from tools.verify.verification import Row, StepFunctions, observed, rows

# The emulator's patches stay in a process; the unpatched moto of other tests would trip over them.
pytestmark = pytest.mark.large

Json = Any
MACHINES = {machine.name: machine for machine in state_machines()}
UNTYPED = (".sync:2", ":lambda:invoke", ".waitForTaskToken")
"""What is mocked without validation."""
EVERY_MACHINE = pytest.mark.parametrize("name", MACHINES)


def record_of_machine(name: str) -> Mapping[str, Json]:
    return {program: states for program, states in recorded().items() if program.partition("/")[0] == name}


def verified(machine: StateMachine, client: StandIn | None = None) -> Sequence[Row]:
    return [*rows(StepFunctions(client or StandIn()), [machine], record_of_machine(machine.name))]


@EVERY_MACHINE
def test_each_way_through_each_state_is_as_recorded(name: str) -> None:
    client = StandIn()
    machine = MACHINES[name]
    if os.environ.get("RENEW_GOLDEN"):
        write(name, record_of(observed(StepFunctions(client), [machine], {}), programs([machine])))
    found = verified(machine, client)
    assert [row for row in found if row.differences] == [], "RENEW_GOLDEN=1 records it anew: read what git diff says"
    for request in client.asked:
        assert is_polite(request), request


def is_polite(request: Mapping[str, Json]) -> bool:
    """Whether nothing of the account can be called, and TestState takes the request."""
    state = json.loads(request["definition"])["States"][request["stateName"]]
    mode = request.get("mock", {}).get("fieldValidationMode")
    return (
        "roleArn" not in request
        and "variables" in request
        and ("mock" in request) == (state["Type"] in ("Task", "Map"))
        and ("context" in request) == (state["Type"] == "Task")
        and (mode == "NONE") == (mode is not None and state["Resource"].endswith(UNTYPED))
    )


@EVERY_MACHINE
def test_each_state_choice_retry_and_catch_has_its_case(name: str) -> None:
    record = record_of_machine(name)
    for program in programs([MACHINES[name]]):
        for state, written in program.states.items():
            seen = record[program.name][state].values()
            targets = {written[one] for one in ("Next", "Default") if one in written}
            targets |= {rule["Next"] for rule in written.get("Choices", ())}
            assert targets <= {one.get("Next") for one in seen}, (program.name, state)
            for target, rules in Counter(one["Next"] for one in written.get("Choices", ()) if "Output" in one).items():
                passed_on = {json.dumps(one["Output"]) for one in seen if one.get("Next") == target}
                assert len(passed_on) >= rules, (program.name, state, "a rule has no case")
            assert {one["Retry"] for one in seen if "Retry" in one} == set(range(len(written.get("Retry", ())))), state
            assert {one["Catch"] for one in seen if "Catch" in one} == set(range(len(written.get("Catch", ())))), state


def misspelt(name: str) -> Callable[[Json], None]:
    """A mistake: a name of an error, of which a letter is missing."""

    def change(state: Json) -> None:
        for block in (*state["Retry"], *state["Catch"]):
            block["ErrorEquals"] = [name[:-1] if one == name else one for one in block["ErrorEquals"]]

    return change


def changed(field: str, value: Json) -> Callable[[Json], None]:
    """A mistake: another value in a field."""
    return lambda state: state.update({field: value})


def another_pause(state: Json) -> None:
    state["Retry"][1]["IntervalSeconds"] = 34


MISTAKES: Mapping[str, Callable[[Json], None]] = {
    "Prepare the request": misspelt("Lambda.SdkClientException"),
    "Check the model": misspelt("ModelNotFound"),
    "What next?": changed("Default", "Wait"),
    "Stop the model": changed("Next", "Check the model"),
    "Wait": changed("Seconds", "{% $next.Seconds %}"),
    "Notify: stopped or kept running": another_pause,
    "Model is stopped or kept running": changed("Output", "{% $result. %}"),
    "Unknown action": changed("Assign", {"failure": {"Error": "ServiceUnavailable", "Cause": "{% $string({}) %}"}}),
    "Notify: failed": changed("Catch", []),
    "Stop failed": changed("Error", "{% $failure.Cause %}"),
}
"""One in each state of StopModel."""


def test_each_mistake_in_a_definition_is_a_difference_where_it_is() -> None:
    definition = MACHINES["stop_model"].definition
    for state, change in MISTAKES.items():
        change(definition["States"][state])
    found = verified(StateMachine("stop_model", json.dumps(definition)))
    assert {row.state for row in found if row.differences} == MISTAKES.keys() == definition["States"].keys()
    assert any("Catch: expected 0, seen 1" in row.differences for row in found if row.branch == "ModelNotFound")


def test_a_transition_that_leads_nowhere_is_said_before_any_state_is_tested() -> None:
    definition = MACHINES["stop_model"].definition
    definition["States"]["Wait"]["Next"] = "Check the modle"
    whole, *states = verified(StateMachine("stop_model", json.dumps(definition)))
    assert "Missing 'Next' target: Check the modle" in whole.seen
    assert whole.differences
    assert all(row.seen.startswith("An error occurred (InvalidDefinition)") for row in states)


def test_no_more_calls_are_made_than_so_many_a_second() -> None:
    now, pauses = [100.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    stepfunctions = StepFunctions(StandIn(), per_second=4, sleep=sleep, clock=lambda: now[0])
    for _ in range(3):
        stepfunctions.problems_of("{}")
    assert pauses == [0, 0.25, 0.25]


def test_what_is_asked_is_of_the_account_of_who_asks_and_what_is_seen_of_the_recorded_one() -> None:
    client = StandIn()
    machine = MACHINES["drain_inbox"]
    found = [*rows(StepFunctions(client, home="eu-west-1:444455556666"), [machine], record_of_machine(machine.name))]
    assert [row for row in found if row.differences] == []
    assert HOME not in json.dumps(client.asked)
    assert "arn:aws:lambda:eu-west-1:444455556666:function:" in client.asked[0]["definition"]


# --- The template -----------------------------------------------------------------------------------------------------


class Aws(NamedTuple):
    account: str
    version: int | None

    def bootstrap_version(self, region: str) -> int | None:
        return self.version if region else None


(SETTINGS,) = Settings.of_places(MINIMAL, folder=Path())


@pytest.mark.parametrize(
    ("aws", "says"),
    [
        (Aws("444455556666", 20), "these credentials are of the account 444455556666"),
        (Aws(SETTINGS.account, 0), "it is not bootstrapped: make bootstrap"),
        (Aws(SETTINGS.account, None), "whether it is bootstrapped can't be read"),
    ],
)
def test_a_template_that_cannot_be_validated_is_left_out_and_said(aws: Aws, says: str) -> None:
    out = io.StringIO()
    assert template.validated([SETTINGS], aws, out) == 0
    assert f"not checked: {says}" in out.getvalue()


@pytest.mark.parametrize(
    ("code", "said", "end"),
    [
        (0, "Validation did not find any problems.\n", "valid."),
        (1, "BucketName: is taken.\n", "refused."),
        (0, f"{template.UNASKED} for stack 'X': Access Denied\n", "not validated, as the CDK CLI says above."),
    ],
)
def test_the_pinned_cli_validates_the_template_of_a_place(
    code: int, said: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def cdk_heard(arguments: Sequence[str]) -> tuple[int, str]:
        asked.append(arguments)
        return code, said

    monkeypatch.setattr(template, "cdk_heard", cdk_heard)
    monkeypatch.setattr(template, "CDK", Path(__file__))
    out = io.StringIO()
    assert template.validated([SETTINGS], Aws(SETTINGS.account, 20), out) == (end != "valid.")
    assert asked == [["validate", SETTINGS.stack_id, "--unstable=validate", "--online"]]
    assert out.getvalue().endswith(f"{said}Template for {SETTINGS.place}: {end}\n")
