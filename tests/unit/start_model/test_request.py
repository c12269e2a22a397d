"""What StartModel accepts, what it refuses and in which words, and which defaults it fills in."""

import contextlib
import copy
import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifecycle.configuration import Configuration, Model
from lifecycle.errors import InvalidRequest, ModelNotFound
from lifecycle.executions.requests import fingerprint, is_silent
from lifecycle.executions.state_machines import Machine
from lifecycle.model.leases import LONGEST_LEASE, PastStart, Starter
from lifecycle.model.polling import lead_seconds
from lifecycle.model.version_choice import Choice
from lifecycle.shared.wire import Json, from_wire, to_wire
from lifecycle.start_model.request import StartRequest, start_request
from tests.contract import contract_fields
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, CONFIGURED_ARN, NOW, OTHER_ARN, execution, request

LONGEST = LONGEST_LEASE // timedelta(minutes=1)

FIELDS = contract_fields("StartModel")


def nested(levels: int) -> Json:
    """A document as deep as that."""
    document: Json = {}
    for _ in range(levels):
        document = {"deeper": document}
    return document


def refusal(payload: Json, configuration: Configuration = CONFIGURATION) -> dict[str, str]:
    """The Cause of a refused input."""
    with pytest.raises(InvalidRequest) as refused:
        start_request(payload, execution(), configuration)
    cause: dict[str, str] = json.loads(str(refused.value))
    return cause


def problems(payload: Json) -> list[str]:
    intro, *listed = refusal(payload)["Message"].split("\n- ")
    assert intro == "The input is not a StartModel request:"
    return listed


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("MinInferenceUnits", [1, 1000, 2.0]),
        ("MaxInferenceUnits", [1, 1000]),
        ("LeaseId", ["a", "run/x:1._-Z", "a" * 128]),
        ("LeaseMinutes", [0, LONGEST]),
        ("ReadyAt", ["2026-11-24T07:00:00Z", "2026-12-24T08:00:00.000+01:00", "0001-01-01T00:00:00Z"]),
        ("TimeoutSeconds", [1, 86400]),
        ("PollSeconds", [1, 900]),
        ("WaitForCapacity", [True, False]),
        ("IgnoreBudget", [True, False]),
        ("ClientRequestToken", ["t", "ü" * 256]),
        ("DryRun", [True, False]),
        ("Context", [None, [], {"any": "JSON"}, "{% $states.input %}", "x" * 16382]),
        ("Context", [[1] * 8191, {"u": "ü" * 8188}, nested(600)]),  # 16 KiB at its shortest, and as deep as that
        ("Comment", ["words", None, {}]),
        ("AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID", ["arn:aws:states:..."]),
    ],
)
def test_each_field_is_accepted_up_to_its_bounds(name: str, inside: list[Json]) -> None:
    for value in inside:
        assert request(**{name: value}).project_version_arn == ARN


