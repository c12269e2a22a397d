"""``custom-labels doctor``: each check where nothing else is wrong, what it says, and the command that mends it."""

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from custom_labels import CustomLabels, executions
from custom_labels.doctor.checks import CHECKS

REGION, STACK = "eu-west-1", "CustomLabelsLifecycle"
TOPIC = f"arn:aws:sns:{REGION}:111122223333:{STACK}-notifications"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/111122223333/"
ARN = f"arn:aws:rekognition:{REGION}:111122223333:project/boards/version/v1/1793520000000"
MODEL = {"Name": "defects", "Project": "boards", "ProjectVersionArn": ARN, "Status": "STOPPED"}
INBOX = {
    "Name": "line-1",
    "Images": "s3://factory/line-1/",
    "State": "EMPTY",
    "Why": "Nothing waits.",
    "DeadLetters": 0,
}
NOT_READ = {name: value for name, value in INBOX.items() if name != "DeadLetters"} | {"State": "UNKNOWN"}
"""As the report has an inbox of which nothing could be seen: what is unknown is left out."""
WELL: Mapping[str, Any] = {
    "report models": {"Models": [MODEL], "SweepIsLate": False, "LastSweep": "2026-11-24T07:00:00.000Z"},
    "report inboxes": {"Inboxes": [INBOX]},
    "describe_stacks CustomLabelsLifecycle": {
        "StackStatus": "UPDATE_COMPLETE",
        "Outputs": [
            {"OutputKey": "PageFunctionName", "OutputValue": "page"},
            {"OutputKey": "NotificationTopicArn", "OutputValue": TOPIC},
        ],
    },
    "describe_stacks CDKToolkit": {"StackStatus": "CREATE_COMPLETE"},
    "list_stack_resources": [
        ("AWS::Scheduler::Schedule", "ReconciliationEverySweep1A2B", "CustomLabelsLifecycle-sweep"),
        ("AWS::Scheduler::Schedule", "SchedulesMorning1A2B", "CustomLabelsLifecycle-morning"),
        ("AWS::SQS::Queue", "ReconciliationLostCalls1A2B", f"{QUEUE}{STACK}-lost"),
        ("AWS::SQS::Queue", "InboxesLine1", f"{QUEUE}{STACK}-inbox-line-1"),
    ],
    "list_service_quotas": [{"QuotaName": "Amazon Rekognition Custom Labels: running models", "Value": 2.0}],
    "list_subscriptions_by_topic": [
        {"SubscriptionArn": f"{TOPIC}:1", "Protocol": "email", "Endpoint": "ops@example.com"},
    ],
    "get_schedule": {"State": "ENABLED"},
    "describe_alarms": [],
    "get_queue_attributes": {f"{QUEUE}{STACK}-lost": 0, f"{QUEUE}{STACK}-inbox-line-1": 7},
    "get_bucket_location": {"LocationConstraint": REGION},
    "get_bucket_notification_configuration": {"EventBridgeConfiguration": {}},
}
"""What AWS answers where all is well."""


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}, as it is said."}}, "AnOperation")


class Aws:
    """A session's clients, all in one; ``answers`` may be exceptions."""

    region_name = REGION

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def client(self, _service: str, **_: Any) -> "Aws":
        return self

    def _answer(self, asked: str) -> Any:
        found = self._answers[asked]
        if isinstance(found, Exception):
            raise found
        return found

    def get_caller_identity(self) -> Any:
        return {"Arn": "arn:aws:sts::111122223333:assumed-role/operators/session"}

    def describe_stacks(self, **given: str) -> Any:
        return {"Stacks": [self._answer(f"describe_stacks {given['StackName']}")]}

    def invoke(self, **given: str) -> Any:
        said = self._answer(f"report {json.loads(given['Payload'])['Report']}")
        return {"Payload": io.BytesIO(json.dumps({"SchemaVersion": "1.0", "Problems": [], **said}).encode())}

    def get_paginator(self, operation: str) -> Any:
        return Pages(operation, self._answer(operation))

    def get_schedule(self, **given: str) -> Any:
        assert given == {"Name": "CustomLabelsLifecycle-sweep"}
        return self._answer("get_schedule")

    def get_queue_attributes(self, **given: Any) -> Any:
        (name,) = given["AttributeNames"]
        return {"Attributes": {name: str(self._answer("get_queue_attributes")[given["QueueUrl"]])}}

    def get_bucket_location(self, **_: Any) -> Any:
        return self._answer("get_bucket_location")

    def get_bucket_notification_configuration(self, **_: Any) -> Any:
        return self._answer("get_bucket_notification_configuration")


