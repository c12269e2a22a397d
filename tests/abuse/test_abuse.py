"""What docs/evidence/abuse.md promises of hostile inputs and calls, and of the largest that are legal.

``make test`` tries the same few of each kind every time, ``make abuse`` some hundred of each, others every time.
"""

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings.settings import Settings, SettingsError
from tests.abuse import doors, judge, schemas, sizes
from tests.abuse.hostile import HOSTILE, VALUES
from tests.abuse.inputs import SCHEMAS, WRONG, Hostile, legal, wrong
from tests.account import machine
from tests.account.account import Account
from tests.account.faults import Fault, Lost
from tests.account.functions import Functions
from tests.conftest import SETTINGS
from tests.unit.examples import ARN
from tests.unit.examples import MACHINES as ARNS

pytestmark = pytest.mark.xdist_group("faults")
DOCUMENT = (Path(__file__).parents[2] / "docs" / "evidence" / "abuse.md").read_text(encoding="utf-8")
TIMES = int(os.environ.get("ABUSE", "1"))
"""So many times as many as in ``make test``, and others every time."""

Test = Callable[..., None]


def examples(count: int) -> Callable[[Test], Test]:
    """So many in ``make test``."""
    return settings(max_examples=count * TIMES, derandomize=TIMES == 1, print_blob=True, database=None)


@pytest.mark.parametrize("words", WRONG)
@pytest.mark.parametrize("name", SCHEMAS)
def test_an_input_that_is_wrong_is_refused_by_its_name_and_touches_nothing(
    functions: Functions, name: str, words: str
) -> None:
    @examples(2 if "12,000" in words else 6)
    @given(wrong(name, words))
    def refused(one: Hostile) -> None:
        assert judge.refused(one, functions) == {}

    refused()


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_input_that_is_right_passes_whatever_it_means(functions: Functions, name: str) -> None:
    @examples(10)
    @given(legal(name))
    def passes(one: Hostile) -> None:
        assert judge.let_in(one, functions) == {}

    passes()


@examples(5)
@given(st.sampled_from(sorted(SCHEMAS)).flatmap(legal))
def test_what_is_right_is_seen_to_be_no_refusal(functions: Functions, one: Hostile) -> None:
    assert "untouched" in judge.refused(one, functions)


@examples(5)
@given(wrong("StartModel", next(iter(WRONG))))
def test_a_field_that_is_not_named_is_missed(functions: Functions, one: Hostile) -> None:
    assert set(judge.refused(replace(one, paths=("Unheard",)), functions)) == {"named"}


@pytest.mark.parametrize("function", doors.CALLS)
def test_a_call_that_is_wrong_changes_nothing(functions: Functions, function: str) -> None:
    with doors.held(functions) as here:

        @examples(30)
        @given(doors.wrong(function))
        def changes_nothing(event: object) -> None:
            assert doors.called(function, event, here) == {}

        changes_nothing()


@pytest.mark.parametrize("event", doors.CALLS["act"], ids=lambda event: event["Action"])
def test_a_call_that_is_right_is_seen_to_change_something(functions: Functions, event: dict[str, object]) -> None:
    with doors.held(functions) as here:
        assert set(doors.called("act", event, here)) == {"unchanged"}


ODD: tuple[tuple[str, object], ...] = (
    ("tick", {"Schedule": "shift", "Action": "start", "ScheduledTime": "0001-01-01T00:00:00+23:59"}),
    ("tick", {"Schedule": "shift", "Action": "start", "ScheduledTime": "9999-12-31T23:59:59Z"}),
    ("tick", {"Schedule": "shift", "Action": "ready", "ScheduledTime": doors.MADE, "HoursAhead": 10**9}),
    ("tick", {"Schedule": ["shift"], "Action": "start", "ScheduledTime": doors.MADE}),
    ("page", {"Report": "bill", "Month": "9999-12"}),
    ("page", ["x"]),
    ("settle", {"detail": {"executionArn": ARN}}),
    ("settle", {"detail": None}),
    ("settle", []),
)


@pytest.mark.parametrize(("function", "event"), ODD)
def test_what_no_caller_should_send_is_answered_all_the_same(
    functions: Functions, function: str, event: object
) -> None:
    with doors.held(functions) as here:
        assert doors.called(function, event, here) == {}


def _places(value: Any, *way: str | int) -> Iterator[tuple[str | int, ...]]:
    """Of all that a configuration has."""
    if way:
        yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        if name != "pattern":  # it may hold anything
            yield from _places(one, *way, name)


