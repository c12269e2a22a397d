"""The state machines that start, stop and use models: a row for each.

What the functions and notifications that all of them share, and Settle, have to know of a machine is in its row: no
other module asks which machine it is. Another machine is a folder of its own, and a row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.requests import Request
from lifecycle.executions.settle import Settled, settle_pending_lease
from lifecycle.executions.state_machines import Machine
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import Progress, StopProgress
from lifecycle.run_with_model import steps as run_steps
from lifecycle.run_with_model.request import RunRequest, run_request
from lifecycle.run_with_model.settle import settle_run
from lifecycle.schedules.windows import handed_over
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.request import StartRequest, start_request
from lifecycle.start_model.result import StartResult
from lifecycle.stop_model import steps as stop_steps
from lifecycle.stop_model.request import StopRequest, stop_request
from lifecycle.stop_model.result import StopResult


@dataclass(frozen=True, slots=True)
class Workflow:
    """What has to be known of a state machine.

    Parameters
    ----------
    request, progress : type
        What travels through it as ``$request`` and ``$progress``.
    result : type or None
        What it answers; None where the answer, and the Cause of a failure, are a workload's.
    read : callable
        Validates an input: also that of an execution that has ended.
    prepare, check : callable
        What the functions of that name do for it; each takes of the ports what it needs.
    settle : callable
        Does what an execution that has ended has left to be done.
    failed, timed_out : Outcome
        How a failure is notified.
    """

    request: type[StartRequest | StopRequest | RunRequest]
    progress: type[Progress]
    result: type[StartResult | StopResult] | None
    read: Callable[..., StartRequest | StopRequest | RunRequest]
    prepare: Callable[..., Request]
    check: Callable[..., Step]
    settle: Callable[..., Settled]
    failed: Outcome
    timed_out: Outcome

    @property
    def ends_as_a_workload(self) -> bool:
        """Whether what it answers, and the Cause of its failure, are a workload's own words."""
        return self.result is None


WORKFLOWS: Mapping[Machine, Workflow] = {
    Machine.START_MODEL: Workflow(
        request=StartRequest,
        progress=Progress,
        result=StartResult,
        read=start_request,
        prepare=start_steps.prepare,
        check=start_steps.check,
        settle=settle_pending_lease,
        failed=Outcome.START_FAILED,
        timed_out=Outcome.START_TIMED_OUT,
    ),
    Machine.STOP_MODEL: Workflow(
        request=StopRequest,
        progress=StopProgress,
        result=StopResult,
        read=stop_request,
        prepare=partial(stop_steps.prepare, hand_over=handed_over),
        check=stop_steps.check,
        settle=settle_pending_lease,
        failed=Outcome.STOP_FAILED,
        timed_out=Outcome.STOP_TIMED_OUT,
    ),
    Machine.RUN_WITH_MODEL: Workflow(
        request=RunRequest,
        progress=Progress,
        result=None,
        read=run_request,
        prepare=run_steps.prepare,
        check=run_steps.follow,
        settle=settle_run,
        failed=Outcome.WORKLOAD_FAILED,
        timed_out=Outcome.WORKLOAD_FAILED,
    ),
}
