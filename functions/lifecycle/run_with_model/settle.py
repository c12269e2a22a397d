"""What a RunWithModel execution leaves: executions that it has started, and its lease.

Step Functions stops nested executions of one that is aborted, but promises nothing. A call of an aborted StartModel
may take the lease up to ``LONGEST_CALL`` later. So a run is settled twice where need be: at once, and by the sweep.
"""

from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.executions.compare_and_set import change
from lifecycle.executions.names import start_once
from lifecycle.executions.requests import Execution
from lifecycle.executions.settle import Settled
from lifecycle.executions.state_machines import Machines, execution_arn
from lifecycle.model import leases
from lifecycle.model.leases import LONGEST_CALL, ModelItem
from lifecycle.ports import Executions, ExecutionState, ModelItems, left_to_the_sweep
from lifecycle.run_with_model.request import Names, RunRequest

ENDED_FROM_OUTSIDE = frozenset({"ABORTED", "TIMED_OUT"})
ENDED_BADLY = ENDED_FROM_OUTSIDE | {"FAILED"}
_WHY = "The RunWithModel execution that has started this was ended."


def settle_run(
    execution: Execution,
    state: ExecutionState,
    request: RunRequest | None,
    *,
    now: datetime,
    configuration: Configuration,
    machines: Machines,
    items: ModelItems,
    executions: Executions,
) -> Settled:
    """Stop what a run has started, where it was ended from outside, and release its lease, however it ended.

    Parameters
    ----------
    request : RunRequest or None
        None where the input was refused: it has started nothing.

    Raises
    ------
    ServiceUnavailable
    """
    names, ended_from_outside = Names.of(execution), state.status in ENDED_FROM_OUTSIDE

    def released(item: ModelItem) -> tuple[ModelItem, None]:
        return leases.release(item, names.lease_id, now), None

    started = executions.describe(execution_arn(machines.start_model, names.child))
    if ended_from_outside:
        for arn in (machines.start_model, *([request.workload_arn] if request else ())):
            _stop(execution_arn(arn, names.child), executions)
    held = [item for item in items.all(left_to_the_sweep) if item.has_lease(names.lease_id)]
    late = state.stopped_at is not None and now - state.stopped_at > LONGEST_CALL
    for item in held:
        if late:
            # By a write, where nobody stops the model: the sweep then finds that nobody holds it.
            change(items, item.project_version_arn, released, now=now, configuration=configuration)
        elif executions.describe(execution_arn(machines.stop_model, names.release)) is None:
            payload = {"ProjectVersionArn": item.project_version_arn, "LeaseId": names.lease_id}
            start_once(executions, machines.stop_model, names.release, payload)
    return Settled(
        project_version_arn=next((item.project_version_arn for item in held), None),
        reported_by_start=state.status == "FAILED" and started is not None and started.status in ENDED_BADLY,
        start_goes_on=state.status == "FAILED" and started is not None and started.status == "RUNNING",
        complete=late or not (held or ended_from_outside),
    )


def _stop(arn: str, executions: Executions) -> None:
    child = executions.describe(arn)
    if child is not None and child.status == "RUNNING":
        executions.stop(arn, _WHY)
