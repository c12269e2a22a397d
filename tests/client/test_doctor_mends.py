"""The commands that ``custom-labels doctor`` prints mend what it found: each is run as printed, in a shell."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.sns.models import SNSBackend, Subscription, sns_backends

from custom_labels import CustomLabels
from custom_labels.doctor import Finding, State, examined
from custom_labels.doctor.checks import CHECKS
from custom_labels.doctor.stack import DeployedStack
from emulator import images
from emulator.server import Emulator
from tests.deployed.app import ARRIVALS
from tests.deployed.tables import forget_turns
from tests.deployed.terminal import BASH, said_by

pytestmark = [pytest.mark.large, pytest.mark.xdist_group("client")]
STACK, INBOX, RESULTS = "CustomLabelsLifecycle", "line-2", "inbox-results"
AWS = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
"""Version 1 of the AWS CLI, which is tested with, passes AWS_ENDPOINT_URL by where it is called for SQS."""


@dataclass
class Deployed:
    """The deployed stack, and what the doctor finds in it."""

    emulator: Emulator
    labels: CustomLabels
    without_chat: bool = False

    def client(self, service: str) -> Any:
        return self.emulator.client(service)

    def wrong(self, check: str) -> list[Finding]:
        """What one check finds wrong now; all of it has to be found."""
        made = DeployedStack(STACK, self.emulator.region, self.emulator.account_id, self.client, self.labels.report)
        if self.without_chat:
            vars(made)["outputs"] = {name: arn for name, arn in made.outputs.items() if name != "ChatTopicArn"}
        found = [*examined(made, [one for one in CHECKS if one.name == check])]
        assert State.NOT_CHECKED not in {one.state for one in found}, found
        return [one for one in found if one.state is State.WRONG]

    def run(self, command: str) -> None:
        """As somebody pastes it into a shell; it has to succeed."""
        said_by(self.emulator, [*BASH, f"{AWS}\n{command}"])

    def queue(self, ending: str) -> str:
        """The URL of the queue whose name ends so."""
        urls: list[str] = self.client("sqs").list_queues()["QueueUrls"]
        return next(url for url in urls if url.endswith(ending))

    @property
    def lost(self) -> str:
        """The URL of the queue of lost calls."""
        urls: list[str] = self.client("sqs").list_queues()["QueueUrls"]
        return next(url for url in urls if "LostCalls" in url)

    @property
    def sns(self) -> SNSBackend:
        return sns_backends[self.emulator.account_id][self.emulator.region]


@pytest.fixture
def deployed_stack(emulator: Emulator) -> Iterator[Deployed]:
    """With the buckets of its inbox; afterwards nothing waits that a test has sent, and the clock is the machine's."""
    images.ensure_bucket(emulator.client("s3"), RESULTS)
    session = boto3.Session("test", "test", region_name=emulator.region)
    client = session.client
    session.client = lambda service, **more: client(service, endpoint_url=emulator.endpoint, **more)  # type: ignore[method-assign, assignment]  # clients of the emulator
    found = Deployed(emulator, CustomLabels(session=session))
    yield found
    _drain(emulator.client("sqs"), found.queue(f"-inbox-{INBOX}"))
    emulator.clock.reset()
    forget_turns(emulator)


def _drain(sqs: Any, queue: str) -> None:
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for one in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])


def switch_of_its_bucket(stack: Deployed) -> None:
    stack.client("s3").put_bucket_notification_configuration(Bucket=ARRIVALS, NotificationConfiguration={})


def no_bucket_for_results(stack: Deployed) -> None:
    s3 = stack.client("s3")
    for one in s3.list_objects_v2(Bucket=RESULTS).get("Contents", ()):
        s3.delete_object(Bucket=RESULTS, Key=one["Key"])
    s3.delete_bucket(Bucket=RESULTS)


def schedule_disabled(stack: Deployed) -> None:
    scheduler = stack.client("scheduler")
    (name,) = (one["Name"] for one in scheduler.list_schedules()["Schedules"] if "EverySweep" in one["Name"])
    scheduler.update_schedule(**_kept(scheduler.get_schedule(Name=name)), State="DISABLED")


def _kept(schedule: dict[str, Any]) -> dict[str, Any]:
    names = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    return {name: schedule[name] for name in names}


def sweep_overdue(stack: Deployed) -> None:
    stack.labels.sweep()
    stack.emulator.clock.advance(3600)


def image_given_up(stack: Deployed) -> None:
    stack.client("sqs").send_message(QueueUrl=stack.queue(f"-{INBOX}-dead"), MessageBody="{}")


def inbox_paused(stack: Deployed) -> None:
    stack.labels.inbox(INBOX).pause(by="the test")


def call_lost(stack: Deployed) -> None:
    stack.client("sqs").send_message(QueueUrl=stack.lost, MessageBody="{}")


def event_undelivered(stack: Deployed) -> None:
    stack.client("sqs").send_message(QueueUrl=stack.queue("-undelivered"), MessageBody="{}")


@pytest.mark.parametrize(
    ("check", "put_wrong"),
    [
        ("Buckets", switch_of_its_bucket),
        ("Buckets", no_bucket_for_results),
        ("Schedules", schedule_disabled),
        ("Sweep", sweep_overdue),
        ("Inboxes", image_given_up),
        ("Inboxes", inbox_paused),
        ("Dead letters", call_lost),
        ("Dead letters", event_undelivered),
    ],
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)
def test_the_command_mends_it(deployed_stack: Deployed, check: str, put_wrong: Callable[[Deployed], None]) -> None:
    put_wrong(deployed_stack)
    (found,) = deployed_stack.wrong(check)
    deployed_stack.run(found.mend)
    assert deployed_stack.wrong(check) == []


def test_where_nobody_is_subscribed_the_command_subscribes_an_address(
    deployed_stack: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed_stack.without_chat = True
    monkeypatch.setattr(deployed_stack.sns, "subscriptions", {})
    (found,) = deployed_stack.wrong("Mails")
    deployed_stack.run(found.mend)
    assert deployed_stack.wrong("Mails") == []


def test_who_has_not_confirmed_is_asked_again_and_gets_mail_once_that_is_done(
    deployed_stack: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto asks nobody to confirm: that an address is asked is seen by its being subscribed anew."""
    topic = deployed_stack.sns.topics[deployed_stack.emulator.outputs["NotificationTopicArn"]]
    pending = Subscription(deployed_stack.emulator.account_id, topic, "new colleague@example.com", "email")
    pending.arn = "PendingConfirmation"
    subscriptions = {pending.arn: pending}
    monkeypatch.setattr(deployed_stack.sns, "subscriptions", subscriptions)
    (found,) = deployed_stack.wrong("Mails")
    del subscriptions[pending.arn]
    deployed_stack.run(found.mend)
    assert [one.endpoint for one in subscriptions.values()] == [pending.endpoint]
    assert deployed_stack.wrong("Mails") == []


def test_an_alarm_s_command_succeeds(deployed_stack: Deployed) -> None:
    """On the emulator nothing evaluates alarms: they don't end by what is done."""
    cloudwatch, name = deployed_stack.client("cloudwatch"), f"{STACK}-InboxEventsUndelivered-{INBOX}"
    compared = {"ComparisonOperator": "LessThanThreshold", "Threshold": 1, "EvaluationPeriods": 1, "Period": 60}
    measured = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Statistic": "Sum"}
    cloudwatch.put_metric_alarm(AlarmName=name, **measured, **compared)
    try:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="The test says so.")
        (found,) = deployed_stack.wrong("Alarms")
        deployed_stack.run(found.mend)
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])
