"""What the contract says: fields of inputs, and of how an execution ends, against the schemas."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import fastjsonschema

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "statemachine" / "schemas"
PAGE = (ROOT / "docs" / "contract.md").read_text("utf-8")
valid_output, valid_stop_output, valid_run_output, valid_cause, valid_event, valid_chat = (
    fastjsonschema.compile(json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8")))
    for name in (
        "start_model.output",
        "stop_model.output",
        "run_with_model.output",
        "failure_cause",
        "notification.event",
        "notification.chat",
    )
)


def contract_fields(machine: str) -> set[str]:
    """The fields in the table of a machine's input, in docs/contract.md."""
    table, _, _ = PAGE.partition(f"## Input of {machine}\n")[2].partition("\n## ")
    return {name for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


class Ended(Protocol):
    """An execution that has ended, of whatever kind."""

    @property
    def status(self) -> str:
        """As Step Functions calls it."""

    @property
    def error(self) -> str | None:
        """Of one that failed."""

    @property
    def cause(self) -> Any:
        """Of one that failed; read, where it is JSON."""


def failed_well(execution: Ended, error: str) -> dict[str, str]:
    """The Cause of an execution that failed with one of the contract's errors."""
    assert (execution.status, execution.error) == ("FAILED", error), execution.cause
    valid_cause(execution.cause)
    cause: dict[str, str] = execution.cause
    return cause


@dataclass
class Notified:
    """What was sent about one execution, by channel."""

    mails: Sequence[dict[str, Any]] = field(default_factory=list)
    chats: Sequence[dict[str, Any]] = field(default_factory=list)
    events: Sequence[dict[str, Any]] = field(default_factory=list)

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

    @property
    def outcomes(self) -> list[str]:
        """Of the events, in order."""
        return [event["Outcome"] for event in self.events]

    @property
    def everywhere(self) -> bool:
        """Whether something was sent on every channel."""
        return bool(self.mails and self.chats and self.events)

    @property
    def nothing(self) -> bool:
        """Whether nothing was sent on any channel."""
        return not (self.mails or self.chats or self.events)
