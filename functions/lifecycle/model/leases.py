"""Who needs a model, and who may stop it: the one item of each model, and every change of it. Pure.

The service offers no fencing token, so safety is in these rules. ``docs/leases.md`` states them, and
``tests/exploration/test_interleavings.py`` shows for each of them what goes wrong without it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lifecycle.model import usage
from lifecycle.model.usage import Running
from lifecycle.shared.wire import Stored

LONGEST_LEASE = timedelta(minutes=10_080)
"""The most that StartModel's LeaseMinutes may be."""
LONGEST_CALL = timedelta(seconds=60)
"""A call that an execution's last function has made lands within this after the execution's end: the longest timeout
of a function (30 s), its start-up, and a margin."""

MAX_LEASES = 500
"""Of one model, settled and pending: so the item stays below the 400 KB of DynamoDB (Amazon DynamoDB quotas)."""

MAX_NAMED = 50
"""Leases that an output or an event names; more are counted. Step Functions has 256 KiB for it, and so has SNS."""

PAST_STARTS = 20
"""How many past starts are remembered of a model."""


@dataclass(frozen=True, slots=True)
class Lease(Stored):
    """Somebody's claim that a model be RUNNING.

    Parameters
    ----------
    expires_at : datetime or None
        None where it holds until it is released.
    warned_at : datetime or None
        When people were notified that it ends soon.
    extended_at : datetime or None
        When it was last given another end.
    ignores_budget : bool, optional
        A start has taken or extended it with IgnoreBudget; of the others nothing is kept.
    """

    lease_id: str
    since: datetime
    expires_at: datetime | None = None
    warned_at: datetime | None = None
    extended_at: datetime | None = None
    ignores_budget: bool | None = None

    @property
    def minutes(self) -> int:
        """For how long it was taken, or last extended, as LeaseMinutes says it: 0 where it has no end."""
        if self.expires_at is None:
            return 0
        return max(1, round((self.expires_at - (self.extended_at or self.since)).total_seconds() / 60))

    def ends_soon(self, now: datetime, warning: timedelta) -> bool:
        """Whether people are warned of its end by now.

        A lease that was taken, or last extended, for no longer than the warning needs none: it would always be due.
        """
        if self.expires_at is None or now < self.expires_at - warning:
            return False
        return self.expires_at - (self.extended_at or self.since) > warning


@dataclass(frozen=True, slots=True)
class PendingLease(Stored):
    """The lease of a start that is under way. It is its execution's own, whatever others do under the same id."""

    lease_id: str
    execution_arn: str
    expires_at: datetime
    ignores_budget: bool | None = None


@dataclass(frozen=True, slots=True)
class Claim(Stored):
    """One StopModel execution's right to stop a model."""

    execution_arn: str
    since: datetime


@dataclass(frozen=True, slots=True)
class PastStart(Stored):
    """How long a start took that this app requested, in whole seconds: between two status checks.

    Parameters
    ----------
    longer_than : int
        At the last status check before it was not RUNNING yet; 0 where there was none since the request.
    at_most : int
        At the first status check that saw it RUNNING.
    """

    requested_at: datetime
    longer_than: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Starter:
    """What a start says of itself to the item."""

    execution_arn: str
    lease_id: str
    deadline: datetime
    lease_minutes: int
    ignore_budget: bool = False


@dataclass(frozen=True, slots=True)
class BudgetWarning(Stored):
    """When people were warned that the budget stops the model, and of which budget, in cents."""

    at: datetime
    cents: int


@dataclass(frozen=True, slots=True)
class ModelItem(Stored):
    """All that is remembered of a model.

    Parameters
    ----------
    revision : int
        Every write is on condition that it is still the one that was read.
    managed : bool
        A lease was taken on the model since it was last seen stopped: where nobody holds it, it is to be stopped.
    forced_at : datetime or None
        When it was last stopped by force: starts that began before end as ModelStopped.
    changed_at : datetime or None
        The last change of leases or claim.
    reported : tuple of str
        Outcomes that the sweep has reported of the episode that goes on.
    starts : tuple of PastStart
        The last of this app's own, the newest last.
    budget_warning : BudgetWarning or None
        The last.
    """

    project_version_arn: str
    revision: int = 0
    leases: tuple[Lease, ...] = ()
    pending: tuple[PendingLease, ...] = ()
    claim: Claim | None = None
    managed: bool = False
    forced_at: datetime | None = None
    changed_at: datetime | None = None
    running: Running | None = None
    reported: tuple[str, ...] = ()
    starts: tuple[PastStart, ...] = ()
    budget_warning: BudgetWarning | None = None

    def held(self, now: datetime) -> tuple[Lease, ...]:
        """The settled leases that hold the model now."""
        return tuple(lease for lease in self.leases if lease.expires_at is None or now < lease.expires_at)

    def awaited(self, now: datetime) -> tuple[PendingLease, ...]:
        """The starts under way that hold the model now."""
        return tuple(lease for lease in self.pending if now < lease.expires_at)

    def is_held(self, now: datetime) -> bool:
        """Whether anybody needs the model now."""
        return bool(self.held(now) or self.awaited(now))

    def ignores_budget(self, now: datetime) -> bool:
        """Whether a lease that holds the model now does."""
        settled = any(lease.ignores_budget for lease in self.held(now))
        return settled or any(lease.ignores_budget for lease in self.awaited(now))

    def lease(self, lease_id: str) -> Lease | None:
        """The settled lease of this id, expired or not."""
        return next((lease for lease in self.leases if lease.lease_id == lease_id), None)

    def has_lease(self, lease_id: str) -> bool:
        """Whether there is a lease of this id, settled or pending."""
        return self.lease(lease_id) is not None or any(lease.lease_id == lease_id for lease in self.pending)

    def pending_of(self, execution_arn: str) -> PendingLease | None:
        """The pending lease of an execution."""
        return next((lease for lease in self.pending if lease.execution_arn == execution_arn), None)

    def forced_since(self, began_at: datetime) -> bool:
        """Whether the model was stopped by force after an execution began."""
        return self.forced_at is not None and began_at <= self.forced_at


