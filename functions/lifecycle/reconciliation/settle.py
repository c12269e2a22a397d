"""What an execution leaves that has ended: its pending lease (of a run more), and people who were not told.

It is done for every execution, right after its end by an event, and by the sweep where that event was lost. What was
done already is not done again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lifecycle.configuration import Configuration
from lifecycle.errors import InvalidRequest, LifecycleError, ModelNotFound, fields_of
from lifecycle.executions.client_tokens import token_key
from lifecycle.executions.compare_and_set import change
from lifecycle.executions.outcomes import Failure
from lifecycle.executions.requests import Execution, Request, fingerprint, nothing_chosen
from lifecycle.executions.state_machines import Machine, Machines
from lifecycle.model import leases
from lifecycle.model.leases import ModelItem
from lifecycle.model.version_choice import Choice
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.ports import Executions, ExecutionState, ModelItems, Models, OpenExecutions, Tokens
from lifecycle.run_with_model.request import RunRequest, run_request
from lifecycle.run_with_model.settle import settle_run
from lifecycle.shared.wire import from_wire
from lifecycle.start_model.request import StartRequest, start_request
from lifecycle.start_model.result import StartResult
from lifecycle.stop_model.request import StopRequest, stop_request
from lifecycle.stop_model.result import StopResult

DENIED = timedelta(days=1)
"""How long an execution is remembered that Step Functions does not know: DescribeExecution is eventually consistent.
Executions are known for 90 days (its API reference)."""


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
        machine = self.machines.of(execution_arn)
        execution = Execution(execution_arn, execution_arn.rpartition(":")[2], state.started_at or self.now)
        is_run = machine is Machine.RUN_WITH_MODEL
        ending, settled = self._run(execution, state) if is_run else (self._ending(machine, execution, state), True)
        if not ending.tells_nobody:
            self.tell(ending)
        if settled:
            self.open_executions.close(execution_arn)
        return settled

    def _lately(self, state: ExecutionState) -> bool:
        return state.stopped_at is not None and self.now - state.stopped_at < self.leave

    def _ending(self, machine: Machine, execution: Execution, state: ExecutionState) -> Ending:
        request = self._request(machine, execution, state)
        held = self._give_back(request) if request else False
        if request:
            request = replace(request, duplicate_of=self._first(machine, request, state))
        ending = Ending(machine, execution, dry_run=_dry_run(state), request=request)
        if state.status == "SUCCEEDED":
            output = state.output or {}
            starts = machine is Machine.START_MODEL
            return replace(ending, result=from_wire(StartResult, output) if starts else from_wire(StopResult, output))
        return self._ended_badly(ending, state, held=held)

    def _run(self, execution: Execution, state: ExecutionState) -> tuple[Ending, bool]:
        """How a run ended, and whether nothing is left of it."""
        try:
            request: RunRequest | None = run_request(state.input, execution, self.configuration)
        except InvalidRequest:
            request = None
        run = settle_run(
            execution,
            state,
            workload_arn=request.workload_arn if request else None,
            now=self.now,
            configuration=self.configuration,
            machines=self.machines,
            items=self.items,
            executions=self.executions,
        )
        if request:
            request = replace(
                request,
                duplicate_of=self._first(Machine.RUN_WITH_MODEL, request, state),
                project_version_arn=request.project_version_arn or run.project_version_arn or "",
            )
        ending = Ending(
            Machine.RUN_WITH_MODEL,
            execution,
            dry_run=_dry_run(state),
            request=request,
            succeeded=state.status == "SUCCEEDED",
            told_by_start=run.told_by_start,
        )
        return self._ended_badly(ending, state, held=False), run.settled

    def _ended_badly(self, ending: Ending, state: ExecutionState, *, held: bool) -> Ending:
        if state.status == "SUCCEEDED":
            return ending
        if state.status == "FAILED":
            return replace(ending, failure=Failure(state.error or "", state.cause or ""))
        seen = self._status(ending.project_version_arn) if ending.project_version_arn else None
        return replace(ending, abortion=Abortion(state.status, state.cause, seen, held))

    def _request(
        self, machine: Machine, execution: Execution, state: ExecutionState
    ) -> StartRequest | StopRequest | None:
        def chosen(name: str) -> Choice:
            """What it chose itself, if it came that far; where its record is gone it has told it."""
            told = (state.output or {}).get("ProjectVersionArn") or fields_of(state.cause).get("ProjectVersionArn")
            arn = self.open_executions.chosen(execution.id) or told
            return Choice(arn, reason="") if arn else nothing_chosen(name)

        read = start_request if machine is Machine.START_MODEL else stop_request
        try:
            return read(state.input, execution, self.configuration, chosen)
        except (InvalidRequest, ModelNotFound):
            return None

    def _give_back(self, request: Request) -> bool:
        """Take back the pending lease; answers whether another lease holds the model."""

        def without(item: ModelItem) -> tuple[ModelItem, bool]:
            given_back = leases.give_back(item, request.execution_arn, self.now)
            return given_back, given_back.is_held(self.now)

        return change(self.items, request.project_version_arn, without, now=self.now, configuration=self.configuration)

    def _status(self, project_version_arn: str) -> str | None:
        """The model's status, for the message; it is no reason to fail."""
        try:
            project_arn = self.models.project_arn(project_version_arn)
            return self.models.describe(project_version_arn, project_arn).status
        except LifecycleError:
            return None

    def _first(self, machine: Machine, request: Request, state: ExecutionState) -> str | None:
        """The execution that this one was a duplicate of, as its token tells."""
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


def _dry_run(state: ExecutionState) -> bool:
    """Also of an input that is invalid."""
    return isinstance(state.input, dict) and state.input.get("DryRun") is True
