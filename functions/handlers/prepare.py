"""Prepare the request: remember the execution, validate its input, choose its version, hold its token."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry
from lifecycle import configuration
from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.executions import StepFunctions
from lifecycle.adapters.model_table import ExecutionTable, ModelTable
from lifecycle.adapters.rate_limit import RateLimit
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.adapters.token_table import TokenTable
from lifecycle.executions.requests import Execution, Request
from lifecycle.executions.state_machines import Machine
from lifecycle.run_with_model import steps as run_steps
from lifecycle.shared.wire import Json, from_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.stop_model import steps as stop_steps

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
DYNAMODB = boto3.client("dynamodb", config=CLIENT_CONFIG)
LIMIT = RateLimit(DYNAMODB, os.environ["MODEL_TABLE_NAME"], CONFIGURATION.calls_per_second)
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG), LIMIT.hurry)
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=CLIENT_CONFIG))
TOKENS = TokenTable(DYNAMODB, os.environ["IDEMPOTENCY_TABLE_NAME"])
OPEN_EXECUTIONS = ExecutionTable(DYNAMODB, os.environ["MODEL_TABLE_NAME"])
ITEMS = ModelTable(DYNAMODB, os.environ["MODEL_TABLE_NAME"])
STEPS: dict[Machine, Callable[..., Request]] = {
    Machine.START_MODEL: start_steps.prepare,
    Machine.STOP_MODEL: stop_steps.prepare,
}


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Request:
    """``{"Machine", "Execution": <of the context object>}`` -> ``$request``."""
    execution = from_wire(Execution, event["Execution"])
    OPEN_EXECUTIONS.open(execution.id)
    if Machine(event["Machine"]) is Machine.RUN_WITH_MODEL:
        return run_steps.prepare(
            event["Execution"].get("Input"),
            execution=execution,
            now=datetime.now(UTC),
            configuration=CONFIGURATION,
            tokens=TOKENS,
            executions=EXECUTIONS,
        )
    return STEPS[Machine(event["Machine"])](
        event["Execution"].get("Input"),
        execution=execution,
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        tokens=TOKENS,
        executions=EXECUTIONS,
        open_executions=OPEN_EXECUTIONS,
    )
