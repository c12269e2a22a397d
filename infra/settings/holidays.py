"""The whole days that an iCalendar file (RFC 5545) names, those that come every year too."""

from datetime import date, datetime, timedelta
from pathlib import Path


class HolidaysError(Exception):
    """The file can't be read, is no calendar, or has no whole day in the years asked for; says which."""


def whole_days(file: Path, first_year: int, last_year: int) -> tuple[str, ...]:
    """The ISO dates of all whole-day events; one of several days counts with each. Hours of a day are no holiday.

    Parameters
    ----------
    file : Path
        Such as what calendars on the web export.
    first_year, last_year : int
        Whole years, so that the same file gives the same days, and functions the same code, all year.
    """
    # 0.2 s, for the few that have such a file.
    import icalendar
    import recurring_ical_events

    try:
        calendar = icalendar.Calendar.from_ical(file.read_bytes())
        events = recurring_ical_events.of(calendar).between(date(first_year, 1, 1), date(last_year + 1, 1, 1))
        days = {day for event in events if event.get("STATUS") != "CANCELLED" for day in _days(event.start, event.end)}
    except OSError as error:
        raise HolidaysError(f"{file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise HolidaysError(f"{file} is no iCalendar file: {str(error).strip()}") from error
    found = tuple(sorted(day.isoformat() for day in days if first_year <= day.year <= last_year))
    if not found:
        raise HolidaysError(f"{file} has no whole-day event from {first_year} to {last_year}")
    return found


def _days(start: date, end: date) -> set[date]:
    if isinstance(start, datetime):
        return set()
    return {start + timedelta(days=number) for number in range(max((end - start).days, 1))}
