"""Of a configured schedule, the schedules of EventBridge Scheduler that it takes. Pure.

Scheduler has no "before": what has to be done ahead of a time to be ready by is the same cron with other hours. An hour
that moves to the evening before would move days, months and years with it, so it comes every day, and the tick sees for
itself whether a time to be ready by follows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.configuration import Schedule
from lifecycle.model.leases import LONGEST_LEASE
from lifecycle.schedules.cron import Cron
from lifecycle.schedules.ticks import HOURS_AHEAD, Act

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ticks:
    """One schedule of EventBridge Scheduler.

    Parameters
    ----------
    cron : str
        Its six fields.
    hours_ahead : int
        See ``lifecycle.schedules.ticks.Tick``.
    deliver_within : timedelta
        After that it is a lost call.
    begins, ends : datetime, optional
        It comes within these; the tick knows the exact days.
    """

    name: str
    cron: str
    act: Act
    hours_ahead: int
    deliver_within: timedelta
    begins: datetime | None
    ends: datetime | None


def ticks_of(name: str, schedule: Schedule, now: datetime) -> list[Ticks]:
    """All that a schedule takes, named after it.

    Parameters
    ----------
    name : str
        The schedule's.
    now : datetime
        Scheduler refuses a StartDate or an EndDate in the past: those are left out, of the ones in the future none.
    """
    late = timedelta(minutes=schedule.too_late_minutes)
    begins, ends = _bounds(schedule, now)

    def ticks(suffix: str, cron: str, act: Act, within: timedelta, ahead: int = 0) -> Ticks:
        after_the_last = ends + LONGEST_LEASE if ends and act is Act.STOP else ends
        return Ticks(f"{name}-{suffix}", cron, act, ahead, min(within, _DAY), begins, after_the_last)

    found = []
    if schedule.start:
        found.append(ticks("start", schedule.start, Act.START, late))
    if schedule.ready_by:
        found += [
            ticks(f"ready-{part}", cron, Act.READY, late + timedelta(hours=ahead), ahead)
            for ahead in HOURS_AHEAD
            for part, cron in _earlier(Cron.parse(schedule.ready_by), ahead)
        ]
    if schedule.stop:
        found.append(ticks("stop", schedule.stop, Act.STOP, _DAY))
    return found


def _earlier(cron: Cron, ahead: int) -> Iterator[tuple[str, str]]:
    """The crons, each with its part of a name, that come so many hours before, by the clock on the wall."""
    minutes, _, *days = cron.fields
    same_day = [hour - ahead for hour in cron.hours if hour >= ahead]
    evening = [hour - ahead + 24 for hour in cron.hours if hour < ahead]
    if same_day:
        yield f"{ahead}h", " ".join([minutes, _listed(same_day), *days])
    if evening:
        yield f"{ahead}h-evening", " ".join([minutes, _listed(evening), "*", "*", "?", "*"])


def _listed(hours: list[int]) -> str:
    return ",".join(map(str, hours))


def _bounds(schedule: Schedule, now: datetime) -> tuple[datetime | None, datetime | None]:
    """A day more at each end: for the ticks ahead, and for the time between synthesis and deployment."""
    zone = ZoneInfo(schedule.time_zone)
    first = _midnight(schedule.start_date, zone, -_DAY)
    last = _midnight(schedule.end_date, zone, 2 * _DAY)
    return (first if first and first > now + _DAY else None), (last if last and last > now + _DAY else None)


def _midnight(day: str | None, zone: ZoneInfo, later: timedelta) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(date.fromisoformat(day) + later, time(), zone).astimezone(UTC)
