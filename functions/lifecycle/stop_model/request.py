"""From the input of a StopModel execution to a request that the rest can rely on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from lifecycle.configuration import Configuration
from lifecycle.executions.requests import (
    DEFAULT_TIMEOUT_SECONDS,
    Execution,
    Request,
    model_of,
    nothing_chosen,
    poll_seconds_of,
    refuse,
)
from lifecycle.executions.state_machines import Machine
from lifecycle.model.version_choice import Choose
from lifecycle.shared.wire import Json


@dataclass(frozen=True, slots=True)
class HandOver:
    """Leases that are about to be taken: the model is kept until one of them is there, or until a time."""

    to: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest(Request):
    """A validated StopModel input with its defaults. ``force`` wins over ``lease_id``.

    Parameters
    ----------
    others : tuple of str
        ARNs of further versions of the model.
    other_executions : tuple of str
        ARNs of the executions that do the same with them.
    hand_over : HandOver, optional
        What the release of the lease waits for.
    """

    lease_id: str | None = None
    force: bool = False
    others: tuple[str, ...] = ()
    other_executions: tuple[str, ...] = ()
    hand_over: HandOver | None = None

    def handing_over(self, to: Sequence[str], until: datetime) -> Self:
        """The same request for a lease that hands over; the time for the stop counts from then on."""
        waits = until - self.began_at
        return replace(self, hand_over=HandOver(tuple(to), until), deadline=self.deadline + waits)


def stop_request(
    payload: Json, execution: Execution, configuration: Configuration, choose: Choose = nothing_chosen
) -> StopRequest:
    """Validate the input of a StopModel execution and fill in its defaults.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    LifecycleError
        What choosing a version fails with.
    """
    refuse(payload, Machine.STOP_MODEL, execution, configuration)
    name, choice = model_of(payload, configuration, choose)
    timeout = int(payload.get("TimeoutSeconds", DEFAULT_TIMEOUT_SECONDS))
    poll_seconds, warnings = poll_seconds_of(payload, timeout)
    return StopRequest(
        execution_arn=execution.id,
        began_at=execution.start_time,
        project_version_arn=choice.project_version_arn,
        selection=choice.reason,
        others=choice.others,
        model=name,
        lease_id=payload.get("LeaseId"),
        force=payload.get("Force", False),
        due_at=execution.start_time,
        deadline=execution.start_time + timedelta(seconds=timeout),
        dry_run=payload.get("DryRun", False),
        client_request_token=payload.get("ClientRequestToken"),
        context=payload.get("Context"),
        poll_seconds=poll_seconds,
        warnings=warnings,
    )
