"""Executions: an end is at once and final, and every change of status is told on the default bus."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from emulator.seams import events
from emulator.seams.patching import patch

_STATUSES: dict[type, ExecutionStatus] = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}
_LAST_EVENTS = {
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
}
# "If the combined escaped input and escaped output exceeds 248 KiB, then the input will be excluded":
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
_EVENT_DATA_BYTES = 248 * 1024
_BEGIN_SECONDS = 60

ending: set[str] = set()
"""The executions that may be seen to have ended while no rule has their event yet, by their ARNs."""


def status_change(described: dict[str, Any]) -> dict[str, Any]:
    """The ``detail`` of the event with which Step Functions tells an execution's status, from its description."""
    given, output = described["input"], described.get("output")
    output_fits = _escaped_bytes(output) <= _EVENT_DATA_BYTES
    input_fits = _escaped_bytes(given) + _escaped_bytes(output) <= _EVENT_DATA_BYTES
    return {
        "executionArn": described["executionArn"],
        "stateMachineArn": described["stateMachineArn"],
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "name": described["name"],
        "status": described["status"],
        "startDate": _milliseconds(described["startDate"]),
        "stopDate": _milliseconds(described.get("stopDate")),
        "input": given if input_fits else None,
        "inputDetails": {"included": input_fits},
        "output": output if output_fits else None,
        "outputDetails": None if output is None else {"included": output_fits},
        "error": described.get("error"),
        "cause": described.get("cause"),
    }


def _escaped_bytes(text: str | None) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) if text else 0


def _milliseconds(time_: datetime | None) -> int | None:
    return None if time_ is None else int(time_.timestamp() * 1000)


def _describe(execution: Any) -> dict[str, Any]:
    described = {**execution.to_describe_output(), "input": execution.execution_input, "status": execution.status}
    return {name: value for name, value in described.items() if value is not None}


def _publish_status(execution: Any) -> None:
    if execution.state_machine.type == "EXPRESS":
        return
    events.publish(
        execution.account_id,
        execution.region_name,
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        resources=[execution.exec_arn],
        detail=status_change(_describe(execution)),
    )


def _end(self: BaseExecutionWorkerCommunication) -> None:
    """Let the execution have ended, by whoever comes first: its own thread, or who stopped it."""
    execution: Any = self.execution
    env = execution.exec_worker.env
    with env._state_mutex:
        if execution.exec_status != ExecutionStatus.RUNNING:
            return
        state = env.program_state()
        if isinstance(state, ProgramStopped):
            _close_history(env, HistoryEventType.ExecutionAborted, error=state.error, cause=state.cause)
            execution.error, execution.cause = state.error, state.cause
        elif isinstance(state, ProgramTimedOut):
            _close_history(env, HistoryEventType.ExecutionTimedOut)
        elif isinstance(state, ProgramError):
            failed: Any = state.error
            execution.error, execution.cause = failed.get("error"), failed.get("cause")
        else:
            execution.output = env.states.get_input()
        execution.stop_date = datetime.now(UTC)
        ending.add(execution.exec_arn)
        # Last: who sees that the execution has ended sees the rest too.
        execution.exec_status = _STATUSES[type(state)]
    try:
        _publish_status(execution)
    finally:
        ending.discard(execution.exec_arn)


def _close_history(env: Any, event_type: HistoryEventType, **details: str | None) -> None:
    name = f"{event_type.value[0].lower()}{event_type.value[1:]}EventDetails"
    given = {field: value for field, value in details.items() if value is not None}
    env.event_manager.add_event(context=env.event_history_context, event_type=event_type, event_details={name: given})


def _stop(self: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
    deadline = time.monotonic() + _BEGIN_SECONDS
    while self.env is None or self.env._program_state is None:  # its thread has not come to its first state
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)
    self.env.set_stop(stop_date=stop_date, error=error, cause=cause)
    if isinstance(self.env.program_state(), ProgramStopped):
        self._execution_communication.terminated()


def _stop_execution(self: StepFunctionResponse) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    execution.stop(stop_date=None, error=self._get_param("error"), cause=self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date or datetime.now(UTC)})


def _describe_execution(self: StepFunctionResponse) -> ActionResult:
    return ActionResult(_describe(self.stepfunction_backend.describe_execution(self._get_param("executionArn"))))


deleting: set[str] = set()
"""The state machines that are being deleted, by their ARNs."""


def end_at_next_transition(state_machine: Any, seconds: float) -> bool:
    """End its executions as DeleteStateMachine does: each at its next transition. False if one makes none in time."""
    running = [one for one in state_machine.executions if one.exec_status == ExecutionStatus.RUNNING]
    going_on = {one: _transitions(one) for one in running}
    deadline = time.monotonic() + seconds
    while going_on and time.monotonic() < deadline:
        for execution, before in list(going_on.items()):
            if execution.exec_status == ExecutionStatus.RUNNING and _transitions(execution) != before:
                execution.stop(stop_date=None, error=None, cause="The state machine was deleted.")
            if execution.exec_status != ExecutionStatus.RUNNING:
                del going_on[execution]
        time.sleep(0.02)
    return not going_on


def _transitions(execution: Any) -> int:
    env = execution.exec_worker.env
    history = env.event_manager._history_event_list if env else []
    return sum(event["type"].endswith("StateEntered") for event in history)


def install() -> None:
    """Put the patches in place."""
    # An execution that is stopped or times out stays RUNNING until its thread notices: not before the Lambda under way
    # answers, or the pause before a retry is over. Nor does moto tell anybody of a status.
    patch(BaseExecutionWorkerCommunication, "terminated", _end)
    patch(ExecutionWorker, "stop", _stop)
    begin: Any = ExecutionWorker.start

    def begin_and_publish(self: Any) -> None:
        _publish_status(self._execution_communication.execution)
        begin(self)

    patch(ExecutionWorker, "start", begin_and_publish)

    # What that thread meets afterwards, such as its Lambda's answer, goes on in the history.
    write = EventManager._publish_history_event

    def write_unless_over(self: Any, **event: Any) -> None:
        if not self._history_event_list or self._history_event_list[-1]["type"] not in _LAST_EVENTS:
            write(self, **event)

    patch(EventManager, "_publish_history_event", write_unless_over)

    # StopExecution forgets error and cause; DescribeExecution knows no end of TIMED_OUT, and takes an output that is a
    # text for JSON.
    patch(StepFunctionResponse, "stop_execution", _stop_execution)
    patch(StepFunctionResponse, "describe_execution", _describe_execution)