def is_full(item: ModelItem, starter: Starter) -> bool:
    """Whether a model has so many leases that a start can't take another one; extending one that is there it can."""
    mine = item.pending_of(starter.execution_arn) or item.has_lease(starter.lease_id)
    return not mine and len(item.leases) + len(item.pending) >= MAX_LEASES


def take(item: ModelItem, starter: Starter, now: datetime) -> ModelItem:
    """Take the pending lease of a start. The model is managed from then on."""
    if item.managed and item.pending_of(starter.execution_arn):
        return item
    mine = PendingLease(starter.lease_id, starter.execution_arn, starter.deadline, starter.ignore_budget or None)
    return replace(item, pending=(*_without(item, starter.execution_arn), mine), managed=True, changed_at=now)


def give_back(item: ModelItem, execution_arn: str, now: datetime) -> ModelItem:
    """Take back an execution's own pending lease. A settled one ends by StopModel, by expiry or by force alone."""
    if not item.pending_of(execution_arn):
        return item
    return replace(item, pending=_without(item, execution_arn), changed_at=now)


def settle(item: ModelItem, starter: Starter, now: datetime) -> ModelItem:
    """Make the lease of a start that is about to answer RUNNING a settled one. A lease is never shortened."""
    ends = now + timedelta(minutes=starter.lease_minutes) if starter.lease_minutes else None
    before = item.lease(starter.lease_id)
    if before and before in item.held(now):
        ends = None if ends is None or before.expires_at is None else max(ends, before.expires_at)
        mine = (
            before if ends == before.expires_at else replace(before, expires_at=ends, warned_at=None, extended_at=now)
        )
        mine = replace(mine, ignores_budget=before.ignores_budget or starter.ignore_budget or None)
    else:
        mine = Lease(starter.lease_id, now, ends, ignores_budget=starter.ignore_budget or None)
    others = tuple(lease for lease in item.leases if lease.lease_id != starter.lease_id)
    pending = _without(item, starter.execution_arn)
    return replace(counted(item, now), leases=(*others, mine), pending=pending, managed=True, changed_at=now)


def record(item: ModelItem, start: PastStart) -> ModelItem:
    """Remember how long a start took, once: a status check whose answer was lost is repeated."""
    if any(known.requested_at == start.requested_at for known in item.starts):
        return item
    return replace(item, starts=(*item.starts, start)[-PAST_STARTS:])


def release(item: ModelItem, lease_id: str, now: datetime) -> ModelItem:
    """End a lease, settled or pending; the item itself where there is none of this id."""
    leases = tuple(lease for lease in item.leases if lease.lease_id != lease_id)
    pending = tuple(lease for lease in item.pending if lease.lease_id != lease_id)
    if (leases, pending) == (item.leases, item.pending):
        return item
    return replace(counted(item, now), leases=leases, pending=pending, changed_at=now)


def force(item: ModelItem, now: datetime) -> ModelItem:
    """End all leases, and remember it."""
    return replace(counted(item, now), leases=(), pending=(), forced_at=now, changed_at=now)


def claim(item: ModelItem, execution_arn: str, now: datetime) -> ModelItem:
    """Decide a stop: from now on this execution, and no other, may stop the model. Again, it is a change as well."""
    again = item.claim is not None and item.claim.execution_arn == execution_arn
    return replace(item, claim=item.claim if again else Claim(execution_arn, now), changed_at=now)


def unclaim(item: ModelItem, now: datetime) -> ModelItem:
    """End the claim, whoever has it."""
    return replace(item, claim=None, changed_at=now) if item.claim else item


def _without(item: ModelItem, execution_arn: str) -> tuple[PendingLease, ...]:
    return tuple(lease for lease in item.pending if lease.execution_arn != execution_arn)


def without_expired(item: ModelItem, now: datetime) -> ModelItem:
    """The item without leases that hold nothing any more."""
    if item.held(now) == item.leases and item.awaited(now) == item.pending:
        return item
    return replace(counted(item, now), leases=item.held(now), pending=item.awaited(now), changed_at=now)


def end_settled(item: ModelItem, now: datetime) -> ModelItem:
    """End all settled leases: the model went down under them."""
    return replace(counted(item, now), leases=(), changed_at=now)


def found_running(
    item: ModelItem, min_inference_units: int | None, now: datetime, max_inference_units: int | None = None
) -> ModelItem:
    """Remember from now on that a model runs whose start we did not observe; the maximum of units where it scales."""
    running = Running(now, min_inference_units or 1, found=True, max_inference_units=max_inference_units)
    return item if item.running else replace(item, running=running)


def counted(item: ModelItem, now: datetime) -> ModelItem:
    """Count who has held the running model so far: before its leases change."""
    if item.running is None:
        return item
    ends = {lease.lease_id: lease.expires_at for lease in item.leases}
    return replace(item, running=usage.counted(item.running, ends, now))


def unmanage(item: ModelItem, now: datetime) -> ModelItem:
    """A model that is not running is not managed any more, once no call of this app can be under way."""
    idle = not (item.leases or item.pending or item.claim)
    late = item.changed_at is not None and now - item.changed_at <= LONGEST_CALL
    return replace(item, managed=False) if item.managed and idle and not late else item
