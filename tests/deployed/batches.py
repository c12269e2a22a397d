"""Batches of images: what the tests of DetectBatch share."""

import json
from typing import TYPE_CHECKING, Any

import fastjsonschema

from tests.contract import SCHEMAS
from tests.deployed.executions import Execution

if TYPE_CHECKING:
    from emulator.server import Emulator

BUCKET, RESULTS, FOLDER = "factory-images", "factory-results", "line-1/"
is_output = fastjsonschema.compile(json.loads((SCHEMAS / "detect_batch.output.schema.json").read_text("utf-8")))


def read(emulator: "Emulator", key: str) -> str:
    """A file of the results."""
    text: str = emulator.client("s3").get_object(Bucket=RESULTS, Key=key)["Body"].read().decode()
    return text


def lines_of(emulator: "Emulator", execution: Execution) -> dict[str, Any]:
    """The results by the image's name."""
    manifest = json.loads(read(emulator, execution.output["Results"]["Manifest"]))
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    records = [json.loads(line) for line in read(emulator, file["Key"]).splitlines()]
    return {record["Image"]["Key"].rpartition("/")[2]: record for record in records}
