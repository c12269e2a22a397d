"""``custom-labels extend``."""

from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.commands.results import show
from custom_labels.options import AsJson, Minutes, Name, Region, Stack


def extend(
    model: Name,
    lease_id: Annotated[str, typer.Option(metavar="ID", help="The lease to extend.")],
    minutes: Minutes = None,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Extend a lease that holds a RUNNING model; it starts nothing."""
    with terminal.reported():
        show(CustomLabels(stack=stack, region=region).extend(model, lease_id, minutes=minutes), as_json=as_json)
