"""Check the model: look at its status, keep its leases, and decide what to do next."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from lifecycle.executions.state_machines import Machine
from lifecycle.executions.steps import Step, queued
from lifecycle.model.decisions import Progress, StopProgress
from lifecycle.run_with_model import steps as run_steps
from lifecycle.run_with_model.request import RunRequest
from lifecycle.shared.wire import from_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.request import StartRequest
from lifecycle.stop_model import steps as stop_steps
from lifecycle.stop_model.request import StopRequest

CONFIGURATION = bootstrap.configuration()
MODELS = bootstrap.models()
EXECUTIONS = bootstrap.executions()
ITEMS = bootstrap.items_and_ledger()
LIMIT = bootstrap.rate_limit()
CHECKS: dict[Machine, tuple[type[StartRequest | StopRequest], type[Progress], Callable[..., Step]]] = {
    Machine.START_MODEL: (StartRequest, Progress, start_steps.check),
    Machine.STOP_MODEL: (StopRequest, StopProgress, stop_steps.check),
}


@entry
def handler(event: Event, _context: Context) -> Step:
    """``{"Machine", "Request": $request, "Progress": $progress}`` -> ``$next``."""
    machine = Machine(event["Machine"])
    if machine is Machine.RUN_WITH_MODEL:
        run, followed = from_wire(RunRequest, event["Request"]), from_wire(Progress, event["Progress"])
        return run_steps.follow(run, followed, now=datetime.now(UTC), executions=EXECUTIONS)
    of_request, of_progress, check = CHECKS[machine]
    request, progress = from_wire(of_request, event["Request"]), from_wire(of_progress, event["Progress"])
    # It waits for its turn to look before the item is read; a duplicate looks at another execution.
    slot = None if request.duplicate_of else LIMIT.queue("DescribeProjectVersions", progress.slot)
    if slot:
        return queued(progress, slot, datetime.now(UTC))
    return check(
        request,
        replace(progress, slot=None),
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
    )
