"""A world of one model, in few words, and what the product decides in it. What the service does is the emulator's.

The decisions are the product's: ``start_transition``, ``stop_transition``, ``sweep_model``, ``request_start``,
``request_stop`` and ``claim_is_over`` are called as they are, with real items and times. They are only translated here.

Time is relative. It is always NOW, and what is remembered ages: a lease has expired or not, a deadline has passed or
not, an execution ended more than LONGEST_CALL ago or not. So states stay few, and there is no last tick.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

from lifecycle.configuration import Configuration, OverBudget, Unleased
from lifecycle.executions import steps
from lifecycle.executions.requests import Request
from lifecycle.model import leases
from lifecycle.model.budget import Spending
from lifecycle.model.decisions import Action, Progress, Refusal, StopProgress
from lifecycle.model.leases import LONGEST_CALL, BudgetWarning, Claim, Lease, ModelItem, PendingLease
from lifecycle.model.statuses import BILLS
from lifecycle.model.version import ModelVersion
from lifecycle.ports import ExecutionState, StateMachine
from lifecycle.reconciliation import sweep_rules
from lifecycle.start_model import budget as start_budget
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.request import StartRequest
from lifecycle.stop_model import steps as stop_steps
from lifecycle.stop_model.request import StopRequest
from tests.unit.examples import ARN, CONFIGURATION, NOW

JUST_NOW = NOW - timedelta(seconds=1)
LONG_AGO = NOW - 2 * LONGEST_CALL
BEGINNING = NOW - timedelta(days=1)
LATER = NOW + timedelta(hours=1)
QUIET = Configuration(models={}, lease_warning_minutes=0, unleased_models=Unleased.IGNORE)
OVER_BUDGET = replace(QUIET, lease_warning_minutes=1, monthly_budget_usd=1, over_budget=OverBudget.STOP)
SPENT = Spending(NOW, "2026-11", 1, per_hour=4, forecast=1, budget=1)

FRESH, OLD = "fresh", "old"
NEW, RUNS, ENDED, OVER = "new", "runs", "ended", "over"
"""An execution's life, as Step Functions tells it. OVER: it ended more than LONGEST_CALL ago."""

ENDING, GONE = -2, -1
"""Stand in a claim for the number of an execution that has ended, and of one of which nothing can come any more."""
STATUSES = ("STOPPED", "STARTING", "RUNNING", "STOPPING")


@dataclass(frozen=True)
class Start:
    """A place for StartModel executions with this LeaseId, which only extend it or also start the model.

    ``ignores``: they ignore the budget, and no others have the same LeaseId. ``refused``: they begin once it is used
    up, and it refuses what would start the model.
    """

    name: str
    lease_id: str
    extends: bool = False
    ignores: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Stop:
    """A place for StopModel executions; those without LeaseId and force are begun by people and by the sweep.

    ``by_budget``: by the sweep alone, because the budget is used up.
    """

    name: str
    lease_id: str | None = None
    force: bool = False
    by_budget: bool = False


@dataclass(frozen=True)
class Sweep:
    """The sweep, which comes again and again; where it is ``over_budget``, the month's is used up all along."""

    name: str = "the sweep"
    over_budget: bool = False


Cast = Sequence[Start | Stop | Sweep]


class Item(NamedTuple):
    """A ModelItem without what no decision depends on, such as how long past starts took; actors by their number.

    ``leases``: LeaseId, and whether it holds still. ``pending``: a start, and the same. ``forced``: the starts that had
    begun when the model was stopped by force. ``fresh``: it was left without lease and claim within LONGEST_CALL.
    ``warned``: of the budget; FRESH, or so long ago that the model may be stopped.
    """

    leases: tuple[tuple[str, bool], ...] = ()
    pending: tuple[tuple[int, bool], ...] = ()
    claim: int | None = None
    managed: bool = False
    forced: tuple[int, ...] = ()
    fresh: bool = False
    warned: str | None = None

    @property
    def held(self) -> bool:
        return any(holds for _, holds in self.leases) or any(holds for _, holds in self.pending)

    @property
    def idle(self) -> bool:
        return not self.leases and not self.pending and self.claim is None


class Memory(NamedTuple):
    """A Progress without what no decision depends on; ``taken`` is ``leased`` of a start, ``released`` of a stop."""

    attempted: str | None = None
    status_at_attempt: str | None = None
    last_status: str | None = None
    refused: bool = False
    unclear: bool = False
    taken: bool = False


