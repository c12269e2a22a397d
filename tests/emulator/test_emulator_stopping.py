"""StopExecution and a state machine's TimeoutSeconds end an execution at once, in any state; nothing follows."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.utils import TMP_THREADS

from emulator.server import Emulator
from tests.deployed.executions import PATIENCE, StateMachine, wait_until
from tests.emulator.stacks import deploy, function, invocations_of, machine, task

# Begins, and goes on when it may.
GATED = """
import pathlib, time
def handler(event, context):
    pathlib.Path(event["Folder"], event["State"]).touch()
    while not pathlib.Path(event["Folder"], "open").exists():
        time.sleep(0.05)
    if event.get("Fail"):
        raise ValueError("too late")
"""
GIVEN = {"Folder": "{% $states.input.Folder %}", "State": "{% $states.context.State.Name %}"}
NEXT = {"Next": "After"}
AFTER = {"After": task(GIVEN)}


@dataclass(frozen=True)
class Gate:
    """What the functions of a test wait for, and where they leave their traces."""

    folder: Path

    def open(self) -> None:
        (self.folder / "open").touch()

    def began(self) -> set[str]:
        """The states whose functions have begun."""
        return {file.name for file in self.folder.iterdir()} - {"open"}


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path)
    yield gate
    gate.open()


@pytest.fixture
def settled() -> Callable[[], None]:
    """Waits until the threads of the executions that the test has started have ended."""
    before = len(TMP_THREADS)

    def wait() -> None:
        for thread in TMP_THREADS[before:]:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    return wait


def gated(emulator: Emulator, states: dict[str, Any], **fields: Any) -> StateMachine:
    outputs = deploy(emulator, function(GATED, timeout=600), machine({**states, **AFTER}, **fields))
    return StateMachine(outputs["Machine"], emulator.client("stepfunctions"))


def entered(running: StateMachine, arn: str, event_type: str) -> bool:
    history = running.stepfunctions.get_execution_history(executionArn=arn)["events"]
    return any(event["type"] == event_type for event in history)


def stop(running: StateMachine, arn: str) -> None:
    running.stepfunctions.stop_execution(executionArn=arn, error="Enough", cause="of it")


def assert_aborted(running: StateMachine, arn: str) -> None:
    """It has ended by now, and its history with it."""
    execution = running.wait(arn, 0)
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Enough", "of it")
    last = execution.history[-1]
    assert last["type"] == "ExecutionAborted"
    assert last["executionAbortedEventDetails"] == {"error": "Enough", "cause": "of it"}
    assert sum(event["type"].startswith("Execution") for event in execution.history) == 2


def test_a_wait_is_stopped(bare: Emulator, gate: Gate, settled: Callable[[], None]) -> None:
    waiting = gated(bare, {"Wait": {"Type": "Wait", "Seconds": 150, **NEXT}})
    arn = waiting.start({"Folder": str(gate.folder)})
    wait_until(lambda: entered(waiting, arn, "WaitStateEntered"))
    stop(waiting, arn)
    assert_aborted(waiting, arn)
    settled()
    assert_aborted(waiting, arn)
    assert gate.began() == set()


@pytest.mark.parametrize("fail", [False, True])
@pytest.mark.parametrize("handling", ["Retry", "Catch", "nothing"])
def test_a_task_is_stopped_while_its_function_runs_on(
    bare: Emulator,
    gate: Gate,
    settled: Callable[[], None],
    fail: bool,
    handling: str,
) -> None:
    handlers: dict[str, Any] = {
        "Retry": {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]},
        "Catch": {"Catch": [{"ErrorEquals": ["States.ALL"], **NEXT}]},
        "nothing": {},
    }
    running = gated(bare, {"Run": task({**GIVEN, "Fail": fail}, **NEXT, **handlers[handling])})
    arn = running.start({"Folder": str(gate.folder)})
    wait_until(gate.began)
    stop(running, arn)
    assert_aborted(running, arn)
    gate.open()
    settled()
    assert_aborted(running, arn)
    assert gate.began() == {"Run"}
    assert [one.error for one in invocations_of(bare, running)] == ["ValueError" if fail else None]


def test_a_retry_s_pause_is_stopped(bare: Emulator, gate: Gate, settled: Callable[[], None]) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 20, "MaxAttempts": 5}]
    running = gated(bare, {"Run": task({**GIVEN, "Fail": True}, Retry=retry, **NEXT)})
    gate.open()
    arn = running.start({"Folder": str(gate.folder)})
    wait_until(lambda: entered(running, arn, "TaskFailed"))
    before = invocations_of(bare, running)
    stop(running, arn)
    assert_aborted(running, arn)
    settled()
    assert_aborted(running, arn)
    assert invocations_of(bare, running) == before
    assert gate.began() == {"Run"}


def test_the_states_of_a_parallel_are_stopped(bare: Emulator, gate: Gate, settled: Callable[[], None]) -> None:
    branches = [
        {"StartAt": first, "States": {first: state, f"After{first}": task(GIVEN)}}
        for first, state in (
            ("Run", task(GIVEN, Next="AfterRun")),
            ("Wait", {"Type": "Wait", "Seconds": 150, "Next": "AfterWait"}),
        )
    ]
    running = gated(bare, {"Both": {"Type": "Parallel", "Branches": branches, **NEXT}})
    arn = running.start({"Folder": str(gate.folder)})
    wait_until(gate.began)
    stop(running, arn)
    assert_aborted(running, arn)
    gate.open()
    settled()
    assert_aborted(running, arn)
    assert gate.began() == {"Run"}


def test_a_nested_execution_s_parent_is_stopped_and_the_child_left_alone(
    bare: Emulator, gate: Gate, settled: Callable[[], None]
) -> None:
    child = gated(bare, {"Run": task(GIVEN, **NEXT)})
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": child.arn, "Input": "{% $states.input %}"},
        "Output": "{% $states.input %}",
        **NEXT,
    }
    parent = gated(bare, {"Nested": nested})
    arn = parent.start({"Folder": str(gate.folder)})
    wait_until(gate.began)
    stop(parent, arn)
    assert_aborted(parent, arn)
    (child_arn,) = (
        one["executionArn"] for one in child.stepfunctions.list_executions(stateMachineArn=child.arn)["executions"]
    )
    assert child.stepfunctions.describe_execution(executionArn=child_arn)["status"] == "RUNNING"
    stop(child, child_arn)
    gate.open()
    settled()
    assert_aborted(parent, arn)
    assert_aborted(child, child_arn)
    assert gate.began() == {"Run"}


def test_an_execution_is_stopped_before_its_first_state(bare: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, end = ExecutionWorker._get_evaluation_environment, ExecutionWorker.stop
    asked = threading.Event()

    def prepare_when_asked_to_stop(self: ExecutionWorker) -> Any:
        asked.wait(PATIENCE)
        return prepare(self)

    def stop_before(self: ExecutionWorker, *given: Any, **more: Any) -> None:
        assert self.env is None
        threading.Timer(0.1, asked.set).start()
        end(self, *given, **more)

    monkeypatch.setattr(ExecutionWorker, "_get_evaluation_environment", prepare_when_asked_to_stop)
    monkeypatch.setattr(ExecutionWorker, "stop", stop_before)
    waiting = gated(bare, {"Wait": {"Type": "Wait", "Seconds": 600, **NEXT}})
    arn = waiting.start({})
    stop(waiting, arn)
    assert_aborted(waiting, arn)


def test_an_execution_that_has_ended_is_not_stopped(bare: Emulator) -> None:
    machine_ = gated(bare, {"Done": {"Type": "Succeed"}})
    execution = machine_.run({})
    stopped = machine_.stepfunctions.stop_execution(executionArn=execution.arn, error="Enough")
    described = machine_.stepfunctions.describe_execution(executionArn=execution.arn)
    assert (described["status"], described.get("error")) == ("SUCCEEDED", None)
    assert stopped["stopDate"] == described["stopDate"]


def test_an_abort_without_a_reason_has_none(bare: Emulator) -> None:
    waiting = gated(bare, {"Wait": {"Type": "Wait", "Seconds": 600, **NEXT}})
    arn = waiting.start({})
    waiting.stepfunctions.stop_execution(executionArn=arn)
    execution = waiting.wait(arn, 0)
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", None, None)


@pytest.mark.parametrize("fail", [False, True])
def test_a_timeout_ends_an_execution_while_its_function_runs_on(
    bare: Emulator,
    gate: Gate,
    settled: Callable[[], None],
    fail: bool,
) -> None:
    running = gated(bare, {"Run": task({**GIVEN, "Fail": fail}, **NEXT)}, TimeoutSeconds=5)
    arn = running.start({"Folder": str(gate.folder)})
    execution = running.wait(arn)
    assert (execution.status, execution.error, execution.output) == ("TIMED_OUT", None, None)
    assert execution.history[-1]["type"] == "ExecutionTimedOut"
    assert "stopDate" in running.stepfunctions.describe_execution(executionArn=arn)
    gate.open()
    settled()
    later = running.wait(arn, 0)
    assert (later.status, json.dumps(later.history, default=str)) == (
        "TIMED_OUT",
        json.dumps(execution.history, default=str),
    )
    assert gate.began() <= {"Run"}
