"""What a message of an inbox's queue says: which version of which image has arrived."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lifecycle.errors import InvalidRequest
from lifecycle.inbox.arrivals import Arrival, backfill_message
from lifecycle.ports import ObjectVersion
from lifecycle.shared.s3_location import Place
from lifecycle.shared.text import escaped
from lifecycle.shared.wire import timestamp
from tests.unit.examples import NOW

VERSIONED = Arrival("factory", "a.png", "e1", version_id="v1", sequencer="1", errors=False)
OVERWRITTEN = replace(VERSIONED, version_id=None)
IMAGES = Place("factory", "line-1/")
NOT_HERE = "is not in s3://factory/line-1/, the images of this inbox"
REMEDY = (
    "The message ends up in the dead-letter queue. If 'images' in cdk.json was changed meanwhile, copy the image into "
    "the new folder; else find out who sends messages to this queue."
)


def event(key: str = "line-1/a.png", bucket: str = "factory", **more: Any) -> str:
    """As Amazon EventBridge sends it."""
    return json.dumps({"detail": {"bucket": {"name": bucket}, "object": {"key": key, "etag": "e1", **more}}})


@pytest.mark.parametrize(
    "other",
    [
        replace(VERSIONED, bucket="plant"),
        replace(VERSIONED, key="b.png"),
        replace(VERSIONED, version_id="v2"),
        replace(OVERWRITTEN, key="b.png"),
        replace(OVERWRITTEN, etag="e2"),
        replace(OVERWRITTEN, sequencer="2"),
    ],
)
def test_another_bucket_key_or_version_is_another_image(other: Arrival) -> None:
    assert other.identity not in (VERSIONED.identity, OVERWRITTEN.identity)


def test_a_version_is_the_same_whichever_of_its_messages_comes() -> None:
    assert replace(VERSIONED, sequencer="2").identity == VERSIONED.identity


@pytest.mark.parametrize("unversioned", [None, "", "null"])
def test_an_object_of_a_bucket_without_versions_is_told_by_its_content(unversioned: str | None) -> None:
    arrival = replace(OVERWRITTEN, version_id=unversioned)
    assert (arrival.is_versioned, arrival.identity) == (False, OVERWRITTEN.identity)


@pytest.mark.parametrize(
    ("arrival", "etag", "version_id", "same"),
    [
        pytest.param(VERSIONED, "e1", "v1", True, id="the version"),
        pytest.param(VERSIONED, "e1", "v2", False, id="another version of the same content"),
        pytest.param(VERSIONED, "e1", None, True, id="read without a version"),
        pytest.param(VERSIONED, "e2", "null", False, id="other content, read without a version"),
        pytest.param(OVERWRITTEN, "e1", "v1", True, id="a bucket that has versions since"),
        pytest.param(OVERWRITTEN, "e2", None, False, id="overwritten"),
    ],
)
def test_an_image_is_the_one_that_arrived_if_its_version_is_or_its_content_where_there_is_no_version(
    arrival: Arrival, etag: str, version_id: str | None, same: bool
) -> None:
    assert arrival.is_of(ObjectVersion(etag, NOW, version_id)) is same


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, {}),
        ({"version-id": "v1", "sequencer": "0A"}, {"version_id": "v1", "sequencer": "0A"}),
        ({"version-id": 7}, {}),
    ],
    ids=["the least", "the most", "a version that is no text"],
)
def test_an_event_of_amazon_s3_says_what_has_arrived(more: dict[str, Any], says: dict[str, Any]) -> None:
    expected = {"version_id": None, "sequencer": "", "errors": False, **says}
    assert Arrival.read(event(**more), IMAGES) == Arrival("factory", "line-1/a.png", "e1", **expected)


@pytest.mark.parametrize("errors", [False, True])
def test_what_a_backfill_sends_is_read_as_an_arrival_of_its_own_time(errors: bool) -> None:
    body = backfill_message("factory", "line-1/a.png", {"etag": "e1", "size": 3}, now=NOW, errors=errors)
    sent = json.loads(body)
    assert (sent["source"], sent["detail-type"]) == ("custom-labels-lifecycle", "Inbox Backfill")
    again = Arrival.read(body, IMAGES)
    assert again == Arrival("factory", "line-1/a.png", "e1", None, timestamp(NOW), errors)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("no event", "A message is no event of Amazon S3: no event"),
        (event(etag=1), f"A message is no event of Amazon S3: {escaped(event(etag=1))}"),
        (event("line-2/\a.png"), f"s3://factory/line-2/\\u0007.png {NOT_HERE}"),
        (event(bucket="plant"), f"s3://plant/line-1/a.png {NOT_HERE}"),
    ],
    ids=["no event", "no text", "another folder", "another bucket"],
)
def test_any_other_message_is_refused_with_what_it_says_and_what_to_do(body: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        Arrival.read(body, IMAGES)
    assert (refused.value.message, refused.value.cause["Remedy"]) == (message, REMEDY)
