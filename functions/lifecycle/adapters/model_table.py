"""The items of models, and the executions under way, in DynamoDB: adapters of ``ports`` that only compare and set.

One table: key ``Id``, the ARN of a model version or of an execution, and ``Kind`` to tell them apart; one item that
says when the sweep came by, one with what it saw, and what inboxes remember (``inbox_table``, ``inbox_counts``). It is
read and written as JSON would be, so that people can read it too.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from lifecycle.adapters.aws import errors_of
from lifecycle.adapters.ledger import record_of
from lifecycle.model import sweep_record
from lifecycle.model.bill import Session
from lifecycle.model.leases import ModelItem
from lifecycle.model.sweep_record import SweepRecord
from lifecycle.ports import Unreadable, raised
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.wire import from_wire, parse_timestamp, timestamp, to_wire

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import DeleteItemInputTypeDef, PutTypeDef

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize
MODEL = "MODEL"
EXECUTION = "EXECUTION"
SWEEP = "SWEEP"
SWEPT = "SWEPT"
"""What the sweep saw: an item of its own, so that whatever is wrong with it, the sweep is marked."""
KEYS = frozenset({"Id", "Kind"})
"""Attributes of the table itself; all others are what is kept."""


class ModelTable:
    """``ports.ModelItems`` on boto3.

    Parameters
    ----------
    ledger : tuple, optional
        The name of the table where sessions are recorded, and for how long; for who may end any.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str, ledger: tuple[str, timedelta] | None = None) -> None:
        self._client = client
        self._table_name = table_name
        self._ledger = ledger

    def get(self, project_version_arn: str) -> ModelItem:
        """The item as it is now; an empty one where there is none."""
        with errors_of("GetItem", arn=project_version_arn):
            found = self._client.get_item(
                TableName=self._table_name, Key={"Id": {"S": project_version_arn}}, ConsistentRead=True
            )
        return _model_item(found["Item"]) if "Item" in found else ModelItem(project_version_arn)

    def put(self, item: ModelItem, ended: Session | None = None) -> bool:
        """Write an item in place of the revision that it was read with; False where that is not the present one.

        A session that it ends is recorded by the same write, or not at all.
        """
        written = to_wire(replace(item, revision=item.revision + 1))
        attributes = {name: _serialise(value) for name, value in written.items()}
        put: PutTypeDef = {
            "TableName": self._table_name,
            "Item": {"Id": {"S": item.project_version_arn}, "Kind": {"S": MODEL}, **attributes},
            "ConditionExpression": "attribute_not_exists(Id) OR Revision = :read",
            "ExpressionAttributeValues": {":read": {"N": str(item.revision)}},
        }
        if ended is not None and self._ledger is not None:
            return self._put_and_record(put, ended, *self._ledger)
        with errors_of("PutItem", arn=item.project_version_arn):
            try:
                self._client.put_item(**put)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _put_and_record(self, put: "PutTypeDef", ended: Session, table_name: str, kept_for: timedelta) -> bool:
        with errors_of("TransactWriteItems", arn=ended.project_version_arn):
            try:
                self._client.transact_write_items(TransactItems=[{"Put": put}, record_of(ended, table_name, kept_for)])
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code") for reason in error.response["CancellationReasons"]}
                if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
                    return False
                raise
        return True

    def all(self, unreadable: Unreadable = raised) -> Sequence[ModelItem]:
        """Every item that can be read, each as it is now."""
        found = []
        for attributes in _scan(self._client, self._table_name, MODEL):
            try:
                found.append(_model_item(attributes))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not keep the others from being read
                unreadable(attributes["Id"]["S"], error)
        return found


