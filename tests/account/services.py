"""What the services of the simulated account do, once a call has reached them. They know nothing of faults."""

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.account.kernel import Simulation

Json = Any

MESSAGE = 256 * 1024
"""Bytes of a message of SNS, and of an entry of EventBridge (their quotas)."""
ITEM, KEY = 400 * 1024, 2048
"""Bytes of an item, and of its partition key (Amazon DynamoDB quotas)."""


class ServiceError(Exception):
    """What a service answers instead of a result; ``more`` are members of the error beside code and message."""

    def __init__(self, code: str, message: str = "As scripted.", **more: Json) -> None:
        super().__init__(code)
        self.code, self.message, self.more = code, message, more


@dataclass
class DynamoDB:
    """Amazon DynamoDB: as much of its expressions as this app and Powertools use."""

    keys: Mapping[str, tuple[str, ...]]
    """The key attributes of each table."""
    tables: dict[str, dict[tuple[str, ...], Json]] = field(default_factory=dict)
    written: Callable[[str, Json], object] = lambda _table, _item: None
    """Is told of each write."""
    largest: dict[str, int] = field(default_factory=dict)
    """The bytes of the largest item of each table."""
    refused: list[str] = field(default_factory=list)
    """What was too large."""

    def get_item(self, *, TableName: str, Key: Json, **_request: Json) -> Json:
        found = self._table(TableName).get(self._key(TableName, Key))
        return {"Item": found} if found is not None else {}

    def put_item(self, *, TableName: str, Item: Json, **request: Json) -> Json:
        self._check(TableName, Item, request)
        self._write(TableName, Item)
        return {}

    def delete_item(self, *, TableName: str, Key: Json, **request: Json) -> Json:
        self._check(TableName, Key, request)
        self._table(TableName).pop(self._key(TableName, Key), None)
        return {}

    def update_item(self, *, TableName: str, Key: Json, **request: Json) -> Json:
        self._check(TableName, Key, request)
        before = self._table(TableName).get(self._key(TableName, Key), dict(Key))
        names = request.get("ExpressionAttributeNames", {})
        values = request["ExpressionAttributeValues"]
        after = dict(before)
        assignments, _, additions = request["UpdateExpression"].removeprefix("SET ").partition(" ADD ")
        for name, _, value in (one.partition(" = ") for one in re.split(r", (?=[#\w]+ = )", assignments)):
            attribute = names.get(name, name)
            kept = re.fullmatch(r"if_not_exists\((\S+), (\S+)\)", value)
            added = re.fullmatch(r"(\w+) \+ (:\w+)", value)
            if added:
                after[attribute] = {"N": str(int(before[added[1]]["N"]) + int(values[added[2]]["N"]))}
            else:
                after[attribute] = before.get(attribute, values[kept[2]]) if kept else values[value]
        for name, value in (one.split() for one in additions.split(", ") if one):
            if "NS" in values[value]:
                after[name] = {"NS": sorted({*before.get(name, {"NS": []})["NS"], *values[value]["NS"]})}
            else:
                after[name] = {"N": str(int(before.get(name, {"N": "0"})["N"]) + int(values[value]["N"]))}
        self._write(TableName, after)
        return {"Attributes": after if request.get("ReturnValues", "").endswith("_NEW") else before}

    def scan(self, *, TableName: str, ExpressionAttributeValues: Json, **_request: Json) -> Json:
        kind = ExpressionAttributeValues[":kind"]
        return {"Items": [item for item in self._table(TableName).values() if item.get("Kind") == kind]}

    def query(self, *, TableName: str, ExpressionAttributeValues: Json, **_request: Json) -> Json:
        month = ExpressionAttributeValues[":month"]
        return {"Items": [item for item in self._table(TableName).values() if item["Month"] == month]}

    def transact_write_items(self, *, TransactItems: Json) -> Json:
        puts = [one["Put"] for one in TransactItems]
        reasons = []
        for put in puts:
            try:
                self._check(put["TableName"], put["Item"], put)
                reasons.append({"Code": "None"})
            except ServiceError:
                reasons.append({"Code": "ConditionalCheckFailed"})
        if any(reason["Code"] != "None" for reason in reasons):
            raise ServiceError("TransactionCanceledException", CancellationReasons=reasons)
        for put in puts:
            self._write(put["TableName"], put["Item"])
        return {}

    def _check(self, table: str, item: Json, request: Json) -> None:
        condition = request.get("ConditionExpression")
        if condition is None:
            return
        before = self._table(table).get(self._key(table, item))
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        if not _holds(condition, before or {}, names, values):
            more: Json = {"Item": before} if request.get("ReturnValuesOnConditionCheckFailure") else {}
            raise ServiceError("ConditionalCheckFailedException", **more)

    def _write(self, table: str, item: Json) -> None:
        size = len(json.dumps(item, ensure_ascii=False).encode())  # of names and types as well: more than it counts
        if size > ITEM or any(len(part.encode(errors="replace")) > KEY for part in self._key(table, item)):
            self.refused.append(f"an item of {size} bytes in {table}")
            raise ServiceError("ValidationException")
        self.largest[table] = max(size, self.largest.get(table, 0))
        self._table(table)[self._key(table, item)] = item
        self.written(table, item)

    def _table(self, name: str) -> dict[tuple[str, ...], Json]:
        return self.tables.setdefault(name, {})

    def _key(self, table: str, item: Json) -> tuple[str, ...]:
        return tuple(item[name]["S"] for name in self.keys[table])


