"""A small part of docs/evidence/abuse.md: some inputs of each row, some calls, and the largest that are legal."""

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import time_machine
from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from tests.abuse import doors, judge, sizes
from tests.abuse.fields import FREE, MACHINES, OPTIONAL, REQUIRED, WHICH
from tests.abuse.inputs import ROWS, hostile, legal
from tests.account import machine
from tests.account.account import Account
from tests.account.faults import Fault, Lost
from tests.account.functions import Functions
from tests.unit.examples import ARN, NOW
from tests.unit.examples import MACHINES as ARNS

pytestmark = pytest.mark.xdist_group("faults")
ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "evidence" / "abuse.md").read_text(encoding="utf-8")
SOME = 0.004
"""Of a row's inputs: at least one."""


@pytest.mark.parametrize("name", MACHINES)
def test_an_input_that_is_wrong_is_refused_by_its_name_and_touches_nothing(functions: Functions, name: str) -> None:
    some = [one for row in ROWS for one in hostile(name, row, SOME)]
    assert [str(verdict) for verdict in judge.judged(some, functions) if verdict.broken] == []


@pytest.mark.parametrize("name", MACHINES)
def test_an_input_that_is_right_passes_whatever_it_means(functions: Functions, name: str) -> None:
    some = legal(name, 0.012)
    assert [str(verdict) for verdict in judge.let_in(list(some), functions) if verdict.broken] == []


@pytest.mark.parametrize("function", doors.WORDS)
def test_a_call_that_is_wrong_changes_nothing(functions: Functions, function: str) -> None:
    some = list(doors.calls(function, 0.02))
    assert [str(verdict) for verdict in doors.judged(some, functions) if verdict.broken] == []


@pytest.mark.parametrize("event", doors.CALLS["act"], ids=lambda event: event["Action"])
def test_a_call_that_is_right_is_seen_to_change_something(functions: Functions, event: dict[str, object]) -> None:
    (verdict,) = doors.judged([doors.Call("act", event)], functions)
    assert "unchanged" in verdict.broken


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
    (verdict,) = doors.judged([doors.Call(function, event)], functions)
    assert dict(verdict.broken) == {}


QUICK = (
    "an input of 256 KiB",
    "500 leases",
    "all but 256 KiB",
    "more than 500",
    "is given 200 KiB, and fails",
    "status message",
    "a start that fails",
)


SOME_CASES = [case for case in sizes.CASES if any(words in case.words for words in QUICK)]


@pytest.mark.parametrize("case", SOME_CASES, ids=lambda case: case.words)
def test_what_is_large_fits_or_is_refused_by_its_name(functions: Functions, case: sizes.Case) -> None:
    assert dict(sizes.sized(case, functions).verdict.broken) == {}


def refused_large(functions: Functions) -> sizes.Sized:
    """A run whose workload answers more than a state can put out."""
    return sizes.sized(next(case for case in sizes.CASES if "all but 256 KiB" in case.words), functions)


def test_where_no_catcher_catches_what_is_too_large_settle_lets_the_model_go_and_tells(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That naming the error in a catcher catches it is assumed."""
    matches = machine._matches
    monkeypatch.setattr(machine, "_matches", lambda rule, error: error != machine.TOO_LARGE and matches(rule, error))
    found = refused_large(functions)
    assert found.ends == "FAILED States.DataLimitExceeded"
    assert set(found.verdict.broken) == {"ends"}


@pytest.mark.parametrize("named", ["Runtime.UnmarshalError", "States.QueryEvaluationError"])
def test_an_input_that_cannot_be_read_is_told_as_one(functions: Functions, named: str) -> None:
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        lost = Fault(Lost(named), "lambda:Invoke", "prepare", calls=None)
        here = judge.account(functions, traveller, faults=[lost])
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
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        here = judge.account(functions, traveller)
        here.start(ARNS.start_model, "deep", {"Model": 1}, 0)
        here.simulation.after(0.005, lambda: _make_unreadable(here))
        here.run(600)
    assert here.lost_calls == []
    assert len(here.bus.sent) == 1


def _make_unreadable(here: Account) -> None:
    (execution,) = here.stepfunctions.executions.values()
    here.simulation.after(1, lambda: setattr(execution, "given", "[" * 100_000))


def test_the_lease_of_an_execution_with_an_odd_name_can_be_released(functions: Functions) -> None:
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        here = judge.account(functions, traveller, labels={"once_started": ((0, "RUNNING"),)})
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


@pytest.mark.parametrize("name", MACHINES)
def test_every_field_of_the_contract_is_tried(name: str) -> None:
    file = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    schema = json.loads((ROOT / "statemachine" / "schemas" / f"{file}.input.schema.json").read_text(encoding="utf-8"))
    known = {*OPTIONAL[name], *REQUIRED[name], *WHICH[name], *FREE[name]}
    assert {path for path in known if "." not in path} == set(schema["properties"])


def test_the_tables_in_the_docs_have_every_row_without_an_exception() -> None:
    rows = {words: len(MACHINES) for words, _, _ in ROWS.values()} | {words: 1 for words, _ in doors.WORDS.values()}
    for words, counts in rows.items():
        (cells,) = re.findall(rf"^\| {re.escape(words)} \| (.*) \|$", DOCUMENT, re.MULTILINE)
        tried = [int(cell) for cell in cells.split(" | ")]
        assert sum(tried[:counts]) > 0
        assert set(tried[counts:]) == {0}
    (total,) = re.findall(r"^\| \*\*all\*\* \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert min(map(int, total.split(" | ")[: len(MACHINES)])) > 10_000
    for case in sizes.CASES:
        (cells,) = re.findall(rf"^\| {re.escape(case.words)} \| (.*) \|$", DOCUMENT, re.MULTILINE)
        assert cells.split(" | ")[-len(sizes.PROPERTIES) :] == ["0"] * len(sizes.PROPERTIES)
