"""Templates that CloudFormation refuses: nothing is made, the reason is said, and the same name can be used again."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.server import Emulator
from emulator.templates import template_problem

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {}}


def topic(name: object, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}, **more}


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{", "not well-formed"),
        ("a: [", "not well-formed"),
        ("[]", "unsupported structure"),
        ({}, "At least one Resources member"),
        ({"Resources": {}}, "At least one Resources member"),
        ({"Resources": {"A": {}}}, "Every Resources object must contain a Type"),
        ({"Resources": {"A": topic({"Ref": "Nope"})}}, "[Nope] in the Resources block"),
        ({"Resources": {"A": topic({"Fn::Sub": "${Nope.Arn}"})}}, "[Nope] in the Resources block"),
        ({"Resources": {"A": topic("a", DependsOn="Nope")}}, "[Nope] in the Resources block"),
        ({"Resources": {"A": topic({"Ref": "B"}), "B": topic({"Fn::GetAtt": ["A", "TopicName"]})}}, "[A, B]"),
    ],
)
def test_a_template_that_can_not_be_right_makes_nothing(bare: Emulator, template: Any, reason: str) -> None:
    cloudformation, name = bare.client("cloudformation"), f"refused-{uuid.uuid4()}"
    text = template if isinstance(template, str) else json.dumps(template)
    with pytest.raises(ClientError) as refusal:
        cloudformation.create_stack(StackName=name, TemplateBody=text)
    error = refusal.value.response["Error"]
    assert error["Code"] == "ValidationError"
    assert reason in error["Message"]
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Topic": TOPIC}}))
    with pytest.raises(ClientError, match="ValidationError"):
        cloudformation.update_stack(StackName=name, TemplateBody=text)
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "template",
    [
        {"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": topic({"Ref": "P"})}},
        {"Resources": {"A": topic({"Fn::Sub": "${AWS::Region}-${!literal}"})}},
        {"Resources": {"A": topic({"Fn::Sub": ["${own}-${B}", {"own": {"Ref": "B"}}]}), "B": TOPIC}},
        {"Resources": {"A": topic("a", DependsOn=["B"]), "B": TOPIC}},
        {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": topic({"Ref": "MadeByTheMacro"})}},
    ],
)
def test_what_refers_to_what_there_is_is_right(template: Any) -> None:
    assert template_problem(template) is None
