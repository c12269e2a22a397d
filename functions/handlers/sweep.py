"""Sweep: compare the leases with what really runs, every few minutes."""

from datetime import UTC, datetime

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry, logger
from handlers.keeping import CONFIGURATION, EXECUTIONS, ITEMS, MACHINES, MODELS, OPEN_EXECUTIONS, SWEEPS, settler
from handlers.telling import tell
from lifecycle.errors import ServiceUnavailable
from lifecycle.finding_messages import finding_notification
from lifecycle.leases import LONGEST_CALL
from lifecycle.sweep import Sweeper, Swept
from lifecycle.sweeping import Finding
from lifecycle.wire import Json


@entry
def handler(_event: dict[str, Json], context: LambdaContext) -> Swept:
    """Whatever the schedule gives -> what was done. It fails at the end, where anything could not be done."""
    now = datetime.now(UTC)
    SWEEPS.mark(now)

    def tell_finding(finding: Finding) -> None:
        decided = finding_notification(finding, now, CONFIGURATION, MACHINES)
        tell(decided.notification_id, lambda: decided, context)

    swept = Sweeper(
        now=now,
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
        open_executions=OPEN_EXECUTIONS,
        tell=tell_finding,
        settle=settler(context, leave=LONGEST_CALL).settle,
        start_model_arn=MACHINES.start_model,
        stop_model_arn=MACHINES.stop_model,
    ).run()
    if swept.problems:
        logger.warning(swept.reason, problems=swept.problems)
        raise ServiceUnavailable(
            "\n- ".join(["The sweep could not do everything:", *swept.problems]),
            remedy="The next sweep looks again. If it goes on: what the problems name has to be mended.",
        )
    return swept
