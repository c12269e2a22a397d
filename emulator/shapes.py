"""Where a request or an answer differs from its shape in botocore's service model."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator


def shape_problems(value: Any, shape: StructureShape) -> list[str]:
    """What is wrong with a value: names, types, bounds, patterns and enumerations."""
    report = ParamValidator().validate(value, shape)
    return [report.generate_report()] if report.has_errors() else [*_violations("", value, shape)]


def _violations(path: str, value: Any, shape: Shape) -> Iterator[str]:
    """What botocore leaves to the service: maxima, patterns and enumerations."""
    for name, member, of in _members(path, value, shape):
        yield from _violations(name, member, of)
    if shape.type_name not in ("structure", "timestamp"):
        yield from _beyond_limits(path, value, shape)


def _members(path: str, value: Any, shape: Shape) -> Iterator[tuple[str, Any, Shape]]:
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield f"{path}.{name}".lstrip("."), member, shape.members[name]
    if isinstance(shape, ListShape):
        for index, member in enumerate(value):
            yield f"{path}[{index}]", member, shape.member
    if isinstance(shape, MapShape):
        for key, member in value.items():
            yield f"{path} key {key!r}", key, shape.key
            yield f"{path}[{key!r}]", member, shape.value


def _beyond_limits(path: str, value: Any, shape: Shape) -> Iterator[str]:
    limits = shape.metadata
    if shape.type_name == "blob":
        try:
            value = base64.b64decode(value, validate=True)
        except binascii.Error:
            yield f"{path} must be in base64"
            return
    size = value if isinstance(value, int | float) else len(value)
    if size > limits.get("max", size):
        yield f"{path} must be at most {limits['max']}"
    if (pattern := limits.get("pattern")) and not re.fullmatch(_in_python(pattern), value):
        yield f"{path} must match {pattern}"
    if (allowed := limits.get("enum")) and value not in allowed:
        yield f"{path} must be one of {', '.join(allowed)}"


def _in_python(pattern: str) -> str:
    r"""A pattern without Java's classes of letters, spaces and digits, of which only tags make use."""
    return pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
