"""``custom-labels schedules``."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.text import Text

from custom_labels import terminal
from custom_labels.client import STACK
from custom_labels.commands.reports import Report, shown
from custom_labels.options import AsJson, Region, Stack


def schedules(as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Show when the deployed schedules start their models next, and what a week of them costs."""
    shown(_show, "schedules", stack=stack, region=region, as_json=as_json)


def _show(report: Report) -> None:
    if not report["Schedules"]:
        terminal.say("No model has a schedule. How to give it one: docs/schedules.md.")
    for number, one in enumerate(report["Schedules"]):
        if number:
            terminal.say("")
        _show_one(one)


def _show_one(schedule: Mapping[str, Any]) -> None:
    terminal.say(f"{schedule['Name']}: model {schedule['Model']}, lease {schedule['LeaseId']}", "bold")
    if not schedule["Enabled"]:
        terminal.say("It is disabled: nothing of this happens.")
    if week := schedule.get("Week"):  # which a stack of before 0.2 does not send
        terminal.say(week)
    if schedule["Windows"]:
        zone, called = _zone(schedule["TimeZone"])
        begins = "Start" if "Start" in schedule else "Ready by"
        rows = [_row(one, zone) for one in schedule["Windows"]]
        terminal.table((f"{begins} ({called})", "Until", "For", "Left out, because"), rows)
    for notice in schedule.get("Notices", ()):
        terminal.say(notice)
    for remark in schedule["Remarks"]:
        terminal.warn(f"{schedule['Name']}: {remark}.")


def _row(window: Mapping[str, Any], zone: tzinfo) -> tuple[str | Text, ...]:
    start = terminal.moment(window["Start"]).astimezone(zone)
    begins, left_out = f"{start:%a %Y-%m-%d %H:%M}", window.get("LeftOut")
    if left_out:
        return (terminal.text(begins, "dim"), "", "", terminal.text(left_out, "dim"))
    if "End" not in window:
        return (begins, "it is released", "", "")
    end = terminal.moment(window["End"])
    return (begins, f"{end.astimezone(zone):%a %H:%M}", f"{round((end - start).total_seconds() / 3600, 2):g} h", "")


def _zone(name: str) -> tuple[tzinfo, str]:
    """The schedule's own, or UTC where this machine does not know it."""
    try:
        return ZoneInfo(name), name
    except (ZoneInfoNotFoundError, ValueError):
        return UTC, "UTC"
