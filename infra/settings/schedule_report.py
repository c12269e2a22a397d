"""What the schedules of cdk.json come to: hours and dollars, the next windows, and what one would not expect of them.

``make synth`` and ``make schedules`` print the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from statistics import median
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from infra.settings.schedules import first_moment
from lifecycle.configuration import Configuration, Schedule
from lifecycle.schedules.cron import Cron, named_days, wall
from lifecycle.schedules.windows import lease_id, left_out, starts, stops
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import all_of, shortened, usd

NEXT = 5
_MOST = 1000
"""Windows that are looked at, where nearly all days are left out."""
_WEEKS = 52
_FAR_LONGER, _LONGER_BY = 2, timedelta(hours=12)
_DAYS_OFF = 12
_NOT_TAKEN = 10
"""Events of a calendar that are listed; more are counted."""


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
    before = next(starts(schedule).before(now), None)
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
            f"from {_clock(longest.start, zone)} to {_clock(longest.end, zone)} it lasts {_hours(longest.lasts)}, "
            f"while its other windows last {_hours(usual)}{_next_day(schedule)}"
        )


def _next_day(schedule: Schedule) -> str:
    """Where a stop after midnight has the days of the starts: that it needs the days after them."""
    begin, stop = Cron.parse(schedule.start or schedule.ready_by or ""), Cron.parse(schedule.stop or "0 0 * * ? *")
    if begin.fields[4] == stop.fields[4] == "MON-FRI" and stop.times[-1] < begin.times[0]:
        meant = " ".join([*stop.fields[:4], "TUE-SAT", stop.fields[5]])
        return f'. A stop after midnight comes on the day after its start: "{meant}" is perhaps meant'
    return ""


# --- For people -------------------------------------------------------------------------------------------------------


def show(
    settings: Configuration,
    now: datetime,
    console: Console,
    name: str | None = None,
    not_taken: Mapping[str, tuple[str, ...]] | None = None,
) -> None:
    """What comes of each schedule, or of the one of a name.

    Parameters
    ----------
    not_taken : Mapping, optional
        By schedule, the events of its calendar that are no days off.
    """
    for schedule_name, schedule in settings.schedules.items():
        if name in {None, schedule_name}:
            _show(schedule_name, schedule, settings, now, console)
            lines = shortened((not_taken or {}).get(schedule_name, ()), _NOT_TAKEN, "events")
            for line in lines:
                console.print(f"Not taken from its calendar: {line}", highlight=False, markup=False)
            console.print()


def _show(name: str, schedule: Schedule, settings: Configuration, now: datetime, console: Console) -> None:
    model = settings.model(schedule.model)
    lease = timedelta(minutes=model.lease_minutes)
    console.print(f"[bold]{name}[/]: model {schedule.model}, lease {lease_id(name)}", highlight=False)
    if not schedule.enabled:
        console.print("It is disabled: nothing of this happens.")
    hours = hours_per_week(schedule, lease, now)
    cost = hours * hourly_cost(model.min_inference_units, settings.inference_unit_hour_usd)
    most = hours * hourly_cost(model.max_inference_units or 0, settings.inference_unit_hour_usd)
    up_to = f", up to {usd(most)} with all its inference units" if most > cost else ""
    console.print(f"A week of it: {hours:g} h, {usd(cost)}{up_to}." if hours else "It has no hours.", highlight=False)
    if found := coming(schedule, lease, now):
        console.print(_table(found, schedule))
    else:
        console.print("It does not come any more.")
    if skipped := days_left_out(schedule, now):
        console.print(f"Days off on which it would start: {all_of(skipped, _DAYS_OFF)}.", highlight=False)
    if not schedule.stop:
        console.print("It has no stop: its lease ends after the model's lease_minutes.")
    for remark in remarks(schedule, lease, now):
        console.print(f"Warning: {remark}.", highlight=False, markup=False)


def _table(found: list[Window], schedule: Schedule) -> Table:
    zone = ZoneInfo(schedule.time_zone)
    table = Table()
    for column in (f"{'start' if schedule.start else 'ready by'} ({zone})", "until", "for", "UTC", "left out, because"):
        table.add_column(column, no_wrap=column != "left out, because")
    for one in found:
        local = one.start.astimezone(zone)
        until = f"{one.end.astimezone(zone):%a %H:%M}" if one.end and not one.but else ""
        begins = f"{local:%a %Y-%m-%d %H:%M} UTC{_offset(local)}"
        lasts = _hours(one.lasts) if until else ""
        table.add_row(begins, until, lasts, f"{one.start:%a %H:%M}", one.but, style="dim" if one.but else None)
    return table


def _clock(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}" if moment else ""


def _hours(length: timedelta) -> str:
    return f"{length.total_seconds() / 3600:g} h"


def _offset(local: datetime) -> str:
    return f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5]
