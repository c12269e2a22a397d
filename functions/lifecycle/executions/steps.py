"""What the steps of all machines have in common: what comes next, and a look that leaves its trace in the item."""

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
class Turn:
    """What one look leads to: the item as it is to be written, and the next step, or the error to fail with."""

    item: ModelItem
    step: Step | None = None
    error: LifecycleError | None = None


def look(
    request: Request,
    *,
    now: datetime,
    configuration: Configuration,
    items: ModelItems,
    executions: Executions,
    describe: Callable[[], ModelVersion],
    decide: Callable[[ModelItem, ModelVersion, bool], Turn],
) -> Step:
    """Read the item, look at the model, decide, and write the item, all of it on condition that nobody else has.

    The order matters: a status that was seen after the item was read, and before it is written unchanged by others, was
    no other actor's of ours to change.

    Parameters
    ----------
    describe : callable
        Looks at the model.
    decide : callable
        Of the item, what was seen, and whether another execution's claim on the model is over.

    Raises
    ------
    LifecycleError
        The error that was decided; ServiceUnavailable where the item never stood still.
    """

    def decided(item: ModelItem) -> tuple[ModelItem, Turn]:
        others = item.claim if item.claim and item.claim.execution_arn != request.execution_arn else None
        over = others is not None and claim_is_over(others, executions, now)
        turn = decide(item, describe(), over)
        return turn.item, turn

    turn = change(items, request.project_version_arn, decided, now=now, configuration=configuration)
    if turn.error:
        raise turn.error
    assert turn.step is not None  # noqa: S101 - for the type checker
    return turn.step


def claim_is_over(claim: Claim, executions: Executions, now: datetime) -> bool:
    """Whether nothing can come any more of the execution that has a claim.

    Its last call may land until the longest timeout of a function has passed since its end. One that Step Functions
    does not know is long gone, or too young: DescribeExecution is eventually consistent.
    """
    execution = executions.describe(claim.execution_arn)
    ended_at = execution.stopped_at if execution else claim.since
    return ended_at is not None and now - ended_at > LONGEST_CALL


def wait(request: Request, progress: Progress, now: datetime, reason: str, *, start: UnderWay | None = None) -> Step:
    """Wait until the next look is due; ``start`` is a start of its own that the execution waits for."""
    seconds = wait_seconds(
        now=now,
        deadline=request.deadline,
        turns=progress.polls,
        poll_seconds=request.poll_seconds,
        start=start,
    )
    return Step(Action.WAIT, reason, progress, wait_seconds=seconds)


def queued(progress: Progress, slot: datetime, now: datetime) -> Step:
    """Wait until it is this execution's turn to look; it comes a second early, and Check waits the rest."""
    reason = f"Many models are looked at just now: this one again at {slot.isoformat(timespec='seconds')}."
    seconds = max(1, int((slot - now).total_seconds()) - 1)
    return Step(Action.WAIT, reason, replace(progress, slot=slot), wait_seconds=seconds)


def failure(decision: Decision, version: ModelVersion) -> LifecycleError:
    """The error that a decision is to fail with, with what the last look saw."""
    assert decision.error is not None  # noqa: S101 - for the type checker
    return decision.error(
        decision.reason,
        remedy=decision.remedy,
        project_version_arn=version.project_version_arn,
        status=version.status,
        status_message=version.status_message,
    )
