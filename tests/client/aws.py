"""The AWS that the client sees: executions that end as a test wants, and a model that answers."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

HOME = "arn:aws:states:eu-west-1:111122223333"
ARN = "arn:aws:rekognition:eu-west-1:111122223333:project/boards/version/v1/1793520000000"
OUTPUT = {
    "Outcome": "MODEL_STARTED",
    "ProjectVersionArn": ARN,
    "Status": "RUNNING",
    "EstimatedHourlyCost": 4.0,
    "Warnings": [],
    "LeaseExpiresAt": "2026-11-24T09:00:00.000Z",
}
Answer = Callable[[dict[str, Any]], dict[str, Any]]


def refusal(code: str, operation: str = "StartExecution") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"Because of {code}."}}, operation)


def succeeded(given: dict[str, Any]) -> dict[str, Any]:
    """As the execution ends well: the lease is the one that was asked for."""
    output = {**OUTPUT, "LeaseId": given.get("LeaseId", "lease")}
    return {"status": "SUCCEEDED", "output": json.dumps(output)}


def failed(error: str, message: str = "It is over.", remedy: str = "Start it again.") -> Answer:
    cause = json.dumps({"Message": message, "Remedy": remedy, "ProjectVersionArn": ARN, "Status": "STOPPED"})
    return lambda _given: {"status": "FAILED", "error": error, "cause": cause}


@dataclass
class Aws:
    """A session's clients, all in one.

    ``ends``: how executions end, by the kind of their names, such as ``client-start-...``; else well. ``refuses``: what
    the next calls raise, by operation.
    """

    region_name: str | None = "eu-west-1"
    ends: dict[str, Answer] = field(default_factory=dict)
    refuses: dict[str, list[BaseException]] = field(default_factory=dict)
    says: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the functions answer, by report or action."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The kind of each execution, or the function, and its input."""
    states: list[str] = field(default_factory=list)
    """Those that an execution has entered, the last one first."""
    past: list[dict[str, Any]] = field(default_factory=list)
    """The outputs of past starts, the newest first."""
    images: list[dict[str, Any]] = field(default_factory=list)
    _executions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def client(self, _service: str, region_name: str | None = None, **_: Any) -> "Aws":
        assert region_name
        return self

    def _called(self, operation: str) -> None:
        if waiting := self.refuses.get(operation):
            raise waiting.pop(0)

    def get_credentials(self) -> SimpleNamespace:
        return SimpleNamespace(method="env")

    def get_execution_history(self, **given: Any) -> dict[str, Any]:
        self._called("get_execution_history")
        assert (given["reverseOrder"], given["includeExecutionData"]) == (True, False)
        last = len(self.states)
        entered = [{"id": last - n, "stateEnteredEventDetails": {"name": one}} for n, one in enumerate(self.states)]
        return {"events": [{"id": last + 1, "type": "WaitStateExited"}, *entered]}

    def list_executions(self, **given: Any) -> dict[str, Any]:
        self._called("list_executions")
        assert given["stateMachineArn"] == f"{HOME}:stateMachine:CustomLabelsLifecycle-StartModel"
        begun = datetime(2026, 11, 24, 7, tzinfo=UTC)
        found = []
        for number, output in enumerate(self.past):
            arn = f"{HOME}:execution:past:{number}"
            self._executions[arn] = {"status": "SUCCEEDED", "output": json.dumps(output)}
            ended = begun + timedelta(seconds=output.get("StartSeconds", 1))
            found.append({"executionArn": arn, "startDate": begun, "stopDate": ended})
        return {"executions": found}

    def get_caller_identity(self) -> dict[str, str]:
        self._called("get_caller_identity")
        return {"Arn": "arn:aws:sts::111122223333:assumed-role/inspection/session"}

    def start_execution(self, **given: Any) -> dict[str, str]:
        self._called("start_execution")
        arn = f"{given['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{given['name']}"
        kind, payload = given["name"].split("-")[1], json.loads(given["input"])
        self.asked.append((kind, payload))
        self._executions[arn] = self.ends.get(kind, succeeded)(payload)
        return {"executionArn": arn}

    def describe_execution(self, **given: Any) -> dict[str, Any]:
        self._called("describe_execution")
        return {"executionArn": given["executionArn"], **self._executions[given["executionArn"]]}

    def describe_stacks(self, **given: Any) -> dict[str, Any]:
        self._called("describe_stacks")
        assert given == {"StackName": "CustomLabelsLifecycle"}
        outputs = {"PageFunctionName": "page", "ActFunctionName": "act"}
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}

    def invoke(self, **given: Any) -> dict[str, Any]:
        self._called("invoke")
        asked = json.loads(given["Payload"])
        self.asked.append((given["FunctionName"], asked))
        said = self.says[asked.get("Report") or asked["Action"]]
        error = {"FunctionError": "Unhandled"} if "errorType" in said else {}
        return {"Payload": io.BytesIO(json.dumps({"SchemaVersion": "1.0", "Problems": [], **said}).encode()), **error}

    def detect_custom_labels(self, **given: Any) -> dict[str, Any]:
        self._called("detect_custom_labels")
        self.images.append(given)
        box = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}
        return {"CustomLabels": [{"Name": "scratch", "Confidence": 98.1, "Geometry": {"BoundingBox": box}}]}
