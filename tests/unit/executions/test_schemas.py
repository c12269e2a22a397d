"""The JSON Schemas that are published as the contract, held against what the code says."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Any

import fastjsonschema
import pytest

from lifecycle.errors import CONTRACT, LifecycleError
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.leases import Lease, PendingLease
from lifecycle.model.usage import Running
from lifecycle.ports import ExecutionState
from lifecycle.shared.wire import Json, to_wire
from tests.unit.examples import ARN, NOW, execution
from tests.unit.start_model.test_request import FIELDS, OPTIONAL
from tests.unit.stop_model.test_request import FIELDS as STOP_FIELDS
from tests.unit.stop_model.test_request import OPTIONAL as STOP_OPTIONAL
from tests.unit.twins import Models, StopStory, Story, Tokens


def schema(name: str) -> dict[str, Any]:
    published: dict[str, Any] = json.loads(files("schemas").joinpath(f"{name}.schema.json").read_text("utf-8"))
    return published


INPUT, OUTPUT, CAUSE = map(schema, ("start_model.input", "start_model.output", "failure_cause"))
STOP_INPUT, STOP_OUTPUT = map(schema, ("stop_model.input", "stop_model.output"))
is_input, is_output, is_cause = map(fastjsonschema.compile, (INPUT, OUTPUT, CAUSE))
is_stop_input, is_stop_output = map(fastjsonschema.compile, (STOP_INPUT, STOP_OUTPUT))
Check = Callable[[Json], Json]

ALWAYS = {
    *("ProjectVersionArn", "ProjectArn", "Status", "Outcome", "MinInferenceUnits", "Polls"),
    *("LeaseId", "EstimatedHourlyCost", "Warnings"),
}
WHEN_RUNNING = {"RequestedAt", "RunningAt", "StartSeconds"}
SOMETIMES = {
    *("Model", "MaxInferenceUnits", "LeaseExpiresAt", "LeaseExtendedFrom", "DuplicateOf", "Decision", "Context"),
    "Selection",
}

FIRST = execution("first")


def result(outcome: Outcome) -> Any:
    models = Models(script=[(0, "RUNNING")]) if outcome is Outcome.MODEL_ALREADY_RUNNING else Models()
    payload = {"Model": "defects", "ClientRequestToken": "t", "MaxInferenceUnits": 4, "Context": {"any": [1, None]}}
    tokens, story = Tokens(), Story(models, execution=FIRST)
    story.tokens = tokens
    if outcome is Outcome.DRY_RUN:
        return story.run({**payload, "DryRun": True})
    first = story.run(payload)
    if outcome is Outcome.LEASE_EXTENDED:
        extension = {"Model": "defects", "LeaseId": first.lease_id, "ExtendOnly": True, "Context": payload["Context"]}
        return story.run(extension)
    if outcome is not Outcome.DUPLICATE:
        return first
    ended = ExecutionState("SUCCEEDED", NOW, to_wire(first))
    return Story(models, {FIRST.id: (0, ended)}, tokens).run(payload)


SUCCESSES = [
    *(Outcome.MODEL_STARTED, Outcome.MODEL_ALREADY_RUNNING, Outcome.LEASE_EXTENDED),
    *(Outcome.DUPLICATE, Outcome.DRY_RUN),
]


INPUTS = [
    pytest.param(INPUT, is_input, FIELDS, OPTIONAL, id="StartModel"),
    pytest.param(STOP_INPUT, is_stop_input, STOP_FIELDS, STOP_OPTIONAL, id="StopModel"),
]


@pytest.mark.parametrize(("published", "check", "fields", "optional"), INPUTS)
def test_the_input_schemas_have_the_fields_of_the_contract(
    published: dict[str, Any], check: Check, fields: set[str], optional: dict[str, Any]
) -> None:
    assert set(published["properties"]) == fields == {"Model", "ProjectVersionArn", *optional}
    for name, field in published["properties"].items():
        assert field["description"]
        for value in field.get("examples", []):
            check({"Model": "defects"} | {name: value} if name != "ProjectVersionArn" else {name: value})
            assert "default" not in field or type(field["default"]) is type(value)


@pytest.mark.parametrize("payload", [{}, {"Model": "defects", "ProjectVersionArn": ARN}])
@pytest.mark.parametrize(("published", "check", "fields", "optional"), INPUTS)
def test_the_input_schemas_ask_for_exactly_one_name_of_the_model(
    published: dict[str, Any], check: Check, fields: set[str], optional: dict[str, Any], payload: Json
) -> None:
    assert len(published["oneOf"]) == len(fields - set(optional)) == 2
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        check(payload)


@pytest.mark.parametrize("outcome", SUCCESSES)
def test_the_output_of_each_outcome_is_as_published(outcome: Outcome) -> None:
    output = json.loads(json.dumps(to_wire(result(outcome))))
    is_output(output)
    assert output["Outcome"] == outcome
    needed = ALWAYS if outcome is Outcome.DRY_RUN else ALWAYS | WHEN_RUNNING
    assert needed <= set(output) <= needed | SOMETIMES
    assert output["Context"] == {"any": [1, None]}
    for name in needed:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            is_output({key: value for key, value in output.items() if key != name})


def test_the_output_schema_has_the_fields_and_outcomes_of_the_contract() -> None:
    assert set(OUTPUT["properties"]) == ALWAYS | WHEN_RUNNING | SOMETIMES
    assert OUTPUT["properties"]["Outcome"]["enum"] == SUCCESSES


# StopModel's output -------------------------------------------------------------------------------

STOP_ALWAYS = {"ProjectVersionArn", "Status", "Outcome", "Polls", "Warnings"}
STOP_WHEN: dict[Outcome, set[str]] = {
    Outcome.MODEL_STOPPED: {"RequestedAt", "StoppedAt", "StopSeconds"},
    Outcome.MODEL_ALREADY_STOPPED: {"RequestedAt", "StoppedAt", "StopSeconds"},
    Outcome.MODEL_KEPT_RUNNING: {"Leases", "EstimatedHourlyCost"},
    Outcome.DUPLICATE: {"DuplicateOf"},
    Outcome.DRY_RUN: {"Decision"},
}
STOP_SOMETIMES = {
    *("ProjectArn", "Model", "MinInferenceUnits", "LeaseId", "RunningSeconds", "EstimatedCost", "Context"),
    *("Selection", "OtherExecutions"),
}


def stop_result(outcome: Outcome) -> Any:
    """A result of this outcome, with all that it can have."""
    status = "STOPPED" if outcome is Outcome.MODEL_ALREADY_STOPPED else "RUNNING"
    payload = {"Model": "defects", "LeaseId": "shift", "ClientRequestToken": "t", "Context": {"any": [1, None]}}
    story = StopStory(Models(script=[(0, status)]), execution=execution("first", machine="StopModel"))
    ends = NOW + timedelta(hours=1)
    others = (Lease("night", NOW), Lease("day", NOW, ends)) if outcome is Outcome.MODEL_KEPT_RUNNING else ()
    waits = (PendingLease("batch", FIRST.id, ends),) if others else ()
    story.items.change(
        lambda item: replace(item, leases=(Lease("shift", NOW), *others), pending=waits, running=Running(NOW, 2))
    )
    if outcome is Outcome.DRY_RUN:
        return story.run({**payload, "DryRun": True})
    first = story.run(payload)
    if outcome is not Outcome.DUPLICATE:
        return first
    ended = ExecutionState("SUCCEEDED", NOW, to_wire(first))
    return StopStory(story.models, {story.execution.id: (0, ended)}, story.tokens).run(payload)


@pytest.mark.parametrize("outcome", STOP_WHEN)
def test_the_output_of_each_outcome_of_a_stop_is_as_published(outcome: Outcome) -> None:
    output = json.loads(json.dumps(to_wire(stop_result(outcome))))
    is_stop_output(output)
    needed = STOP_ALWAYS | STOP_WHEN[outcome]
    assert (output["Outcome"], output["Context"]) == (outcome, {"any": [1, None]})
    more = STOP_WHEN[Outcome.MODEL_STOPPED] if outcome is Outcome.DUPLICATE else set()
    assert needed | more <= set(output) <= needed | more | STOP_SOMETIMES
    for name in needed:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            is_stop_output({key: value for key, value in output.items() if key != name})
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        is_stop_output({**output, "Leased": True})


def test_the_output_schema_of_a_stop_has_the_fields_and_outcomes_of_the_contract() -> None:
    conditional = set().union(*STOP_WHEN.values())
    assert set(STOP_OUTPUT["properties"]) == STOP_ALWAYS | conditional | STOP_SOMETIMES
    assert STOP_OUTPUT["properties"]["Outcome"]["enum"] == list(STOP_WHEN)


@pytest.mark.parametrize("error", CONTRACT)
def test_the_cause_of_each_error_is_as_published(error: type[LifecycleError]) -> None:
    bare = json.loads(str(error("Why.")))
    full = json.loads(str(error("Why.", project_version_arn=ARN, status="FAILED", status_message="Bad", remedy="Do.")))
    is_cause(bare)
    is_cause(full)
    assert (set(bare), set(full)) == (set(CAUSE["required"]), set(CAUSE["properties"]))
    assert (bare["Remedy"], full["Remedy"]) == (error.remedy, "Do.")


def test_the_contract_has_its_ten_errors() -> None:
    assert {error.__name__ for error in CONTRACT} == {
        *("InvalidRequest", "ModelNotFound", "ModelNotStartable", "ModelFailed", "ModelStopped"),
        *("AccessDenied", "CapacityExceeded", "BudgetExceeded", "ServiceUnavailable", "TimedOut"),
    }
