"""What the sweep makes of one model: what is to be reported, and whether the model is to be stopped. Pure.

Level-triggered: it goes by what is, not by what has happened, so that whatever was lost is found by the next sweep.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lifecycle.configuration import Configuration, Unleased
from lifecycle.executions.outcomes import Outcome
from lifecycle.inbox.names import inbox_of_lease
from lifecycle.model import leases
from lifecycle.model.bill import month_of
from lifecycle.model.budget import Spending
from lifecycle.model.leases import BudgetWarning, Lease, ModelItem
from lifecycle.model.statuses import BILLS, NOT_RUNNING, RUNS_NO_MORE
from lifecycle.shared.wire import Json, timestamp
from lifecycle.stop_model.result import HoldingLease, holding_leases

REMINDER = timedelta(days=7)
"""How often people are reminded of a lease that holds until it is released."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of a model that is reported once: ``key`` is the same whenever it is found again.

    Parameters
    ----------
    leases, others : tuple
        The leases that it is about, and the other ones that hold the model.
    restarted, stopped : bool
        The sweep starts the model again, or stops it, at once.
    spending : Spending or None
        What this month has cost, where the budget has a say.
    """

    outcome: Outcome
    project_version_arn: str
    key: str
    status: str
    leases: tuple[Lease, ...] = ()
    others: tuple[HoldingLease, ...] = ()
    min_inference_units: int | None = None
    status_message: str | None = None
    restarted: bool = False
    stopped: bool = False
    spending: Spending | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a status check of one model leads to.

    Parameters
    ----------
    item : ModelItem
        As it is to be written.
    findings : tuple
        What is to be reported, before the item is written.
    stop : str or None
        Why a StopModel execution is to be started, after the item was written.
    force : bool
        That execution is to stop it whoever needs it.
    restarts : tuple
        Inputs of StartModel executions to be started, before the item is written.
    """

    item: ModelItem
    findings: tuple[Finding, ...] = ()
    stop: str | None = None
    force: bool = False
    restarts: tuple[Mapping[str, Json], ...] = field(default=())


def sweep_model(
    item: ModelItem,
    status: str,
    now: datetime,
    configuration: Configuration,
    *,
    ended: Collection[str],
    claim_over: bool,
    spending: Spending | None = None,
) -> Sweep:
    """What a status check leads to.

    Parameters
    ----------
    item : ModelItem
        Read before the status.
    status : str
        The model's.
    ended : collection of str
        ARNs of executions with pending leases that have ended.
    claim_over : bool
        The item's claim, if there is one, is of an execution of which nothing can come any more.
    spending : Spending or None
        What this month has cost, where the budget refuses or stops.
    """
    for execution_arn in ended:
        item = leases.give_back(item, execution_arn, now)
    expired = tuple(lease for lease in item.leases if lease not in item.held(now))
    item = leases.without_expired(item, now)
    item, findings = _warned(item, status, now, configuration)
    found = [_of_lease(Outcome.LEASE_EXPIRED, item, status, lease, now) for lease in expired]
    sweep = Sweep(item, (*found, *findings))
    if item.claim and not claim_over:
        return sweep
    if status in RUNS_NO_MORE:
        item = replace(item, running=None)
        sweep = replace(sweep, item=item)
    if status in NOT_RUNNING:
        return _of_one_that_does_not_run(sweep, status, now, configuration, spending)
    if status in BILLS and not item.is_held(now):
        return _of_one_that_nobody_holds(sweep, status, configuration)
    if status in BILLS and spending and configuration.stops_over_budget and not item.ignores_budget(now):
        return _of_one_that_the_budget_stops(sweep, status, now, configuration, spending)
    return sweep


def _of_one_that_does_not_run(
    sweep: Sweep, status: str, now: datetime, configuration: Configuration, spending: Spending | None
) -> Sweep:
    item = replace(leases.unclaim(sweep.item, now), reported=())
    if not item.leases:
        return replace(sweep, item=leases.unmanage(item, now))
    # An inbox sees by itself that its model is down, says so, and starts it again; or does not, where a person did it.
    of_others = tuple(lease for lease in item.leases if not _is_an_inboxs(lease, configuration))
    found, restarts = sweep.findings, tuple[Mapping[str, Json], ...]()
    if of_others:
        refused = configuration.restart_when_down and spending is not None and spending.is_used_up
        again = [lease for lease in of_others if _may_restart(lease, configuration, refused=refused)]
        down = Finding(
            Outcome.MODEL_DOWN,
            item.project_version_arn,
            "#".join(_lease_key(lease) for lease in of_others),
            status,
            of_others,
            restarted=bool(again),
            spending=spending if refused else None,
        )
        found = (*found, down)
        restarts = tuple(_restart(item, lease, now, configuration) for lease in again)
    return replace(sweep, item=leases.end_settled(item, now), findings=found, restarts=restarts)


