"""``custom-labels stop-all``."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from custom_labels import errors, terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.options import AsJson, NoWait, Region, Stack

_GOES_ON = "What was begun goes on; custom-labels models shows it."
_NAMED = 10
Row = dict[str, str]


def stop_all(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before.")] = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Stop every managed model, whoever needs it: all leases end."""
    with terminal.reported(interrupted=_GOES_ON):
        labels = CustomLabels(stack=stack, region=region)
        with terminal.working("Reading"):
            report = labels.report("models")
        for problem in report["Problems"]:
            terminal.warn(problem)
        found = [one for one in report["Models"] if one["Stoppable"]]
        if found and not yes:
            _ask(found)
        rows = _stopped(labels, found, wait=not no_wait)
        if as_json:
            terminal.as_json({"Models": rows})
        else:
            _show(rows)
        if left := [one["Name"] for one in report["Models"] if one["Status"] == "RUNNING" and not one["Stoppable"]]:
            names = terminal.some_of(left, len(left), _NAMED)
            terminal.warn(f"Not stopped, since this app has no lease on it: {names}. To stop one: custom-labels stop.")
        if report["Problems"] or any("Error" in row for row in rows):
            raise typer.Exit(1)


def _ask(found: Sequence[Mapping[str, Any]]) -> None:
    """Ask on a terminal; else nobody could answer.

    Raises
    ------
    InvalidRequest
        Nobody was asked.
    """
    if not sys.stdin.isatty():
        raise errors.InvalidRequest("stop-all ends all leases, and there is nobody to ask.", remedy="Add --yes.")
    leases = sum(one["LeaseCount"] for one in found)
    names = terminal.some_of([one["Name"] for one in found], len(found), _NAMED)
    question = f"Stop {names}, and end {terminal.plural(leases, 'lease')}?"
    typer.confirm(terminal.printable(question), abort=True, err=True)


def _stopped(labels: CustomLabels, found: Sequence[Mapping[str, Any]], *, wait: bool) -> list[Row]:
    """All are begun at once, then waited for; one that can't be stopped keeps no other from it."""
    rows: list[Row] = []
    for one in found:
        row = {"Model": one["Name"], "ProjectVersionArn": one["ProjectVersionArn"]}
        try:
            row["ExecutionArn"] = labels.release(one["ProjectVersionArn"], force=True)
        except errors.CustomLabelsError as error:
            row |= {"Error": type(error).__name__, "Message": error.message}
        rows.append(row)
    for row in rows if wait else ():
        if "ExecutionArn" in row:
            try:
                done = labels.released(row["ExecutionArn"], progress=terminal.Waiting(f"Stopping {row['Model']}"))
                row |= {"Status": done.status, "Outcome": done.outcome}
            except errors.CustomLabelsError as error:
                row |= {"Error": type(error).__name__, "Message": error.message}
    return rows


def _show(rows: Sequence[Row]) -> None:
    if not rows:
        terminal.say("No managed model runs, and nobody holds one: there is nothing to stop.")
        return
    terminal.table(
        ("Model", "Status", "Outcome"),
        [
            (row["Model"], terminal.text("not stopped", "bold red"), row["Error"])
            if "Error" in row
            else (row["Model"], terminal.status(row.get("Status", "")), row.get("Outcome", "its stop is under way"))
            for row in rows
        ],
    )
    for row in rows:
        if "Error" in row:
            terminal.say(f"{row['Model']}: {row['Message']}", "bold red")
