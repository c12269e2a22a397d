"""What the commands have in common that use a model while it is RUNNING: how they have it, and the options of that."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial, wraps
from inspect import Signature, get_annotations, signature
from typing import Any

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels, RunningModel
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

Block = Callable[[], AbstractContextManager[RunningModel]]
"""Makes the block in which the model that was asked for is RUNNING."""


def _block(
    model: Name,
    minutes: LeaseOfABlock = 15,
    at_most_minutes: AtMostMinutes = 480,
    units: Units = None,
    ready_at: ReadyAt = None,
    wait_for_capacity: WaitForCapacity = False,
    ignore_budget: IgnoreBudget = False,
    context: Context = None,
    stack: Stack = STACK,
    region: Region = None,
) -> AbstractContextManager[RunningModel]:
    labels = CustomLabels(stack=stack, region=region)
    waiting = terminal.Waiting(f"Starting {model}", lambda: labels.past_starts(model))
    return labels.running(
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


def in_a_block(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function whose first parameter is a ``Block``.

    The command takes the model first, then what else the function takes, then the options of the block.
    """
    model, *options = signature(_block).parameters.values()
    block, *own = signature(command).parameters.values()

    @wraps(command)
    def made(**given: Any) -> None:
        how = {one.name: given.pop(one.name) for one in (model, *options)}
        command(partial(_block, **how), **given)

    made.__signature__ = Signature([model, *own, *options])  # type: ignore[attr-defined]  # Typer looks there
    annotations = {**get_annotations(_block), **get_annotations(command)}
    made.__annotations__ = {name: kind for name, kind in annotations.items() if name not in {block.name, "return"}}
    return made