@pytest.mark.parametrize(
    ("name", "outside", "says"),
    [
        ("MinInferenceUnits", [0, -1], "must be at least 1"),
        ("MinInferenceUnits", ["1", 1.5, True, None], "must be of type integer"),
        ("MaxInferenceUnits", [0], "must be at least 1"),
        ("MaxInferenceUnits", [1001, 10**400], "must be at most 1000"),
        ("LeaseId", ["", "${x}"], "a lease's id"),
        ("LeaseId", ["a b", "a" * 129, "ü", "abc\n"], " has "),
        ("LeaseId", [1], "must be of type string"),
        ("LeaseMinutes", [-1], "must be at least 0"),
        ("LeaseMinutes", [LONGEST + 1], f"must be at most {LONGEST}"),
        ("ReadyAt", ["tomorrow", "2026-11-25", "2026-11-25T08:00:00", "2026-02-30T08:00:00Z", ""], "RFC 3339"),
        ("ReadyAt", ["2026-12-24T07:00:01Z", "9999-12-31T23:59:59-01:00"], "is more than 30 days ahead"),
        ("ReadyAt", [1793520000], "must be of type string"),
        ("TimeoutSeconds", [0], "must be at least 1"),
        ("TimeoutSeconds", [86401, 1e300], "must be at most 86400"),
        ("PollSeconds", [0], "must be at least 1"),
        ("PollSeconds", [901], "must be at most 900"),
        ("WaitForCapacity", ["true", 1, None], "must be of type boolean"),
        ("IgnoreBudget", ["true", 1, None], "must be of type boolean"),
        ("ExtendOnly", ["true", 1, None], "must be of type boolean"),
        ("ClientRequestToken", [""], "must have at least 1 characters"),
        ("ClientRequestToken", ["t" * 257], "must have at most 256 characters"),
        ("DryRun", ["false", 0], "must be of type boolean"),
        ("Context", ["x" * 16383, {"ü": "ü" * 8190}, [1] * 8193], "must be at most 16 KiB"),
        ("Context", [{"u": "ü" * 8188 + "x"}, nested(2000), {"wide": "x" * 16_384, "deep": nested(600)}], "16 KiB"),
        ("Model", [1, None, ["defects"]], "must be of type string"),
        ("Model", [""], "must be a configured model's name"),
        ("Model", ["two words", "m" * 65], " has "),
        ("Model", ["defect", "Defects"], "is not configured; configured models: defects, welds"),
    ],
)
def test_each_field_is_refused_past_its_bounds_by_its_path(name: str, outside: list[Json], says: str) -> None:
    for value in outside:
        found = problems({"Model": "defects"} | {name: value})
        assert any(line.startswith(f"{name}: ") and says in line for line in found), (value, found)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("arn:" + "x" * 76, '"arn:' + "x" * 76 + '"'),
        ("arn:" + "x" * 77, '... "rn:' + "x" * 77 + '"'),
        (CONFIGURED_ARN, f'... "{CONFIGURED_ARN[-80:]}"'),
    ],
)
def test_of_a_long_text_in_place_of_a_models_name_its_end_is_shown(name: str, shown: str) -> None:
    (line,) = problems({"Model": name})
    assert f"; got {shown}" in line


def test_a_name_with_a_blank_too_many_is_meant_as_it_is_written() -> None:
    configuration = Configuration(models={"defects": Model(ARN), "Defects": Model(CONFIGURED_ARN)})
    assert ", did you mean defects?" in refusal({"Model": "defects "}, configuration)["Message"]


def test_a_name_like_no_configured_one_has_no_hint() -> None:
    assert problems({"Model": "xyz"}) == ["Model: 'xyz' is not configured; configured models: defects, welds"]


def test_an_arn_with_a_slash_too_many_is_no_name_either() -> None:
    (line,) = problems({"Model": f"{ARN}/"})
    assert "; Model is a name; " in line


def test_a_time_that_is_none_is_shown_to_its_last_80_characters() -> None:
    (line,) = problems({"Model": "defects", "ReadyAt": "soon" * 30})
    assert line.endswith(f'; got "{"soon" * 20}"')


def test_a_problem_shows_an_example_and_an_excerpt_of_what_came() -> None:
    (line,) = problems({"Model": "defects", "LeaseId": "?" * 500})
    assert 'for example "nightly-inspection"' in line
    assert line.endswith("?" * 99 + '"')
    assert len(line) < 310


@pytest.mark.parametrize(
    "payload", [{}, {"Model": "defects", "ProjectVersionArn": ARN}, {"Comment": "Insert your JSON here"}]
)
def test_exactly_one_of_arn_and_model_names_the_model(payload: dict[str, Json]) -> None:
    assert "ProjectVersionArn, Model: exactly one of the two is needed" in problems(payload)


@pytest.mark.parametrize(
    "payload", [{}, {"Comment": "Insert your JSON here"}, [], [{"Model": "defects"}], "x", 7, None]
)
def test_who_presses_start_without_an_input_learns_exactly_what_to_type(payload: Json) -> None:
    remedy = refusal(payload)["Remedy"]
    assert "Nothing was done" in remedy
    assert '{"Model": "defects"} (configured models: defects, welds)' in remedy
    if not isinstance(payload, dict):
        assert problems(payload)[0].startswith("input: must be of type object")


