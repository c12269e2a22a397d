"""What the deployed tables hold: a model's item with its leases, and the sessions in the ledger."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from lifecycle.adapters.model_table import ModelTable
from lifecycle.adapters.rate_limit import RATE_LIMIT
from lifecycle.model.leases import PastStart

if TYPE_CHECKING:
    from emulator.server import Emulator


def item_of(emulator: "Emulator", arn: str) -> dict[str, Any]:
    """What the table says of a model; empty where it says nothing."""
    table = emulator.outputs["ModelTableName"]
    found = emulator.client("dynamodb").get_item(TableName=table, Key={"Id": {"S": arn}})
    return TypeDeserializer().deserialize({"M": found.get("Item", {})})  # type: ignore[no-any-return]  # boto3's deserialiser is untyped


def let_starts_be_known(emulator: "Emulator", arn: str, seconds: int = 1) -> None:
    """Let a model's past starts have taken so long, so that the next one is looked at soon, whoever starts it."""
    models = ModelTable(emulator.client("dynamodb"), emulator.outputs["ModelTableName"])
    past = PastStart(datetime.now(UTC), longer_than=seconds, at_most=seconds + 1)
    assert models.put(replace(models.get(arn), starts=(past,) * 5))


def forget_turns(emulator: "Emulator") -> None:
    """Let nobody wait for a turn that was taken while the clock was ahead."""
    table, dynamodb = emulator.outputs["ModelTableName"], emulator.client("dynamodb")
    for item in dynamodb.scan(TableName=table)["Items"]:
        if item.get("Kind") == {"S": RATE_LIMIT}:
            dynamodb.delete_item(TableName=table, Key={"Id": item["Id"]})


def sessions_of(emulator: "Emulator", arn: str) -> list[dict[str, Any]]:
    """What was recorded of a model's having run."""
    tables = emulator.client("dynamodb").list_tables()["TableNames"]
    (ledger,) = (name for name in tables if "Ledger" in name)
    items = emulator.client("dynamodb").scan(TableName=ledger)["Items"]
    found = [TypeDeserializer().deserialize({"M": item}) for item in items]
    return [session for session in found if session.get("ProjectVersionArn") == arn]
