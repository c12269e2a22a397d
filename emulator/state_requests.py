"""What Step Functions' TestState is asked, and what of it is refused.

Sources: botocore's service model, and recordings of real AWS in public test suites. Where no recording has them, the
words of a refusal are the emulator's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.mocked_results import result_problems
from emulator.shapes import shape_problems
from emulator.wire import service_model

MODEL: Any = service_model("states")
_MOCKED = ("Task", "Map", "Parallel")
_ALONE = "TestState"
_CONTEXT: Mapping[str, frozenset[str]] = {
    "Execution": frozenset({"Id", "Input", "Name", "RoleArn", "StartTime"}),
    "State": frozenset({"EnteredTime", "Name", "RetryCount"}),
    "StateMachine": frozenset({"Id", "Name"}),
    "Task": frozenset({"Token"}),
}
"""The fields that a Context object may have."""


class RefusedError(Exception):
    """TestState refuses the request.

    Parameters
    ----------
    code : str
        ``ValidationException`` or ``InvalidDefinition``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Asked:
    """A request that is not refused."""

    definition: str
    """Of the whole machine."""
    state: str
    given: Any
    variables: Mapping[str, Any]
    mock: Mapping[str, Any] | None
    """With a ``result`` that is read."""
    context: Mapping[str, Any] | None
    configuration: Mapping[str, Any] = field(default_factory=dict)


def asked(parameters: Mapping[str, Any]) -> Asked:
    """A request, read.

    Raises
    ------
    RefusedError
        TestState would not take it.
    """
    if problems := shape_problems(parameters, MODEL.operation_model("TestState").input_shape):
        raise RefusedError("ValidationException", "; ".join(problems))
    name = parameters.get("stateName", _ALONE)
    try:
        read = json.loads(parameters["definition"])
        if "stateName" not in parameters:
            read = {"StartAt": _ALONE, "States": {_ALONE: read}}
        state = read["States"].get(name)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(
            "InvalidDefinition", "Invalid State Machine Definition: it is no fully formed state machine"
        ) from error
    if state is None:
        raise RefusedError("ValidationException", "State not found in definition")
    for code, message in _refusals(state, parameters):
        raise RefusedError(code, message)
    mock = parameters.get("mock")
    if mock and "result" in mock:
        mock = {**mock, "result": _json(mock["result"], "Mocked result")}
        for problem in _result_refusals(state, mock):
            raise RefusedError("ValidationException", problem)
    context = parameters.get("context")
    return Asked(
        definition=json.dumps(read) if "stateName" not in parameters else parameters["definition"],
        state=name,
        given=_json(parameters.get("input", "{}"), "Input"),
        variables=_json(parameters.get("variables", "{}"), "Variables"),
        mock=mock,
        context=None if context is None else _context(state, _json(context, "Context object")),
        configuration=parameters.get("stateConfiguration", {}),
    )


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RefusedError("ValidationException", f"{what} must be valid JSON") from error


def _refusals(state: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind, mock = state.get("Type"), parameters.get("mock")
    waits = ".sync" in str(state.get("Resource")) or ".waitForTaskToken" in str(state.get("Resource"))
    if mock is not None and kind not in _MOCKED:
        yield "ValidationException", f"State type '{kind}' is not supported when a mock is specified"
    if mock is not None and len({"result", "errorOutput"} & mock.keys()) != 1:
        yield (
            "ValidationException",
            "A test mock should have only one of the following fields: [result, errorOutput].",
        )
    if mock is not None and parameters.get("revealSecrets"):
        yield "ValidationException", "TestState does not support RevealSecrets when a mock is specified."
    if mock is None and "context" in parameters:
        yield "ValidationException", "A Context object may only be specified when a mock is specified"
    if mock is None and kind in ("Map", "Parallel"):
        yield (
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. "
            "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
        )
    if kind == "Map" and "context" in parameters:
        yield "ValidationException", "Invalid Context object provided: it is not supported for a Map state"
    if mock is None and kind == "Task" and (waits or "roleArn" not in parameters):
        yield "ValidationException", "A Task needs a mock, or a roleArn and no .sync or .waitForTaskToken"
    if mock is None and kind == "Task":
        yield "ValidationException", "The emulator's TestState calls no service: specify a mock"


def _result_refusals(state: Mapping[str, Any], mock: Mapping[str, Any]) -> Iterator[str]:
    result = mock["result"]
    if state["Type"] == "Task":
        for problem in result_problems(state["Resource"], result, mock.get("fieldValidationMode", "STRICT")):
            yield f"Mock result schema validation error: {problem}"
    elif "ResultWriter" in state and not isinstance(result, dict):
        yield "Mocked result must be a JSON object."
    elif "ResultWriter" not in state and not isinstance(result, list):
        yield "Mocked result must be an array."


def _context(state: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    wrong = "Invalid Context object provided: "
    for name, part in context.items() if isinstance(context, dict) else ():
        if name == "Map":
            raise RefusedError(
                "ValidationException", f"{wrong}'Map' field is not supported when mocking a Context object"
            )
        for unknown in ({name} - _CONTEXT.keys()) or (part.keys() - _CONTEXT[name]):
            raise RefusedError("ValidationException", f"{wrong}Field '{unknown}' is not allowed")
    if "Task" in context and not any(one in state["Resource"] for one in (".sync", ".waitForTaskToken")):
        raise RefusedError(
            "ValidationException",
            f"{wrong}Context object contains 'Task' when state is not a Task state with a '.sync' or "
            "'.waitForTaskToken' service integration pattern",
        )
    found: Mapping[str, Any] = context
    return found
