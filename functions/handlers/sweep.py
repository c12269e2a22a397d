"""Sweep: compare the leases with what really runs, every few minutes."""

from dataclasses import replace
from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.delivery import deliver
from handlers._runtime.entry import Context, Event, entry, logger
from handlers._runtime.metrics import emit, measured
from handlers._runtime.reconciliation import CONFIGURATION, EXECUTIONS, ITEMS, MACHINES, OPEN_EXECUTIONS, settler
from lifecycle.errors import LifecycleError
from lifecycle.executions.budget import spending_so_far
from lifecycle.model.bill import bill_so_far, month_of
from lifecycle.model.leases import LONGEST_CALL
from lifecycle.model.sweep_record import SweepRecord
from lifecycle.observability.measurements import of_outcome, of_sweep
from lifecycle.reconciliation.sweep import Sweeper, Swept
from lifecycle.reconciliation.sweep_messages import finding_notification
from lifecycle.reconciliation.sweep_rules import Finding

MODELS = bootstrap.models(bootstrap.PATIENT, pace=bootstrap.rate_limit().yield_to_others)
SWEEPS = bootstrap.sweeps()
LEDGER = bootstrap.ledger(bootstrap.PATIENT)
MEASURING = 20_000
"""Milliseconds that are kept for what comes after the models, and for the last of them."""


@entry
def handler(_event: Event, context: Context) -> Swept:
    """Whatever the schedule gives -> what was done. It fails at the end, where anything could not be done."""
    now = datetime.now(UTC)
    last_sweep = SWEEPS.mark(now)

    def notify(finding: Finding) -> None:
        decided = finding_notification(finding, now, CONFIGURATION, MACHINES)
        deliver(decided.notification_id, lambda: measured(decided, [of_outcome(finding.outcome)]), context)

    sweeper = Sweeper(
        now=now,
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
        open_executions=OPEN_EXECUTIONS,
        notify=notify,
        settle=settler(context, leave=LONGEST_CALL).settle,
        start_model_arn=MACHINES.start_model,
        stop_model_arn=MACHINES.stop_model,
        spent=lambda: spending_so_far(ITEMS, LEDGER, now, CONFIGURATION),
        has_time=lambda: context.get_remaining_time_in_millis() > MEASURING,
        remember=_remember,
    )
    swept = _measured(sweeper, sweeper.run(), last_sweep)
    if swept.problems:
        logger.warning(swept.reason, problems=swept.problems)
        raise swept.failure()
    return swept


def _remember(record: SweepRecord) -> None:
    """For the page, which reads everything itself where that fails."""
    try:
        SWEEPS.remember(record)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the sweep has more important things to do
        logger.warning("What the sweep saw could not be kept for the page.", error=str(error))


def _measured(sweeper: Sweeper, swept: Swept, last_sweep: datetime | None) -> Swept:
    """What was swept; that the month could not be counted is a problem, and keeps nothing else from being measured."""
    now, cost = sweeper.now, None
    unreadable: dict[str, Exception] = {}
    try:
        ended = LEDGER.sessions(month_of(now), now, unreadable.__setitem__)
        items = [one.item for one in sweeper.seen]
        cost = bill_so_far(month_of(now), ended, items, now, CONFIGURATION).total
    except LifecycleError as error:
        swept = replace(swept, problems=(*swept.problems, f"this month's cost: {error.message}"))
    unread = (f"{record} of the ledger can't be read: {error}" for record, error in unreadable.items())
    swept = replace(swept, problems=(*swept.problems, *unread))
    emit(of_sweep(sweeper.seen, now=now, last_sweep=last_sweep, configuration=CONFIGURATION, month_to_date_cost=cost))
    return swept
