"""What to do next with a model, and why: the pure function that reads the tables of ``statuses``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto

from lifecycle.errors import (
    CapacityExceeded,
    LifecycleError,
    ModelFailed,
    ModelNotStartable,
    ModelStopped,
    TimedOut,
)
from lifecycle.model.statuses import BILLS, TARGETS, Rule, Target

SETTLE = timedelta(seconds=60)
"""How long after a request a status check may still show the status from before it. Not documented: an assumption."""

STOP_IN_TIME = (
    "See its status now: it costs while it is RUNNING, and a stop has to wait while it is STARTING.\n"
    "Start StopModel again, with a larger TimeoutSeconds if the model needs longer."
)
"""What to do about a stop that ran out of time; the remedy of TimedOut is a start's."""


class Action(StrEnum):
    """What the state machine does next; a failure is raised instead."""

    REQUEST = "REQUEST"
    WAIT = "WAIT"
    DONE = "DONE"


class Refusal(StrEnum):
    """Why the service refused a request. A request that was refused was not made."""

    IN_USE = auto()
    NO_CAPACITY = auto()


_AFTER_REFUSAL: Mapping[Refusal, tuple[str, str | None]] = {
    Refusal.IN_USE: (" The service refused the last request: the model is in use.", None),
    Refusal.NO_CAPACITY: (
        " Other models use up the account's quota.",
        CapacityExceeded.remedy,
    ),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What one execution has seen and done so far; it travels through the state machine as ``$progress``.

    Parameters
    ----------
    polls : int
        Status checks.
    last_status : str or None
        What the last status check saw.
    attempted_at : datetime or None
        When the last request was sent.
    status_at_attempt : str or None
        What the status check right before that had seen.
    refusal : Refusal or None
        How the service refused it.
    unclear : bool
        An earlier try of that request, or an earlier request, got no answer: it may have been made after all.
    leased : bool
        This execution has taken its lease, so that a missing one was taken from it.
    alone : bool
        It was refused for want of capacity, and then no other model held any. Once that may be chance: another model
        has just stopped. Twice it means that the inference units are too many.
    checked_at, checked_before : datetime or None
        When the last status check was, and the one before.
    inferred : bool
        That its request was made is concluded from the status. When, is not known to the second.
    slot : datetime or None
        When it may call Amazon Rekognition again, where it waits for that: see ``rate_limit``.
    """

    polls: int = 0
    last_status: str | None = None
    attempted_at: datetime | None = None
    status_at_attempt: str | None = None
    refusal: Refusal | None = None
    unclear: bool = False
    leased: bool = False
    alone: bool = False
    checked_at: datetime | None = None
    checked_before: datetime | None = None
    inferred: bool = False
    slot: datetime | None = None

    @property
    def requested_at(self) -> datetime | None:
        """When this execution's request was accepted; None where it made none."""
        return None if self.refusal else self.attempted_at


@dataclass(frozen=True, slots=True)
class StopProgress(Progress):
    """What a StopModel execution has seen and done so far.

    Parameters
    ----------
    released : bool
        It has released the lease it was asked to, or ended all by force.
    unknown_lease : bool
        There was no lease of that id.
    followed : bool
        It has met the claim of another stop.
    """

    released: bool = False
    unknown_lease: bool = False
    followed: bool = False


@dataclass(frozen=True, slots=True)
class StatusCheck:
    """A model's status at a time."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next, and why; ``error`` where it is to fail, ``remedy`` where its class has no better one."""

    action: Action | None
    reason: str
    error: type[LifecycleError] | None = None
    remedy: str | None = None


_MEANING: Mapping[Target, Mapping[Rule, Decision]] = {
    Target.RUNNING: {
        Rule.REQUEST: Decision(Action.REQUEST, "The model is {status} and can be started."),
        Rule.WAIT: Decision(Action.WAIT, "The model is {status}."),
        Rule.SETTLE: Decision(Action.WAIT, "The start was requested; the status still shows {status}."),
        Rule.DONE: Decision(Action.DONE, "The model is {status}."),
        Rule.FAIL_STOPPED: Decision(
            None,
            "Somebody stopped it meanwhile, or the start had no effect (it is {status}).",
            ModelStopped,
        ),
        Rule.FAIL_FAILED: Decision(None, "Amazon Rekognition could not run it (status {status}).", ModelFailed),
        Rule.FAIL_REFUSED: Decision(
            None, "Amazon Rekognition refused to start it again after a failure (status {status}).", ModelFailed
        ),
        Rule.FAIL_NOT_STARTABLE: Decision(None, "A model that is {status} can't be started.", ModelNotStartable),
        Rule.FAIL_UNKNOWN: Decision(
            None,
            "Amazon Rekognition reports the status {status}, which this app does not know.",
            ModelNotStartable,
            "Update this app to a version that knows the status, or start the model by hand.",
        ),
    },
    Target.STOPPED: {
        Rule.REQUEST: Decision(Action.REQUEST, "The model is {status}, and nobody holds it."),
        Rule.WAIT: Decision(Action.WAIT, "The model is {status}."),
        Rule.SETTLE: Decision(Action.WAIT, "The stop was requested; the status still shows {status}."),
        Rule.DONE: Decision(Action.DONE, "The model is {status}."),
        Rule.FAIL_UNKNOWN: Decision(
            None,
            "Amazon Rekognition reports the status {status}, which this app does not know.",
            ModelNotStartable,
            "Update this app to a version that knows the status, and stop the model by hand if it bills.",
        ),
    },
}


def decide(target: Target, seen: StatusCheck, progress: Progress, deadline: datetime) -> Decision:
    """The next step towards the target.

    Parameters
    ----------
    target : Target
        RUNNING or STOPPED.
    seen : StatusCheck
        What this status check saw.
    progress : Progress
        From before this status check.
    deadline : datetime
        When the target must be reached.
    """
    decision = _by_table(target, seen, progress)
    if decision.action is Action.DONE or decision.error or seen.at < deadline:
        return decision
    return out_of_time(target, seen, progress)


def out_of_time(target: Target, seen: StatusCheck, progress: Progress) -> Decision:
    """The failure of an execution whose deadline has passed."""
    why, remedy = _AFTER_REFUSAL[progress.refusal] if progress.refusal else ("", None)
    if target is Target.STOPPED:
        remedy = STOP_IN_TIME
    return Decision(None, f"The time is up and the model is {seen.status}.{why}", TimedOut, remedy)


def made_after_all(seen: StatusCheck, progress: Progress) -> bool:
    """Whether a request that got no clear answer was made: the status has moved since."""
    return progress.refusal is not None and progress.unclear and seen.status != progress.status_at_attempt


def _by_table(target: Target, seen: StatusCheck, progress: Progress) -> Decision:
    rule = TARGETS[target].get(seen.status, (Rule.FAIL_UNKNOWN, Rule.FAIL_UNKNOWN))[progress.requested_at is not None]
    if rule in (Rule.FAIL_STOPPED, Rule.FAIL_FAILED, Rule.REQUEST_AGAIN) and _settling(seen, progress):
        rule = Rule.SETTLE
    elif rule is Rule.REQUEST_AGAIN:
        rule = Rule.REQUEST
    elif rule is Rule.REQUEST_ONCE:
        refused = progress.refusal is Refusal.IN_USE and progress.status_at_attempt == seen.status
        rule = Rule.FAIL_REFUSED if refused else Rule.REQUEST
    elif rule is Rule.WAIT_UNLESS_STOPPED_MEANWHILE:
        rule = Rule.FAIL_STOPPED if progress.last_status in BILLS else Rule.WAIT
    meaning = _MEANING[target][rule]
    return replace(meaning, reason=meaning.reason.format(status=seen.status))


def _settling(seen: StatusCheck, progress: Progress) -> bool:
    """Whether a status check so soon after the request may still show the status from before it."""
    unmoved = seen.status == progress.status_at_attempt == progress.last_status
    return unmoved and progress.requested_at is not None and seen.at - progress.requested_at < SETTLE
