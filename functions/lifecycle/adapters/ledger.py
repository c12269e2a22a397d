"""The record of what models have cost, in DynamoDB: adapter of ``ports.Ledger``.

A table of its own, because it grows: key ``Month`` in which a session ended, and ``Id``. Written in the transaction
that ends the session in the model's item, so that none is lost or counted twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from lifecycle.adapters.aws import errors_of
from lifecycle.model.bill import Session, month_of, months_since
from lifecycle.ports import Unreadable, raised
from lifecycle.shared.wire import from_wire, timestamp, to_wire

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize


class LedgerTable:
    """``ports.Ledger`` on boto3."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def sessions(self, month: str, now: datetime, unreadable: Unreadable = raised) -> Sequence[Session]:
        """Those that ended in a month, as ``2026-11``, or later, and can be read: all that may have a part in it."""
        found = []
        for item in (item for one in months_since(month, now) for item in self._ended_in(one)):
            try:
                found.append(_session(item))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not keep the others from being read
                unreadable(item["Id"]["S"], error)
        return found

    def _ended_in(self, month: str) -> Sequence[Mapping[str, Any]]:
        with errors_of("Query"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table_name,
                KeyConditionExpression="#month = :month",
                ExpressionAttributeNames={"#month": "Month"},
                ExpressionAttributeValues={":month": {"S": month}},
                ConsistentRead=True,  # a budget counts what ended a moment ago
            )
            return [item for page in pages for item in page["Items"]]


def record_of(session: Session, table_name: str, kept_for: timedelta) -> "TransactWriteItemTypeDef":
    """The part of a transaction that records a session."""
    attributes = {
        **to_wire(session),
        "InferenceUnitHourUsd": Decimal(str(session.inference_unit_hour_usd)),
        "Month": month_of(session.until),
        "Id": f"{timestamp(session.until)}#{session.project_version_arn}",
        "Seconds": round(session.seconds),
        "EstimatedCost": Decimal(str(session.cost)),  # for people who read the table
        "ExpiresAt": int((session.until + kept_for).timestamp()),
    }
    return {
        "Put": {
            "TableName": table_name,
            "Item": {name: _serialise(value) for name, value in attributes.items()},
        }
    }


def _session(attributes: Mapping[str, Any]) -> Session:
    item = {name: _deserialise(value) for name, value in attributes.items()}
    shares = [{**share, "Milliseconds": int(share["Milliseconds"])} for share in item["Shares"]]
    units: Mapping[str, Any] = {
        name: int(item[name]) for name in ("MinInferenceUnits", "MaxInferenceUnits") if name in item
    }
    return from_wire(
        Session,
        {
            **item,
            **units,
            "InferenceUnitHourUsd": float(item["InferenceUnitHourUsd"]),
            "Shares": shares,
        },
        exact=True,
    )
