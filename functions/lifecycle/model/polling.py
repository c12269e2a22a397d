"""When to check a model's status next. Pure; all durations in seconds.

A check costs some transitions and a function's milliseconds; each second between RUNNING and the check that sees it
costs inference units. A check every ``w`` seconds costs ``check / w`` per second, and where a start becomes RUNNING at
the rate ``h`` per second, being late costs ``h * second * w / 2``. The sum is least where
``w * w * h = 2 * check / second``: so a check is due as soon as that long has passed since the last one. Past starts
say how ``h`` goes (``Forecast``). While RUNNING is next to impossible there is no check; then they become frequent, and
past the expected end rare again. ``benchmarks/polling.py`` compares what it all costs with fixed intervals. (A rule
that never checks before the earliest of the past starts was simulated too: where they lie 25 % apart it costs up to
three quarters more, because of the few that are sooner still.)
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Self

from lifecycle.model.leases import PastStart
from lifecycle.shared.pricing import STATUS_CHECK

FIRST_INTERVAL = 30
"""After a request, without history: no model was ever seen RUNNING sooner."""
INTERVAL = 10
"""Between two checks, without history: of all fixed intervals the cheapest for starts of 6 to 20 minutes, or within 2 %
of it (docs/evidence/benchmarks.md)."""
SHORTEST = 2
"""Between two checks, with history: many executions share five calls per second."""
MAX_STATUS_CHECKS = 990
"""Of one execution. The contract says under 1,000: a check makes some 9 to 20 history events, of which Step Functions
allows 25,000."""

SPREAD = 0.25
"""How far starts of a model lie apart, relative to their length, as long as too few are known to say."""
UNSEEN_BEFORE = 3
"""A start that the very first check found RUNNING took between a third of that time and all of it: a guess, low enough
that the next first check comes earlier, so that the forecast can fall."""
ON_TIME = 0.95
"""The share of starts that a start for later leaves enough time to."""
SLACK = 30
"""For functions to start and checks to come, on top of what a start takes."""
_LONGEST = 86_400


def fixed_interval(poll_seconds: int, timeout_seconds: int) -> int:
    """A requested fixed interval, raised where the timeout would take more than ``MAX_STATUS_CHECKS`` of them."""
    return max(poll_seconds, math.ceil(timeout_seconds / MAX_STATUS_CHECKS))


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long a start will take: a log-logistic distribution, which takes two figures and no tables.

    Parameters
    ----------
    median : float
        Half of the starts take longer.
    shape : float
        The larger, the closer together they are.
    """

    median: float
    shape: float

    @classmethod
    def of(cls, starts: Sequence[PastStart]) -> Self:
        """From at least one past start. What is known precisely counts more than what is not."""
        brackets = [
            (math.log(max(start.longer_than, start.at_most / UNSEEN_BEFORE)), math.log(start.at_most))
            for start in starts
        ]
        estimates = [((low + high) / 2, (high - low) ** 2 / 12) for low, high in brackets]
        weights = [1 / (SPREAD**2 + unknown) for _, unknown in estimates]
        n, middle = len(starts), fmean((one for one, _ in estimates), weights)
        seen = fmean(((one - middle) ** 2 + unknown for one, unknown in estimates), weights)
        # As if one start more had been seen that was off by SPREAD; and the middle is itself only an estimate.
        variance = (seen + SPREAD**2 / n) * (1 + 1 / n)
        return cls(math.exp(middle), math.pi / math.sqrt(3 * variance))

    def rate(self, seconds: float) -> float:
        """Of starts that take longer than this, the share that is RUNNING a second later."""
        return self.shape / seconds / float(1 + (self.median / seconds) ** self.shape)

    def quantile(self, share: float) -> float:
        """That share of the starts takes no longer."""
        return self.median * float((share / (1 - share)) ** (1 / self.shape))


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A start that this execution has requested.

    Parameters
    ----------
    elapsed : float
        Since the request was accepted.
    starts : sequence of PastStart
        The model's history.
    second : float
        USD for a second of the model.
    """

    elapsed: float
    starts: Sequence[PastStart]
    second: float

    def interval(self) -> float:
        """Until the next status check, without regard to the deadline."""
        if not self.starts:
            return INTERVAL if self.elapsed > 0 else FIRST_INTERVAL
        forecast = Forecast.of(self.starts)

        def due(wait: int) -> bool:
            return wait**2 * forecast.rate(self.elapsed + wait) * self.second >= 2 * STATUS_CHECK

        until_due = bisect_left(range(_LONGEST), True, lo=SHORTEST, key=due)
        until_likely = math.ceil(forecast.median - self.elapsed)
        return min(until_due, max(until_likely, INTERVAL))


def wait_seconds(
    *, now: datetime, deadline: datetime, status_checks: int, poll_seconds: int | None, start: UnderWay | None = None
) -> int:
    """Seconds until the next status check, at least 1 and not past the deadline.

    Without a fixed interval the first half of the checks is spent freely; the other half is spread evenly over what is
    left of the timeout, so that any allowed timeout stays within ``MAX_STATUS_CHECKS``.

    Parameters
    ----------
    status_checks : int
        Made so far.
    poll_seconds : int or None
        The caller's fixed interval, already raised by ``fixed_interval``.
    start : UnderWay or None
        The start that is waited for, where it is this execution's own.
    """
    left = (deadline - now).total_seconds()
    if poll_seconds is not None:
        interval = float(poll_seconds)
    else:
        interval = start.interval() if start else INTERVAL
        if 2 * status_checks >= MAX_STATUS_CHECKS:
            interval = max(interval, left / max(MAX_STATUS_CHECKS - status_checks, 1))
    return max(1, math.ceil(min(interval, left)))


def lead_seconds(starts: Sequence[PastStart]) -> float:
    """How long before a model is wanted its start is due: the longest of the past ones, and of those to be expected.

    Parameters
    ----------
    starts : sequence of PastStart
        At least one.
    """
    return max(Forecast.of(starts).quantile(ON_TIME), *(start.at_most for start in starts)) + SLACK
