"""Who calls Amazon Rekognition when: the slots of all executions together."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from benchmarks.scale import Slots
from lifecycle.adapters import rate_limit
from lifecycle.adapters.rate_limit import LONGEST_QUEUE, SPARE, RateLimit
from lifecycle.errors import RateLimited

DESCRIBE = "DescribeProjectVersions"
EPOCH = 1_800_000_000.0


@dataclass
class Clock:
    """The module ``time``: sleeping is what makes it go on."""

    now: float = EPOCH
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limit, "time", clock)
    return clock


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="models",
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture
def limit(dynamodb: Any) -> RateLimit:
    return RateLimit(dynamodb, "models", calls_per_second=4)


def seconds(slot: datetime | None) -> float:
    assert slot is not None
    return round(slot.timestamp() - EPOCH, 3)


def test_who_is_alone_need_not_wait(limit: RateLimit, clock: Clock) -> None:
    assert limit.queue(DESCRIBE, None) is None
    clock.now += 1
    assert limit.queue(DESCRIBE, None) is None
    assert clock.slept == [0, 0]


def test_calls_that_follow_each_other_are_a_quarter_of_a_second_apart(limit: RateLimit, clock: Clock) -> None:
    for _ in range(4):
        limit.hurry(DESCRIBE)
    assert clock.slept == [0, 0.25, 0.25, 0.25]


def test_operations_have_quotas_of_their_own(limit: RateLimit, clock: Clock) -> None:
    limit.hurry(DESCRIBE)
    limit.hurry("DescribeProjects")
    assert clock.slept == [0, 0]


def a_crowd(limit: RateLimit, clock: Clock, size: int) -> list[datetime | None]:
    """That many at the same moment, those who are served at once among them: their slots."""
    slots = []
    for _ in range(size):
        clock.now = EPOCH
        slots.append(limit.queue(DESCRIBE, None))
    clock.now = EPOCH
    return slots


def test_of_a_crowd_those_whose_turn_is_soon_wait_in_the_function_and_others_hold_a_slot(
    limit: RateLimit, clock: Clock
) -> None:
    slots = a_crowd(limit, clock, 12)
    assert slots[:9] == [None] * 9
    assert max(clock.slept) == 2.0
    assert [seconds(slot) for slot in slots[9:]] == [2.25, 2.5, 2.75]


def test_who_comes_back_with_a_slot_is_served_at_it_and_takes_no_other(limit: RateLimit, clock: Clock) -> None:
    held = a_crowd(limit, clock, 12)[-1]
    clock.slept.clear()
    clock.now = EPOCH + 2
    assert limit.queue(DESCRIBE, held) is None
    assert clock.slept == [0.75]
    clock.now = EPOCH + 2
    assert limit.queue(DESCRIBE, None) is None
    assert clock.slept == [0.75, 1.0]  # the thirteenth's


def test_who_comes_back_late_is_served_at_once(limit: RateLimit, clock: Clock) -> None:
    held = a_crowd(limit, clock, 12)[-1]
    clock.now, clock.slept = EPOCH + 60, []
    assert limit.queue(DESCRIBE, held) is None
    assert clock.slept == [0]


def test_who_comes_back_too_early_goes_on_waiting_for_the_same_slot(limit: RateLimit, clock: Clock) -> None:
    held = a_crowd(limit, clock, 12)[-1]
    assert limit.queue(DESCRIBE, held) == held


def test_who_is_in_a_hurry_takes_no_slot_that_is_far(limit: RateLimit, clock: Clock) -> None:
    a_crowd(limit, clock, 12)
    with pytest.raises(RateLimited, match="Too many calls of DescribeProjectVersions wait for their turn"):
        limit.hurry(DESCRIBE)
    assert seconds(limit.queue(DESCRIBE, None)) == 3.0


def test_a_series_goes_beside_the_queue_in_what_the_slots_leave_of_the_quota(limit: RateLimit, clock: Clock) -> None:
    a_crowd(limit, clock, 100)
    clock.slept.clear()
    limit.yield_to_others(DESCRIBE)
    assert clock.slept == [SPARE]


def test_a_series_has_slots_where_there_is_no_queue(limit: RateLimit, clock: Clock) -> None:
    for _ in range(3):
        limit.yield_to_others(DESCRIBE)
    assert clock.slept == [0, 0.25, 0.25]


def test_a_slot_that_lies_absurdly_far_ahead_holds_nobody_up(limit: RateLimit, dynamodb: Any, clock: Clock) -> None:
    """A function whose clock was wrong by hours has left it."""
    absurd = int(EPOCH * 1000) + LONGEST_QUEUE + 1
    dynamodb.put_item(TableName="models", Item={"Id": {"S": f"RATE_LIMIT/{DESCRIBE}"}, "FreeAt": {"N": str(absurd)}})
    assert limit.queue(DESCRIBE, None) is None
    assert clock.slept == [0]


def test_a_slot_that_is_no_number_holds_nobody_up(limit: RateLimit, dynamodb: Any, clock: Clock) -> None:
    """Compared with a number it is neither more nor less: no condition holds."""
    with Stubber(dynamodb) as stubber:
        for _ in range(6):
            stubber.add_client_error(
                "update_item",
                "ConditionalCheckFailedException",
                modeled_fields={"Item": {"FreeAt": {"S": "soon"}}},
            )
        limit.hurry(DESCRIBE)
    assert clock.slept == [0]


def test_a_limiter_that_does_not_answer_holds_nobody_up(dynamodb: Any, clock: Clock) -> None:
    limit = RateLimit(dynamodb, "not there", calls_per_second=4)
    assert limit.queue(DESCRIBE, None) is None
    limit.hurry(DESCRIBE)
    assert clock.slept == [0, 0]


def test_a_slot_that_somebody_else_takes_meanwhile_is_not_taken_twice(
    limit: RateLimit, dynamodb: Any, clock: Clock
) -> None:
    """Between the two updates of the first, its slot passes, and another takes the moment."""
    limit.hurry(DESCRIBE)
    event, events = "provide-client-params.dynamodb.UpdateItem", dynamodb.meta.events

    def meanwhile(params: Any, **_: Any) -> None:
        if "BETWEEN" in params["ConditionExpression"]:
            events.unregister(event, meanwhile)
            clock.now = EPOCH + 5
            limit.hurry(DESCRIBE)

    events.register(event, meanwhile)
    limit.hurry(DESCRIBE)
    assert clock.now == EPOCH + 5.25


def test_a_refusal_that_does_not_say_why_holds_nobody_up(limit: RateLimit, dynamodb: Any, clock: Clock) -> None:
    with Stubber(dynamodb) as stubber:
        for _ in range(6):
            stubber.add_client_error("update_item", "ConditionalCheckFailedException")
        limit.hurry(DESCRIBE)
        stubber.assert_no_pending_responses()
    assert clock.slept == [0]


def test_slots_are_what_the_benchmark_simulates(limit: RateLimit, clock: Clock) -> None:
    """``benchmarks.scale`` takes its slots from a rule in memory: both give the same."""
    rule = Slots()
    arrivals = [0.0, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 2.0, 9.0, 9.2, 30.0]
    for arrival in arrivals:
        clock.now = EPOCH + arrival
        expected = rule.take(DESCRIBE, arrival)
        slot = limit.queue(DESCRIBE, None)
        assert (seconds(slot) if slot else round(clock.now - EPOCH, 3)) == pytest.approx(expected)
