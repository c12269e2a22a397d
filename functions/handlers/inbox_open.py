"""Open the inbox: what DrainInbox calls with its task's token, once the model is RUNNING; without one it closes it."""

from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from handlers._runtime.environment import ENVIRONMENT
from lifecycle.executions.requests import Execution
from lifecycle.inbox.decision import Decided
from lifecycle.inbox.opening import close_inbox, open_inbox
from lifecycle.shared.wire import from_wire

INBOXES = bootstrap.configuration().inboxes
RECORDS = bootstrap.inbox_records()
MAPPINGS = bootstrap.mappings()
TOKENS = bootstrap.task_tokens()
RUN_WITH_MODEL_ARN = ENVIRONMENT.run_with_model_arn


@entry
def handler(event: Event, _context: Context) -> Decided:
    """``{"Execution": <of the context object>, "Token"?}`` -> what was decided; the task waits for its token."""
    execution, payload = from_wire(Execution, event["Execution"]), event["Execution"].get("Input")
    if "Token" in event:
        return open_inbox(
            payload,
            execution=execution,
            token=event["Token"],
            now=datetime.now(UTC),
            inboxes=INBOXES,
            run_with_model_arn=RUN_WITH_MODEL_ARN,
            records_of=RECORDS,
            mappings=MAPPINGS,
            tokens=TOKENS,
        )
    return close_inbox(
        payload,
        execution=execution,
        inboxes=INBOXES,
        run_with_model_arn=RUN_WITH_MODEL_ARN,
        records_of=RECORDS,
        mappings=MAPPINGS,
    )
