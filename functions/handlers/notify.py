"""Notify: tell people and pipelines how an execution ended, once."""

import os
from dataclasses import replace
from pathlib import Path

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.delivery import telemetry, tell
from handlers._runtime.entry import entry
from handlers._runtime.metrics import measured
from lifecycle import configuration
from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.outcomes import Failure
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import Machine, Machines
from lifecycle.model.decisions import Progress, StopProgress
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.links import sampled_trace
from lifecycle.notifications.notification import Notification
from lifecycle.observability import measurements
from lifecycle.run_with_model.request import RunRequest
from lifecycle.shared.wire import Json, from_wire
from lifecycle.start_model.request import StartRequest
from lifecycle.start_model.result import StartResult
from lifecycle.stop_model.request import StopRequest
from lifecycle.stop_model.result import StopResult

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
MACHINES = Machines(os.environ["START_MODEL_ARN"], os.environ["STOP_MODEL_ARN"], os.environ["RUN_WITH_MODEL_ARN"])


@entry
def handler(event: dict[str, Json], context: LambdaContext) -> dict[str, Json]:
    """``{"Machine", "Execution", "DryRun", "Request", "Progress", "Result"? | "Failure"?}`` -> the id."""
    ending = _ending(event)
    if not (ending.result or ending.failure):
        # Rather than to tell people of a failure that there was not: Settle looks at how it really ended.
        raise ServiceUnavailable("There is neither a result nor a failure to tell of.")
    if ending.tells_nobody:
        return {}
    # The state machine's own trace: Lambda's runtime puts the header of each call into the environment.
    seen = telemetry(sampled_trace(os.environ.get("_X_AMZN_TRACE_ID")))

    def decide() -> Notification:
        decided = ending_notification(ending, CONFIGURATION, MACHINES, seen)
        return measured(decided, measurements.of_ending(ending, CONFIGURATION))

    told = tell(ending.execution.id, decide, context)
    return {"NotificationId": told}


def _ending(event: dict[str, Json]) -> Ending:
    machine = Machine(event["Machine"])
    starts = machine is Machine.START_MODEL
    request, progress, result = event.get("Request"), event.get("Progress") or {}, event.get("Result")
    ending = Ending(
        machine,
        from_wire(Execution, event["Execution"]),
        dry_run=event.get("DryRun") is True,
        progress=from_wire(StopProgress if machine is Machine.STOP_MODEL else Progress, progress),
        failure=from_wire(Failure, event["Failure"]) if event.get("Failure") else None,
    )
    if machine is Machine.RUN_WITH_MODEL:
        return replace(ending, request=from_wire(RunRequest, request) if request else None)
    if starts:
        return replace(
            ending,
            request=from_wire(StartRequest, request) if request else None,
            result=from_wire(StartResult, result) if result else None,
        )
    return replace(
        ending,
        request=from_wire(StopRequest, request) if request else None,
        result=from_wire(StopResult, result) if result else None,
    )
