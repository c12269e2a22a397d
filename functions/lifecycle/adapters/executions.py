"""AWS Step Functions: the adapter of ``ports.Executions``."""

import json
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.ports import ExecutionState, StateMachine
from lifecycle.shared.wire import Json

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


def _read(text: str) -> Json:
    """Of an input; of one that no function can read its text, which is no request."""
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return text


class StepFunctions:
    """``ports.Executions`` on boto3."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def describe(self, execution_arn: str) -> ExecutionState | None:
        """The execution as it is now; None where Step Functions has forgotten it (90 days after its end)."""
        with errors_of("DescribeExecution"):
            try:
                execution = self._client.describe_execution(executionArn=execution_arn)
            except self._client.exceptions.ExecutionDoesNotExist:
                return None
        return ExecutionState(
            status=execution["status"],
            started_at=execution["startDate"],
            stopped_at=execution.get("stopDate"),
            input=_read(execution["input"]) if "input" in execution else None,
            output=json.loads(execution["output"]) if "output" in execution else None,
            error=execution.get("error"),
            cause=execution.get("cause"),
        )

    def start(self, state_machine_arn: str, name: str, payload: Json) -> bool:
        """Start an execution; False where one of this name exists already."""
        with errors_of("StartExecution"):
            try:
                self._client.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(payload))
            except self._client.exceptions.ExecutionAlreadyExists:
                return False
        return True

    def stop(self, execution_arn: str, cause: str) -> None:
        """End an execution; one that has ended already stays as it is."""
        with errors_of("StopExecution"):
            try:
                self._client.stop_execution(executionArn=execution_arn, cause=cause)
            except self._client.exceptions.ExecutionDoesNotExist:
                return

    def state_machine(self, state_machine_arn: str) -> StateMachine | None:
        """A state machine as it is now; None where there is none."""
        with errors_of("DescribeStateMachine"):
            try:
                found = self._client.describe_state_machine(stateMachineArn=state_machine_arn)
            except self._client.exceptions.StateMachineDoesNotExist:
                return None
        return StateMachine(found.get("status", "ACTIVE"), found["type"])
