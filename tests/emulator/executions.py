"""Executions of a deployed state machine, started and waited for."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def wait_until(look: Callable[[], T], seconds: float = 60) -> T:
    """Look until there is something to see; what was seen."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s; the last look saw {seen}"
        time.sleep(0.05)
    return seen


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
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.history if "stateEnteredEventDetails" in event
        ]

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

    def wait(self, arn: str, seconds: float = 90) -> Execution:
        """Wait for its end."""
        deadline = time.monotonic() + seconds
        while (found := self.stepfunctions.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"still running after {seconds} s: {arn}"
            time.sleep(0.1)
        history = self.stepfunctions.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        output, cause = found.get("output"), found.get("cause")
        with contextlib.suppress(ValueError):  # a Cause need not be JSON
            cause = json.loads(cause) if cause else cause
        return Execution(
            arn, found["status"], json.loads(output) if output else None, found.get("error"), cause, history
        )

    def run(self, given: object, name: str | None = None) -> Execution:
        """Start an execution and wait for its end."""
        return self.wait(self.start(given, name))
