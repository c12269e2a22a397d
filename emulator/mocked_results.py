"""Which mocked results Step Functions' TestState takes: what the service could answer, by botocore's model of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from emulator.wire import service_model

_SDK = "aws-sdk:"
_IAM_PREFIXES = {"sfn": "states", "stepfunctions": "states"}
_KINDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a string", (str,)),
    "blob": ("a string", (str,)),
    "timestamp": ("a string", (str,)),
    "integer": ("a number", (int, float)),
    "long": ("a number", (int, float)),
    "float": ("a number", (int, float)),
    "double": ("a number", (int, float)),
    "boolean": ("a boolean", (bool,)),
    "list": ("an array", (list,)),
    "map": ("an object", (dict,)),
    "structure": ("an object", (dict,)),
}
"""By a shape's type: how recordings of TestState call what it has to be, and what that is in Python."""


def result_problems(resource: str, result: Any, mode: str) -> Iterator[str]:
    """What is wrong with the mocked result of a Task, in TestState's own words.

    Parameters
    ----------
    resource : str
        The Task's ``Resource``.
    mode : str
        ``STRICT`` misses fields that are required, ``PRESENT`` does not, ``NONE`` takes any JSON.
    """
    shape = _answer_of(resource)
    if mode != "NONE" and shape is not None and ".waitForTaskToken" not in resource:  # its result is what was sent
        yield from _problems("", result, shape, strict=mode == "STRICT")


def _answer_of(resource: str) -> Shape | None:
    """The shape of what a Task's service answers; of ``.sync`` that is the call which asks whether it is over."""
    integration = resource.partition(":::")[2].removeprefix(_SDK)
    service, _, operation = integration.partition(":")
    name, _, pattern = operation.partition(".")
    if (service, pattern.partition(":")[0]) == ("states", "sync"):
        name = "describeExecution"
    model = service_model(_IAM_PREFIXES.get(service, service))
    found = _pascal(name)
    if model is None or found not in model.operation_names:
        return None
    shape: Shape | None = model.operation_model(found).output_shape
    return shape


def _problems(name: str, value: Any, shape: Shape, *, strict: bool) -> Iterator[str]:
    if (said := _wrong_kind(value, shape)) is not None:
        yield f"Field '{name}' must be {said}" if name else "Mocked result must be a JSON object."
    elif isinstance(shape, StructureShape):
        yield from _problems_of_members(value, shape, strict=strict)
    elif isinstance(shape, ListShape):
        for one in value:
            yield from _problems(name, one, shape.member, strict=strict)
    elif isinstance(shape, MapShape):
        for one in value.values():
            yield from _problems(name, one, shape.value, strict=strict)
    elif value not in (shape.metadata.get("enum") or [value]):
        yield f"Field '{name}' is not an expected value"


def _wrong_kind(value: Any, shape: Shape) -> str | None:
    said, kinds = _KINDS[shape.type_name]
    return None if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)) else said


def _problems_of_members(value: Mapping[str, Any], shape: StructureShape, *, strict: bool) -> Iterator[str]:
    # A Task's result has every name in PascalCase; fields that the model lacks are taken.
    members = {_pascal(one): of for one, of in shape.members.items()}
    for required in map(_pascal, shape.required_members if strict else ()):
        if required not in value:
            yield f"Required field '{required}' is missing"
    for one in value.keys() & members.keys():
        yield from _problems(one, value[one], members[one], strict=strict)


def _pascal(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"
