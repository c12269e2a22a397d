"""IAM: what a function's role does not allow on a resource is denied, as AWS words it; every decision is recorded."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.authoriser import Authorisation, permits
from emulator.remote import Remote
from emulator.server import Emulator
from tests.emulator.stacks import deploy, role

ACCOUNT = "arn:aws:rekognition:us-east-1:123456789012"
TABLE = {
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "allowed",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    },
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "allowed"}},
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "allowed"}},
}
STATEMENTS: list[dict[str, Any]] = [
    {
        "Effect": "Allow",
        "Action": ["rekognition:DescribeProjects"],
        "Resource": "*",
    },
    {
        "Effect": "Allow",
        "Action": ["rekognition:DescribeProjectVersions", "rekognition:StartProjectVersion"],
        "Resource": [f"{ACCOUNT}:project/allowed/*", f"{ACCOUNT}:project/*/version/*/1"],
    },
    {"Effect": "Deny", "Action": "rekognition:*", "Resource": f"{ACCOUNT}:project/*/version/denied/*"},
    {"Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:123456789012:allowed"},
    {
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": "arn:aws:events:us-east-1:123456789012:event-bus/allowed",
    },
    {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/allowed",
    },
]


@pytest.fixture(scope="module")
def role_name(endpoint: Emulator) -> str:
    return deploy(endpoint, {"Role": role("lambda", STATEMENTS)}, TABLE)["Role"]


def assume(emulator: Emulator, role_name: str) -> Callable[[str], Any]:
    """Makes clients with the credentials of a role."""
    assumed = emulator.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{emulator.account_id}:role/{role_name}", RoleSessionName="function"
    )["Credentials"]

    def make(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload] # named at run time
            region_name=emulator.region,
            endpoint_url=emulator.endpoint,
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


@pytest.fixture
def client(bare: Emulator, role_name: str) -> Callable[[str], Any]:
    """Makes clients with the credentials of the role."""
    return assume(bare, role_name)


def decisions_about(emulator: Emulator, role_name: str) -> list[Authorisation]:
    """Others may be made at any time: Settle runs after each execution."""
    return [one for one in emulator.authoriser.decisions if one.role == role_name]


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_what_is_allowed_on_a_resource_is_denied_on_another(client: Callable[[str], Any]) -> None:
    rekognition = client("rekognition")
    rekognition.describe_projects()
    not_found = refusal(lambda: rekognition.describe_project_versions(ProjectArn=f"{ACCOUNT}:project/allowed/1"))
    assert not_found[0] == "ResourceNotFoundException", "IAM let it through"
    code, message = refusal(lambda: rekognition.describe_project_versions(ProjectArn=f"{ACCOUNT}:project/other/1"))
    assert code == "AccessDeniedException"
    assert "is not authorized to perform: rekognition:DescribeProjectVersions" in message
    assert f"on resource: {ACCOUNT}:project/other/1 because no identity-based policy" in message
    assert message.startswith("User: arn:aws:sts::123456789012:assumed-role/")


def test_a_transaction_needs_the_right_to_each_of_its_parts(client: Callable[[str], Any]) -> None:
    def put(table: str) -> dict[str, Any]:
        return {"Put": {"TableName": table, "Item": {"Id": {"S": "a"}}}}

    dynamodb = client("dynamodb")
    code, message = refusal(lambda: dynamodb.transact_write_items(TransactItems=[put("allowed"), put("other")]))
    assert code == "AccessDeniedException"
    assert "dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/other" in message
    deleted = {"Delete": {"TableName": "allowed", "Key": {"Id": {"S": "a"}}}}
    code, message = refusal(lambda: dynamodb.transact_write_items(TransactItems=[put("allowed"), deleted]))
    assert "dynamodb:DeleteItem" in message
    assert refusal(lambda: dynamodb.transact_write_items(TransactItems=[put("allowed")]))[0] != "AccessDeniedException"


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("project/any/version/any/1", "ResourceNotFoundException"),
        ("project/any/version/any/2", "AccessDeniedException"),
        ("project/allowed/version/denied/1", "AccessDeniedException"),
    ],
)
def test_wildcards_within_arns_match_and_deny_wins(client: Callable[[str], Any], version: str, code: str) -> None:
    start = {"ProjectVersionArn": f"{ACCOUNT}:{version}", "MinInferenceUnits": 1}
    assert refusal(lambda: client("rekognition").start_project_version(**start))[0] == code


def test_an_action_that_no_policy_names_is_denied(client: Callable[[str], Any]) -> None:
    arn = f"{ACCOUNT}:project/allowed/version/v/1"
    assert (
        refusal(lambda: client("rekognition").stop_project_version(ProjectVersionArn=arn))[0] == "AccessDeniedException"
    )


def test_topics_buses_and_tables_are_resources(client: Callable[[str], Any]) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:"
    client("sns").publish(TopicArn=f"{topic}allowed", Message="m")
    assert refusal(lambda: client("sns").publish(TopicArn=f"{topic}other", Message="m"))[0] == "AuthorizationError"

    entry = {"Source": "s", "DetailType": "d", "Detail": "{}"}
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/"
    for allowed in ("allowed", f"{bus}allowed"):
        client("events").put_events(Entries=[{**entry, "EventBusName": allowed}])
    for entries in ([entry], [{**entry, "EventBusName": "allowed"}, {**entry, "EventBusName": "other"}]):
        denied = refusal(lambda entries=entries: client("events").put_events(Entries=entries))  # type: ignore[misc]  # a lambda with a default
        assert denied[0] == "AccessDeniedException"

    item = {"id": {"S": "i"}}
    client("dynamodb").put_item(TableName="allowed", Item=item)
    denied = refusal(lambda: client("dynamodb").delete_item(TableName="allowed", Key=item))
    assert denied[0] == "AccessDeniedException"
    assert refusal(lambda: client("dynamodb").put_item(TableName="other", Item=item))[0] == "AccessDeniedException"


HOME = "us-east-1:123456789012"


@pytest.mark.parametrize(
    ("call", "action", "resource"),
    [
        (
            lambda client: client("dynamodb").get_item(TableName="t", Key={"id": {"S": "i"}}),
            "dynamodb:GetItem",
            f"arn:aws:dynamodb:{HOME}:table/t",
        ),
        (
            lambda client: client("dynamodb").put_item(TableName=f"arn:aws:dynamodb:{HOME}:table/t", Item={}),
            "dynamodb:PutItem",
            f"arn:aws:dynamodb:{HOME}:table/t",
        ),
        (
            lambda client: client("dynamodb").update_item(TableName="t", Key={"id": {"S": "i"}}),
            "dynamodb:UpdateItem",
            f"arn:aws:dynamodb:{HOME}:table/t",
        ),
        (
            lambda client: client("dynamodb").delete_item(TableName="t", Key={"id": {"S": "i"}}),
            "dynamodb:DeleteItem",
            f"arn:aws:dynamodb:{HOME}:table/t",
        ),
        (
            lambda client: client("dynamodb").scan(TableName="t"),
            "dynamodb:Scan",
            f"arn:aws:dynamodb:{HOME}:table/t",
        ),
        (
            lambda client: client("dynamodb").query(
                TableName="t", IndexName="byTime", KeyConditionExpression="id = :id"
            ),
            "dynamodb:Query",
            f"arn:aws:dynamodb:{HOME}:table/t/index/byTime",
        ),
        (
            lambda client: client("stepfunctions").start_execution(stateMachineArn=f"arn:aws:states:{HOME}:m"),
            "states:StartExecution",
            f"arn:aws:states:{HOME}:m",
        ),
        (
            lambda client: client("stepfunctions").stop_execution(executionArn=f"arn:aws:states:{HOME}:e"),
            "states:StopExecution",
            f"arn:aws:states:{HOME}:e",
        ),
        (
            lambda client: client("stepfunctions").describe_execution(executionArn=f"arn:aws:states:{HOME}:e"),
            "states:DescribeExecution",
            f"arn:aws:states:{HOME}:e",
        ),
        (
            lambda client: client("sqs").send_message(
                QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/q", MessageBody="m"
            ),
            "sqs:SendMessage",
            f"arn:aws:sqs:{HOME}:q",
        ),
        (
            lambda client: client("sqs").get_queue_url(QueueName="q"),
            "sqs:GetQueueUrl",
            f"arn:aws:sqs:{HOME}:q",
        ),
        (
            lambda client: client("lambda").invoke(FunctionName="f"),
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{HOME}:function:f",
        ),
        (
            lambda client: client("lambda").invoke(FunctionName="f", Qualifier="2"),
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{HOME}:function:f:2",
        ),
        (
            lambda client: client("lambda").invoke(FunctionName=f"arn:aws:lambda:{HOME}:function:f:2"),
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{HOME}:function:f:2",
        ),
    ],
)
def test_each_action_is_authorised_on_what_it_works_on(
    bare: Emulator,
    client: Callable[[str], Any],
    role_name: str,
    call: Callable[[Any], Any],
    action: str,
    resource: str,
) -> None:
    code, message = refusal(lambda: call(client))
    decision = decisions_about(bare, role_name)[-1]
    assert (decision.action, decision.resource, decision.allowed) == (action, resource, False)
    assert code == ("AccessDenied" if action.startswith("sqs:") else "AccessDeniedException")
    assert f"perform: {action} on resource: {resource} because" in message


def test_a_function_can_be_allowed_to_invoke_another(bare: Emulator) -> None:
    arn = f"arn:aws:lambda:{HOME}:function:nothing*"
    allowed = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}]
    name = deploy(bare, {"Role": role("lambda", allowed)})["Role"]
    refused = refusal(lambda: assume(bare, name)("lambda").invoke(FunctionName="nothing"))
    assert refused[0] == "ResourceNotFoundException", "IAM let it through"


def test_every_decision_is_recorded(bare: Emulator, client: Callable[[str], Any], role_name: str) -> None:
    before = len(decisions_about(bare, role_name))
    client("rekognition").describe_projects()
    refusal(lambda: client("sns").publish(TopicArn="arn:aws:sns:us-east-1:123456789012:other", Message="m"))
    assert decisions_about(bare, role_name)[before:] == [
        Authorisation(role_name, "rekognition:DescribeProjects", "*", allowed=True),
        Authorisation(role_name, "sns:Publish", "arn:aws:sns:us-east-1:123456789012:other", allowed=False),
    ]
    last = [one for one in Remote(bare.endpoint).ask("GET", "calls") if one["role"] == role_name][-1]
    assert (last["action"], last["allowed"]) == ("sns:Publish", False)


def test_the_tester_may_do_everything(bare: Emulator) -> None:
    bare.client("dynamodb").list_tables()
    assert "dynamodb:ListTables" not in {one.action for one in bare.authoriser.decisions}, "no role may or does"


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("granted", "asked", "allowed"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/line\nbreak\n", True),
        ("arn:aws:s3:::b/a+(1)?.png", "arn:aws:s3:::b/a+(1)2.png", True),
        ("arn:aws:s3:::b/a+(1)?.png", "arn:aws:s3:::b/a+(1).png", False),
        ("arn:aws:s3:::a.b/*", "arn:aws:s3:::a-b/x", False),
    ],
)
def test_a_pattern_stands_for_what_iam_has_it_for(granted: str, asked: str, allowed: bool) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": granted}
    assert permits({"Statement": [statement]}, "s3:GetObject", asked) is allowed


@pytest.mark.parametrize("account", ["123456789012", "444455556666"])
def test_a_role_that_there_is_not_can_not_be_assumed(bare: Emulator, account: str) -> None:
    arn = f"arn:aws:iam::{account}:role/nobody"
    code, message = refusal(lambda: bare.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody"))
    assert code == "AccessDenied"
    assert message.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {arn}")
