"""What an execution leaves that has ended: its pending lease, and people who were not told.

It is done for every execution, right after its end by an event, and by the sweep where that event was lost. What was
done already is not done again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lifecycle import leases
from lifecycle.configuration import Configuration
from lifecycle.duplicates import token_key
from lifecycle.endings import Abortion, Ending, Failure
from lifecycle.errors import InvalidRequest, LifecycleError, ServiceUnavailable
from lifecycle.machines import Machine, Machines
from lifecycle.ports import Executions, ExecutionState, ModelItems, Models, OpenExecutions, Tokens
from lifecycle.requests import Execution, Request, fingerprint
from lifecycle.start_request import StartRequest, start_request
from lifecycle.start_result import StartResult
from lifecycle.steps import MAX_CONFLICTS
from lifecycle.stop_request import StopRequest, stop_request
from lifecycle.stop_result import StopResult
from lifecycle.wire import from_wire


@dataclass(slots=True)
class Settler:
    """Settles what executions leave.

    Parameters
    ----------
    tell : callable
        Tells people of an end, once.
    leave : timedelta
        How long an execution that has ended is left to its event, so that not two of us are at it.
    """

    now: datetime
    configuration: Configuration
    machines: Machines
    models: Models
    items: ModelItems
    executions: Executions
    open_executions: OpenExecutions
    tokens: Tokens
    tell: Callable[[Ending], None]
    leave: timedelta = timedelta(0)

    def settle(self, execution_arn: str) -> bool:
        """Settle an execution; False where it has not ended, or is left alone still.

        Raises
        ------
        LifecycleError
            Something could not be done; the execution is remembered until it could.
        """
        state = self.executions.describe(execution_arn)
        if state is not None and (state.status == "RUNNING" or self._lately(state)):
            return False
        if state is not None:
            ending = self._ending(execution_arn, state)
            if not ending.tells_nobody:
                self.tell(ending)
        self.open_executions.close(execution_arn)
        return True

    def _lately(self, state: ExecutionState) -> bool:
        return state.stopped_at is not None and self.now - state.stopped_at < self.leave

    def _ending(self, execution_arn: str, state: ExecutionState) -> Ending:
        machine = self.machines.of(execution_arn)
        execution = Execution(execution_arn, execution_arn.rpartition(":")[2], state.started_at or self.now)
        request = self._request(machine, execution, state)
        held = self._give_back(request) if request else False
        result: StartResult | StopResult | None = None
        failure = abortion = None
        if state.status == "SUCCEEDED":
            output = state.output or {}
            starts = machine is Machine.START_MODEL
            result = from_wire(StartResult, output) if starts else from_wire(StopResult, output)
        elif state.status == "FAILED":
            failure = Failure(state.error or "", state.cause or "")
        else:
            seen = self._status(request) if request else None
            abortion = Abortion(state.status, state.cause, seen, held)
        if request:
            request = replace(request, duplicate_of=self._first(machine, request, state))
        # Also of an input that is invalid.
        dry_run = isinstance(state.input, dict) and state.input.get("DryRun") is True
        return Ending(
            machine, execution, dry_run=dry_run, request=request, result=result, failure=failure, abortion=abortion
        )

    def _request(
        self, machine: Machine, execution: Execution, state: ExecutionState
    ) -> StartRequest | StopRequest | None:
        read = start_request if machine is Machine.START_MODEL else stop_request
        try:
            return read(state.input, execution, self.configuration)
        except InvalidRequest:
            return None

    def _give_back(self, request: Request) -> bool:
        """Take back the pending lease; answers whether another lease holds the model."""
        for _ in range(MAX_CONFLICTS):
            item = self.items.get(request.project_version_arn)
            without = leases.give_back(item, request.execution_arn, self.now)
            if without == item or self.items.put(without):
                return without.is_held(self.now)
        raise ServiceUnavailable(f"The leases of the model changed {MAX_CONFLICTS} times while they were read.")

    def _status(self, request: Request) -> str | None:
        """The model's status, for the message; it is no reason to fail."""
        arn = request.project_version_arn
        try:
            return self.models.describe(arn, self.models.project_arn(arn)).status
        except LifecycleError:
            return None

    def _first(self, machine: Machine, request: Request, state: ExecutionState) -> str | None:
        """The execution that this one was a duplicate of, as its token tells."""
        if not request.client_request_token:
            return None
        holder = self.tokens.holder(token_key(machine, request.project_version_arn, request.client_request_token))
        if holder is None or holder.execution_arn == request.execution_arn:
            return None
        if holder.fingerprint != fingerprint(state.input):
            return None  # refused, for other fields
        first = self.executions.describe(holder.execution_arn)
        if first and first.started_at and state.stopped_at and first.started_at > state.stopped_at:
            return None  # it was this one's token, that another has taken over since
        return holder.execution_arn
