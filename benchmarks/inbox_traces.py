"""Images as they come, 60 days of them, and how long starts take: seeded, the same for whoever labels them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY, HOUR, MINUTE = 86_400, 3_600, 60
DAYS = 60
SEEDS = (1, 2, 3, 4)
START_MINUTES, START_SPREAD = 12, 0.25
"""Median, and the standard deviation of its logarithm."""


@dataclass(frozen=True)
class Trace:
    """When images come, in seconds; and how long a start takes that is made for any of them."""

    name: str
    seed: int
    days: int
    arrivals: NDArray[np.float64]
    starts: NDArray[np.float64]


def steady(rng: random.Random, days: int) -> Iterator[float]:
    """One a minute, as chance will have it."""
    at = rng.expovariate(1 / MINUTE)
    while at < days * DAY:
        yield at
        at += rng.expovariate(1 / MINUTE)


def bursty(rng: random.Random, days: int) -> Iterator[float]:
    """Three bursts a day of 50 to 500 images, two a second."""
    at = rng.expovariate(3 / DAY)
    while at < days * DAY:
        image = at
        for _ in range(rng.randint(50, 500)):
            yield image
            image += rng.expovariate(2)
        at += rng.expovariate(3 / DAY)


def nightly(rng: random.Random, days: int) -> Iterator[float]:
    """2,000 within half an hour around 2:00, some minutes earlier or later each night."""
    for day in range(days):
        middle = day * DAY + 2 * HOUR + rng.uniform(-5 * MINUTE, 5 * MINUTE)
        for _ in range(2_000):
            yield middle + rng.uniform(-15 * MINUTE, 15 * MINUTE)


def sparse(rng: random.Random, days: int) -> Iterator[float]:
    """Five a day."""
    at = rng.expovariate(5 / DAY)
    while at < days * DAY:
        yield at
        at += rng.expovariate(5 / DAY)


KINDS: dict[str, Callable[[random.Random, int], Iterator[float]]] = {
    "steady": steady,
    "bursty": bursty,
    "nightly": nightly,
    "sparse": sparse,
}


def trace(name: str, seed: int, days: int = DAYS) -> Trace:
    """One of them."""
    rng = random.Random(f"{name} {seed}")
    arrivals = np.array(sorted(KINDS[name](rng, days)))
    starts = [START_MINUTES * MINUTE * rng.lognormvariate(0, START_SPREAD) for _ in arrivals]
    return Trace(name, seed, days, arrivals, np.array(starts))
