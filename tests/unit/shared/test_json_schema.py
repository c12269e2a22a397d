"""What is said of a document that breaks its schema: each problem on a line, with its path."""

from typing import Any

import pytest

from lifecycle.shared import known_mistakes as known
from lifecycle.shared.json_schema import Validator
from lifecycle.shared.wire import Json
from tests.unit.start_model.test_request import nested

SCHEMA: dict[str, Any] = {
    "$id": "https://example.com/schema.json",
    "type": "object",
    "oneOf": [{"required": ["colour"]}, {"required": ["sizes"]}],  # for its readers
    "properties": {
        "colour": {"enum": ["red", "green", 7]},
        "name": {"type": "string", "maxLength": 90},
        "sizes": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "uniqueItems": True,
            "items": {"type": "integer", "minimum": 1, "examples": [7, 8]},
        },
        "tags": {"type": "object", "additionalProperties": {"type": "string", "examples": ["3"]}},
        "belt": {
            "type": "object",
            "additionalProperties": False,
            "required": ["line"],
            "properties": {"line": {"type": "integer", "default": 1}},
        },
        "nothing": {"type": "object", "additionalProperties": False},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"colour": "blue"}, 'colour: must be one of red, green, 7; got "blue"'),
        ({"sizes": []}, "sizes: must have at least 1 entry; got []"),
        ({"sizes": [1, 2, 3, 4]}, "sizes: must have at most 3 entries; got [1, 2, 3, 4]"),
        ({"sizes": [1, 0]}, "sizes.1: must be at least 1, for example 7; got 0"),
        ({"sizes": [1, 1]}, "sizes: data.sizes must contain unique items; got [1, 1]"),
        ({"tags": {"line": 1}}, 'tags.line: must be of type string; got 1, did you mean "1"?'),
        ({"belt": {}}, "belt.line: is missing"),
        ({"belt": {"line": 1, "lines": 2}}, "belt.lines: is unknown, did you mean line?"),
        ({"nothing": {"x": 1}}, "nothing.x: is unknown; known are "),
        ({"name": nested(100_000)}, "name: must be of type string; got something nested too deep to be shown"),
        (7, "input: must be of type object; got 7"),
    ],
)
def test_a_problem_is_said_with_its_path_and_what_came(document: Json, problem: str) -> None:
    assert Validator(SCHEMA).problems(document) == [problem]


COLOUR = {"type": "string", "pattern": "^[a-z]+$", "title": "a colour"}
VERSION = {"type": "string", "pattern": "^arn:.+$", "title": known.VERSION_ARN, "examples": ["arn:aws"]}
FIND = f'must be {known.VERSION_ARN}, for example "arn:aws"; got {{}}. To find it: {known.FIND[known.VERSION_ARN]}'


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (COLOUR, "Red!", 'must be a colour; got "Red!"'),
        ({**COLOUR, "examples": ["red"]}, "Red!", 'must be a colour, for example "red"; got "Red!"'),
        (COLOUR, "<red>", 'stands in brackets; got "<red>", did you mean "red"?'),
        (COLOUR, "${COLOUR}", 'is a placeholder; must be a colour; got "${COLOUR}"'),
        (
            {"pattern": "^[a-z0-9.-]{3,63}$", "title": known.BUCKET},
            "Im",
            f'has I in it; it may have digits and a - z . -, 63 at the most; must be {known.BUCKET}; got "Im"',
        ),
        (VERSION, "???!", FIND.format('"???!"')),
        (VERSION, "defects", "is only a name; " + FIND.format('"defects"')),
    ],
)
def test_a_text_of_a_wrong_form_is_said_to_be_what_it_is(field: dict[str, Any], value: str, problem: str) -> None:
    assert Validator({"properties": {"a": field}}).problems({"a": value}) == [f"a: {problem}"]
    assert Validator({"additionalProperties": field}).problems({"b": value}) == [f"b: {problem}"]
    assert Validator(field).problems(value) == [f"input: {problem}"]


def test_what_is_probably_meant_depends_on_the_fields_name() -> None:
    minutes = {"properties": {"LeaseMinutes": {"maximum": 10}}}
    assert Validator({"properties": {"a": minutes}}).problems({"a": {"LeaseMinutes": 120}}) == [
        "a.LeaseMinutes: must be at most 10; got 120, did you mean 2?"
    ]


def test_what_breaks_no_rule_has_no_problem_and_stays_as_it_came() -> None:
    document = {"colour": "red", "sizes": [1, 2], "tags": {}, "belt": {"line": 3}, "name": "x"}
    assert Validator(SCHEMA).problems(document) == []
    assert Validator(SCHEMA).problems({}) == []


