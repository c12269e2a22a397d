"""Every problem of a document at once, each with its path, said so that a person can mend it.

JSON Schema (fastjsonschema) does the checking. What a schema says badly, unknown names and examples, is said here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import fastjsonschema

from lifecycle.shared.mistaken import mistake
from lifecycle.shared.rfc3339 import is_time
from lifecycle.shared.suggestions import alike, mistyped, nearest, suggestion
from lifecycle.shared.text import as_text, shortened
from lifecycle.shared.wire import Json

MAX_PROBLEMS = 30
"""More problems than this are counted, not listed."""
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_NAME = 80
"""Characters of a name that is none, of which the beginning tells."""
_LONGEST_EXAMPLE = 100
"""Characters of an example that is shown where a field is missing."""
_SHOWN_WHOLE, _SHOWN_OF_ITS_END = 160, 100
"""Characters of a value: where it is longer, its end tells more than its beginning."""

_FORMATS = {"date-time": is_time}
"""fastjsonschema's own takes +0100, and no leap second."""
_SAY: Mapping[str, Callable[[Any], str]] = {
    "type": lambda rule: f"must be of type {rule if isinstance(rule, str) else ' or '.join(rule)}",
    "minimum": lambda rule: f"must be at least {rule}",
    "maximum": lambda rule: f"must be at most {rule}",
    "minLength": lambda rule: f"must have at least {rule} characters",
    "maxLength": lambda rule: f"must have at most {rule} characters",
    "minItems": lambda rule: f"must have at least {rule} entry",
    "maxItems": lambda rule: f"must have at most {rule} entries",
    "pattern": lambda rule: f"must match {rule}",
    "format": lambda rule: f"must be a {rule} (RFC 3339)",
    "enum": lambda rule: f"must be one of {', '.join(map(str, rule))}",
}


class Validator:
    """A JSON Schema, compiled once.

    Parameters
    ----------
    schema : dict
        Draft-07. A ``oneOf`` at its top is for the schema's readers; the caller checks it in better words.
    """

    def __init__(self, schema: Mapping[str, Json]) -> None:
        self._schema = _resolved({name: rule for name, rule in schema.items() if name != "oneOf"}, schema)
        self._check = fastjsonschema.compile(self._schema, fast_fail=False, use_default=False, formats=_FORMATS)

    def problems(self, document: Json) -> list[str]:
        """What is wrong with the document, a line each; empty where nothing is."""
        try:
            self._check(document)
        except fastjsonschema.JsonSchemaValuesException as invalid:
            # What is of another type can't be of the right size or form either.
            typed = {tuple(error.path) for error in invalid.errors if error.rule == "type"}
            said = (one for one in invalid.errors if one.rule == "type" or tuple(one.path) not in typed)
            found = sorted({line for error in said for line in self._lines(error)})
            return shortened(found, MAX_PROBLEMS, "problems")
        return []

    def example(self, path: str) -> Json:
        """The first example that the schema gives for a field, by its dotted path."""
        return self._at(path.split("."))["examples"][0]

    def fields(self, path: str = "") -> frozenset[str]:
        """The names that an object may have, by its dotted path."""
        return frozenset(self._at(path.split(".") if path else ()).get("properties", {}))

    def _lines(self, error: fastjsonschema.JsonSchemaValueException) -> Iterator[str]:
        path = error.path[1:]
        schema = self._at(path)
        where = _dotted(path)
        match error.rule:
            case "additionalProperties":
                known = schema.get("properties", {})
                unknown = sorted(name for name in error.value if name not in known)
                for name in unknown[:MAX_PROBLEMS]:
                    yield unknown_name(where, name, known, next(self._homes(name), None))
                # Of thousands nobody reads which ones were meant, and to find out would take seconds.
                yield from (f"{_path(where, name)}: is unknown" for name in unknown[MAX_PROBLEMS:])
            case "required":
                missing = (name for name in error.rule_definition if name not in error.value)
                yield from (f"{_dotted([*path, name])}: is missing{_such_as(schema, name)}" for name in missing)
            case "pattern" if meant := schema.get("title"):
                yield f"{where or 'input'}: {_mistaken(error.value, meant, str(error.rule_definition), schema)}"
            case rule:
                say = _SAY.get(str(rule))
                says = say(error.rule_definition) if say else error.message
                yield f"{where or 'input'}: {says}{_but(error.value, str(rule), path[-1] if path else '', schema)}"

    def _homes(self, name: str) -> Iterator[str]:
        """Where below the top a name like this one has its place; of the entries of a list as N."""
        places = [("", self._schema)]
        for path, schema in places:
            inner = [(key, one) for key, one in schema.get("properties", {}).items() if isinstance(one, dict)]
            if path and any(alike(name, key) for key, _ in inner):
                yield path
            places += [(_dotted([step for step in (path, key) if step]), one) for key, one in inner]
            if isinstance(schema.get("items"), dict):
                places.append((f"{path}.N", schema["items"]))

    def _at(self, path: Sequence[str]) -> Mapping[str, Json]:
        """The part of the schema that a path leads to."""
        schema: Mapping[str, Json] = self._schema
        for step in path:
            inner = schema.get("properties", {})
            schema = inner[step] if step in inner else schema.get("items") or schema.get("additionalProperties") or {}
        return schema


