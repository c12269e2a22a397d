"""What is wrong with the schedules of ``cdk.json``: each problem with its key. Pure, but for the files of holidays.

A schedule that never comes, or never stops, is silent until somebody misses the model, or sees the bill.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import accumulate, islice, takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.settings.holidays import Holidays, HolidaysError, holidays
from lifecycle.configuration import DEFAULT_LEASE_MINUTES, Schedule
from lifecycle.model.leases import LONGEST_LEASE
from lifecycle.schedules.cron import Cron, CronError, exact, wall
from lifecycle.schedules.outlook import first_moment
from lifecycle.schedules.windows import left_out, starts, stops
from lifecycle.shared.suggestions import alike_but_for_case
from lifecycle.shared.text import span
from lifecycle.shared.wire import as_is, from_wire

CRONS = ("start", "ready_by", "stop")
AHEAD = timedelta(days=370)
"""How far ahead overlaps are looked for: every week, month and holiday comes within a year."""
MOST = 1000
"""Starts of one schedule that are looked at; so many within a year are alike."""

_YEARS_OF_HOLIDAYS = 2
"""Beside the present one."""
_Held = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class _Window:
    """A time for which a schedule holds its model."""

    start: datetime
    end: datetime
    key: str
    name: str
    zone: ZoneInfo
    skips: str = ""
    """Why it ends so late: a stop that its clocks leave out."""


def schedules_of(models: Sequence[Mapping[str, Any]], folder: Path, now: datetime) -> dict[str, Schedule]:
    """The schedules of all models by name, where ``problems_of_schedules`` finds nothing wrong with them."""
    return {
        given["name"]: schedule_of(model["name"], given, folder, now)
        for model in models
        for given in model.get("schedules", ())
    }


def schedule_of(model: str, given: Mapping[str, Any], folder: Path, now: datetime) -> Schedule:
    """A schedule from its settings.

    Parameters
    ----------
    folder : Path
        Where an iCalendar file is looked for: that of cdk.json.
    now : datetime
        Holidays are those of this year and the next two.
    """
    excluded = given.get("exclude_dates", ())
    if isinstance(excluded, str):
        excluded = _holidays(folder / excluded, now.year, given["time_zone"]).days
    crons = {name: " ".join(Cron.parse(given[name]).fields) for name in CRONS if name in given}
    shaped = {"model": model, "exclude_dates": sorted(set(excluded)), **crons}
    return from_wire(Schedule, {**given, **shaped}, as_is)


def not_taken(models: Sequence[Mapping[str, Any]], folder: Path, now: datetime) -> dict[str, tuple[str, ...]]:
    """By schedule: the events of its calendar that are no days off, with why."""
    given = [one for model in models for one in model.get("schedules", ()) if isinstance(one.get("exclude_dates"), str)]
    return {
        one["name"]: _holidays(folder / one["exclude_dates"], now.year, one["time_zone"]).not_taken for one in given
    }


def problems_of_schedules(models: Sequence[Mapping[str, Any]], folder: Path, now: datetime) -> list[str]:
    """Every problem, a line each. Names are unique in a place."""
    problems, names = [], dict[tuple[str, str], str]()
    for index, model in enumerate(models):
        windows: list[_Window] = []
        for number, given in enumerate(model.get("schedules", ())):
            key = f"models.{index}.schedules.{number}"
            name = (model.get("place", ""), given["name"])
            if name in names:
                problems.append(f"{key}.name: {given['name']!r} is that of {names[name]} too")
            names.setdefault(name, key)
            wrong = list(_problems_of_fields(given, folder, now))
            if not wrong and given.get("enabled", True):
                lease = timedelta(minutes=model.get("lease_minutes", DEFAULT_LEASE_MINUTES))
                schedule = schedule_of(model["name"], given, folder, now)
                held = list(_held(schedule, lease, now))
                wrong = list(_problems_of_times(schedule, lease, held, now))
                zone = ZoneInfo(schedule.time_zone)
                windows += [
                    _Window(start, end, key, given["name"], zone, _skipped(schedule, start, end))
                    for start, end in held
                    if end
                ]
            problems += [f"{key}.{problem}" for problem in wrong]
        problems += _overlaps(windows)
    for place in dict.fromkeys(place for place, _ in names):
        alike = alike_but_for_case(name for where, name in names if where == place)
        problems += [f"models: a schedule's name {pair}" for pair in alike]
    return problems


# --- One setting, one schedule ----------------------------------------------------------------------------------------


def _problems_of_fields(given: Mapping[str, Any], folder: Path, now: datetime) -> Iterator[str]:
    if ("start" in given) == ("ready_by" in given):
        instead = _ONLY_A_STOP if given.keys() & {*CRONS} == {"stop"} else ""
        yield f"start, ready_by: exactly one of the two is needed{instead}"
    if given["time_zone"] not in _time_zones():
        yield f"time_zone: {_no_zone(given['time_zone'])}"
    for name in CRONS:
        if name in given:
            try:
                Cron.parse(given[name])
            except CronError as error:
                yield f"{name}: {error}"
    excluded = given.get("exclude_dates", ())
    if isinstance(excluded, str):
        try:
            _holidays(folder / excluded, now.year, given["time_zone"] if given["time_zone"] in _time_zones() else "UTC")
        except HolidaysError as error:
            yield f"exclude_dates: {error}"
        excluded = ()
    dates = {name: given[name] for name in ("start_date", "end_date") if name in given}
    dates |= {f"exclude_dates.{number}": day for number, day in enumerate(excluded)}
    bad = [name for name, day in dates.items() if not _is_date(day)]
    yield from (f"{name}: there is no {dates[name]}" for name in bad)
    if not bad and given.get("end_date", "9999") < given.get("start_date", ""):
        yield f"end_date: {given['end_date']} is before start_date, {given['start_date']}"


def _problems_of_times(schedule: Schedule, lease: timedelta, held: Sequence[_Held], now: datetime) -> Iterator[str]:
    """When it comes, and goes."""
    begin = "start" if schedule.start else "ready_by"
    zone = ZoneInfo(schedule.time_zone)
    today = wall(now, zone).date()
    if schedule.end_date and schedule.end_date < today.isoformat():
        yield f'end_date: {schedule.end_date} has passed; take the schedule out, or set "enabled" to false'
    elif not held:
        never = Cron.parse(getattr(schedule, begin)).never(today)
        at_all = next(starts(schedule).after(first_moment(schedule, now)), None)
        but = f": {never}" if never else " on a day that its dates do not leave out" if at_all else ""
        yield f"{begin}: {getattr(schedule, begin)!r} never comes{but}"
    if not schedule.stop and not lease:
        yield "stop: is needed where the model's lease_minutes is 0: it would run until somebody releases it"
    elif too_long := next((one for one in held if one[1] is None or one[1] - one[0] > LONGEST_LEASE), None):
        start, end = too_long
        said = f"only on {_said(end, zone)}" if end else "never"
        longest = span(LONGEST_LEASE.total_seconds())
        never = Cron.parse(schedule.stop).never(today) if schedule.stop else None
        why = f" ({schedule.stop!r} never comes: {never})" if never else ""
        yield f"stop: comes {said} after {begin} on {_said(start, zone)}; a lease lasts {longest} at most{why}"


_ONLY_A_STOP = (
    ". A stop alone has no lease to end: it releases the one that its own start takes. To bound every start, set the "
    "model's lease_minutes. To stop the model at a time, whoever needs it, let a schedule of your own start StopModel "
    'with {"Model": ..., "Force": true} (docs/stop-everything.md)'
)
_ZONES = {
    "utc": "UTC", "gmt": "UTC", "z": "UTC", "cet": "Europe/Berlin", "cest": "Europe/Berlin", "mez": "Europe/Berlin",
    "bst": "Europe/London", "est": "America/New_York", "edt": "America/New_York", "cst": "America/Chicago",
    "cdt": "America/Chicago", "mst": "America/Denver", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles",
    "jst": "Asia/Tokyo", "ist": "Asia/Kolkata", "aest": "Australia/Sydney",
}  # fmt: skip
"""Abbreviations, which more than one zone may have: the place that is most often meant."""


def _no_zone(given: str) -> str:
    """What was meant by something that is no time zone."""
    known = {zone.lower(): zone for zone in _time_zones()}
    cities = {zone.lower().rpartition("/")[2]: zone for zone in sorted(_time_zones(), reverse=True)}
    plain = given.strip().lower().replace(" ", "_").replace("\\", "/")
    says = f"{given!r} is no IANA time zone, such as Europe/Berlin"
    if re.fullmatch(r"(utc|gmt)?[+-]\d{1,2}(:?\d\d)?", plain):
        return f"{says}; it is an offset, which changes where clocks do: name a place"
    meant = known.get(plain) or _of_windows(given.strip()) or _ZONES.get(plain) or cities.get(plain.rpartition("/")[2])
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.75)
    meant = meant or (known[near[0]] if near else None)
    return f"{says}, did you mean {meant}?" if meant else says


def _of_windows(given: str) -> str | None:
    """The IANA zone of a name that Windows has for one."""
    if not given.endswith("Time"):
        return None
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # 0.2 s, for the few that write it so

    found: str | None = WINDOWS_TO_OLSON.get(given)
    return found


@cache
def _time_zones() -> frozenset[str]:
    """Of the package that goes along with the functions, whatever the machine has."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def _holidays(file: Path, year: int, zone: str) -> Holidays:
    return holidays(file, year, year + _YEARS_OF_HOLIDAYS, zone)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# --- Overlaps ---------------------------------------------------------------------------------------------------------


