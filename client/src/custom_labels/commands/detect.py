"""``custom-labels detect``."""

import dataclasses
import json
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


def detect(
    model: Name,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="s3://bucket/name, or a file.")],
    min_confidence: Annotated[float | None, typer.Option(help="Per cent.")] = None,
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
    """Label images, a line of JSON for each; the model is started before, and let go after."""
    with terminal.reported(interrupted=terminal.LET_GO):
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
            for image in images:
                found = running.detect(image, min_confidence=min_confidence)
                typer.echo(json.dumps({"Image": image, "CustomLabels": [dataclasses.asdict(label) for label in found]}))
