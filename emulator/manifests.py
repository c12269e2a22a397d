"""SageMaker Ground Truth manifests, as datasets of Custom Labels are made of: JSON Lines, one for each image.

What is wrong with a line is what the Developer Guide lists under "Debugging datasets": a line without an image is
left out, one with labels that can't be understood is kept with its errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LINE = 100_000
_METADATA = "-metadata"
_CLASSIFICATION, _DETECTION = "groundtruth/image-classification", "groundtruth/object-detection"
_SOURCE = re.compile(r"s3://[^/]+/.+", re.IGNORECASE | re.DOTALL)
_MESSAGES = {
    "ERROR_NO_LABEL_ATTRIBUTES": "No label attributes found.",
    "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT": "The format of the label attribute {} is invalid.",
    "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT": "The format of the label attribute metadata is invalid.",
    "ERROR_UNSUPPORTED_USE_CASE_TYPE": "The value of the type field isn't one that is supported.",
    "ERROR_MISSING_CLASS_MAP_ID": "One of more class ids is missing from the class map.",
}


@dataclass(frozen=True)
class Entry:
    """An image of a dataset.

    Attributes
    ----------
    source
        Where it lies: ``source-ref``.
    line
        What the manifest says of it, without errors.
    labels
        The names of its labels, one for each time that it has them.
    boxes
        How many of these have a bounding box.
    errors
        Codes of what is wrong with its labels, by what they are about.

    """

    source: str
    line: Mapping[str, Any]
    labels: tuple[str, ...]
    boxes: tuple[str, ...]
    errors: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The JSON Line, with its errors as ListDatasetEntries shows them."""
        found = [{"code": code, "message": _MESSAGES[code].format(about)} for code, about in self.errors]
        return json.dumps({**self.line, "errors": found} if found else self.line)


def read(manifest: bytes) -> tuple[list[Entry], int]:
    """The images of a manifest, and how many of its lines were left out."""
    found: dict[str, Entry] = {}
    left_out = 0
    for text in manifest.decode(errors="replace").splitlines():
        if not text.strip():
            continue
        entry = _entry(text)
        if entry is None or entry.source in found:
            left_out += 1
        else:
            found[entry.source] = entry
    return [*found.values()], left_out


def _entry(text: str) -> Entry | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    source = line.get("source-ref") if isinstance(line, dict) else None
    if len(text) > MAX_LINE or not isinstance(source, str) or not _SOURCE.fullmatch(source):
        return None
    names = [name for name in line if name not in ("source-ref", "errors") and not name.endswith(_METADATA)]
    labels: list[str] = []
    boxes: list[str] = []
    errors: list[tuple[str, str]] = []
    for name in names:
        try:
            of, boxed = _labels(line[name], line.get(name + _METADATA), name)
        except _LabelError as error:
            errors.append((error.code, name))
        else:
            labels += of
            boxes += of if boxed else []
    if not names and any(name.endswith(_METADATA) for name in line):
        errors.append(("ERROR_NO_LABEL_ATTRIBUTES", source))
    return Entry(source, line, tuple(labels), tuple(boxes), tuple(errors))


class _LabelError(ValueError):
    """A label attribute that can't be understood; the documented code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _labels(value: Any, metadata: Any, name: str) -> tuple[list[str], bool]:
    """The labels that an attribute gives to its image, and whether they have bounding boxes."""
    if metadata is None:
        raise _LabelError("ERROR_NO_LABEL_ATTRIBUTES")
    if not isinstance(metadata, dict):
        raise _LabelError("ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT")
    kind = metadata.get("type")
    if kind not in (_CLASSIFICATION, _DETECTION):
        raise _LabelError("ERROR_UNSUPPORTED_USE_CASE_TYPE")
    if kind == _CLASSIFICATION:
        if not isinstance(metadata.get("class-name", name), str):
            raise _LabelError("ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT")
        return [metadata.get("class-name", name)], False
    return [*_boxed(value, metadata.get("class-map"))], True


def _boxed(value: Any, class_map: Any) -> Iterator[str]:
    if not isinstance(value, dict) or not isinstance(value.get("annotations"), list):
        raise _LabelError("ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT")
    if not isinstance(class_map, dict):
        raise _LabelError("ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT")
    for annotation in value["annotations"]:
        number = annotation.get("class_id") if isinstance(annotation, dict) else None
        if str(number) not in class_map:
            raise _LabelError("ERROR_MISSING_CLASS_MAP_ID")
        yield str(class_map[str(number)])
