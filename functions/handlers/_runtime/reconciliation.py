"""What Settle and Sweep have in common: their clients, and a settler that tells people."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.delivery import telemetry, tell
from handlers._runtime.metrics import measured
from lifecycle import configuration
from lifecycle.adapters.aws import CLIENT_CONFIG, PATIENT_CONFIG
from lifecycle.adapters.executions import StepFunctions
from lifecycle.adapters.model_table import ExecutionTable, ModelTable, SweepTable
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.adapters.token_table import TokenTable
from lifecycle.executions.state_machines import Machines
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.notification import Notification
from lifecycle.observability import measurements
from lifecycle.reconciliation.settle import Settler

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MACHINES = Machines(os.environ["START_MODEL_ARN"], os.environ["STOP_MODEL_ARN"], os.environ["RUN_WITH_MODEL_ARN"])
DYNAMODB = boto3.client("dynamodb", config=CLIENT_CONFIG)
MODELS = Rekognition(boto3.client("rekognition", config=PATIENT_CONFIG))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=PATIENT_CONFIG))
ITEMS = ModelTable(
    DYNAMODB, os.environ["MODEL_TABLE_NAME"], (os.environ["LEDGER_TABLE_NAME"], CONFIGURATION.bill_retention)
)
SWEEPS = SweepTable(DYNAMODB, os.environ["MODEL_TABLE_NAME"])
OPEN_EXECUTIONS = ExecutionTable(DYNAMODB, os.environ["MODEL_TABLE_NAME"])
TOKENS = TokenTable(DYNAMODB, os.environ["IDEMPOTENCY_TABLE_NAME"])


def settler(context: LambdaContext, leave: timedelta = timedelta(0)) -> Settler:
    """Of this invocation; it leaves to their events for a while the executions that have ended."""

    def tell_ending(ending: Ending) -> None:
        seen = telemetry()

        def decide() -> Notification:
            decided = ending_notification(ending, CONFIGURATION, MACHINES, seen)
            return measured(decided, measurements.of_ending(ending, CONFIGURATION))

        tell(ending.execution.id, decide, context)

    return Settler(
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        machines=MACHINES,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
        open_executions=OPEN_EXECUTIONS,
        tokens=TOKENS,
        tell=tell_ending,
        leave=leave,
    )