class Sight(NamedTuple):
    """What a look has seen so far, by the clock that it began with."""

    item: Item
    claim_over: bool = False
    late: bool = False
    status: str = ""


class Write(NamedTuple):
    """An item to be written; and what in it is new: the change, leases that begin anew, claim, force, warning."""

    item: Item
    changed: bool
    renewed: frozenset[str]
    claims: bool
    forces: bool
    warns: bool = False


class Decided(NamedTuple):
    """What a look leads to, also in words; of the sweep, ``action`` REQUEST is to begin a StopModel execution."""

    write: Write | None
    action: Action | None
    error: str | None
    memory: Memory
    words: str
    by_budget: bool = False


class Outdated(NamedTuple):
    """What may come of a look that read the item before it was changed, by the status that it will see.

    What it would decide to write, it can't: None, for it has to read again.
    """

    stopped: Decided | None
    starting: Decided | None
    running: Decided | None
    stopping: Decided | None

    def decided(self, status: str) -> Decided | None:
        """What comes of this status."""
        found: Decided | None = self[STATUSES.index(status)]
        return found


@dataclass(frozen=True)
class Mirror:
    """Two actors that are alike, by their numbers, and their LeaseIds: what one may do, the other may do as well."""

    one: int
    other: int
    lease_ids: tuple[str, str] = ("", "")

    def number(self, actor: int) -> int:
        """Of the actor that this one is in the mirror."""
        return {self.one: self.other, self.other: self.one}.get(actor, actor)

    def lease_id(self, lease_id: str) -> str:
        """What it is in the mirror."""
        one, other = self.lease_ids
        return {one: other, other: one}.get(lease_id, lease_id)

    def item(self, item: Item) -> Item:
        """In the mirror."""
        return Item(
            leases=tuple(sorted((self.lease_id(lease_id), holds) for lease_id, holds in item.leases)),
            pending=tuple(sorted((self.number(start), holds) for start, holds in item.pending)),
            claim=None if item.claim is None else self.number(item.claim),
            managed=item.managed,
            forced=tuple(sorted(map(self.number, item.forced))),
            fresh=item.fresh,
            warned=item.warned,
        )

    def sight(self, sight: Sight) -> Sight:
        """In the mirror."""
        return sight._replace(item=self.item(sight.item))


def mirror_of(cast: Cast) -> Mirror | None:
    """The first two that are alike; a start is like no other where a stop names its lease."""
    released = {stop.lease_id for stop in cast if isinstance(stop, Stop)}
    for (one, first), (other, second) in combinations(enumerate(cast), 2):
        if isinstance(first, Stop) and isinstance(second, Stop) and replace(first, name=second.name) == second:
            return Mirror(one, other)
        if isinstance(first, Start) and isinstance(second, Start) and _are_alike(first, second, released):
            return Mirror(one, other, (first.lease_id, second.lease_id))
    return None


def _are_alike(one: Start, other: Start, released: Collection[str | None]) -> bool:
    alike = replace(one, name=other.name, lease_id=other.lease_id) == other
    return alike and one.lease_id not in released and other.lease_id not in released


@dataclass(frozen=True)
class Executions:
    """``ports.Executions``: one, in this part of its life."""

    life: str

    def describe(self, execution_arn: str) -> ExecutionState | None:  # noqa: ARG002 - the port's
        stopped_at = {ENDED: JUST_NOW, OVER: LONG_AGO}.get(self.life)
        return ExecutionState("ABORTED" if stopped_at else "RUNNING", stopped_at=stopped_at)

    def start(self, state_machine_arn: str, name: str, payload: Any) -> bool:
        raise NotImplementedError

    def stop(self, execution_arn: str, cause: str) -> None:
        raise NotImplementedError

    def state_machine(self, state_machine_arn: str) -> StateMachine | None:
        raise NotImplementedError


@dataclass(frozen=True)
class Answers:
    """``ports.Models`` and ``ports.ModelItems``, as far as a request needs them."""

    item: ModelItem
    refusal: Refusal | None

    def get(self, *_: object) -> ModelItem:
        return self.item

    def start(self, *_: object) -> Refusal | None:
        return self.refusal

    stop = start


