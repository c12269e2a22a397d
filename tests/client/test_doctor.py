"""``custom-labels doctor``: each check where nothing else is wrong, what it says, and the command that mends it."""

import io
import json
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from custom_labels import CustomLabels, executions
from custom_labels.doctor.checks import CHECKS
from custom_labels.doctor.reports import MENDED_BY
from custom_labels.version import VERSION

ROOT = Path(__file__).parents[2]
REGION, STACK = "eu-west-1", "CustomLabelsLifecycle"
TOPIC = f"arn:aws:sns:{REGION}:111122223333:{STACK}-notifications"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/111122223333/"
ARN = f"arn:aws:rekognition:{REGION}:111122223333:project/boards/version/v1/1793520000000"
MODEL = {"Name": "defects", "Project": "boards", "ProjectVersionArn": ARN, "Status": "STOPPED"}
INBOX = {
    "Name": "line-1",
    "Images": "s3://factory/line-1/",
    "Results": "s3://factory-labels/line-1/",
    "State": "EMPTY",
    "Why": "Nothing waits.",
    "DeadLetters": 0,
}
BUDGET = {"Budget": 100, "Spent": 12.0, "Forecast": 40.0, "HourlyCost": 0, "UsedUp": False, "OverBudget": "stop"}
NOT_READ = {name: value for name, value in INBOX.items() if name != "DeadLetters"} | {"State": "UNKNOWN"}
"""As the report has an inbox of which nothing could be seen: what is unknown is left out."""
RUNNING_MODELS = {
    "QuotaName": "Amazon Rekognition Custom Labels: running models",
    "QuotaCode": "L-1A2B",
    "Value": 2.0,
}
SCHEDULE = {
    "Arn": f"arn:aws:scheduler:{REGION}:111122223333:schedule/default/{STACK}-sweep",
    "CreationDate": datetime(2026, 11, 1, tzinfo=UTC),
    "Name": f"{STACK}-sweep",
    "ScheduleExpression": "rate(5 minutes)",
    "State": "ENABLED",
    "ResponseMetadata": {},
}
WELL: Mapping[str, Any] = {
    "report models": {"Models": [MODEL], "SweepIsLate": False, "LastSweep": "2026-11-24T07:00:00.000Z"},
    "report inboxes": {"Inboxes": [INBOX]},
    "report bill": {"Total": 12.0, "Price": {"InferenceUnitHour": 4.0, "Assumed": False}, "Budget": BUDGET},
    "describe_stacks CustomLabelsLifecycle": {
        "StackId": f"arn:aws:cloudformation:{REGION}:111122223333:stack/{STACK}/1a2b",
        "Description": f"Amazon Rekognition Custom Labels lifecycle, version {VERSION}",
        "StackStatus": "UPDATE_COMPLETE",
        "Outputs": [
            {"OutputKey": "PageFunctionName", "OutputValue": "page"},
            {"OutputKey": "NotificationTopicArn", "OutputValue": TOPIC},
        ],
    },
    "describe_stacks CDKToolkit": {"StackStatus": "CREATE_COMPLETE"},
    "list_stack_resources": [
        ("AWS::Scheduler::Schedule", "ReconciliationEverySweep1A2B", "CustomLabelsLifecycle-sweep"),
        ("AWS::Scheduler::Schedule", "InboxesEveryMinute1A2B", "CustomLabelsLifecycle-minute"),
        ("AWS::Scheduler::Schedule", "SchedulesMorning1A2B", "CustomLabelsLifecycle-morning"),
        ("AWS::SQS::Queue", "ReconciliationLostCalls1A2B", f"{QUEUE}{STACK}-lost"),
        ("AWS::SQS::Queue", "InboxesLine1", f"{QUEUE}{STACK}-inbox-line-1"),
        ("AWS::SQS::Queue", "InboxesLine1Undelivered", f"{QUEUE}{STACK}-inbox-line-1-undelivered"),
    ],
    "list_service_quotas": [RUNNING_MODELS],
    "list_subscriptions_by_topic": [
        {"SubscriptionArn": f"{TOPIC}:1", "Protocol": "email", "Endpoint": "ops@example.com"},
    ],
    "get_schedule": {f"{STACK}-sweep": SCHEDULE, f"{STACK}-minute": {**SCHEDULE, "Name": f"{STACK}-minute"}},
    "describe_alarms": [],
    "get_queue_attributes": {
        f"{QUEUE}{STACK}-lost": 0,
        f"{QUEUE}{STACK}-inbox-line-1": 7,
        f"{QUEUE}{STACK}-inbox-line-1-undelivered": 0,
    },
    "get_bucket_location factory": {"LocationConstraint": REGION},
    "get_bucket_location factory-labels": {"LocationConstraint": REGION},
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
        return self._answer("get_schedule")[given["Name"]]

    def get_queue_attributes(self, **given: Any) -> Any:
        (name,) = given["AttributeNames"]
        return {"Attributes": {name: str(self._answer("get_queue_attributes")[given["QueueUrl"]])}}

    def get_bucket_location(self, **given: Any) -> Any:
        return self._answer(f"get_bucket_location {given['Bucket']}")

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
    assert [line.split(":")[0] for line in result.stdout.splitlines() if ": ok." in line] == [c.name for c in CHECKS]
    assert result.stdout.splitlines()[-1] == "All is well."


def test_notifications_that_go_to_chat_alone_are_read_by_somebody(examined: Any) -> None:
    deployed = WELL["describe_stacks CustomLabelsLifecycle"]
    chat = {"OutputKey": "ChatTopicArn", "OutputValue": f"{TOPIC}-chat"}
    with_chat = {**deployed, "Outputs": [*deployed["Outputs"], chat]}
    result = examined(describe_stacks__CustomLabelsLifecycle=with_chat, list_subscriptions_by_topic=[])
    assert result.exit_code == 0, result.output


def test_what_all_is_well_with_is_said_too(examined: Any) -> None:
    said = {one["Check"]: one["Said"] for one in json.loads(examined("--json").stdout)["Findings"]}
    assert said["Credentials"] == f"They are of the stack's account, 111122223333; {STACK} is in {REGION}."
    assert said["Price"] == "An inference unit costs USD 4.00 per hour."
    assert said["Budget"] == "USD 12.00 of 100.00 are spent, and the month comes to USD 40.00 at the present pace."


def test_a_month_without_a_budget_is_well_whatever_it_costs(examined: Any) -> None:
    result = examined(report__bill={name: value for name, value in WELL["report bill"].items() if name != "Budget"})
    assert result.exit_code == 0, result.output
    assert "Budget: ok. There is none; this month has cost USD 12.00 so far." in result.stdout


def models(**differs: Any) -> dict[str, Any]:
    return {"report__models": {**WELL["report models"], "Models": [{**MODEL, **differs}]}}


def deployed(**differs: str) -> dict[str, Any]:
    return {"describe_stacks__CustomLabelsLifecycle": {**WELL["describe_stacks CustomLabelsLifecycle"], **differs}}


def spent(**differs: Any) -> dict[str, Any]:
    return {"report__bill": {**WELL["report bill"], "Budget": {**BUDGET, **differs}}}


def disabled(name: str) -> dict[str, Any]:
    schedules = WELL["get_schedule"]
    return {"get_schedule": {**schedules, name: {**schedules[name], "State": "DISABLED"}}}


def waiting(queue: str, count: int) -> dict[str, Any]:
    return {"get_queue_attributes": {**WELL["get_queue_attributes"], QUEUE + queue: count}}


@pytest.mark.parametrize(
    ("check", "differs", "said", "mend"),
    [
        (
            "Stack",
            deployed(StackStatus="UPDATE_ROLLBACK_COMPLETE", StackStatusReason="No quota."),
            "The stack is UPDATE_ROLLBACK_COMPLETE: No quota.",
            "make deploy",
        ),
        (
            "Stack",
            deployed(StackStatus="UPDATE_ROLLBACK_FAILED"),
            "The stack is UPDATE_ROLLBACK_FAILED.",
            f"aws cloudformation continue-update-rollback --stack-name {STACK} --region {REGION}",
        ),
        (
            "Stack",
            deployed(StackStatus="UPDATE_IN_PROGRESS"),
            "The stack is UPDATE_IN_PROGRESS.",
            f"aws cloudformation wait stack-update-complete --stack-name {STACK} --region {REGION}",
        ),
        (
            "Credentials",
            deployed(StackId=f"arn:aws:cloudformation:{REGION}:444455556666:stack/{STACK}/1a2b"),
            "Your credentials are of the account 111122223333, and the stack is in 444455556666.",
            "aws configure list-profiles",
        ),
        (
            "Version",
            deployed(Description="Amazon Rekognition Custom Labels lifecycle, version 0.0.9"),
            f"The stack is of version 0.0.9, and this client of {VERSION}.",
            "make deploy",
        ),
        (
            "Version",
            deployed(Description="Amazon Rekognition Custom Labels lifecycle, version 12.0.0"),
            f"The stack is of version 12.0.0, and this client of {VERSION}.",
            "pip install ./client",
        ),
        (
            "Version",
            deployed(Description="Amazon Rekognition Custom Labels lifecycle"),
            "The stack does not name its version",
            "make deploy",
        ),
        (
            "Price",
            {"report__bill": {**WELL["report bill"], "Price": {"InferenceUnitHour": 4.0, "Assumed": True}}},
            "The price of an inference unit in eu-west-1 is assumed to be us-east-1's, USD 4.00 per hour",
            "Set 'inference_unit_hour_usd' in cdk.json",
        ),
        (
            "Budget",
            spent(Spent=100.0, Forecast=300.0, UsedUp=True),
            "The month's budget is used up: USD 100.00 of 100.00 are spent",
            "raise 'monthly_budget_usd' in cdk.json",
        ),
        (
            "Budget",
            spent(Forecast=100.5),
            "The month's budget will not last: USD 12.00 of 100.00 are spent, and the month comes to USD 100.50",
            "raise 'monthly_budget_usd' in cdk.json",
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
            "aws service-quotas request-service-quota-increase --service-code rekognition --quota-code L-1A2B "
            "--desired-value 3 --region eu-west-1",
        ),
        (
            "Quota",
            {
                "report__models": {**WELL["report models"], "Models": [{**MODEL, "Name": name} for name in "abc"]},
                "list_service_quotas": [],
            },
            "3 models are known here, and 2 may run at a time, the default, since Service Quotas lists none",
            "aws service-quotas list-service-quotas --service-code rekognition --region eu-west-1",
        ),
        (
            "Mails",
            {"list_subscriptions_by_topic": []},
            "Nobody is subscribed",
            f"aws sns subscribe --topic-arn {TOPIC} --protocol email --notification-endpoint you@example.com",
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
        (
            "Schedules",
            disabled(f"{STACK}-sweep"),
            f"The schedule {STACK}-sweep is disabled: forgotten models are not stopped.",
            f'--cli-input-json \'{{"Name": "{STACK}-sweep", "ScheduleExpression": "rate(5 minutes)", "State": "ENABLED"'
            "}'",
        ),
        (
            "Schedules",
            disabled(f"{STACK}-minute"),
            f"The schedule {STACK}-minute is disabled: the images of inboxes are not labelled.",
            f'aws scheduler update-schedule --cli-input-json \'{{"Name": "{STACK}-minute"',
        ),
        (
            "Sweep",
            {"report__models": {**WELL["report models"], "SweepIsLate": True}},
            "The sweep is late: it ran last at 2026-11-24T07:00:00.000Z.",
            "custom-labels sweep --region eu-west-1",
        ),
        (
            "Alarms",
            {"describe_alarms": [{"AlarmName": f"{STACK}-StartFailed", "AlarmDescription": "A start failed."}]},
            f"{STACK}-StartFailed is in ALARM: A start failed.",
            f"aws cloudwatch describe-alarm-history --alarm-name {STACK}-StartFailed",
        ),
        (
            "Alarms",
            {"describe_alarms": [{"AlarmName": f"{STACK}-InboxFailures-line-1"}]},
            f"{STACK}-InboxFailures-line-1 is in ALARM",
            "custom-labels inbox redrive line-1 --region eu-west-1",
        ),
        (
            "Dead letters",
            waiting(f"{STACK}-lost", 3),
            f"{STACK}-lost holds 3 that could not be delivered. Before you purge it, do what they should have done. "
            f"They are shown by: aws sqs receive-message --queue-url {QUEUE}{STACK}-lost",
            f"aws sqs purge-queue --queue-url {QUEUE}{STACK}-lost --region {REGION}",
        ),
        (
            "Dead letters",
            waiting(f"{STACK}-inbox-line-1-undelivered", 1),
            f"{STACK}-inbox-line-1-undelivered holds 1 that could not be delivered: images that nobody noticed.",
            f"custom-labels inbox backfill line-1 --region {REGION} && aws sqs purge-queue --queue-url "
            f"{QUEUE}{STACK}-inbox-line-1-undelivered --region {REGION}",
        ),
        (
            "Buckets",
            {"get_bucket_location__factory": {}},
            "the bucket factory is in us-east-1, not in eu-west-1",
            "'inboxes' of cdk.json",
        ),
        (
            "Buckets",
            {"get_bucket_location__factory": refusal("NoSuchBucket")},
            "line-1: there is no bucket factory.",
            f"aws s3 mb s3://factory --region {REGION}",
        ),
        (
            "Buckets",
            {"get_bucket_location__factory-labels": refusal("NoSuchBucket")},
            "line-1: there is no bucket factory-labels.",
            f"aws s3 mb s3://factory-labels --region {REGION}",
        ),
        (
            "Buckets",
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
        ("Schedules", "get_schedule"),
        ("Alarms", "describe_alarms"),
        ("Dead letters", "get_queue_attributes"),
        ("Buckets", "get_bucket_notification_configuration"),
        ("Buckets", "get_bucket_location factory"),
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
    assert result.stdout.count(": ok.") == len(CHECKS) - 1
    assert result.stdout.splitlines()[-1] == "Nothing is wrong as far as was checked. 1 check could not be made."


def test_where_nothing_is_deployed_nothing_else_is_said(examined: Any) -> None:
    result = examined(describe_stacks__CustomLabelsLifecycle=refusal("ValidationError"))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "has no stack CustomLabelsLifecycle in eu-west-1" in result.stderr


def test_from_python_the_findings_are_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_labels.client.boto3.Session", lambda: Aws({**WELL, **disabled(f"{STACK}-sweep")}))
    assert [one.check for one in CustomLabels().examine() if one.state == "WRONG"] == ["Schedules"]


def test_a_command_names_a_stack_of_another_name(examined: Any) -> None:
    other = {"describe_stacks__Welding": WELL["describe_stacks CustomLabelsLifecycle"]}
    result = examined("--stack", "Welding", report__models={**WELL["report models"], "SweepIsLate": True}, **other)
    assert "  custom-labels sweep --stack Welding --region eu-west-1\n" in result.stdout


def test_what_was_found_before_a_check_could_not_go_on_is_said(examined: Any) -> None:
    gone = {"get_bucket_location__factory": refusal("NoSuchBucket")}
    result = examined(**gone, **{"get_bucket_location__factory-labels": refusal("AccessDenied")})
    assert "Buckets: wrong. line-1: there is no bucket factory." in result.stdout
    assert "Buckets: not checked." in result.stdout


def test_the_targets_of_make_that_it_names_are_there() -> None:
    targets = re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"deploy", "bootstrap"} <= set(" ".join(targets).split())


def test_the_alarms_that_a_command_ends_are_in_the_runbook() -> None:
    alarms = re.findall(r"^### (\w+)$", (ROOT / "docs" / "operations.md").read_text("utf-8"), re.MULTILINE)
    assert MENDED_BY.keys() <= {*alarms}


def test_client_and_app_are_of_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION
