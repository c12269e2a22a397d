"""Step Functions: what is refused has a name, and harms nobody else."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import api

from emulator.server import Emulator

JSONPATH = {"StartAt": "A", "States": {"A": {"Type": "Pass", "ResultPath": "$.x", "End": True}}}
REFUSED = {"QueryLanguage": "JSONata", **JSONPATH}
"""``ResultPath`` is JSONPath's."""


def create(emulator: Emulator, definition: object, name: str | None = None) -> str:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    role = f"arn:aws:iam::{emulator.account_id}:role/any"
    stepfunctions = emulator.client("stepfunctions")
    created = stepfunctions.create_state_machine(name=name or f"m-{uuid.uuid4()}", definition=text, roleArn=role)
    arn: str = created["stateMachineArn"]
    return arn


def refusal(call: Callable[..., Any], *given: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(*given, **more)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize("definition", [REFUSED, "{", "nothing", {"StartAt": "A"}])
def test_a_refused_definition_is_named_and_the_next_one_is_read_as_ever(bare: Emulator, definition: object) -> None:
    code, message = refusal(create, bare, definition)
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ")
    create(bare, JSONPATH)


PASS = {"Type": "Pass", "End": True}
LOST = {"Type": "Pass", "Next": "B"}


@pytest.mark.parametrize(
    ("states", "where"),
    [
        ({"B": PASS}, "/StartAt"),
        ({"A": LOST}, "/States/A/Next"),
        ({"A": {"Type": "Pass"}}, "[Next] at /States/A"),
        (
            {"A": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "A"}], "Default": "B"}},
            "Default",
        ),
        ({"A": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "B"}]}}, "A/Choices[0]/Next"),
        (
            {"A": {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "A", "States": {"A": LOST}}]}},
            "s[0]/States/A",
        ),
        (
            {"A": {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "A", "States": {"A": LOST}}}},
            "A/ItemProcessor/",
        ),
    ],
)
def test_a_transition_that_leads_nowhere_is_refused(bare: Emulator, states: dict[str, Any], where: str) -> None:
    code, message = refusal(create, bare, {"StartAt": "A", "States": states})
    assert code == "InvalidDefinition"
    assert where in message


def test_an_update_that_is_refused_leaves_the_machine_as_it_was(bare: Emulator) -> None:
    arn = create(bare, JSONPATH)
    stepfunctions = bare.client("stepfunctions")
    update = {"stateMachineArn": arn, "definition": json.dumps(REFUSED)}
    assert refusal(stepfunctions.update_state_machine, **update)[0] == "InvalidDefinition"
    assert json.loads(stepfunctions.describe_state_machine(stateMachineArn=arn)["definition"]) == JSONPATH


def test_a_template_with_a_refused_definition_is_answered_as_cloudformation_answers(bare: Emulator) -> None:
    properties = {"RoleArn": f"arn:aws:iam::{bare.account_id}:role/any", "DefinitionString": json.dumps(REFUSED)}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = json.dumps({"Resources": {"Machine": machine}})
    create_stack = bare.client("cloudformation").create_stack
    code, message = refusal(create_stack, StackName=f"refused-{uuid.uuid4()}", TemplateBody=template)
    assert code == "InvalidDefinition"
    assert "SCHEMA_VALIDATION_FAILED" in message


def test_definitions_are_read_side_by_side(bare: Emulator) -> None:
    def outcome(number: int) -> bool:
        try:
            create(bare, (JSONPATH, REFUSED)[number % 2])
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(outcome, range(16))) == [True, False] * 8


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"name": "a b"}, "InvalidName"),
        ({"name": "x" * 81}, "ValidationException"),
        ({"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:none"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": "nonsense"}, "InvalidArn"),
    ],
)
def test_a_start_that_is_refused_is_named(bare: Emulator, given: dict[str, str], code: str) -> None:
    start = {"stateMachineArn": create(bare, JSONPATH), **given}
    assert refusal(bare.client("stepfunctions").start_execution, **start)[0] == code


def test_every_error_of_the_parser_has_its_name() -> None:
    errors = [one for one in vars(api).values() if isinstance(one, type) and issubclass(one, AWSError)]
    names = {one.__name__: one.TYPE for one in errors if one is not AWSError}
    assert names["TaskTimedOut"] == "TaskTimedOut"
    assert all(name == said for name, said in names.items())
    assert str(api.TaskTimedOut().message).startswith("TaskTimedOut")  # type: ignore[call-arg]  # moto's generated classes
