"""AWS Step Functions: the adapter of ``lifecycle.inbox.ports.TaskTokens``."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.shared.wire import Json

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient

MAX_ERROR, MAX_CAUSE = 256, 32_768
"""Characters (Step Functions API reference, SendTaskFailure)."""


class StepFunctionsTasks:
    """``TaskTokens`` on boto3. A task that has ended, or timed out, is no error: its execution says how it ended."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def heartbeat(self, token: str) -> None:
        """Keep the task waiting."""
        with self._ended_or("SendTaskHeartbeat"):
            self._client.send_task_heartbeat(taskToken=token)

    def succeed(self, token: str, output: Mapping[str, Json]) -> None:
        """End the task, with an output."""
        with self._ended_or("SendTaskSuccess"):
            self._client.send_task_success(taskToken=token, output=json.dumps(output))

    def fail(self, token: str, error: str, cause: str) -> None:
        """End the task, with an Error and a Cause."""
        with self._ended_or("SendTaskFailure"):
            self._client.send_task_failure(taskToken=token, error=error[:MAX_ERROR], cause=cause[:MAX_CAUSE])

    @contextmanager
    def _ended_or(self, operation: str) -> Iterator[None]:
        known = self._client.exceptions
        with errors_of(operation):
            try:
                yield
            except (known.TaskTimedOut, known.TaskDoesNotExist, known.InvalidToken):
                return
