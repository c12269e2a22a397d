"""What is checked: a function for each thing, which yields what is wrong with it, and a table of them all."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from custom_labels.doctor.findings import Wrong
from custom_labels.doctor.stack import DeployedStack, pages

BOOTSTRAP = "CDKToolkit"
"""The stack that `cdk bootstrap` makes, and `make deploy` needs."""
WELL_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
UNSETTLED = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}
STARTABLE = {"TRAINING_COMPLETED", "COPYING_COMPLETED", "STOPPED", "STARTING", "RUNNING", "STOPPING", "FAILED"}
"""From these a model is, or can be, started; of FAILED that is tried (docs/evidence/assumptions.md)."""
QUOTAS = ("custom labels", "running models")
"""What the name of the quota of running models has in it, as Service Quotas lists it: an assumption, never seen."""
RUNNING_AT_ONCE = 2
"""The default of that quota (Amazon Rekognition Custom Labels Guide, "Guidelines and quotas")."""


def stack_is_deployed(stack: DeployedStack) -> Iterator[Wrong]:
    """The last deploy went through."""
    status = stack.description["StackStatus"]
    if status not in WELL_DEPLOYED:
        why = stack.description.get("StackStatusReason")
        wait = status in UNSETTLED
        yield Wrong(
            f"The stack is {status}{f': {why}' if why else '.'}",
            "Wait until the deploy is over, and run this again." if wait else "make deploy",
        )


def account_is_bootstrapped(stack: DeployedStack) -> Iterator[Wrong]:
    """`make deploy` will find what it needs."""
    try:
        stack.client("cloudformation").describe_stacks(StackName=BOOTSTRAP)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        yield Wrong(f"There is no stack {BOOTSTRAP}: the next deploy will fail.", "make bootstrap")


def models_can_be_started(stack: DeployedStack) -> Iterator[Wrong]:
    """Each configured version exists, its project can be read, and its status allows a start."""
    report = stack.report("models")
    for problem in report["Problems"]:
        yield Wrong(problem, "Read the message: it names the right, or the project, that is missing.")
    for model in report["Models"]:
        name, status = model["Name"], model["Status"]
        of_project = ("rekognition", "describe-projects", "--project-names", model["Project"])
        if "ProjectVersionArn" not in model:
            yield Wrong(
                f"{name} means the newest good version of {model['Project']}, and there is none. "
                f"{model.get('Remark', '')}".rstrip(),
                stack.command(*of_project),
            )
        elif status == "NOT_FOUND":
            yield Wrong(
                f"{name}: there is no such version: {model['ProjectVersionArn']}. Name one in cdk.json, and deploy.",
                stack.command(*of_project),
            )
        elif status not in STARTABLE and status != "UNKNOWN":
            said = model.get("StatusMessage")
            yield Wrong(
                f"{name} is {status}, from which it can't be started{f': {said}' if said else '.'}",
                "Name another version in cdk.json, and run make deploy.",
            )


def quota_has_room(stack: DeployedStack) -> Iterator[Wrong]:
    """All configured models may run at a time."""
    listed = pages(stack.client("service-quotas"), "list_service_quotas", "Quotas", ServiceCode="rekognition")
    found = [one for one in listed if all(part in one["QuotaName"].lower() for part in QUOTAS)]
    most = int(found[0]["Value"]) if found else RUNNING_AT_ONCE
    configured = len({one["Name"] for one in stack.report("models")["Models"]})
    if configured > most:
        source = "" if found else ", the default, since Service Quotas lists none by that name"
        yield Wrong(
            f"{configured} models are known here, and {most} may run at a time{source}. Starts beyond that fail, or "
            "wait with WaitForCapacity.",
            stack.command("service-quotas", "list-service-quotas", "--service-code", "rekognition"),
        )


def mails_reach_somebody(stack: DeployedStack) -> Iterator[Wrong]:
    """Somebody is subscribed, and every subscription is confirmed."""
    topic = stack.outputs["NotificationTopicArn"]
    found = [*pages(stack.client("sns"), "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)]
    if not found and "ChatTopicArn" not in stack.outputs:
        yield Wrong(
            "Nobody is subscribed to the notifications: a failure is read by nobody.",
            "Add an address to 'notification_emails' in cdk.json, and run make deploy.",
        )
    for one in found:
        if not one["SubscriptionArn"].startswith("arn:"):
            yield Wrong(
                f"{one['Endpoint']} has not confirmed its subscription: it gets no mail. The confirmation is valid for "
                "three days; this sends it anew.",
                stack.command(
                    *("sns", "subscribe", "--topic-arn", topic),
                    *("--protocol", one["Protocol"], "--notification-endpoint", one["Endpoint"]),
                ),
            )


def sweep_comes_by(stack: DeployedStack) -> Iterator[Wrong]:
    """What stops forgotten models runs: its schedule is enabled, and it came lately."""
    for schedule in stack.resources("AWS::Scheduler::Schedule"):
        if "EverySweep" in schedule["LogicalResourceId"]:
            found = stack.client("scheduler").get_schedule(Name=schedule["PhysicalResourceId"])
            if found["State"] != "ENABLED":
                yield Wrong(
                    "The sweep's schedule is disabled: forgotten models are not stopped.",
                    "Enable it in EventBridge Scheduler: a deploy does not. Its name: "
                    + schedule["PhysicalResourceId"],
                )
    report = stack.report("models")
    if report["SweepIsLate"]:
        last = report.get("LastSweep")
        yield Wrong(
            f"The sweep is late: it came last at {last}." if last else "The sweep has never come.",
            f"custom-labels sweep --region {stack.region}",
        )


def alarms_are_silent(stack: DeployedStack) -> Iterator[Wrong]:
    """No alarm of the stack's is in ALARM."""
    found = pages(
        stack.client("cloudwatch"),
        "describe_alarms",
        "MetricAlarms",
        AlarmNamePrefix=f"{stack.name}-",
        StateValue="ALARM",
    )
    for alarm in found:
        yield Wrong(
            f"{alarm['AlarmName']} is in ALARM: {alarm.get('AlarmDescription', '')}",
            stack.command(
                "cloudwatch", "describe-alarm-history", "--alarm-name", alarm["AlarmName"], "--max-items", "5"
            ),
        )


