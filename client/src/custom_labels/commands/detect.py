"""``custom-labels detect``."""

import dataclasses
import json
from typing import Annotated

import typer

from custom_labels import terminal
from custom_labels.commands.blocks import Block, in_a_block
from custom_labels.images import image_of


@in_a_block
def detect(
    block: Block,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="s3://bucket/name, or a file.")],
    min_confidence: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="A label's lowest confidence.")
    ] = None,
) -> None:
    """Label images, a line of JSON for each; the model is started before, and let go after."""
    with terminal.reported(interrupted=terminal.LET_GO):
        for image in images:
            image_of(image)  # a mistyped name is noticed before a model is started for it
        with block() as running:
            terminal.clear()
            for image in images:
                found = running.detect(image, min_confidence=min_confidence)
                typer.echo(json.dumps({"Image": image, "CustomLabels": [dataclasses.asdict(label) for label in found]}))
