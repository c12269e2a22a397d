"""Notify: report to people and pipelines how an execution ended, once."""

from handlers._runtime import bootstrap
from handlers._runtime.delivery import deliver, telemetry
from handlers._runtime.entry import Context, Event, entry
from handlers._runtime.environment import ENVIRONMENT
from handlers._runtime.metrics import measured
from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.outcomes import Failure
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import Machine
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.links import sampled_trace
from lifecycle.notifications.notification import Notification
from lifecycle.observability import measurements
from lifecycle.run_with_model.result import workload_warnings
from lifecycle.shared.wire import Json, from_wire
from lifecycle.workflows import WORKFLOWS

CONFIGURATION = bootstrap.configuration()
MACHINES = bootstrap.machines()


@entry
def handler(event: Event, context: Context) -> dict[str, Json]:
    """``{"Machine", "Execution", "Silent", "Request", "Progress", "Result"? | "Failure"?}`` -> the id."""
    ending = _ending(event)
    if not (ending.result or ending.failure or ending.succeeded):
        # Don't report a failure that may not have happened: Settle finds out how it really ended.
        raise ServiceUnavailable("There is neither a result nor a failure to report.")
    if ending.is_silent:
        return {}
    # The state machine's own trace: Lambda's runtime puts the header of each call into the environment.
    seen = telemetry(sampled_trace(ENVIRONMENT.trace))

    def decide() -> Notification:
        decided = ending_notification(ending, CONFIGURATION, MACHINES, seen)
        return measured(decided, measurements.of_ending(ending, CONFIGURATION))

    return {"NotificationId": deliver(ending.execution.id, decide, context)}


def _ending(event: Event) -> Ending:
    machine = Machine(event["Machine"])
    workflow, request, result = WORKFLOWS[machine], event.get("Request"), event.get("Result")
    return Ending(
        machine,
        from_wire(Execution, event["Execution"]),
        silent=event.get("Silent") is True,
        progress=from_wire(workflow.progress, event.get("Progress") or {}),
        request=from_wire(workflow.request, request) if request else None,
        result=from_wire(workflow.result, result) if result and workflow.result else None,
        succeeded=bool(result) and workflow.ends_as_a_workload,
        workload_warnings=workload_warnings(result) if workflow.ends_as_a_workload else (),
        failure=from_wire(Failure, event["Failure"]) if event.get("Failure") else None,
    )
