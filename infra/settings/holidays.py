"""The whole days off that an iCalendar file (RFC 5545) names, and what else is in it, with why that is no day off.

icalendar and recurring-ical-events read it. Here is what counts as a whole day, however calendars write it: a date,
what lasts from midnight to midnight by the clock of the event or the schedule, also in UTC, and what Outlook marks so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_WITHIN_A_DAY = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
_STARTS_OF_OTHERS = (
    ("<", "is a web page, not a calendar: perhaps one to sign in"),
    ("{", "is JSON, no iCalendar file"),
    ("PK", "is a ZIP archive or a spreadsheet, no iCalendar file"),
    ("%PDF", "is a PDF, no iCalendar file"),
)
_PARTS = {"DTSTART": "start", "DTEND": "end", "RRULE": "recurrence rule", "DURATION": "duration", "EXDATE": "exception"}


class HolidaysError(Exception):
    """The file can't be read, is no calendar, or has no whole day in the years asked for; says which."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """What a file says.

    Parameters
    ----------
    days : tuple of str
        ISO dates, in order.
    not_taken : tuple of str
        Events that are no whole day off, a line each that says why.
    """

    days: tuple[str, ...]
    not_taken: tuple[str, ...] = ()


def whole_days(file: Path, first_year: int, last_year: int, zone: str = "UTC") -> tuple[str, ...]:
    """The ISO dates of all days off; see ``holidays``."""
    return holidays(file, first_year, last_year, zone).days


def holidays(file: Path, first_year: int, last_year: int, zone: str) -> Holidays:
    """The days off of a file, those that come every year too; one of several days counts with each.

    Parameters
    ----------
    file : Path
        Such as what calendars on the web export.
    first_year, last_year : int
        Whole years, so that the same file gives the same days, and functions the same code, all year.
    zone : str
        The schedule's time zone: midnights that are written as UTC are meant there.

    Raises
    ------
    HolidaysError
    """
    calendars = _calendars(file)
    numbered = enumerate((event for calendar in calendars for event in calendar.walk("VEVENT")), 1)
    numbers = {id(event): number for number, event in numbered if _is_understood(file, number, event)}
    days: set[date] = set()
    not_taken: dict[str, str] = {}
    for one in _occurrences(file, calendars, numbers, first_year, last_year):
        found, why = _of_event(one, ZoneInfo(zone))
        days.update(day for day in found if first_year <= day.year <= last_year)
        if why:
            not_taken.setdefault(f"{one.get('UID')}{why}", f"{_named(one)} {why}")
    if not days:
        among = f": {'; '.join([*not_taken.values()][:3])}" if not_taken else ""
        raise HolidaysError(f"{file} has no whole-day event from {first_year} to {last_year}{among}")
    return Holidays(tuple(day.isoformat() for day in sorted(days)), tuple(not_taken.values()))


# --- The file ---------------------------------------------------------------------------------------------------------


def _calendars(file: Path) -> list[Any]:
    import icalendar  # 0.2 s, for the few that have such a file

    text = _text(file)
    try:
        found = icalendar.Calendar.from_ical(text, multiple=True)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise HolidaysError(f"{file} is no iCalendar file: {_reason(text, error)}") from error
    if not found:
        raise HolidaysError(f"{file} is no iCalendar file: {_reason(text, ValueError('it has no calendar'))}")
    if any(one.name != "VCALENDAR" for one in found):
        raise HolidaysError(f"{file} is no iCalendar file: its events don't stand in a VCALENDAR")
    return list(found)


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        beside = sorted(one.name for one in file.parent.glob("*.[iI][cC][sS]")) if file.parent.is_dir() else []
        there = f"; there are {', '.join(beside)}" if beside and not file.exists() else ""
        raise HolidaysError(f"{file} can't be read: {error.strerror}{there}") from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = raw.decode(encoding, errors="replace")
    if not text.strip():
        raise HolidaysError(f"{file} is no iCalendar file: it is empty")
    for start, what in _STARTS_OF_OTHERS:
        if text.lstrip().startswith(start):
            raise HolidaysError(f"{file} is no iCalendar file: it {what}")
    if "\x00" in text:
        raise HolidaysError(f"{file} is no iCalendar file: it is no text")
    return text


def _reason(text: str, error: Exception) -> str:
    if "BEGIN:VCALENDAR" not in text.upper():
        return "it has no BEGIN:VCALENDAR"
    if text.upper().count("BEGIN:") != text.upper().count("END:"):
        return "it breaks off: something begins in it that does not end"
    return str(error).strip()


def _is_understood(file: Path, number: int, event: Any) -> bool:
    for name, reason in event.errors:
        if name in _PARTS:
            wrong = f"event {number} has a {_PARTS[name]} that can't be read: {str(reason).strip()}"
            raise HolidaysError(f"{file} is no iCalendar file: {wrong}")
    if problem := _problem(event):
        raise HolidaysError(f"{file}: event {number} {problem}")
    return True


def _problem(event: Any) -> str | None:
    """Why nobody can say when an event is."""
    if "DTSTART" not in event:
        return "has no start"
    rule = event.get("RRULE")
    if rule is not None and "FREQ" not in rule:
        return f"has a recurrence rule without FREQ: {rule.to_ical().decode()}"
    start, end = event["DTSTART"].dt, event["DTEND"].dt if "DTEND" in event else None
    if end is not None and _moment(end) < _moment(start):
        return f"ends before it starts: {end} is before {start}"
    return None


def _moment(point: date) -> datetime:
    """For a comparison that is off by a day's part at the most."""
    if not isinstance(point, datetime):
        return datetime.combine(point, time(), UTC)
    return point if point.tzinfo else point.replace(tzinfo=UTC)


