"""Custom Labels over the wire: its operations, added to moto's Rekognition validated by botocore's service model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.rekognition.responses import RekognitionResponse

from emulator import dataset_operations, detection, project_operations, version_operations
from emulator.answers import Answer
from emulator.custom_labels import CustomLabels, CustomLabelsError
from emulator.shapes import refusal
from emulator.wire import service_model
from emulator.wire_errors import http_status

Parameters = Mapping[str, Any]

MODEL: Any = service_model("rekognition")
OPERATIONS: Mapping[str, Callable[[CustomLabels, Parameters], Answer]] = {
    **project_operations.OPERATIONS,
    **version_operations.OPERATIONS,
    **dataset_operations.OPERATIONS,
    **detection.OPERATIONS,
}
"""What each does is listed in docs/evidence/emulator.md, from its docstring."""


def install(custom_labels: Callable[[str], CustomLabels]) -> None:
    """Let moto's Rekognition answer the operations of Custom Labels from the state of the Region that is asked."""
    for operation in OPERATIONS:
        setattr(RekognitionResponse, xform_name(operation), _responder(custom_labels, operation))


def answer(custom_labels: CustomLabels, operation: str, given: Parameters) -> Answer:
    """What an operation answers, after its quota and its parameters were looked at.

    Raises
    ------
    CustomLabelsError
        The request is refused.

    """
    custom_labels.throttle(operation)
    if refused := refusal(given, MODEL.operation_model(operation).input_shape):
        raise CustomLabelsError(*refused)
    return OPERATIONS[operation](custom_labels, given)


def _responder(
    custom_labels: Callable[[str], CustomLabels], operation: str
) -> Callable[[RekognitionResponse], ActionResult]:
    def respond(response: RekognitionResponse) -> ActionResult:
        try:
            return ActionResult(answer(custom_labels(response.region), operation, json.loads(response.body or "{}")))
        except CustomLabelsError as error:
            raise _rest_error(error) from error

    return respond


def _rest_error(error: CustomLabelsError) -> JsonRESTError:
    rest_error = JsonRESTError(error.code, str(error))
    rest_error.code = http_status("rekognition", error.code)
    return rest_error
