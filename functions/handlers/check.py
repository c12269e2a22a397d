"""Check the model: look at its status and decide what to do next."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry
from lifecycle import configuration, starting
from lifecycle.aws import CLIENT_CONFIG
from lifecycle.decisions import Progress
from lifecycle.executions import StepFunctions
from lifecycle.rekognition import Rekognition
from lifecycle.requests import StartRequest
from lifecycle.wire import Json, from_wire

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=CLIENT_CONFIG))


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> starting.Step:
    """``{"Request": $request, "Progress": $progress}`` -> ``$next``."""
    return starting.check(
        from_wire(StartRequest, event["Request"]),
        from_wire(Progress, event["Progress"]),
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        executions=EXECUTIONS,
    )
