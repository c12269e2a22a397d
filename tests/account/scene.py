"""A scene: one story in the simulated account, told with the verbs of people, pipelines and bad luck.

What takes minutes on AWS takes milliseconds here, with the functions and definitions that are deployed. Nothing comes
by itself but what follows from an execution: no sweep is due unless the story lets it come.
"""

import contextlib
import io
import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tests.account.account import Account
from tests.account.clients import Caller
from tests.account.custom_labels import CustomLabels
from tests.account.faults import Fault, What
from tests.account.functions import ENVIRONMENT
from tests.account.services import Execution
from tests.contract import Notified
from tests.unit.examples import ARN, MACHINES

Json = Any
START_MODEL, STOP_MODEL, RUN_WITH_MODEL = MACHINES.start_model, MACHINES.stop_model, MACHINES.run_with_model
CHAT = "arn:aws:sns:us-east-1:123456789012:chat"
LONGEST = 40 * 24 * 3600
"""Seconds until which any execution has ended: its definition's timeout."""


@dataclass(frozen=True)
class Ended:
    """An execution that has ended."""

    arn: str
    status: str
    output: Json
    error: str | None
    cause: Json
    visited: Sequence[str]
    failures: Sequence[tuple[datetime, str]]

    def states(self) -> list[str]:
        """The names of the states that it entered, in order."""
        return list(self.visited)

    def failed_tasks(self) -> list[str]:
        """The errors of its Tasks that failed, retried ones included."""
        return [error for _, error in self.failures]


