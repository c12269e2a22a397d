"""Stop the model: the one function that may call StopProjectVersion."""

import os
from datetime import UTC, datetime

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry
from lifecycle import stopping
from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.model_table import ModelTable
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.decisions import StopProgress
from lifecycle.steps import Step
from lifecycle.stop_request import StopRequest
from lifecycle.wire import Json, from_wire

MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
ITEMS = ModelTable(boto3.client("dynamodb", config=CLIENT_CONFIG), os.environ["MODEL_TABLE_NAME"])


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Step:
    """``{"Request": $request, "Progress": $progress, "Retries": <so far>}`` -> ``$next``."""
    return stopping.request_stop(
        from_wire(StopRequest, event["Request"]),
        from_wire(StopProgress, event["Progress"]),
        retries=event["Retries"],
        now=datetime.now(UTC),
        models=MODELS,
        items=ITEMS,
    )
