"""Event patterns of EventBridge: what is wrong with one, and how it keeps strings out that would break an input."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from lifecycle.shared.json_schema import unknown_name

Pattern = Mapping[str, Any]

_FIELDS = (
    "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "replay-name", "$or",
)  # fmt: skip
"""Of an event (EventBridge User Guide, "Events"), and what alternatives are called."""
_FILTERS = ("prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "cidr", "exists")
"""EventBridge User Guide, "Comparison operators"."""
LONGEST = 2048
"""Characters of a pattern (Amazon EventBridge quotas)."""
_PLAIN = [{"anything-but": {"wildcard": ['*"*', "*\\\\*"]}}, {"exists": False}]
"""No string that holds a quote or a backslash; an event without the field is let in, so that people are notified."""


def problems(pattern: Pattern, where: str) -> list[str]:
    """What EventBridge would refuse, or never match, as far as can be said simply; a line each, with its path."""
    known = dict.fromkeys(_FIELDS)
    unknown = [unknown_name(where, name, known) for name in pattern if name not in known]
    return unknown or [*_problems(pattern, where)]


def _problems(node: Pattern, path: str) -> Iterator[str]:
    if not node:
        meant = "leave it out where any value will do" if "." in path else 'for example {"source": ["factory"]}'
        yield f"{path}: must not be empty; {meant}"
    for name, wanted in node.items():
        here = f"{path}.{name}"
        match wanted:
            case _ if name == "$or":
                yield from _problems_of_alternatives(wanted, here)
            case dict():
                yield from _problems(wanted, here)
            case [_, *_]:
                yield from (f"{here}: {problem}" for one in wanted for problem in _problems_of_value(one))
            case _:
                yield f'{here}: must be a list of values, such as ["Shift begins"], or an object'


def _problems_of_alternatives(wanted: Any, path: str) -> Iterator[str]:
    match wanted:
        case [dict(), dict(), *rest] if all(isinstance(one, dict) for one in rest):
            for number, one in enumerate(wanted):
                yield from _problems(one, f"{path}.{number}")
        case _:
            yield f"{path}: must be a list of two objects or more"


def _problems_of_value(one: Any) -> Iterator[str]:
    if isinstance(one, list):
        yield "a list in a list matches nothing"
    elif isinstance(one, dict) and (len(one) != 1 or next(iter(one)) not in _FILTERS):
        yield f"a filter is an object with one of {', '.join(_FILTERS)}"
    elif meant := _with_any_text(one):
        wildcard = json.dumps({"wildcard": meant})
        yield f"{json.dumps(one)} takes * as it is; where it stands for any text, write {wildcard}"


def _with_any_text(one: Any) -> str | None:
    """The wildcard that is meant by a value with an asterisk, which no other filter knows."""
    match one:
        case {"prefix": str() as text}:
            meant = f"{text.rstrip('*')}*"
        case {"suffix": str() as text}:
            meant = f"*{text.lstrip('*')}"
        case str() as text:
            meant = text
        case _:
            return None
    return meant if "*" in text else None


def split(pattern: Pattern, path: str, names: Collection[str]) -> tuple[Pattern, Pattern] | None:
    """The pattern for events that have one of these names at a path, and the one for all that have anything else there.

    Returns
    -------
    None where the pattern itself says what may be there, or so many names make it too long.
    """
    steps = path.removeprefix("$.").split(".")
    if not names or _guarded(pattern, steps) == pattern:
        return None
    right = _guarded(pattern, steps, sorted(names))
    wrong = _guarded(pattern, steps, [{"anything-but": sorted(names)}, {"exists": False}])
    if right is None or wrong is None or len(json.dumps(wrong)) > LONGEST:
        return None
    return right, wrong


def guarded(pattern: Pattern, path: str) -> Pattern | None:
    """The pattern, matching only where what is at a path can be put into the JSON of an input.

    EventBridge escapes nothing of what an input transformer takes from an event: a string with a quote in it could add
    fields to the input.

    Parameters
    ----------
    path : str
        Such as ``$.detail.model``.

    Returns
    -------
    None where the pattern has filters of its own there, to which nothing can be added.
    """
    return _guarded(pattern, path.removeprefix("$.").split("."))


def _guarded(node: Pattern, path: Sequence[str], filters: Sequence[Any] = _PLAIN) -> Pattern | None:
    name, *rest = path
    if "$or" in node and json.dumps(name) in json.dumps(node["$or"]):
        return None
    wanted = node.get(name)
    if rest:
        inner = _guarded(wanted or {}, rest, filters) if isinstance(wanted, Mapping | None) else None
        return None if inner is None else {**node, name: inner}
    if wanted is None:
        return {**node, name: filters}
    named = isinstance(wanted, list) and not any(isinstance(one, Mapping) for one in wanted)
    return node if named and not any(mark in str(one) for one in wanted for mark in '"\\') else None
