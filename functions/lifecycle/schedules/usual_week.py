"""How many hours a week a schedule holds its model, as it comes in a year. Pure.

A year has 364 days here, and each day 24 hours, by the clock on the wall: what clocks being put forward and back takes
and gives is no part of a usual week. Days that are alike are reckoned once, so a schedule of every minute costs no more
than one of every day.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from lifecycle.configuration import Schedule
from lifecycle.model.leases import LONGEST_LEASE
from lifecycle.schedules.cron import Cron, wall
from lifecycle.schedules.windows import bridged

WEEKS = 52
_DAY = timedelta(days=1)
_MINUTES = 24 * 60
_LONG_AGO = float("-inf")
_FURTHEST = LONGEST_LEASE.days + 1
"""Days after a start on which a stop is looked for: no lease lasts longer."""


def hours_per_week(schedule: Schedule, lease: timedelta, now: datetime) -> float:
    """As it comes in a year without the days that it leaves out.

    A stop that hands over to the next start ends nothing; windows that overlap count once.
    """
    today, days = wall(now, ZoneInfo(schedule.time_zone)), WEEKS * 7
    begins = Cron.parse(schedule.start or schedule.ready_by or "")
    ends = Cron.parse(schedule.stop) if schedule.stop else None
    day_as = _Day(_minutes(begins), _minutes(ends) if ends else None, lease, bridged(schedule))
    passed = today.hour * 60 + today.minute
    day_of = cache(day_as.held)
    held, until = 0.0, _LONG_AGO
    for number in range(days + 1):
        day = today.date() + number * _DAY
        if begins.on(day):
            # The year begins and ends at this time of the day.
            first = passed if number == 0 else 0
            last = passed if number == days else _MINUTES
            added, until = day_of(until, _stop_days(ends, day), first, last)
            held += added
        until -= _MINUTES
    return held / 60 / WEEKS


def _minutes(cron: Cron) -> list[int]:
    return [at.hour * 60 + at.minute for at in cron.times]


def _stop_days(ends: Cron | None, day: date) -> tuple[int, ...]:
    """In how many days the stops come that may end a window of this day."""
    return tuple(ahead for ahead in range(_FURTHEST + 1) if ends and ends.on(day + ahead * _DAY))


class _Day:
    """What the starts of one day come to."""

    def __init__(
        self, starts: Sequence[int], stops: Sequence[int] | None, lease: timedelta, bridged: timedelta
    ) -> None:
        self._starts, self._stops = starts, stops
        self._lease, self._bridged = lease / timedelta(minutes=1), bridged / timedelta(minutes=1)

    def held(self, until: float, stop_days: tuple[int, ...], first: int, last: int) -> tuple[float, float]:
        """The minutes that it adds to those held until a minute of this day, and until when it is held then."""
        ends = [day * _MINUTES + at for day in stop_days for at in self._stops or ()]
        added = 0.0
        for start in self._starts:
            if not first <= start < last:
                continue
            end = self._end(start, ends)
            added += end - (until if until >= start - self._bridged else start)
            until = end  # no later start ends earlier
        return added, until

    def _end(self, start: int, ends: Sequence[int]) -> float:
        if self._stops is None:
            return start + self._lease
        index = bisect_right(ends, start)
        return ends[index] if index < len(ends) else start
