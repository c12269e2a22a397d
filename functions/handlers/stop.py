"""Stop the model: the one function that may call StopProjectVersion."""

import os
from datetime import UTC, datetime

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry
from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.model_table import ModelTable
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import StopProgress
from lifecycle.shared.wire import Json, from_wire
from lifecycle.stop_model import steps as stop_steps
from lifecycle.stop_model.request import StopRequest

MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
ITEMS = ModelTable(boto3.client("dynamodb", config=CLIENT_CONFIG), os.environ["MODEL_TABLE_NAME"])


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Step:
    """``{"Request": $request, "Progress": $progress, "Retries": <so far>}`` -> ``$next``."""
    return stop_steps.request_stop(
        from_wire(StopRequest, event["Request"]),
        from_wire(StopProgress, event["Progress"]),
        retries=event["Retries"],
        now=datetime.now(UTC),
        models=MODELS,
        items=ITEMS,
    )