def _is_an_inboxs(lease: Lease, configuration: Configuration) -> bool:
    return inbox_of_lease(lease.lease_id, configuration.inboxes) is not None


def _may_restart(lease: Lease, configuration: Configuration, *, refused: bool) -> bool:
    """Whether StartModel would start the model for a lease again, so that nothing is promised that it refuses."""
    ignores = lease.ignores_budget and configuration.allow_ignore_budget
    return configuration.restart_when_down and (ignores or not refused)


def _of_one_that_the_budget_stops(
    sweep: Sweep, status: str, now: datetime, configuration: Configuration, spending: Spending
) -> Sweep:
    """Warn once a month, and of each budget; stop it no sooner than that warning said."""
    item, ahead = sweep.item, configuration.lease_warning
    warning = item.budget_warning
    cents = round(100 * (spending.budget or 0))
    if warning is None or (month_of(warning.at), warning.cents) != (spending.month, cents):
        if not spending.is_used_up_within(ahead):
            return sweep
        warning = BudgetWarning(now, cents)
        key = f"{spending.month}#{cents}"
        reached = Finding(
            Outcome.BUDGET_REACHED,
            item.project_version_arn,
            key,
            status,
            item.held(now),
            tuple(lease for lease in holding_leases(item, now) if lease.pending),
            spending=spending,
        )
        sweep = replace(sweep, item=replace(item, budget_warning=warning), findings=(*sweep.findings, reached))
    if spending.is_used_up and now - warning.at >= ahead:
        return replace(sweep, stop=f"This month's budget is used up ({spending.of_the_budget}).", force=True)
    return sweep


def _of_one_that_nobody_holds(sweep: Sweep, status: str, configuration: Configuration) -> Sweep:
    item = sweep.item
    if item.claim:
        return replace(sweep, stop="The execution that was to stop it ended without doing so.")
    if item.managed:
        return replace(sweep, stop="No lease holds it any more.")
    if status != "RUNNING" or configuration.unleased_models is Unleased.IGNORE:
        return sweep
    stop = "It runs, and no lease holds it." if configuration.unleased_models is Unleased.STOP else None
    if Outcome.UNLEASED_MODEL in item.reported:
        return replace(sweep, stop=stop)
    key = f"unleased#{item.revision}"
    found = Finding(Outcome.UNLEASED_MODEL, item.project_version_arn, key, status, stopped=stop is not None)
    item = replace(item, reported=(*item.reported, Outcome.UNLEASED_MODEL))
    return replace(sweep, item=item, findings=(*sweep.findings, found), stop=stop)


def _warned(
    item: ModelItem, status: str, now: datetime, configuration: Configuration
) -> tuple[ModelItem, list[Finding]]:
    """Leases that end soon, each reported once, and those without an end, at every ``REMINDER``."""
    due = tuple(lease for lease in item.leases if _warning_is_due(lease, now, configuration))
    findings = [_of_lease(Outcome.LEASE_EXPIRING, item, status, lease, now) for lease in due]
    marked = tuple(replace(lease, warned_at=now) if lease in due else lease for lease in item.leases)
    return replace(item, leases=marked), findings


def _warning_is_due(lease: Lease, now: datetime, configuration: Configuration) -> bool:
    if lease.expires_at is None:
        if _is_an_inboxs(lease, configuration):
            return False  # it is needed as long as images come
        return now - (lease.warned_at or lease.since) >= REMINDER
    return lease.warned_at is None and lease.ends_soon(now, configuration.lease_warning)


def _of_lease(outcome: Outcome, item: ModelItem, status: str, lease: Lease, now: datetime) -> Finding:
    others = tuple(one for one in holding_leases(item, now) if one.pending or one.lease_id != lease.lease_id)
    return Finding(outcome, item.project_version_arn, _lease_key(lease), status, (lease,), others)


def _lease_key(lease: Lease) -> str:
    """Of this lease until it is extended, and of this reminder of one without an end."""
    until = timestamp(lease.expires_at or lease.warned_at or lease.since)
    return f"{lease.lease_id}#{timestamp(lease.since)}#{until}"


def _restart(item: ModelItem, lease: Lease, now: datetime, configuration: Configuration) -> Mapping[str, Json]:
    """The input that starts the model again for the rest of its lease."""
    left = math.ceil((lease.expires_at - now).total_seconds() / 60) if lease.expires_at else 0
    ignores = {"IgnoreBudget": True} if lease.ignores_budget and configuration.allow_ignore_budget else {}
    return {"ProjectVersionArn": item.project_version_arn, "LeaseId": lease.lease_id, "LeaseMinutes": left, **ignores}
