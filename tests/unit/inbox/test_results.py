"""Where the result of an image goes, whatever its key."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from lifecycle.inbox.arrivals import Arrival
from lifecycle.inbox.results import ERROR, LABELS, broken, is_result_of, labelled, notes, result_key
from lifecycle.inbox.worker import Outcome
from lifecycle.ports import ObjectVersion, Refused
from lifecycle.shared.s3_location import Place
from tests.unit.examples import ARN, NOW
from tests.unit.inbox.bench import Bench

LONGEST_KEY = 1024
"""Bytes: Amazon S3 User Guide, "Naming Amazon S3 objects"."""
IMAGES, RESULTS = Place.parse("s3://factory/line-1"), Place.parse("s3://results/labels")
ODD = [
    *("a+b.png", "a b.png", "a%20b.png", "100%.png", "ä€𝄞.png", "e\u0301.png", "\u202egnp.exe", "日本/カメラ.jpeg"),
    *("a//b.png", "/a.png", "../a.png", "./a.png", "folder/", ".json", "~", "*", " ", "trailing ", "\x7f"),
    *("a?versionId=1", "a#b&c=d;e@f:g", "a\"b'c<d>`e|f\\g", "a\nb\tc\x01.png", "07:00:00Z.png", "${jndi:x}", "{}"),
]


@pytest.mark.parametrize("below", ODD)
def test_an_odd_key_is_taken_as_it_is(below: str) -> None:
    bench = Bench()
    key = f"line-1/{below}"
    assert bench.deliver(bench.put(key=key)) is Outcome.LABELLED
    assert bench.detected[0]["S3Object"]["Name"] == key
    assert bench.result(("results", f"labels/{below}.json"))["Image"]["Key"] == key


def test_no_two_odd_keys_share_a_result() -> None:
    assert len({result_key(f"line-1/{below}", IMAGES, RESULTS) for below in ODD}) == len(ODD)


@pytest.mark.parametrize("letter", ["a", "ä", "€", "𝄞"])
@pytest.mark.parametrize("fewer", range(14))
def test_a_result_s_key_is_never_too_long_and_ends_at_a_whole_character(letter: str, fewer: int) -> None:
    size = len(letter.encode())
    key = f"line-1/{letter * ((LONGEST_KEY - 7 - fewer) // size)}"
    found = result_key(key, IMAGES, RESULTS)
    assert len(found.encode()) <= LONGEST_KEY
    assert found.startswith(f"labels/{letter * 200}")
    assert found.endswith(".json")
    assert "\ufffd" not in found


def test_long_keys_that_differ_at_their_end_alone_have_results_of_their_own() -> None:
    long = "x" * (LONGEST_KEY - 8)
    assert result_key(f"line-1/{long}1", IMAGES, RESULTS) != result_key(f"line-1/{long}2", IMAGES, RESULTS)


def test_such_a_key_ends_with_a_digest_that_anybody_can_work_out() -> None:
    """Whoever waits for a result has to find it, whichever release of this app has written it."""
    wished = f"labels/{'x' * 1013}"
    assert result_key(f"line-1/{'x' * 1012}", IMAGES, RESULTS) == f"labels/{'x' * 1012}.json"
    digest = hashlib.sha256(wished.encode()).hexdigest()[:32]
    assert result_key(f"line-1/{'x' * 1013}", IMAGES, RESULTS) == f"{wished[:986]}~{digest}.json"


IMAGE = ObjectVersion("e1", NOW, "v1")
BARE = replace(IMAGE, version_id=None)


def result(image: ObjectVersion, kind: str = LABELS, seconds: float = 1) -> ObjectVersion:
    """One that was written so long after the image was."""
    return ObjectVersion("r", NOW + timedelta(seconds=seconds), notes=notes(image, kind))


@pytest.mark.parametrize(
    ("found", "image", "again", "so"),
    [
        (result(IMAGE), IMAGE, False, True),
        (result(IMAGE, seconds=0), IMAGE, False, True),
        (result(IMAGE, seconds=-1), IMAGE, False, False),
        (result(BARE), BARE, False, True),
        (result(BARE), IMAGE, False, False),
        (result(replace(IMAGE, version_id="v0")), IMAGE, False, False),
        (result(replace(IMAGE, etag="e0")), IMAGE, False, False),
        (result(IMAGE, ERROR), IMAGE, False, True),
        (result(IMAGE, ERROR), IMAGE, True, False),
        (result(IMAGE), IMAGE, True, True),
        (ObjectVersion("r", NOW), BARE, False, False),
    ],
)
def test_a_result_is_that_of_the_version_of_an_image_that_is_noted_beside_it(
    found: ObjectVersion, image: ObjectVersion, again: bool, so: bool
) -> None:
    assert is_result_of(found, image, errors_again=again) is so
    assert again or is_result_of(found, image) is so


def test_what_is_noted_beside_a_result_is_read_by_other_releases_and_by_people() -> None:
    assert notes(IMAGE, LABELS) == {"image-etag": "e1", "image-version": "v1", "kind": "labels"}
    assert notes(BARE, ERROR) == {"image-etag": "e1", "image-version": "", "kind": "error"}


def test_a_result_says_of_which_image_it_is_on_one_line() -> None:
    arrival = Arrival("factory", "line-1/1.png", "e0", "v0", "1", errors=False)
    assert labelled(arrival, IMAGE, [{"Name": "scratch"}], project_version_arn=ARN, now=NOW) == (
        '{"Image": {"Bucket": "factory", "Key": "line-1/1.png", "ETag": "e1", "VersionId": "v1"}, '
        f'"ProjectVersionArn": "{ARN}", "CustomLabels": [{{"Name": "scratch"}}], '
        '"LabelledAt": "2026-11-24T07:00:00.000Z"}\n'
    )
    assert broken(arrival, BARE, Refused("InvalidImageFormatException", "It is none.")) == (
        '{"Image": {"Bucket": "factory", "Key": "line-1/1.png", "ETag": "e1"}, '
        '"Error": "InvalidImageFormatException", "Message": "It is none."}\n'
    )


def test_a_bucket_as_a_whole_may_be_an_inbox() -> None:
    assert result_key("a/b.png", Place.parse("s3://factory"), Place.parse("s3://results")) == "a/b.png.json"
