"""Tick: what EventBridge Scheduler calls at the times of a schedule. It starts an execution, or says why not."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry, logger
from handlers._runtime.metrics import emit
from lifecycle import configuration
from lifecycle.adapters.aws import PATIENT_CONFIG
from lifecycle.adapters.executions import StepFunctions
from lifecycle.executions.state_machines import Machine
from lifecycle.observability.measurements import of_outcome
from lifecycle.schedules import ticks
from lifecycle.schedules.ticks import Decided, Tick
from lifecycle.shared.wire import Json

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=PATIENT_CONFIG))
MACHINES = {
    Machine.START_MODEL: os.environ["START_MODEL_ARN"],
    Machine.STOP_MODEL: os.environ["STOP_MODEL_ARN"],
}


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Decided:
    """``{"Schedule", "Action", "ScheduledTime", "HoursAhead"?}`` -> what was done, and why."""
    logger.append_keys(tick=event)
    tick = Tick.read(event, CONFIGURATION)
    decided = ticks.run(tick, datetime.now(UTC), CONFIGURATION, EXECUTIONS, MACHINES)
    # One metric for each outcome, whatever the number of schedules: which one it was is in the log.
    emit([of_outcome(decided.outcome, "Ticks")])
    return decided
