"""Start the model: the one function that may call StartProjectVersion."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry
from lifecycle import configuration
from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.model_table import ModelTable
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import Progress
from lifecycle.shared.wire import Json, from_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.request import StartRequest

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
ITEMS = ModelTable(boto3.client("dynamodb", config=CLIENT_CONFIG), os.environ["MODEL_TABLE_NAME"])


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Step:
    """``{"Request": $request, "Progress": $progress, "Retries": <so far>}`` -> ``$next``."""
    return start_steps.request_start(
        from_wire(StartRequest, event["Request"]),
        from_wire(Progress, event["Progress"]),
        retries=event["Retries"],
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
    )
