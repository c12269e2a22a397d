"""What moto finds out anew each time, though it stays as it is: without these, an execution costs twice as much."""

from __future__ import annotations

import copy
import functools
from typing import Any

from moto import backends
from moto.core import serialize
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from emulator.seams.patching import patch

_DEFINITIONS = 64
_SERVICE = "stepfunctions"


@functools.lru_cache(_DEFINITIONS)
def parsed(definition: str) -> Any:
    """A definition's program; whoever runs a part of it takes a copy."""
    return AmazonStateLanguageParser.parse(definition)[0]


def _program(self: Any) -> Any:
    """A program of the execution's own: its states keep what happens in it."""
    return copy.deepcopy(parsed(self._evaluation_details.state_machine_details.definition))


def install() -> None:
    """Put the patches in place."""
    # Each execution parses its definition.
    patch(ExecutionWorker, "_get_evaluation_entrypoint", _program)

    # Each request lists moto's own folder.
    modules = tuple(backends.list_of_moto_modules())
    patch(backends, "list_of_moto_modules", lambda: modules)

    # Each of the many kinds of details is looked for in each event of a history, under several names; an event has one.
    pick = serialize.AttributePicker.__call__

    def pick_at_once(self: Any, context: Any) -> Any:
        parent = getattr(context.shape, "parent", None)
        if parent is not None and parent.name == "HistoryEvent" and context.service_model.service_name == _SERVICE:
            return context.obj.get(context.key)
        return pick(self, context)

    patch(serialize.AttributePicker, "__call__", pick_at_once)
