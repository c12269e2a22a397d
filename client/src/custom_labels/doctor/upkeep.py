"""The checks of what runs by itself: the sweep, the schedules, and what was given up."""

import json
from collections.abc import Iterator

from custom_labels.doctor.findings import Wrong
from custom_labels.doctor.stack import DeployedStack

WITHOUT = {"EverySweep": "forgotten models are not stopped", "EveryMinute": "the images of inboxes are not labelled"}
"""The schedules that are always enabled, by what their names in the template have in them, and what happens without."""
NOT_GIVEN = {"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"}
"""What GetSchedule answers and UpdateSchedule does not take; that replaces all else by what it is given."""
_COUNT = "ApproximateNumberOfMessages"


def sweep_runs(stack: DeployedStack) -> Iterator[Wrong]:
    """What stops forgotten models came lately."""
    report = stack.report("models")
    if report["SweepIsLate"]:
        last = report.get("LastSweep")
        yield Wrong(
            f"The sweep is late: it ran last at {last}." if last else "The sweep has never run.",
            stack.own_command("sweep"),
        )


def schedules_are_enabled(stack: DeployedStack) -> Iterator[Wrong]:
    """What has to run by itself is called: a deploy does not enable what somebody has disabled."""
    for schedule in stack.resources("AWS::Scheduler::Schedule"):
        without = next((said for part, said in WITHOUT.items() if part in schedule["LogicalResourceId"]), None)
        if without is None:
            continue
        found = stack.client("scheduler").get_schedule(Name=schedule["PhysicalResourceId"])
        if found["State"] != "ENABLED":
            kept = {name: value for name, value in found.items() if name not in NOT_GIVEN and value is not None}
            enabled = json.dumps({**kept, "State": "ENABLED"})
            yield Wrong(
                f"The schedule {schedule['PhysicalResourceId']} is disabled: {without}.",
                stack.command("scheduler", "update-schedule", "--cli-input-json", enabled),
            )


def nothing_is_given_up(stack: DeployedStack) -> Iterator[Wrong]:
    """The dead-letter queues are empty; those of inboxes are the inboxes' own check."""
    inboxes = f"/{stack.name}-inbox-"
    for queue in stack.resources("AWS::SQS::Queue"):
        url = queue["PhysicalResourceId"]
        inbox = url.partition(inboxes)[2]
        if inbox and not inbox.endswith("-undelivered"):
            continue
        found = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[_COUNT])["Attributes"]
        if not (count := int(found[_COUNT])):
            continue
        name, purge = url.rsplit("/", 1)[-1], stack.command("sqs", "purge-queue", "--queue-url", url)
        if inbox:
            backfill = stack.own_command("inbox", "backfill", inbox.removesuffix("-undelivered"))
            yield Wrong(
                f"{name} holds {count} that could not be delivered: images that nobody noticed.",
                f"{backfill} && {purge}",
            )
        else:
            seen = stack.command("sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10")
            yield Wrong(
                f"{name} holds {count} that could not be delivered. Before you purge it, do what they should have "
                f"done. They are shown by: {seen}",
                purge,
            )
