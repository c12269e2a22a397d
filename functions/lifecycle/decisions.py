"""What to do next with a model, and why: one table, and one pure function that reads it.

The statuses are those of the service (Amazon Rekognition API reference, ProjectVersionDescription.Status).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto

from lifecycle.errors import CapacityExceeded, LifecycleError, ModelFailed, ModelNotStartable, ModelStopped, TimedOut

SETTLE = timedelta(seconds=60)
"""How long after a request a look may still show the status from before it. Not documented: an assumption."""


class Action(StrEnum):
    """What the state machine does next; a failure is raised instead."""

    REQUEST = "REQUEST"
    WAIT = "WAIT"
    DONE = "DONE"


class Rule(StrEnum):
    """What a cell of the table says."""

    REQUEST = auto()
    REQUEST_ONCE = auto()
    WAIT = auto()
    WAIT_UNLESS_STOPPED_MEANWHILE = auto()
    SETTLE = auto()
    DONE = auto()
    FAIL_STOPPED = auto()
    FAIL_FAILED = auto()
    FAIL_REFUSED = auto()
    FAIL_NOT_STARTABLE = auto()
    FAIL_UNKNOWN = auto()


TARGET_RUNNING: Mapping[str, tuple[Rule, Rule]] = {
    # status                 before this execution's request        after it
    "TRAINING_IN_PROGRESS": (Rule.WAIT, Rule.WAIT),
    "TRAINING_COMPLETED": (Rule.REQUEST, Rule.FAIL_STOPPED),
    "TRAINING_FAILED": (Rule.FAIL_NOT_STARTABLE, Rule.FAIL_NOT_STARTABLE),
    "STARTING": (Rule.WAIT, Rule.WAIT),
    "RUNNING": (Rule.DONE, Rule.DONE),
    "FAILED": (Rule.REQUEST_ONCE, Rule.FAIL_FAILED),
    "STOPPING": (Rule.WAIT_UNLESS_STOPPED_MEANWHILE, Rule.WAIT),
    "STOPPED": (Rule.REQUEST, Rule.FAIL_STOPPED),
    "DELETING": (Rule.FAIL_NOT_STARTABLE, Rule.FAIL_NOT_STARTABLE),
    "COPYING_IN_PROGRESS": (Rule.WAIT, Rule.WAIT),
    "COPYING_COMPLETED": (Rule.REQUEST, Rule.FAIL_STOPPED),
    "COPYING_FAILED": (Rule.FAIL_NOT_STARTABLE, Rule.FAIL_NOT_STARTABLE),
    "DEPRECATED": (Rule.FAIL_NOT_STARTABLE, Rule.FAIL_NOT_STARTABLE),
    "EXPIRED": (Rule.FAIL_NOT_STARTABLE, Rule.FAIL_NOT_STARTABLE),
}
"""For target RUNNING. What is not in it fails, naming the status: a status of a future SDK must not loop."""


class Refusal(StrEnum):
    """Why the service refused a request. A request that was refused was not made."""

    IN_USE = auto()
    NO_CAPACITY = auto()


_AFTER_REFUSAL: Mapping[Refusal, tuple[str, str | None]] = {
    Refusal.IN_USE: (" The service refused the last request: the model is in use.", None),
    Refusal.NO_CAPACITY: (
        " The service refused the last request: other models fill the quota.",
        CapacityExceeded.remedy,
    ),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What one execution has seen and done so far; it travels through the state machine as ``$progress``.

    Parameters
    ----------
    polls : int
        Looks at the status.
    last_status : str or None
        What the last look saw.
    attempted_at : datetime or None
        When the last request was sent.
    status_at_attempt : str or None
        What the look right before that had seen.
    refusal : Refusal or None
        How the service refused it.
    unclear : bool
        An earlier try of that request, or an earlier request, got no answer: it may have been made after all.
    alone : bool
        It was refused for want of capacity, and then no other model held any. Once that may be chance: another model
        has just stopped. Twice it means that the inference units are too many.
    """

    polls: int = 0
    last_status: str | None = None
    attempted_at: datetime | None = None
    status_at_attempt: str | None = None
    refusal: Refusal | None = None
    unclear: bool = False
    alone: bool = False

    @property
    def requested_at(self) -> datetime | None:
        """When this execution's request was accepted; None where it made none."""
        return None if self.refusal else self.attempted_at


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a model's status."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next, and why; ``error`` where it is to fail, ``remedy`` where its class has no better one."""

    action: Action | None
    reason: str
    error: type[LifecycleError] | None = None
    remedy: str | None = None


