"""Amazon S3: any key has its route, and what is created or deleted is an event on the default bus."""

from __future__ import annotations

import itertools
import time
import uuid
from typing import Any

from moto.moto_server.utilities import RegexConverter
from moto.s3 import notifications
from moto.s3.responses import S3Response

from emulator.seams import events
from emulator.seams.patching import patch

_REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
}
"""What an event names as its reason, by moto's name of it; of other kinds moto's own stays."""
_UNVERSIONED = "null"
_numbers = itertools.count(1)


def _publish(account_id: str, bucket: Any, event_name: Any, key: Any) -> None:
    """Put the event of an object on the default bus: the key as it is, and the version only where there is one."""
    made = {
        "key": key.name,
        "size": key.size,
        "etag": key.etag.replace('"', ""),
        "version-id": key.version_id,
        "sequencer": f"{int(time.time() * 1000):013X}{next(_numbers):06X}",
    }
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": {name: value for name, value in made.items() if value != _UNVERSIONED},
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
        "reason": _REASONS.get(str(event_name.value), str(event_name.value).partition(":")[2]),
    }
    events.publish(
        account_id,
        bucket.region_name,
        source="aws.s3",
        detail_type=notifications._detail_type(event_name),
        resources=[bucket.arn],
        detail=detail,
    )


_describe: Any = S3Response.get_bucket_notification


def _described(self: Any) -> Any:
    """GetBucketNotificationConfiguration says whether events go to EventBridge."""
    kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
    serialise = self.serialized

    def with_switch(result: Any) -> Any:
        if kept and kept.event_bridge is not None:
            result.result["EventBridgeConfiguration"] = {}
        return serialise(result)

    self.serialized = with_switch
    return _describe(self)


_convert: Any = RegexConverter.__init__


def _convert_lines(self: Any, url_map: Any, *items: Any) -> None:
    """A part of a path may have line breaks in it."""
    _convert(self, url_map, *items)
    self.regex = f"(?s:{self.regex})"


def install() -> None:
    """Put the patches in place."""
    # In moto's routes a dot is anything but a line break, which a key may have.
    patch(RegexConverter, "__init__", _convert_lines)

    # moto keeps the switch to itself.
    patch(S3Response, "get_bucket_notification", _described)

    # moto's event has `eTag`, the version "null" of a bucket without versions, one sequencer for all, and the name of
    # the older kind of notification as its reason; it goes to the rules of all buses, and nobody sees what fails.
    patch(notifications, "_send_event_bridge_message", _publish)
