"""Start the model: the one function that may call StartProjectVersion."""

from datetime import UTC, datetime

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry
from lifecycle import starting
from lifecycle.aws import CLIENT_CONFIG
from lifecycle.decisions import Progress
from lifecycle.rekognition import Rekognition
from lifecycle.requests import StartRequest
from lifecycle.wire import Json, from_wire

MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> starting.Step:
    """``{"Request": $request, "Progress": $progress, "Retries": <so far>}`` -> ``$next``."""
    return starting.request_start(
        from_wire(StartRequest, event["Request"]),
        from_wire(Progress, event["Progress"]),
        retries=event["Retries"],
        now=datetime.now(UTC),
        models=MODELS,
    )
