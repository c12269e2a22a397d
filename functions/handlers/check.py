"""Check the model: look at its status, keep its leases, and decide what to do next."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry
from lifecycle import configuration, running, starting, stopping
from lifecycle.aws import CLIENT_CONFIG
from lifecycle.decisions import Progress, StopProgress
from lifecycle.executions import StepFunctions
from lifecycle.machines import Machine
from lifecycle.model_table import ModelTable
from lifecycle.rekognition import Rekognition
from lifecycle.run_request import RunRequest
from lifecycle.start_request import StartRequest
from lifecycle.steps import Step
from lifecycle.stop_request import StopRequest
from lifecycle.wire import Json, from_wire

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=CLIENT_CONFIG))
ITEMS = ModelTable(
    boto3.client("dynamodb", config=CLIENT_CONFIG),
    os.environ["MODEL_TABLE_NAME"],
    (os.environ["LEDGER_TABLE_NAME"], CONFIGURATION.bill_retention),
)


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Step:
    """``{"Machine", "Request": $request, "Progress": $progress}`` -> ``$next``."""
    now = datetime.now(UTC)
    if Machine(event["Machine"]) is Machine.RUN_WITH_MODEL:
        request = from_wire(RunRequest, event["Request"])
        return running.follow(request, from_wire(Progress, event["Progress"]), now=now, executions=EXECUTIONS)
    if Machine(event["Machine"]) is Machine.START_MODEL:
        return starting.check(
            from_wire(StartRequest, event["Request"]),
            from_wire(Progress, event["Progress"]),
            now=now,
            configuration=CONFIGURATION,
            models=MODELS,
            items=ITEMS,
            executions=EXECUTIONS,
        )
    return stopping.check(
        from_wire(StopRequest, event["Request"]),
        from_wire(StopProgress, event["Progress"]),
        now=now,
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
    )
