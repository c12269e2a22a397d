"""What a RunWithModel execution leaves: executions that it has started, and its lease.

Step Functions stops nested executions of one that is aborted, but promises nothing. A call of an aborted StartModel
may take the lease up to ``LONGEST_CALL`` later. So a run is settled twice where need be: at once, and by the sweep.
"""

from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.executions.compare_and_set import change
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import Machines, execution_arn
from lifecycle.model import leases
from lifecycle.model.leases import LONGEST_CALL, ModelItem
from lifecycle.ports import Executions, ExecutionState, ModelItems
from lifecycle.run_with_model.request import Names

ENDED_FROM_OUTSIDE = frozenset({"ABORTED", "TIMED_OUT"})
ENDED_BADLY = ENDED_FROM_OUTSIDE | {"FAILED"}
_WHY = "The RunWithModel execution that has started this was ended."


@dataclass(frozen=True, slots=True)
class EndedRun:
    """What was found of a run that has ended.

    Parameters
    ----------
    project_version_arn : str or None
        The version that its lease is on.
    told_by_start : bool
        Its start of the model has failed, or was ended, which StartModel tells.
    settled : bool
        Nothing is left, and nothing can come any more.
    """

    project_version_arn: str | None
    told_by_start: bool
    settled: bool


def settle_run(
    execution: Execution,
    state: ExecutionState,
    *,
    workload_arn: str | None,
    now: datetime,
    configuration: Configuration,
    machines: Machines,
    items: ModelItems,
    executions: Executions,
) -> EndedRun:
    """Stop what a run has started, where it was ended from outside, and release its lease, however it ended.

    Parameters
    ----------
    workload_arn : str or None
        The workload's state machine; None where the input named none that is allowed.

    Raises
    ------
    ServiceUnavailable
    """
    names, ended_from_outside = Names.of(execution), state.status in ENDED_FROM_OUTSIDE

    def released(item: ModelItem) -> tuple[ModelItem, None]:
        return leases.release(item, names.lease_id, now), None

    started = executions.describe(execution_arn(machines.start_model, names.child))
    if ended_from_outside:
        for arn in (machines.start_model, *([workload_arn] if workload_arn else ())):
            _stop(execution_arn(arn, names.child), executions)
    held = [item for item in items.all() if item.has_lease(names.lease_id)]
    late = state.stopped_at is not None and now - state.stopped_at > LONGEST_CALL
    for item in held:
        if late:
            # By a write, where nobody stops the model: the sweep then finds that nobody holds it.
            change(items, item.project_version_arn, released, now=now, configuration=configuration)
        elif executions.describe(execution_arn(machines.stop_model, names.release)) is None:
            payload = {"ProjectVersionArn": item.project_version_arn, "LeaseId": names.lease_id}
            executions.start(machines.stop_model, names.release, payload)
    return EndedRun(
        project_version_arn=next((item.project_version_arn for item in held), None),
        told_by_start=state.status == "FAILED" and started is not None and started.status in ENDED_BADLY,
        settled=late or not (held or ended_from_outside),
    )


def _stop(arn: str, executions: Executions) -> None:
    child = executions.describe(arn)
    if child is not None and child.status == "RUNNING":
        executions.stop(arn, _WHY)
