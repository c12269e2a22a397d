"""What docs/evidence/abuse.md promises of hostile inputs and calls, and of the largest that are legal.

``make test`` tries the same few of each kind every time, ``make abuse`` some hundred of each, others every time.
"""

import copy
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
from tests.abuse import doors, schemas, sizes
from tests.abuse.hostile import HOSTILE, VALUES
from tests.abuse.inputs import SCHEMAS, WRONG, Hostile, legal, wrong
from tests.abuse.judge import ARNS, is_let_in, is_notified, is_refused, new_scene
from tests.account import machine
from tests.account.faults import Fault, Lost
from tests.account.functions import Functions
from tests.conftest import SETTINGS
from tests.contract import failed_well
from tests.unit.examples import ARN

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
    @examples({"A value": 25, "40 to 1": 2}.get(words[:7], 6))
    @given(wrong(name, words))
    def refused(one: Hostile) -> None:
        is_refused(one, functions)

    refused()


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_input_that_is_right_passes_whatever_it_means(functions: Functions, name: str) -> None:
    @examples(10)
    @given(legal(name))
    def passes(one: Hostile) -> None:
        is_let_in(one, functions)

    passes()


@examples(5)
@given(st.sampled_from(sorted(SCHEMAS)).flatmap(legal))
def test_what_is_right_is_seen_to_be_no_refusal(functions: Functions, one: Hostile) -> None:
    with pytest.raises(AssertionError):
        is_refused(one, functions)


@examples(5)
@given(wrong("StartModel", next(iter(WRONG))))
def test_a_field_that_is_not_named_is_missed(functions: Functions, one: Hostile) -> None:
    with pytest.raises(AssertionError, match="Unheard"):
        is_refused(replace(one, paths=("Unheard",)), functions)


@pytest.mark.parametrize("function", doors.CALLS)
def test_a_call_that_is_wrong_changes_nothing(functions: Functions, function: str) -> None:
    with doors.held(functions) as scene:

        @examples(30)
        @given(doors.wrong(function))
        def changes_nothing(event: object) -> None:
            before = doors.state(scene)
            doors.call(function, event, scene)
            assert doors.state(scene) == before

        changes_nothing()


@pytest.mark.parametrize("event", doors.CALLS["act"], ids=lambda event: event["Action"])
def test_a_call_that_is_right_is_seen_to_change_something(functions: Functions, event: dict[str, object]) -> None:
    with doors.held(functions) as scene:
        before = doors.state(scene)
        doors.call("act", event, scene)
        assert doors.state(scene) != before


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
    with doors.held(functions) as scene:
        before = doors.state(scene)
        doors.call(function, event, scene)
        assert doors.state(scene) == before


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
    assert f"| {case.words} | {case.ends} |\n" in DOCUMENT
    sizes.fits(case, functions)


def test_where_no_catcher_catches_what_is_too_large_settle_lets_the_model_go_and_reports_it(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That naming the error in a catcher catches it is assumed."""
    matches = machine._matches
    monkeypatch.setattr(machine, "_matches", lambda rule, error: error != machine.TOO_LARGE and matches(rule, error))
    case = next(case for case in sizes.CASES if "all but 256 KiB" in case.words)
    sizes.fits(replace(case, ends="States.DataLimitExceeded", names=""), functions)


@pytest.mark.parametrize("named", ["Runtime.UnmarshalError", "States.QueryEvaluationError"])
def test_an_input_that_cannot_be_read_is_reported_as_one(functions: Functions, named: str) -> None:
    lost = Fault(Lost(named), "lambda:Invoke", "prepare", calls=None)
    with new_scene(functions, faults=[lost]) as scene:
        for name in ("StartModel", "StopModel", "RunWithModel"):
            ended = scene.run(ARNS[name])
            message = failed_well(ended, "InvalidRequest")["Message"]
            assert f"The input is not a {name} request:\n- input: is nested too deep" in message
            is_notified(scene, ended, 1)


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, "1" * 5_000], ids=["deep", "digits"])
def test_lambdas_runtime_calls_what_it_cannot_read_by_the_name_that_is_caught(text: str) -> None:
    with pytest.raises(FaultException) as failed:
        LambdaMarshaller().unmarshal_request(text)
    assert failed.value.exception_type == "Runtime.UnmarshalError"


def test_settle_takes_the_text_of_an_input_that_nobody_can_read_for_no_request(functions: Functions) -> None:
    with new_scene(functions) as scene:
        execution = scene.begin(ARNS["StartModel"], Model=1)
        scene.passes(1)
        execution.given = "[" * 100_000
        scene.passes(600)
    assert scene.account.lost_calls == []
    assert len(scene.account.bus.sent) == 1


def test_the_lease_of_an_execution_with_an_odd_name_can_be_released(functions: Functions) -> None:
    with new_scene(functions) as scene:
        scene.run(ARNS["StartModel"], name="sch\u00f6n'(id)'", LeaseMinutes=0)
        (lease_id,) = scene.lease_ids
        scene.run(ARNS["StopModel"], LeaseId=lease_id)
    assert lease_id.startswith("sch-n--id--")
    assert scene.status in ("STOPPING", "STOPPED")
    commands = [line for mail in scene.mails for line in mail["Message"].splitlines() if "--input" in line]
    assert commands
    assert {line.count("'") for line in commands} == {2}


def test_the_docs_name_every_kind_of_wrong_input() -> None:
    rows = re.findall(r"^- (.*)$", DOCUMENT.split("## What was tried")[1].split("##")[0], re.MULTILINE)
    assert rows == list(WRONG)
