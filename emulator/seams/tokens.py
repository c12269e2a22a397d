"""Step Functions: tasks that wait for a token, kept alive by heartbeats, and ended once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import Heartbeat
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import Timeout, TimeoutSeconds
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    HeartbeatEndpoint,
)
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from emulator.seams.patching import patch

_PAUSE_SECONDS = 0.2
_lock = threading.Lock()


def machine_of(account_id: str, region: str, token: str) -> str | None:
    """The ARN of the state machine whose task waits, or has waited, for a token; IAM asks for it."""
    for execution, _ in _endpoints(stepfunctions_parser_backends[account_id][region], token):
        arn: str = execution.state_machine_arn
        return arn
    return None


def _endpoints(backend: Any, token: str) -> Iterator[tuple[Any, CallbackEndpoint]]:
    """The execution that has given a token, and where it waits: one at most."""
    for machine in list(backend.state_machines):
        for execution in list(machine.executions):
            env = execution.exec_worker.env if execution.exec_worker else None
            endpoint = env.callback_pool_manager.get(token) if env else None
            if endpoint is not None:
                yield execution, endpoint


def _waiting(backend: Any, token: str) -> CallbackEndpoint:
    """Where a task waits for a token.

    Raises
    ------
    InvalidToken, TaskTimedOut
        None has ever, or it does no more.
    """
    for execution, endpoint in _endpoints(backend, token):
        if execution.exec_status != api.ExecutionStatus.RUNNING or endpoint._notify_event.is_set():
            raise api.TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
        return endpoint
    raise api.InvalidToken


def _heartbeat(self: StepFunctionResponse) -> EmptyResult:
    # A task without HeartbeatSeconds takes them, and makes nothing of them.
    _waiting(self.stepfunction_backend, self._get_param("taskToken")).notify_heartbeat()
    return EmptyResult()


def _end(self: StepFunctionResponse, outcome: CallbackOutcome) -> EmptyResult:
    with _lock:  # of two ends that come at the same time the second is refused
        _waiting(self.stepfunction_backend, outcome.callback_id).notify(outcome)
    return EmptyResult()


def _succeed(self: StepFunctionResponse) -> ActionResult:
    output = self._get_param("output")
    try:
        json.loads(output)
    except ValueError as error:
        raise api.InvalidOutput(f"Invalid Output: '{error}'") from error
    return _end(self, CallbackOutcomeSuccess(callback_id=self._get_param("taskToken"), output=output))


def _fail(self: StepFunctionResponse) -> ActionResult:
    how = {"error": self._get_param("error"), "cause": self._get_param("cause")}
    return _end(self, CallbackOutcomeFailure(callback_id=self._get_param("taskToken"), **how))


def _comes_in_time(self: HeartbeatEndpoint) -> bool:
    """Wait for the next heartbeat; whether it has come before its time was over."""
    over_at = time.time() + self._heartbeat_seconds
    while not self._next_heartbeat_event.wait(_PAUSE_SECONDS):
        if time.time() >= over_at:
            return False
    self._next_heartbeat_event.clear()
    return True


def install() -> None:
    """Put the patches in place."""
    # A token is looked for only in executions that have come to their first state, or else is a server error; one that
    # has ended its task ends it again, and a heartbeat without HeartbeatSeconds is an invalid token. A failure's cause
    # is forgotten.
    patch(StepFunctionResponse, "send_task_heartbeat", _heartbeat)
    patch(StepFunctionResponse, "send_task_success", _succeed)
    patch(StepFunctionResponse, "send_task_failure", _fail)

    # A task with HeartbeatSeconds and no TimeoutSeconds ends after a minute, however many heartbeats it has had.
    read: Any = ExecutionState.from_state_props

    def read_as_documented(self: Any, state_props: Any) -> None:
        read(self, state_props)
        if state_props.get(Heartbeat) is not None and state_props.get(Timeout) is None:
            self.timeout = TimeoutSeconds(timeout_seconds=TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS, is_default=True)

    patch(ExecutionState, "from_state_props", read_as_documented)

    # moto waits for so many seconds of the machine, also where somebody has put the clock forward.
    patch(HeartbeatEndpoint, "clear_and_wait", _comes_in_time)

    # A function may end its task before it has returned: moto waits for heartbeats only afterwards, and then for ever.
    set_up: Any = CallbackEndpoint.setup_heartbeat_endpoint

    def set_up_unless_ended(self: Any, heartbeat_seconds: int) -> Any:
        heartbeats = set_up(self, heartbeat_seconds)
        if self._notify_event.is_set():
            heartbeats.notify()
        return heartbeats

    patch(CallbackEndpoint, "setup_heartbeat_endpoint", set_up_unless_ended)
