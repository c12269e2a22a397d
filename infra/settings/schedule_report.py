"""What the schedules of cdk.json come to, for people: ``make synth`` prints it, and ``make deploy`` the warnings."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from lifecycle.configuration import Configuration, Schedule
from lifecycle.schedules.outlook import Outlook, Window, hours, outlook
from lifecycle.schedules.windows import lease_id
from lifecycle.shared.text import shortened

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
        found = outlook(schedule, settings, now)
        _show(schedule_name, schedule, found, console)
        for line in _notices(found, (not_taken or {}).get(schedule_name, ())):
            console.print(line, highlight=False, markup=False)
        console.print()


def notices(settings: Configuration, now: datetime, not_taken: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What one would not expect of the schedules, a sentence each that names its schedule; of disabled ones nothing."""
    for name, schedule in settings.schedules.items():
        if schedule.enabled:
            found = outlook(schedule, settings, now)
            yield from (f"Schedule {name}: {line}" for line in _notices(found, not_taken.get(name, ())))


def _notices(found: Outlook, not_taken: Sequence[str]) -> Iterator[str]:
    yield from found.notices
    yield from (f"Warning: {remark}." for remark in found.remarks)
    yield from (f"Not taken from its calendar: {line}" for line in shortened(not_taken, _NOT_TAKEN, "events"))


def _show(name: str, schedule: Schedule, found: Outlook, console: Console) -> None:
    console.print(f"[bold]{name}[/]: model {schedule.model}, lease {lease_id(name)}", highlight=False)
    if not schedule.enabled:
        console.print("It is disabled: nothing of this happens.")
    console.print(found.week, highlight=False)
    if found.coming:
        console.print(_table(found.coming, schedule))


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
