"""Start the model: the one function that may call StartProjectVersion."""

from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import Progress
from lifecycle.shared.wire import from_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.request import StartRequest

CONFIGURATION = bootstrap.configuration()
MODELS = bootstrap.models()
ITEMS = bootstrap.items()


@entry
def handler(event: Event, _context: Context) -> Step:
    """``{"Request": $request, "Progress": $progress, "Retries": <so far>}`` -> ``$next``."""
    return start_steps.request_start(
        from_wire(StartRequest, event["Request"]),
        from_wire(Progress, event["Progress"]),
        retries=event["Retries"],
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
    )
