"""Show when the schedules of cdk.json come next: ``python -m tools.schedules [NAME]``."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from infra.settings.cdk_json import settings_of
from infra.settings.schedules import first_moment
from infra.settings.settings import Settings, SettingsError
from lifecycle.configuration import Schedule
from lifecycle.schedules.windows import lease_id, left_out, starts, stops

NEXT = 5
_MOST = 1000
"""Occurrences that are looked at, where nearly all days are left out."""


@dataclass(frozen=True)
class Occurrence:
    """A time at which a schedule does something, or would; ``but``: why it does not."""

    at: datetime
    action: str
    but: str = ""


def occurrences(schedule: Schedule, now: datetime) -> Iterator[Occurrence]:
    """What comes, in order: starts, also those that are left out, and the stops of those that are not."""
    begin, calendar = "start" if schedule.start else "ready by", stops(schedule)
    wanted = False
    since = (Occurrence(at, begin) for at in starts(schedule).after(first_moment(schedule, now)))
    until = (Occurrence(at, "stop") for at in calendar.after(now)) if calendar else iter(())
    if calendar:  # a stop may end what has begun already
        last, stopped = (next(found.before(now), None) for found in (starts(schedule), calendar))
        wanted = last is not None and (stopped is None or last >= stopped) and left_out(schedule, last) is None
    for one in merge(until, since, key=lambda one: one.at):
        if one.action == "stop":
            if wanted:
                yield one
            wanted = False
        elif why := left_out(schedule, one.at):
            yield Occurrence(one.at, one.action, why[1])
        else:
            wanted = True
            yield one


def coming(schedule: Schedule, now: datetime, count: int = NEXT) -> list[Occurrence]:
    """The next ones that happen, and what is left out in between."""
    found, happen = [], 0
    last = schedule.end_date or "9999"
    zone = ZoneInfo(schedule.time_zone)
    until_the_end = takewhile(
        lambda one: not one.but or one.at.astimezone(zone).date().isoformat() <= last, occurrences(schedule, now)
    )
    for one in islice(until_the_end, _MOST):
        found.append(one)
        happen += not one.but
        if happen == count:
            break
    return found


def show(settings: Settings, now: datetime, console: Console, name: str | None = None) -> None:
    """What comes of each schedule, or of the one of a name."""
    if not settings.schedules:
        console.print("No model in cdk.json has schedules. How to give it one: docs/schedules.md.")
    elif name and name not in settings.schedules:
        console.print(f"There is no schedule {name}, only {', '.join(settings.schedules)}.")
    for schedule_name, schedule in settings.schedules.items():
        if name in {None, schedule_name}:
            _show(schedule_name, schedule, now, console)


def _show(name: str, schedule: Schedule, now: datetime, console: Console) -> None:
    console.print(f"[bold]{name}[/]: model {schedule.model}, lease {lease_id(name)}", highlight=False)
    if not schedule.enabled:
        console.print("It is disabled: nothing of this happens.")
    if found := coming(schedule, now):
        console.print(_table(found, ZoneInfo(schedule.time_zone)))
    else:
        console.print("It does not come any more.")
    if not schedule.stop:
        console.print("It has no stop: its lease ends after the model's lease_minutes.")
    console.print()


def _table(found: list[Occurrence], zone: ZoneInfo) -> Table:
    table = Table()
    for column in (str(zone), "UTC", "", "left out, because"):
        table.add_column(column)
    for one in found:
        local = one.at.astimezone(zone)
        times = (f"{local:%a %Y-%m-%d %H:%M} UTC{_offset(local)}", f"{one.at:%a %H:%M}")
        table.add_row(*times, one.action, one.but, style="dim" if one.but else None)
    return table


def _offset(local: datetime) -> str:
    return f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5]


def main(arguments: list[str]) -> str | None:
    """Show them; answers what is wrong with cdk.json."""
    try:
        settings = settings_of()
    except SettingsError as error:
        return str(error)
    show(settings, datetime.now(UTC), Console(), arguments[0] if arguments else None)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
