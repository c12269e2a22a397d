"""``custom-labels run``."""

from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.options import (
    AtMostMinutes,
    Context,
    IgnoreBudget,
    LeaseOfABlock,
    Name,
    ReadyAt,
    Region,
    Stack,
    Units,
    WaitForCapacity,
)
from custom_labels.process import FAILED, VARIABLE, Child


def run(
    model: Name,
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run.")],
    minutes: LeaseOfABlock = 15,
    at_most_minutes: AtMostMinutes = 480,
    units: Units = None,
    ready_at: ReadyAt = None,
    wait_for_capacity: WaitForCapacity = False,
    ignore_budget: IgnoreBudget = False,
    context: Context = None,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Run a command while a model is RUNNING; its version's ARN is in CUSTOM_LABELS_PROJECT_VERSION_ARN."""
    child = Child()
    with child.signals(), terminal.reported(failed=FAILED, interrupted=terminal.LET_GO):
        labels = CustomLabels(stack=stack, region=region)
        waiting = terminal.Waiting(f"Starting {model}", lambda: labels.past_starts(model))
        block = labels.running(
            model,
            minutes,
            at_most_minutes,
            units=units,
            ready_at=ready_at,
            wait_for_capacity=wait_for_capacity,
            ignore_budget=ignore_budget,
            context=context,
            progress=waiting,
        )
        with block as running:
            terminal.clear()
            code = child.run(command, {VARIABLE: running.project_version_arn})
        raise typer.Exit(code)
