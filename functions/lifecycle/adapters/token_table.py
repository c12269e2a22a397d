"""ClientRequestTokens in DynamoDB: the adapter of ``ports.Tokens``.

Powertools Idempotency guards the notifications, but not the tokens: its record can't be handed on, on condition that
the execution that holds it is a certain one. One conditional write can.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lifecycle.adapters.aws import errors_of
from lifecycle.ports import TokenHolder

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class TokenTable:
    """``ports.Tokens`` on the idempotency table: key ``id``, TTL ``expiration`` in epoch seconds."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def hold(self, token: str, holder: TokenHolder, until: datetime, instead_of: str | None = None) -> TokenHolder:
        """Hold a token that is free, or held by ``instead_of``; answers who holds it now.

        An expired record needs no condition of its own: its execution has ended, so the caller replaces it.
        """
        with errors_of("PutItem"):
            try:
                self._client.put_item(
                    TableName=self._table_name,
                    Item={
                        "id": {"S": token},
                        "holder": {"S": holder.execution_arn},
                        "fingerprint": {"S": holder.fingerprint},
                        "expiration": {"N": str(int(until.timestamp()))},
                        **({"since": {"N": str(holder.since.timestamp())}} if holder.since else {}),
                    },
                    ConditionExpression="attribute_not_exists(id) OR holder IN (:me, :instead_of)",
                    ExpressionAttributeValues={
                        ":me": {"S": holder.execution_arn},
                        ":instead_of": {"S": instead_of or holder.execution_arn},
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as taken:
                found = taken.response["Item"]  # type: ignore[typeddict-item] # asked for with ALL_OLD
                return _holder(found)
        return holder

    def holder(self, token: str) -> TokenHolder | None:
        """Who holds a token; None where nobody does."""
        with errors_of("GetItem"):
            found = self._client.get_item(TableName=self._table_name, Key={"id": {"S": token}}, ConsistentRead=True)
        if "Item" not in found:
            return None
        return _holder(found["Item"])


def _holder(item: Mapping[str, Any]) -> TokenHolder:
    since = datetime.fromtimestamp(float(item["since"]["N"]), UTC) if "since" in item else None
    return TokenHolder(item["holder"]["S"], item["fingerprint"]["S"], since)
