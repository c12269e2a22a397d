"""What Settle and Sweep have in common: their adapters, and a settler that notifies people."""

from datetime import UTC, datetime, timedelta

from handlers._runtime import bootstrap
from handlers._runtime.delivery import deliver, telemetry
from handlers._runtime.entry import Context
from handlers._runtime.metrics import measured
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.notification import Notification
from lifecycle.observability import measurements
from lifecycle.reconciliation.settle import Settler

CONFIGURATION = bootstrap.configuration()
MACHINES = bootstrap.machines()
MODELS = bootstrap.models(bootstrap.PATIENT)
EXECUTIONS = bootstrap.executions(bootstrap.PATIENT)
ITEMS = bootstrap.items_and_ledger()
OPEN_EXECUTIONS = bootstrap.open_executions()
TOKENS = bootstrap.tokens()


def settler(context: Context, leave: timedelta = timedelta(0)) -> Settler:
    """Of this invocation; it leaves to their events for a while the executions that have ended."""

    def notify(ending: Ending) -> None:
        seen = telemetry()

        def decide() -> Notification:
            decided = ending_notification(ending, CONFIGURATION, MACHINES, seen)
            return measured(decided, measurements.of_ending(ending, CONFIGURATION))

        deliver(ending.execution.id, decide, context)

    return Settler(
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        machines=MACHINES,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
        open_executions=OPEN_EXECUTIONS,
        tokens=TOKENS,
        notify=notify,
        leave=leave,
    )
