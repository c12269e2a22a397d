"""How an execution ended, and all that is known of it then. Pure."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from lifecycle.configuration import Configuration
from lifecycle.errors import BudgetExceeded, fields_of
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import Machine
from lifecycle.inbox.names import inbox_of_lease
from lifecycle.model.decisions import Progress
from lifecycle.run_with_model.request import RunRequest
from lifecycle.start_model.request import StartRequest
from lifecycle.start_model.result import StartResult
from lifecycle.stop_model.request import StopRequest
from lifecycle.stop_model.result import StopResult
from lifecycle.workflows import WORKFLOWS


@dataclass(frozen=True, slots=True)
class Abortion:
    """An execution that was ended from outside.

    Parameters
    ----------
    status : str
        ABORTED (by a person) or TIMED_OUT (by Step Functions).
    cause : str or None
        What the person gave as the reason.
    model_status : str or None
        The model's after that, where it could be seen.
    held : bool
        Whether a lease holds the model after that.
    """

    status: str
    cause: str | None = None
    model_status: str | None = None
    held: bool = False

    @property
    def by_step_functions(self) -> bool:
        """Whether nobody ended it, but Step Functions itself."""
        return self.status == "TIMED_OUT"


_ROUTINE = frozenset(
    {
        Outcome.MODEL_STARTED,
        Outcome.MODEL_ALREADY_RUNNING,
        Outcome.START_FAILED,
        Outcome.START_TIMED_OUT,
        Outcome.MODEL_STOPPED,
        Outcome.MODEL_ALREADY_STOPPED,
        Outcome.MODEL_KEPT_RUNNING,
        Outcome.WORKLOAD_SUCCEEDED,
        Outcome.WORKLOAD_FAILED,
    }
)
"""What the runs of an inbox end with every day: some dozen sessions a day are possible."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an execution ended. One of ``result``, ``failure``, ``abortion`` and ``succeeded`` is there.

    Parameters
    ----------
    succeeded : bool
        It is a run that has succeeded: its result is its workload's.
    workload_warnings : tuple of str
        What the workload of such a run has warned of.
    reported_by_start : bool
        It is a run that failed because of its StartModel execution.
    silent : bool
        Its input asks for silence: a dry run, an extension, a question.
    """

    machine: Machine
    execution: Execution
    request: StartRequest | StopRequest | RunRequest | None = None
    progress: Progress = field(default_factory=Progress)
    result: StartResult | StopResult | None = None
    failure: Failure | None = None
    abortion: Abortion | None = None
    succeeded: bool = False
    workload_warnings: tuple[str, ...] = ()
    reported_by_start: bool = False
    silent: bool = False

    @property
    def outcome(self) -> Outcome:
        """The outcome of the contract."""
        if self.result:
            return self.result.outcome
        if self.abortion:
            return Outcome.EXECUTION_ABORTED
        if self.succeeded:
            return Outcome.WORKLOAD_SUCCEEDED
        workflow = WORKFLOWS[self.machine]
        return workflow.timed_out if self.error == "TimedOut" else workflow.failed

    @property
    def is_silent(self) -> bool:
        """Whether nobody is notified: because the input asks for it, or because another execution reports it.

        That is the first one for a duplicate; StartModel and StopModel for a run that has succeeded without a warning,
        or whose model could not be started.
        """
        duplicate = self.request is not None and self.request.duplicate_of is not None
        reported = (self.succeeded and not self.workload_warnings) or self.reported_by_start
        return self.silent or duplicate or reported or self.outcome is Outcome.DUPLICATE

    def is_an_inboxs_own(self, inboxes: Container[str]) -> bool:
        """Whether it is the routine of an inbox: people are notified by INBOX_BLOCKED alone, once an episode.

        A stop that failed costs money, and a run that somebody ended was ended by somebody: these they are notified of.
        """
        lease_id = self.request.lease_id if self.request else None
        if self.machine is Machine.RUN_WITH_MODEL and not self.request:
            lease_id = f"run/{self.execution.name}"  # its input could not be read, as in a function that is broken
        return self.outcome in _ROUTINE and inbox_of_lease(lease_id, inboxes) is not None

    @property
    def failed(self) -> bool:
        """Whether it has not come to its result."""
        return not (self.result or self.succeeded)

    @property
    def over_budget(self) -> bool:
        """Whether it is a start that this month's budget refused: as intended, so it is no failure to mend."""
        return self.outcome is Outcome.START_FAILED and self.error == BudgetExceeded.__name__

    @property
    def error(self) -> str | None:
        """The failure's Error."""
        return self.failure.error if self.failure else None

    @property
    def cause(self) -> Mapping[str, str]:
        """The fields of the failure's Cause."""
        return fields_of(self.failure.cause) if self.failure else {}

    @property
    def project_version_arn(self) -> str | None:
        """The model, where it is known."""
        if self.request:
            return self.request.project_version_arn or None
        return None if WORKFLOWS[self.machine].ends_as_a_workload else self.cause.get("ProjectVersionArn")

    @property
    def workload_execution_arn(self) -> str | None:
        """The workload's execution of a run, whether or not there is one."""
        return self.request.workload_execution_arn if isinstance(self.request, RunRequest) else None

    @property
    def last_status(self) -> str | None:
        """The model's at the last status check."""
        if self.abortion:
            return self.abortion.model_status
        return self.cause.get("Status") or self.progress.last_status

    def name(self, configuration: Configuration, unknown: str = "a model") -> str:
        """How people call the model, where it is known."""
        if self.request and self.request.model:
            return self.request.model
        arn = self.project_version_arn
        return configuration.display_name(arn) if arn else unknown

    @property
    def lease_of_its_own(self) -> str | None:
        """The id of the lease that it takes or releases, where that is not the execution's own name."""
        lease_id = self.request.lease_id if self.request else None
        return lease_id if lease_id != self.execution.name else None
