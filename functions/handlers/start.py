"""Start the model: the one function that may call StartProjectVersion."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry
from lifecycle import configuration, starting
from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.model_table import ModelTable
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.decisions import Progress
from lifecycle.start_request import StartRequest
from lifecycle.steps import Step
from lifecycle.wire import Json, from_wire

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
ITEMS = ModelTable(boto3.client("dynamodb", config=CLIENT_CONFIG), os.environ["MODEL_TABLE_NAME"])


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Step:
    """``{"Request": $request, "Progress": $progress, "Retries": <so far>}`` -> ``$next``."""
    return starting.request_start(
        from_wire(StartRequest, event["Request"]),
        from_wire(Progress, event["Progress"]),
        retries=event["Retries"],
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
    )
