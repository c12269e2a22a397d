"""``custom-labels run``."""

from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.options import IgnoreBudget, LeaseOfABlock, Name, Region, Stack
from custom_labels.process import FAILED, VARIABLE, Child


def run(
    model: Name,
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run.")],
    minutes: LeaseOfABlock = 15,
    ignore_budget: IgnoreBudget = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Run a command while a model is RUNNING; its version's ARN is in CUSTOM_LABELS_PROJECT_VERSION_ARN."""
    child = Child()
    with child.signals(), terminal.reported(failed=FAILED, interrupted=terminal.LET_GO):
        labels = CustomLabels(stack=stack, region=region)
        waiting = terminal.Waiting(f"Starting {model}", lambda: labels.past_starts(model))
        with labels.running(model, minutes, ignore_budget=ignore_budget, progress=waiting) as running:
            terminal.clear()
            code = child.run(command, {VARIABLE: running.project_version_arn})
        raise typer.Exit(code)
