"""Start an execution of the deployed stack, and wait until it has ended. Rekognition is never asked."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, NoReturn

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from custom_labels import errors

FIRST_PAUSE, PAUSE = 1.0, 5.0
"""Seconds between two status checks of an execution: at first, when most are over at once, and later."""
PATIENCE = 300.0
"""Seconds for which an execution may not be readable before the wait is given up."""

AwsError = ClientError | BotoCoreError | RuntimeError
AWS_ERRORS = (ClientError, BotoCoreError, RuntimeError)
"""What a call of boto3 raises: with credentials that have ended, and that nobody renews, a RuntimeError."""
Progress = Callable[[float, str], None]
"""Is called with the seconds since the wait began, and what the execution is doing, in words."""

DOING = {
    "Prepare the request": "checking what is asked for",
    "Check the model": "checking the model's status",
    "What next?": "checking the model's status",
    "Start the model": "requesting the start",
    "Stop the model": "requesting the stop",
    "Wait": "waiting for the model",
    "Notify: running": "it is RUNNING, and people are notified",
    "Notify: stopped or kept running": "it is done, and people are notified",
    "Notify: failed": "it has failed, and people are notified",
}
"""What an execution does in each of the states in which one may find it. An unknown one is shown by its own name."""
_ENTERED = "stateEnteredEventDetails"
_LAST_EVENTS = 20
"""Of the history: the state that was entered last is among them."""


class StateMachines:
    """The state machines of one stack. Their ARNs follow from account, Region and the stack's name.

    Parameters
    ----------
    session : boto3.Session
        Whose credentials are used.
    stack : str
        The stack's name.
    region : str or None
        Its Region.

    Raises
    ------
    InvalidRequest
        No Region is given.
    ServiceUnavailable, AccessDenied
        Nobody knows whose credentials these are.
    """

    def __init__(self, session: boto3.Session, stack: str, region: str | None) -> None:
        if not region:
            raise errors.InvalidRequest(
                "No Region is given.", remedy="Pass region=, or --region, or set AWS_REGION: the Region of the stack."
            )
        self.stack, self.region = stack, region
        self._stepfunctions = session.client("stepfunctions", region_name=region)
        try:
            caller = session.client("sts", region_name=region).get_caller_identity()["Arn"]
        except AWS_ERRORS as error:
            refused("find out whose credentials these are", error)
        _, self._partition, _, _, self.account, _ = caller.split(":", 5)

    def arn(self, machine: str) -> str:
        """Of StartModel, StopModel or RunWithModel."""
        home = f"arn:{self._partition}:states:{self.region}:{self.account}"
        return f"{home}:stateMachine:{self.stack}-{machine}"

    def start(self, machine: str, payload: Mapping[str, Any], purpose: str) -> str:
        """Start an execution once, and give its ARN: its name is new, so that an answer that is lost is no harm.

        Raises
        ------
        NotDeployed, AccessDenied, ServiceUnavailable
        """
        given = {name: value for name, value in payload.items() if value is not None}
        name = f"client-{purpose}-{uuid.uuid4().hex}"
        try:
            return self._stepfunctions.start_execution(
                stateMachineArn=self.arn(machine), name=name, input=json.dumps(given)
            )["executionArn"]
        except AWS_ERRORS as error:
            if code_of(error) in {"StateMachineDoesNotExist", "StateMachineDeleting"}:
                raise not_deployed(self.account, self.stack, self.region) from error
            refused(f"start {machine}", error)

    def wait(self, execution_arn: str, progress: Progress | None = None) -> dict[str, Any]:
        """The output of an execution, once it has ended well.

        Raises
        ------
        CustomLabelsError
            As the class that its Error names; ServiceUnavailable where it could not be read for some minutes. The
            execution goes on then.
        """
        began = last_read = time.monotonic()
        while True:
            try:
                found = self._stepfunctions.describe_execution(executionArn=execution_arn)
                last_read = time.monotonic()
            except AWS_ERRORS as error:
                # DescribeExecution is eventually consistent: it may not know a young execution yet.
                passing = code_of(error) not in {"AccessDeniedException", "AccessDenied"}
                if not passing or time.monotonic() - last_read > PATIENCE:
                    refused("read the execution", error, execution_arn)
                found = None
            passed = time.monotonic() - began
            if found and found["status"] == "SUCCEEDED":
                output: dict[str, Any] = json.loads(found["output"])
                return output
            if found and found["status"] != "RUNNING":
                raise errors.of_execution(found)
            if progress:
                progress(passed, self._doing(execution_arn) if found else "not readable for the moment")
            time.sleep(FIRST_PAUSE if passed < 2 * PAUSE else PAUSE)

    def _doing(self, execution_arn: str) -> str:
        """What an execution does now; nothing where that may not be read, which is no reason to end the wait."""
        try:
            events = self._stepfunctions.get_execution_history(
                executionArn=execution_arn, reverseOrder=True, maxResults=_LAST_EVENTS, includeExecutionData=False
            )["events"]
        except AWS_ERRORS:
            return ""
        entered = [(one["id"], one["stateEnteredEventDetails"]["name"]) for one in events if _ENTERED in one]
        _, state = max(entered, default=(0, ""))
        return DOING.get(state, state)

    def past_starts(self, model: Mapping[str, str], most: int = 3) -> list[float]:
        """How long the last starts of a model took in seconds, the newest first; fewer where few are found.

        Parameters
        ----------
        model : mapping
            The field that means the model, as in an input.
        """
        try:
            pages = self._stepfunctions.list_executions(
                stateMachineArn=self.arn("StartModel"), statusFilter="SUCCEEDED", maxResults=_LISTED
            )
            long = (one for one in pages["executions"] if (one["stopDate"] - one["startDate"]).total_seconds() >= _LONG)
            found: list[float] = []
            for one in islice(long, _DESCRIBED):
                described = self._stepfunctions.describe_execution(executionArn=one["executionArn"])
                output = json.loads(described["output"])
                meant = any(output.get(name) == value for name, value in model.items())
                if meant and output.get("Outcome") == "MODEL_STARTED":
                    found.append(float(output["StartSeconds"]))
                if len(found) == most:
                    break
        except (*AWS_ERRORS, KeyError, ValueError):
            return []
        return found


_LISTED, _DESCRIBED = 200, 12
"""Past executions that are listed, and of which the output is read."""
_LONG = 5.0
"""Seconds: what took less time has started nothing."""


def not_deployed(account: str, stack: str, region: str) -> errors.NotDeployed:
    """That there is no such stack."""
    return errors.NotDeployed(
        f"The account {account} has no stack {stack} in {region}.",
        remedy="Deploy it there, or name another one: --stack, --region, or other credentials.",
    )


def code_of(error: AwsError) -> str:
    """The code of AWS's answer; of an error on the way there its class."""
    if isinstance(error, RuntimeError):
        return "ExpiredToken"
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def refused(what: str, error: AwsError, execution_arn: str | None = None, needs: str = "") -> NoReturn:
    """Raise what an error of AWS's means to the caller.

    Parameters
    ----------
    needs : str, optional
        The right that may be missing.

    Raises
    ------
    AccessDenied, ServiceUnavailable
    """
    denied = {
        "AccessDeniedException",
        "AccessDenied",
        "ExpiredToken",
        "ExpiredTokenException",
        "UnrecognizedClientException",
    }
    known: type[errors.CustomLabelsError] = errors.ServiceUnavailable
    remedy = "Try again. If it goes on, see the AWS Health Dashboard."
    if code_of(error) in {*denied, "NoCredentialsError", "InvalidClientTokenId", "CredentialRetrievalError"}:
        known, remedy = (
            errors.AccessDenied,
            "\n".join(filter(None, (needs, "Check your credentials: aws sts get-caller-identity."))),
        )
    raise known(f"Could not {what}: {error}", remedy=remedy, execution_arn=execution_arn) from error
