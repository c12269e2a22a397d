"""What an execution leaves that has ended: its lease given back, people told once, and then it is forgotten."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.errors import (
    AccessDenied,
    InvalidRequest,
    LifecycleError,
    ModelStopped,
    ServiceUnavailable,
    TimedOut,
)
from lifecycle.executions.client_tokens import token_key
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.requests import fingerprint
from lifecycle.executions.state_machines import Machine
from lifecycle.model import leases
from lifecycle.model.decisions import Progress
from lifecycle.model.leases import Claim, Lease, PendingLease
from lifecycle.model.version import ModelVersion
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.ports import ExecutionState, TokenHolder
from lifecycle.reconciliation.settle import Settler
from lifecycle.shared.wire import Json, to_wire
from tests.unit.examples import ARN, CONFIGURATION, MACHINES, NOW, execution, request, stop
from tests.unit.twins import NEVER, Executions, Items, Models, OpenExecutions, StopStory, Story, Tokens

EARLIER = NOW - timedelta(hours=1)
START, STOP = execution(start_time=EARLIER), execution("evening", EARLIER, "StopModel")
STARTS = PendingLease("nightly", START.id, NOW + timedelta(minutes=30))
SHIFT = Lease("shift", EARLIER, NOW + timedelta(hours=1))
TIMED_OUT = {"error": "TimedOut", "cause": str(TimedOut("The time is up.", project_version_arn=ARN))}
ASKED: Json = {"Model": "defects"}


def ended(status: str, **more: Any) -> ExecutionState:
    known: dict[str, Any] = {"started_at": EARLIER, "stopped_at": NOW, "input": ASKED}
    return ExecutionState(status, **known | more)


@dataclass
class Settling:
    """A settler and the world around it."""

    ends: Mapping[str, tuple[float, ExecutionState]]
    models: Models = field(default_factory=Models)
    items: Items = field(default_factory=Items)
    tokens: Tokens = field(default_factory=Tokens)
    open_executions: OpenExecutions = field(default_factory=lambda: OpenExecutions([START.id, STOP.id]))
    notified: list[Ending] = field(default_factory=list)
    undelivered: Exception | None = None
    leave: timedelta = timedelta(0)

    def settle(self, execution_arn: str = START.id) -> bool:
        return Settler(
            now=NOW,
            configuration=CONFIGURATION,
            machines=MACHINES,
            models=self.models,
            items=self.items,
            executions=Executions(self.ends),
            open_executions=self.open_executions,
            tokens=self.tokens,
            notify=self._notify,
            leave=self.leave,
        ).settle(execution_arn)

    def _notify(self, ending: Ending) -> None:
        assert ending.execution.id in self.open_executions.arns  # forgotten only when everybody was told
        if self.undelivered:
            raise self.undelivered
        self.notified.append(ending)

    @property
    def left(self) -> list[str]:
        """The executions that are not forgotten yet."""
        return self.open_executions.arns


def of(state: ExecutionState, execution_arn: str = START.id, **fields: Any) -> Settling:
    """An execution that ended so, and the item of its model."""
    settling = Settling({execution_arn: (0, state)})
    settling.items.change(lambda found: replace(found, **{"managed": True, **fields}))
    return settling


def test_an_execution_that_is_under_way_is_left_alone() -> None:
    settling = of(ended("RUNNING"), pending=(STARTS,))
    settling.ends = {START.id: (NEVER, ended("FAILED"))}
    assert not settling.settle()
    assert (settling.notified, settling.left) == ([], [START.id, STOP.id])
    assert settling.items.get(ARN).pending == (STARTS,)


@pytest.mark.parametrize(("ago", "left"), [(59.999, True), (60, False)])
def test_an_execution_that_has_ended_just_now_can_be_left_to_its_event(ago: float, left: bool) -> None:
    settling = of(ended("ABORTED", stopped_at=NOW - timedelta(seconds=ago)), pending=(STARTS,))
    settling.leave = timedelta(seconds=60)
    assert settling.settle() is not left
    assert (len(settling.notified), len(settling.left)) == ((0, 2) if left else (1, 1))
    assert bool(settling.items.get(ARN).pending) is left


def test_an_execution_that_step_functions_has_forgotten_is_forgotten() -> None:
    settling = Settling({})
    assert settling.settle()
    assert (settling.notified, settling.left) == ([], [STOP.id])


def test_an_execution_that_step_functions_does_not_know_yet_is_asked_for_again_by_the_next_sweep() -> None:
    """DescribeExecution is eventually consistent."""
    settling = Settling({})
    settling.open_executions.opened_at = NOW - timedelta(minutes=1)
    assert settling.settle()
    assert START.id in settling.left


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (ended("FAILED", **TIMED_OUT), Outcome.START_TIMED_OUT),
        (ended("FAILED", error="AccessDenied", cause=str(AccessDenied("No."))), Outcome.START_FAILED),
        (ended("FAILED", error="States.Runtime", cause="It broke."), Outcome.START_FAILED),
        (ended("FAILED"), Outcome.START_FAILED),
        (ended("ABORTED"), Outcome.EXECUTION_ABORTED),
        (ended("TIMED_OUT", error="States.Timeout"), Outcome.EXECUTION_ABORTED),
    ],
)
def test_a_start_that_ended_badly_gives_back_its_lease_and_is_reported(state: ExecutionState, outcome: Outcome) -> None:
    other = replace(STARTS, execution_arn=execution("other").id)
    settling = of(state, pending=(STARTS, other), leases=(replace(SHIFT, lease_id="nightly"),))
    assert settling.settle()
    (ending,) = settling.notified
    assert (ending.outcome, ending.machine, ending.execution) == (outcome, Machine.START_MODEL, START)
    assert (ending.request, ending.progress) == (
        replace(request(), began_at=EARLIER, due_at=EARLIER, deadline=NOW),
        Progress(),
    )
    found = settling.items.get(ARN)
    assert (found.pending, found.leases) == ((other,), (replace(SHIFT, lease_id="nightly"),))
    assert settling.left == [STOP.id]


def test_the_failure_is_reported_as_the_execution_has_it() -> None:
    settling = of(ended("FAILED", **TIMED_OUT))
    settling.settle()
    assert settling.notified[0].failure == Failure("TimedOut", TIMED_OUT["cause"])
    assert settling.notified[0].last_status is None


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (ended("FAILED", **TIMED_OUT), Outcome.STOP_TIMED_OUT),
        (ended("FAILED", error="ServiceUnavailable"), Outcome.STOP_FAILED),
        (ended("ABORTED", cause="A mistake"), Outcome.EXECUTION_ABORTED),
    ],
)
def test_a_stop_that_ended_badly_is_reported_and_leaves_its_claim_for_take_over(
    state: ExecutionState, outcome: Outcome
) -> None:
    claim = Claim(STOP.id, EARLIER)
    settling = of(state, STOP.id, claim=claim)
    before = settling.items.get(ARN)
    assert settling.settle(STOP.id)
    assert [(one.outcome, one.machine) for one in settling.notified] == [(outcome, Machine.STOP_MODEL)]
    assert settling.notified[0].request == replace(stop(), began_at=EARLIER, due_at=EARLIER, deadline=NOW)
    assert (settling.items.get(ARN), settling.left) == (before, [START.id])


# What the model is after an abortion --------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({"pending": (STARTS,)}, False),
        ({"pending": (STARTS,), "leases": (SHIFT,)}, True),
        ({"leases": (replace(SHIFT, expires_at=NOW),)}, False),
        ({"pending": (STARTS, replace(STARTS, execution_arn=execution("other").id))}, True),
    ],
    ids=["its own", "another's", "expired", "another start"],
)
def test_an_abortion_says_how_the_model_is_now_and_whether_somebody_else_holds_it(
    fields: dict[str, Any], held: bool
) -> None:
    settling = of(ended("ABORTED", cause="A mistake"), **fields)
    settling.models = Models(script=[(0, "STARTING")])
    settling.settle()
    assert settling.notified[0].abortion == Abortion("ABORTED", "A mistake", "STARTING", held)
    assert settling.notified[0].last_status == "STARTING"


def test_a_model_that_can_not_be_checked_is_no_reason_not_to_report() -> None:
    class Down(Models):
        def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
            raise ServiceUnavailable(f"{project_arn} {project_version_arn}")

    settling = of(ended("ABORTED"), pending=(STARTS,))
    settling.models = Down()
    assert settling.settle()
    assert settling.notified[0].abortion == Abortion("ABORTED", None, None, held=False)
    assert settling.left == [STOP.id]


@pytest.mark.parametrize("state", [ended("FAILED", **TIMED_OUT), ended("SUCCEEDED")])
def test_the_model_of_an_execution_that_reported_its_end_itself_is_not_checked(state: ExecutionState) -> None:
    output = to_wire(Story(Models()).run(ASKED)) if state.status == "SUCCEEDED" else None
    settling = of(replace(state, output=output))
    settling.settle()
    assert settling.models.status_checks == []


# Successes ----------------------------------------------------------------------------------------


def test_a_start_that_succeeded_is_reported_from_its_output_and_keeps_its_lease() -> None:
    result = Story(Models()).run(ASKED)
    settling = of(ended("SUCCEEDED", output=json.loads(json.dumps(to_wire(result)))), leases=(SHIFT,))
    assert settling.settle()
    assert (settling.notified[0].result, settling.notified[0].outcome) == (result, Outcome.MODEL_STARTED)
    assert (settling.items.get(ARN).leases, settling.left) == ((SHIFT,), [STOP.id])


def test_a_stop_that_succeeded_is_reported_from_its_output() -> None:
    story = StopStory(Models(script=[(0, "RUNNING")]))
    story.items.change(lambda found: replace(found, leases=(SHIFT,)))
    result = story.run(ASKED)
    settling = of(ended("SUCCEEDED", output=json.loads(json.dumps(to_wire(result)))), STOP.id)
    assert settling.settle(STOP.id)
    assert (settling.notified[0].result, settling.notified[0].outcome) == (result, Outcome.MODEL_KEPT_RUNNING)


# Nobody is told -----------------------------------------------------------------------------------

DRY: Json = {"Model": "defects", "DryRun": True}
TOKEN: Json = {"Model": "defects", "ClientRequestToken": "inspection"}
FIRST = execution("first").id


@pytest.mark.parametrize(
    "state",
    [
        ended("SUCCEEDED", input=DRY, output=to_wire(Story(Models()).run(DRY))),
        ended("FAILED", input=DRY, **TIMED_OUT),
        ended("ABORTED", input=DRY),
        ended("FAILED", input={"Modell": "defects", "DryRun": True}, error="InvalidRequest"),
    ],
    ids=["succeeded", "failed", "aborted", "invalid"],
)
def test_nobody_is_notified_of_a_dry_run_however_it_ends(state: ExecutionState) -> None:
    settling = of(state)
    assert settling.settle()
    assert (settling.notified, settling.left) == ([], [STOP.id])


@pytest.mark.parametrize("asked", [{}, {"Comment": "Insert your JSON here"}], ids=str)
@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_nobody_is_notified_of_a_question_however_it_ends(status: str, asked: Json) -> None:
    settling = of(ended(status, input=asked, error="InvalidRequest"))
    assert settling.settle()
    assert (settling.notified, settling.left) == ([], [STOP.id])


@pytest.mark.parametrize(
    "asked",
    [{"Model": "defects", "LeaseId": "shift", "ExtendOnly": True}, {"ExtendOnly": True}],
    ids=["valid", "invalid"],
)
@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT"])
def test_nobody_is_notified_of_an_extension_however_it_ends(status: str, asked: Json) -> None:
    settling = of(ended(status, input=asked, error="ModelStopped", cause=str(ModelStopped("It is over."))))
    assert settling.settle()
    assert (settling.notified, settling.left) == ([], [STOP.id])


@pytest.mark.parametrize("wrong", [{"DryRun": "yes"}, {"DryRun": 1}, {"ExtendOnly": 1}, [], "DryRun", None])
def test_what_only_looks_like_a_dry_run_is_reported(wrong: Json) -> None:
    settling = of(ended("FAILED", input=wrong, error="InvalidRequest", cause=str(InvalidRequest("Wrong."))))
    assert settling.settle()
    assert [(one.outcome, one.request) for one in settling.notified] == [(Outcome.START_FAILED, None)]
    assert settling.left == [STOP.id]


def test_nobody_is_notified_of_a_duplicate_that_succeeded() -> None:
    output = to_wire(replace(Story(Models()).run(ASKED), outcome=Outcome.DUPLICATE, duplicate_of=FIRST))
    settling = of(ended("SUCCEEDED", input=TOKEN, output=output))
    assert settling.settle()
    assert (settling.notified, settling.left) == ([], [STOP.id])


BAD_ENDS = [ended("FAILED", input=TOKEN, **TIMED_OUT), ended("ABORTED", input=TOKEN), ended("TIMED_OUT", input=TOKEN)]


def with_token(
    state: ExecutionState, holder: str, asked: Json = TOKEN, began: ExecutionState | None = None
) -> Settling:
    """An execution that ended so, and the token that it asked with."""
    settling = of(state)
    settling.tokens.holders[token_key("StartModel", ARN, "inspection")] = TokenHolder(holder, fingerprint(asked))
    if began:
        settling.ends = {**settling.ends, holder: (0, began)}
    return settling


@pytest.mark.parametrize("state", BAD_ENDS, ids=lambda state: state.status)
@pytest.mark.parametrize(
    "first",
    [ended("FAILED", started_at=EARLIER - timedelta(minutes=1)), ExecutionState("RUNNING", started_at=EARLIER), None],
    ids=["ended", "under way", "forgotten"],
)
def test_nobody_is_notified_of_a_duplicate_that_failed_or_was_aborted(
    state: ExecutionState, first: ExecutionState | None
) -> None:
    settling = with_token(state, FIRST, began=first)
    assert settling.settle()
    assert (settling.notified, settling.left) == ([], [STOP.id])


@pytest.mark.parametrize("state", BAD_ENDS, ids=lambda state: state.status)
@pytest.mark.parametrize(
    ("holder", "asked", "began"),
    [
        (START.id, TOKEN, None),
        (FIRST, {**TOKEN, "LeaseId": "other"}, ExecutionState("RUNNING", started_at=EARLIER)),
        (FIRST, TOKEN, ExecutionState("RUNNING", started_at=NOW + timedelta(seconds=1))),
    ],
    ids=["its own token", "refused for other fields", "its own token, taken over since"],
)
def test_an_execution_with_a_token_that_was_no_duplicate_is_reported(
    state: ExecutionState, holder: str, asked: Json, began: ExecutionState | None
) -> None:
    settling = with_token(state, holder, asked, began)
    assert settling.settle()
    assert len(settling.notified) == 1


def test_an_execution_whose_token_nobody_holds_is_reported() -> None:
    settling = of(BAD_ENDS[1])
    assert settling.settle()
    assert len(settling.notified) == 1


# Trouble ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ServiceUnavailable("The topic is down."), AccessDenied("It may not.")])
def test_an_end_that_can_not_be_reported_is_remembered(error: LifecycleError) -> None:
    settling = of(ended("FAILED", **TIMED_OUT), pending=(STARTS,))
    settling.undelivered = error
    with pytest.raises(type(error)):
        settling.settle()
    assert settling.left == [START.id, STOP.id]
    assert settling.items.get(ARN).pending == ()  # what could be done is done
    settling.undelivered = None
    assert settling.settle()
    assert (len(settling.notified), settling.left) == (1, [STOP.id])


@pytest.mark.parametrize(("conflicts", "gives_up"), [(4, False), (5, True)])
def test_an_item_that_changes_meanwhile_is_read_again(conflicts: int, gives_up: bool) -> None:
    settling = of(ended("ABORTED"), pending=(STARTS,))

    def touch(items: Items) -> None:
        items.change(lambda found: leases.claim(found, STOP.id, NOW))

    settling.items.meanwhile += [change for _ in range(conflicts) for change in (touch, lambda _items: None)]
    if gives_up:
        with pytest.raises(ServiceUnavailable, match="changed 5 times"):
            settling.settle()
        assert (settling.notified, settling.left) == ([], [START.id, STOP.id])
        return
    assert settling.settle()
    found = settling.items.get(ARN)
    assert (found.pending, found.claim) == ((), Claim(STOP.id, NOW))


def test_what_was_settled_is_settled_again_without_harm() -> None:
    settling = of(ended("ABORTED"), pending=(STARTS,))
    settling.settle()
    found = settling.items.get(ARN)
    settling.open_executions.open(START.id)  # as a sweep has it that read of it before
    assert settling.settle()
    assert (settling.items.get(ARN), settling.left) == (found, [STOP.id])
    assert settling.notified[0] == settling.notified[1]  # told once: the notification has the execution as its key


def test_an_execution_of_another_app_is_refused() -> None:
    stranger = "arn:aws:states:us-east-1:123456789012:execution:Stranger:nightly"
    settling = of(ended("ABORTED"), stranger)
    with pytest.raises(ValueError, match="is not an execution of this app"):
        settling.settle(stranger)
    assert settling.notified == []
