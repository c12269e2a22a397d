"""Summarise the results of a batch: count them, write the summary, and say how it ended."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry
from lifecycle import configuration
from lifecycle.adapters.aws import PATIENT_CONFIG
from lifecycle.adapters.objects import S3
from lifecycle.detect_batch import steps as batch
from lifecycle.detect_batch.request import Batch
from lifecycle.detect_batch.summary import BatchSummary
from lifecycle.shared.wire import Json, from_wire

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
# It reads for minutes: a call that fails is better tried again here than everything from the start.
OBJECTS = S3(boto3.client("s3", config=PATIENT_CONFIG))


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> BatchSummary:
    """``{"Execution", "Batch": $batch, "Written": <the Map's output>, "Failure": <its error>}`` -> the summary."""
    return batch.summarise(
        from_wire(Batch, event["Batch"]),
        written=event["Written"],
        failure=event["Failure"],
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        objects=OBJECTS,
    )