def _such_as(schema: Mapping[str, Json], name: str) -> str:
    """An example of a field that is missing, if the schema has one that fits on a line."""
    examples = schema.get("properties", {}).get(name, {}).get("examples", ())
    shown = json.dumps(examples[0], ensure_ascii=False) if examples else ""
    return f", for example {shown}" if shown and len(shown) <= _LONGEST_EXAMPLE else ""


def _resolved(part: Json, schema: Mapping[str, Json]) -> Json:
    """A part of a schema with what its ``$ref`` names, such as ``#/definitions/place``, in their place."""
    if isinstance(part, list):
        return [_resolved(one, schema) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" not in part:
        return {name: _resolved(rule, schema) for name, rule in part.items()}
    found: Json = schema
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return _resolved(found, schema)


def unknown_name(where: str, name: str, known: Mapping[str, Json], home: str | None = None) -> str:
    """Says that a name is unknown, and which known one was probably meant.

    Parameters
    ----------
    home : str, optional
        Where in the document a name like it has its place.
    """
    near = nearest(name, known)
    if home is not None and not (near and mistyped(name, near)):
        return f"{_path(where, name)}: is unknown here; it belongs into {home}"
    if re.match(r"//|#|_*comment", name, re.IGNORECASE):
        return f"{_path(where, name)}: is unknown; comments have no place here"
    hint = f", did you mean {near}?" if near else f"; known are {', '.join(sorted(known))}"
    return f"{_path(where, name)}: is unknown{hint}"


def _path(where: str, name: str) -> str:
    """Of a name that is not known: it can't be taken for another one, or for more than a name."""
    quoted = json.dumps(name)
    shown = name if _PLAIN.fullmatch(name) else quoted if len(quoted) <= _NAME else f"{quoted[:_NAME]}..."
    return _dotted([step for step in (where, shown) if step])


def _dotted(path: Sequence[str]) -> str:
    return ".".join(path)


def _mistaken(value: str, meant: str, pattern: str, schema: Mapping[str, Json]) -> str:
    """What a text is that does not match a pattern, in place of the pattern."""
    if (meant_list := suggestion(value, "type", "", schema)) and "array" in schema.get("type", ()):
        return f"must be {meant}; got {_excerpt(value)}, {meant_list}"
    form = re.compile(pattern)
    found = mistake(value, meant, lambda text: form.fullmatch(text) is not None, pattern)
    find = f". To find it: {found.find}" if found.find else ""
    if found.meant is not None:
        return f"{found.why}; got {_excerpt(value)}, did you mean {json.dumps(found.meant)}?"
    if found.why == f"is not {meant}":
        return f"must be {meant}{_example(schema)}; got {_excerpt(value)}{find}"
    return f"{found.why}; must be {meant}{_example(schema)}; got {_excerpt(value)}{find}"


def _but(value: Json, rule: str, name: str, schema: Mapping[str, Json]) -> str:
    """What came instead, and what was probably meant by it; an example where nobody knows."""
    meant = suggestion(value, rule, name, schema)
    if meant is None:
        return f"{_example(schema)}; got {_excerpt(value)}"
    return f"; got {_excerpt(value)}, {meant}"


def _example(schema: Mapping[str, Json]) -> str:
    return f", for example {json.dumps(schema['examples'][0])}" if schema.get("examples") else ""


def _excerpt(value: Json) -> str:
    text = as_text(value, json.dumps)
    if len(text) <= _SHOWN_WHOLE:
        return text
    return f"{text[: _SHOWN_WHOLE - _SHOWN_OF_ITS_END]} ... {text[-_SHOWN_OF_ITS_END:]}"