@examples(60)
@given(st.sampled_from(list(_places(SETTINGS))), st.data())
def test_a_setting_that_is_wrong_is_refused_by_its_key(place: tuple[str | int, ...], data: st.DataObject) -> None:
    """``cdk.json`` is its owner's alone, who has to be told what is wrong all the same."""
    changed = copy.deepcopy(dict(SETTINGS))
    *way, name = place
    inner: Any = changed
    for step in way:
        inner = inner[step]
    kind = next(kind for kind, is_one in schemas.TYPES.items() if is_one(inner[name]))
    others = [one for one in VALUES if not schemas.TYPES[kind](one) and not isinstance(one, dict | str)]
    inner[name] = data.draw(st.sampled_from((*others, *HOSTILE) if kind == "string" else others))
    key = re.escape(f"custom-labels-lifecycle.{'.'.join(map(str, place))}")
    # A string may happen to be right.
    refused = suppress(SettingsError) if isinstance(inner[name], str) else pytest.raises(SettingsError, match=key)
    with refused:
        Settings.from_context(changed)


@pytest.mark.parametrize("case", sizes.CASES, ids=lambda case: case.words)
def test_what_is_large_fits_or_is_refused_by_its_name(functions: Functions, case: sizes.Case) -> None:
    ends, broken = sizes.sized(case, functions)
    assert broken == {}
    assert f"| {case.words} | {ends} |\n" in DOCUMENT


def test_where_no_catcher_catches_what_is_too_large_settle_lets_the_model_go_and_tells(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That naming the error in a catcher catches it is assumed."""
    matches = machine._matches
    monkeypatch.setattr(machine, "_matches", lambda rule, error: error != machine.TOO_LARGE and matches(rule, error))
    case = next(case for case in sizes.CASES if "all but 256 KiB" in case.words)
    ends, broken = sizes.sized(case, functions)
    assert (ends, set(broken)) == ("States.DataLimitExceeded", {"ends"})


@pytest.mark.parametrize("named", ["Runtime.UnmarshalError", "States.QueryEvaluationError"])
def test_an_input_that_cannot_be_read_is_told_as_one(functions: Functions, named: str) -> None:
    lost = Fault(Lost(named), "lambda:Invoke", "prepare", calls=None)
    with judge.silent_account(functions, faults=[lost]) as here:
        for name, arn in judge.ARNS.items():
            if name != "DetectBatch":
                here.start(arn, name, {"Model": "defects"}, 0)
        here.run(600)
    for execution in here.stepfunctions.executions.values():
        assert execution.error == "InvalidRequest"
        assert (
            f"The input is not a {execution.name} request:\n- input: is nested too deep"
            in json.loads(execution.cause or "")["Message"]
        )
    assert len(here.bus.sent) == len(here.stepfunctions.executions)


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, "1" * 5_000], ids=["deep", "digits"])
def test_lambdas_runtime_calls_what_it_cannot_read_by_the_name_that_is_caught(text: str) -> None:
    with pytest.raises(FaultException) as failed:
        LambdaMarshaller().unmarshal_request(text)
    assert failed.value.exception_type == "Runtime.UnmarshalError"


def test_settle_takes_the_text_of_an_input_that_nobody_can_read_for_no_request(functions: Functions) -> None:
    with judge.silent_account(functions) as here:
        here.start(ARNS.start_model, "deep", {"Model": 1}, 0)
        here.simulation.after(0.005, lambda: _make_unreadable(here))
        here.run(600)
    assert here.lost_calls == []
    assert len(here.bus.sent) == 1


def _make_unreadable(here: Account) -> None:
    (execution,) = here.stepfunctions.executions.values()
    here.simulation.after(1, lambda: setattr(execution, "given", "[" * 100_000))


def test_the_lease_of_an_execution_with_an_odd_name_can_be_released(functions: Functions) -> None:
    with judge.silent_account(functions, labels={"once_started": ((0, "RUNNING"),)}) as here:
        here.start(ARNS.start_model, "sch\u00f6n'(id)'", {"Model": "defects", "LeaseMinutes": 0}, 0)
        here.run(600)
        (lease,) = here.items[-1][1]["Leases"]
        here.start(ARNS.stop_model, "stop", {"ProjectVersionArn": ARN, "LeaseId": lease["LeaseId"]}, 0)
        here.run(1200)
    assert lease["LeaseId"].startswith("sch-n--id--")
    assert here.custom_labels.status == "STOPPED"
    mails = [mail["Message"] for _, _, mail in here.topic.sent if mail["TopicArn"] != judge.CHAT]
    commands = [line for mail in mails for line in mail.splitlines() if "--input" in line]
    assert commands
    assert {line.count("'") for line in commands} == {2}


def test_the_docs_name_every_kind_of_wrong_input() -> None:
    rows = re.findall(r"^- (.*)$", DOCUMENT.split("## What was tried")[1].split("##")[0], re.MULTILINE)
    assert rows == list(WRONG)
