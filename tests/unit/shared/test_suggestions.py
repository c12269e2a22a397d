"""What is suggested in place of a wrong value or an unknown name."""

from typing import Any

import pytest

from lifecycle.shared.suggestions import alike, alike_but_for_case, mistyped, nearest, suggestion
from lifecycle.shared.wire import Json

YES_OR_NO = {"type": "boolean"}
TEXT = {"type": "string"}
WHOLE = {"type": "integer", "minimum": 1, "maximum": 20_000}
NUMBER = {"type": "number", "minimum": 0}
LIST = {"type": "array", "minItems": 1}
TEXTS = {**LIST, "items": TEXT}
MODELS = {
    **LIST,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {"name": TEXT, "units": WHOLE},
    },
}
TAGS = {"type": "object", "additionalProperties": TEXT}
LONG = "x" * 96


@pytest.mark.parametrize(
    ("value", "schema", "meant"),
    [
        *[(word, YES_OR_NO, "true") for word in ("true", "TRUE", "Yes", " on ", "enabled", f"yes{' ' * 97}")],
        *[(word, YES_OR_NO, "false") for word in ("false", "False", "no", "OFF", "Disabled")],
        (1, YES_OR_NO, "true"),
        (0, YES_OR_NO, "false"),
        ("2", WHOLE, "2"),
        ("2 units", WHOLE, "2"),
        ("$500", WHOLE, "500"),
        ("USD 1,500", WHOLE, "1500"),
        ("007", WHOLE, "7"),
        ("$0", NUMBER, "0"),
        ("about 1.50", NUMBER, "1.5"),
        ("4,5", NUMBER, "4.5"),
        ("1,50", NUMBER, "1.5"),
        ("-2 degrees", {"type": "number"}, "-2"),
        (3, TEXT, '"3"'),
        (True, TEXT, '"true"'),
        (0.5, TEXT, '"0.5"'),
        (11122223333, {**TEXT, "pattern": "^[0-9]{12}$"}, '"011122223333"'),
        (3, {**LIST, "items": WHOLE}, "[3]"),
        (3, TEXTS, '["3"]'),
        ("a, b", TEXTS, '["a", "b"]'),
        ('["a", "b"]', TEXTS, '["a", "b"]'),
        ("[]", {"type": "array"}, "[]"),
        pytest.param("[" * 100_000, TEXTS, "the same in brackets, as a list", id="nested too deep"),
        (LONG, TEXTS, f'["{LONG}"]'),
        (f"{LONG}x", TEXTS, "the same in brackets, as a list"),
        ([f"{LONG}xx"], TEXT, f'"{LONG}xx"'),
        ([f"{LONG}xxx"], TEXT, "its one entry, without brackets"),
        (["a\nb"], TEXT, '"a\\nb"'),
        ([2], WHOLE, "2"),
        ({"name": "a", "units": 2}, MODELS, '[{"name": "a", "units": 2}]'),
        ({"a": {"units": 2}, "b": {}}, MODELS, '[{"name": "a", "units": 2}, {"name": "b"}]'),
        ({"2026-12-25": "Christmas", "2026-12-26": {}}, TEXTS, '["2026-12-25", "2026-12-26"]'),
        ([{"Key": "team", "Value": "vision"}], TAGS, '{"team": "vision"}'),
        ([{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}], TAGS, '{"a": "b", "c": "d"}'),
        ([{"Key": ["a"], "Value": "b"}, {"Key": "c", "Value": "d"}], TAGS, '{"c": "d"}'),
        ('{"a": 1}', {"type": "object"}, '{"a": 1}'),
        ("null", {"type": ["integer", "null"]}, "null"),
        ("2", {"type": ["null", "integer"]}, "2"),
        ("2", {}, "2"),
    ],
)
def test_a_value_of_the_wrong_type_is_offered_in_the_right_one(value: Json, schema: dict[str, Any], meant: str) -> None:
    assert suggestion(value, "type", "field", schema) == f"did you mean {meant}?"


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (f"yes{' ' * 98}", YES_OR_NO),
        ("perhaps", YES_OR_NO),
        (2, YES_OR_NO),
        ("1", YES_OR_NO),
        ("true", WHOLE),
        ("true", NUMBER),
        ("2.5", WHOLE),
        ("0 units", WHOLE),
        ("20,001", WHOLE),
        ("1.2.3", NUMBER),
        ("1 or 2", NUMBER),
        ("٣ units", WHOLE),
        ("2h", WHOLE | {"maximum": 1}),
        pytest.param(10**5000, TEXT, id="more digits than are written"),
        ([], TEXT),
        (["a", "b"], TEXT),
        ([True], WHOLE),
        ({}, TEXTS),
        (3, {**LIST, "minItems": 2}),
        (3, {**LIST, "items": {**TEXT, "pattern": "a"}}),
        ({"units": 2}, MODELS),
        ({"name": "a", "unit": 2}, MODELS),
        ({"name": "a", "units": 0}, MODELS),
        ([{"Key": "a", "Value": "b", "More": "c"}], {**TAGS, "properties": {"Key": {"type": "integer"}}}),
        ([{"Key": "a", "Value": "b"}, {"Key": "c"}], TAGS),
        ([{"Key": "a", "Value": 1}], {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}),
    ],
)
def test_nothing_is_offered_that_would_be_wrong_again(value: Json, schema: dict[str, Any]) -> None:
    assert suggestion(value, "type", "field", schema) is None