def _overlaps(windows: list[_Window]) -> list[str]:
    """Times for which a model is held twice: of each two schedules, or of one, the first."""
    problems: dict[tuple[str, str], str] = {}
    windows = sorted(windows, key=lambda window: window.start)
    for window, last in zip(windows[1:], accumulate(windows, _ends_later), strict=False):
        if window.start < last.end:
            when, until = _said(window.start, window.zone), _said(last.end, window.zone)
            who = "it still holds" if window.key == last.key else f"{last.key} ({last.name}) holds"
            problem = f"{window.key}: overlaps: on {when} it starts while {who} the model, until {until}{last.skips}"
            problems.setdefault((last.key, window.key), problem)
    return list(problems.values())


def _skipped(schedule: Schedule, start: datetime, end: datetime) -> str:
    """Why a window ends later than its stop says: the clocks don't show that time on its day."""
    zone = ZoneInfo(schedule.time_zone)
    begins, ends = wall(start, zone), wall(end, zone)
    if not schedule.stop or zone.utcoffset(begins) == zone.utcoffset(ends):
        return ""
    cron = Cron.parse(schedule.stop)
    days = [begins.date() + timedelta(days=number) for number in range((ends.date() - begins.date()).days + 1)]
    moments = (datetime.combine(day, at) for day in days if cron.on(day) for at in cron.times)
    gone = [one for one in moments if begins < one < ends and exact(one, zone) is None]
    reason = "does not exist: clocks are put forward over it. Stop at a time that every day has"
    return f"; {gone[0]:%H:%M} on {gone[0]:%Y-%m-%d} {reason}" if gone else ""


def _ends_later(one: _Window, other: _Window) -> _Window:
    return max(one, other, key=lambda window: window.end)


def _held(schedule: Schedule, lease: timedelta, now: datetime) -> Iterator[_Held]:
    """Each start with its end, up to one that has none."""
    calendar = stops(schedule)
    for start in _starts(schedule, now):
        end = next(calendar.after(start), None) if calendar else start + lease
        yield start, end
        if end is None:
            return


def _starts(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    """Those of a year, from now or its first day on; the first at least, however far."""
    wanted = (start for start in _dated(schedule, now) if not left_out(schedule, start))
    first = next(wanted, None)
    if first is not None:
        yield first
        last = first + AHEAD
        yield from islice(takewhile(lambda start: start < last, wanted), MOST - 1)


def _dated(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    """Those until its last day."""
    zone = ZoneInfo(schedule.time_zone)
    last = schedule.end_date or "9999"
    return takewhile(
        lambda start: wall(start, zone).date().isoformat() <= last, starts(schedule).after(first_moment(schedule, now))
    )


def _said(moment: datetime, zone: ZoneInfo) -> str:
    return f"{wall(moment, zone):%Y-%m-%d %H:%M} ({zone})"
