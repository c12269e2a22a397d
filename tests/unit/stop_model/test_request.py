"""What StopModel accepts, what it refuses and in which words, and which defaults it fills in."""

import contextlib
import copy
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.configuration import Configuration, Model
from lifecycle.errors import InvalidRequest
from lifecycle.model.version_choice import Choice
from lifecycle.shared.wire import Json, from_wire, to_wire
from lifecycle.stop_model.request import HandOver, StopRequest, stop_request
from tests.contract import contract_fields
from tests.unit.examples import ARN, CONFIGURATION, CONFIGURED_ARN, NOW, OTHER_ARN, execution, stop
from tests.unit.start_model.test_request import ANY_JSON, CONTEXTS, LEASE_CHARS, TEXT, WRITABLE, nested, payload_names

FIELDS = contract_fields("StopModel")
EVENING = execution("evening", machine="StopModel")


def refusal(payload: Json, configuration: Configuration = CONFIGURATION) -> dict[str, str]:
    """The Cause of a refused input."""
    with pytest.raises(InvalidRequest) as refused:
        stop_request(payload, EVENING, configuration)
    cause: dict[str, str] = json.loads(str(refused.value))
    return cause


def problems(payload: Json) -> list[str]:
    intro, *listed = refusal(payload)["Message"].split("\n- ")
    assert intro == "The input is not a StopModel request:"
    return listed


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("LeaseId", ["a", "run/x:1._-Z", "a" * 128]),
        ("Force", [True, False]),
        ("TimeoutSeconds", [1, 86400, 60.0]),
        ("PollSeconds", [1, 900]),
        ("ClientRequestToken", ["t", "ü" * 256]),
        ("DryRun", [True, False]),
        ("Context", [None, [], {"any": "JSON"}, "{% $states.input %}", "x" * 16382, nested(600)]),
        ("Comment", ["words", None, {}]),
        ("AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID", ["arn:aws:states:..."]),
    ],
)
def test_each_field_is_accepted_up_to_its_bounds(name: str, inside: list[Json]) -> None:
    for value in inside:
        assert stop(**{name: value}).project_version_arn == ARN


@pytest.mark.parametrize(
    ("name", "outside", "says"),
    [
        ("LeaseId", ["", "${x}"], "a lease's id"),
        ("LeaseId", ["a b", "a" * 129, "ü", "abc\n"], " has "),
        ("LeaseId", [1, None], "must be of type string"),
        ("Force", ["true", 1, None], "must be of type boolean"),
        ("TimeoutSeconds", [0], "must be at least 1"),
        ("TimeoutSeconds", [86401, 1e300], "must be at most 86400"),
        ("PollSeconds", [0], "must be at least 1"),
        ("PollSeconds", [901], "must be at most 900"),
        ("ClientRequestToken", [""], "must have at least 1 characters"),
        ("ClientRequestToken", ["t" * 257], "must have at most 256 characters"),
        ("DryRun", ["false", 0], "must be of type boolean"),
        ("Context", ["x" * 16383, nested(2000)], "must be at most 16 KiB"),
        ("Model", [1, None], "must be of type string"),
        ("Model", ["defect"], "is not configured; configured models: defects, welds"),
    ],
)
def test_each_field_is_refused_past_its_bounds_by_its_path(name: str, outside: list[Json], says: str) -> None:
    for value in outside:
        found = problems({"Model": "defects"} | {name: value})
        assert any(line.startswith(f"{name}: ") and says in line for line in found), (value, found)


@pytest.mark.parametrize("payload", [{}, {"Comment": "Insert your JSON here"}, [], "x", 7, None])
def test_who_presses_start_without_an_input_stops_nothing_and_learns_what_to_type(payload: Json) -> None:
    cause = refusal(payload)
    assert '{"Model": "defects"} (configured models: defects, welds)' in cause["Remedy"]
    assert "Nothing was done" in cause["Remedy"]
    if isinstance(payload, dict):
        assert problems(payload) == ["ProjectVersionArn, Model: exactly one of the two is needed"]


