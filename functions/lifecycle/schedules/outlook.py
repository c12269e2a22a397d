"""What a schedule comes to: hours and dollars, its next windows, and what one would not expect of it. Pure.

``make synth`` says it before a deploy, the page's report of schedules after one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from statistics import median
from zoneinfo import ZoneInfo

from lifecycle.configuration import Configuration, Schedule
from lifecycle.schedules.cron import Cron, named_days, wall
from lifecycle.schedules.windows import left_out, starts, stops
from lifecycle.shared.pricing import hourly_cost

NEXT = 5
_MOST = 1000
"""Windows that are looked at, where nearly all days are left out."""
_WEEKS = 52
_FAR_LONGER, _LONGER_BY = 2, timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Window:
    """A time for which a schedule holds its model; ``but``: why it does not."""

    start: datetime
    end: datetime | None
    but: str = ""

    @property
    def lasts(self) -> timedelta:
        """How long; nothing where it has no end."""
        return self.end - self.start if self.end else timedelta()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a schedule comes to.

    Parameters
    ----------
    weekly_hours : float
        As it comes in a year without the days that it leaves out.
    weekly_cost, weekly_cost_at_most : float
        USD, with the least inference units and with the most that auto-scaling may use.
    coming : tuple of Window
        The next ones that happen, and what is left out in between.
    days_left_out, remarks : tuple of str
    """

    weekly_hours: float
    weekly_cost: float
    weekly_cost_at_most: float
    coming: tuple[Window, ...]
    days_left_out: tuple[str, ...]
    remarks: tuple[str, ...]


def outlook(schedule: Schedule, configuration: Configuration, now: datetime) -> Outlook:
    """All of it."""
    model = configuration.model(schedule.model)
    lease, price = timedelta(minutes=model.lease_minutes), configuration.inference_unit_hour_usd
    weekly = hours_per_week(schedule, lease, now)
    least, most = model.min_inference_units, model.max_inference_units or model.min_inference_units
    return Outlook(
        weekly_hours=weekly,
        weekly_cost=weekly * hourly_cost(least, price),
        weekly_cost_at_most=weekly * hourly_cost(most, price),
        coming=tuple(coming(schedule, lease, now)),
        days_left_out=tuple(days_left_out(schedule, now)),
        remarks=tuple(remarks(schedule, lease, now)),
    )


def windows(schedule: Schedule, lease: timedelta, now: datetime) -> Iterator[Window]:
    """Those that are to come, and the one that is under way; also those that are left out."""
    calendar = stops(schedule)
    last_day = schedule.end_date or "9999"
    for start in _starts(schedule, now):
        why = left_out(schedule, start)
        if why and wall(start, ZoneInfo(schedule.time_zone)).date().isoformat() > last_day:
            return
        end = next(calendar.after(start), None) if calendar else start + lease if lease else None
        if end is None or end > now:
            yield Window(start, end, why[1] if why else "")


def _starts(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    before = next(starts(schedule).before(now + datetime.resolution), None)
    if before and not left_out(schedule, before):
        yield before
    yield from starts(schedule).after(first_moment(schedule, now))


def coming(schedule: Schedule, lease: timedelta, now: datetime, count: int = NEXT) -> list[Window]:
    """The next ones that happen, and what is left out in between."""
    found: list[Window] = []
    happen = 0
    for one in islice(windows(schedule, lease, now), _MOST):
        found.append(one)
        happen += not one.but
        if happen == count:
            break
    return found


def hours_per_week(schedule: Schedule, lease: timedelta, now: datetime) -> float:
    """As it comes in a year without the days that it leaves out."""
    always = replace(schedule, exclude_dates=(), start_date=None, end_date=None)
    end = now + timedelta(weeks=_WEEKS)
    year = takewhile(lambda one: one.start < end, windows(always, lease, now))
    seconds = sum(one.lasts.total_seconds() for one in islice(year, 100 * _MOST) if one.start >= now)
    return seconds / 3600 / _WEEKS


def days_left_out(schedule: Schedule, now: datetime) -> list[str]:
    """Its days off, from today on, on which it would start."""
    zone, cron = ZoneInfo(schedule.time_zone), Cron.parse(schedule.start or schedule.ready_by or "")
    today = wall(now, zone).date().isoformat()
    within = (schedule.start_date or "", schedule.end_date or "9999")
    days = [day for day in schedule.exclude_dates if day >= today and within[0] <= day <= within[1]]
    return [day for day in days if cron.on(date.fromisoformat(day))]


def remarks(schedule: Schedule, lease: timedelta, now: datetime) -> Iterator[str]:
    """What is allowed, and may not be meant."""
    for key in ("start", "ready_by", "stop"):
        days = named_days(getattr(schedule, key) or "")
        if days:
            yield f"{key}: {days}"
    ahead = [one for one in coming(schedule, lease, now, 4 * 7) if one.end and not one.but]
    usual = timedelta(seconds=median([one.lasts.total_seconds() for one in ahead] or [0]))
    longest = max(ahead, key=lambda one: one.lasts, default=None)
    if longest and longest.lasts > max(_FAR_LONGER * usual, usual + _LONGER_BY):
        zone = ZoneInfo(schedule.time_zone)
        yield (
            f"from {_clock(longest.start, zone)} to {_clock(longest.end, zone)} it lasts {hours(longest.lasts)}, "
            f"while its other windows last {hours(usual)}{_next_day(schedule)}"
        )


def _next_day(schedule: Schedule) -> str:
    """Where a stop after midnight has the days of the starts: that it needs the days after them."""
    begin, stop = Cron.parse(schedule.start or schedule.ready_by or ""), Cron.parse(schedule.stop or "0 0 * * ? *")
    if begin.fields[4] == stop.fields[4] == "MON-FRI" and stop.times[-1] < begin.times[0]:
        meant = " ".join([*stop.fields[:4], "TUE-SAT", stop.fields[5]])
        return f'. A stop after midnight comes on the day after its start: "{meant}" is perhaps meant'
    return ""


def first_moment(schedule: Schedule, now: datetime) -> datetime:
    """After which it may start: now, or right before its first day."""
    if not schedule.start_date:
        return now
    midnight = datetime.combine(date.fromisoformat(schedule.start_date), time(), ZoneInfo(schedule.time_zone))
    return max(now, midnight.astimezone(UTC) - timedelta.resolution)


def hours(length: timedelta) -> str:
    """``10.5 h``."""
    return f"{length.total_seconds() / 3600:g} h"


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}" if moment else ""
