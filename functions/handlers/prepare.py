"""Prepare the request: remember the execution, validate its input, choose its version, hold its token."""

from collections.abc import Callable
from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from lifecycle.executions.requests import Execution, Request
from lifecycle.executions.state_machines import Machine
from lifecycle.run_with_model import steps as run_steps
from lifecycle.shared.wire import from_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.stop_model import steps as stop_steps

CONFIGURATION = bootstrap.configuration()
MODELS = bootstrap.models(pace=bootstrap.rate_limit().hurry)
EXECUTIONS = bootstrap.executions()
TOKENS = bootstrap.tokens()
OPEN_EXECUTIONS = bootstrap.open_executions()
ITEMS = bootstrap.items()
STEPS: dict[Machine, Callable[..., Request]] = {
    Machine.START_MODEL: start_steps.prepare,
    Machine.STOP_MODEL: stop_steps.prepare,
}


@entry
def handler(event: Event, _context: Context) -> Request:
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
