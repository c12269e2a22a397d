"""Which of the executions with one ClientRequestToken is the first, and how the others end."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from lifecycle.errors import CONTRACT, InvalidRequest, LifecycleError, ModelStopped, ServiceUnavailable, TimedOut
from lifecycle.executions import client_tokens
from lifecycle.executions.client_tokens import first_with_token, hold_token, version_of, wait_with_first
from lifecycle.executions.consistency import KNOWN_AFTER
from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import Action, Progress
from lifecycle.model.version import ModelVersion
from lifecycle.ports import ExecutionState, TokenHolder
from lifecycle.shared.wire import to_wire
from lifecycle.start_model.result import StartResult
from tests.unit.examples import ARN, NOW, PROJECT, execution, request
from tests.unit.twins import Executions, Tokens

TOKEN = f"StartModel#{ARN}#inspection"
UNTIL = NOW + timedelta(hours=26)
FIRST, MINE = (TokenHolder(execution(name).id, "same fields") for name in ("first", "mine"))


def result_of(first: ExecutionState | None, version: ModelVersion) -> StartResult:
    return client_tokens.result_of(first, version, StartResult, model_must_run=True)


def ask(tokens: Tokens, executions: Executions, mine: TokenHolder = MINE) -> str | None:
    return first_with_token(TOKEN, mine, until=UNTIL, now=NOW, tokens=tokens, executions=executions)


def ended(status: str, ago: timedelta = timedelta(hours=1)) -> Executions:
    return Executions({FIRST.execution_arn: (0, ExecutionState(status, stopped_at=NOW - ago))})


def test_a_free_token_is_held() -> None:
    tokens = Tokens()
    assert ask(tokens, Executions()) is None
    assert (tokens.holders, tokens.until) == ({TOKEN: MINE}, {TOKEN: UNTIL})


def test_a_token_is_kept_for_a_day_and_an_hour_after_the_last_moment_of_its_execution() -> None:
    tokens, asked = Tokens(), request(ClientRequestToken="inspection")
    held = hold_token(asked, {}, machine="StartModel", now=NOW, tokens=tokens, executions=Executions())
    assert (held.duplicate_of, tokens.until) == (None, {TOKEN: asked.deadline + timedelta(hours=25)})
    assert (tokens.holders[TOKEN].execution_arn, tokens.holders[TOKEN].since) == (asked.execution_arn, NOW)


def test_an_execution_that_asks_again_is_no_duplicate_of_itself() -> None:
    assert ask(Tokens({TOKEN: MINE}), Executions()) is None


@pytest.mark.parametrize(
    ("executions", "duplicate"),
    [
        pytest.param(Executions({FIRST.execution_arn: (0, ExecutionState("RUNNING"))}), True, id="in flight"),
        pytest.param(ended("SUCCEEDED", timedelta(hours=23, minutes=59)), True, id="succeeded within 24 h"),
        pytest.param(ended("SUCCEEDED", timedelta(hours=24)), False, id="succeeded 24 h ago"),
        pytest.param(ended("FAILED"), False, id="failed"),
        pytest.param(ended("ABORTED"), False, id="aborted"),
        pytest.param(ended("TIMED_OUT"), False, id="timed out"),
        pytest.param(Executions(), False, id="forgotten by Step Functions"),
    ],
)
def test_a_token_counts_while_its_execution_is_in_flight_or_has_lately_succeeded(
    executions: Executions, duplicate: bool
) -> None:
    tokens = Tokens({TOKEN: FIRST})
    assert ask(tokens, executions) == (FIRST.execution_arn if duplicate else None)
    assert tokens.holders[TOKEN] == (FIRST if duplicate else MINE)


@pytest.mark.parametrize(("since", "duplicate"), [(KNOWN_AFTER, True), (KNOWN_AFTER + timedelta(seconds=1), False)])
def test_a_young_token_is_never_taken_over(since: timedelta, duplicate: bool) -> None:
    """Its holder is under way for certain, though DescribeExecution may not know it for a moment."""
    tokens = Tokens({TOKEN: replace(FIRST, since=NOW - since)})
    assert ask(tokens, Executions()) == (FIRST.execution_arn if duplicate else None)


def test_the_same_token_with_other_fields_is_refused_while_it_counts_and_only_then() -> None:
    other = TokenHolder(MINE.execution_arn, "other fields")
    with pytest.raises(InvalidRequest) as refused:
        ask(Tokens({TOKEN: FIRST}), ended("SUCCEEDED"), other)
    assert refused.value.message.startswith("ClientRequestToken: ")
    assert FIRST.execution_arn in refused.value.message
    assert json.loads(str(refused.value))["Remedy"] == (
        "Start a new execution with a new ClientRequestToken, or with the same fields as the first."
    )
    assert ask(Tokens({TOKEN: FIRST}), ended("FAILED"), other) is None


def test_of_two_late_comers_that_both_see_the_dead_holder_exactly_one_takes_its_token() -> None:
    comers = [TokenHolder(execution(name).id, "same fields") for name in ("late-1", "late-2")]
    tokens, both_have_seen_it = Tokens({TOKEN: FIRST}), threading.Barrier(2, timeout=600)
    lock = threading.Lock()

    class Table(Tokens):
        def hold(self, *args: object, **kwargs: object) -> TokenHolder:
            with lock:  # each write is atomic, as DynamoDB's are
                return tokens.hold(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    executions = Executions(
        {comer.execution_arn: (0, ExecutionState("RUNNING")) for comer in comers}
        | {FIRST.execution_arn: (0, ExecutionState("ABORTED"))},
        on_describe=lambda arn: both_have_seen_it.wait() if arn == FIRST.execution_arn else None,
    )
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda comer: ask(Table(), executions, comer), comers))
    winner = tokens.holders[TOKEN].execution_arn
    assert sorted(answers, key=str) == sorted([None, winner], key=str)
    assert answers.index(None) == [comer.execution_arn for comer in comers].index(winner)


def test_a_token_that_is_handed_from_one_failing_execution_to_the_next_is_given_up_on() -> None:
    tokens, names = Tokens({TOKEN: FIRST}), iter(range(100))

    def snatch(_arn: str) -> None:
        tokens.holders[TOKEN] = TokenHolder(execution(f"other-{next(names)}").id, "same fields")

    with pytest.raises(ServiceUnavailable) as given_up:
        ask(tokens, Executions(on_describe=snatch))
    assert given_up.value.message == (
        "The ClientRequestToken went from one failing execution to the next while this one tried."
    )
    assert next(names) == 10


# While the first is under way ---------------------------------------------------------------------

DUPLICATE = replace(request(), duplicate_of=FIRST.execution_arn)


@pytest.mark.parametrize(
    ("after_the_deadline", "reason", "seconds"),
    [
        pytest.param(-4, f"Waiting with {FIRST.execution_arn}.", 4, id="its own time goes on"),
        pytest.param(0, f"Waiting for {FIRST.execution_arn} to end.", 75, id="its own time is up"),
        pytest.param(599, f"Waiting for {FIRST.execution_arn} to end.", 75, id="the first has to report still"),
    ],
)
def test_a_duplicate_waits_for_the_first_ten_minutes_longer_than_for_itself(
    after_the_deadline: int, reason: str, seconds: int
) -> None:
    now = DUPLICATE.deadline + timedelta(seconds=after_the_deadline)
    assert wait_with_first(DUPLICATE, Progress(), now) == Step(Action.WAIT, reason, Progress(), wait_seconds=seconds)


def test_a_duplicate_whose_first_does_not_end_says_so_and_of_which_model() -> None:
    with pytest.raises(TimedOut) as over:
        wait_with_first(DUPLICATE, Progress(), DUPLICATE.deadline + timedelta(minutes=10))
    assert FIRST.execution_arn in over.value.message
    assert over.value.cause["ProjectVersionArn"] == ARN


def test_of_a_first_whose_history_is_gone_nobody_knows_which_version_it_was_about() -> None:
    assert version_of(None) is None


# How a duplicate ends -----------------------------------------------------------------------------

RUNNING, STOPPED = (ModelVersion(ARN, status, f"It is {status}.") for status in ("RUNNING", "STOPPED"))
HELD_STILL = (
    "If the model is needed, start again with a new ClientRequestToken: for 24 hours after its end, the first "
    "execution answers for this one."
)
FREE_AGAIN = (
    "If the model is needed, start again, with a new ClientRequestToken or the same one; the first execution's history "
    "says why it ended."
)
RESULT = StartResult(
    ARN, PROJECT, "RUNNING", Outcome.MODEL_STARTED, 1, 9, "nightly", 4.0, (), requested_at=NOW, running_at=NOW
)
SUCCEEDED = ExecutionState("SUCCEEDED", NOW, to_wire(RESULT))


def test_a_duplicate_of_a_success_has_its_result_while_the_model_runs() -> None:
    assert result_of(SUCCEEDED, RUNNING) == RESULT


@pytest.mark.parametrize("error", CONTRACT)
def test_a_duplicate_of_a_failure_fails_with_the_same_error_and_cause(error: type[LifecycleError]) -> None:
    first = error("Why it failed.", project_version_arn=ARN, status="FAILED", status_message="Bad", remedy="Do it.")
    with pytest.raises(error) as raised:
        result_of(ExecutionState("FAILED", NOW, None, error.__name__, str(first)), STOPPED)
    assert type(raised.value) is error
    assert str(raised.value) == str(first)


@pytest.mark.parametrize(
    ("first", "version", "says"),
    [
        pytest.param(SUCCEEDED, STOPPED, "SUCCEEDED", id="it succeeded, and the model was stopped since"),
        pytest.param(ExecutionState("ABORTED", NOW), RUNNING, "ABORTED", id="aborted"),
        pytest.param(ExecutionState("TIMED_OUT", NOW, None, "States.Timeout"), RUNNING, "TIMED_OUT", id="timed out"),
        pytest.param(ExecutionState("FAILED", NOW, None, "States.Runtime", "{}"), RUNNING, "FAILED", id="broken"),
        pytest.param(None, RUNNING, "its history is gone", id="forgotten"),
    ],
)
def test_a_duplicate_of_an_end_without_result_or_error_says_how_the_first_and_the_model_are(
    first: ExecutionState | None, version: ModelVersion, says: str
) -> None:
    with pytest.raises(ModelStopped) as raised:
        result_of(first, version)
    assert raised.value.message == (
        f"The execution that this one is a duplicate of has ended ({says}), and the model is {version.status}."
    )
    cause = raised.value.cause
    assert (cause["ProjectVersionArn"], cause["Status"]) == (ARN, version.status)
    assert cause["StatusMessage"] == version.status_message
    assert cause["Remedy"] == (HELD_STILL if says == "SUCCEEDED" else FREE_AGAIN)


def test_a_failure_without_a_cause_still_says_which_error_it_was() -> None:
    with pytest.raises(ServiceUnavailable) as raised:
        result_of(ExecutionState("ABORTED", NOW, None, "ServiceUnavailable"), STOPPED)
    assert json.loads(str(raised.value))["Message"] == "Another execution failed with ServiceUnavailable."


@pytest.mark.parametrize("cause", ["stopped by hand", "[]", '"text"'])
def test_a_cause_that_somebody_typed_is_passed_on_as_it_is(cause: str) -> None:
    """``aws stepfunctions stop-execution --error TimedOut --cause ...`` takes any text."""
    with pytest.raises(LifecycleError) as raised:
        result_of(ExecutionState("ABORTED", NOW, None, "TimedOut", cause), STOPPED)
    assert cause in raised.value.message
