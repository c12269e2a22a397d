"""Where a request or an answer differs from its shape in botocore's service model, in the words of AWS."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

_READ_AS: dict[str, tuple[type, ...]] = {
    "structure": (dict,), "map": (dict,), "list": (list, tuple), "string": (str,), "blob": (str,), "boolean": (bool,),
    "integer": (int,), "long": (int,), "float": (int, float), "double": (int, float),
}  # fmt: skip
_TOKENS = {bool: "TRUE_VALUE", str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", list: "START_ARRAY"}


def shape_problems(value: Any, shape: StructureShape) -> list[str]:
    """What is wrong with a value: names, types, bounds, patterns and enumerations."""
    report = ParamValidator().validate(value, shape)
    return [report.generate_report()] if report.has_errors() else [*_violations("", value, shape)]


def refusal(given: Any, shape: StructureShape) -> tuple[str, str] | None:
    """The code and the message with which AWS refuses a request before an operation sees it; None: it is passed on.

    Members that the shape does not know are left alone, as by AWS. No API reference lists these two codes among an
    operation's errors; the wording is that of real answers: "1 validation error detected: Value '...' at 'image.bytes'
    failed to satisfy constraint: Member must have length less than or equal to 5242880".
    """
    for wrong in _wrong_types(given, shape):
        return "SerializationException", wrong
    found = [*_violations("", given, shape)]
    if not found:
        return None
    counted = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
    return "ValidationException", f"{counted}: {'; '.join(found)}"


def _wrong_types(value: Any, shape: Shape) -> Iterator[str]:
    read_as = _READ_AS.get(shape.type_name)
    is_number = shape.type_name in ("integer", "long", "float", "double")
    if read_as and (not isinstance(value, read_as) or (is_number and isinstance(value, bool))):
        yield f"{_TOKENS.get(type(value), 'START_OBJECT')} can not be converted to {shape.type_name.capitalize()}"
        return
    if shape.type_name == "blob":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            yield "The value is not in base64"
    for _, member, of in _members("", value, shape):
        yield from _wrong_types(member, of)


def _violations(path: str, value: Any, shape: Shape) -> Iterator[str]:
    """What botocore leaves to the service, and what a client that checks nothing leaves to it too."""
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if value.get(name) is None:
                yield _violation("null", _below(path, name), "not be null")
    for name, member, of in _members(path, value, shape):
        yield from _violations(name, member, of)
    if shape.type_name not in ("structure", "timestamp"):
        yield from _beyond_limits(path, value, shape)


def _members(path: str, value: Any, shape: Shape) -> Iterator[tuple[str, Any, Shape]]:
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            if name in shape.members and member is not None:
                yield _below(path, name), member, shape.members[name]
    if isinstance(shape, ListShape):
        for number, member in enumerate(value, 1):
            yield f"{path}.{number}.member", member, shape.member
    if isinstance(shape, MapShape):
        for key, member in value.items():
            yield f"{path}.{key}.key", key, shape.key
            yield f"{path}.{key}.member", member, shape.value


def _below(path: str, name: str) -> str:
    return f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")


def _beyond_limits(path: str, value: Any, shape: Shape) -> Iterator[str]:
    limits = shape.metadata
    said, sized = f"'{value}'", value
    if isinstance(shape, ListShape):
        said = f"'[{', '.join(map(str, value))}]'"
    elif shape.type_name == "blob":
        sized = value if isinstance(value, bytes) else base64.b64decode(value)
        said = f"'java.nio.HeapByteBuffer[pos=0 lim={len(sized)} cap={len(sized)}]'"
    what, size = ("value", sized) if isinstance(sized, int | float) else ("length", len(sized))
    if size > limits.get("max", size):
        yield _violation(said, path, f"have {what} less than or equal to {limits['max']}")
    if size < limits.get("min", size):
        yield _violation(said, path, f"have {what} greater than or equal to {limits['min']}")
    if (pattern := limits.get("pattern")) and not re.fullmatch(_in_python(pattern), value):
        yield _violation(said, path, f"satisfy regular expression pattern: {pattern}")
    if (allowed := limits.get("enum")) and value not in allowed:
        yield _violation(said, path, f"satisfy enum value set: [{', '.join(allowed)}]")


def _violation(said: str, path: str, must: str) -> str:
    return f"Value {said} at '{path}' failed to satisfy constraint: Member must {must}"


def _in_python(pattern: str) -> str:
    r"""A pattern without Java's classes of letters, spaces and digits, of which only tags make use."""
    return pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
