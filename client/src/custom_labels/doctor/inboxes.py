"""The checks of the inboxes, and of their buckets."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from custom_labels.doctor.findings import Wrong
from custom_labels.doctor.stack import DeployedStack


def inboxes_go_on(stack: DeployedStack) -> Iterator[Wrong]:
    """Nothing was given up, and nobody and nothing keeps them from labelling."""
    report = stack.report("inboxes")
    for problem in report["Problems"]:
        yield Wrong(problem, "Read the message: it names what can't be read, and why.")
    for inbox in report["Inboxes"]:
        name = inbox["Name"]
        if given_up := inbox.get("DeadLetters"):
            yield Wrong(
                f"{name}: {given_up} {'image was' if given_up == 1 else 'images were'} given up.",
                stack.own_command("inbox", "redrive", name),
            )
        if inbox["State"] in {"PAUSED", "BLOCKED"}:
            yield Wrong(f"{name} is {inbox['State']}. {inbox['Why']}", stack.own_command("inbox", "resume", name))


def buckets_send_their_events(stack: DeployedStack) -> Iterator[Wrong]:
    """The inboxes' buckets can be accessed, are in the model's Region, and those of images send their events."""
    s3 = stack.client("s3")
    for inbox in stack.report("inboxes")["Inboxes"]:
        name = inbox["Name"]
        images, results = (inbox[kind].removeprefix("s3://").partition("/")[0] for kind in ("Images", "Results"))
        for bucket in dict.fromkeys((images, results)):
            if (region := region_of(s3, bucket)) is None:
                yield Wrong(f"{name}: there is no bucket {bucket}.", stack.command("s3", "mb", f"s3://{bucket}"))
            elif region != stack.region:
                yield Wrong(
                    f"{name}: the bucket {bucket} is in {region}, not in {stack.region}, where Amazon Rekognition "
                    "could read it.",
                    "Name a bucket of this Region in 'inboxes' of cdk.json, and run make deploy.",
                )
            elif bucket == images and "EventBridgeConfiguration" not in (kept := notifications_of(s3, bucket)):
                configuration = json.dumps({**kept, "EventBridgeConfiguration": {}})
                yield Wrong(
                    f"{name}: the bucket {bucket} does not send its events to EventBridge: images are not noticed.",
                    stack.command(
                        *("s3api", "put-bucket-notification-configuration", "--bucket", bucket),
                        *("--notification-configuration", configuration),
                    ),
                )


def region_of(s3: Any, bucket: str) -> str | None:
    """A bucket's Region; us-east-1 is named by nothing (API reference, GetBucketLocation). None: no such bucket."""
    try:
        found: str = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        return None
    return "eu-west-1" if found == "EU" else found  # of buckets from before 2008, by the same page


def notifications_of(s3: Any, bucket: str) -> Mapping[str, Any]:
    """Whom a bucket sends its events, all of it: a command that changes it replaces the whole."""
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}
