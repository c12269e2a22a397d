"""Step Functions: what is refused has a name, and harms nothing else."""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser import models as executing
from moto.stepfunctions.parser.asl.parse.asl_parser import ASLParserException
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from emulator.definitions import lost_transitions
from emulator.seams import speed
from emulator.seams.patching import patch

_SCHEMA = "SCHEMA_VALIDATION_FAILED"


def _begin(self: Any) -> None:
    self._query_language_per_scope = []


def _say(self: Any, message: str | None = None, *rest: Any) -> None:
    AWSError.__init__(self, message or f"{type(self).__name__}: the request can't be met", *rest)


def validate(definition: str) -> None:
    """Take a definition, or say why not.

    Raises
    ------
    InvalidDefinition
        As CreateStateMachine would.
    """
    try:
        speed.parsed(definition)
    except ASLParserException as error:
        raise _refusal(f"{_SCHEMA}: {'; '.join(error.errors)}") from error
    except Exception as error:  # the parser raises whatever it meets
        raise _refusal(f"{_SCHEMA}: {error}") from error
    if lost := [*lost_transitions(json.loads(definition))]:
        raise _refusal(", ".join(lost))


def _refusal(reason: str) -> api.InvalidDefinition:
    return api.InvalidDefinition(f"Invalid State Machine Definition: '{reason}'")


def install() -> None:
    """Put the patches in place."""
    # The query languages of the blocks that are being read lie in the class: a definition that is refused half-way
    # leaves its own there, and everybody's next one is read in it; so do two that are read at the same time.
    patch(Preprocessor, "_query_language_per_scope", None)
    patch(Preprocessor, "__init__", _begin)

    # The errors of its parser have their names elsewhere than their base class looks for them, and are raised without
    # the message that it wants.
    for error in vars(api).values():
        if isinstance(error, type) and issubclass(error, AWSError) and error is not AWSError:
            patch(error, "TYPE", error.__name__)
            if "__init__" not in vars(error):
                patch(error, "__init__", _say)

    # A refused definition is said in the words of the parser's Python, without what AWS begins with; transitions that
    # lead nowhere are taken.
    patch(executing.StepFunctionsParserBackend, "_validate_definition", staticmethod(validate))

    # The name of an execution is not looked at; its input is, with an error that says nothing of it.
    start_execution = executing.StepFunctionsParserBackend.start_execution

    def start_valid_execution(
        self: Any, machine: str, name: Any = None, execution_input: Any = None, *rest: Any, **more: Any
    ) -> Any:
        if name is not None:
            self._validate_name(name)
        try:
            return start_execution(self, machine, name, execution_input, *rest, **more)
        except api.InvalidExecutionInput as error:
            message = f"Invalid State Machine Execution Input: '{error.message}'"
            raise api.InvalidExecutionInput(message) from error

    patch(executing.StepFunctionsParserBackend, "start_execution", start_valid_execution)