def _occurrences(
    file: Path, calendars: list[Any], numbers: dict[int, int], first_year: int, last_year: int
) -> Iterator[Any]:
    """Each event as often as it comes, without its exceptions: those of one UID belong together."""
    import icalendar
    import recurring_ical_events

    for calendar in calendars:
        series: dict[str, list[Any]] = {}
        for event in calendar.walk("VEVENT"):
            series.setdefault(str(event.get("UID", id(event))), []).append(event)
        for events in series.values():
            own = icalendar.Calendar()
            if "X-WR-TIMEZONE" in calendar:  # for which Google writes UTC
                own["X-WR-TIMEZONE"] = calendar["X-WR-TIMEZONE"]
            for event in events:
                if _recurs_within_a_day(event):
                    yield event
                else:
                    own.add_component(event)
            try:
                yield from recurring_ical_events.of(own).between(date(first_year, 1, 1), date(last_year + 1, 1, 1))
            except Exception as error:  # whatever two libraries make of what somebody has exported
                reason = str(error).strip() or type(error).__name__
                number = numbers[id(events[0])]
                raise HolidaysError(f"{file}: event {number} can't be understood: {reason}") from error


def _recurs_within_a_day(event: Any) -> bool:
    frequencies = event["RRULE"].get("FREQ", []) if "RRULE" in event else []
    return not _WITHIN_A_DAY.isdisjoint(frequencies)


# --- One event --------------------------------------------------------------------------------------------------------


def _of_event(event: Any, zone: ZoneInfo) -> tuple[Iterable[date], str | None]:
    """The days off of one occurrence, and why it is none, or not all of it."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return (), "is cancelled"
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return (), "is TRANSPARENT: calendars show it as free, as they do observances on which people work"
    if _recurs_within_a_day(event):
        return (), "comes several times a day"
    start, end = event.start, event.end
    if not isinstance(start, datetime):
        last = end.date() if isinstance(end, datetime) else end
        return _days(start, max(last, start + _DAY)), None
    if str(event.get("X-MICROSOFT-CDO-ALLDAYEVENT", "")).upper() == "TRUE":
        return _marked(start, end, zone), None
    return _by_clocks(start, end, zone)


def _by_clocks(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[Iterable[date], str | None]:
    """What lasts from midnight to midnight, by its own clock or the schedule's; 23:59 is midnight, too."""
    for clock in dict.fromkeys((None, zone) if start.tzinfo else (None,)):
        begins, ends = (_wall(point, clock) for point in (start, end + _MINUTE))
        if begins.time() == time() and ends - begins >= _DAY and ends.time() <= time(0, 1):
            return _days(begins.date(), ends.date()), None
    begins, ends = _wall(start, zone if start.tzinfo else None), _wall(end, zone if end.tzinfo else None)
    first = begins.date() if begins.time() == time() else begins.date() + _DAY
    whole = [*_days(first, ends.date())]
    return whole, "begins or ends within a day: only its whole days are taken" if whole else "is a part of a day"


def _marked(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The days of what is marked as all-day: by the clock that shows midnight, else by its noons, wherever that was."""
    for clock in (None, zone):
        begins = _wall(start, clock if start.tzinfo else None)
        if begins.time() == time():
            return _days(begins.date(), begins.date() + max(_whole(end - start), _DAY))
    noon = start.astimezone(UTC) + _DAY / 2
    return _days(noon.date(), noon.date() + max(_whole(end - start), _DAY))


def _whole(length: timedelta) -> timedelta:
    """Rounded to days: one on which clocks change has an hour more or less."""
    return round(length / _DAY) * _DAY


def _wall(point: datetime, clock: ZoneInfo | None) -> datetime:
    return (point.astimezone(clock) if clock else point).replace(tzinfo=None)


def _days(first: date, end: date) -> Iterator[date]:
    return (first + number * _DAY for number in range((end - first).days))


def _named(event: Any) -> str:
    name = " ".join(str(event.get("SUMMARY", "an event without a name")).split())[:60]
    start = event.start
    when = f"{start:%Y-%m-%d %H:%M}" if isinstance(start, datetime) else f"{start:%Y-%m-%d}"
    return f'"{name}" on {when}'
