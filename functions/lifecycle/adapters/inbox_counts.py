"""What the workers of inboxes have done, in the model table: the adapter of ``inbox.counts.InboxCounts``.

One item for each inbox and day, to which workers only add, without reading it.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.inbox.counts import InboxCount
from lifecycle.shared.wire import parse_timestamp, timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

KIND = "INBOX_COUNT"
_LONGEST_REASON = 500


class InboxCountTable:
    """``inbox.counts.InboxCounts`` on boto3."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def on(self, inbox: str, day: date) -> InboxCount:
        """The count of one day."""
        with errors_of("GetItem"):
            item = self._client.get_item(TableName=self._table_name, Key=_key(inbox, day), ConsistentRead=True).get(
                "Item", {}
            )
        numbers = {name: int(item[name]["N"]) if name in item else 0 for name in ("Finished", "Failed")}
        times = {name: parse_timestamp(item[name]["S"]) for name in ("LastResultAt", "LastRefusalAt") if name in item}
        return InboxCount(
            finished=numbers["Finished"],
            failed=numbers["Failed"],
            last_result_at=times.get("LastResultAt"),
            last_refusal_at=times.get("LastRefusalAt"),
            last_refusal=item.get("LastRefusal", {}).get("S"),
        )

    def finished(self, inbox: str, now: datetime, *, failed: bool) -> None:
        """Count one image."""
        self._update(
            inbox,
            now,
            "SET Kind = :kind, LastResultAt = :now ADD Finished :one, Failed :failed",
            {":one": {"N": "1"}, ":failed": {"N": str(int(failed))}},
        )

    def passed(self, inbox: str, now: datetime) -> None:
        """Remember that an image left the queue without a result."""
        self._update(inbox, now, "SET Kind = :kind, LastResultAt = :now", {})

    def refused(self, inbox: str, now: datetime, why: str) -> None:
        """Remember why an image could not be processed."""
        self._update(
            inbox,
            now,
            "SET Kind = :kind, LastRefusalAt = :now, LastRefusal = :why",
            {":why": {"S": why[:_LONGEST_REASON]}},
        )

    def _update(self, inbox: str, now: datetime, expression: str, values: "dict[str, AttributeValueTypeDef]") -> None:
        with errors_of("UpdateItem"):
            self._client.update_item(
                TableName=self._table_name,
                Key=_key(inbox, now.astimezone(UTC).date()),
                UpdateExpression=expression,
                ExpressionAttributeValues={":kind": {"S": KIND}, ":now": {"S": timestamp(now)}, **values},
            )


def _key(inbox: str, day: date) -> "dict[str, AttributeValueTypeDef]":
    return {"Id": {"S": f"inbox-count#{inbox}#{day.isoformat()}"}}
