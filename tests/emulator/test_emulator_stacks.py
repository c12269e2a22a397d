"""CloudFormation as its seams make it: custom resources, updates that fail, and deletions."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.deploy import DeployError, deploy_stack
from emulator.server import Emulator
from tests.deployed.executions import wait_until
from tests.emulator.stacks import deploy, function

ANSWERS = """
import json, urllib.request

def handler(event, context):
    print(json.dumps({name: event.get(name) for name in ("RequestType", "PhysicalResourceId", "ResourceProperties")}))
    wanted = event["ResourceProperties"]
    if "Silent" in wanted:
        raise ValueError("no answer")
    refused = wanted.get("Refuse") == event["RequestType"]
    answer = {
        "Status": "FAILED" if refused else "SUCCESS",
        "Reason": "It is in use.",
        "PhysicalResourceId": "made",
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    body, untyped = json.dumps(answer).encode(), {"Content-Type": ""}
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, untyped, method="PUT")).close()
"""
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}


def asks(**properties: object) -> dict[str, Any]:
    """A custom resource, its function, and something that is deleted after it."""
    service_token = {"Fn::GetAtt": ["Function", "Arn"]}
    resource = {
        "Type": "AWS::CloudFormation::CustomResource",
        "Properties": {"ServiceToken": service_token, **properties},
    }
    return {**function(ANSWERS), "Queue": QUEUE, "Asks": {**resource, "DependsOn": ["Queue"]}}


def asked(emulator: Emulator, name: str) -> list[tuple[str, str | None, dict[str, str]]]:
    """Which requests the function got, with the id that was known, and the properties but for the function."""
    lines = [json.loads(line) for line in emulator.runtime.logs(name) if line.startswith('{"RequestType"')]
    without = [{key: one for key, one in line["ResourceProperties"].items() if key != "ServiceToken"} for line in lines]
    return [(line["RequestType"], line["PhysicalResourceId"], rest) for line, rest in zip(lines, without, strict=True)]


def happened(emulator: Emulator, stack: str) -> list[tuple[str, str, str | None]]:
    """The events of a stack, the last first."""
    events = emulator.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [(one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason")) for one in events]


def delete(emulator: Emulator, stack: str) -> str:
    """Delete a stack; how that ended."""
    cloudformation = emulator.client("cloudformation")
    cloudformation.delete_stack(StackName=stack)

    def ended() -> str:
        try:
            status: str = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except ClientError:
            return "DELETE_COMPLETE"
        return "" if status.endswith("IN_PROGRESS") else status

    return wait_until(ended)


def test_the_function_of_a_custom_resource_is_called_at_each_step(bare: Emulator) -> None:
    name = deploy(bare, asks(Size=1), name="asking")["Function"]
    deploy(bare, asks(Size=2), name="asking")
    deploy(bare, asks(Size=2), {"Other": QUEUE}, name="asking")  # it does not change
    assert delete(bare, "asking") == "DELETE_COMPLETE"
    assert asked(bare, name) == [
        ("Create", None, {"Size": "1"}),
        ("Update", "made", {"Size": "2"}),
        ("Delete", "made", {"Size": "2"}),
    ]


def test_where_it_refuses_its_deletion_nothing_is_deleted_until_it_agrees(bare: Emulator) -> None:
    outputs = deploy(bare, asks(Refuse="Delete"), name="refusing")
    assert delete(bare, "refusing") == "DELETE_FAILED"
    failed, why, *_ = happened(bare, "refusing")
    assert failed == ("refusing", "DELETE_FAILED", "The following resource(s) failed to delete: [Asks].")
    assert why[:2] == ("Asks", "DELETE_FAILED")
    assert why[2] == "Received response status [FAILED] from custom resource. Message: It is in use."
    assert bare.client("sqs").list_queues(QueueNamePrefix=outputs["Queue"].rpartition("/")[2])["QueueUrls"]
    with pytest.raises(DeployError, match="is in DELETE_FAILED state and can not be updated"):
        deploy(bare, asks(), name="refusing")
    assert delete(bare, "refusing") == "DELETE_FAILED"
    assert [kind for kind, *_ in asked(bare, outputs["Function"])] == ["Create", "Delete", "Delete"]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [({"Silent": "yes"}, "did not answer: ValueError"), ({"Refuse": "Create"}, "It is in use")],
)
def test_one_that_can_not_be_made_fails_the_deploy(properties: dict[str, str], reason: str, bare: Emulator) -> None:
    with pytest.raises(DeployError, match=reason):
        deploy(bare, asks(**properties))


def test_an_update_that_fails_is_undone(bare: Emulator) -> None:
    """AWS removes what is not in the new template last."""

    def queues() -> list[str]:
        found: list[str] = bare.client("sqs").list_queues(QueueNamePrefix="undone").get("QueueUrls", [])
        return sorted(url.rpartition("/")[2] for url in found)

    def queue(name: str) -> dict[str, Any]:
        return {name: {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"undone-{name}"}}}

    bus = {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "default"}}}
    deploy(bare, queue("kept"), queue("removed"), name="undone")
    with pytest.raises(DeployError, match="already exists"):
        deploy(bare, queue("kept"), queue("added"), bus, name="undone")
    assert queues() == ["undone-kept", "undone-removed"]
    assert [status for _, status, _ in happened(bare, "undone")][:3] == [
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_FAILED",
    ]
    deploy(bare, queue("kept"), queue("added"), name="undone")
    assert queues() == ["undone-added", "undone-kept"]


def test_a_failure_is_told_and_not_the_one_before(bare: Emulator) -> None:
    deploy(bare, asks(), name="failing")
    for properties, reason in (({"Silent": "yes"}, "did not answer"), ({"Refuse": "Update"}, "It is in use")):
        with pytest.raises(DeployError, match=reason):
            deploy(bare, asks(**properties), name="failing")


def test_a_managed_policy_is_taken_from_its_role_and_both_are_deleted(bare: Emulator) -> None:
    parts = function("def handler(event, context): return event")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    policy = {"Path": "/", "Description": "", "PolicyDocument": document, "Roles": [{"Ref": "FunctionRole"}]}
    template = {"Resources": {**parts, "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": policy}}}
    deploy_stack("attached", json.dumps(template), bare.client("cloudformation"))
    assert delete(bare, "attached") == "DELETE_COMPLETE"
    assert "attached-" not in str(bare.client("iam").list_policies(Scope="Local")["Policies"])
