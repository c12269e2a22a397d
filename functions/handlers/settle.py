"""Settle: what an ended execution leaves behind; an event of Step Functions says that it has ended."""

from handlers._runtime.entry import Context, Event, entry
from handlers._runtime.reconciliation import MACHINES, settler
from lifecycle.errors import InvalidRequest
from lifecycle.shared.text import escaped
from lifecycle.shared.wire import Json


@entry
def handler(event: Event, context: Context) -> dict[str, Json]:
    """An event "Step Functions Execution Status Change" -> ``{"Settled"}``."""
    try:
        execution_arn = event["detail"]["executionArn"]
        MACHINES.of(execution_arn)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidRequest(f"detail.executionArn: of no execution of this app: {escaped(str(error))}") from error
    return {"Settled": settler(context).settle_ended(execution_arn)}
