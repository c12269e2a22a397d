"""What a schedule comes to: hours and dollars, its next windows, and what one would not expect of it. Pure.

``make synth`` says it before a deploy, the page's report of schedules after one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from statistics import median
from zoneinfo import ZoneInfo

from lifecycle.configuration import Configuration, Schedule
from lifecycle.schedules.cron import Calendar, Cron, exact, named_days, wall
from lifecycle.schedules.usual_week import WEEKS, hours_per_week
from lifecycle.schedules.windows import START_TAKES, bridged, left_out, starts, stops
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import all_of, usd

NEXT = 5
_MOST = 1000
"""Windows that are looked at, where nearly all days are left out."""
_FAR_LONGER, _LONGER_BY = 2, timedelta(hours=12)
_MOST_DAYS = 12
"""Days off that are listed; more are counted."""
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_LONGER_THAN_A_WEEK = timedelta(days=8)
_CLOCK_DAYS = 366
_ACTS = {
    "start": ("it does not start then", "it starts"),
    "ready_by": ("it does not start for then", "it is ready by"),
    "stop": ("it does not stop then", "it stops"),
}


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
    week : str
        The hours and the cost in a sentence.
    notices : tuple of str
        What else is to be said of it, without the remarks; whole sentences.
    """

    weekly_hours: float
    weekly_cost: float
    weekly_cost_at_most: float
    coming: tuple[Window, ...]
    days_left_out: tuple[str, ...]
    remarks: tuple[str, ...]
    week: str
    notices: tuple[str, ...]


def outlook(schedule: Schedule, configuration: Configuration, now: datetime) -> Outlook:
    """All of it."""
    model = configuration.model(schedule.model)
    lease, price = timedelta(minutes=model.lease_minutes), configuration.inference_unit_hour_usd
    weekly = hours_per_week(schedule, lease, now)
    least, most = model.min_inference_units, model.max_inference_units or model.min_inference_units
    cost, at_most = weekly * hourly_cost(least, price), weekly * hourly_cost(most, price)
    ahead, days = coming(schedule, lease, now), days_left_out(schedule, now)
    return Outlook(
        weekly_hours=weekly,
        weekly_cost=cost,
        weekly_cost_at_most=at_most,
        coming=tuple(ahead),
        days_left_out=tuple(days),
        remarks=tuple(remarks(schedule, lease, now)),
        week=_week(weekly, cost, at_most),
        notices=tuple(_notices(schedule, ahead, days, now)),
    )


def _week(weekly: float, cost: float, at_most: float) -> str:
    if not weekly:
        return f"It has no hours within the next {WEEKS} weeks."
    up_to = f", up to {usd(at_most)} with all its inference units" if at_most > cost else ""
    return f"A week of it: {hours(timedelta(hours=weekly))}, {usd(cost)}{up_to}."


def _notices(schedule: Schedule, ahead: Sequence[Window], days: Sequence[str], now: datetime) -> Iterator[str]:
    if not ahead:
        cron = schedule.start or schedule.ready_by or ""
        never = Cron.parse(cron).never(wall(now, ZoneInfo(schedule.time_zone)).date())
        yield f"It never comes: {cron!r}: {never}." if never else "It does not come any more."
    if days:
        yield f"Days off on which it would start: {all_of(days, _MOST_DAYS)}."
    if not schedule.stop:
        yield "It has no stop: its lease ends after the model's lease_minutes."


def windows(schedule: Schedule, lease: timedelta, now: datetime) -> Iterator[Window]:
    """Those that are to come, and the one that is under way; also those that are left out."""
    calendar = stops(schedule)
    for start in _starts(schedule, now):
        why, day = left_out(schedule, start), wall(start, ZoneInfo(schedule.time_zone)).date().isoformat()
        if day > (schedule.end_date or day):
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


def days_left_out(schedule: Schedule, now: datetime) -> list[str]:
    """Its days off, from today on, on which it would start."""
    zone, cron = ZoneInfo(schedule.time_zone), Cron.parse(schedule.start or schedule.ready_by or "")
    today = wall(now, zone).date().isoformat()
    days = [day for day in schedule.exclude_dates if max(today, schedule.start_date or today) <= day]
    return [day for day in days if day <= (schedule.end_date or day) and cron.on(date.fromisoformat(day))]


