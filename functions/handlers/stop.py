"""Stop the model: the one function that may call StopProjectVersion."""

from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import StopProgress
from lifecycle.shared.wire import from_wire
from lifecycle.stop_model import steps as stop_steps
from lifecycle.stop_model.request import StopRequest

MODELS = bootstrap.models()
ITEMS = bootstrap.items()


@entry
def handler(event: Event, _context: Context) -> Step:
    """``{"Request": $request, "Progress": $progress, "Retries": <so far>}`` -> ``$next``."""
    return stop_steps.request_stop(
        from_wire(StopRequest, event["Request"]),
        from_wire(StopProgress, event["Progress"]),
        retries=event["Retries"],
        now=datetime.now(UTC),
        models=MODELS,
        items=ITEMS,
    )
