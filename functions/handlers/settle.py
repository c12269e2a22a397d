"""Settle: what an execution leaves that has ended, told by an event of Step Functions."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry
from handlers.keeping import settler
from lifecycle.wire import Json


@entry
def handler(event: dict[str, Json], context: LambdaContext) -> dict[str, Json]:
    """An event "Step Functions Execution Status Change" -> ``{"Settled"}``."""
    return {"Settled": settler(context).settle(event["detail"]["executionArn"])}
