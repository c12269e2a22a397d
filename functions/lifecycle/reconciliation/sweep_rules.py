"""What the sweep makes of one model: what is to be reported, and whether the model is to be stopped. Pure.

Level-triggered: it goes by what is, not by what has happened, so that whatever was lost is found by the next sweep.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lifecycle.configuration import Configuration, Unleased
from lifecycle.executions.outcomes import Outcome
from lifecycle.model import leases
from lifecycle.model.leases import Lease, ModelItem
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
    restarts : tuple
        Inputs of StartModel executions to be started, before the item is written.
    """

    item: ModelItem
    findings: tuple[Finding, ...] = ()
    stop: str | None = None
    restarts: tuple[Mapping[str, Json], ...] = field(default=())


def sweep_model(
    item: ModelItem,
    status: str,
    now: datetime,
    configuration: Configuration,
    *,
    ended: Collection[str],
    claim_over: bool,
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
        return _of_one_that_does_not_run(sweep, status, now, configuration)
    if status in BILLS and not item.is_held(now):
        return _of_one_that_nobody_holds(sweep, status, configuration)
    return sweep


def _of_one_that_does_not_run(sweep: Sweep, status: str, now: datetime, configuration: Configuration) -> Sweep:
    item = replace(leases.unclaim(sweep.item, now), reported=())
    if item.leases:
        down = Finding(
            Outcome.MODEL_DOWN,
            item.project_version_arn,
            "#".join(_lease_key(lease) for lease in item.leases),
            status,
            item.leases,
            restarted=configuration.restart_when_down,
        )
        restarts = tuple(_restart(item, lease, now) for lease in item.leases) if configuration.restart_when_down else ()
        item = leases.end_settled(item, now)
        return replace(sweep, item=item, findings=(*sweep.findings, down), restarts=restarts)
    return replace(sweep, item=leases.unmanage(item, now))


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
    """Leases that end soon, each reported once, and those without an end, every week."""
    due = tuple(lease for lease in item.leases if _warning_is_due(lease, now, configuration))
    findings = [_of_lease(Outcome.LEASE_EXPIRING, item, status, lease, now) for lease in due]
    marked = tuple(replace(lease, warned_at=now) if lease in due else lease for lease in item.leases)
    return replace(item, leases=marked), findings


def _warning_is_due(lease: Lease, now: datetime, configuration: Configuration) -> bool:
    if lease.expires_at is None:
        return now - (lease.warned_at or lease.since) >= REMINDER
    return lease.warned_at is None and lease.ends_soon(now, configuration.lease_warning)


def _of_lease(outcome: Outcome, item: ModelItem, status: str, lease: Lease, now: datetime) -> Finding:
    others = tuple(one for one in holding_leases(item, now) if one.pending or one.lease_id != lease.lease_id)
    return Finding(outcome, item.project_version_arn, _lease_key(lease), status, (lease,), others)


def _lease_key(lease: Lease) -> str:
    """Of this lease until it is extended, and of this reminder of one without an end."""
    until = timestamp(lease.expires_at or lease.warned_at or lease.since)
    return f"{lease.lease_id}#{timestamp(lease.since)}#{until}"


def _restart(item: ModelItem, lease: Lease, now: datetime) -> Mapping[str, Json]:
    """The input that starts the model again for the rest of its lease."""
    left = math.ceil((lease.expires_at - now).total_seconds() / 60) if lease.expires_at else 0
    return {"ProjectVersionArn": item.project_version_arn, "LeaseId": lease.lease_id, "LeaseMinutes": left}
