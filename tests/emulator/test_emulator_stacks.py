"""CloudFormation as its seams make it: custom resources, updates that fail, and deletions."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.deploy import DeployError, deploy_stack
from emulator.seams import clients, stacks
from emulator.server import Emulator
from tests.deployed.executions import PATIENCE, wait_until
from tests.emulator.stacks import deploy, function, machine, rule

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


def test_a_failure_is_reported_and_not_the_one_before(bare: Emulator) -> None:
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


# --- What AWS refuses, that moto would do -----------------------------------------------------------------------------


def policy(name: str) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    properties = {"ManagedPolicyName": name, "Path": "/", "Description": "", "PolicyDocument": document}
    return {"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}


def test_a_managed_policys_name_is_global_in_the_account(bare: Emulator) -> None:
    deploy(bare, policy("everywhere"), name="first-region")
    template = json.dumps({"Resources": policy("everywhere")})
    with pytest.raises(DeployError, match="everywhere already exists"):
        deploy_stack("second-region", template, clients.client("cloudformation", "eu-west-1"))


def test_a_managed_policy_that_is_attached_to_somebody_holds_up_the_deletion(bare: Emulator) -> None:
    arn = deploy(bare, policy("for-people"), name="in-use")["Policy"]
    iam = bare.client("iam")
    iam.create_user(UserName="anna")
    iam.attach_user_policy(UserName="anna", PolicyArn=arn)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=arn)
    assert delete(bare, "in-use") == "DELETE_FAILED"
    assert ("Policy", "DELETE_FAILED", "Cannot delete a policy attached to entities.") in happened(bare, "in-use")
    iam.detach_user_policy(UserName="anna", PolicyArn=arn)
    assert delete(bare, "in-use") == "DELETE_COMPLETE"


def test_a_bus_with_rules_of_others_holds_up_the_deletion_and_the_stacks_own_go_before_it(bare: Emulator) -> None:
    bus = {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "ours"}}}
    own = {"Own": rule({"source": ["a"]}, EventBusName="ours", Name="own")}
    deploy(bare, bus, {"Own": {**own["Own"], "DependsOn": ["Bus"]}}, name="with-bus")
    events = bare.client("events")
    events.put_rule(Name="theirs", EventBusName="ours", EventPattern=json.dumps({"source": ["a"]}))
    assert delete(bare, "with-bus") == "DELETE_FAILED"
    assert [one["Name"] for one in events.list_rules(EventBusName="ours")["Rules"]] == ["theirs"]
    events.delete_rule(Name="theirs", EventBusName="ours")
    assert delete(bare, "with-bus") == "DELETE_COMPLETE"


def test_an_execution_is_ended_at_its_next_transition_and_one_that_makes_none_holds_up_the_deletion(
    bare: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = {"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Again"}, "Again": {"Type": "Pass", "Next": "Wait"}}
    for name, states, seconds, ends in (
        ("loops", loop, PATIENCE, "DELETE_COMPLETE"),
        ("waits", {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}, 1, "DELETE_FAILED"),
    ):
        monkeypatch.setattr(stacks, "_DELETION_SECONDS", seconds)
        parts = machine(states) | function("def handler(event, context): return event")
        arn = deploy(bare, parts, name=name)["Machine"]
        stepfunctions = bare.client("stepfunctions")
        started = stepfunctions.start_execution(stateMachineArn=arn)["executionArn"]
        assert delete(bare, name) == ends
    stepfunctions.stop_execution(executionArn=started)
    assert delete(bare, "waits") == "DELETE_COMPLETE"


@pytest.mark.parametrize("scope", ["MessageAttributes", None])
def test_the_filter_of_a_subscription_whose_scope_was_never_set_can_not_be_changed(
    scope: str | None, bare: Emulator
) -> None:
    def subscribed(**more: Any) -> dict[str, Any]:
        properties = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.com", **more}
        topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
        return {"Topic": topic, "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": properties}}

    scoped = {"FilterPolicyScope": scope} if scope else {}
    name = f"filtered-{scope}"
    arn = deploy(bare, subscribed(**scoped), name=name)["Subscription"]
    changed = subscribed(**scoped, FilterPolicy={"Severity": ["ERROR"]})
    if scope is None:
        with pytest.raises(DeployError, match=r"FilterPolicyScope: Invalid value \[null\]"):
            deploy(bare, changed, name=name)
    else:
        deploy(bare, changed, name=name)
        attributes = bare.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        assert json.loads(attributes["FilterPolicy"]) == {"Severity": ["ERROR"]}


def test_a_schedules_name_is_there_once_whatever_its_group(bare: Emulator) -> None:
    def grouped(group: str) -> dict[str, Any]:
        target = {
            "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
        }
        properties = {
            "Name": "nightly",
            "GroupName": {"Ref": "Group"},
            "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
        }
        return {
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": group}},
            "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": properties},
        }

    deploy(bare, grouped("one"), name="scheduled-once")
    with pytest.raises(DeployError, match="nightly already exists"):
        deploy(bare, grouped("other"), name="scheduled-twice")


def test_what_is_to_be_retained_but_where_its_creation_fails_is_kept(bare: Emulator) -> None:
    kept = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "RetainExceptOnCreate", "Properties": {"QueueName": "kept"}}
    deploy(bare, {"Kept": kept, "Other": QUEUE}, name="retaining")
    assert delete(bare, "retaining") == "DELETE_COMPLETE"
    assert len(bare.client("sqs").list_queues(QueueNamePrefix="kept")["QueueUrls"]) == 1


def test_a_chat_configurations_name_and_its_channel_are_there_once_in_the_account(bare: Emulator) -> None:
    def slack(name: str, channel: str) -> dict[str, Any]:
        properties = {"ConfigurationName": name, "SlackChannelId": channel, "SlackWorkspaceId": "T1"}
        return {"Chat": {"Type": "AWS::Chatbot::SlackChannelConfiguration", "Properties": properties}}

    deploy(bare, slack("ours", "C1"), name="chatting")
    elsewhere = clients.client("cloudformation", "eu-west-1")
    for part, why in ((slack("ours", "C2"), "ours already exists"), (slack("theirs", "C1"), "C1 already has")):
        with pytest.raises(DeployError, match=why):
            deploy_stack("chatting-there", json.dumps({"Resources": part}), elsewhere)
    assert delete(bare, "chatting") == "DELETE_COMPLETE"
    deploy(bare, slack("ours", "C1"), name="chatting-again")


def test_state_machines_that_log_need_room_in_the_regions_resource_policy_but_for_vended_logs(bare: Emulator) -> None:
    def logging_to(group: str) -> dict[str, Any]:
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"
        parts = machine({"Done": {"Type": "Succeed"}})
        destinations = [{"CloudWatchLogsLogGroup": {"LogGroupArn": arn}}]
        parts["Machine"]["Properties"]["LoggingConfiguration"] = {"Level": "ERROR", "Destinations": destinations}
        return parts | function("def handler(event, context): return event")

    long = "x" * 450
    for number in range(9):
        deploy(bare, logging_to(f"/{number}/{long}"))
    with pytest.raises(DeployError, match="the resource policy of CloudWatch Logs would exceed 5120"):
        deploy(bare, logging_to(f"/another/{long}"))
    deploy(bare, logging_to(f"/aws/vendedlogs/states/{long}"))


@pytest.mark.parametrize(
    "url", ["{endpoint}/templates/a%20b.json", "https://templates.s3.eu-west-1.amazonaws.com/a b.json"]
)
def test_a_template_is_read_from_the_emulators_own_bucket(bare: Emulator, url: str) -> None:
    """As the CDK CLI has it validated."""
    s3, cloudformation = bare.client("s3"), bare.client("cloudformation")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="a b.json", Body=json.dumps({"Resources": {"Queue": QUEUE}}))
    asked = {"StackName": "reviewed", "ChangeSetName": "validation", "ChangeSetType": "CREATE"}
    cloudformation.create_change_set(**asked, TemplateURL=url.format(endpoint=bare.endpoint))
    (change,) = cloudformation.describe_change_set(StackName="reviewed", ChangeSetName="validation")["Changes"]
    assert change["ResourceChange"]["LogicalResourceId"] == "Queue"
    cloudformation.delete_stack(StackName="reviewed")
