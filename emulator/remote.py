"""An emulator that runs, here or in another process, as its clients see it: the AWS API, and ``/_emulator/``."""

from __future__ import annotations

import functools
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

MACHINES = ("StartModelArn", "StopModelArn", "RunWithModelArn")
"""Outputs of the stack."""
_WATCH_SECONDS = 0.5


def environment(endpoint: str, region: str) -> dict[str, str]:
    """The variables that lead the AWS CLI, the SDKs and `custom-labels` to an emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


class RemoteError(Exception):
    """There is no emulator at the endpoint, or it refused; the message says which."""


@dataclass(frozen=True)
class StatusCheck:
    """What an execution was doing when somebody looked.

    Attributes
    ----------
    state
        The state entered last.
    status
        The execution's.
    model_status
        None while the model is not known.
    elapsed
        Seconds since the execution began.
    """

    state: str
    status: str
    model_status: str | None
    elapsed: float


class Remote:
    """The emulator at an endpoint."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint.rstrip("/")
        about = self.ask("GET", "")
        if not isinstance(about, dict) or not {"Outputs", "Models", "Region"} <= about.keys():
            raise self._somebody_else()
        self.outputs: dict[str, str] = about["Outputs"]
        self.models: dict[str, str] = about["Models"]
        self._region: str = about["Region"]

    @functools.cached_property
    def stepfunctions(self) -> Any:
        """The client of AWS Step Functions, made when it is needed: a client takes a while."""
        return self.client("stepfunctions")

    def client(self, service: str) -> Any:
        """A boto3 client of a service."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # named at run time
            region_name=self._region,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )

    def ask(self, method: str, path: str, given: object = None) -> Any:
        """Ask the emulator itself.

        Raises
        ------
        RemoteError
            Nothing answers, or the answer is a refusal.
        """
        body = None if given is None else json.dumps(given).encode()
        if not self.endpoint.startswith(("http://", "https://")):
            raise RemoteError(f"{self.endpoint!r} is no address, such as http://127.0.0.1:4566")
        request = urllib.request.Request(f"{self.endpoint}/_emulator/{path}", body, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise RemoteError(self._refusal(error)) from error
        except (http.client.HTTPException, ValueError) as error:
            raise self._somebody_else() from error
        except OSError as error:
            raise RemoteError(
                f"no emulator answers at {self.endpoint}: start one with `python -m emulator up`"
            ) from error

    def _refusal(self, error: urllib.error.HTTPError) -> str:
        try:
            message: str = json.load(error)["Message"]
        except (ValueError, KeyError, TypeError):
            raise self._somebody_else() from error
        return message

    def _somebody_else(self) -> RemoteError:
        return RemoteError(
            f"something else than this emulator answers at {self.endpoint}: "
            "stop it, or use another port, as in `python -m emulator up --port 4567`"
        )

    def start(self, given: object, machine: str = "StartModelArn", name: str | None = None) -> str:
        """Start an execution of a state machine, by its output's name. Returns the execution's ARN."""
        named = {"name": name} if name else {}
        started = self.stepfunctions.start_execution(
            stateMachineArn=self.outputs[machine], input=json.dumps(given), **named
        )
        arn: str = started["executionArn"]
        return arn

    def watch(self, execution_arn: str, project_version_arn: str) -> Iterator[StatusCheck]:
        """Look at an execution twice a second; the last look is at its end."""
        while True:
            execution = self.stepfunctions.describe_execution(executionArn=execution_arn)
            until = execution.get("stopDate") or datetime.now(execution["startDate"].tzinfo)
            entered = [name for _, name in states_entered(self.history(execution_arn))]
            statuses = {model["ProjectVersionArn"]: model["Status"] for model in self.ask("GET", "models")}
            yield StatusCheck(
                state=entered[-1] if entered else "",
                status=execution["status"],
                model_status=statuses.get(project_version_arn),
                elapsed=(until - execution["startDate"]).total_seconds(),
            )
            if execution["status"] != "RUNNING":
                return
            time.sleep(_WATCH_SECONDS)

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        """The execution's events, oldest first."""
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        return [event for page in pages for event in page["events"]]

    def executions(self, *machines: str) -> list[dict[str, Any]]:
        """The executions of some state machines, by their outputs' names, or of all; latest first."""
        found: list[dict[str, Any]] = []
        for machine in machines or MACHINES:
            pages = self.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=self.outputs[machine])
            found += (execution for page in pages for execution in page["executions"])
        return sorted(found, key=lambda execution: execution["startDate"], reverse=True)

    def report(self, name: str) -> dict[str, Any]:
        """What the app says of its models, by the function behind its dashboard.

        Raises
        ------
        RemoteError
            The function refused; the message says why.
        """
        function, asked = self.outputs["PageFunctionName"], json.dumps({"Report": name})
        answer = self.client("lambda").invoke(FunctionName=function, Payload=asked)
        said: dict[str, Any] = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise RemoteError(said.get("errorMessage", "the function failed"))
        return said

    def destroy(self) -> None:
        """Delete the app's stack.

        Raises
        ------
        RemoteError
            It is not there, or could not be deleted; the message says why.
        """
        cloudformation = self.client("cloudformation")
        name = self.outputs[MACHINES[0]].rpartition(":")[2].removesuffix("-StartModel")
        try:
            cloudformation.describe_stacks(StackName=name)
        except ClientError as error:
            raise RemoteError(f"there is no stack {name}") from error
        cloudformation.delete_stack(StackName=name)
        try:
            waiter = cloudformation.get_waiter("stack_delete_complete")
            waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 1000})
        except WaiterError as error:
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            failed = (event for event in events[1:] if event["ResourceStatus"] == "DELETE_FAILED")
            raise RemoteError(next(failed, events[0])["ResourceStatusReason"]) from error

    def documents(self, bucket: str) -> list[dict[str, Any]]:
        """The JSON documents in a bucket, in the order of their keys."""
        s3 = self.client("s3")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]
        return [json.load(s3.get_object(Bucket=bucket, Key=key)["Body"]) for key in keys]

    def lines(self, results: dict[str, str]) -> list[dict[str, Any]]:
        """The result lines of a batch, from where its summary says that they are."""
        s3 = self.client("s3")

        def read(key: str) -> str:
            text: str = s3.get_object(Bucket=results["Bucket"], Key=key)["Body"].read().decode()
            return text

        files = json.loads(read(results["Manifest"]))["ResultFiles"]["SUCCEEDED"]
        return [json.loads(line) for file in files for line in read(file["Key"]).splitlines()]

    def notifications(self) -> list[dict[str, Any]]:
        """What was published for people, in its order; other topics may have messages of their own."""
        topic = self.outputs["NotificationTopicArn"]
        return [one for one in self.ask("GET", "notifications") if one["TopicArn"] == topic]

    def wait_for_notifications(self, count: int, seconds: float = 60) -> None:
        """Wait until so many have been published: an event's are sent some time after it.

        Raises
        ------
        RemoteError
            They were not.
        """
        deadline = time.monotonic() + seconds
        while len(self.notifications()) < count:
            if time.monotonic() > deadline:
                raise RemoteError(f"there are no {count} notifications after {seconds:.0f} s")
            time.sleep(0.1)


def states_entered(history: list[dict[str, Any]]) -> list[tuple[datetime, str]]:
    """When which state was entered."""
    entered = "stateEnteredEventDetails"
    return [(event["timestamp"], event[entered]["name"]) for event in history if entered in event]
