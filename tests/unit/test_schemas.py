"""The JSON Schemas that are published as the contract, held against what the code says."""

import json
from importlib.resources import files
from typing import Any

import fastjsonschema
import pytest

from lifecycle.errors import CONTRACT, LifecycleError
from lifecycle.ports import ExecutionState
from lifecycle.results import Outcome, StartResult
from lifecycle.wire import Json, to_wire
from tests.unit.examples import ARN, NOW, execution
from tests.unit.test_requests import FIELDS, OPTIONAL
from tests.unit.twins import Models, Story, Tokens


def schema(name: str) -> dict[str, Any]:
    published: dict[str, Any] = json.loads(files("schemas").joinpath(f"{name}.schema.json").read_text("utf-8"))
    return published


INPUT, OUTPUT, CAUSE = map(schema, ("start_model.input", "start_model.output", "failure_cause"))
is_input, is_output, is_cause = map(fastjsonschema.compile, (INPUT, OUTPUT, CAUSE))

ALWAYS = {
    *("ProjectVersionArn", "ProjectArn", "Status", "Outcome", "MinInferenceUnits", "Polls"),
    *("LeaseId", "EstimatedHourlyCost", "Warnings"),
}
WHEN_RUNNING = {"RequestedAt", "RunningAt", "StartSeconds"}
SOMETIMES = {"Model", "MaxInferenceUnits", "LeaseExpiresAt", "DuplicateOf", "Decision", "Context"}

FIRST = execution("first")


def result(outcome: Outcome) -> StartResult:
    models = Models(script=[(0, "RUNNING")]) if outcome is Outcome.MODEL_ALREADY_RUNNING else Models()
    payload = {"Model": "defects", "ClientRequestToken": "t", "MaxInferenceUnits": 4, "Context": {"any": [1, None]}}
    tokens, story = Tokens(), Story(models, execution=FIRST)
    story.tokens = tokens
    if outcome is Outcome.DRY_RUN:
        return story.run({**payload, "DryRun": True})
    first = story.run(payload)
    if outcome is not Outcome.DUPLICATE:
        return first
    ended = ExecutionState("SUCCEEDED", NOW, to_wire(first))
    return Story(models, {FIRST.id: (0, ended)}, tokens).run(payload)


SUCCESSES = [Outcome.MODEL_STARTED, Outcome.MODEL_ALREADY_RUNNING, Outcome.DUPLICATE, Outcome.DRY_RUN]


def test_the_input_schema_has_the_fields_of_the_contract() -> None:
    assert set(INPUT["properties"]) == FIELDS == {"Model", "ProjectVersionArn", *OPTIONAL}


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_each_field_is_described_and_its_examples_are_valid(name: str) -> None:
    field = INPUT["properties"][name]
    assert field["description"]
    for value in field.get("examples", []):
        is_input({"Model": "defects"} | {name: value} if name != "ProjectVersionArn" else {name: value})
        assert "default" not in field or type(field["default"]) is type(value)


@pytest.mark.parametrize("payload", [{}, {"Model": "defects", "ProjectVersionArn": ARN}])
def test_the_input_schema_asks_for_exactly_one_name_of_the_model(payload: Json) -> None:
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        is_input(payload)


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


@pytest.mark.parametrize("error", CONTRACT)
def test_the_cause_of_each_error_is_as_published(error: type[LifecycleError]) -> None:
    bare = json.loads(str(error("Why.")))
    full = json.loads(str(error("Why.", project_version_arn=ARN, status="FAILED", status_message="Bad", remedy="Do.")))
    is_cause(bare)
    is_cause(full)
    assert (set(bare), set(full)) == (set(CAUSE["required"]), set(CAUSE["properties"]))
    assert (bare["Remedy"], full["Remedy"]) == (error.remedy, "Do.")


def test_the_contract_has_its_nine_errors() -> None:
    assert {error.__name__ for error in CONTRACT} == {
        *("InvalidRequest", "ModelNotFound", "ModelNotStartable", "ModelFailed", "ModelStopped"),
        *("AccessDenied", "CapacityExceeded", "ServiceUnavailable", "TimedOut"),
    }
