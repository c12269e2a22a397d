"""When the schedules come next, as data for machines: statemachine/schemas/report.schedules.schema.json. Pure."""

from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration, Schedule
from lifecycle.page.reports import Report
from lifecycle.schedules.outlook import Outlook, outlook
from lifecycle.schedules.windows import lease_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedWindow:
    """A time for which a schedule holds its model.

    Parameters
    ----------
    end : datetime, optional
        Not there where its lease has no end.
    left_out : str, optional
        Why it doesn't start then.
    """

    start: datetime
    end: datetime | None = None
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedSchedule:
    """What comes of a schedule, as ``make synth`` says it before a deploy.

    Parameters
    ----------
    start, ready_by, stop : str, optional
        Its crons.
    weekly_hours, weekly_cost, weekly_cost_at_most : float
        A year's mean, as if it had no days off; USD with the least inference units, and with the most.
    windows : tuple
        The next ones, and what is left out in between.
    remarks : tuple of str
        What is allowed, and may not be meant.
    week, notices : str, tuple of str
        Sentences for people: what a week comes to, and what else is to be said.
    """

    name: str
    model: str
    lease_id: str
    enabled: bool
    time_zone: str
    weekly_hours: float
    weekly_cost: float
    weekly_cost_at_most: float
    windows: tuple[ReportedWindow, ...]
    remarks: tuple[str, ...]
    week: str
    notices: tuple[str, ...]
    start: str | None = None
    ready_by: str | None = None
    stop: str | None = None
    days_left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules(Report):
    """When the schedules of the deployed settings come next."""

    schedules: tuple[ReportedSchedule, ...]


def schedules_report(now: datetime, configuration: Configuration) -> Schedules:
    """What comes of the deployed schedules."""
    return Schedules(
        report="schedules",
        at=now,
        schedules=tuple(
            _schedule(name, schedule, outlook(schedule, configuration, now))
            for name, schedule in configuration.schedules.items()
        ),
    )


def _schedule(name: str, schedule: Schedule, found: Outlook) -> ReportedSchedule:
    return ReportedSchedule(
        name=name,
        model=schedule.model,
        lease_id=lease_id(name),
        enabled=schedule.enabled,
        time_zone=schedule.time_zone,
        start=schedule.start,
        ready_by=schedule.ready_by,
        stop=schedule.stop,
        weekly_hours=found.weekly_hours,
        weekly_cost=found.weekly_cost,
        weekly_cost_at_most=found.weekly_cost_at_most,
        windows=tuple(ReportedWindow(start=one.start, end=one.end, left_out=one.but or None) for one in found.coming),
        days_left_out=found.days_left_out,
        remarks=found.remarks,
        week=found.week,
        notices=found.notices,
    )
