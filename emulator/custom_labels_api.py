"""Custom Labels over the wire: its operations, added to moto's Rekognition validated by botocore's service model."""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.rekognition.responses import RekognitionResponse
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from emulator import images
from emulator.custom_labels import DETECT, NOT_TRAINED, CustomLabels, CustomLabelsError, Project, Version
from emulator.wire import http_status, service_model

Parameters = Mapping[str, Any]

# Custom Labels Developer Guide, "Guidelines and quotas".
MAX_BYTES = 4 * 1024 * 1024
MAX_S3_BYTES = 15 * 1024 * 1024
_REFUSED: dict[type[Exception], str] = {
    images.NotAnImageError: "InvalidImageFormatException",
    images.TooLargeError: "ImageTooLargeException",
    images.WrongShapeError: "InvalidParameterException",
}
"""The error that an image is refused with. Only the first two are documented as what they are."""
ASSUMED_THRESHOLD = 75
"""What a training finds for each label by itself; here one for all, in percent."""

_MODEL: Any = service_model("rekognition")


def install(custom_labels: CustomLabels) -> None:
    """Let moto's Rekognition answer the operations of Custom Labels from this state."""
    for operation in _OPERATIONS:
        setattr(RekognitionResponse, xform_name(operation), _responder(custom_labels, operation))


def _responder(custom_labels: CustomLabels, operation: str) -> Callable[[RekognitionResponse], ActionResult]:
    def respond(response: RekognitionResponse) -> ActionResult:
        parameters = json.loads(response.body or "{}")
        try:
            custom_labels.throttle(operation)
            validate(operation, parameters)
            return ActionResult(_OPERATIONS[operation](custom_labels, parameters))
        except CustomLabelsError as error:
            raise _rest_error(error) from error

    return respond


def _rest_error(error: CustomLabelsError) -> JsonRESTError:
    rest_error = JsonRESTError(error.code, str(error))
    rest_error.code = http_status("rekognition", error.code)
    return rest_error


def validate(operation: str, parameters: Parameters) -> None:
    """Check a request against the service model's types, bounds and patterns.

    Raises
    ------
    CustomLabelsError
        InvalidParameterException with everything that is wrong.

    """
    shape = _MODEL.operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape)
    problems = [report.generate_report()] if report.has_errors() else list(_violations("", parameters, shape))
    if problems:
        raise CustomLabelsError("InvalidParameterException", "Request has invalid parameters: " + "; ".join(problems))


