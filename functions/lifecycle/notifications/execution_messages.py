"""The notification of an execution that ended: which words for which outcome, and the facts around them. Pure."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.state_machines import Machines
from lifecycle.model.bill import month_of
from lifecycle.notifications import (
    aborted,
    links,
    start_failed,
    started,
    stop_failed,
    stopped,
    workload_failed,
    workload_succeeded,
)
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.links import Telemetry
from lifecycle.notifications.notification import Content, Notification, Severity, Text, notification
from lifecycle.shared.wire import Json, to_wire
from lifecycle.start_model.request import StartRequest
from lifecycle.stop_model.result import StopResult

MAX_CAUSE = 100_000
"""Characters of a Cause, as JSON, in an event. Of a Cause of 32,768 characters each may take twelve."""

_TEXTS: Mapping[Outcome, Callable[[Ending, Configuration, Machines], Text]] = {
    Outcome.MODEL_STARTED: started.model_started,
    Outcome.MODEL_ALREADY_RUNNING: started.model_already_running,
    Outcome.START_FAILED: start_failed.start_failed,
    Outcome.START_TIMED_OUT: start_failed.start_timed_out,
    Outcome.MODEL_STOPPED: stopped.model_stopped,
    Outcome.MODEL_ALREADY_STOPPED: stopped.model_already_stopped,
    Outcome.MODEL_KEPT_RUNNING: stopped.model_kept_running,
    Outcome.STOP_FAILED: stop_failed.stop_failed,
    Outcome.STOP_TIMED_OUT: stop_failed.stop_timed_out,
    Outcome.EXECUTION_ABORTED: aborted.execution_aborted,
    Outcome.WORKLOAD_SUCCEEDED: workload_succeeded.workload_succeeded,
    Outcome.WORKLOAD_FAILED: workload_failed.workload_failed,
}


def ending_notification(
    ending: Ending, configuration: Configuration, machines: Machines, telemetry: Telemetry | None = None
) -> Notification:
    """The one notification of an execution that ended; with ``telemetry`` that of a failure links logs and trace."""
    result, request, arn = ending.result, ending.request, ending.project_version_arn
    now = telemetry.now if telemetry else ending.execution.start_time
    content = Content(
        outcome=ending.outcome,
        key=ending.execution.id,
        text=_TEXTS[ending.outcome](ending, configuration, machines),
        project_version_arn=arn,
        execution_arn=ending.execution.id,
        only_event=ending.is_an_inboxs_own(configuration.inboxes),
        warned=bool((result and result.warnings) or ending.workload_warnings),
        severity=Severity.WARNING if ending.over_budget else None,
        people_once=_once_a_month(ending, now) if ending.over_budget else None,
        dashboard=links.dashboard_of(machines.start_model),
        more_links={
            "Workload": links.execution(ending.workload_execution_arn) if ending.workload_execution_arn else None,
            **(_telemetry_links(ending, telemetry) if telemetry and ending.failed else {}),
        },
        details={
            "Error": ending.error,
            "Model version": arn,
            "Inference units": _scale(ending),
            "Execution": ending.execution.name,
            "Lease": ending.lease_of_its_own,
            "Status checks": result.polls if result else None,
        },
        facts={
            "Model": request.model if request else None,
            "Output": {"Workload": {"Warnings": warnings}}
            if (warnings := ending.workload_warnings)
            else to_wire(result),
            "Error": ending.error,
            "Cause": _bounded(ending.cause) or None,
            "Context": request.context if request else None,
        },
    )
    return notification(content, configuration.runbook_url)


def _once_a_month(ending: Ending, now: datetime) -> str:
    """The key of what people get one mail of in a month: a budget refuses each start of the same model."""
    return f"{ending.error}#{ending.project_version_arn}#{month_of(now)}"


def _bounded(cause: Mapping[str, Json]) -> Mapping[str, Json]:
    """A Cause's fields; of a workload's, which are its own, at the most what the notification's record has room for."""
    text = json.dumps(cause)
    return cause if len(text) <= MAX_CAUSE else {"Message": text[:MAX_CAUSE]}


def _telemetry_links(ending: Ending, telemetry: Telemetry) -> dict[str, str | None]:
    execution = ending.execution
    return {
        "Trace": links.trace(execution.id, telemetry),
        "Logs": links.logs(execution.id, execution.start_time, telemetry),  # last: it is long
    }


def _scale(ending: Ending) -> str | None:
    """With how many inference units the model runs, or was to run."""
    of = ending.result or (ending.request if isinstance(ending.request, StartRequest) else None)
    if of is None or of.min_inference_units is None or ending.outcome is Outcome.MODEL_ALREADY_STOPPED:
        return None
    most = None if isinstance(of, StopResult) else of.max_inference_units
    return f"{of.min_inference_units} to {most}" if most else f"{of.min_inference_units}"
