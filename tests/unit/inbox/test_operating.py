"""What people do with an inbox from the command line."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.errors import InvalidRequest, ServiceUnavailable
from lifecycle.inbox.operating import Operator
from lifecycle.inbox.record import Blocked, InboxRecord
from tests.unit.examples import NOW
from tests.unit.inbox.bench import INBOX, Bench
from tests.unit.inbox.test_backfill import Queue

ENORMOUS = 10**5000
"""A number with more digits than Python writes."""


class Records:
    """``InboxRecords`` in memory; ``conflicts`` times somebody else is faster."""

    def __init__(self, conflicts: int = 0) -> None:
        self.record, self.conflicts = InboxRecord(name="line"), conflicts

    def get(self, _inbox: str) -> InboxRecord:
        return self.record

    def put(self, record: InboxRecord) -> bool:
        if self.conflicts:
            self.conflicts -= 1
            return False
        self.record = replace(record, revision=record.revision + 1)
        return True


def operator(**parts: Any) -> Operator:
    parts = {"records": Records(), "messages": Queue(), "objects": Bench(), "inboxes": {"line": INBOX}, **parts}
    return Operator(now=NOW, left=lambda: 300, **parts)


def test_a_pause_says_since_when_and_by_whom_and_a_second_one_changes_nothing() -> None:
    records = Records()
    asked = {"Inbox": "line", "By": "Anna"}
    paused = {"Inbox": "line", "PausedBy": "Anna", "PausedSince": "2026-11-24T07:00:00.000Z"}
    assert operator(records=records).pause(asked) == {**paused, "Changed": True}
    later = replace(operator(records=records), now=NOW + timedelta(hours=1))
    assert later.pause({**asked, "By": "Ben"}) == {**paused, "Changed": False}


def test_what_was_paused_or_blocked_is_resumed() -> None:
    records = Records()
    records.record = replace(records.record, blocked=Blocked(NOW, "denied", 3, NOW + timedelta(hours=1)))
    line = operator(records=records)
    line.pause({"Inbox": "line"})
    assert line.resume({"Inbox": "line"}) == {"Inbox": "line", "Changed": True}
    assert (records.record.paused, records.record.blocked) == (None, None)
    assert line.resume({"Inbox": "line"}) == {"Inbox": "line", "Changed": False}


def test_a_pause_goes_through_while_ticks_write_the_record() -> None:
    records = Records(conflicts=3)
    assert operator(records=records).pause({"Inbox": "line"})["Changed"]
    with pytest.raises(ServiceUnavailable):
        operator(records=Records(conflicts=100)).pause({"Inbox": "line"})


@pytest.mark.parametrize(
    ("queue", "answer"),
    [
        (Queue(), {"DeadLetters": 0, "Begun": False}),
        (Queue(letters=3), {"DeadLetters": 3, "Begun": True}),
        (Queue(letters=3, moving=True), {"DeadLetters": 3, "Begun": False}),
    ],
)
def test_dead_letters_are_moved_back_once(queue: Queue, answer: dict[str, Any]) -> None:
    assert operator(messages=queue).redrive({"Inbox": "line"}) == {"Inbox": "line", **answer}


def test_a_backfill_says_where_it_goes_on() -> None:
    bench, queue = Bench(), Queue()
    for number in range(3):
        bench.put(key=f"line-1/{number}")
    bench.page = 2
    hurried = replace(operator(objects=bench, messages=queue), left=lambda: 1)
    first = hurried.backfill({"Inbox": "line"})
    assert first == {"Inbox": "line", "Images": 2, "Queued": 2, "StartAfter": "line-1/1"}
    assert hurried.backfill({"Inbox": "line", "StartAfter": "line-1/2"}) == {"Inbox": "line", "Images": 0, "Queued": 0}


@pytest.mark.parametrize("name", ["lime", "", None, 5, [], {"a": 1}, "x" * 10_000, [ENORMOUS]])
def test_an_unknown_inbox_is_refused_and_the_known_ones_are_named(name: Any) -> None:
    for do in (operator().backfill, operator().redrive, operator().pause, operator().resume):
        with pytest.raises(InvalidRequest) as refused:
            do({"Inbox": name})
        assert "line" in str(refused.value.cause["Remedy"])


def test_without_any_inbox_it_is_said_how_to_have_one() -> None:
    with pytest.raises(InvalidRequest) as refused:
        operator(inboxes={}).resume({"Inbox": "line"})
    assert "'inboxes'" in str(refused.value.cause["Remedy"])


@pytest.mark.parametrize(
    "wrong", [{"StartAfter": 5}, {"StartAfter": "x" * 1025}, {"Errors": "yes"}, {"Errors": ENORMOUS}]
)
def test_a_backfill_that_is_asked_for_wrongly_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        operator().backfill({"Inbox": "line", **wrong})


@pytest.mark.parametrize("by", ["", "x" * 129, 5, None, [ENORMOUS]])
def test_who_pauses_is_a_name(by: Any) -> None:
    with pytest.raises(InvalidRequest):
        operator().pause({"Inbox": "line", "By": by})