_MEANING: Mapping[Rule, Decision] = {
    Rule.REQUEST: Decision(Action.REQUEST, "The model is {status} and can be started."),
    Rule.WAIT: Decision(Action.WAIT, "The model is {status}."),
    Rule.SETTLE: Decision(Action.WAIT, "The start was requested; the status still shows {status}."),
    Rule.DONE: Decision(Action.DONE, "The model is RUNNING."),
    Rule.FAIL_STOPPED: Decision(
        None, "The model is {status}: somebody stopped it meanwhile, or the start had no effect.", ModelStopped
    ),
    Rule.FAIL_FAILED: Decision(None, "The start was requested, and the model is {status}.", ModelFailed),
    Rule.FAIL_REFUSED: Decision(None, "The model is {status}, and the service refused to start it again.", ModelFailed),
    Rule.FAIL_NOT_STARTABLE: Decision(None, "A model that is {status} can't be started.", ModelNotStartable),
    Rule.FAIL_UNKNOWN: Decision(
        None,
        "The service reports the status {status}, which this app does not know.",
        ModelNotStartable,
        "Update this app to a version that knows the status, or start the model by hand.",
    ),
}


def decide_start(look: Look, progress: Progress, deadline: datetime) -> Decision:
    """The next step towards RUNNING.

    Parameters
    ----------
    look : Look
        What this look saw.
    progress : Progress
        From before this look.
    deadline : datetime
        When the model must be RUNNING.
    """
    decision = _by_table(look, progress)
    if decision.action is Action.DONE or decision.error or look.at < deadline:
        return decision
    why, remedy = _AFTER_REFUSAL[progress.refusal] if progress.refusal else ("", None)
    return Decision(None, f"The time is up and the model is {look.status}.{why}", TimedOut, remedy)


def made_after_all(look: Look, progress: Progress) -> bool:
    """Whether a request that got no clear answer was made: the status has moved since."""
    return progress.refusal is not None and progress.unclear and look.status != progress.status_at_attempt


def _by_table(look: Look, progress: Progress) -> Decision:
    rule = TARGET_RUNNING.get(look.status, (Rule.FAIL_UNKNOWN, Rule.FAIL_UNKNOWN))[progress.requested_at is not None]
    if rule in (Rule.FAIL_STOPPED, Rule.FAIL_FAILED) and _settling(look, progress):
        rule = Rule.SETTLE
    elif rule is Rule.REQUEST_ONCE:
        refused = progress.refusal is Refusal.IN_USE and progress.status_at_attempt == look.status
        rule = Rule.FAIL_REFUSED if refused else Rule.REQUEST
    elif rule is Rule.WAIT_UNLESS_STOPPED_MEANWHILE:
        rule = Rule.FAIL_STOPPED if progress.last_status in ("STARTING", "RUNNING") else Rule.WAIT
    meaning = _MEANING[rule]
    return replace(meaning, reason=meaning.reason.format(status=look.status))


def _settling(look: Look, progress: Progress) -> bool:
    """Whether a look so soon after the request may still show the status from before it."""
    unmoved = look.status == progress.status_at_attempt == progress.last_status
    return unmoved and progress.requested_at is not None and look.at - progress.requested_at < SETTLE
