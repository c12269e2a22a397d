"""``inbox backfill`` finds what has no result, however many images there are and whatever their keys."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from lifecycle.errors import ServiceUnavailable
from lifecycle.inbox.backfill import Backfilled, backfill
from lifecycle.inbox.worker import Outcome
from tests.unit.inbox.bench import IMAGE, INBOX, Bench
from tests.unit.inbox.test_results import ODD

ALPHABET = ["", "-", "-0", ".", ".png", "/", "0", "a", "ä", "~"]


@dataclass
class Queue:
    """``Messages`` in memory."""

    bodies: list[str] = field(default_factory=list)
    letters: int = 0
    moving: bool = False

    def send(self, _inbox: str, bodies: Any) -> None:
        self.bodies += bodies

    def dead(self, _inbox: str) -> int:
        return self.letters

    def redrive(self, _inbox: str) -> bool:
        begun, self.moving = not self.moving, True
        return begun


def queued(bench: Bench, **how: Any) -> list[str]:
    """The keys that a whole backfill puts into the queue."""
    queue = Queue()
    done = backfill("line", INBOX, objects=bench, messages=queue, now=bench.now, left=lambda: 300, **how)
    assert done.queued == len(queue.bodies)
    assert done.next is None
    return [json.loads(body)["detail"]["object"]["key"] for body in queue.bodies]


def test_images_without_a_result_are_queued_and_labelled() -> None:
    bench, queue = Bench(), Queue()
    bench.deliver(bench.put(key="line-1/done.png"))
    bench.put(key="line-1/lost.png")
    bench.put(key="line-10/not of this inbox.png")
    bench.put("", key="line-1/a folder/")
    done = backfill("line", INBOX, objects=bench, messages=queue, now=bench.now, left=lambda: 300)
    assert done == Backfilled(images=2, queued=1)
    assert [bench.deliver(body) for body in queue.bodies] == [Outcome.LABELLED]
    assert queued(bench) == []


def test_an_image_that_is_newer_than_its_result_has_none() -> None:
    bench = Bench()
    bench.deliver(bench.put())
    bench.put("newer")
    assert queued(bench) == [IMAGE[1]]


@pytest.mark.parametrize(("errors", "again"), [(False, []), (True, ["line-1/broken.png"])])
def test_broken_images_are_queued_where_that_is_asked_for(errors: bool, again: list[str]) -> None:
    bench = Bench(refusals=["ImageTooLargeException"])
    bench.deliver(bench.put(key="line-1/broken.png"))
    bench.deliver(bench.put(key="line-1/good.png"))
    assert queued(bench, errors=errors) == again


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pages_of_any_size_find_the_same(size: int) -> None:
    """Keys of which one is the beginning of another have results in another order than their images."""
    bench = Bench()
    keys = sorted(
        {f"line-1/a{one}{two}" for one, two in itertools.product(ALPHABET, repeat=2)} | {f"line-1/{odd}" for odd in ODD}
    )
    for key in keys[::2]:
        bench.deliver(bench.put(key=key))
    for key in keys[1::2]:
        bench.put(key=key)
    bench.page = size
    assert sorted(queued(bench)) == keys[1::2]


def test_five_thousand_images_take_few_lists() -> None:
    bench = Bench()
    bench.put()
    seen = bench.objects[IMAGE]
    for number in range(5000):
        bench.objects["factory", f"line-1/{number:06}.png"] = seen
        bench.objects["results", f"labels/{number:06}.png.json"] = seen
    assert queued(bench) == [IMAGE[1]]
    assert bench.lists < 20


def test_what_does_not_fit_into_the_time_is_left_to_the_next_call() -> None:
    bench, queue = Bench(), Queue()
    for number in range(5):
        bench.put(key=f"line-1/{number}")
    bench.page = 2
    after: str | None = ""
    calls = 0
    while after is not None:
        done = backfill("line", INBOX, after=after, objects=bench, messages=queue, now=bench.now, left=lambda: 10)
        after, calls = done.next, calls + 1
    assert calls == 4
    assert len(queue.bodies) == 5


def test_an_empty_folder_has_nothing_to_queue() -> None:
    assert queued(Bench()) == []


def test_messages_that_the_queue_does_not_take_end_it() -> None:
    class Full(Queue):
        def send(self, _inbox: str, _bodies: Any) -> None:
            raise ServiceUnavailable("full")

    bench = Bench()
    bench.put()
    with pytest.raises(ServiceUnavailable):
        backfill("line", INBOX, objects=bench, messages=Full(), now=bench.now, left=lambda: 300)
