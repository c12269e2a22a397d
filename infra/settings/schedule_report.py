"""What the schedules of cdk.json come to, for people: ``make synth`` prints it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from lifecycle.configuration import Configuration, Schedule
from lifecycle.schedules.outlook import Window, hours, outlook
from lifecycle.schedules.windows import lease_id
from lifecycle.shared.text import all_of, shortened, usd

_DAYS_OFF = 12
_NOT_TAKEN = 10
"""Events of a calendar that are listed; more are counted."""


def show(
    settings: Configuration,
    now: datetime,
    console: Console,
    not_taken: Mapping[str, tuple[str, ...]] | None = None,
) -> None:
    """What comes of each schedule.

    Parameters
    ----------
    not_taken : Mapping, optional
        By schedule, the events of its calendar that are no days off.
    """
    for schedule_name, schedule in settings.schedules.items():
        _show(schedule_name, schedule, settings, now, console)
        for line in shortened((not_taken or {}).get(schedule_name, ()), _NOT_TAKEN, "events"):
            console.print(f"Not taken from its calendar: {line}", highlight=False, markup=False)
        console.print()


def _show(name: str, schedule: Schedule, settings: Configuration, now: datetime, console: Console) -> None:
    found = outlook(schedule, settings, now)
    console.print(f"[bold]{name}[/]: model {schedule.model}, lease {lease_id(name)}", highlight=False)
    if not schedule.enabled:
        console.print("It is disabled: nothing of this happens.")
    more = found.weekly_cost_at_most > found.weekly_cost
    up_to = f", up to {usd(found.weekly_cost_at_most)} with all its inference units" if more else ""
    week = f"A week of it: {found.weekly_hours:g} h, {usd(found.weekly_cost)}{up_to}."
    console.print(week if found.weekly_hours else "It has no hours.", highlight=False)
    if found.coming:
        console.print(_table(found.coming, schedule))
    else:
        console.print("It does not come any more.")
    if found.days_left_out:
        skipped = all_of(found.days_left_out, _DAYS_OFF)
        console.print(f"Days off on which it would start: {skipped}.", highlight=False)
    if not schedule.stop:
        console.print("It has no stop: its lease ends after the model's lease_minutes.")
    for remark in found.remarks:
        console.print(f"Warning: {remark}.", highlight=False, markup=False)


def _table(found: Sequence[Window], schedule: Schedule) -> Table:
    zone = ZoneInfo(schedule.time_zone)
    table = Table()
    for column in (f"{'start' if schedule.start else 'ready by'} ({zone})", "until", "for", "UTC", "left out, because"):
        table.add_column(column, no_wrap=column != "left out, because")
    for one in found:
        local = one.start.astimezone(zone)
        until = f"{one.end.astimezone(zone):%a %H:%M}" if one.end and not one.but else ""
        begins = f"{local:%a %Y-%m-%d %H:%M} UTC{_offset(local)}"
        lasts = hours(one.lasts) if until else ""
        table.add_row(begins, until, lasts, f"{one.start:%a %H:%M}", one.but, style="dim" if one.but else None)
    return table


def _offset(local: datetime) -> str:
    return f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5]
