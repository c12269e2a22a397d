"""What goes wrong, by the names of the contract (docs/contract.md): an exception for each Error of an execution."""

import json
from typing import Any


class CustomLabelsError(Exception):
    """A failure, with what to do about it.

    Parameters
    ----------
    message : str
        What happened, and why.
    remedy : str
        What to do, a line for each thing.
    project_version_arn, status : str, optional
        The model, and its last known status.
    execution_arn : str, optional
        The execution that failed.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        project_version_arn: str | None = None,
        status: str | None = None,
        execution_arn: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.project_version_arn = project_version_arn
        self.status = status
        self.execution_arn = execution_arn

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}".rstrip()


class NotDeployed(CustomLabelsError):
    """There is no such stack in this account and Region."""


class ExecutionAborted(CustomLabelsError):
    """Somebody ended the execution by hand, or it ran out of its own time."""


class InvalidRequest(CustomLabelsError):
    """The input breaks the contract: the message names every problem."""


class ModelNotFound(CustomLabelsError):
    """There is no such project or version in this account and Region."""


class ModelNotStartable(CustomLabelsError):
    """The version has a status from which it can't be started."""


class ModelFailed(CustomLabelsError):
    """The service reported FAILED after the request."""


class ModelStopped(CustomLabelsError):
    """Somebody stopped the model, or released the lease."""


class AccessDenied(CustomLabelsError):
    """A right is missing: the app's, or the caller's own."""


class CapacityExceeded(CustomLabelsError):
    """Other models use up the account's quota."""


class BudgetExceeded(CustomLabelsError):
    """The month's models have cost the budget, and the deployment refuses further starts."""


class ServiceUnavailable(CustomLabelsError):
    """AWS could not be reached, or failed, for longer than retries last."""


class TimedOut(CustomLabelsError):
    """The model was not RUNNING, or not STOPPED, in time."""


_OF_EXECUTIONS = {
    one.__name__: one
    for one in (
        *(InvalidRequest, ModelNotFound, ModelNotStartable, ModelFailed, ModelStopped),
        *(AccessDenied, CapacityExceeded, BudgetExceeded, ServiceUnavailable, TimedOut),
    )
}


def of_execution(description: Any) -> CustomLabelsError:
    """The exception of an execution that did not succeed, from Step Functions' description of it."""
    name, arn = description.get("error") or "", description["executionArn"]
    if description["status"] != "FAILED":
        how = "ran out of its time" if description["status"] == "TIMED_OUT" else "was ended by hand"
        said = description.get("cause")
        return ExecutionAborted(
            f"The execution {how}{f': {said}' if said else '.'}",
            remedy="If the model is still needed, start it again.",
            execution_arn=arn,
        )
    facts = _facts(description.get("cause"))
    return _OF_EXECUTIONS.get(name, CustomLabelsError)(
        facts.get("Message") or f"The execution failed with {name or 'no error of its own'}.",
        remedy=facts.get("Remedy") or "",
        project_version_arn=facts.get("ProjectVersionArn"),
        status=facts.get("Status"),
        execution_arn=arn,
    )


def of_function(said: Any) -> CustomLabelsError:
    """The exception of a function that failed, from what AWS Lambda answers."""
    name = str(said.get("errorType") or "")
    facts = _facts(said.get("errorMessage"))
    return _OF_EXECUTIONS.get(name, CustomLabelsError)(
        facts.get("Message") or f"The function failed with {name or 'no error of its own'}.",
        remedy=facts.get("Remedy") or "",
    )


def _facts(cause: str | None) -> dict[str, str]:
    try:
        found = json.loads(cause or "")
    except ValueError:
        return {"Message": cause} if cause else {}
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}
