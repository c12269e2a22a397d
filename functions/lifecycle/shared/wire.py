"""Dataclasses inside, PascalCase JSON on the wire: the one place that translates between the two."""

import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Json: TypeAlias = Any
"""What ``json.loads`` returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is kept in a table, and read and written by code of two versions at a time: around a deploy, or its undoing.

    Parameters
    ----------
    others : tuple
        What a newer version has added, by its name on the wire, in order: it is written again as it was read.
    """

    others: tuple[tuple[str, Json], ...] = ()


_OTHERS = "others"


def pascal(name: str) -> str:
    """``min_inference_units`` -> ``MinInferenceUnits``."""
    return "".join(word.capitalize() for word in name.split("_"))


def as_is(name: str) -> str:
    """``min_inference_units``, as cdk.json has it."""
    return name


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond: ``2026-11-24T07:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> datetime:
    """An aware datetime from RFC 3339 text; ValueError where the text is none or has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    return moment


def to_wire(value: Any) -> Json:
    """The JSON of a dataclass (without what is None), a datetime, or a tuple or mapping of them."""
    if is_dataclass(value):
        members = _members(type(value), pascal)  # type: ignore[arg-type] # a class is hashable
        items = {name: getattr(value, member) for name, (member, _) in members.items()}
        known = {name: to_wire(item) for name, item in items.items() if item is not None}
        return {**dict(value.others), **known} if isinstance(value, Stored) else known
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [to_wire(item) for item in value]
    if isinstance(value, Mapping) and any(map(is_dataclass, value.values())):
        return {name: to_wire(item) for name, item in value.items()}
    return value  # JSON already, such as a Context, which stays as it came


def from_wire(
    cls: type[T], data: Mapping[str, Json], named: Callable[[str], str] = pascal, *, exact: bool = False
) -> T:
    """A dataclass from JSON that ``to_wire`` made.

    Names it does not know are passed over, of what is ``Stored`` kept: an execution in flight across a deploy is not
    broken by a new field, nor does it take it away.

    Parameters
    ----------
    named : callable
        How the JSON names a field: ``as_is`` for what people write in cdk.json.
    exact : bool
        Raise TypeError where a value is not of its field's type: of what nobody has checked before.
    """
    members = _members(cls, named)  # type: ignore[arg-type] # a class is hashable
    known = ((*members[name], item) for name, item in data.items() if name in members)
    others = sorted(name for name in data if name not in members) if issubclass(cls, Stored) else ()
    kept = {_OTHERS: tuple((name, data[name]) for name in others)} if others else {}
    return cls(**{name: _read(hint, item, named, exact) for name, hint, item in known}, **kept)


@functools.cache
def _members(cls: type, named: Callable[[str], str]) -> Mapping[str, tuple[str, Any]]:
    """Of each name on the wire the field's name and its type: read once, as that takes longer than all else here."""
    hints = typing.get_type_hints(cls)
    if issubclass(cls, Stored):  # a StopRequest has others too, which are its own
        del hints[_OTHERS]
    return {named(name): (name, hint) for name, hint in hints.items()}


def _read(hint: Any, item: Json, named: Callable[[str], str], exact: bool) -> Any:
    if not isinstance(item, str | int | float | list | Mapping | None):
        raise TypeError(f"{item!r} is no JSON")  # a table may hold what JSON can't, such as a set
    choices = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for choice in choices:
        if choice is datetime and isinstance(item, str):
            return parse_timestamp(item)
        if isinstance(choice, type) and issubclass(choice, StrEnum) and isinstance(item, str):
            return choice(item)
        if is_dataclass(choice) and isinstance(choice, type) and isinstance(item, Mapping):
            return from_wire(choice, item, named, exact=exact)
        if typing.get_origin(choice) is tuple and isinstance(item, list):
            return tuple(_read(typing.get_args(choice)[0], one, named, exact) for one in item)
        if typing.get_origin(choice) is Mapping and isinstance(item, Mapping):
            return {name: _read(typing.get_args(choice)[1], one, named, exact) for name, one in item.items()}
    if exact and not any(choice is Any or type(item) in _PLAIN.get(choice, (choice,)) for choice in choices):
        raise TypeError(f"{item!r} is not of the type {hint}")
    return item


_PLAIN: Mapping[Any, tuple[type, ...]] = {float: (int, float), datetime: (), tuple: ()}
"""The types of JSON that a field's type takes, where that is not the same: none where it is read from another."""
