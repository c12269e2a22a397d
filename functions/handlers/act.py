"""Act: what the page's buttons call, and the command line.

A click starts an execution, or nothing, and says so in HTML. What no button does is answered with data.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry, log_error, logger
from handlers._runtime.environment import ENVIRONMENT
from lifecycle.errors import LifecycleError
from lifecycle.executions.names import start_once
from lifecycle.executions.state_machines import Machine, execution_arn
from lifecycle.inbox.operating import Operator
from lifecycle.notifications import links
from lifecycle.page.acts import asked
from lifecycle.page.html import refused_html, started_html, theme_and_zone
from lifecycle.page.reports import SCHEMA_VERSION
from lifecycle.shared.wire import Json

CONFIGURATION = bootstrap.configuration()
EXECUTIONS = bootstrap.executions(bootstrap.PATIENT)
MACHINES = bootstrap.machines_of_a_model()
FUNCTIONS = bootstrap.functions()
RECORDS = bootstrap.inbox_records(bootstrap.PATIENT)
QUEUES = bootstrap.queues(bootstrap.PATIENT)
OBJECTS = bootstrap.image_objects()
SWEEP_ARN = ENVIRONMENT.sweep_arn

ABOUT = "What the buttons of the page of Custom Labels models call. It is no widget of its own.\n"


def sweep(_event: Event, _context: Context) -> Json:
    """Let the sweep run now."""
    return {"Swept": FUNCTIONS.call(SWEEP_ARN, {})}


def of_an_inbox(do: Callable[[Operator, Event], Json]) -> Callable[[Event, Context], Json]:
    """What an operator does with an inbox."""

    def command(event: Event, context: Context) -> Json:
        def left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        operator = Operator(CONFIGURATION.inboxes, RECORDS, QUEUES, OBJECTS, datetime.now(UTC), left)
        return do(operator, event)

    return command


COMMANDS: Mapping[str, Callable[[Event, Context], Json]] = {
    "sweep": sweep,
    "inbox-backfill": of_an_inbox(Operator.backfill),
    "inbox-redrive": of_an_inbox(Operator.redrive),
    "inbox-pause": of_an_inbox(Operator.pause),
    "inbox-resume": of_an_inbox(Operator.resume),
}
"""What no button does, by the name of its action: answered with data, or an error of the contract."""


@entry
def handler(event: Event, context: Context) -> Json:
    """A click -> HTML that says what was started, with a link; or why nothing was. ``{"Action": "sweep"}`` -> data."""
    event = event if isinstance(event, dict) else {}
    if event.get("describe"):
        return {"markdown": ABOUT}
    action = event.get("Action")
    if isinstance(action, str) and action in COMMANDS:
        return {"SchemaVersion": SCHEMA_VERSION, "Action": action, **COMMANDS[action](event, context)}
    theme, _ = theme_and_zone(event)
    try:
        click = asked(event, datetime.now(UTC), CONFIGURATION, MACHINES[Machine.START_MODEL])
        machine = MACHINES[click.machine]
        new = start_once(EXECUTIONS, machine, click.execution_name, click.payload)
    except LifecycleError as error:
        log_error(error)
        return refused_html(error.message, error.cause["Remedy"] or "", theme=theme)
    logger.info("Clicked.", action=click.action, execution=click.execution_name, new=new)
    return started_html(click, links.execution(execution_arn(machine, click.execution_name)), new=new, theme=theme)
