"""What was probably meant by a value that breaks a rule of its schema, or by a name that is unknown. Pure.

A suggestion is one only if it keeps the rules of its field: nobody is sent from one error to the next.
"""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from lifecycle.shared.text import TOO_MANY_DIGITS, as_text
from lifecycle.shared.wire import Json

_LONGEST = 100
"""Characters of what is compared or read; what is longer is no mistyped word."""
_MISTYPED = 0.85
_YES, _NO = ("true", "yes", "on", "enabled"), ("false", "no", "off", "disabled")
_UNITS = {"s": 1 / 60, "m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_DURATION = re.compile(r"(?:PT?)?(\d{1,6})\s*(s|m|h|d|w)[a-z]*", re.IGNORECASE | re.ASCII)
_AMOUNT = re.compile(r"[^\d.,-]*(-?\d{1,3}(?:,\d{3})+|-?\d{1,15}(?:\.\d{1,6})?)(?![\d.,])[^\d]*", re.ASCII)
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


_SYNONYMS = {"email": "address", "mail": "address", "tz": "timezone", "holidays": "excludedates", "critical": "error",
             "fatal": "error", "newest": "latest", "cron": "start", "price": "inferenceunithourusd"}  # fmt: skip
"""What others call what is called otherwise here, without dashes and in small letters."""


def alike_but_for_case(names: Iterable[str]) -> Iterator[str]:
    """Of names that would be taken for each other, in mails and on the telephone: which differ in capitals only."""
    seen: dict[str, str] = {}
    for name in dict.fromkeys(names):
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            yield f"{name!r} differs from {first!r} in capitals only; name them apart, or leave one of them out"


def alike(name: str, other: str) -> bool:
    """Whether two names are the same but for capitals, dashes and underscores."""
    return _plain(name[:_LONGEST]) == _plain(other)


def mistyped(name: str, other: str) -> bool:
    """Whether a name is another but for a letter or two."""
    return difflib.SequenceMatcher(None, _plain(name[:_LONGEST]), _plain(other)).ratio() > _MISTYPED


def nearest(name: str, known: Mapping[str, Any]) -> str | None:
    """The known name that another was probably meant to be: written otherwise, mistyped, or with a part left out."""
    plain = {_plain(candidate): candidate for candidate in known}
    mine = _plain(name[:_LONGEST])
    for same in (mine, _SYNONYMS.get(mine)):
        if same in plain:
            return plain[same]
    near = difflib.get_close_matches(name.lower()[:_LONGEST], [candidate.lower() for candidate in known], 1, 0.6)
    if near:
        return next(candidate for candidate in known if candidate.lower() == near[0])
    parts = [candidate for candidate in plain if len(mine) > 2 and (mine in candidate or candidate in mine)]
    return plain[parts[0]] if len(parts) == 1 else None


def suggestion(value: Json, rule: str, name: str, schema: Mapping[str, Json]) -> str | None:
    """The end of a sentence, such as ``did you mean 5?``; None where nobody knows.

    Parameters
    ----------
    value
        That breaks a rule of its field.
    rule : str
        Of JSON Schema: ``type``, ``maximum`` and the like.
    name : str
        Of the field.
    schema : Mapping
        Of the field.
    """
    if value is None:
        return "leave the key out if its default is meant" if "default" in schema else None
    for meant in _candidates(value, rule, name, schema):
        if _fits(meant, schema):
            text = as_text(meant, json.dumps)
            if len(text) > _LONGEST:
                text = (
                    "the same in brackets, as a list" if isinstance(meant, list) else "its one entry, without brackets"
                )
            return f"did you mean {text}?"
    return None


def _candidates(value: Json, rule: str, name: str, schema: Mapping[str, Json]) -> Iterator[Json]:
    if rule == "type":
        yield from _of_the_type(value, name)
    elif rule == "enum":
        yield from _of_the_words(value, name, schema["enum"])
    elif rule == "minimum" and value == -1:
        yield 0
    elif rule == "maximum" and schema["maximum"] == 1 and value <= 100:
        yield value / 100  # percent
    elif rule == "maximum" and name.lower().endswith("minutes") and value % 60 == 0:
        yield value // 60  # seconds


def _of_the_type(value: Json, name: str) -> Iterator[Json]:
    match value:
        case str():
            yield from _read(value, name)
            yield [part.strip() for part in value[: 10 * _LONGEST].split(",")]
        case [one]:
            yield from _pairs([one])
            yield one
        case [_, *_]:
            yield from _pairs(value)
        case dict():
            yield [value]
            yield [*value]
            if all(isinstance(inner, dict) for inner in value.values()):  # as people write it who know other tools
                yield [{"name": key, **inner} for key, inner in value.items()]
        case bool() | int() | float() if (text := as_text(value, json.dumps)) != TOO_MANY_DIGITS:
            yield from (text, text.zfill(12), [value], [text])  # an account loses its zeros as a number
            if value in (0, 1):
                yield bool(value)


def _pairs(entries: Sequence[Json]) -> Iterator[Json]:
    """An object, where its keys and values are given as AWS's tags are."""
    if all(isinstance(one, dict) and one.keys() == {"Key", "Value"} for one in entries):
        yield {one["Key"]: one["Value"] for one in entries if isinstance(one["Key"], str)}


def _of_the_words(value: Json, name: str, words: Sequence[Json]) -> Iterator[Json]:
    if isinstance(value, str):
        yield nearest(value, {word: None for word in words if isinstance(word, str)})
        yield from _read(value, name)
    elif isinstance(value, int):
        yield min(words, key=lambda one: abs(one - value) if isinstance(one, int) else math.inf)


def _read(text: str, name: str) -> Iterator[Json]:
    """What a text may say: JSON that lacks nothing but its quotes, yes or no, an amount, a time."""
    with suppress(ValueError, RecursionError):
        yield json.loads(text)
    if len(text) > _LONGEST:
        return
    word = text.strip().lower()
    if word in (*_YES, *_NO):
        yield word in _YES
    if name.lower().endswith("minutes") and (time := _DURATION.fullmatch(text.strip())):
        minutes = int(time[1]) * _UNITS[time[2].lower()]
        yield int(minutes) if minutes == int(minutes) else minutes
    elif re.fullmatch(r"[0-9]{1,9},[0-9]{1,2}", word):
        yield float(word.replace(",", "."))
    elif amount := _AMOUNT.fullmatch(text):
        yield json.loads(amount[1].replace(",", "").lstrip("0") or "0")


def _fits(value: Json, schema: Mapping[str, Json]) -> bool:
    """Whether a value keeps the rules that fields of the project's schemas have; of an object those of its keys."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_TYPES[one](value) for one in types):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    match value:
        case int() | float():
            return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
        case str():
            return re.fullmatch(schema.get("pattern", ".*"), value, re.DOTALL) is not None
        case list():
            items = schema.get("items", {})
            return len(value) >= schema.get("minItems", 0) and all(_fits(one, items) for one in value)
        case dict():
            keys = schema.get("properties", {})
            known = keys.keys() >= value.keys() or schema.get("additionalProperties") is not False
            there = value.keys() >= set(schema.get("required", ()))
            return known and there and all(_fits(inner, keys.get(key, {})) for key, inner in value.items())
    return True


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