class Pages:
    """What an operation lists."""

    def __init__(self, operation: str, found: list[Any]) -> None:
        self._operation, self._found = operation, found

    def paginate(self, **given: Any) -> Any:
        match self._operation:
            case "list_stack_resources":
                names = ("ResourceType", "LogicalResourceId", "PhysicalResourceId")
                yield {"StackResourceSummaries": [dict(zip(names, one, strict=True)) for one in self._found]}
            case "list_service_quotas":
                yield {"Quotas": self._found}
            case "list_subscriptions_by_topic":
                yield {"Subscriptions": self._found}
            case "describe_alarms":
                assert given["StateValue"] == "ALARM"
                yield {"MetricAlarms": self._found}


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch, typed: Any) -> Any:
    """The command's answer where something differs from all being well."""
    monkeypatch.setattr(executions, "FIRST_PAUSE", 0)

    def run(*words: str, **differs: Any) -> Any:
        answers = {**WELL, **{name.replace("__", " "): value for name, value in differs.items()}}
        monkeypatch.setattr("custom_labels.client.boto3.Session", lambda: Aws(answers))
        return typed("doctor", *words)

    return run


def test_where_all_is_well_every_check_says_so(examined: Any) -> None:
    result = examined()
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.stdout.splitlines() if ": well." in line] == [c.name for c in CHECKS]
    assert result.stdout.splitlines()[-1] == "All is well."


def test_notifications_that_go_to_chat_alone_are_read_by_somebody(examined: Any) -> None:
    deployed = WELL["describe_stacks CustomLabelsLifecycle"]
    chat = {"OutputKey": "ChatTopicArn", "OutputValue": f"{TOPIC}-chat"}
    with_chat = {**deployed, "Outputs": [*deployed["Outputs"], chat]}
    result = examined(describe_stacks__CustomLabelsLifecycle=with_chat, list_subscriptions_by_topic=[])
    assert result.exit_code == 0, result.output


def models(**differs: Any) -> dict[str, Any]:
    return {"report__models": {**WELL["report models"], "Models": [{**MODEL, **differs}]}}


