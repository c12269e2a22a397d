"""Prepare the request: validate the input, hold its token, find the project."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry
from lifecycle import configuration, starting
from lifecycle.aws import CLIENT_CONFIG
from lifecycle.executions import StepFunctions
from lifecycle.rekognition import Rekognition
from lifecycle.requests import Execution, StartRequest
from lifecycle.token_table import TokenTable
from lifecycle.wire import Json, from_wire

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=CLIENT_CONFIG))
TOKENS = TokenTable(boto3.client("dynamodb", config=CLIENT_CONFIG), os.environ["IDEMPOTENCY_TABLE_NAME"])


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> StartRequest:
    """``{"Execution": <of the context object>}`` -> ``$request``."""
    return starting.prepare(
        event["Execution"].get("Input"),
        execution=from_wire(Execution, event["Execution"]),
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        tokens=TOKENS,
        executions=EXECUTIONS,
    )
