"""``custom-labels bill``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from custom_labels import terminal
from custom_labels.client import STACK
from custom_labels.commands.reports import Report, shown
from custom_labels.options import AsJson, Region, Stack

NOBODY = "(nobody)"
_COLUMNS = ("Model", "Lease", "Held", "USD")


def bill(
    month: Annotated[str | None, typer.Argument(help="Such as 2026-11; left out, this one.")] = None,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Show what the models have cost in a month of UTC, by model and by who held them."""
    shown(_show, "bill", stack=stack, region=region, as_json=as_json, month=month)


def _show(report: Report) -> None:
    now = terminal.moment(report["At"])
    this_month = f"{now:%Y-%m}" == report["Month"]
    when = f"{report['Month']}, so far" if this_month else report["Month"]
    lines = report["Lines"]
    if not lines:
        terminal.say(f"{when}: no model ran, and nothing is billed.")
        if "Budget" in report:
            _show_budget(report["Budget"])
        return
    *costs, total = terminal.amounts([one["Cost"] for one in lines])
    terminal.say(f"{when}: USD {total}, estimated from list prices", "bold")
    rows = [
        (one["Model"], one.get("LeaseId", NOBODY), terminal.span(one["Seconds"]), cost)
        for one, cost in zip(lines, costs, strict=True)
    ]
    terminal.table(_COLUMNS, rows, numbers=frozenset({"Held", "USD"}))
    if any("LeaseId" not in one for one in lines):
        terminal.say(f"{NOBODY}: the model ran without a lease, for example while it was being stopped.")
    if idle := report.get("Idle"):
        terminal.say(f"Idle while billed, as no DetectBatch ran and no inbox labelled an image: {_idle(idle)}.")
    if "Budget" in report:
        _show_budget(report["Budget"])
    if "Saved" in report:
        always = terminal.usd(report["AlwaysOn"])
        terminal.say(f"Always on, these models would have cost {always}: {terminal.usd(report['Saved'])} saved.")


def _idle(found: Sequence[Mapping[str, Any]]) -> str:
    """Of a model of which several versions ran, with their names."""
    versions = Counter(one["Model"] for one in found)
    return ", ".join(
        (f"{one['Model']} ({one['Version']}) " if versions[one["Model"]] > 1 else f"{one['Model']} ")
        + f"{round(100 * one['Share'])} % of {terminal.span(one['Seconds'])}"
        for one in found
    )


def _show_budget(of: Mapping[str, Any]) -> None:
    """At maximum inference units where models scale: so it may be more than the bill."""
    spent = f"{terminal.usd(of['Spent'])} of the month's budget of {terminal.usd(of['Budget'])} is spent."
    outlook = of.get("Outlook", f"At this pace the month comes to {terminal.usd(of['Forecast'])}.")  # an older stack
    terminal.say(f"{spent} {outlook}")
    if of["UsedUp"]:
        terminal.say(_OVER[of["OverBudget"]], "bold")


_OVER = {
    "notify": "It is used up; nothing is refused or stopped.",
    "refuse": "It is used up: no model is started any more.",
    "stop": "It is used up: no model is started any more, and what runs is stopped.",
}
