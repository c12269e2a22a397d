"""What a tick of a schedule does: start an execution under a name that is the deduplication, or nothing, and why. Pure.

EventBridge Scheduler delivers at least once, and perhaps late. So a tick asks the schedule's own calendar, not itself,
whether it is still wanted, and the name of its execution says what it is for, not when it came.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from lifecycle.configuration import Configuration, Schedule
from lifecycle.errors import InvalidRequest
from lifecycle.executions.names import start_once
from lifecycle.executions.state_machines import Machine, execution_arn
from lifecycle.model.leases import LONGEST_LEASE
from lifecycle.ports import Executions
from lifecycle.schedules.cron import exact, wall
from lifecycle.schedules.windows import Successor, Ticked, lease_id, left_out, starts, stops, successors, tick_name
from lifecycle.shared.text import as_text, duration, escaped
from lifecycle.shared.wire import Json, from_wire, timestamp

HOURS_AHEAD = (2, 1)
"""How long before the time of a ready_by, by the clock on the wall, its ticks come. A start takes up to 30 minutes; the
hour that is left out when clocks are put forward takes one of the two at most."""

_LEAD = timedelta(hours=max(HOURS_AHEAD))
"""A start with ReadyAt may find its model RUNNING that much earlier, and its lease counts from then on."""
_GRACE = timedelta(minutes=15)
"""What a lease lasts beyond its stop and the warning of its end, so that the stop ends it, and nobody is warned."""
_INSTANT = timedelta.resolution
_YEARS = range(2000, 9000)
"""Of a tick: away from where time ends."""
_AHEAD = (0, *HOURS_AHEAD)
_MOST_STARTS = 50
"""Of one window that a stop asks for: a start every ten minutes of a working day."""


class Act(StrEnum):
    """What a tick is for."""

    START = "start"
    READY = "ready"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Tick:
    """The input that EventBridge Scheduler gives.

    Parameters
    ----------
    schedule : str
        Its configured name.
    scheduled_time : datetime
        For which it comes, whenever that is.
    hours_ahead : int
        Of a ready tick: how long after that clocks show the time to be ready by.
    """

    schedule: str
    action: Act
    scheduled_time: datetime
    hours_ahead: int = 0

    @classmethod
    def read(cls, event: Mapping[str, Json], configuration: Configuration) -> "Tick":
        """The tick of an event; InvalidRequest where it is none, or of a schedule that there is not."""
        try:
            tick = from_wire(cls, event)
            tick = replace(tick, action=Act(tick.action), scheduled_time=tick.scheduled_time.astimezone(UTC))
            _AHEAD.index(tick.hours_ahead), _YEARS.index(tick.scheduled_time.year)
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InvalidRequest(
                f"A tick needs Schedule, Action (one of {', '.join(Act)}) and ScheduledTime (RFC 3339): "
                f"{escaped(str(error))}",
                remedy="Leave the schedules to the stack that has made them.",
            ) from error
        if not isinstance(tick.schedule, str) or tick.schedule not in configuration.schedules:
            known = ", ".join(sorted(configuration.schedules)) or "none"
            raise InvalidRequest(
                f"Schedule: there is no '{escaped(as_text(tick.schedule))}'; configured are: {known}",
                remedy="It was taken out of cdk.json, or renamed: nothing has to be done if that was meant.",
            )
        return tick


@dataclass(frozen=True, slots=True)
class Decided:
    """What a tick does, and why. What is to be started is there where it has ACTED, or would."""

    outcome: Ticked
    reason: str
    machine: Machine | None = None
    execution_name: str | None = None
    payload: Json = None


def run(
    tick: Tick, now: datetime, configuration: Configuration, executions: Executions, machines: Mapping[Machine, str]
) -> Decided:
    """Decide, and start what is to be started."""
    decided = decide(tick, now, configuration)
    if decided.machine is None or decided.execution_name is None:
        return decided
    if decided.machine is Machine.STOP_MODEL and not _start_came(tick, configuration, executions, machines):
        return Decided(Ticked.NOTHING_TO_STOP, f"No start of {tick.schedule} has come since the stop before.")
    if start_once(executions, machines[decided.machine], decided.execution_name, decided.payload):
        return decided
    return replace(decided, outcome=Ticked.REPEATED, reason=f"{decided.execution_name} has been started already.")


def _start_came(
    tick: Tick, configuration: Configuration, executions: Executions, machines: Mapping[Machine, str]
) -> bool:
    """Whether a start of the window that a stop ends was begun: by its execution, whose name is known.

    True where that is not known: of a stop that is in no calendar, and of more starts than can be asked for.
    """
    schedule, stop = configuration.schedules[tick.schedule], tick.scheduled_time
    if stop not in (stops(schedule) or ()):
        return True
    act = Act.START if schedule.start else Act.READY
    began = list(islice(_own_starts(schedule, stop), _MOST_STARTS))
    names = (_name(replace(tick, action=act), schedule, start) for start in began)
    return len(began) == _MOST_STARTS or any(
        executions.describe(execution_arn(machines[Machine.START_MODEL], name)) for name in names
    )


def decide(tick: Tick, now: datetime, configuration: Configuration) -> Decided:
    """What a tick does, going by the clock.

    Parameters
    ----------
    tick : Tick
        Of a schedule that is configured.
    now : datetime
        When it has come.
    """
    schedule = configuration.schedules[tick.schedule]
    if tick.action is Act.STOP:
        return _stop(tick, now, schedule, configuration.schedules)
    return _start(tick, now, schedule, configuration)


def _start(tick: Tick, now: datetime, schedule: Schedule, configuration: Configuration) -> Decided:
    zone = ZoneInfo(schedule.time_zone)
    wanted = tick.scheduled_time
    if tick.action is Act.READY:
        local = wall(tick.scheduled_time, zone) + timedelta(hours=tick.hours_ahead)
        ready = exact(local, zone)
        if ready is None or ready not in starts(schedule):
            return Decided(Ticked.NOT_DUE, f"Nobody asks for the model by {local:%Y-%m-%d %H:%M} ({zone}).")
        wanted = ready
    if why := left_out(schedule, wanted):
        return Decided(*why)
    late = now - wanted
    if late > timedelta(minutes=schedule.too_late_minutes):
        said = f"It came {duration(late.total_seconds())} after {_local(wanted, zone)}"
        return Decided(Ticked.TOO_LATE, f"{said}: later than too_late_minutes, {schedule.too_late_minutes}.")
    calendar = stops(schedule)
    stop = _first(calendar.after(wanted)) if calendar else None
    if stop and stop <= now:
        return Decided(Ticked.AFTER_STOP, f"It came after its own stop, {_local(stop, zone)}.")
    payload: dict[str, Json] = {"Model": schedule.model, "LeaseId": lease_id(tick.schedule)}
    if stop:
        early = _LEAD if tick.action is Act.READY else timedelta(0)
        # Until the next start where the stop hands over to it, so that nothing ends, and nobody is warned, in between.
        following = successors(stop, schedule.model, configuration.schedules)
        held_until = max([stop, *(one.start for one in following)])
        lasts = held_until - max(now, wanted - early) + configuration.lease_warning + _GRACE
        payload["LeaseMinutes"] = _minutes(lasts)
    if tick.action is Act.READY:
        payload["ReadyAt"] = timestamp(wanted)
    until = f"until {_local(stop, zone)}" if stop else "for the model's lease_minutes"
    return Decided(
        Ticked.ACTED,
        f"{schedule.model} is held for {tick.schedule}, {tick.action} {_local(wanted, zone)}, {until}.",
        Machine.START_MODEL,
        _name(tick, schedule, wanted),
        {**payload, "Context": _context(tick)},
    )


def _stop(tick: Tick, now: datetime, schedule: Schedule, schedules: Mapping[str, Schedule]) -> Decided:
    zone, stop = ZoneInfo(schedule.time_zone), tick.scheduled_time
    if why := _nothing_to_stop(schedule, stop):
        return Decided(Ticked.NOTHING_TO_STOP, why)
    since = starts(schedule).after(stop - _INSTANT)
    newer = _first(start for start in since if not left_out(schedule, start))
    ahead = timedelta(hours=max(HOURS_AHEAD)) if schedule.ready_by else timedelta(0)
    if newer and newer - ahead <= now:
        held = f"the start of {_local(newer, zone)} may hold the lease by now, and would lose it"
        return Decided(Ticked.NEWER_START, f"It came so late that {held}.")
    following = successors(stop, schedule.model, schedules) if stop in (stops(schedule) or ()) else ()
    if any(one.schedule == tick.schedule for one in following):
        return Decided(Ticked.NEWER_START, f"{schedule.model} is kept for its next start, {_said(following, zone)}.")
    once = f", once {_said(following, zone)} holds it" if following else ""
    return Decided(
        Ticked.ACTED,
        f"{schedule.model} is released by {tick.schedule}, stop {_local(stop, zone)}{once}.",
        Machine.STOP_MODEL,
        _name(tick, schedule, stop),
        {"Model": schedule.model, "LeaseId": lease_id(tick.schedule), "Context": _context(tick)},
    )


def _nothing_to_stop(schedule: Schedule, stop: datetime) -> str | None:
    """Why there can't be a lease for a stop to release; None where there may be one."""
    calendar, zone = stops(schedule), ZoneInfo(schedule.time_zone)
    if not calendar or stop not in calendar:
        return None  # fired by hand, or by the stack of a moment ago: it means what it says
    why = "There was no start since the stop before."
    for start in _own_starts(schedule, stop):
        left = left_out(schedule, start)
        if left is None:
            return None
        why = f"Its start, {_local(start, zone)}, was left out: {left[1]}"
    return why


