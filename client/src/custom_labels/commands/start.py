"""``custom-labels start``."""

from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.commands.results import begun, show
from custom_labels.options import (
    AsJson,
    Context,
    IgnoreBudget,
    Lease,
    Minutes,
    Name,
    NoWait,
    ReadyAt,
    Region,
    Stack,
    Units,
    WaitForCapacity,
)


def start(
    model: Name,
    minutes: Minutes = None,
    lease_id: Lease = None,
    units: Units = None,
    ready_at: ReadyAt = None,
    wait_for_capacity: WaitForCapacity = False,
    ignore_budget: IgnoreBudget = False,
    context: Context = None,
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
            context=context,
            dry_run=dry_run,
        )
        if no_wait:
            begun(execution, as_json=as_json)
        else:
            waiting = terminal.Waiting(f"Starting {model}", lambda: labels.past_starts(model))
            show(labels.started(execution, progress=waiting), as_json=as_json)