@dataclass
class Scene:
    """One model, ``defects``, and what happens to it."""

    account: Account
    printed: io.StringIO = field(default_factory=io.StringIO)
    """What the functions have logged and measured."""
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    # --- what people and pipelines do

    def begin(self, machine: str, given: object = None, *, name: str | None = None, **fields: Json) -> Execution:
        """Start an execution with an input, as JSON or as text; else of the model by its name, with these fields."""
        asked = {"Model": "defects", **fields} if given is None else given
        text = asked if isinstance(asked, str) else json.dumps(asked)
        name = name or f"execution-{next(self._numbers)}"
        started = self.account.stepfunctions.start_execution(stateMachineArn=machine, name=name, input=text)
        return self.account.stepfunctions.executions[started["executionArn"]]

    def wait(self, execution: Execution, seconds: float = LONGEST) -> Ended:
        """Wait for its end."""
        self.until(lambda: execution.ended, seconds)
        cause: Json = execution.cause
        with contextlib.suppress(ValueError, TypeError):  # a Cause need not be JSON
            cause = json.loads(cause)
        return Ended(
            execution.arn,
            execution.status,
            json.loads(execution.output) if execution.output else None,
            execution.error,
            cause,
            execution.states,
            execution.failures,
        )

    def run(self, machine: str, given: object = None, *, name: str | None = None, **fields: Json) -> Ended:
        """Start an execution, and wait for its end."""
        return self.wait(self.begin(machine, given, name=name, **fields))

    def abort(self, execution: Execution, cause: str | None = "by hand", error: str | None = None) -> Ended:
        """End an execution as a person does, who need not say why."""
        given = {name: one for name, one in (("cause", cause), ("error", error)) if one is not None}
        self.account.stepfunctions.stop_execution(executionArn=execution.arn, **given)
        return self.wait(execution)

    def call(self, function: str, event: Json = None) -> Json:
        """Invoke a function, and wait for its answer; raises what it raises."""
        process = self.account.invoke(function, event or {})
        self.until(lambda: process.ended, 3600)
        if process.error:
            raise process.error
        caller: Caller = process.caller  # type: ignore[attr-defined] # set by the account
        assert not process.killed, caller.died
        return process.value

    def sweep(self) -> Json:
        """Let the sweep come by."""
        return self.call("sweep")

    # --- what happens to them

    def fails(
        self,
        what: What,
        operation: str,
        function: str | None = None,
        *,
        calls: Sequence[int] | None = (1,),
        after: bool = False,
    ) -> None:
        """Let calls of an operation fail from now on: the first, these, or all (None)."""
        self.account.wire.faults.add(Fault(what, operation, function, calls, after))

    def mends(self) -> None:
        """Let nothing fail any more."""
        self.account.wire.faults.scripted = ()

    def put(self, status: str, message: str = "") -> None:
        """Let the model have a status, from which nothing follows by itself."""
        self.labels.follow(((0, status),))
        self.labels.message = message

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        with contextlib.redirect_stdout(self.printed):
            self.account.until(lambda: False, seconds)

    def until(self, holds: Callable[[], object], seconds: float = 3600) -> None:
        """Let time pass until something holds."""
        with contextlib.redirect_stdout(self.printed):
            found = self.account.until(holds, seconds)
        assert found, f"not within {seconds} s; under way: {self.under_way}"

    def until_in(self, execution: Execution, state: str) -> None:
        """Let time pass until an execution is in a state."""
        self.until(lambda: execution.states[-1:] == [state])

    # --- what is to be seen

    @property
    def labels(self) -> CustomLabels:
        """The service."""
        return self.account.custom_labels

    @property
    def under_way(self) -> dict[str, list[str]]:
        """The executions that go on, each with the state that it is in."""
        executions = self.account.stepfunctions.executions.values()
        return {one.name: one.states[-1:] for one in executions if not one.ended}

    @property
    def now(self) -> datetime:
        """The time."""
        return self.account.simulation.now

    @property
    def status(self) -> str:
        """The model's, as the service has it."""
        return self.labels.status

    def requests(self, operation: str) -> list[float]:
        """The seconds at which functions have called an operation."""
        return [seconds for seconds, _, called in self.account.wire.calls if called == operation]

    def notified(self, execution: Execution | Ended) -> Notified:
        """What was sent about an execution."""
        link = f"/{execution.arn}\n"
        mails = [one for one in self.mails if link in one["Message"]]
        published = [one for _, _, one in self.account.topic.sent if one["TopicArn"] == CHAT]
        chats = [json.loads(one["Message"]) for one in published]
        return Notified(
            mails,
            [one for one in chats if execution.arn in one["metadata"]["relatedResources"]],
            [detail for _, _, detail in self.account.bus.sent if detail.get("ExecutionArn") == execution.arn],
        )

    @property
    def mails(self) -> list[Json]:
        """All mails."""
        return [one for _, _, one in self.account.topic.sent if one["TopicArn"] == ENVIRONMENT["TOPIC_ARN"]]

    @property
    def outcomes(self) -> list[str]:
        """Of all mails, in order."""
        return [mail["MessageAttributes"]["Outcome"] for mail in self.mails]

    @property
    def item(self) -> dict[str, Json]:
        """What the table says of the model; empty where it says nothing."""
        return self.item_of(ARN)

    def item_of(self, arn: str) -> dict[str, Json]:
        """The same of another model."""
        return _read(self.account.dynamodb.tables.get("models", {}).get((arn,), {}))

    @property
    def lease_ids(self) -> list[str]:
        """Of the leases that hold the model."""
        return [lease["LeaseId"] for lease in self.item.get("Leases", ())]

    @property
    def sessions(self) -> list[dict[str, Json]]:
        """What was recorded of the model's having run."""
        return [_read(item) for item in self.account.dynamodb.tables.get("ledger", {}).values()]

    @property
    def measured(self) -> dict[tuple[str, ...], list[float]]:
        """The values of the metrics that functions have emitted, by name and dimensions' values."""
        values: dict[tuple[str, ...], list[float]] = defaultdict(list)
        for line in self.printed.getvalue().splitlines():
            written = json.loads(line)
            for directive in written.get("_aws", {}).get("CloudWatchMetrics", ()):
                (dimensions,) = directive["Dimensions"]
                for metric in directive["Metrics"]:
                    values[metric["Name"], *(written[name] for name in dimensions)] += written[metric["Name"]]
        return dict(values)

    @property
    def unsettled(self) -> list[str]:
        """The executions of which something may be left to do."""
        kept = self.account.dynamodb.tables.get("models", {}).values()
        return [one["Id"]["S"] for one in kept if one.get("Kind") == {"S": "EXECUTION"}]


def _read(item: Json) -> dict[str, Json]:
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
