"""Check the model: look at its status, keep its leases, and decide what to do next."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry
from lifecycle import configuration
from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.executions import StepFunctions
from lifecycle.adapters.model_table import ModelTable
from lifecycle.adapters.rate_limit import RateLimit
from lifecycle.adapters.rekognition import Rekognition
from lifecycle.executions.requests import Request
from lifecycle.executions.state_machines import Machine
from lifecycle.executions.steps import Step, queued
from lifecycle.model.decisions import Progress, StopProgress
from lifecycle.run_with_model import steps as run_steps
from lifecycle.run_with_model.request import RunRequest
from lifecycle.shared.wire import Json, from_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.request import StartRequest
from lifecycle.stop_model import steps as stop_steps
from lifecycle.stop_model.request import StopRequest

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MODELS = Rekognition(boto3.client("rekognition", config=CLIENT_CONFIG))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=CLIENT_CONFIG))
DYNAMODB = boto3.client("dynamodb", config=CLIENT_CONFIG)
ITEMS = ModelTable(
    DYNAMODB, os.environ["MODEL_TABLE_NAME"], (os.environ["LEDGER_TABLE_NAME"], CONFIGURATION.bill_retention)
)
LIMIT = RateLimit(DYNAMODB, os.environ["MODEL_TABLE_NAME"], CONFIGURATION.calls_per_second)


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Step:
    """``{"Machine", "Request": $request, "Progress": $progress}`` -> ``$next``."""
    machine = Machine(event["Machine"])
    if machine is Machine.RUN_WITH_MODEL:
        run, progress = from_wire(RunRequest, event["Request"]), from_wire(Progress, event["Progress"])
        return run_steps.follow(run, progress, now=datetime.now(UTC), executions=EXECUTIONS)
    if machine is Machine.START_MODEL:
        start, progress = from_wire(StartRequest, event["Request"]), from_wire(Progress, event["Progress"])
        return _not_yet(start, progress) or start_steps.check(
            start,
            replace(progress, slot=None),
            now=datetime.now(UTC),
            configuration=CONFIGURATION,
            models=MODELS,
            items=ITEMS,
            executions=EXECUTIONS,
        )
    stop, stopped = from_wire(StopRequest, event["Request"]), from_wire(StopProgress, event["Progress"])
    return _not_yet(stop, stopped) or stop_steps.check(
        stop,
        replace(stopped, slot=None),
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
    )


def _not_yet(request: Request, progress: Progress) -> Step | None:
    """Wait for the turn to look, before the item is read; a duplicate looks at another execution."""
    if request.duplicate_of:
        return None
    slot = LIMIT.queue("DescribeProjectVersions", progress.slot)
    return queued(progress, slot, datetime.now(UTC)) if slot else None
