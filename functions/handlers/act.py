"""Act: what the page's buttons call. It starts an execution, or nothing, and says so in HTML."""

from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry, logger
from lifecycle.errors import LifecycleError
from lifecycle.executions.names import start_once
from lifecycle.executions.state_machines import Machine, execution_arn
from lifecycle.notifications import links
from lifecycle.page.acts import asked
from lifecycle.page.html import refused_html, started_html, theme_and_zone
from lifecycle.shared.wire import Json

CONFIGURATION = bootstrap.configuration()
EXECUTIONS = bootstrap.executions(bootstrap.PATIENT)
MACHINES = bootstrap.machines_of_a_model()

ABOUT = "What the buttons of the page of Custom Labels models call. It is no widget of its own.\n"


@entry
def handler(event: Event, _context: Context) -> Json:
    """A click -> HTML that says what was started, with a link; or why nothing was."""
    if isinstance(event, dict) and event.get("describe"):
        return {"markdown": ABOUT}
    theme, _ = theme_and_zone(event if isinstance(event, dict) else {})
    try:
        click = asked(event, datetime.now(UTC), CONFIGURATION, MACHINES[Machine.START_MODEL])
        machine = MACHINES[click.machine]
        new = start_once(EXECUTIONS, machine, click.execution_name, click.payload)
    except LifecycleError as error:
        logger.warning(error.message, error=type(error).__name__)
        return refused_html(error.message, error.cause["Remedy"] or "", theme=theme)
    logger.info("Clicked.", action=click.action, execution=click.execution_name, new=new)
    return started_html(click, links.execution(execution_arn(machine, click.execution_name)), new=new, theme=theme)
