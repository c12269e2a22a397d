"""What the steps of all machines have in common: what comes next, and a status check that is recorded in the item."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lifecycle.configuration import Configuration
from lifecycle.errors import LifecycleError
from lifecycle.executions.compare_and_set import change
from lifecycle.executions.requests import Request
from lifecycle.model.decisions import Action, Decision, Progress
from lifecycle.model.leases import LONGEST_CALL, Claim, ModelItem
from lifecycle.model.polling import UnderWay, wait_seconds
from lifecycle.model.version import ModelVersion
from lifecycle.ports import Executions, ModelItems


@dataclass(frozen=True, slots=True)
class Step:
    """What the state machine does next: ``$next``."""

    action: Action
    reason: str
    progress: Progress
    wait_seconds: int | None = None
    result: Any = None


@dataclass(frozen=True, slots=True)
class Transition:
    """What a status check leads to: the item as it is to be written, and the next step, or the error to fail with."""

    item: ModelItem
    step: Step | None = None
    error: LifecycleError | None = None


def check_model(
    request: Request,
    *,
    now: datetime,
    configuration: Configuration,
    items: ModelItems,
    executions: Executions,
    describe: Callable[[], ModelVersion],
    decide: Callable[[ModelItem, ModelVersion, bool], Transition],
) -> Step:
    """Read the item, check the model's status, decide, and write the item, unless somebody else has written it since.

    The order matters. The status is read after the item, and the item is written only if nobody has changed it since:
    so no other execution of this app can have changed the status in between.

    Parameters
    ----------
    describe : callable
        Reads the model's status.
    decide : callable
        From the item, the version, and whether another execution's claim on the model is over.

    Raises
    ------
    LifecycleError
        The error that was decided; ServiceUnavailable where the item never stood still.
    """

    def decided(item: ModelItem) -> tuple[ModelItem, Transition]:
        others = item.claim if item.claim and item.claim.execution_arn != request.execution_arn else None
        over = others is not None and claim_is_over(others, executions, now)
        transition = decide(item, describe(), over)
        return transition.item, transition

    transition = change(items, request.project_version_arn, decided, now=now, configuration=configuration)
    if transition.error:
        raise transition.error
    assert transition.step is not None  # noqa: S101 - for the type checker
    return transition.step


def claim_is_over(claim: Claim, executions: Executions, now: datetime) -> bool:
    """Whether nothing can come any more of the execution that has a claim.

    Its last call may land until the longest timeout of a function has passed since its end. One that Step Functions
    does not know is long gone, or too young: DescribeExecution is eventually consistent.
    """
    execution = executions.describe(claim.execution_arn)
    ended_at = execution.stopped_at if execution else claim.since
    return ended_at is not None and now - ended_at > LONGEST_CALL


def wait(request: Request, progress: Progress, now: datetime, reason: str, *, start: UnderWay | None = None) -> Step:
    """Wait until the next status check is due; ``start`` is a start of its own that the execution waits for."""
    seconds = wait_seconds(
        now=now,
        deadline=request.deadline,
        status_checks=progress.polls,
        poll_seconds=request.poll_seconds,
        start=start,
    )
    return Step(Action.WAIT, reason, progress, wait_seconds=seconds)


def queued(progress: Progress, slot: datetime, now: datetime) -> Step:
    """Wait for this execution's slot to call Rekognition; it comes a second early, and Check waits the rest."""
    reason = f"Many models are being checked: this one is next at {slot.isoformat(timespec='seconds')}."
    seconds = max(1, int((slot - now).total_seconds()) - 1)
    return Step(Action.WAIT, reason, replace(progress, slot=slot), wait_seconds=seconds)


def failure(decision: Decision, version: ModelVersion) -> LifecycleError:
    """The error that a decision is to fail with, with what the last status check saw."""
    assert decision.error is not None  # noqa: S101 - for the type checker
    return decision.error(
        decision.reason,
        remedy=decision.remedy,
        project_version_arn=version.project_version_arn,
        status=version.status,
        status_message=version.status_message,
    )