def test_without_configured_models_the_example_names_an_arn() -> None:
    remedy = refusal({}, Configuration(models={}))["Remedy"]
    assert remedy.endswith(" (no model is configured in cdk.json yet).")
    (asked,) = re.findall(r"\{.*?\}", remedy)
    assert set(json.loads(asked)) == {"ProjectVersionArn"}


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        (
            ARN.replace("us-east-1", "eu-west-1"),
            "is in account 123456789012, eu-west-1; this app manages models in account 123456789012, us-east-1 only",
        ),
        (ARN.replace("123456789012", "210987654321"), "is in account 210987654321, us-east-1"),
        (
            "arn:aws:rekognition:us-east-1:123456789012:project/boards/1793510000000",
            "is a project's ARN; a version's goes",
        ),
        (f"{ARN}\n", f"has a line break at its end; got {json.dumps(ARN + chr(10))}, did you mean {json.dumps(ARN)}?"),
        ("", "must be a model version's ARN"),
        ("defects", "is a configured model's name; put it into Model"),
        (ARN.rpartition("/")[0], "is a model version's ARN without the number at its end"),
        (["arn"], "must be of type string"),
    ],
)
def test_a_model_is_refused_that_is_elsewhere_or_no_model_version(arn: Json, says: str) -> None:
    found = problems({"ProjectVersionArn": arn})
    assert any(line.startswith("ProjectVersionArn: ") and says in line for line in found), found


def test_an_arn_has_digits_of_ascii_alone() -> None:
    refusal(
        {"ProjectVersionArn": ARN.replace("123456789012", "".join(chr(0xFF10 + digit % 10) for digit in range(12)))}
    )


@pytest.mark.parametrize(
    ("unknown", "says"),
    [
        ("mininferenceunits", "is unknown, did you mean MinInferenceUnits?"),
        ("ProjectVersionARN", "is unknown, did you mean ProjectVersionArn?"),
        ("Timeout", "is unknown, did you mean TimeoutSeconds?"),
        ("leaseID", "is unknown, did you mean LeaseId?"),
        ("", f"is unknown; known are {', '.join(sorted(FIELDS))}"),
        ("zzz", f"is unknown; known are {', '.join(sorted(FIELDS))}"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_known_name(unknown: str, says: str) -> None:
    path = unknown or '""'
    assert problems({"Model": "defects", unknown: 1}) == [f"{path}: {says}"]


@pytest.mark.parametrize(
    ("name", "value"), [("Model", "two words"), ("ReadyAt", "tomorrow"), ("MaxInferenceUnits", 0), ("Model", "")]
)
def test_of_a_field_one_problem_is_said_with_what_was_given(name: str, value: Json) -> None:
    (line,) = problems({"Model": "defects"} | {name: value})
    assert line.startswith(f"{name}: ")
    assert f"; got {json.dumps(value)}" in line


def test_a_model_that_is_given_as_its_arn_is_reported_where_that_goes() -> None:
    (line,) = problems({"Model": ARN})
    assert line.startswith("Model: is a model version's ARN; put it into ProjectVersionArn; got ")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-12-01T19:12:54z", "2026-12-01T19:12:54+00:00"),
        ("2026-12-01t19:12:54Z", "2026-12-01T19:12:54+00:00"),
        ("2026-12-01T19:12:54.5-00:00", "2026-12-01T19:12:54.500000+00:00"),
        ("2026-12-01T19:12:54.123456789+01:30", "2026-12-01T19:12:54.123456+01:30"),
        ("2026-11-30T23:59:60Z", "2026-12-01T00:00:00+00:00"),
        ("2026-12-01T00:59:60+01:00", "2026-12-01T00:00:00+00:00"),
    ],
)
def test_all_that_rfc_3339_allows_is_a_time(written: str, moment: str) -> None:
    assert request(ReadyAt=written).ready_at == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("2026-12-01T19:12:54+0100", "did you mean 2026-12-01T19:12:54+01:00?"),
        ("2026-12-01T19:12:54+01", "did you mean 2026-12-01T19:12:54+01:00?"),
        ("2026-12-01 19:12Z", "did you mean 2026-12-01T19:12:00Z?"),
        (" 2026-12-01T19:12:54Z\n", "did you mean 2026-12-01T19:12:54Z?"),
        (
            "2026-12-01T19:12:54",
            "has no UTC offset: end it with Z for UTC, or with yours, as in 2026-12-01T19:12:54+01:00",
        ),
        ("2026-12-01", "is a day without a time"),
        ("2026-12-01T24:00:00Z", "is no valid day, time or offset"),
        ("2026-12-01T10:59:60Z", "is no valid day, time or offset"),
        ("1793520000", "is a number of seconds since 1970, did you mean 2026-11-01T"),
        ("tomorrow", "must be an RFC 3339 time with its UTC offset"),
    ],
)
def test_of_another_text_it_is_said_what_it_lacks(written: str, says: str) -> None:
    (line,) = problems({"Model": "defects", "ReadyAt": written})
    assert line.startswith("ReadyAt: ")
    assert says in line


