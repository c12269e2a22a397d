"""What is found of an execution that has ended, and the pending lease that it may leave on its model."""

from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.executions.compare_and_set import change
from lifecycle.executions.requests import Execution, Request
from lifecycle.model import leases
from lifecycle.model.leases import ModelItem
from lifecycle.ports import ExecutionState, ModelItems


@dataclass(frozen=True, slots=True)
class Settled:
    """What was found of an execution that has ended, after everything was done that can be done now.

    Parameters
    ----------
    held : bool
        A lease holds the model after that.
    project_version_arn : str or None
        The version that its lease is on, where that had to be found.
    reported_by_start : bool
        Its start of the model has failed, or was ended, which StartModel reports.
    start_goes_on : bool
        Its start of the model seems to go on: it does, or its end is not known yet.
    complete : bool
        Nothing is left, and nothing can come any more.
    """

    held: bool = False
    project_version_arn: str | None = None
    reported_by_start: bool = False
    start_goes_on: bool = False
    complete: bool = True


def settle_pending_lease(
    execution: Execution,
    _state: ExecutionState,
    request: Request | None,
    *,
    now: datetime,
    configuration: Configuration,
    items: ModelItems,
    **_: object,
) -> Settled:
    """Take back the pending lease of an execution that was about one model.

    Raises
    ------
    ServiceUnavailable
    """
    if request is None:
        return Settled()

    def without(item: ModelItem) -> tuple[ModelItem, bool]:
        given_back = leases.give_back(item, execution.id, now)
        return given_back, given_back.is_held(now)

    held = change(items, request.project_version_arn, without, now=now, configuration=configuration)
    return Settled(held=held)
