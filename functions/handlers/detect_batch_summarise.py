"""Summarise the results of a batch: count them, write the summary, and say how it ended."""

from datetime import UTC, datetime
from functools import partial

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry, log_error
from lifecycle.detect_batch import steps as batch
from lifecycle.detect_batch.request import Batch
from lifecycle.detect_batch.summary import BatchSummary
from lifecycle.images.busy import end, record
from lifecycle.shared.wire import from_wire

CONFIGURATION = bootstrap.configuration()
# It reads for minutes: a call that fails is better tried again here than everything from the start.
OBJECTS = bootstrap.objects(bootstrap.PATIENT)
BUSY = bootstrap.busy_minutes(bootstrap.PATIENT)


@entry
def handler(event: Event, _context: Context) -> BatchSummary:
    """``{"Execution", "Batch": $batch, "Written": <the Map's output>, "Failure": <its error>}`` -> the summary."""
    return batch.summarise(
        from_wire(Batch, event["Batch"]),
        written=event["Written"],
        failure=event["Failure"],
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        objects=OBJECTS,
        record_busy=partial(record, BUSY, log_error),
        end_busy=partial(end, BUSY, log_error),
    )
