"""Event patterns: what AWS refuses is refused, what it takes is taken, and no rule harms the others."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.server import Emulator


@pytest.fixture
def events(bare: Emulator) -> Any:
    return bare.client("events")


def put(events: Any, bus: str, **detail: Any) -> int:
    """How many entries failed."""
    entry = {"EventBusName": bus, "Source": "factory", "DetailType": "Shift", "Detail": json.dumps(detail)}
    failed: int = events.put_events(Entries=[entry])["FailedEntryCount"]
    return failed


@pytest.mark.parametrize(
    "match",
    [
        {"numeric": [">", "x"]}, {"numeric": [">"]}, {"numeric": ["~", 1]}, {"numeric": 1}, {"prefix": 1},
        {"suffix": [1]}, {"wildcard": None}, {"anything-but": {"numeric": [">", 1]}}, {"anything-but": [{}]},
        {"exists": "maybe"}, {"cidr": "here"}, {"nonsense": 1}, {"prefix": "a", "suffix": "b"}, [], {},
    ],
)  # fmt: skip
def test_a_match_that_makes_no_sense_is_refused(events: Any, match: Any) -> None:
    pattern = json.dumps({"source": ["factory"], "detail": {"a": [match]}})
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name="no-sense", EventPattern=pattern)


@pytest.mark.parametrize("pattern", ["{", "[]", '"x"', '{"source": "factory"}', '{"source": []}', '{"$or": ["x"]}'])
def test_a_pattern_is_an_object_of_arrays(events: Any, pattern: str) -> None:
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        events.put_rule(Name="no-pattern", EventPattern=pattern)


@pytest.mark.parametrize(
    ("match", "matched", "not_matched"),
    [
        ("x", "x", "y"), (None, None, "x"), (1.5, 1.5, 2), (True, True, False),
        ({"prefix": "x"}, "xy", "yx"), ({"prefix": {"equals-ignore-case": "X"}}, "xy", "yx"),
        ({"suffix": "x"}, "yx", "xy"), ({"wildcard": "x*z"}, "xyz", "xy"), ({"equals-ignore-case": "X"}, "x", "y"),
        ({"anything-but": ["x", 1]}, "y", "x"), ({"anything-but": "x"}, "y", "x"),
        ({"anything-but": {"prefix": "x"}}, "y", "xy"), ({"numeric": [">", 1, "<=", 5]}, 5, 6),
        ({"exists": True}, "x", None), ({"cidr": "10.0.0.0/8"}, "10.1.1.1", "11.1.1.1"),
    ],
)  # fmt: skip
def test_a_match_that_makes_sense_is_taken(
    bare: Emulator, events: Any, match: Any, matched: Any, not_matched: Any
) -> None:
    bus, queue = f"bus-{uuid.uuid4()}", bare.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4()}")["QueueUrl"]
    events.create_event_bus(Name=bus)
    pattern = json.dumps({"source": ["factory"], "detail": {"a": [match]}})
    events.put_rule(Name="sense", EventBusName=bus, EventPattern=pattern)
    arn = f"arn:aws:sqs:{bare.region}:{bare.account_id}:{queue.rpartition('/')[2]}"
    events.put_targets(Rule="sense", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    put(events, bus, a=matched)
    put(events, bus, **({"b": 1} if match == {"exists": True} else {"a": not_matched}))
    bare.deliveries.wait(bare.deliveries.list(), 60)
    received = bare.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(one["Body"])["detail"] for one in received] == [{"a": matched}]


def test_a_text_where_a_number_is_asked_for_is_no_match_and_fails_nobody(events: Any) -> None:
    bus = f"bus-{uuid.uuid4()}"
    events.create_event_bus(Name=bus)
    pattern = json.dumps({"detail": {"a": [{"numeric": [">", 1]}]}})
    events.put_rule(Name="numbers", EventBusName=bus, EventPattern=pattern)
    assert put(events, bus, a="text") == 0