@pytest.mark.parametrize(
    ("value", "minutes"),
    [("120s", 2), ("90 minutes", 90), ("2h", 120), ("8 Hours", 480), ("1d", 1440), ("1 week", 10080), ("PT2H", 120)],
)
def test_a_time_is_offered_in_minutes(value: str, minutes: int) -> None:
    assert suggestion(value, "type", "lease_minutes", WHOLE) == f"did you mean {minutes}?"
    assert suggestion(f" {value} ", "type", "LeaseMinutes", WHOLE) == f"did you mean {minutes}?"


@pytest.mark.parametrize("value", ["90 s", "1 fortnight", "٣h", "1.5h", "h"])
def test_what_is_no_whole_number_of_minutes_is_not_offered_where_it_has_to_be_one(value: str) -> None:
    assert suggestion(value, "type", "lease_minutes", {**WHOLE, "minimum": 2, "maximum": 200}) is None


def test_a_part_of_a_minute_is_offered_where_it_may_be() -> None:
    assert suggestion("90 s", "type", "minutes", NUMBER) == "did you mean 1.5?"


@pytest.mark.parametrize(
    ("value", "rule", "name", "schema", "said"),
    [
        (None, "type", "a", {"default": 1}, "leave the key out if its default is meant"),
        (None, "type", "a", {"type": "string"}, None),
        (-1, "minimum", "a", NUMBER, "did you mean 0?"),
        (-2, "minimum", "a", NUMBER, None),
        (-1, "maximum", "a", {"maximum": -60}, None),
        (80, "maximum", "minimum_f1", {"maximum": 1}, "did you mean 0.8?"),
        (100, "maximum", "minimum_f1", {"maximum": 1}, "did you mean 1.0?"),
        (101, "maximum", "minimum_f1", {"maximum": 1}, None),
        pytest.param(10**400, "maximum", "minimum_f1", {"maximum": 1}, None, id="more than a float"),
        (150, "maximum", "minimum_f1", {"maximum": 2}, None),
        (14_400, "maximum", "lease_minutes", {"maximum": 1440}, "did you mean 240?"),
        (14_401, "maximum", "lease_minutes", {"maximum": 1440}, None),
        (14_400, "maximum", "lease_hours", {"maximum": 1440}, None),
        (14_400, "minimum", "lease_minutes", {"minimum": 20_000, "maximum": 1440}, None),
        (14_400, "maximum", "LeaseMinutes", {"maximum": 100}, None),
        ("Stop", "enum", "a", {"enum": ["notify", "stop"]}, 'did you mean "stop"?'),
        ("true", "enum", "a", {"enum": [True, "all"]}, "did you mean true?"),
        ("30 days", "enum", "a", {"enum": [7, 30]}, "did you mean 30?"),
        ("2h", "enum", "lease_minutes", {"enum": [120, 240]}, "did you mean 120?"),
        ("block", "enum", "a", {"enum": ["notify", 3]}, None),
        (45, "enum", "a", {"enum": ["never", 7, 30, 90]}, "did you mean 30?"),
        (70, "enum", "a", {"enum": [7, 30, 90, "never"]}, "did you mean 90?"),
        ([], "enum", "a", {"enum": [7]}, None),
        ("5", "maxLength", "a", {"type": "integer"}, None),
    ],
)
def test_what_is_probably_meant_depends_on_the_rule_that_is_broken(
    value: Json, rule: str, name: str, schema: dict[str, Any], said: str | None
) -> None:
    assert suggestion(value, rule, name, schema) == said


KNOWN = ("address", "time_zone", "exclude_dates", "ERROR", "latest", "start", "inference_unit_hour_usd", "min_units")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("email", "address"),
        ("Mail", "address"),
        ("tz", "time_zone"),
        ("timeZone", "time_zone"),
        ("TIME-ZONE", "time_zone"),
        ("holidays", "exclude_dates"),
        ("CRITICAL", "ERROR"),
        ("fatal", "ERROR"),
        ("newest", "latest"),
        ("cron", "start"),
        ("price", "inference_unit_hour_usd"),
        ("eror", "ERROR"),
        ("usd", "inference_unit_hour_usd"),
        ("the_address_of_whoever_is_on_call", "address"),
        ("us", None),
        ("uni", None),
        ("colour", None),
    ],
)
def test_a_name_is_found_by_its_letters_by_another_word_or_by_a_part(name: str, meant: str | None) -> None:
    assert nearest(name, dict.fromkeys(KNOWN)) == meant


def test_names_are_alike_but_for_capitals_dashes_and_underscores() -> None:
    assert alike("Time-Zone", "time_zone")
    assert not alike("time_zones", "time_zone")


@pytest.mark.parametrize(("wrong", "so"), [(0, True), (2, True), (3, False)])
def test_a_name_is_mistyped_if_it_is_another_but_for_a_letter_or_two(wrong: int, so: bool) -> None:
    """Of twenty letters."""
    assert mistyped("z" * wrong + "Abcdefghij_klmnopqrst"[wrong:], "abcdefghijklmnopqrst") is so


def test_names_that_differ_in_capitals_only_are_said_with_the_first_that_came() -> None:
    advice = "differs from 'Line' in capitals only; name them apart, or leave one of them out"
    assert list(alike_but_for_case(["Line", "other", "line", "LINE", "line", "Line"])) == [
        f"'line' {advice}",
        f"'LINE' {advice}",
    ]
