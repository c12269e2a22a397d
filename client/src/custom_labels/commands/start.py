"""``custom-labels start``."""

from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.commands.results import begun, show
from custom_labels.options import AsJson, IgnoreBudget, Lease, Minutes, Name, NoWait, Region, Stack


def start(
    model: Name,
    minutes: Minutes = None,
    lease_id: Lease = None,
    units: Annotated[int | None, typer.Option(help="Inference units.")] = None,
    ready_at: Annotated[str | None, typer.Option(help="Be RUNNING by then, such as 2026-12-01T08:00:00+01:00.")] = None,
    wait_for_capacity: Annotated[
        bool, typer.Option("--wait-for-capacity", help="Wait while others fill the quota.")
    ] = False,
    ignore_budget: IgnoreBudget = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Start a model, and wait until it is RUNNING."""
    with terminal.reported():
        labels = CustomLabels(stack=stack, region=region)
        execution = labels.begin(
            model,
            lease_id=lease_id,
            minutes=minutes,
            units=units,
            ready_at=ready_at,
            wait_for_capacity=wait_for_capacity,
            ignore_budget=ignore_budget,
            dry_run=dry_run,
        )
        if no_wait:
            begun(execution, as_json=as_json)
        else:
            waiting = terminal.Waiting(f"Starting {model}", lambda: labels.past_starts(model))
            show(labels.started(execution, progress=waiting), as_json=as_json)