def test_every_problem_is_said_at_once() -> None:
    found = problems(
        {
            "ProjectVersionArn": ARN.replace("us-east-1", "eu-west-1"),
            "Model": "nails",
            "MinInferenceUnits": 3,
            "MaxInferenceUnits": 2,
            "LeaseMinutes": -1,
            "ReadyAt": "2027-01-01T00:00:00Z",
            "Context": "x" * 20_000,
            "Foo": 1,
        }
    )
    assert {line.split(":")[0] for line in found} == {
        "ProjectVersionArn, Model",
        "ProjectVersionArn",
        "Model",
        "MaxInferenceUnits",
        "LeaseMinutes",
        "ReadyAt",
        "Context",
        "Foo",
    }


@pytest.mark.parametrize(("count", "rest"), [(30, []), (100, ["and 70 problems more"])])
def test_a_flood_of_problems_is_counted_and_not_listed(count: int, rest: list[str]) -> None:
    found = problems({"Model": "defects"} | {f"x{n:04}": n for n in range(count)})
    assert len(found[:30]) == 30
    assert found[30:] == rest


@pytest.mark.parametrize(
    ("units", "least"),
    [
        ({"MinInferenceUnits": 3, "MaxInferenceUnits": 2}, 3),
        ({"MinInferenceUnits": 3.0, "MaxInferenceUnits": 2}, 3),
        ({"MinInferenceUnits": 3, "MaxInferenceUnits": 2.0}, 3),
        ({"Model": "welds", "MaxInferenceUnits": 1}, 2),  # configured with a minimum of 2
    ],
)
def test_the_maximum_is_no_less_than_the_minimum(units: dict[str, Json], least: int) -> None:
    (line,) = problems({"Model": "defects"} | units)
    assert line.startswith("MaxInferenceUnits: ")
    assert f"is less than MinInferenceUnits, {least}" in line


def test_the_maximum_is_no_less_than_the_configured_minimum_of_a_model_that_is_named_by_its_arn() -> None:
    (line,) = problems({"ProjectVersionArn": CONFIGURED_ARN, "MaxInferenceUnits": 1})
    assert line == "MaxInferenceUnits: 1 is less than MinInferenceUnits, 2"


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ({"Model": "defects", "Foo": 1}, ARN),
        ({"ProjectVersionArn": OTHER_ARN, "Foo": 1}, OTHER_ARN),
        ({"Model": "nails"}, None),
        ({"ProjectVersionArn": "nails"}, None),
        ([], None),
    ],
)
def test_a_refusal_names_the_model_where_the_input_does(payload: Json, names: str | None) -> None:
    assert refusal(payload).get("ProjectVersionArn") == names


def test_what_is_not_asked_for_is_as_the_contract_says() -> None:
    assert start_request({"ProjectVersionArn": OTHER_ARN}, execution("run-7"), CONFIGURATION) == StartRequest(
        execution_arn=execution("run-7").id,
        began_at=NOW,
        project_version_arn=OTHER_ARN,
        min_inference_units=1,
        lease_id="run-7",
        lease_minutes=120,
        due_at=NOW,
        deadline=NOW + timedelta(seconds=3600),
    )


def test_what_utf_8_can_not_write_is_refused() -> None:
    says = "has half of a surrogate pair in it, such as \\ud800, which is no character"
    for half in ("\ud800", "\udfff"):
        assert problems({"Model": "defects", "ClientRequestToken": half}) == [f"ClientRequestToken: {says}"]
        assert problems({"Model": "defects", "Context": [half]}) == [f"Context: {says}"]
    assert request(Context="\ud7ff\ue000").context == "\ud7ff\ue000"


LOSES_DIGITS = "beyond 2^53, where readers of JSON begin to lose digits of a number; pass it as a string"


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**63, 1e16, 1e300])
def test_a_number_that_may_lose_digits_is_refused_wherever_it_is(number: float) -> None:
    (line,) = problems({"Model": "defects", "Context": number})
    assert line == f"Context: the number is {json.dumps(number)}, {LOSES_DIGITS}"
    (line,) = problems({"Model": "defects", "Context": {"orders": [1, {"id": number}]}})
    assert line == f"Context: orders[1].id is {json.dumps(number)}, {LOSES_DIGITS}"