def nothing_is_given_up(stack: DeployedStack) -> Iterator[Wrong]:
    """The dead-letter queues are empty; those of inboxes are the inboxes' own check."""
    inboxes = f"/{stack.name}-inbox-"
    for queue in stack.resources("AWS::SQS::Queue"):
        url = queue["PhysicalResourceId"]
        if inboxes in url and not url.endswith("-undelivered"):
            continue
        name = "ApproximateNumberOfMessages"
        found = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
        if count := int(found[name]):
            yield Wrong(
                f"{url.rsplit('/', 1)[-1]} holds {count} that could not be delivered.",
                stack.command("sqs", "receive-message", "--queue-url", url),
            )


def inboxes_get_their_images(stack: DeployedStack) -> Iterator[Wrong]:
    """Their buckets are in the model's Region and send their events, and no image was given up."""
    s3 = stack.client("s3")
    report = stack.report("inboxes")
    for problem in report["Problems"]:
        yield Wrong(problem, "Read the message: it names what can't be read, and why.")
    for inbox in report["Inboxes"]:
        name = inbox["Name"]
        bucket = inbox["Images"].removeprefix("s3://").partition("/")[0]
        if not bucket_is_here(s3, bucket, stack.region):
            yield Wrong(
                f"{name}: the bucket {bucket} is not in {stack.region}, where Amazon Rekognition could read it.",
                "Name a bucket of this Region in 'inboxes' of cdk.json, and run make deploy.",
            )
        elif "EventBridgeConfiguration" not in (kept := notifications_of(s3, bucket)):
            configuration = json.dumps({**kept, "EventBridgeConfiguration": {}})
            yield Wrong(
                f"{name}: the bucket {bucket} does not send its events to EventBridge: images are not noticed.",
                stack.command(
                    *("s3api", "put-bucket-notification-configuration", "--bucket", bucket),
                    *("--notification-configuration", f"'{configuration}'"),
                ),
            )
        if given_up := inbox.get("DeadLetters"):
            yield Wrong(
                f"{name}: {given_up} {'image was' if given_up == 1 else 'images were'} given up.",
                f"custom-labels inbox redrive {name}",
            )
        if inbox["State"] in {"PAUSED", "BLOCKED"}:
            yield Wrong(f"{name} is {inbox['State']}. {inbox['Why']}", f"custom-labels inbox resume {name}")


def bucket_is_here(s3: Any, bucket: str, region: str) -> bool:
    """Whether a bucket exists, in this Region; us-east-1 is named by nothing (API reference, GetBucketLocation)."""
    try:
        found = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
        found = "eu-west-1" if found == "EU" else found  # of buckets from before 2008, by the same page
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        return False
    return bool(found == region)


def notifications_of(s3: Any, bucket: str) -> Mapping[str, Any]:
    """Whom a bucket sends its events, all of it: a command that changes it replaces the whole."""
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


@dataclass(frozen=True)
class Check:
    """A check: what it is called, what it says when all is well, and the right that it needs."""

    name: str
    well: str
    needs: str
    look: Callable[[DeployedStack], Iterator[Wrong]]


CHECKS = (
    Check("Stack", "The last deploy went through.", "cloudformation:DescribeStacks", stack_is_deployed),
    Check(
        "Bootstrap", "The next deploy finds what it needs.", "cloudformation:DescribeStacks", account_is_bootstrapped
    ),
    Check("Models", "Every version exists and can be started.", "the viewers policy", models_can_be_started),
    Check("Quota", "All models may run at a time.", "servicequotas:ListServiceQuotas", quota_has_room),
    Check("Mails", "Every subscription is confirmed.", "sns:ListSubscriptionsByTopic", mails_reach_somebody),
    Check(
        "Sweep",
        "It comes by, and stops what is forgotten.",
        "cloudformation:ListStackResources and scheduler:GetSchedule",
        sweep_comes_by,
    ),
    Check("Alarms", "None is in ALARM.", "cloudwatch:DescribeAlarms", alarms_are_silent),
    Check(
        "Dead letters",
        "Nothing was given up.",
        "cloudformation:ListStackResources and sqs:GetQueueAttributes",
        nothing_is_given_up,
    ),
    Check(
        "Inboxes",
        "Their buckets send events, and nothing was given up.",
        "s3:GetBucketLocation and s3:GetBucketNotification",
        inboxes_get_their_images,
    ),
)
