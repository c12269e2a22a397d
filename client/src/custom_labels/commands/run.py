"""``custom-labels run``."""

from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.commands.blocks import Block, in_a_block
from custom_labels.process import FAILED, VARIABLE, Child, find


@in_a_block
def run(
    block: Block,
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run.")],
) -> None:
    """Run a command while a model is RUNNING; its version's ARN is in CUSTOM_LABELS_PROJECT_VERSION_ARN."""
    child = Child()
    with child.signals(), terminal.reported(failed=FAILED, interrupted=terminal.LET_GO):
        find(command)
        with block() as running:
            terminal.clear()
            code = child.run(command, {VARIABLE: running.project_version_arn})
        raise typer.Exit(code)
