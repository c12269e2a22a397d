"""Values that keep to a JSON schema, and values that break it in a way that is known: as strategies of hypothesis.

Of the vocabulary of JSON Schema it knows what the contract's schemas use.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.abuse.hostile import ENDS_OF_TIME, HOSTILE, INJECTIONS, NUMBERS, TIMES, UNICODE, VALUES, WIDE, nested

Json = Any
Strategy = st.SearchStrategy[Any]
TYPES: Mapping[str, Callable[[Json], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: TYPES["number"](value) and value == value // 1,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


@dataclass(frozen=True)
class Field:
    """A field by its path, with its schema."""

    path: str
    schema: Mapping[str, Any]

    @property
    def type(self) -> str:
        """Of JSON; none where it may hold anything."""
        found: str = self.schema.get("type", "")
        return found


def fields_of(schema: Mapping[str, Any], above: str = "") -> Iterator[Field]:
    """All of an object, those of the objects in it too."""
    for name, one in schema.get("properties", {}).items():
        yield Field(f"{above}{name}", one)
        yield from fields_of(one, f"{above}{name}.")


def keeps(schema: Mapping[str, Any], value: Json) -> bool:
    """Whether a value that is no list or object keeps to its schema, its format aside."""
    if not TYPES[schema["type"]](value):
        return False
    if isinstance(value, str):
        fits = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        return fits and bool(re.fullmatch(schema.get("pattern", "(?s).*").strip("^$"), value))
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def right_value(schema: Mapping[str, Any]) -> Strategy:
    """What keeps to it, and means harm where it may; not of a pattern."""
    match schema.get("type"):
        case "boolean":
            return st.just(False)
        case "integer":
            least, most = schema["minimum"], schema["maximum"]
            return st.sampled_from([least, most, float(least)]) | st.integers(least, most)
        case "number":
            return st.sampled_from([schema["minimum"], schema["maximum"], 12.5, 1e-9])
        case "string" if "format" in schema:
            return st.sampled_from([*ENDS_OF_TIME[:2], "2026-11-24T08:00:00.000000000+01:00"])
        case "string":
            return st.sampled_from([one for one in (*INJECTIONS, *UNICODE) if keeps(schema, one)])
    return anything()


def anything() -> Strategy:
    """JSON of at most 16 KiB, that can be written in UTF-8."""
    texts = st.sampled_from((*INJECTIONS, *UNICODE, "x" * 16_000, "\u00e9" * 8_000, "\U0001f600" * 4_000, '"' * 8_000))
    return st.one_of(
        texts,
        st.sampled_from([None, False, 0, -1, 1.5, 2**53, -0.0, 1e-320, [[[]]], [], {}]),
        st.builds(nested, st.sampled_from((1, 30, 200)), st.sampled_from(("list", "dict"))),
        st.lists(st.sampled_from(UNICODE), max_size=5),
        st.sampled_from(INJECTIONS).map(lambda text: {text: text, "__proto__": {"DryRun": True}, "": None}),
        st.sampled_from(INJECTIONS).map(lambda text: {"StartedBySweep": text}),
    )


def wrong_value(
    field: Field, examples: tuple[str, ...] = (), wrong_here: Callable[[str], bool] = lambda _value: False
) -> Strategy:
    """What breaks the schema of a field, or is wrong here: ``examples`` are right, or nearly."""
    schema = field.schema
    kinds = [kind for kind, name in (("list", "array"), ("dict", "object")) if name != field.type]
    ways = [
        st.sampled_from([one for one in VALUES if not TYPES[field.type](one)]),
        st.builds(nested, st.sampled_from((2, 40, 120, 400)), st.sampled_from(kinds)),
    ]
    if "minimum" in schema:
        least, most = schema["minimum"], schema["maximum"]
        tried = [least - 1, most + 1, -most - 1, least - 0.001, most + 0.5, least + 0.5, *NUMBERS]
        ways.append(st.sampled_from([one for one in tried if not keeps(schema, one)]))
    if field.type == "string" and len(schema) > 1:
        texts = _texts(schema, examples)
        ways += [texts.filter(lambda one: not keeps(schema, one) or wrong_here(one)), _long(schema)]
    return st.one_of(ways)


def _texts(schema: Mapping[str, Any], examples: tuple[str, ...]) -> Strategy:
    one = st.sampled_from(("", *(TIMES if "format" in schema else HOSTILE)))
    around = st.builds(lambda text, count: f"a{text}b" * count, st.sampled_from(HOSTILE), st.integers(1, 3))
    return one | around | (corrupted(examples) if examples else st.nothing())


def _long(schema: Mapping[str, Any]) -> Strategy:
    longest = schema.get("maxLength", 256)

    def filled(length: int, one: str) -> str:
        most = 200_000 // max(len(one.encode()), len(json.dumps(one, ensure_ascii=False)) - 2)
        return (one * length)[: max(longest + 1, min(length, most))]

    lengths = [length for length in (longest + 1, 300, 3_000, 60_000, 200_000) if length > longest]
    return st.builds(filled, st.sampled_from(lengths), st.sampled_from(WIDE))


def corrupted(examples: tuple[str, ...]) -> Strategy:
    """A right string in which a part is another, or nothing, or something is added."""
    example = st.sampled_from(examples)
    added = st.sampled_from((" ", "\n", "\u2028", "\u200b", "*", "\ud800", ":1", "/x", "x" * 300))
    other = st.sampled_from(("", "*", "aws-cn", "s3", "eu-west-1", "210987654321", "\uff11" * 12, "/", *INJECTIONS[:3]))

    def replaced(text: str, part: int, by: str) -> str:
        parts = re.split(r"([:/])", text)
        parts[part % len(parts)] = by
        return "".join(parts)

    return st.one_of(
        st.builds(lambda text, more: text + more, example, added),
        st.builds(lambda text, more: more + text, example, added),
        st.builds(replaced, example, st.integers(0, 40), other),
        st.builds(lambda text, cut: text[: cut % len(text)], example, st.integers(0, 200)),
        example.map(str.upper),
        example.map(lambda text: text.replace("o", "\u043e").replace(":", "\uff1a")),
        example.map(lambda text: f"{text},{text}"),
    )


def has_halves(value: str) -> bool:
    """Whether UTF-8 can't write it."""
    return any("\ud800" <= one <= "\udfff" for one in value)