class Mind:
    """What the actors decide. Every answer is remembered: the same question is asked some thousand times."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._over_budget = any(isinstance(one, Sweep) and one.over_budget for one in cast)
        self._ignoring = frozenset(one.lease_id for one in cast if isinstance(one, Start) and one.ignores)
        self.claim_is_over = cache(self._claim_is_over)
        self.decide = cache(self._decide)
        self.outdated = cache(self._outdated)
        self.sweep = cache(self._sweep)
        self.give_back = cache(self._give_back)
        self.may_request = cache(self._may_request)
        self.requested = cache(self._requested)

    def _claim_is_over(self, life: str) -> bool:
        """Of a claim whose execution is in this part of its life."""
        return steps.claim_is_over(Claim("", BEGINNING), Executions(life), NOW)

    def _decide(self, me: int, memory: Memory, sight: Sight) -> Decided:
        """What a look of Check leads to."""
        request, progress = self._request(me, late=sight.late), self._progress(me, memory)
        real, version = self._real(sight.item, me), ModelVersion(ARN, sight.status)
        if isinstance(request, StartRequest):
            transition = start_steps.start_transition(
                real, request, progress, version, claim_over=sight.claim_over, now=NOW, configuration=CONFIGURATION
            )
            actor = self._cast[me]
            if isinstance(actor, Start) and actor.refused:
                transition = start_budget.within_budget(transition, request, version, lambda: SPENT, NOW, OVER_BUDGET)
        else:
            assert isinstance(request, StopRequest)
            assert isinstance(progress, StopProgress)
            transition = stop_steps.stop_transition(
                real, request, progress, version, claim_over=sight.claim_over, now=NOW, configuration=CONFIGURATION
            )
        write = _write(transition.item, real, sight.item)
        if transition.step:
            return Decided(
                write, transition.step.action, None, _memory(transition.step.progress), str(transition.step.action)
            )
        error = type(transition.error).__name__
        return Decided(write, None, error, memory, error)

    def _outdated(self, me: int, memory: Memory, sight: Sight) -> Outdated | None:
        """What may come of a look that has read the item before it was changed; None where it can only read again."""
        decisions = [self.decide(me, memory, sight._replace(status=status)) for status in STATUSES]
        found = Outdated(*(None if decision.write else decision for decision in decisions))
        return found if any(found) else None

    def _sweep(self, sight: Sight, ended: tuple[int, ...]) -> Decided:
        """What the sweep makes of the model."""
        real = self._real(sight.item)
        arns = [_arn(start) for start in ended]
        facts: Any = {"ended": arns, "claim_over": sight.claim_over, "spending": SPENT if self._over_budget else None}
        settings = OVER_BUDGET if self._over_budget else QUIET
        sweep = sweep_rules.sweep_model(real, sight.status, NOW, settings, **facts)
        action = Action.REQUEST if sweep.stop else Action.DONE
        write = _write(sweep.item, real, sight.item)
        return Decided(write, action, None, Memory(), str(action), by_budget=sweep.force)

    def _give_back(self, item: Item, start: int) -> Write:
        """What the event of an execution that has ended does."""
        real = self._real(item)
        write = _write(leases.give_back(real, _arn(start), NOW), real, item)
        assert write
        return write

    def _may_request(self, me: int, item: Item) -> bool:
        """Whether the service may be called, having read the item again."""
        request = self._request(me)
        if isinstance(request, StartRequest):
            return start_steps.may_request_start(self._real(item), request, NOW)
        assert isinstance(request, StopRequest)
        return stop_steps.may_request_stop(self._real(item), request)

    def _requested(self, me: int, memory: Memory, item: Item, *, retried: bool, refused: bool) -> Memory:
        """What is remembered of a request; ``item`` is as it was read right before."""
        request, progress = self._request(me), self._progress(me, memory)
        answers: Any = Answers(self._real(item), Refusal.IN_USE if refused else None)
        facts: Any = {"retries": int(retried), "now": NOW, "models": answers, "items": answers}
        if isinstance(request, StartRequest):
            return _memory(start_steps.request_start(request, progress, configuration=CONFIGURATION, **facts).progress)
        assert isinstance(request, StopRequest)
        assert isinstance(progress, StopProgress)
        return _memory(stop_steps.request_stop(request, progress, **facts).progress)

    def _request(self, me: int, *, late: bool = False) -> Request:
        actor = self._cast[me]
        facts: Any = {
            "execution_arn": _arn(me),
            "project_version_arn": ARN,
            "project_arn": ARN,
            "began_at": BEGINNING,
            "due_at": BEGINNING,
            "deadline": JUST_NOW if late else LATER,
        }
        if isinstance(actor, Start):
            lease: Any = {"lease_id": actor.lease_id, "lease_minutes": 120, "ignore_budget": actor.ignores}
            return StartRequest(**facts, **lease, extend_only=actor.extends, min_inference_units=1)
        assert isinstance(actor, Stop)
        return StopRequest(**facts, lease_id=actor.lease_id, force=actor.force)

    def _progress(self, me: int, memory: Memory) -> Progress:
        known: Any = {
            "attempted_at": {FRESH: JUST_NOW, OLD: LONG_AGO}.get(memory.attempted or ""),
            "status_at_attempt": memory.status_at_attempt,
            "last_status": memory.last_status,
            "refusal": Refusal.IN_USE if memory.refused else None,
            "unclear": memory.unclear,
        }
        if isinstance(self._cast[me], Start):
            return Progress(**known, leased=memory.taken)
        return StopProgress(**known, released=memory.taken)

    def _real(self, item: Item, reader: int | None = None) -> ModelItem:
        """The item, as this start reads it: what was before or after an execution's begin is only known of it."""
        pending = (
            PendingLease(self._lease_id(start), _arn(start), LATER if holds else JUST_NOW, self._ignores(start))
            for start, holds in item.pending
        )
        return ModelItem(
            ARN,
            leases=tuple(
                Lease(name, BEGINNING, LATER if holds else JUST_NOW, ignores_budget=name in self._ignoring)
                for name, holds in item.leases
            ),
            pending=tuple(pending),
            claim=None if item.claim is None else Claim(_arn(item.claim), BEGINNING),
            managed=item.managed,
            forced_at=JUST_NOW if reader in item.forced else None,
            changed_at=JUST_NOW if item.fresh else LONG_AGO,
            budget_warning=BudgetWarning(JUST_NOW if item.warned == FRESH else LONG_AGO, 100) if item.warned else None,
        )

    def ignores_budget(self, item: Item) -> bool:
        """Whether a lease that ignores the budget holds the model."""
        settled = any(holds and name in self._ignoring for name, holds in item.leases)
        return settled or any(holds and self._ignores(start) for start, holds in item.pending)

    def _ignores(self, start: int) -> bool:
        return self._lease_id(start) in self._ignoring

    def _lease_id(self, start: int) -> str:
        actor = self._cast[start]
        assert isinstance(actor, Start)
        return actor.lease_id


