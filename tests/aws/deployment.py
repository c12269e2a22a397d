"""The deployed stack of an account, or of the emulator: what the stories need of either."""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tests.deployed.executions import StateMachine, wait_until

Json = Any
LONGEST = 3700
"""Seconds that a start or a stop may take."""


@dataclass(frozen=True)
class Deployment:
    """A stack, with one of its models."""

    model: str
    outputs: Mapping[str, str]
    endpoint: str | None = None
    """Of an emulator, where the stack is in one."""
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The model's, where the stack is too."""
        return self.model.split(":")[3]

    def client(self, service: str) -> Any:
        """A boto3 client, with the credentials that are there."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=self.region)  # type: ignore[call-overload]  # named at run time
        return self._clients[service]

    def machine(self, name: str) -> StateMachine:
        """One of its state machines."""
        return StateMachine(self.outputs[f"{name}Arn"], self.client("stepfunctions"))

    @property
    def patience(self) -> Mapping[str, Json]:
        """What a start or a stop is asked beside its point: on AWS to wait long, on the emulator to look often."""
        return {"PollSeconds": 1, "TimeoutSeconds": 900} if self.endpoint else {"TimeoutSeconds": 3600}

    def status(self) -> str:
        """The model's, as the service has it."""
        name = self.model.split("/")[1]
        rekognition = self.client("rekognition")
        (project,) = rekognition.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
        versions = rekognition.describe_project_versions(ProjectArn=project["ProjectArn"])["ProjectVersionDescriptions"]
        (status,) = (one["Status"] for one in versions if one["ProjectVersionArn"] == self.model)
        return str(status)

    def item(self) -> dict[str, Json]:
        """What the table says of the model."""
        table = self.outputs["ModelTableName"]
        found = self.client("dynamodb").get_item(TableName=table, Key={"Id": {"S": self.model}}, ConsistentRead=True)
        return {name: TypeDeserializer().deserialize(value) for name, value in found.get("Item", {}).items()}

    def lease_ids(self) -> list[str]:
        """Who holds the model."""
        return [lease["LeaseId"] for lease in self.item().get("Leases", ())]

    def until(self, holds: Callable[[], object], seconds: float = LONGEST) -> None:
        """Wait; on AWS with ten seconds between two looks."""
        if self.endpoint:
            wait_until(holds)
            return
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(10)

    # --- What AWS does by itself, and nobody in the emulator

    def fire(self, schedule: str) -> None:
        """Let a schedule fire that does so by itself on AWS."""
        if self.endpoint:
            body = json.dumps({"Schedule": schedule}).encode()
            request = urllib.request.Request(f"{self.endpoint}/_emulator/fire", body, method="POST")  # noqa: S310 - ours
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own emulator
                assert answer.status == 200

    def let_leases_end(self) -> None:
        """Let the time of the model's leases pass; in the emulator they are written as ended."""
        if not self.endpoint:
            return
        item = self.item()
        for lease in item["Leases"]:
            lease["Since"] = "2026-01-01T00:00:00.000Z"
            ended = datetime.now(UTC) - timedelta(seconds=1)
            lease["ExpiresAt"] = ended.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        written = {name: TypeSerializer().serialize(value) for name, value in item.items()}
        self.client("dynamodb").put_item(TableName=self.outputs["ModelTableName"], Item=written)


def deployment(model: str, stack_name: str) -> Deployment:
    """That of a model's Region, by its outputs."""
    cloudformation = boto3.client("cloudformation", region_name=model.split(":")[3])
    (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Deployment(model, outputs, os.environ.get("AWS_ENDPOINT_URL"))