_ORDERS = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


def _holds(condition: str, item: Json, names: Json, values: Json) -> bool:
    """Whether a condition holds: ORs of ANDs of comparisons."""
    condition = re.sub(r"(\S+) BETWEEN (:\w+) AND (:\w+)", r"\1 >= \2 AND \1 <= \3", condition)
    parts = [one.strip().strip("()") if " AND " in one else one.strip() for one in condition.split(" OR ")]
    return any(all(_compares(one.strip(), item, names, values) for one in part.split(" AND ")) for part in parts)


def _compares(term: str, item: Json, names: Json, values: Json) -> bool:
    def attribute(name: str) -> Json:
        return item.get(names.get(name, name))

    if found := re.fullmatch(r"attribute_(not_)?exists\((\S+)\)", term):
        return (attribute(found[2]) is None) == bool(found[1])
    if found := re.fullmatch(r"(\S+) (=|<|>|<=|>=) (:\w+)", term):
        mine, other = attribute(found[1]), values[found[3]]
        if found[2] == "=":
            return bool(mine == other)
        return mine is not None and _ORDERS[found[2]](_scalar(mine), _scalar(other))
    if found := re.fullmatch(r"(\S+) IN \((:\w+), (:\w+)\)", term):
        return attribute(found[1]) in (values[found[2]], values[found[3]])
    raise AssertionError(f"no condition that is known here: {term}")


def _scalar(value: Json) -> Any:
    return float(value["N"]) if "N" in value else value["S"]


@dataclass
class Execution:
    """An execution, as Step Functions tells of it."""

    arn: str
    name: str
    machine_arn: str
    given: str
    began: datetime
    status: str = "RUNNING"
    ended: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    states: list[str] = field(default_factory=list)
    failures: list[tuple[datetime, str]] = field(default_factory=list)
    """Of its Tasks' tries: when, and the error."""

    def described(self) -> Json:
        """As DescribeExecution answers."""
        known = {
            "stopDate": self.ended,
            "output": self.output,
            "error": self.error,
            "cause": self.cause,
        }
        here = {name: value for name, value in known.items() if value is not None}
        return {"status": self.status, "startDate": self.began, "input": self.given, **here}