def test_each_of_such_numbers_is_found_and_forty_digits_of_it_are_shown() -> None:
    listed = problems({"Model": "defects", "Context": {"a": {"x": 1}, "b": [[1], [10**40], 2**60], "c": 10**39}})
    assert listed == [
        f"Context: b[1][0] is 1{'0' * 39}..., {LOSES_DIGITS}",
        f"Context: b[2] is {2**60}, {LOSES_DIGITS}",
        f"Context: c is 1{'0' * 39}, {LOSES_DIGITS}",
    ]


def test_of_many_such_numbers_three_are_named() -> None:
    listed = problems({"Model": "defects", "Context": [2**60] * 9})
    assert [line.partition(" is ")[0] for line in listed] == [
        "Context: [0]",
        "Context: [1]",
        "Context: [2]",
        "and 6 such numbers more",
    ]


@pytest.mark.parametrize("number", [10**5000, float("inf"), float("nan")], ids=["digits", "inf", "nan"])
def test_a_number_that_can_not_even_be_shown_is_refused(number: float) -> None:
    (line,) = problems({"Model": "defects", "Context": [number]})
    assert line == f"Context: has a number {LOSES_DIGITS}"


@pytest.mark.parametrize("number", [2**53, -(2**53), float(2**53), 0.1, True])
def test_a_number_that_keeps_its_digits_is_accepted(number: float) -> None:
    assert request(Context=[number, "9007199254740993"]).context == [number, "9007199254740993"]


@pytest.mark.parametrize(
    ("payload", "machine", "silent"),
    [
        ({}, Machine.START_MODEL, True),
        ({"Comment": "Insert your JSON here"}, Machine.STOP_MODEL, True),
        ({"Comment": "?", "Model": "defects"}, Machine.START_MODEL, False),
        ({"Model": "defects", "DryRun": True}, Machine.RUN_WITH_MODEL, True),
        ({"Model": "defects", "DryRun": "yes"}, Machine.START_MODEL, False),
        ({"Model": "defects", "ExtendOnly": True}, Machine.START_MODEL, True),
        ({"Model": "defects", "ExtendOnly": True}, Machine.STOP_MODEL, False),
        ({"Model": "defects", "ExtendOnly": 1}, Machine.START_MODEL, False),
        ([], Machine.START_MODEL, False),
        (None, Machine.START_MODEL, False),
    ],
)
def test_questions_dry_runs_and_extensions_are_silent(payload: Json, machine: Machine, silent: bool) -> None:
    assert is_silent(payload, machine) is silent


@pytest.mark.parametrize(("count", "more"), [(30, "m29)."), (31, "m29, and 1 more).")])
def test_thirty_configured_models_are_named_and_more_are_counted(count: int, more: str) -> None:
    configuration = Configuration(models={f"m{number:02}": Model(ARN) for number in range(count)})
    assert refusal({}, configuration)["Remedy"].endswith(more)


def test_what_nobody_has_asked_for_is_not_there_on_the_wire() -> None:
    asked = to_wire(start_request({"ProjectVersionArn": OTHER_ARN}, execution(), CONFIGURATION))
    given = {"ExecutionArn", "ProjectVersionArn", "BeganAt", "DueAt", "Deadline", "MinInferenceUnits", "LeaseId"}
    assert asked.keys() == given | {
        "LeaseMinutes",
        "DryRun",
        "WaitForCapacity",
        "ExtendOnly",
        "IgnoreBudget",
        "Warnings",
    }
    assert (asked["DryRun"], asked["WaitForCapacity"], asked["Warnings"]) == (False, False, [])


def test_what_is_asked_for_is_in_the_request() -> None:
    asked = request(WaitForCapacity=True, DryRun=True, ClientRequestToken="t-1", ReadyAt="2026-11-24T09:00:00Z")
    assert (asked.wait_for_capacity, asked.dry_run, asked.client_request_token) == (True, True, "t-1")
    assert asked.ready_at == NOW + timedelta(hours=2)


def test_to_be_ready_now_is_to_start_at_once() -> None:
    assert request(ReadyAt="2026-11-24T07:00:00Z") == request()


def test_a_start_says_of_itself_what_its_lease_is() -> None:
    asked = request(LeaseId="shift-2", LeaseMinutes=45, IgnoreBudget=True)
    assert asked.starter == Starter(asked.execution_arn, "shift-2", asked.deadline, 45, ignore_budget=True)


