"""What an ended execution leaves behind: its pending lease (a run leaves more), and people who were not notified.

It is done for every execution, right after its end by an event, and by the sweep where that event was lost. What was
done already is not done again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lifecycle.configuration import Configuration
from lifecycle.errors import InvalidRequest, LifecycleError, ModelNotFound, ServiceUnavailable, fields_of
from lifecycle.executions.client_tokens import token_key
from lifecycle.executions.outcomes import Failure
from lifecycle.executions.requests import Execution, Request, fingerprint, is_silent, nothing_chosen
from lifecycle.executions.settle import Settled
from lifecycle.executions.state_machines import Machine, Machines
from lifecycle.model.version_choice import Choice
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.ports import Executions, ExecutionState, ModelItems, Models, OpenExecutions, Tokens
from lifecycle.run_with_model.request import RunRequest
from lifecycle.run_with_model.result import workload_warnings
from lifecycle.shared.wire import from_wire
from lifecycle.start_model.request import StartRequest
from lifecycle.stop_model.request import StopRequest
from lifecycle.workflows import WORKFLOWS

DENIED = timedelta(days=1)
"""How long an execution is remembered that Step Functions does not know: DescribeExecution is eventually consistent.
Executions are known for 90 days (its API reference)."""


@dataclass(slots=True)
class Settler:
    """Settles what executions leave.

    Parameters
    ----------
    notify : callable
        Notifies people of an end, once.
    leave : timedelta
        How long an ended execution is left to its event, so that it is not settled twice at a time.
    """

    now: datetime
    configuration: Configuration
    machines: Machines
    models: Models
    items: ModelItems
    executions: Executions
    open_executions: OpenExecutions
    tokens: Tokens
    notify: Callable[[Ending], None]
    leave: timedelta = timedelta(0)

    def settle_ended(self, execution_arn: str) -> bool:
        """Settle an execution of which an event says that it has ended.

        Raises
        ------
        LifecycleError
            As ``settle``; ServiceUnavailable also where DescribeExecution, which is eventually consistent, does not
            know of the end yet: it is a reason to try again.
        """
        state = self.executions.describe(execution_arn)
        if state is None or state.status == "RUNNING":
            seen = state.status if state else "unknown"
            raise ServiceUnavailable(f"{execution_arn} has ended, as its event says, and is {seen} to Step Functions.")
        return self._settle(execution_arn, state, lately=True)

    def settle(self, execution_arn: str) -> bool:
        """Settle an execution; False where something may be left to be done: by the next sweep.

        Raises
        ------
        LifecycleError
            Something could not be done; the execution is remembered until it could.
        """
        state = self.executions.describe(execution_arn)
        if state is None:
            self.open_executions.close(execution_arn, opened_before=self.now - DENIED)
            return True
        if state.status == "RUNNING" or self._lately(state):
            return False
        return self._settle(execution_arn, state)

    def _settle(self, execution_arn: str, state: ExecutionState, *, lately: bool = False) -> bool:
        machine = self.machines.of(execution_arn)
        execution = Execution(execution_arn, execution_arn.rpartition(":")[2], state.started_at or self.now)
        request = self._request(machine, execution, state)
        settled = WORKFLOWS[machine].settle(
            execution,
            state,
            request,
            now=self.now,
            configuration=self.configuration,
            machines=self.machines,
            items=self.items,
            executions=self.executions,
        )
        if lately and settled.start_goes_on:
            # Whether StartModel reports it is not known yet.
            raise ServiceUnavailable(f"{execution_arn} has failed, and its start seems to go on.")
        ending = self._ending(machine, execution, state, request, settled)
        if not ending.is_silent:
            self.notify(ending)
        if settled.complete:
            self.open_executions.close(execution_arn)
        return settled.complete

    def _lately(self, state: ExecutionState) -> bool:
        return state.stopped_at is not None and self.now - state.stopped_at < self.leave

    def _ending(
        self,
        machine: Machine,
        execution: Execution,
        state: ExecutionState,
        request: StartRequest | StopRequest | RunRequest | None,
        settled: Settled,
    ) -> Ending:
        if request:
            request = replace(
                request,
                duplicate_of=self._first(machine, request, state),
                project_version_arn=request.project_version_arn or settled.project_version_arn or "",
            )
        ending = Ending(
            machine,
            execution,
            silent=is_silent(state.input, machine),
            request=request,
            reported_by_start=settled.reported_by_start,
        )
        if state.status == "SUCCEEDED":
            of_result = WORKFLOWS[machine].result
            if of_result is None:
                warnings = workload_warnings((state.output or {}).get("Workload"))
                return replace(ending, succeeded=True, workload_warnings=warnings)
            return replace(ending, result=from_wire(of_result, state.output or {}))
        if state.status == "FAILED":
            return replace(ending, failure=Failure(state.error or "", state.cause or ""))
        seen = self._status(ending.project_version_arn) if ending.project_version_arn else None
        return replace(ending, abortion=Abortion(state.status, state.cause, seen, settled.held))

    def _request(
        self, machine: Machine, execution: Execution, state: ExecutionState
    ) -> StartRequest | StopRequest | RunRequest | None:
        def chosen(name: str) -> Choice:
            """What it chose itself, if it came that far; where its record is gone, it has answered with it."""
            answered = (state.output or {}).get("ProjectVersionArn") or fields_of(state.cause).get("ProjectVersionArn")
            arn = self.open_executions.chosen(execution.id) or answered
            return Choice(arn, reason="") if arn else nothing_chosen(name)

        try:
            return WORKFLOWS[machine].read(state.input, execution, self.configuration, chosen)
        except (InvalidRequest, ModelNotFound):
            return None

    def _status(self, project_version_arn: str) -> str | None:
        """The model's status, for the message; it is no reason to fail."""
        try:
            project_arn = self.models.project_arn(project_version_arn)
            return self.models.describe(project_version_arn, project_arn).status
        except LifecycleError:
            return None

    def _first(self, machine: Machine, request: Request, state: ExecutionState) -> str | None:
        """The execution that this one was a duplicate of, by its token."""
        if not request.client_request_token:
            return None
        holder = self.tokens.holder(token_key(machine, request.token_scope, request.client_request_token))
        if holder is None or holder.execution_arn == request.execution_arn:
            return None
        if holder.fingerprint != fingerprint(state.input):
            return None  # refused, for other fields
        first = self.executions.describe(holder.execution_arn)
        if first and first.started_at and state.stopped_at and first.started_at > state.stopped_at:
            return None  # it was this one's token, that another has taken over since
        return holder.execution_arn