@dataclass
class StepFunctions:
    """AWS Step Functions. What an execution does is for the account to know.

    Parameters
    ----------
    unknown_for, lag : float
        DescribeExecution is eventually consistent: seconds for which it does not know an execution that has begun, or
        that has ended.
    """

    simulation: Simulation
    begin: Callable[[Execution], object]
    end: Callable[[Execution, Mapping[str, str]], object]
    executions: dict[str, Execution] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """The state machines that somebody has deleted."""
    unknown_for: float = 0
    lag: float = 0
    tasks: dict[str, Any] = field(default_factory=dict)
    """What waits for a token, or has: ``tokens``."""

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> Json:  # noqa: A002 - the API's
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        if arn in self.executions:
            found = self.executions[arn]
            if found.status == "RUNNING" and json.loads(found.given) == json.loads(input):
                return {"executionArn": arn}
            raise ServiceError("ExecutionAlreadyExists")
        made = self.executions[arn] = Execution(arn, name, stateMachineArn, input, self.simulation.now)
        self.begin(made)
        return {"executionArn": arn}

    def describe_execution(self, *, executionArn: str) -> Json:
        execution, now = self.executions.get(executionArn), self.simulation.now
        if execution is None or now - execution.began < timedelta(seconds=self.unknown_for):
            raise ServiceError("ExecutionDoesNotExist")
        if execution.ended and now - execution.ended < timedelta(seconds=self.lag):
            return Execution(
                execution.arn, execution.name, execution.machine_arn, execution.given, execution.began
            ).described()
        return execution.described()

    def list_executions(self, *, stateMachineArn: str, statusFilter: str, **_: Json) -> Json:
        found = [one for one in self.executions.values() if one.machine_arn == stateMachineArn]
        return {"executions": [{"executionArn": one.arn} for one in found if one.status == statusFilter]}

    def describe_state_machine(self, *, stateMachineArn: str) -> Json:
        if stateMachineArn in self.gone:
            raise ServiceError("StateMachineDoesNotExist")
        return {"status": "ACTIVE", "type": "STANDARD"}

    def send_task_heartbeat(self, *, taskToken: str) -> Json:
        self._waiting(taskToken).beat()
        return {}

    def send_task_success(self, *, taskToken: str, output: str) -> Json:
        self._waiting(taskToken).end(output)
        return {}

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> Json:
        self._waiting(taskToken).end(error, cause)
        return {}

    def _waiting(self, token: str) -> Any:
        if token not in self.tasks:
            raise ServiceError("InvalidToken")
        return self.tasks[token]

    def stop_execution(self, *, executionArn: str, **given: str) -> Json:
        execution = self.executions.get(executionArn)
        if execution is None:
            raise ServiceError("ExecutionDoesNotExist")
        if execution.status == "RUNNING":
            self.end(execution, given)
        return {}


@dataclass
class Channel:
    """Amazon SNS or EventBridge: what was sent, with the second when it was."""

    simulation: Simulation
    sent: list[tuple[float, str, Json]] = field(default_factory=list)
    """Each with its NotificationId."""
    refused: list[str] = field(default_factory=list)
    """What was too large."""

    def publish(self, *, MessageAttributes: Json, **request: Json) -> Json:
        self._fits(request["Message"] + json.dumps(MessageAttributes))
        attributes = {name: one["StringValue"] for name, one in MessageAttributes.items()}
        self._keep(attributes["NotificationId"], {**request, "MessageAttributes": attributes})
        return {}

    def list_rules(self, **_: Json) -> Json:
        return {"Rules": []}

    def put_events(self, *, Entries: Json) -> Json:
        self._fits(json.dumps(Entries[0], ensure_ascii=False))
        detail = json.loads(Entries[0]["Detail"])
        self._keep(detail["NotificationId"], detail)
        return {"FailedEntryCount": 0, "Entries": [{}]}

    def _fits(self, text: str) -> None:
        size = len(text.encode())  # an error where it has half a surrogate pair, as the SDK's is
        if size > MESSAGE:
            self.refused.append(f"a message of {size} bytes")
            raise ServiceError("ValidationException")

    def _keep(self, notification_id: str, content: Json) -> None:
        self.sent.append((self.simulation.seconds, notification_id, content))