@pytest.mark.parametrize("ready_at", [None, "2026-11-24T09:00:00Z"])
def test_a_start_for_later_is_due_as_late_as_past_starts_allow(ready_at: str | None) -> None:
    asked = request(**({"ReadyAt": ready_at} if ready_at else {}))
    assert asked.as_late_as(()) is asked
    past = [PastStart(NOW, 595, 600)] * 20
    later = asked.as_late_as(past)
    if ready_at is None:
        assert later is asked
    else:
        assert later.due_at == NOW + timedelta(hours=2, seconds=-lead_seconds(past)) > asked.due_at
        assert later.deadline - later.due_at == asked.deadline - asked.due_at
    long_ago = replace(asked, began_at=NOW + timedelta(hours=3))
    assert ready_at is None or long_ago.as_late_as(past).due_at == long_ago.began_at


NEWEST = Configuration(models={"defects": Model(project="boards")})


def test_a_name_that_means_the_newest_version_is_what_is_chosen_by_and_what_a_token_belongs_to() -> None:
    versions = {"defects": Choice(ARN, reason="The newest.")}
    asked = start_request({"Model": "defects"}, execution(), NEWEST, versions.__getitem__)
    assert (asked.project_version_arn, asked.selection, asked.token_scope) == (ARN, "The newest.", "defects")
    assert request().token_scope == ARN


def test_where_nobody_chooses_such_a_name_means_no_version() -> None:
    with pytest.raises(ModelNotFound) as nothing:
        start_request({"Model": "defects"}, execution(), NEWEST)
    assert nothing.value.message == "No version of the model defects was chosen."


@pytest.mark.parametrize("named_by", [{"Model": "welds"}, {"ProjectVersionArn": CONFIGURED_ARN}])
def test_a_configured_model_has_its_own_defaults_however_it_is_named(named_by: dict[str, Json]) -> None:
    asked = start_request(named_by, execution(), CONFIGURATION)
    assert (asked.model, asked.project_version_arn) == ("welds", CONFIGURED_ARN)
    assert (asked.min_inference_units, asked.max_inference_units, asked.lease_minutes) == (2, 4, 45)


def test_the_input_wins_over_the_configuration() -> None:
    asked = request(Model="welds", MinInferenceUnits=3, MaxInferenceUnits=3, LeaseMinutes=0)
    assert (asked.min_inference_units, asked.max_inference_units, asked.lease_minutes) == (3, 3, 0)


@pytest.mark.parametrize(("least", "most"), [(4, 4), (5, None)])
def test_a_configured_maximum_never_undercuts_a_minimum_that_is_asked_for(least: int, most: int | None) -> None:
    asked = request(Model="welds", MinInferenceUnits=least)
    assert (asked.min_inference_units, asked.max_inference_units) == (least, most)


@pytest.mark.parametrize(
    ("ready_at", "due"),
    [
        ("2026-11-24T09:00:00+01:00", timedelta(minutes=30)),  # 08:00 UTC, an hour from now
        ("2026-11-24T07:30:00Z", timedelta()),  # the lead is just used up
        ("2026-11-24T07:10:00Z", timedelta()),
        ("2026-11-24T06:00:00Z", timedelta()),
        ("2020-01-01T00:00:00Z", timedelta()),
        ("0001-01-01T00:00:00Z", timedelta()),  # what some languages write for "no time"
        ("0001-01-01T00:00:00+01:00", timedelta()),
        ("2026-12-24T07:00:00Z", timedelta(days=30, minutes=-30)),
    ],
)
def test_a_start_is_due_half_an_hour_before_ready_at_and_never_before_now(ready_at: str, due: timedelta) -> None:
    asked = request(ReadyAt=ready_at, TimeoutSeconds=600)
    assert (asked.due_at - NOW, asked.deadline - asked.due_at) == (due, timedelta(seconds=600))
    assert from_wire(StartRequest, to_wire(asked)) == asked


def test_a_time_too_far_ahead_is_refused_with_what_was_asked() -> None:
    (line,) = problems({"Model": "defects", "ReadyAt": "2026-12-24T07:00:01Z"})
    assert line == "ReadyAt: 2026-12-24T07:00:01Z is more than 30 days ahead"


