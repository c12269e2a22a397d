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

    def sessions(self, month: str, now: datetime) -> Sequence[Session]:
        """Those that ended in a month, as ``2026-11``, or later: all that may have a part in it."""
        return [session for one in months_since(month, now) for session in self._ended_in(one)]

    def _ended_in(self, month: str) -> Sequence[Session]:
        with errors_of("Query"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table_name,
                KeyConditionExpression="#month = :month",
                ExpressionAttributeNames={"#month": "Month"},
                ExpressionAttributeValues={":month": {"S": month}},
            )
            return [_session(item) for page in pages for item in page["Items"]]


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
    return from_wire(
        Session,
        {
            **item,
            "MinInferenceUnits": int(item["MinInferenceUnits"]),
            "InferenceUnitHourUsd": float(item["InferenceUnitHourUsd"]),
            "Shares": shares,
        },
    )
