"""``custom-labels leases``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from custom_labels import terminal
from custom_labels.client import STACK
from custom_labels.commands.reports import Report, shown
from custom_labels.options import AsJson, Region, Stack


def leases(as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Show who holds which model, and until when."""
    shown(_show, "leases", stack=stack, region=region, as_json=as_json)


def _show(report: Report) -> None:
    now = terminal.moment(report["At"])
    rows = [
        (one["Model"], one["LeaseId"], terminal.since(one.get("Since"), now), _until(one, now))
        for one in report["Leases"]
    ]
    if rows:
        terminal.table(("Model", "Lease", "Since (UTC)", "Until (UTC)"), rows)
    else:
        terminal.say("Nobody holds a model.")
    for one in report["Stops"]:
        execution = one["ExecutionArn"].rpartition(":")[2]
        terminal.say(f"{one['Model']} is being stopped, since {terminal.since(one['Since'], now)}: {execution}")


def _until(lease: Mapping[str, Any], now: datetime) -> str:
    if lease["Pending"]:
        return "its start is under way"
    return terminal.until(lease["ExpiresAt"], now) if "ExpiresAt" in lease else "it is released"