def test_a_fixed_interval_is_raised_with_a_warning_where_it_would_take_too_many_status_checks() -> None:
    raised = request(PollSeconds=5, TimeoutSeconds=86400)
    assert raised.poll_seconds == 88
    assert raised.warnings == (
        "PollSeconds was raised from 5 to 88, to stay under 1,000 status checks in 86400 s: for a shorter interval, "
        "request a shorter TimeoutSeconds.",
    )
    kept = request(PollSeconds=5)
    assert (kept.poll_seconds, kept.warnings) == (5, ())


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"Comment": "again"}, True),
        ({"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:..."}, True),
        ({"Context": {"b": 2, "a": 1}}, True),
        ({"Context": {"a": 2, "b": 2}}, False),
        ({"MinInferenceUnits": 2}, False),
        ({"LeaseId": "x"}, False),
        ({"TimeoutSeconds": 60}, False),
        ({"comment": "x"}, False),
        ({"MinInferenceUnits": 1.0}, True),
        (json.loads('{"MinInferenceUnits": 1e0, "Context": {"a": 10E-1, "b": 2.0}}'), True),
    ],
)
def test_two_inputs_ask_for_the_same_whatever_their_comments(other: dict[str, Json], same: bool) -> None:
    first = {"Model": "defects", "MinInferenceUnits": 1, "Context": {"a": 1, "b": 2}}
    assert (fingerprint(first) == fingerprint(first | other)) is same


# What a fuzzer sends ------------------------------------------------------------------------------

NASTY = ["{% $states.input %}", "${StartModelArn}", "{0.__class__}", "%s", "\x00", "\ud800", "'; --", "x" * 200, "a.b"]
TEXT = st.text(max_size=20) | st.sampled_from(NASTY)
NAMES = st.sampled_from(sorted(FIELDS)) | TEXT
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
ANY_JSON = st.recursive(
    SCALARS | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5)
)
WRITABLE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
"""What UTF-8 can write: no half of a surrogate pair."""
CONTEXTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-(2.0**53), 2.0**53) | WRITABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WRITABLE, inner, max_size=5),
)


def payload_names(payload: Json) -> list[str]:
    return list(payload) if isinstance(payload, dict) else []


@settings(deadline=None)
@given(ANY_JSON | st.dictionaries(NAMES, ANY_JSON, max_size=8) | st.lists(ANY_JSON, max_size=3))
@example({"Model": "defects", "ReadyAt": "0001-01-01T00:00:00Z"})
@example({"Model": "defects", "Context": [[[[[[[[[[{"deep": {}}]]]]]]]]]]})
@example({"Model": "defects", "x" * 50_000: "x" * 50_000, "LeaseId": "x" * 50_000, "Context": ["x" * 50_000]})
@example({"ProjectVersionArn": f"{ACCOUNT}:project/../version/v1/1"})
@example({"Model": "defects", "": 1})
def test_any_json_is_a_request_or_is_refused_by_the_names_of_its_fields(payload: Json) -> None:
    with contextlib.suppress(InvalidRequest):
        asked = start_request(copy.deepcopy(payload), execution(), CONFIGURATION)
        assert set(payload) <= FIELDS
        assert asked.project_version_arn in (ARN, CONFIGURED_ARN, payload.get("ProjectVersionArn"))
        return
    cause = refusal(copy.deepcopy(payload))
    paths = {"input", "ProjectVersionArn, Model", *FIELDS, *(name[:80] or '""' for name in payload_names(payload))}
    assert any(f" {path}: " in cause["Message"] for path in paths)
    assert cause["Remedy"]


LEASE_CHARS = "ABCxyz019._:/-"
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "MinInferenceUnits": st.integers(1, 3),
    "MaxInferenceUnits": st.integers(3, 1000),
    "LeaseId": st.text(LEASE_CHARS, min_size=1, max_size=128),
    "LeaseMinutes": st.integers(0, LONGEST),
    "ReadyAt": st.builds(
        lambda ahead, offset: (NOW + ahead).astimezone(timezone(offset)).isoformat(timespec="milliseconds"),
        st.timedeltas(timedelta(days=-20_000), timedelta(days=30)),
        st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    ),
    "TimeoutSeconds": st.integers(1, 86400),
    "PollSeconds": st.integers(1, 900),
    "WaitForCapacity": st.booleans(),
    "IgnoreBudget": st.booleans(),
    "ExtendOnly": st.just(value=False),  # true refuses some of the others
    "ClientRequestToken": WRITABLE,
    "DryRun": st.booleans(),
    "Context": CONTEXTS,
    "Comment": ANY_JSON,
    "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": TEXT,
}
VALID = st.tuples(
    st.fixed_dictionaries({"Model": st.sampled_from(["defects", "welds"])})
    | st.fixed_dictionaries({"ProjectVersionArn": st.sampled_from([ARN, OTHER_ARN, CONFIGURED_ARN])}),
    st.fixed_dictionaries({}, optional=OPTIONAL),
).map(lambda parts: parts[0] | parts[1])


