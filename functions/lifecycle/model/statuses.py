"""What each status of a model version means for a start and for a stop: the tables.

The statuses are those of the service (Amazon Rekognition API reference, ProjectVersionDescription.Status).
"""

from collections.abc import Mapping
from enum import StrEnum, auto


class Target(StrEnum):
    """What an execution works toward."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class Rule(StrEnum):
    """What a cell of the table says."""

    REQUEST = auto()
    REQUEST_ONCE = auto()
    REQUEST_AGAIN = auto()
    WAIT = auto()
    WAIT_UNLESS_STOPPED_MEANWHILE = auto()
    SETTLE = auto()
    DONE = auto()
    FAIL_STOPPED = auto()
    FAIL_FAILED = auto()
    FAIL_REFUSED = auto()
    FAIL_NOT_STARTABLE = auto()
    FAIL_UNKNOWN = auto()


Rules = Mapping[str, tuple[Rule, Rule]]

TARGET_RUNNING: Rules = {
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
"""What is in neither table fails, naming the status: a status of a future SDK must not loop."""

GONE = "NOT_FOUND"
"""Stands for the status of a version that the service does not know (any more)."""

TARGET_STOPPED: Rules = {
    # status                 before this execution's request        after it
    "TRAINING_IN_PROGRESS": (Rule.DONE, Rule.DONE),
    "TRAINING_COMPLETED": (Rule.DONE, Rule.DONE),
    "TRAINING_FAILED": (Rule.DONE, Rule.DONE),
    "STARTING": (Rule.WAIT, Rule.WAIT),
    "RUNNING": (Rule.REQUEST, Rule.REQUEST_AGAIN),
    "FAILED": (Rule.DONE, Rule.DONE),
    "STOPPING": (Rule.WAIT, Rule.WAIT),
    "STOPPED": (Rule.DONE, Rule.DONE),
    "DELETING": (Rule.DONE, Rule.DONE),
    "COPYING_IN_PROGRESS": (Rule.DONE, Rule.DONE),
    "COPYING_COMPLETED": (Rule.DONE, Rule.DONE),
    "COPYING_FAILED": (Rule.DONE, Rule.DONE),
    "DEPRECATED": (Rule.DONE, Rule.DONE),
    "EXPIRED": (Rule.DONE, Rule.DONE),
    GONE: (Rule.DONE, Rule.DONE),
}

TARGETS: Mapping[Target, Rules] = {Target.RUNNING: TARGET_RUNNING, Target.STOPPED: TARGET_STOPPED}

TRAINED = frozenset({"TRAINING_COMPLETED", "COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED"})
"""Statuses of a version whose training succeeded, and that can be started, if not now."""
BILLS = frozenset({"STARTING", "RUNNING"})
"""Statuses of a model that bills, or will without anybody doing anything."""
NOT_RUNNING = frozenset(status for status, (rule, _) in TARGET_STOPPED.items() if rule is Rule.DONE)
"""Statuses of a model that does not run and will not by itself."""
RUNS_NO_MORE = NOT_RUNNING | {"STARTING"}
"""Statuses in which nothing runs that ran before."""