def _own_starts(schedule: Schedule, stop: datetime) -> Iterator[datetime]:
    """When the starts were due that a stop of the calendar ends: those since the stop before, the last one first."""
    calendar = stops(schedule)
    previous = _first(calendar.before(stop)) if calendar else None
    return takewhile(lambda start: previous is None or start >= previous, starts(schedule).before(stop))


def _name(tick: Tick, schedule: Schedule, moment: datetime) -> str:
    """The same however often and whenever the tick comes: ``office-hours-start-20261123T0700Z-1f0c9a3b7e``."""
    return tick_name(tick.schedule, tick.action, schedule.model, moment)


def _first(moments: Iterator[datetime]) -> datetime | None:
    return next(moments, None)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{wall(moment, zone):%Y-%m-%d %H:%M} ({zone})"


def _said(following: Sequence[Successor], zone: ZoneInfo) -> str:
    return " or ".join(f"{one.schedule} ({_local(one.start, zone)})" for one in following)


def _minutes(period: timedelta) -> int:
    """Whole ones, rounded up."""
    return -(-min(period, LONGEST_LEASE) // timedelta(minutes=1))


def _context(tick: Tick) -> Json:
    return {"Schedule": tick.schedule, "ScheduledTime": timestamp(tick.scheduled_time)}