@pytest.mark.parametrize(
    ("length", "shown"),
    [(158, '"' + "x" * 158 + '"'), (159, '"' + "x" * 59 + " ... " + "x" * 99 + '"')],
)
def test_of_what_came_its_end_is_shown_rather_than_its_middle(length: int, shown: str) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "integer"}}}
    assert Validator(schema).problems({"name": "x" * length}) == [f"name: must be of type integer; got {shown}"]


def test_an_example_is_the_first_that_the_schema_gives() -> None:
    assert Validator({"properties": {"a": {"properties": {"b": {"examples": [1, 2]}}}}}).example("a.b") == 1


PLACE = {"type": "object", "additionalProperties": False, "properties": {"city": {"type": "string"}}}
PLANT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "site": {"$ref": "#/definitions/place"},
        "halls": {
            "type": "array",
            "items": {"anyOf": [{"$ref": "#/definitions/hall"}], "properties": {"crane": {"type": "integer"}}},
        },
        "lineup": {"type": "integer"},
        "zones": {"type": "integer"},
        "belt": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "line": {"type": "integer"},
                "zone": {"type": "integer"},
                "motor": {"type": "object", "properties": {"rpm": {"type": "integer"}}},
            },
        },
    },
    "definitions": {
        "place": PLACE,
        "hall": {"type": "object", "required": ["gate"], "properties": {"gate": {"$ref": "#/definitions/place"}}},
    },
}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("", {"site", "halls", "lineup", "zones", "belt"}),
        ("belt.motor", {"rpm"}),
        ("site", {"city"}),
        ("halls.0", {"crane"}),
        ("lineup", set()),
    ],
)
def test_the_fields_of_an_object_are_those_that_the_schema_or_what_it_refers_to_has(
    path: str, fields: set[str]
) -> None:
    assert Validator(PLANT).fields(path) == fields
    assert path or Validator(PLANT).fields() == fields


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"site": {"citty": "Ulm"}}, "site.citty: is unknown, did you mean city?"),
        ({"halls": [{}]}, "halls.0: data.halls[0] cannot be validated by any definition; got {}"),
        ({"line": 1}, "line: is unknown here; it belongs into belt"),
        ({"rpm": 1}, "rpm: is unknown here; it belongs into belt.motor"),
        ({"Crane": 1}, "Crane: is unknown here; it belongs into halls.N"),
        ({"belt": {"City": "Ulm"}}, "belt.City: is unknown here; it belongs into site"),
        ({"zone": 1}, "zone: is unknown, did you mean zones?"),
        ({"belt": {"lineup": 1}}, "belt.lineup: is unknown, did you mean line?"),
        ({"//": "why"}, '"//": is unknown; comments have no place here'),
        ({"belt": {"#": "why"}}, 'belt."#": is unknown; comments have no place here'),
        ({"belt": {"_Comment": "why"}}, "belt._Comment: is unknown; comments have no place here"),
    ],
)
def test_of_an_unknown_name_it_is_said_where_it_belongs_or_what_was_meant(document: Json, problem: str) -> None:
    assert Validator(PLANT).problems(document) == [problem]


@pytest.mark.parametrize(
    ("length", "shown"), [(78, '"' + "x " * 39 + '"'), (79, '"' + "x " * 39 + "x...")], ids=["whole", "its beginning"]
)
def test_a_name_that_is_none_is_shown_in_quotes_up_to_80_characters(length: int, shown: str) -> None:
    (problem,) = Validator({"additionalProperties": False}).problems({("x " * 50)[:length]: 1})
    assert problem == f"{shown}: is unknown; known are "


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ({"type": ["string", "integer"]}, 1.5, "must be of type string or integer; got 1.5"),
        ({"type": "string", "enum": ["a", "b"]}, 7, "must be of type string; got 7"),
        ({"format": "date-time"}, "2026-11-24T08:00:00+0100", "must be a date-time (RFC 3339); got "),
        (
            {"type": ["string", "array"], "items": {"type": "string"}, "pattern": "^[a-z]+$", "title": "a colour"},
            "red, blue",
            'must be a colour; got "red, blue", did you mean ["red", "blue"]?',
        ),
    ],
)
def test_a_value_breaks_its_type_or_form_in_these_words(field: dict[str, Any], value: Json, problem: str) -> None:
    (found,) = Validator({"properties": {"a": field}}).problems({"a": value})
    assert found.startswith(f"a: {problem}")
