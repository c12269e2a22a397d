"""Leases end to end, in whatever order: starts, stops, force, aborts, sweeps and faults, as hypothesis likes it.

What must hold: a model runs while a start that has answered RUNNING holds its lease; every execution is told once; and
when nobody holds the model any more it ends STOPPED.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from emulator.custom_labels import Timing
from emulator.faults import Fault
from emulator.schedules import FireError
from emulator.server import Emulator
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.told import QUICK, NewModel, Told

LEASES = st.sampled_from(["a", "b"])
FAULTS = {
    "the start is throttled": Fault("rekognition:StartProjectVersion", error="ThrottlingException"),
    "the start is in use": Fault("rekognition:StartProjectVersion", error="ResourceInUseException"),
    "the stop is throttled": Fault("rekognition:StopProjectVersion", error="ThrottlingException"),
    "the stop is in use": Fault("rekognition:StopProjectVersion", error="ResourceInUseException"),
    "a look fails": Fault("rekognition:DescribeProjectVersions", error="InternalServerError"),
    "the table is busy": Fault("dynamodb:PutItem", error="ProvisionedThroughputExceededException"),
    "a write is made, its answer lost": Fault("dynamodb:PutItem", lose_answer=True),
    "a function has done its work and failed": Fault("lambda:Invoke", error="TooManyRequestsException", after=True),
    "the topic is down": Fault("sns:Publish", error="InternalFailure"),
    "an event comes twice": Fault("events:Deliver", twice=True),
    "an event is late": Fault("events:Deliver", delay_seconds=2),
}


class AnyOrder(RuleBasedStateMachine):
    """One model, and what people, pipelines and bad luck do to it. The fixture's objects are set on a subclass."""

    emulator: Emulator
    start_model: StateMachine
    stop_model: StateMachine
    new_model: NewModel

    def __init__(self) -> None:
        super().__init__()
        self.emulator.faults.clear()
        self.emulator.custom_labels.clear()
        self.emulator.custom_labels.timing = Timing(starting=1, stopping=1)
        self.arn = self.new_model()
        self.starts: dict[str, str] = {}
        self.stops: dict[str, str | None] = {}
        """The lease that each stop may end; None where it is all of them."""

    @rule(lease_id=LEASES)
    def start(self, lease_id: str) -> None:
        """A pipeline starts the model, or extends its lease."""
        self.starts[self.start_model.start(self._asked(LeaseId=lease_id))] = lease_id

    @rule(lease_id=LEASES)
    def release(self, lease_id: str) -> None:
        """A pipeline is done."""
        self.stops[self.stop_model.start(self._asked(LeaseId=lease_id))] = lease_id

    @rule()
    def stop(self) -> None:
        """Somebody stops the model if nobody needs it."""
        self.stops[self.stop_model.start(self._asked())] = "nobody's"

    @rule()
    def force(self) -> None:
        """Somebody stops the model, whoever needs it."""
        self.stops[self.stop_model.start(self._asked(Force=True))] = None

    @precondition(lambda self: self.starts)
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        """Somebody aborts a start, wherever it is."""
        arn = data.draw(st.sampled_from(list(self.starts)))
        self.start_model.stepfunctions.stop_execution(executionArn=arn, cause="by hand")

    @rule(seconds=st.sampled_from([0.2, 1, 3]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        time.sleep(seconds)

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def fail(self, fault: str) -> None:
        """Something goes wrong, once."""
        self.emulator.faults.add(FAULTS[fault])

    @rule()
    def sweep(self) -> None:
        """The sweep comes by; one that fails looks again later."""
        try:
            self.emulator.fire("EverySweep")
        except FireError:
            return

    @rule()
    def who_holds_the_model_has_it_running(self) -> None:
        """Of the starts that have answered, and whose lease no stop can have ended since they began."""
        if any(self._holds(arn, lease_id) for arn, lease_id in self.starts.items()):
            assert self._status() == "RUNNING"

    def teardown(self) -> None:
        """Everybody is done: the model ends STOPPED, and everything was told once."""
        self.emulator.faults.clear()
        self.who_holds_the_model_has_it_running()
        for lease_id in ("a", "b"):
            self.release(lease_id)
        ended = [machine.wait(arn, seconds=300) for machine, arn in self._executions()]
        self._eventually(lambda: self._status() == "STOPPED", self.sweep)
        for execution in ended:
            self._eventually(lambda: self._times_told(execution), lambda: None)  # noqa: B023 - called at once
            assert self._times_told(execution) == 1, execution.arn

    def _executions(self) -> Iterator[tuple[StateMachine, str]]:
        yield from ((self.start_model, arn) for arn in self.starts)
        yield from ((self.stop_model, arn) for arn in self.stops)

    def _asked(self, **fields: Any) -> dict[str, Any]:
        return {"ProjectVersionArn": self.arn, **QUICK, **fields}

    def _holds(self, arn: str, lease_id: str) -> bool:
        started = self._described(arn)
        over = (self._described(stop) for stop, ends in self.stops.items() if ends in (None, lease_id))
        before = all("stopDate" in stop and stop["stopDate"] < started["startDate"] for stop in over)
        return before and bool(started["status"] == "SUCCEEDED")

    def _described(self, arn: str) -> Any:
        return self.start_model.stepfunctions.describe_execution(executionArn=arn)

    def _times_told(self, execution: Execution) -> int:
        return len(Told(self.emulator, execution).events)

    def _status(self) -> str:
        return next(one.status for one in self.emulator.custom_labels.versions() if one.arn == self.arn)

    def _eventually(self, holds: Callable[[], Any], meanwhile: Callable[[], object]) -> None:
        deadline = time.monotonic() + 240
        while not holds():
            assert time.monotonic() < deadline
            meanwhile()
            time.sleep(0.5)


@pytest.mark.waits
def test_in_whatever_order_a_model_runs_while_it_is_held_and_ends_stopped(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    members = {"emulator": emulator, "start_model": start_model, "stop_model": stop_model}
    machine = type("OnThisEmulator", (AnyOrder,), {**members, "new_model": staticmethod(new_model)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=5,
            stateful_step_count=8,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
