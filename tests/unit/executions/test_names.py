"""Names of executions: readable, legal, one for each thing, and an execution that has one is asked what it is about."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.names import MAX_NAME, execution_name, minute, start_once
from lifecycle.executions.requests import fingerprint
from lifecycle.shared.wire import Json
from tests.unit.examples import ARN, MACHINES, OTHER_ARN
from tests.unit.twins import Executions

FORBIDDEN = set(' <>{}[]?*"#%\\^|~`$&,;:/')
"""API reference of StartExecution; a name without any is one for CloudWatch too."""
STOP = MACHINES.stop_model


def test_a_name_says_who_what_and_when_and_ends_with_what_tells_it_apart() -> None:
    name = execution_name("sweep-stop-defects", ARN, 7, when="20261124T0700Z")
    head, _, digest = name.rpartition("-")
    assert head == "sweep-stop-defects-20261124T0700Z"
    assert (len(digest), set(digest) <= set("0123456789abcdef")) == (10, True)
    assert execution_name("sweep-stop-defects", ARN, 7, when="20261124T0700Z") == name


def test_what_a_name_is_for_tells_it_apart_whatever_of_it_people_see() -> None:
    elsewhere = ARN.replace("us-east-1", "eu-west-1")
    somebody = ARN.replace("123456789012", "210987654321")
    names = {execution_name("stop-v1", arn, 7) for arn in (ARN, OTHER_ARN, elsewhere, somebody)}
    names |= {execution_name("stop-v1", ARN, 8), execution_name("stop-v1", ARN, "7"), execution_name("stop-v1", ARN)}
    names |= {execution_name("stop-v1", ARN, 7, when="20261124T0700Z")}
    assert len(names) == 8


@pytest.mark.parametrize("when", ["", "20261124T0700Z"])
def test_a_head_that_is_too_long_is_cut_and_what_follows_is_whole(when: str) -> None:
    names = {execution_name("v" * 300 + last, when=when) for last in "ab"}
    assert len(names) == 2
    assert all(len(name) == MAX_NAME and when in name for name in names)


@given(st.text(), st.text())
def test_whatever_people_call_things_a_name_is_legal(head: str, identity: str) -> None:
    name = execution_name(head, identity)
    assert 1 <= len(name) <= MAX_NAME
    assert name.isascii()
    assert not set(name) & FORBIDDEN


def test_what_is_no_part_of_a_legal_name_becomes_a_hyphen() -> None:
    assert execution_name("stop defects/v1", ARN).startswith("stop-defects-v1-")


def test_the_order_of_fields_is_no_part_of_what_a_name_is_for() -> None:
    assert execution_name("stop", {"a": 1, "b": 2}) == execution_name("stop", {"b": 2, "a": 1})


@pytest.mark.usefixtures("in_tokyo")
def test_the_minute_is_that_of_utc() -> None:
    assert minute(datetime.fromisoformat("2026-11-24T01:59:59.999+02:00")) == "20261123T2359Z"
    assert minute(datetime(2026, 11, 24, 7, tzinfo=UTC)) == "20261124T0700Z"


# Once -------------------------------------------------------------------------------------------------------------

ASKED: dict[str, Json] = {"ProjectVersionArn": ARN, "LeaseId": "shift", "LeaseMinutes": 60, "Context": {"By": "sweep"}}


def test_an_execution_is_started_once() -> None:
    executions = Executions()
    assert [start_once(executions, STOP, "name", ASKED) for _ in range(2)] == [True, False]
    assert list(executions.started.values()) == [ASKED]


def test_one_that_goes_on_is_not_started_again_whatever_step_functions_answers() -> None:
    """With the same name and input it answers as if it had started it."""

    class Idempotent(Executions):
        def start(self, state_machine_arn: str, name: str, payload: Json) -> bool:
            super().start(state_machine_arn, name, payload)
            return True

    executions = Idempotent()
    assert [start_once(executions, STOP, "name", ASKED) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "there",
    [
        {**ASKED, "LeaseMinutes": 59},
        {**ASKED, "LeaseMinutes": 60.0},
        {**ASKED, "Context": {"By": "the tick an hour before"}},
        {**ASKED, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn"},
    ],
    ids=["minutes that count from another moment", "an equal number", "another note", "by a state machine"],
)
def test_one_that_is_about_the_same_is_the_one(there: Json) -> None:
    executions = Executions(started={(STOP, "name"): there})
    assert start_once(executions, STOP, "name", ASKED) is False


@pytest.mark.parametrize(
    "there",
    [
        {**ASKED, "ProjectVersionArn": OTHER_ARN},
        {**ASKED, "LeaseId": "night"},
        {"Force": True},
        {},
        None,
        "no JSON",
        [1],
    ],
    ids=str,
)
def test_one_that_is_about_something_else_is_an_error_that_names_it(there: Json) -> None:
    executions = Executions(started={(STOP, "name"): there})
    with pytest.raises(ServiceUnavailable, match="name is there already, and is about something else") as error:
        start_once(executions, STOP, "name", ASKED)
    assert error.value.message.endswith("execution:Lifecycle-StopModel:name")
    assert error.value.cause["Remedy"] == (
        "Look who has started it. It keeps nothing from being started under another name."
    )


def test_one_that_somebody_else_starts_meanwhile_is_asked_what_it_is_about() -> None:
    class Meanwhile(Executions):
        def start(self, state_machine_arn: str, name: str, payload: Json) -> bool:
            self.started.setdefault((state_machine_arn, name), ASKED)
            return super().start(state_machine_arn, name, payload)

    assert start_once(Meanwhile(), STOP, "name", {**ASKED, "LeaseMinutes": 59}) is False
    with pytest.raises(ServiceUnavailable, match="is about something else"):
        start_once(Meanwhile(), STOP, "name", {"Force": True})


def test_one_that_can_not_be_seen_yet_is_believed_by_nobody() -> None:
    """DescribeExecution is eventually consistent."""

    class Hidden(Executions):
        def describe(self, _execution_arn: str) -> None:
            return None

    with pytest.raises(ServiceUnavailable, match="can't be seen yet"):
        start_once(Hidden(started={(STOP, "name"): ASKED}), STOP, "name", ASKED)


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1.0, 1e0), (100, 1e2), (0.5, 5e-1), ([1, {"a": 2}], [1.0, {"a": 2.0}])]
)
def test_numbers_that_are_equal_are_equal(one: Json, other: Json) -> None:
    assert fingerprint({"LeaseMinutes": one}) == fingerprint({"LeaseMinutes": other})


@pytest.mark.parametrize(("one", "other"), [(1, 1.5), (1, "1"), (1, True), (0, None), (2**53 + 1, 2**53)])
def test_numbers_that_are_not_are_not(one: Json, other: Json) -> None:
    assert fingerprint({"LeaseMinutes": one}) != fingerprint({"LeaseMinutes": other})
