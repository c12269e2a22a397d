"""What executions of the real stack leave behind: what people were told, which calls were made, how they failed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema

from emulator.server import Emulator
from tests.deployed.executions import Execution

SCHEMAS = Path(__file__).parents[2] / "statemachine" / "schemas"
valid_output, valid_stop_output, valid_cause, valid_event, valid_chat = (
    fastjsonschema.compile(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))
    for name in (
        "start_model.output",
        "stop_model.output",
        "failure_cause",
        "notification.event",
        "notification.chat",
    )
)

NewModel = Callable[..., str]
QUICK = {"PollSeconds": 1, "TimeoutSeconds": 900}
"""A fixed interval of 1 s is raised where the timeout is longer than 990 s."""


def project_of(arn: str) -> str:
    """Limits a fault to the calls about one model: a describe names the project, a start the version."""
    return arn.split("/")[1]


class Told:
    """What people and pipelines were told of one execution."""

    def __init__(self, emulator: Emulator, execution: Execution) -> None:
        link = f"/{execution.arn}\n"
        self.mails = [one for one in emulator.control.notifications() if link in one["Message"]]
        chats = emulator.control.chats()
        self.chats = [one for one in chats if execution.arn in one["metadata"]["relatedResources"]]
        details = [json.loads(entry["Detail"]) for entry in emulator.control.events]
        self.events = [detail for detail in details if detail.get("ExecutionArn") == execution.arn]

    def once(self, outcome: str, severity: str) -> dict[str, Any]:
        """The one mail, having checked that the one event and the one chat message say the same."""
        (mail,), (event,), (chat,) = self.mails, self.events, self.chats
        valid_event(event)
        valid_chat(chat)
        assert (chat["metadata"]["eventType"], chat["id"]) == (outcome, event["NotificationId"])
        attributes = mail["MessageAttributes"]
        assert (attributes["Outcome"], attributes["Severity"]) == (outcome, severity)
        assert {name: event[name] for name in attributes} == attributes
        return {**mail, "Event": event}


def calls_of(emulator: Emulator, operation: str, arn: str) -> int:
    """How often functions were allowed to call an operation on a model or its project."""
    about = project_of(arn)
    return sum(one.action == operation and about in one.resource for one in emulator.authoriser.decisions)


def failed_well(execution: Execution, error: str) -> dict[str, str]:
    """The Cause of an execution that failed with one of the contract's errors."""
    assert (execution.status, execution.error) == ("FAILED", error)
    valid_cause(execution.cause)
    cause: dict[str, str] = execution.cause
    return cause
