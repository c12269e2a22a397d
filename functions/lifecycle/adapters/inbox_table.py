"""The records of inboxes, in the model table: the adapter of ``lifecycle.inbox.ports.InboxRecords``."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from lifecycle.adapters.aws import errors_of
from lifecycle.adapters.model_table import KEYS, whole
from lifecycle.errors import ServiceUnavailable
from lifecycle.inbox.record import InboxRecord
from lifecycle.shared.wire import from_wire, to_wire

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

INBOX = "INBOX"
_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize


def record_id(inbox: str) -> str:
    """Of an inbox's item."""
    return f"inbox#{inbox}"


class InboxTable:
    """``InboxRecords`` on boto3."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def get(self, inbox: str) -> InboxRecord:
        """The record as it is now; an empty one where there is none.

        Raises
        ------
        ServiceUnavailable
            Somebody has made nonsense of it, too.
        """
        with errors_of("GetItem"):
            found = self._client.get_item(
                TableName=self._table_name, Key={"Id": {"S": record_id(inbox)}}, ConsistentRead=True
            )
        return _record(inbox, found["Item"]) if "Item" in found else InboxRecord(name=inbox)

    def put(self, record: InboxRecord) -> bool:
        """Write a record in place of the revision that it was read with; False where that is not the present one."""
        written = to_wire(replace(record, revision=record.revision + 1))
        attributes = {name: _serialise(value) for name, value in written.items()}
        with errors_of("PutItem"):
            try:
                self._client.put_item(
                    TableName=self._table_name,
                    Item={"Id": {"S": record_id(record.name)}, "Kind": {"S": INBOX}, **attributes},
                    ConditionExpression="attribute_not_exists(Id) OR Revision = :read",
                    ExpressionAttributeValues={":read": {"N": str(record.revision)}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True


def _record(inbox: str, attributes: dict[str, Any]) -> InboxRecord:
    own = {name: _deserialise(value) for name, value in attributes.items() if name not in KEYS}
    try:
        record = from_wire(InboxRecord, whole(own), exact=True)
    except (TypeError, ValueError) as error:
        raise ServiceUnavailable(
            f"The record of the inbox {inbox} can't be read: {error}",
            remedy=f"Mend the item {record_id(inbox)} of the model table, or delete it: the inbox then begins anew.",
        ) from error
    return record if record.name == inbox else replace(record, name=inbox)
