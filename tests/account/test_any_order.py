"""Leases in whatever order: starts, stops, force, aborts, sweeps and faults, as hypothesis likes it.

What must hold: a model runs while a start that has answered RUNNING holds its lease; every execution is reported once;
and when nobody holds the model any more it ends STOPPED.
"""

from contextlib import ExitStack

import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.account.account import Account, Delivery
from tests.account.faults import Answer, Change, Death, Fault, Lost, Silence
from tests.account.functions import Functions
from tests.account.scene import START_MODEL, STOP_MODEL, Scene
from tests.account.services import Execution
from tests.unit.examples import NOW

LEASES = st.sampled_from(["a", "b"])
START, STOP = "rekognition:StartProjectVersion", "rekognition:StopProjectVersion"
FAULTS = {
    "the start is throttled": Fault(Answer("ThrottlingException"), START),
    "the start is in use": Fault(Answer("ResourceInUseException"), START),
    "the start's answer is lost": Fault(Silence(), START, after=True),
    "the stop is throttled": Fault(Answer("ThrottlingException"), STOP),
    "the stop is in use": Fault(Answer("ResourceInUseException"), STOP),
    "the stop's answer is lost": Fault(Silence(), STOP, after=True),
    "a look fails": Fault(Answer("InternalServerError"), "rekognition:DescribeProjectVersions"),
    "the table is busy": Fault(Answer("ProvisionedThroughputExceededException"), "dynamodb:PutItem"),
    "a write is made, its answer lost": Fault(Silence(), "dynamodb:PutItem", after=True),
    "somebody else writes the item": Fault(Change(), "dynamodb:PutItem"),
    "Check dies": Fault(Death(), "*", "check"),
    "Settle dies": Fault(Death(), "*", "settle"),
    "Check has done its work and failed": Fault(Lost("Lambda.Unknown"), "lambda:Invoke", "check", after=True),
    "the topic is down": Fault(Answer("InternalErrorException"), "sns:Publish"),
}
DELIVERIES = {"twice": (0, 0.02), "late": (45,)}


class AnyOrder(RuleBasedStateMachine):
    """One model, and what people, pipelines and bad luck do to it. The functions are set on a subclass."""

    functions: Functions

    def __init__(self) -> None:
        super().__init__()
        self.until_the_end = ExitStack()
        traveller = self.until_the_end.enter_context(time_machine.travel(NOW, tick=False))
        self.scene = Scene(Account(self.functions, traveller))
        self.starts: list[tuple[Execution, str]] = []
        """Each with its lease."""
        self.stops: list[tuple[Execution, str | None]] = []
        """Each with the lease that it may end; None where it is all of them."""

    @rule(lease_id=LEASES)
    def start(self, lease_id: str) -> None:
        """A pipeline starts the model, or extends its lease."""
        self.starts.append((self.scene.begin(START_MODEL, LeaseId=lease_id, LeaseMinutes=0), lease_id))

    @rule(lease_id=LEASES)
    def release(self, lease_id: str) -> None:
        """A pipeline is done."""
        self.stops.append((self.scene.begin(STOP_MODEL, LeaseId=lease_id), lease_id))

    @rule()
    def stop(self) -> None:
        """Somebody stops the model if nobody needs it."""
        self.stops.append((self.scene.begin(STOP_MODEL), "nobody's"))

    @rule()
    def force(self) -> None:
        """Somebody stops the model, whoever needs it."""
        self.stops.append((self.scene.begin(STOP_MODEL, Force=True), None))

    @precondition(lambda self: self.starts)
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        """Somebody aborts a start, wherever it is."""
        execution, _ = data.draw(st.sampled_from(self.starts))
        self.scene.account.stepfunctions.stop_execution(executionArn=execution.arn, cause="by hand")

    @rule(seconds=st.sampled_from([0.01, 0.35, 1, 20, 400, 1500]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.scene.passes(seconds)

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def fail(self, fault: str) -> None:
        """Something goes wrong, once."""
        self.scene.account.wire.faults.add(FAULTS[fault])

    @rule(how=st.sampled_from(sorted(DELIVERIES)))
    def misdeliver(self, how: str) -> None:
        """From now on the events of executions' ends come twice, or late."""
        self.scene.account.deliveries = [Delivery("settle", DELIVERIES[how])]

    @rule()
    def sweep(self) -> None:
        """A sweep comes by, besides those that come anyway."""
        self.scene.account.call("sweep", {})

    @rule()
    def who_holds_the_model_has_it_running(self) -> None:
        """Of the starts that have answered, and whose lease no stop can have ended since they began."""
        if any(self._holds(execution, lease_id) for execution, lease_id in self.starts):
            assert self.scene.status == "RUNNING"

    def teardown(self) -> None:
        """Everybody is done: the model ends STOPPED, and every execution was reported once."""
        with self.until_the_end:
            self.scene.mends()
            self.who_holds_the_model_has_it_running()
            # A release ends what has been taken: a start that waits for its turn takes its lease later.
            ended = [self.scene.wait(execution) for execution, _ in (*self.starts, *self.stops)]
            self.who_holds_the_model_has_it_running()
            ended += [self.scene.run(STOP_MODEL, LeaseId=lease_id) for lease_id in ("a", "b")]
            self.scene.until(lambda: self.scene.status == "STOPPED" and not self.scene.unsettled, 3 * 3600)
            for execution in ended:
                assert len(self.scene.notified(execution).events) == 1, execution.arn

    def _holds(self, start: Execution, lease_id: str) -> bool:
        over = (stop for stop, ends in self.stops if ends in (None, lease_id))
        before = all(stop.ended and stop.ended < start.began for stop in over)
        return before and start.status == "SUCCEEDED"


def test_in_whatever_order_a_model_runs_while_it_is_held_and_ends_stopped(functions: Functions) -> None:
    machine = type("InThisAccount", (AnyOrder,), {"functions": functions})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],  # to shrink a failure takes minutes, and its steps are few anyway
        ),
    )
