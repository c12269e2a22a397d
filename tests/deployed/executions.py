"""Executions of a deployed state machine, started and waited for."""

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 180
"""Seconds, on a machine that is busy: what does not come at all is noticed late, what comes is never missed."""
_AT_ONCE = 5.0
"""Seconds from one look to the next that are counted: a look takes part of one, the longest pause is one."""


def _pauses(seconds: float, first: float) -> Iterator[float]:
    """Pauses between looks, of which there is at least one; longer ones the longer it takes: looks keep one busy.

    A machine that stood still has not waited: of that time little is counted.
    """
    before, pause, passed = time.monotonic(), 0.0, 0.0
    while passed <= seconds:
        yield pause
        now = time.monotonic()
        passed += min(now - before, _AT_ONCE)
        before = now
        pause = min(first + passed / 20, 1.0)
        time.sleep(pause if passed <= seconds else 0)


def wait_until(observe: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Look until there is something to see; what was seen."""
    seen = None
    for _ in _pauses(seconds, 0.05):
        if seen := observe():
            return seen
    raise AssertionError(f"not within {seconds} s; the last look saw {seen}")


@dataclass(frozen=True)
class Execution:
    """An execution that has ended."""

    arn: str
    status: str
    output: Any
    error: str | None
    cause: Any
    history: list[dict[str, Any]]

    def states(self) -> list[str]:
        """The names of the states it entered, in order."""
        return _states(self.history)

    def failed_tasks(self) -> list[str]:
        """The errors of its Tasks that failed, retried ones included."""
        return [event["taskFailedEventDetails"]["error"] for event in self.history if "taskFailedEventDetails" in event]


@dataclass(frozen=True)
class StateMachine:
    """A deployed state machine."""

    arn: str
    stepfunctions: Any

    def start(self, given: object, name: str | None = None) -> str:
        """Start an execution; its ARN."""
        named = {"name": name} if name else {}
        text = given if isinstance(given, str) else json.dumps(given)
        started = self.stepfunctions.start_execution(stateMachineArn=self.arn, input=text, **named)
        arn: str = started["executionArn"]
        return arn

    def wait(self, arn: str, seconds: float = PATIENCE) -> Execution:
        """Wait for its end."""
        for _ in _pauses(seconds, 0.1):
            found = self.stepfunctions.describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return self._ended(arn, found)
        raise AssertionError(f"still running after {seconds} s: {arn}")

    def _ended(self, arn: str, found: dict[str, Any]) -> Execution:
        history = self._history(arn)
        output, cause = found.get("output"), found.get("cause")
        with contextlib.suppress(ValueError):  # a Cause need not be JSON
            cause = json.loads(cause) if cause else cause
        return Execution(
            arn, found["status"], json.loads(output) if output else None, found.get("error"), cause, history
        )

    def run(self, given: object, name: str | None = None) -> Execution:
        """Start an execution and wait for its end."""
        return self.wait(self.start(given, name))

    def abort(self, arn: str, cause: str = "by hand") -> Execution:
        """Stop an execution as a person would."""
        self.stepfunctions.stop_execution(executionArn=arn, cause=cause)
        return self.wait(arn)

    def wait_for_state(self, arn: str, state: str, seconds: float = PATIENCE) -> None:
        """Wait until an execution is in a state."""
        entered: str | None = None
        for _ in _pauses(seconds, 0.05):
            entered = self.state(arn)
            if entered == state:
                return
        raise AssertionError(f"not in {state!r} after {seconds} s, but in {entered!r}")

    def state(self, arn: str) -> str | None:
        """The state that it entered last, if any yet."""
        return next(iter(_states(self._history(arn))[-1:]), None)

    def running(self) -> list[str]:
        """The ARNs of the executions under way."""
        found = self.stepfunctions.list_executions(stateMachineArn=self.arn, statusFilter="RUNNING")
        return [one["executionArn"] for one in found["executions"]]

    def _history(self, arn: str) -> list[dict[str, Any]]:
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]


def end_what_waits(stepfunctions: Any, machines: Iterable[str]) -> bool:
    """Abort the executions that are in a Wait; whether none of these state machines' goes on any more.

    The others end, or come to a Wait: a function at work may still write into a table after its execution is aborted.
    """
    found = [
        (machine, arn)
        for machine in (StateMachine(arn, stepfunctions) for arn in machines)
        for arn in machine.running()
    ]
    for machine, arn in found:
        if machine.state(arn) == "Wait":
            stepfunctions.stop_execution(executionArn=arn, cause="The test is over.")
    return not found


def _states(history: list[dict[str, Any]]) -> list[str]:
    return [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
