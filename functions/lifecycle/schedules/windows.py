"""When a schedule starts and stops, which days it leaves out, and when it hands its model over. Pure.

A model that is stopped at 17:00 and started again at 17:00 is away for half an hour. So where another schedule of the
model, or the same one, starts it again within the time that a start takes, it stays RUNNING in between.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from zoneinfo import ZoneInfo

from lifecycle.configuration import Configuration, Schedule
from lifecycle.executions.names import execution_name, minute
from lifecycle.schedules.cron import Calendar, wall

START_TAKES = timedelta(minutes=30)
"""How long a start takes, up to: Amazon Rekognition Custom Labels Developer Guide, "Running a trained model"."""
PATIENCE = timedelta(minutes=10)
"""How late the next start's tick may be. Shorter than what a lease lasts beyond its stop, of whose end nobody is warned
so early; after that the model is stopped."""
_LEASE = "schedule/"
_INSTANT = timedelta.resolution


class Ticked(StrEnum):
    """What became of a tick; the metric's dimension."""

    ACTED = "ACTED"
    REPEATED = "REPEATED"
    EXCLUDED_DAY = "EXCLUDED_DAY"
    OUTSIDE_DATES = "OUTSIDE_DATES"
    TOO_LATE = "TOO_LATE"
    AFTER_STOP = "AFTER_STOP"
    NEWER_START = "NEWER_START"
    NOTHING_TO_STOP = "NOTHING_TO_STOP"
    NOT_DUE = "NOT_DUE"


@dataclass(frozen=True, slots=True)
class Successor:
    """A schedule that starts the model again soon after a stop, and when."""

    schedule: str
    start: datetime


def lease_id(schedule: str) -> str:
    """The lease that a schedule takes and releases."""
    return f"{_LEASE}{schedule}"


def starts(schedule: Schedule) -> Calendar:
    """When it starts, or is to be ready by."""
    return Calendar.of(schedule.start or schedule.ready_by or "", schedule.time_zone)


def stops(schedule: Schedule) -> Calendar | None:
    """When it stops; None where it leaves that to the end of its lease."""
    return Calendar.of(schedule.stop, schedule.time_zone) if schedule.stop else None


def left_out(schedule: Schedule, start: datetime) -> tuple[Ticked, str] | None:
    """Why a schedule does not start for a time at all: because of its local day. None where it does."""
    day = wall(start, ZoneInfo(schedule.time_zone)).date().isoformat()
    if day in schedule.exclude_dates:
        return Ticked.EXCLUDED_DAY, f"{day} is one of its exclude_dates."
    if schedule.start_date and day < schedule.start_date:
        return Ticked.OUTSIDE_DATES, f"{day} is before its start_date, {schedule.start_date}."
    if schedule.end_date and day > schedule.end_date:
        return Ticked.OUTSIDE_DATES, f"{day} is after its end_date, {schedule.end_date}."
    return None


def bridged(schedule: Schedule) -> timedelta:
    """How soon after a stop its own next start keeps the model RUNNING in between.

    What has to be ready by a time is started that much earlier. The end of a lease hands nothing over.
    """
    return _soon(schedule) if schedule.stop else timedelta()


def _soon(schedule: Schedule) -> timedelta:
    return START_TAKES * (2 if schedule.ready_by else 1)


def successors(stop: datetime, model: str, schedules: Mapping[str, Schedule]) -> tuple[Successor, ...]:
    """The schedules of a model that start it again so soon after a stop that it is to stay RUNNING until then."""
    return tuple(
        Successor(name, start)
        for name, schedule in schedules.items()
        if schedule.model == model and schedule.enabled
        for start in _next(schedule, stop)
    )


def tick_name(schedule: str, action: str, model: str, moment: datetime) -> str:
    """Of the execution that a tick starts, however often and whenever it comes.

    ``office-hours-start-20261123T0700Z-1f0c9a3b7e``.
    """
    return execution_name(f"{schedule}-{action}", model, when=minute(moment))


def handed_over(
    lease: str | None, execution: str, now: datetime, configuration: Configuration
) -> tuple[tuple[str, ...], datetime] | None:
    """The leases to which one hands over that is being released now, and until when they are waited for.

    None where it is no schedule's, where no start follows, or where it should have come by now.

    Parameters
    ----------
    execution : str
        The name of the execution that releases it: that of a tick says which stop it is for. Else it is the last one.
    """
    name = (lease or "").removeprefix(_LEASE)
    schedule = configuration.schedules.get(name) if lease == lease_id(name) else None
    calendar = stops(schedule) if schedule else None
    if schedule is None or calendar is None:
        return None
    stop = _stop_of(execution, name, schedule) or next(calendar.before(now + _INSTANT), None)
    following = successors(stop, schedule.model, configuration.schedules) if stop and stop in calendar else ()
    if stop is None or not following:
        return None
    # From the stop on, or from now on where it is fired ahead of its time.
    until = min(stop, now) + max(one.start - stop for one in following) + PATIENCE
    return (tuple(lease_id(one.schedule) for one in following), until) if now < until else None


_OF_A_STOP = re.compile(r".+-stop-(\d{8}T\d{4}Z)-[0-9a-f]+")


def _stop_of(execution: str, name: str, schedule: Schedule) -> datetime | None:
    """The stop that the execution of a tick is for."""
    found = _OF_A_STOP.fullmatch(execution)
    if not found:
        return None
    try:
        moment = datetime.strptime(found[1], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if tick_name(name, "stop", schedule.model, moment) == execution else None


def _next(schedule: Schedule, stop: datetime) -> Iterator[datetime]:
    """Its next start, if that is soon enough."""
    last = stop + _soon(schedule)
    soon = takewhile(lambda start: start <= last, starts(schedule).after(stop - _INSTANT))
    yield from [start for start in soon if not left_out(schedule, start)][:1]
