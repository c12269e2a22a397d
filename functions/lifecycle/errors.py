"""The errors of the contract. A class's name is the Error of the failed execution and the ErrorEquals in the ASL."""

import json
from typing import ClassVar

MAX_CAUSE = 24_000
"""Characters of a Cause, as JSON within JSON. Step Functions gives a Cause 32,768 (API reference): so long may be what
Lambda reports of an error, with its stack trace, of which the state machine reads the Cause."""


class LifecycleError(Exception):
    """A failure that a person will read.

    ``str(error)`` is the Cause as JSON: Lambda's runtime passes it on as ``errorMessage``, and the state machine
    from there to the execution's Cause. Its shape is ``statemachine/schemas/failure_cause.schema.json``.

    Parameters
    ----------
    message : str
        What happened, and why: the first sentence in plain words, since it goes into the first sentence of a mail.
    project_version_arn, status, status_message : str, optional
        The model, its last known status, and the service's own words on that status.
    remedy : str, optional
        What to do, a line for each thing, the most likely first; where this case has a better answer than its class.
    throttled : bool
        An API refused the call because there were too many.
    """

    remedy: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        project_version_arn: str | None = None,
        status: str | None = None,
        status_message: str | None = None,
        remedy: str | None = None,
        throttled: bool = False,
    ) -> None:
        self.message = message
        self.throttled = throttled
        self.cause = {
            "Message": message,
            "Remedy": remedy or self.remedy,
            "ProjectVersionArn": project_version_arn,
            "Status": status,
            "StatusMessage": status_message,
        }
        super().__init__(message)

    @classmethod
    def from_cause(cls, cause: str | None) -> "LifecycleError":
        """The error again, from the Cause of an execution that failed with it."""
        facts = fields_of(cause)
        return cls(
            facts.get("Message", f"Another execution failed with {cls.__name__}."),
            remedy=facts.get("Remedy"),
            project_version_arn=facts.get("ProjectVersionArn"),
            status=facts.get("Status"),
            status_message=facts.get("StatusMessage"),
        )

    def __str__(self) -> str:
        facts = {name: value for name, value in self.cause.items() if value is not None}
        while len(json.dumps(text := json.dumps(facts))) > MAX_CAUSE:
            longest = max(facts, key=lambda name: len(facts[name]))
            facts[longest] = f"{facts[longest][: len(facts[longest]) // 2]} ..."
        return text


def fields_of(cause: str | None) -> dict[str, str]:
    """A Cause's fields; where it is not this app's JSON, such as one that a person typed, all of it as its Message."""
    try:
        fields = json.loads(cause or "{}")
    except ValueError:
        fields = None
    return fields if isinstance(fields, dict) else {"Message": str(cause)}


class InvalidRequest(LifecycleError):
    """The input breaks the contract, or a token is used again with other fields."""

    remedy = "Correct the input as the message says, and start a new execution."


ASK_AGAIN = "Correct it as the message says, and ask again."
"""The remedy of an ``InvalidRequest`` where a function was asked, and no execution was started."""


class ModelNotFound(LifecycleError):
    """The project or model version does not exist in this account and Region."""

    remedy = (
        "List your projects with 'aws rekognition describe-projects', and the versions of one with 'aws rekognition "
        "describe-project-versions --project-arn <its ARN>': each training makes a new ARN, and a deleted one is gone."
    )


class ModelNotStartable(LifecycleError):
    """The version is in a status from which it can never be started."""

    remedy = "Train (or copy) a version that succeeds, and start that one."


class ModelFailed(LifecycleError):
    """The service reported FAILED after the start was requested."""

    remedy = (
        "Start it again.\n"
        "If it fails again, train the version anew, or ask AWS Support and quote the service's own words."
    )


class ModelStopped(LifecycleError):
    """Somebody stopped the model while this execution was starting it."""

    remedy = (
        "Find out who stopped it, and why: look in CloudTrail for StopProjectVersion.\n"
        "If nobody did, or the model is still needed, start it again."
    )


class AccessDenied(LifecycleError):
    """IAM refused a call that this app's functions make."""

    remedy = (
        "If StartProjectVersion or StopProjectVersion was denied, configure the model in cdk.json, or add its project "
        "to 'projects' there, and deploy again.\n"
        "If it is configured, or another action was denied, ask your administrator about service control policies, "
        "permissions boundaries, and changes by hand to this app's roles, which CloudFormation's drift detection shows."
    )


class CapacityExceeded(LifecycleError):
    """The account's quota of running models or inference units is used up."""

    remedy = (
        "Start it with WaitForCapacity, which waits for room.\n"
        "Stop a model that is not needed.\n"
        "Request fewer inference units.\n"
        "Raise the quota in Service Quotas (Amazon Rekognition)."
    )


class BudgetExceeded(LifecycleError):
    """The models of this month have cost the budget, and the settings refuse further starts."""

    remedy = (
        "If it has to run all the same, start it again with IgnoreBudget, of which everybody is notified.\n"
        "Else, raise monthly_budget_usd in cdk.json and deploy, or wait for the next month (in UTC)."
    )


class ServiceUnavailable(LifecycleError):
    """Throttling, a server error or a broken function; the state machine retries it, this is what outlasts that."""

    remedy = "Try again in some minutes.\nIf that fails too, look at the AWS Health Dashboard."


class TimedOut(LifecycleError):
    """The model was not RUNNING within TimeoutSeconds."""

    remedy = (
        "If it is needed, start it again, which joins a start that is under way.\n"
        "If such a start needs longer, give it a larger TimeoutSeconds."
    )


class NoAnswer(ServiceUnavailable):
    """A start was sent and no answer came back: it may or may not have been made.

    Not of the contract: the state machine waits it out, checks again, and reports ServiceUnavailable in the end.
    """


class RateLimited(LifecycleError):
    """More executions want to call Amazon Rekognition than it answers; this one has not called.

    Not of the contract: the state machine tries again until it is its turn.
    """

    remedy = "Start fewer models at a time, or raise calls_per_second in cdk.json with the quota in Service Quotas."


CONTRACT = (
    InvalidRequest,
    ModelNotFound,
    ModelNotStartable,
    ModelFailed,
    ModelStopped,
    AccessDenied,
    CapacityExceeded,
    BudgetExceeded,
    ServiceUnavailable,
    TimedOut,
)
"""The ten errors with which an execution can fail."""
