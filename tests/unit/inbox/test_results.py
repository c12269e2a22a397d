"""Where the result of an image goes, whatever its key."""

import pytest

from lifecycle.inbox.results import LONGEST_KEY, result_key
from lifecycle.inbox.worker import Outcome
from lifecycle.shared.s3_location import Place
from tests.unit.inbox.bench import Bench

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


def test_a_bucket_as_a_whole_may_be_an_inbox() -> None:
    assert result_key("a/b.png", Place.parse("s3://factory"), Place.parse("s3://results")) == "a/b.png.json"
