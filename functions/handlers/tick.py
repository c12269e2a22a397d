"""Tick: what EventBridge Scheduler calls at the times of a schedule. It starts an execution, or says why not."""

from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry, logger
from handlers._runtime.metrics import emit
from lifecycle.observability.measurements import of_outcome
from lifecycle.schedules import ticks
from lifecycle.schedules.ticks import Decided, Tick

CONFIGURATION = bootstrap.configuration()
EXECUTIONS = bootstrap.executions(bootstrap.PATIENT)
MACHINES = bootstrap.machines_of_a_model()


@entry
def handler(event: Event, _context: Context) -> Decided:
    """``{"Schedule", "Action", "ScheduledTime", "HoursAhead"?}`` -> what was done, and why."""
    logger.append_keys(tick=event)
    tick = Tick.read(event, CONFIGURATION)
    decided = ticks.run(tick, datetime.now(UTC), CONFIGURATION, EXECUTIONS, MACHINES)
    # One metric for each outcome, whatever the number of schedules: which one it was is in the log.
    emit([of_outcome(decided.outcome, "Ticks")])
    return decided
