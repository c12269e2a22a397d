"""Act: what the page's buttons call. It starts an execution, or nothing, and says so in HTML."""

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers._runtime.entry import entry, logger
from lifecycle import configuration
from lifecycle.adapters.aws import PATIENT_CONFIG
from lifecycle.adapters.executions import StepFunctions
from lifecycle.errors import LifecycleError
from lifecycle.executions.state_machines import Machine, execution_arn
from lifecycle.notifications import links
from lifecycle.page.acts import asked
from lifecycle.page.html import refused_html, started_html, theme_and_zone
from lifecycle.shared.wire import Json

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
EXECUTIONS = StepFunctions(boto3.client("stepfunctions", config=PATIENT_CONFIG))
MACHINES = {Machine.START_MODEL: os.environ["START_MODEL_ARN"], Machine.STOP_MODEL: os.environ["STOP_MODEL_ARN"]}

ABOUT = "What the buttons of the page of Custom Labels models call. It is no widget of its own.\n"


@entry
def handler(event: dict[str, Json], _context: LambdaContext) -> Json:
    """A click -> HTML that says what was started, with a link; or why nothing was."""
    if isinstance(event, dict) and event.get("describe"):
        return {"markdown": ABOUT}
    theme, _ = theme_and_zone(event if isinstance(event, dict) else {})
    try:
        click = asked(event, datetime.now(UTC), CONFIGURATION, MACHINES[Machine.START_MODEL])
        machine = MACHINES[click.machine]
        new = EXECUTIONS.start(machine, click.execution_name, click.payload)
    except LifecycleError as error:
        logger.warning(error.message, error=type(error).__name__)
        return refused_html(error.message, error.cause["Remedy"] or "", theme=theme)
    logger.info("Clicked.", action=click.action, execution=click.execution_name, new=new)
    return started_html(click, links.execution(execution_arn(machine, click.execution_name)), new=new, theme=theme)
