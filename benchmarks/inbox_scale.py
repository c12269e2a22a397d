"""A million images through an inbox of the simulated account: the real functions and definitions, in virtual time."""

import gc
import random
import resource
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import time_machine

from benchmarks.report import Bar, bars
from lifecycle.shared.text import plural
from tests.account.faults import Death, Fault
from tests.account.inboxes import INBOX, InboxScene, inbox_functions
from tests.unit.examples import NOW

IMAGES = 1_000_000
LOT = 10_000
"""Images that are dropped at once."""
LOTS_EVERY = 600.0
"""Seconds: about what a lot takes."""
SECONDS_AN_IMAGE = 0.25
TWICE, LATE, DIES = 1_000, 1_500, 10_000
"""One message in so many comes twice at once; twice, the second after the first is done; and in one call in so many of
the worker's, it dies."""


class _Nothing(list[Any]):
    """What stories look at, and a million images would fill the memory with."""

    def append(self, _one: Any) -> None:
        return


@dataclass(frozen=True)
class Drained:
    """What has become of the images."""

    images: int
    lost: int
    doubled: int
    looked_at_again: int
    deaths: int
    dead_letters: int
    runs: int
    hours: float
    seconds: float
    megabytes: float


def drained(images: int = IMAGES, lot: int = LOT, dies: int = DIES) -> Drained:
    """Drop them, lot by lot, and wait until all is over."""
    began = time.perf_counter()
    with inbox_functions() as functions, time_machine.travel(NOW, tick=False) as traveller:
        chance = random.Random(17)
        calls = frozenset(chance.randrange(dies) + dies * number for number in range(10 * images // dies))
        death = Fault(Death(), "*", "inbox_worker", calls)
        scene = InboxScene(functions, traveller, faults=[death], arrivals=_arrivals, count_lag=60, sweeps=False)
        account, labels = scene.account, scene.account.custom_labels
        account.wire.calls = _Nothing()
        labels.detected, labels.seconds_per_image = (seen := _Counted()), SECONDS_AN_IMAGE
        for first in range(0, images, lot):
            keys = (f"{number:07}.png" for number in range(first, min(first + lot, images)))
            scene.drop(*keys, after=LOTS_EVERY * first / lot)
        gc.disable()
        try:
            last = LOTS_EVERY * images / lot
            scene.passes(last)
            scene.until(lambda: scene.is_at_rest() and _results(scene) >= images, 20 * 24 * 3600)
        finally:
            gc.enable()
        written = Counter(scene.s3.written[place] for place in scene.s3.written if place[0] == "results")
        return Drained(
            images,
            lost=images - _results(scene),
            doubled=sum(number for times, number in written.items() if times > 1),
            looked_at_again=sum(seen.times.values()) - len(seen.times),
            deaths=len(account.wire.faults.happened),
            dead_letters=scene.dead.waiting,
            runs=len(scene.runs),
            hours=scene.simulation.seconds / 3600,
            seconds=time.perf_counter() - began,
            megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


class _Counted(list[tuple[float, str]]):
    """Which images were looked at, and how often."""

    def __init__(self) -> None:
        super().__init__()
        self.times: Counter[str] = Counter()

    def append(self, one: tuple[float, str]) -> None:
        self.times[one[1]] += 1


def _results(scene: InboxScene) -> int:
    return len(scene.s3.buckets.get("results", ()))


def _arrivals(number: int) -> tuple[float, ...]:
    if number % TWICE == 0:
        return 0.5, 0.5
    return (0.5, 900.0) if number % LATE == 0 else (0.5,)


def scale_bars(found: Drained) -> list[Bar]:
    """Those of the issue; also what a test holds fewer images to."""
    return [
        Bar(f"of {found.images:,} images none is lost", f"{found.lost} are", found.lost == 0),
        Bar("no result is written twice", f"{found.doubled} are", found.doubled == 0),
        Bar(
            "none is labelled twice, except where its worker died before it had written the result",
            f"{found.looked_at_again} are, of {found.deaths} deaths",
            found.looked_at_again <= found.deaths,
        ),
        Bar("none ends in the dead-letter queue", f"{found.dead_letters} do", found.dead_letters == 0),
    ]


def report() -> str:
    """The section."""
    found = drained()
    each, memory = 1000 * found.seconds / found.images, f"{found.megabytes:,.0f} MB"
    return f"""## A million images

{found.images:,} images in the [simulated account](../../tests/account/inboxes.py): the real functions and definitions,
in virtual time. {LOT:,} arrive every {LOTS_EVERY / 60:.0f} minutes; the model takes {SECONDS_AN_IMAGE} s per image,
{INBOX.concurrency(1)} at a time. One message in {TWICE:,} comes twice at once, one in {LATE:,} comes again a quarter
of an hour later, SQS's counts are a minute old, and once in {DIES:,} calls the worker dies, at whatever step it is.

{bars(scale_bars(found))}

It took {plural(found.runs, "run")} in {found.hours:.0f} hours of virtual time; {found.seconds / 60:.0f} minutes of real
time, {each:.1f} ms per image; and {memory}, nearly all of it held by S3 and DynamoDB: images, results and records of
what was done.
"""
