"""EventBridge: a pattern that AWS refuses is refused, and no rule keeps an event from the others."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPatternParser

from emulator.seams.patching import patch

_COMPARISONS = {"=", "<", "<=", ">", ">="}
_SCALARS = (str, bool, int, float, type(None))


def _is_text(value: Any) -> bool:
    """One text or several, or the same in any case."""
    if isinstance(value, dict):
        return [*value] == ["equals-ignore-case"] and _is_text(value["equals-ignore-case"])
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _is_numeric(value: Any) -> bool:
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in value[1::2])
    return numbers and all(isinstance(one, str) and one in _COMPARISONS for one in value[::2])


def _is_excluded(value: Any) -> bool:
    if isinstance(value, dict):
        texts = {name: _FILTERS[name] for name in ("prefix", "suffix", "equals-ignore-case", "wildcard")}
        return len(value) == 1 and all(name in texts and texts[name](one) for name, one in value.items())
    return all(isinstance(one, _SCALARS) for one in (value if isinstance(value, list) else [value]))


def _is_network(value: Any) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return isinstance(value, str)


_FILTERS: Mapping[str, Callable[[Any], bool]] = {
    "prefix": _is_text,
    "suffix": _is_text,
    "equals-ignore-case": _is_text,
    "wildcard": _is_text,
    "anything-but": _is_excluded,
    "numeric": _is_numeric,
    "exists": lambda value: isinstance(value, bool),
    "cidr": _is_network,
}
"""What a filter may be given, of https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html."""


def _check(pattern: Any) -> None:
    if not isinstance(pattern, dict):
        raise InvalidEventPatternException(reason="Filter is not an object")
    for name, value in pattern.items():
        if isinstance(value, dict):
            _check(value)
        elif not isinstance(value, list):
            raise InvalidEventPatternException(reason=f'"{name}" must be an object or an array')
        elif not value:
            raise InvalidEventPatternException(reason="Empty arrays are not allowed")
        else:
            for one in value:
                (_check if name == "$or" else _check_match)(one)


def _check_match(match: Any) -> None:
    if isinstance(match, _SCALARS):
        return
    if not isinstance(match, dict) or len(match) != 1:
        raise InvalidEventPatternException(reason="Match value must be String, number, true, false, or null")
    ((name, value),) = match.items()
    if name not in _FILTERS:
        raise InvalidEventPatternException(reason=f"Unrecognized match type {name}")
    if not _FILTERS[name](value):
        raise InvalidEventPatternException(reason=f"{name} can't be given {value!r}")


def install() -> None:
    """Put the patch in place."""
    # moto takes whatever is an array; a match that makes no sense then fails PutEvents for everybody.
    patch(EventPatternParser, "_validate_event_pattern", lambda _, pattern: _check(pattern))
