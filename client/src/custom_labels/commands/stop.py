"""``custom-labels stop``."""

from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.commands.results import begun, show
from custom_labels.options import AsJson, Lease, Name, NoWait, Region, Stack


def stop(
    model: Name,
    lease_id: Lease = None,
    force: Annotated[bool, typer.Option("--force", help="Whoever needs it: all leases end.")] = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Release a lease, and stop the model unless others hold it."""
    with terminal.reported():
        labels = CustomLabels(stack=stack, region=region)
        execution = labels.release(model, lease_id=lease_id, force=force)
        if no_wait:
            begun(execution, as_json=as_json)
        else:
            show(labels.released(execution, progress=terminal.Waiting(f"Stopping {model}")), as_json=as_json)
