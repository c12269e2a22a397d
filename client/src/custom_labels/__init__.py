"""Use a Custom Labels model for as long as a block of Python runs: the client of custom-labels-lifecycle."""

from custom_labels.client import CustomLabels, RunningModel
from custom_labels.errors import (
    AccessDenied,
    BudgetExceeded,
    CapacityExceeded,
    CustomLabelsError,
    ExecutionAborted,
    InvalidRequest,
    ModelFailed,
    ModelNotFound,
    ModelNotStartable,
    ModelStopped,
    NotDeployed,
    ServiceUnavailable,
    TimedOut,
)
from custom_labels.results import Label, Started, Stopped

__all__ = [
    "AccessDenied",
    "BudgetExceeded",
    "CapacityExceeded",
    "CustomLabels",
    "CustomLabelsError",
    "ExecutionAborted",
    "InvalidRequest",
    "Label",
    "ModelFailed",
    "ModelNotFound",
    "ModelNotStartable",
    "ModelStopped",
    "NotDeployed",
    "RunningModel",
    "ServiceUnavailable",
    "Started",
    "Stopped",
    "TimedOut",
]
