"""How executions, and sweeps, end: the outcomes of the contract."""

from dataclasses import dataclass
from enum import StrEnum

from lifecycle.model.decisions import Action

SOURCE = "custom-labels-lifecycle"
DETAIL_TYPE = "Model Lifecycle"
"""Of the events that report outcomes."""
STARTED_BY_SWEEP = "StartedBySweep"
"""The field of ``Context`` with the reason why the sweep started an execution."""


class Outcome(StrEnum):
    """How an execution, or what a sweep found, ended."""

    MODEL_STARTED = "MODEL_STARTED"
    MODEL_ALREADY_RUNNING = "MODEL_ALREADY_RUNNING"
    MODEL_STOPPED = "MODEL_STOPPED"
    MODEL_ALREADY_STOPPED = "MODEL_ALREADY_STOPPED"
    MODEL_KEPT_RUNNING = "MODEL_KEPT_RUNNING"
    LEASE_EXTENDED = "LEASE_EXTENDED"
    DUPLICATE = "DUPLICATE"
    DRY_RUN = "DRY_RUN"
    START_FAILED = "START_FAILED"
    START_TIMED_OUT = "START_TIMED_OUT"
    STOP_FAILED = "STOP_FAILED"
    STOP_TIMED_OUT = "STOP_TIMED_OUT"
    EXECUTION_ABORTED = "EXECUTION_ABORTED"
    WORKLOAD_SUCCEEDED = "WORKLOAD_SUCCEEDED"
    WORKLOAD_FAILED = "WORKLOAD_FAILED"
    LEASE_EXPIRING = "LEASE_EXPIRING"
    LEASE_EXPIRED = "LEASE_EXPIRED"
    UNLEASED_MODEL = "UNLEASED_MODEL"
    MODEL_DOWN = "MODEL_DOWN"
    INBOX_BLOCKED = "INBOX_BLOCKED"
    INBOX_FAILURES = "INBOX_FAILURES"
    BUDGET_REACHED = "BUDGET_REACHED"


SILENT = frozenset({Outcome.LEASE_EXTENDED, Outcome.DUPLICATE, Outcome.DRY_RUN})
"""Of which nobody is notified."""


@dataclass(frozen=True, slots=True)
class PlannedDecision:
    """What a dry run found that an execution would do now."""

    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """How an execution failed: its Error and its Cause (JSON of ``failure_cause.schema.json``)."""

    error: str
    cause: str
