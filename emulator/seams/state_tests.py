"""Step Functions' TestState and ValidateStateMachineDefinition, which moto's server does not answer."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.responses import StepFunctionResponse

from emulator.seams import refusals, single_states
from emulator.state_requests import RefusedError, asked

_NUMBERS = {"maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"}
"""What ``inspectionData`` has as numbers; the rest is JSON text."""


def state_tested(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What TestState answers.

    Raises
    ------
    RefusedError, InvalidDefinition
        It refuses.
    """
    request = asked(parameters)
    if "stateName" in parameters:
        _validated(request.definition)
    seen = single_states.run(request, json.loads(request.definition))
    answer: dict[str, Any] = {"status": seen.status}
    if seen.status in ("SUCCEEDED", "CAUGHT_ERROR"):
        answer["output"] = to_json_str(seen.output)
    named = {"error": seen.error, "cause": seen.cause, "nextState": seen.next_state}
    answer |= {name: value for name, value in named.items() if value is not None}
    if parameters.get("inspectionLevel", "INFO") != "INFO":
        texts = {
            name: value if name in _NUMBERS else to_json_str(value)
            for name, value in {**seen.inspected, "variables": seen.variables}.items()
        }
        answer["inspectionData"] = {**texts, **({"errorDetails": seen.details} if seen.details else {})}
    return answer


@functools.lru_cache(64)
def _validated(definition: str) -> None:
    """The same definition is asked about for each of its states; a refusal is no answer to remember."""
    refusals.validate(definition)


def definition_validated(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What ValidateStateMachineDefinition answers."""
    try:
        refusals.validate(parameters["definition"])
    except api.InvalidDefinition as refused:
        diagnostic = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(refused.message)}
        return {"result": "FAIL", "diagnostics": [diagnostic], "truncated": False}
    return {"result": "OK", "diagnostics": [], "truncated": False}


def _test_state(self: StepFunctionResponse) -> ActionResult:
    try:
        return ActionResult(state_tested(json.loads(self.body)))
    except RefusedError as refused:
        error = api.InvalidDefinition if refused.code == "InvalidDefinition" else ValidationException
        raise error(str(refused)) from refused


def _validate_state_machine_definition(self: StepFunctionResponse) -> ActionResult:
    return ActionResult(definition_validated(json.loads(self.body)))


def install() -> None:
    """Put the operations in place."""
    for operation in (_test_state, _validate_state_machine_definition):
        name = operation.__name__.removeprefix("_")
        if hasattr(StepFunctionResponse, name):
            raise AttributeError(f"moto answers {name} itself: look at this seam again")
        setattr(StepFunctionResponse, name, operation)
