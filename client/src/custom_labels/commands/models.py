"""``custom-labels models``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from custom_labels import terminal
from custom_labels.client import STACK
from custom_labels.commands.reports import Report, shown
from custom_labels.options import AsJson, Region, Stack

_COLUMNS = ("Model", "Status", "Since (UTC)", "Held by", "Until (UTC)", "USD per hour", "So far")


def models(as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Show what runs, since when, for whom, at what cost, and until when."""
    shown(_show, "models", stack=stack, region=region, as_json=as_json)


def _show(report: Report) -> None:
    now, found = terminal.moment(report["At"]), report["Models"]
    running = [one for one in found if one["Status"] == "RUNNING"]
    if running:
        verb = "runs" if len(running) == 1 else "run"
        cost = terminal.usd(report["HourlyCost"])
        terminal.say(f"{terminal.plural(len(running), 'model')} {verb}: {cost} per hour.", "bold")
    elif report["Problems"]:
        terminal.say("No model seems to be running.", "bold")
    else:
        terminal.say("No model is running: nothing is billed.", "bold")
    if found:
        terminal.table(_COLUMNS, [_row(one, now) for one in found], numbers=frozenset({"USD per hour", "So far"}))
    for one in found:
        wrong = one["Down"] or "FAILED" in one["Status"]
        for remark in filter(None, (one.get("StatusMessage") if wrong else None, one.get("Remark"))):
            terminal.say(f"{one['Name']}: {remark}", "bold red" if wrong else "")
    if report["SweepIsLate"]:
        last = report.get("LastSweep")
        ran = f"The last sweep ran {terminal.since(last, now)}" if last else "The sweep has never run"
        terminal.warn(f"{ran}. Until it does, forgotten models are not stopped.")


def _row(model: Mapping[str, Any], now: datetime) -> list[str | Text]:
    bills = model["Status"] in {"RUNNING", "STARTING"}
    cost = model.get("Cost")
    holders = terminal.some_of([one["LeaseId"] for one in model["Leases"]], model["LeaseCount"])
    return [
        model["Name"],
        terminal.status(model["Status"]),
        terminal.since(model.get("Since"), now) + (" or before" if model.get("SinceOrBefore") else ""),
        holders or ("nobody" if bills else ""),
        _until(model, now),
        f"{model['HourlyCost']:,.2f}" if bills and "HourlyCost" in model else "",
        "" if cost is None else f"{cost:,.2f}",
    ]


def _until(model: Mapping[str, Any], now: datetime) -> str:
    if "HeldUntil" in model:
        return terminal.until(model["HeldUntil"], now)
    if any(one["Pending"] for one in model["Leases"]):
        return "its start is under way"
    return "it is released" if model["Leases"] else ""
