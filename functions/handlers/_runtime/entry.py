"""What every handler has in common: one structured log with the execution as correlation id, JSON in and out."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext as Context

from handlers._runtime.metrics import emit
from lifecycle.errors import LifecycleError
from lifecycle.observability.measurements import THROTTLED
from lifecycle.shared.wire import Json, to_wire

__all__ = ["Context", "Event", "entry", "log_error", "logger"]

logger = Logger()

Event: TypeAlias = dict[str, Json]
Handler: TypeAlias = Callable[[Event, Context], Json]

CORRELATION = "Execution.Id || detail.executionArn"
"""The execution, of a call by a state machine or by the event of its end (JMESPath)."""


def log_error(error: LifecycleError) -> None:
    """As a warning: whoever called knows it by its class's name, or goes on without what failed."""
    logger.warning(error.message, error=type(error).__name__)


def entry(step: Callable[[Event, Context], Any]) -> Handler:
    """Make a Lambda handler of a step.

    An error is logged and left to the state machine, which knows it by its class's name.
    """

    @logger.inject_lambda_context(correlation_id_path=CORRELATION)
    @wraps(step)
    def handler(event: Event, context: Context) -> Json:
        try:
            answer = step(event, context)
        except LifecycleError as error:
            log_error(error)
            if error.throttled:
                emit([THROTTLED])
            raise
        logger.info(getattr(answer, "reason", "Done."))
        return to_wire(answer)

    return handler