@pytest.mark.parametrize(
    ("check", "differs", "said", "mend"),
    [
        (
            "Stack",
            {
                "describe_stacks__CustomLabelsLifecycle": {
                    **WELL["describe_stacks CustomLabelsLifecycle"],
                    "StackStatus": "UPDATE_ROLLBACK_COMPLETE",
                    "StackStatusReason": "No quota.",
                }
            },
            "The stack is UPDATE_ROLLBACK_COMPLETE: No quota.",
            "make deploy",
        ),
        (
            "Bootstrap",
            {"describe_stacks__CDKToolkit": refusal("ValidationError")},
            "no stack CDKToolkit",
            "make bootstrap",
        ),
        ("Models", models(Status="NOT_FOUND"), f"there is no such version: {ARN}", "aws rekognition describe-projects"),
        (
            "Models",
            models(Status="TRAINING_FAILED", StatusMessage="Too few images"),
            "defects is TRAINING_FAILED, from which it can't be started: Too few images",
            "Name another version in cdk.json, and run make deploy.",
        ),
        (
            "Models",
            {
                "report__models": {
                    **WELL["report models"],
                    "Problems": ["The project boards can't be read: AccessDenied."],
                }
            },
            "The project boards can't be read: AccessDenied.",
            "Read the message",
        ),
        (
            "Quota",
            {"report__models": {**WELL["report models"], "Models": [{**MODEL, "Name": name} for name in "abc"]}},
            "3 models are known here, and 2 may run at a time.",
            "aws service-quotas list-service-quotas --service-code rekognition --region eu-west-1",
        ),
        (
            "Mails",
            {"list_subscriptions_by_topic": []},
            "Nobody is subscribed",
            "Add an address to 'notification_emails' in cdk.json",
        ),
        (
            "Mails",
            {
                "list_subscriptions_by_topic": [
                    {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "ml@example.com"}
                ]
            },
            "ml@example.com has not confirmed",
            f"aws sns subscribe --topic-arn {TOPIC} --protocol email --notification-endpoint ml@example.com",
        ),
        (
            "Inboxes",
            {"report__inboxes": {"Inboxes": [NOT_READ], "Problems": ["line-1: The record can't be read."]}},
            "line-1: The record can't be read.",
            "Read the message",
        ),
        ("Sweep", {"get_schedule": {"State": "DISABLED"}}, "schedule is disabled", "CustomLabelsLifecycle-sweep"),
        (
            "Sweep",
            {"report__models": {**WELL["report models"], "SweepIsLate": True}},
            "The sweep is late: it came last at 2026-11-24T07:00:00.000Z.",
            "custom-labels sweep --region eu-west-1",
        ),
        (
            "Alarms",
            {"describe_alarms": [{"AlarmName": f"{STACK}-sweep", "AlarmDescription": "No sweep came."}]},
            "CustomLabelsLifecycle-sweep is in ALARM: No sweep came.",
            "aws cloudwatch describe-alarm-history --alarm-name CustomLabelsLifecycle-sweep",
        ),
        (
            "Dead letters",
            {"get_queue_attributes": {**WELL["get_queue_attributes"], f"{QUEUE}{STACK}-lost": 3}},
            "CustomLabelsLifecycle-lost holds 3 that could not be delivered.",
            f"aws sqs receive-message --queue-url {QUEUE}{STACK}-lost",
        ),
        ("Inboxes", {"get_bucket_location": {}}, "the bucket factory is not in eu-west-1", "'inboxes' of cdk.json"),
        (
            "Inboxes",
            {"get_bucket_location": refusal("NoSuchBucket")},
            "the bucket factory is not in eu-west-1",
            "'inboxes' of cdk.json",
        ),
        (
            "Inboxes",
            {"get_bucket_notification_configuration": {"QueueConfigurations": [{"Id": "theirs"}]}},
            "does not send its events to EventBridge",
            '{"QueueConfigurations": [{"Id": "theirs"}], "EventBridgeConfiguration": {}}',
        ),
        (
            "Inboxes",
            {"report__inboxes": {"Inboxes": [{**INBOX, "DeadLetters": 4}]}},
            "line-1: 4 images were given up.",
            "custom-labels inbox redrive line-1",
        ),
        (
            "Inboxes",
            {"report__inboxes": {"Inboxes": [{**INBOX, "State": "PAUSED", "Why": "ops paused it."}]}},
            "line-1 is PAUSED. ops paused it.",
            "custom-labels inbox resume line-1",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_mends_it(
    examined: Any, check: str, differs: dict[str, Any], said: str, mend: str
) -> None:
    result = examined("--json", **differs)
    (wrong,) = (one for one in json.loads(result.stdout)["Findings"] if one["State"] != "WELL")
    assert (wrong["Check"], wrong["State"], result.exit_code) == (check, "WRONG", 1)
    assert said in wrong["Said"]
    assert mend in wrong["Mend"]


@pytest.mark.parametrize(
    ("check", "call"),
    [
        ("Bootstrap", "describe_stacks CDKToolkit"),
        ("Quota", "list_service_quotas"),
        ("Mails", "list_subscriptions_by_topic"),
        ("Sweep", "get_schedule"),
        ("Alarms", "describe_alarms"),
        ("Dead letters", "get_queue_attributes"),
        ("Inboxes", "get_bucket_notification_configuration"),
    ],
)
def test_a_check_without_its_right_is_not_made_and_keeps_no_other_from_being_made(
    examined: Any, check: str, call: str
) -> None:
    result = examined(**{call.replace(" ", "__"): refusal("AccessDenied")})
    assert result.exit_code == 0
    (needs,) = (one.needs for one in CHECKS if one.name == check)
    assert f"{check}: not checked." in result.stdout
    assert f"It needs {needs}." in result.stdout
    assert result.stdout.count(": well.") == len(CHECKS) - 1
    assert result.stdout.splitlines()[-1] == "Nothing is wrong as far as was checked. 1 check could not be made."


def test_where_nothing_is_deployed_nothing_else_is_said(examined: Any) -> None:
    result = examined(describe_stacks__CustomLabelsLifecycle=refusal("ValidationError"))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "has no stack CustomLabelsLifecycle in eu-west-1" in result.stderr


def test_from_python_the_findings_are_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "custom_labels.client.boto3.Session", lambda: Aws({**WELL, "get_schedule": {"State": "DISABLED"}})
    )
    assert [one.check for one in CustomLabels().examine() if one.state == "WRONG"] == ["Sweep"]
