"""Prepare the request: remember the execution, validate its input, choose its version, hold its token."""

from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from lifecycle.executions.requests import Execution, Request
from lifecycle.executions.state_machines import Machine
from lifecycle.shared.wire import from_wire
from lifecycle.workflows import WORKFLOWS

CONFIGURATION = bootstrap.configuration()
MODELS = bootstrap.models(pace=bootstrap.rate_limit().hurry)
EXECUTIONS = bootstrap.executions()
TOKENS = bootstrap.tokens()
OPEN_EXECUTIONS = bootstrap.open_executions()
ITEMS = bootstrap.items()
OBJECTS = bootstrap.objects()


@entry
def handler(event: Event, _context: Context) -> Request:
    """``{"Machine", "Execution": <of the context object>}`` -> ``$request``."""
    execution = from_wire(Execution, event["Execution"])
    OPEN_EXECUTIONS.open(execution.id)
    return WORKFLOWS[Machine(event["Machine"])].prepare(
        event["Execution"].get("Input"),
        execution=execution,
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        tokens=TOKENS,
        executions=EXECUTIONS,
        open_executions=OPEN_EXECUTIONS,
        objects=OBJECTS,
    )