@pytest.mark.parametrize(
    ("unknown", "says"),
    [
        ("Forced", "is unknown, did you mean Force?"),
        ("force", "is unknown, did you mean Force?"),
        ("leaseID", "is unknown, did you mean LeaseId?"),
        ("LeaseMinutes", "is unknown, did you mean LeaseId?"),
        ("WaitForCapacity", f"is unknown; known are {', '.join(sorted(FIELDS))}"),
        ("MinInferenceUnits", f"is unknown; known are {', '.join(sorted(FIELDS))}"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_known_name(unknown: str, says: str) -> None:
    assert problems({"Model": "defects", unknown: 1}) == [f"{unknown}: {says}"]


def test_a_refusal_names_the_model_where_the_input_does() -> None:
    assert refusal({"Model": "defects", "Foo": 1})["ProjectVersionArn"] == ARN


def test_without_configured_models_the_example_names_an_arn() -> None:
    remedy = refusal({}, Configuration(models={}))["Remedy"]
    assert 'an input such as {"ProjectVersionArn": "arn:aws:rekognition:' in remedy


def test_a_model_elsewhere_is_refused() -> None:
    (line,) = problems({"ProjectVersionArn": ARN.replace("us-east-1", "eu-west-1")})
    assert line.startswith("ProjectVersionArn: the model is in account 123456789012, eu-west-1")


def test_every_problem_is_said_at_once() -> None:
    found = problems({"Model": "nails", "ProjectVersionArn": ARN, "Force": "yes", "TimeoutSeconds": 0, "Foo": 1})
    assert {line.split(":")[0] for line in found} == {
        *("ProjectVersionArn, Model", "Model", "Force", "TimeoutSeconds", "Foo")
    }


def test_what_is_not_asked_for_is_as_the_contract_says() -> None:
    assert stop_request({"ProjectVersionArn": OTHER_ARN}, EVENING, CONFIGURATION) == StopRequest(
        execution_arn=EVENING.id,
        began_at=NOW,
        project_version_arn=OTHER_ARN,
        due_at=NOW,
        deadline=NOW + timedelta(seconds=3600),
    )


@pytest.mark.parametrize("named_by", [{"Model": "welds"}, {"ProjectVersionArn": CONFIGURED_ARN}])
def test_a_configured_model_has_its_name_however_it_is_named(named_by: dict[str, Json]) -> None:
    asked = stop_request(named_by, EVENING, CONFIGURATION)
    assert (asked.model, asked.project_version_arn) == ("welds", CONFIGURED_ARN)


def test_what_nobody_has_asked_for_is_not_there_on_the_wire() -> None:
    asked = to_wire(stop_request({"ProjectVersionArn": OTHER_ARN}, EVENING, CONFIGURATION))
    given = {"ExecutionArn", "ProjectVersionArn", "BeganAt", "DueAt", "Deadline"}
    nothing = {"DryRun": False, "Force": False, "Warnings": [], "Others": [], "OtherExecutions": []}
    assert asked.keys() == given | nothing.keys()
    assert {name: asked[name] for name in nothing} == nothing


def test_a_name_that_means_many_versions_is_what_is_chosen_by_and_what_a_token_belongs_to() -> None:
    newest = Configuration(models={"defects": Model(project="boards")})
    versions = {"defects": Choice(ARN, "The newest.", (OTHER_ARN,))}
    payload = {"Model": "defects", "DryRun": True, "ClientRequestToken": "t-1"}
    asked = stop_request(payload, EVENING, newest, versions.__getitem__)
    assert (asked.project_version_arn, asked.others, asked.selection) == (ARN, (OTHER_ARN,), "The newest.")
    assert (asked.dry_run, asked.client_request_token, asked.token_scope) == (True, "t-1", "defects")
    assert from_wire(StopRequest, to_wire(asked)) == asked


def test_a_fixed_interval_is_raised_with_a_warning_where_it_would_take_too_many_status_checks() -> None:
    raised = stop(PollSeconds=5, TimeoutSeconds=86400)
    assert (raised.poll_seconds, len(raised.warnings)) == (88, 1)


# What a fuzzer sends ------------------------------------------------------------------------------


@settings(deadline=None)
@given(ANY_JSON | st.dictionaries(st.sampled_from(sorted(FIELDS)) | TEXT, ANY_JSON, max_size=8))
def test_any_json_is_a_request_or_is_refused_by_the_names_of_its_fields(payload: Json) -> None:
    with contextlib.suppress(InvalidRequest):
        asked = stop_request(copy.deepcopy(payload), EVENING, CONFIGURATION)
        assert set(payload) <= FIELDS
        assert asked.project_version_arn in (ARN, CONFIGURED_ARN, payload.get("ProjectVersionArn"))
        return
    cause = refusal(copy.deepcopy(payload))
    paths = {"input", "ProjectVersionArn, Model", *FIELDS, *(name[:80] or '""' for name in payload_names(payload))}
    assert any(f" {path}: " in cause["Message"] for path in paths)


OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "LeaseId": st.text(LEASE_CHARS, min_size=1, max_size=128),
    "Force": st.booleans(),
    "TimeoutSeconds": st.integers(1, 86400),
    "PollSeconds": st.integers(1, 900),
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
    asked = stop_request(copy.deepcopy(payload), EVENING, CONFIGURATION)
    assert (asked.context, asked.lease_id) == (payload.get("Context"), payload.get("LeaseId"))
    assert asked.force is payload.get("Force", False)
    assert asked.deadline - asked.due_at == timedelta(seconds=payload.get("TimeoutSeconds", 3600))
    assert from_wire(StopRequest, json.loads(json.dumps(to_wire(asked)))) == asked


def test_a_stop_that_hands_over_has_its_time_from_then_on() -> None:
    asked = stop(LeaseId="shift")
    handing = asked.handing_over(["night", "early"], NOW + timedelta(minutes=20))
    assert handing.hand_over == HandOver(("night", "early"), NOW + timedelta(minutes=20))
    assert handing.deadline == asked.deadline + timedelta(minutes=20)
    assert replace(handing, hand_over=None, deadline=asked.deadline) == asked