def _arn(actor: int) -> str:
    return str(actor)


def _write(after: ModelItem, before: ModelItem, item: Item) -> Write | None:
    """What is to be written, in this world's words; ``before`` is what ``item`` was translated to."""
    if replace(after, running=before.running) == before:
        return None  # what is remembered for the bill is written as well; nothing is decided by it
    written = Item(
        leases=tuple(sorted((lease.lease_id, lease in after.held(NOW)) for lease in after.leases)),
        pending=tuple(sorted((int(lease.execution_arn), lease in after.awaited(NOW)) for lease in after.pending)),
        claim=int(after.claim.execution_arn) if after.claim else None,
        managed=after.managed,
        forced=item.forced,
        fresh=item.fresh,
        warned=item.warned,
    )
    renewed = frozenset(lease.lease_id for lease in after.leases if lease not in before.leases)
    claims = (after.claim and after.claim.execution_arn) != (before.claim and before.claim.execution_arn)
    warns = after.budget_warning != before.budget_warning
    return Write(written, after.changed_at == NOW, renewed, claims, forces=after.forced_at == NOW, warns=warns)


def _memory(progress: Progress) -> Memory:
    taken = progress.released if isinstance(progress, StopProgress) else progress.leased
    attempted = None
    if progress.attempted_at:
        attempted = OLD if progress.attempted_at == LONG_AGO else FRESH
    return Memory(
        attempted,
        progress.status_at_attempt,
        progress.last_status,
        progress.refusal is not None,
        progress.unclear,
        taken,
    )


def essence(memory: Memory, actor: Start | Stop | Sweep) -> Memory:
    """What a look can still ask for of what is remembered."""
    attempted, at_attempt, last, refused, unclear, taken = memory
    bills = "STARTING" if isinstance(actor, Start) and last in BILLS else None
    if attempted is None:
        return Memory(None, None, bills, refused, unclear, taken)
    if refused:
        return Memory(OLD, at_attempt if unclear else None, bills, refused, unclear, taken)
    if attempted == OLD or last != at_attempt:
        return Memory(OLD, None, None, refused, unclear, taken)
    return memory
