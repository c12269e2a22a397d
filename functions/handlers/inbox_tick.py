"""The inboxes' tick: every minute, what each of them needs. It starts runs, keeps them going, and lets models go."""

from datetime import UTC, datetime
from functools import partial

from handlers._runtime import bootstrap
from handlers._runtime.delivery import deliver
from handlers._runtime.entry import Context, Event, entry, logger
from handlers._runtime.environment import ENVIRONMENT
from handlers._runtime.metrics import measured
from lifecycle.executions.budget import refuses
from lifecycle.inbox.decision import Report
from lifecycle.inbox.ticking import Ticked, Ticker
from lifecycle.inbox.watching import Watcher
from lifecycle.notifications.inbox_messages import inbox_notification
from lifecycle.observability.measurements import of_outcome
from lifecycle.ports import left_to_the_sweep

CONFIGURATION = bootstrap.configuration()
MACHINES = bootstrap.machines()
LEDGER = bootstrap.ledger()
ITEMS = bootstrap.items(bootstrap.PATIENT)
RECORDS = bootstrap.inbox_records(bootstrap.PATIENT)
COUNTS = bootstrap.inbox_counts(bootstrap.PATIENT)
QUEUES = bootstrap.queues(bootstrap.PATIENT)
MAPPINGS = bootstrap.mappings(bootstrap.PATIENT)
TOKENS = bootstrap.task_tokens(bootstrap.PATIENT)
MODELS = bootstrap.models(bootstrap.PATIENT, pace=bootstrap.rate_limit().yield_to_others)
EXECUTIONS = bootstrap.executions(bootstrap.PATIENT)
DRAIN_INBOX_ARN = ENVIRONMENT.drain_inbox_arn


@entry
def handler(_event: Event, context: Context) -> Ticked:
    """Whatever the schedule gives -> what was decided of each inbox. It fails at the end, where anything failed."""
    now = datetime.now(UTC)

    def watcher() -> Watcher:
        return Watcher(
            now=now,
            configuration=CONFIGURATION,
            items=ITEMS.all(left_to_the_sweep),
            queues=QUEUES,
            counts=COUNTS,
            mappings=MAPPINGS,
            models=MODELS,
            executions=EXECUTIONS,
            run_with_model_arn=MACHINES.run_with_model,
            budget_refuses=partial(refuses, ITEMS, LEDGER, now, CONFIGURATION),
        )

    def notify(inbox: str, report: Report) -> None:
        decided = inbox_notification(inbox, report, now, CONFIGURATION, MACHINES)
        deliver(decided.notification_id, lambda: measured(decided, [of_outcome(report.kind)]), context)

    ticker = Ticker(records=RECORDS, watcher=watcher, notify=notify, tokens=TOKENS, drain_inbox_arn=DRAIN_INBOX_ARN)
    ticked = ticker.run(CONFIGURATION.inboxes)
    if ticked.problems:
        logger.warning(ticked.reason, problems=ticked.problems)
        raise ticked.failure()
    return ticked
