"""DetectCustomLabels: the toy model, and the images that it refuses."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from emulator import images, s3_objects
from emulator.custom_labels import DETECT, CustomLabels
from emulator.model_versions import CustomLabelsError

# Custom Labels Developer Guide, "Guidelines and quotas".
MAX_BYTES = 4 * 1024 * 1024
MAX_S3_BYTES = 15 * 1024 * 1024
ASSUMED_THRESHOLD = 75
"""What a training finds for each label by itself; here one for all, in percent."""
_REFUSED: dict[type[Exception], str] = {
    images.NotAnImageError: "InvalidImageFormatException",
    images.TooLargeError: "ImageTooLargeException",
    images.WrongShapeError: "InvalidParameterException",
}
"""The error that an image is refused with. Only the first two are documented as what they are."""


def detect_custom_labels(state: CustomLabels, given: Mapping[str, Any]) -> dict[str, Any]:
    """The colours nearest to an image's mean colour, the most confident first; the version has to be RUNNING."""
    state.use(given["ProjectVersionArn"])
    try:
        seen = images.see(_image(given["Image"], given["ProjectVersionArn"]))
    except tuple(_REFUSED) as error:
        raise CustomLabelsError(_REFUSED[type(error)], str(error)) from error
    least = given.get("MinConfidence", ASSUMED_THRESHOLD)
    found = [{"Name": one.name, "Confidence": one.confidence} for one in seen if one.confidence >= least]
    return {"CustomLabels": found[: given.get("MaxResults")]}


def _image(given: Mapping[str, Any], arn: str) -> bytes:
    if ("Bytes" in given) == ("S3Object" in given):
        raise CustomLabelsError("InvalidParameterException", "Exactly one of Bytes and S3Object is needed.")
    if "Bytes" in given:
        return _small_enough(base64.b64decode(given["Bytes"]), MAX_BYTES)
    return _small_enough(s3_objects.read(given["S3Object"], arn), MAX_S3_BYTES)


def _small_enough(image: bytes, limit: int) -> bytes:
    if len(image) > limit:
        raise CustomLabelsError("ImageTooLargeException", f"The image has more than {limit} bytes.")
    return image


OPERATIONS = {DETECT: detect_custom_labels}
