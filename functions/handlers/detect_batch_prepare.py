"""Prepare the batch: validate its input, see that the model runs and that there are images."""

import os
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry
from lifecycle import configuration
from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.objects import S3
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.detect_batch import steps as batch
from lifecycle.detect_batch.request import Batch
from lifecycle.executions.requests import Execution
from lifecycle.shared.wire import Json, from_wire

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
OBJECTS = S3(boto3.client("s3", config=CLIENT_CONFIG))


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Batch:
    """``{"Execution": <of the context object>}`` -> ``$batch``."""
    return batch.prepare(
        event["Execution"].get("Input"),
        execution=from_wire(Execution, event["Execution"]),
        configuration=CONFIGURATION,
        models=MODELS,
        objects=OBJECTS,
    )