def _violations(path: str, value: Any, shape: Shape) -> Iterator[str]:
    """What botocore leaves to the service: maxima, patterns and enumerations."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield from _violations(f"{path}.{name}".lstrip("."), member, shape.members[name])
        return
    if isinstance(shape, ListShape):
        for index, member in enumerate(value):
            yield from _violations(f"{path}[{index}]", member, shape.member)
    limits = shape.metadata
    size = value if isinstance(value, int | float) else len(value)
    if shape.type_name == "blob":
        size = len(base64.b64decode(value))
    if size > limits.get("max", size):
        yield f"{path} must be at most {limits['max']}"
    if (pattern := limits.get("pattern")) and not re.fullmatch(pattern, value):
        yield f"{path} must match {pattern}"
    if (allowed := limits.get("enum")) and value not in allowed:
        yield f"{path} must be one of {', '.join(allowed)}"


def _create_project(state: CustomLabels, given: Parameters) -> dict[str, Any]:
    return {"ProjectArn": state.create_project(given["ProjectName"]).arn}


def _create_project_version(state: CustomLabels, given: Parameters) -> dict[str, Any]:
    return {"ProjectVersionArn": state.create_project_version(given["ProjectArn"], given["VersionName"]).arn}


def _describe_projects(state: CustomLabels, given: Parameters) -> dict[str, Any]:
    page = state.describe_projects(given.get("ProjectNames"), given.get("MaxResults"), given.get("NextToken"))
    return _without_none({"ProjectDescriptions": [_project(project) for project in page[0]], "NextToken": page[1]})


def _describe_project_versions(state: CustomLabels, given: Parameters) -> dict[str, Any]:
    names, size, token = given.get("VersionNames"), given.get("MaxResults"), given.get("NextToken")
    page = state.describe_project_versions(given["ProjectArn"], names, size, token)
    return _without_none({"ProjectVersionDescriptions": [_version(one) for one in page[0]], "NextToken": page[1]})


def _start_project_version(state: CustomLabels, given: Parameters) -> dict[str, Any]:
    units = given["MinInferenceUnits"], given.get("MaxInferenceUnits")
    return {"Status": state.start_project_version(given["ProjectVersionArn"], *units).status}


def _detect_custom_labels(state: CustomLabels, given: Parameters) -> dict[str, Any]:
    state.use(given["ProjectVersionArn"])
    try:
        seen = images.see(_image(given["Image"], *given["ProjectVersionArn"].split(":")[3:5]))
    except tuple(_REFUSED) as error:
        raise CustomLabelsError(_REFUSED[type(error)], str(error)) from error
    least = given.get("MinConfidence", ASSUMED_THRESHOLD)
    found = [{"Name": one.name, "Confidence": one.confidence} for one in seen if one.confidence >= least]
    return {"CustomLabels": found[: given.get("MaxResults")]}


def _image(given: Parameters, region: str, account_id: str) -> bytes:
    """The bytes of an image, from the request or from the account's S3: a bucket in the model's own Region."""
    if ("Bytes" in given) == ("S3Object" in given):
        raise CustomLabelsError("InvalidParameterException", "Exactly one of Bytes and S3Object is needed.")
    if "Bytes" in given:
        return _small_enough(base64.b64decode(given["Bytes"]), MAX_BYTES)
    where = given["S3Object"]
    if not where.keys() >= {"Bucket", "Name"}:
        raise CustomLabelsError("InvalidParameterException", "S3Object needs Bucket and Name.")
    try:
        s3 = s3_backends[account_id]["aws"]
        found: Any = s3.get_object(where["Bucket"], where["Name"], where.get("Version"))
        elsewhere = s3.get_bucket(where["Bucket"]).region_name != region
    except (KeyError, MissingBucket):
        found = None
    if found is None or elsewhere:
        message = "Unable to get object metadata from S3. Check object key, region and/or access permissions."
        raise CustomLabelsError("InvalidS3ObjectException", message)
    return _small_enough(found.value, MAX_S3_BYTES)


def _small_enough(image: bytes, limit: int) -> bytes:
    if len(image) > limit:
        raise CustomLabelsError("ImageTooLargeException", f"The image has more than {limit} bytes.")
    return image


def _stop_project_version(state: CustomLabels, given: Parameters) -> dict[str, Any]:
    return {"Status": state.stop_project_version(given["ProjectVersionArn"]).status}


_OPERATIONS: dict[str, Callable[[CustomLabels, Parameters], dict[str, Any]]] = {
    "CreateProject": _create_project,
    "CreateProjectVersion": _create_project_version,
    "DescribeProjects": _describe_projects,
    "DescribeProjectVersions": _describe_project_versions,
    DETECT: _detect_custom_labels,
    "StartProjectVersion": _start_project_version,
    "StopProjectVersion": _stop_project_version,
}


def _project(project: Project) -> dict[str, Any]:
    return {
        "ProjectArn": project.arn,
        "CreationTimestamp": _time(project.created),
        "Status": "CREATED",
        "Feature": "CUSTOM_LABELS",
    }


def _version(version: Version) -> dict[str, Any]:
    return _without_none(
        {
            "ProjectVersionArn": version.arn,
            "CreationTimestamp": _time(version.created),
            "TrainingEndTimestamp": _time(version.trained),
            "Status": version.status,
            "StatusMessage": version.status_message,
            "MinInferenceUnits": version.min_inference_units,
            "MaxInferenceUnits": version.max_inference_units,
            "EvaluationResult": None if version.status in NOT_TRAINED else {"F1Score": version.f1},
            "Feature": "CUSTOM_LABELS",
        }
    )


def _time(seconds: float | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
