"""What two messages about the same version of an image have in common."""

from dataclasses import replace

import pytest

from lifecycle.inbox.arrivals import Arrival

VERSIONED = Arrival("factory", "a.png", "e1", version_id="v1", sequencer="1")
OVERWRITTEN = Arrival("factory", "a.png", "e1", sequencer="1")


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