@settings(deadline=None)
@given(VALID)
def test_what_the_contract_allows_passes_and_survives_the_state_machine(payload: dict[str, Json]) -> None:
    asked = start_request(copy.deepcopy(payload), execution(), CONFIGURATION)
    assert asked.context == payload.get("Context")
    assert asked.due_at >= NOW
    assert timedelta(seconds=1) <= asked.deadline - asked.due_at <= timedelta(days=1)
    assert from_wire(StartRequest, json.loads(json.dumps(to_wire(asked)))) == asked


def test_a_request_of_a_newer_version_is_read_without_its_new_fields() -> None:
    asked = request(Context={"ReadyAt": "2026-11-24T07:00:00Z"})
    assert from_wire(StartRequest, to_wire(asked) | {"NewField": 1}) == asked


def test_a_deep_context_survives_the_state_machine() -> None:
    asked = request(Context=nested(600))
    assert json.dumps(from_wire(StartRequest, json.loads(json.dumps(to_wire(asked)))).context) == json.dumps(
        nested(600)
    )


def test_validation_leaves_the_input_as_it_came() -> None:
    """Its fingerprint must not depend on defaults that a later version may change."""
    payload = {"Model": "defects"}
    start_request(payload, execution(), CONFIGURATION)
    assert payload == {"Model": "defects"}


def by_event(path: str, **fields: Json) -> dict[str, Json]:
    context = {"EventRule": "shift", "EventId": "5a1c", "EventTime": "2026-11-24T07:00:00Z"}
    return {"Context": context, "Comment": {"Path": path, **fields}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"Model": "", **by_event("$.detail.model", Event={"detail": {"model": "defects\n"}})},
            'Model: event 5a1c of the event rule shift has "defects\\n" at $.detail.model, which is no configured',
        ),
        (
            {"Model": "", **by_event("$.detail.model", Event={"detail": ["model"]})},
            "Model: event 5a1c of the event rule shift has nothing at $.detail.model",
        ),
        (
            {"Model": "", **by_event("$.detail.model", Event={"detail": {}})},
            "Model: event 5a1c of the event rule shift has nothing at $.detail.model",
        ),
        (
            {"Model": "", **by_event("$.detail.model", Event={"detail": {"model": None}})},
            "Model: event 5a1c of the event rule shift has null at $.detail.model, which is no configured",
        ),
        (
            {"Model": "", **by_event("$.model", Event={"model": "x" * 78})},
            f'event 5a1c of the event rule shift has "{"x" * 78}" at $.model, which is no configured',
        ),
        (
            {"Model": "", **by_event("$.model", Event={"model": "x" * 79})},
            f'event 5a1c of the event rule shift has "{"x" * 79}... at $.model, which is no configured',
        ),
        (
            {"Model": "defect", **by_event("$.detail.model")},
            "did you mean defects? (from event 5a1c of the event rule shift, at $.detail.model)",
        ),
        (
            {"Model": "defect", **by_event("p" * 101), "Context": {"EventRule": "r" * 65, "EventId": "i" * 65}},
            f"(from event {'i' * 64}... of the event rule {'r' * 64}..., at {'p' * 100}...)",
        ),
        (
            {"ProjectVersionArn": "", **by_event("$.detail.arn")},
            "ProjectVersionArn: event 5a1c of the event rule shift has nothing at $.detail.arn",
        ),
    ],
)
def test_of_an_event_it_says_which_one_and_where_it_should_have_named_a_model(given: Json, said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        start_request(given, execution(), CONFIGURATION)
    assert said in refused.value.message.splitlines()[1]


@pytest.mark.parametrize("comment", [None, 7, [], {}, {"Path": 7}, {"Path": "$.a", "Event": None}, "Path"])
@pytest.mark.parametrize("context", [None, "EventRule", {}, {"EventRule": {}, "EventId": []}])
def test_whatever_somebody_says_of_an_event_the_request_is_refused_in_order(comment: Json, context: Json) -> None:
    with pytest.raises(InvalidRequest, match="Model"):
        start_request({"Model": "", "Comment": comment, "Context": context}, execution(), CONFIGURATION)