def remarks(schedule: Schedule, lease: timedelta, now: datetime) -> Iterator[str]:
    """What is allowed, and may not be meant."""
    for key in ("start", "ready_by", "stop"):
        days = named_days(getattr(schedule, key) or "")
        if days:
            yield f"{key}: {days}"
    ahead = [one for one in coming(schedule, lease, now, 4 * 7) if one.end and not one.but]
    if schedule.stop:
        yield from _short(schedule, ahead)
        yield from _without_pause(schedule, lease, now)
    if not ahead:
        return
    yield from _clock_changes(schedule, now, ahead[-1].start)
    usual = timedelta(seconds=median(one.lasts.total_seconds() for one in ahead))
    longest = max(ahead, key=lambda one: one.lasts)
    if longest.lasts > max(_FAR_LONGER * usual, usual + _LONGER_BY):
        zone = ZoneInfo(schedule.time_zone)
        yield (
            f"from {_clock(longest.start, zone)} to {_clock(longest.end, zone)} it lasts {hours(longest.lasts)}, "
            f"while its other windows last {hours(usual)}{_next_day(schedule)}"
        )


def _short(schedule: Schedule, ahead: Sequence[Window]) -> Iterator[str]:
    """A time that is over before its model runs, or soon after: windows that hand over to each other are one."""
    stretches: list[timedelta] = []
    last_end = None
    for one in ahead:
        if last_end and one.end and one.start - last_end <= bridged(schedule):
            stretches[-1] += one.end - last_end
        else:
            stretches.append(one.lasts)
        last_end = one.end
    # The last one may go on beyond what was looked at, unless it is a single window.
    whole = [*stretches[:-1], *(length for length in stretches[-1:] if length == ahead[-1].lasts)]
    shortest = min(whole, default=START_TAKES)
    if schedule.start and shortest < START_TAKES:
        yield (
            f"a window lasts {hours(shortest)}, and a start takes 5 to {START_TAKES // _MINUTE} minutes: the model is "
            "hardly RUNNING before it is stopped, if at all. With ready_by in place of start it is RUNNING by then"
        )


def _without_pause(schedule: Schedule, lease: timedelta, now: datetime) -> Iterator[str]:
    """Each start follows its stop so soon that the model stays RUNNING in between, for more than a week."""
    always = replace(schedule, exclude_dates=(), start_date=None, end_date=None)
    until = now + _LONGER_THAN_A_WEEK
    found = takewhile(lambda one: one.start < until, windows(always, lease, now))
    for one, other in pairwise([Window(now, now), *found, Window(until, None)]):
        if one.end is None or other.start - one.end > bridged(schedule):
            return
    same = " (start and stop are the same)" if schedule.stop in (schedule.start, schedule.ready_by) else ""
    yield (
        f"each stop is followed by a start within {bridged(schedule) // _MINUTE} minutes{same}: the model stays "
        "RUNNING in between, around the clock, at 168 h a week"
    )


def _clock_changes(schedule: Schedule, now: datetime, until: datetime) -> Iterator[str]:
    """What becomes of a time that a day has not, or has twice, because clocks are put forward or back."""
    zone = ZoneInfo(schedule.time_zone)
    first, last = wall(now, zone).date(), wall(until, zone).date() + _DAY
    days = [first + number * _DAY for number in range(min((last - first).days, _CLOCK_DAYS) + 1)]
    for day in days:
        offsets = {datetime.combine(one, time(), zone).utcoffset() for one in (day, day + _DAY)}
        if len(offsets) == 1:
            continue
        for key, what in _ACTS.items():
            if not (given := getattr(schedule, key)) or not (cron := Cron.parse(given)).on(day):
                continue
            local = [datetime.combine(day, at) for at in cron.times]
            gone = [f"{one:%H:%M}" for one in local if exact(one, zone) is None]
            twice = [f"{one:%H:%M}" for one in local if _offset(one, zone, 0) > _offset(one, zone, 1)]
            if gone:
                instead = _next(Calendar(cron, zone), local[-1]) if key == "stop" else ""
                yield f"on {day} clocks are put forward over {all_of(gone, 3)}: {what[0]}{instead}"
            if twice:
                yield f"on {day} clocks are put back, and show {all_of(twice, 3)} twice: {what[1]} the first time"


def _next(calendar: Calendar, gone: datetime) -> str:
    """When it comes in place of a time that a day has not."""
    following = next(calendar.after(gone.replace(tzinfo=calendar.zone).astimezone(UTC)), None)
    return f", but on {_clock(following, calendar.zone)}" if following else ""


def _offset(local: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    return local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta()


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
    """``10.5 h``, or ``20 min``."""
    if length < timedelta(hours=1):
        return f"{length.total_seconds() / 60:.3g} min"
    return f"{round(length.total_seconds() / 3600, 2):g} h"


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}" if moment else ""