class ExecutionTable:
    """``ports.OpenExecutions`` on boto3, in the same table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def open(self, execution_arn: str) -> None:
        """Remember an execution that has begun."""
        self._remember(execution_arn, "OpenedAt", timestamp(datetime.now(UTC)))

    def choose(self, execution_arn: str, project_version_arn: str) -> str:
        """Remember which version an execution is about; answers the one that was remembered first.

        So a step that is tried again, after a newer version was trained, goes on with the same one.
        """
        return self._remember(execution_arn, "ProjectVersionArn", project_version_arn)

    def chosen(self, execution_arn: str) -> str | None:
        """The version that is remembered for an execution."""
        with errors_of("GetItem"):
            found = self._client.get_item(
                TableName=self._table_name, Key={"Id": {"S": execution_arn}}, ConsistentRead=True
            )
        arn: str | None = found.get("Item", {}).get("ProjectVersionArn", {}).get("S")
        return arn

    def _remember(self, execution_arn: str, name: str, value: str) -> str:
        """Set an attribute of the record, unless it is there already; answers what is there then."""
        with errors_of("UpdateItem"):
            answer = self._client.update_item(
                TableName=self._table_name,
                Key={"Id": {"S": execution_arn}},
                UpdateExpression="SET Kind = :kind, #name = if_not_exists(#name, :value)",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":kind": {"S": EXECUTION}, ":value": {"S": value}},
                ReturnValues="ALL_NEW",
            )
        return answer["Attributes"][name]["S"]

    def close(self, execution_arn: str, opened_before: datetime | None = None) -> None:
        """Forget one of which nothing is left to be done; or only if it is remembered since before a time."""
        delete: DeleteItemInputTypeDef = {"TableName": self._table_name, "Key": {"Id": {"S": execution_arn}}}
        if opened_before:
            delete["ConditionExpression"] = "OpenedAt < :before"
            delete["ExpressionAttributeValues"] = {":before": {"S": timestamp(opened_before)}}
        with errors_of("DeleteItem"), suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.delete_item(**delete)

    def all(self) -> Sequence[str]:
        """The ARNs of all that are remembered."""
        return [item["Id"]["S"] for item in _scan(self._client, self._table_name, EXECUTION)]


class SweepTable:
    """``ports.Sweeps`` on boto3, two items of the same table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def mark(self, now: datetime) -> datetime | None:
        """Remember that the sweep comes by; answers when it did before."""
        with errors_of("UpdateItem"):
            answer = self._client.update_item(
                TableName=self._table_name,
                Key={"Id": {"S": SWEEP}},
                UpdateExpression="SET Kind = :kind, SweptAt = :now",
                ExpressionAttributeValues={":kind": {"S": SWEEP}, ":now": {"S": timestamp(now)}},
                ReturnValues="UPDATED_OLD",
            )
        return _swept_at(answer.get("Attributes", {}))

    def last(self) -> datetime | None:
        """When it came by last."""
        with errors_of("GetItem"):
            found = self._client.get_item(TableName=self._table_name, Key={"Id": {"S": SWEEP}})
        return _swept_at(found.get("Item", {}))

    def remember(self, record: SweepRecord) -> None:
        """Remember what it saw, in place of what it saw before."""
        seen = {"Id": {"S": SWEPT}, "Kind": {"S": SWEEP}, "Seen": {"S": sweep_record.written(record)}}
        with errors_of("PutItem"):
            self._client.put_item(TableName=self._table_name, Item=seen)

    def record(self) -> SweepRecord | None:
        """What it saw last; None where that can't be read: the next sweep writes it anew."""
        try:
            with errors_of("GetItem"):
                found = self._client.get_item(TableName=self._table_name, Key={"Id": {"S": SWEPT}})
            return sweep_record.read(found["Item"]["Seen"]["S"])
        except Exception:  # noqa: BLE001 - whatever is wrong with it, everything can be read without it
            return None


def _swept_at(attributes: Mapping[str, Any]) -> datetime | None:
    """None where it was never written, or can't be read: the next sweep writes it anew."""
    try:
        return parse_timestamp(attributes["SweptAt"]["S"])
    except (KeyError, TypeError, ValueError):
        return None


def _scan(client: "DynamoDBClient", table_name: str, kind: str) -> Iterator[dict[str, Any]]:
    """All items of a kind. A table of some hundred small items: a scan is one page, an index would cost more."""
    with errors_of("Scan"):
        for page in client.get_paginator("scan").paginate(
            TableName=table_name,
            FilterExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
            ConsistentRead=True,
        ):
            yield from page["Items"]


def _model_item(attributes: dict[str, Any]) -> ModelItem:
    # Numbers come as Decimal; those of an item are whole. What we don't know may be anything.
    own = {name: _deserialise(value) for name, value in attributes.items() if name not in KEYS}
    if (kind := attributes.get("Kind", {"S": MODEL})) != {"S": MODEL}:
        raise ValueError(f"its Kind is {kind}")
    item = from_wire(ModelItem, whole(own), exact=True)
    if item.project_version_arn != attributes["Id"]["S"]:
        raise ValueError(f"it is of {item.project_version_arn!r}")
    VersionArn.parse(item.project_version_arn)
    return item


def whole(value: Any) -> Any:
    """Whole numbers as such: the table answers every number as a Decimal."""
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [whole(one) for one in value]
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
