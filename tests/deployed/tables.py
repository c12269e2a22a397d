"""What the deployed tables hold: a model's item with its leases, and the sessions in the ledger."""

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

if TYPE_CHECKING:
    from emulator.server import Emulator


def item_of(emulator: "Emulator", arn: str) -> dict[str, Any]:
    """What the table says of a model; empty where it says nothing."""
    table = emulator.outputs["ModelTableName"]
    found = emulator.client("dynamodb").get_item(TableName=table, Key={"Id": {"S": arn}})
    return TypeDeserializer().deserialize({"M": found.get("Item", {})})  # type: ignore[no-any-return]


def sessions_of(emulator: "Emulator", arn: str) -> list[dict[str, Any]]:
    """What was recorded of a model's having run."""
    tables = emulator.client("dynamodb").list_tables()["TableNames"]
    (ledger,) = (name for name in tables if "Ledger" in name)
    items = emulator.client("dynamodb").scan(TableName=ledger)["Items"]
    found = [TypeDeserializer().deserialize({"M": item}) for item in items]
    return [session for session in found if session["ProjectVersionArn"] == arn]
