"""Prepare the batch: validate its input, see that the model runs and that there are images."""

from functools import partial

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry, log_error
from lifecycle.detect_batch import steps as batch
from lifecycle.detect_batch.request import Batch
from lifecycle.executions.requests import Execution
from lifecycle.images.busy import begin
from lifecycle.shared.wire import from_wire

CONFIGURATION = bootstrap.configuration()
MODELS = bootstrap.models()
OBJECTS = bootstrap.objects()
BUSY = bootstrap.busy_minutes()


@entry
def handler(event: Event, _context: Context) -> Batch:
    """``{"Execution": <of the context object>}`` -> ``$batch``."""
    return batch.prepare(
        event["Execution"].get("Input"),
        execution=from_wire(Execution, event["Execution"]),
        configuration=CONFIGURATION,
        models=MODELS,
        objects=OBJECTS,
        begin_busy=partial(begin, BUSY, log_error),
    )
