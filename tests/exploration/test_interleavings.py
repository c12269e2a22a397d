"""The rules of leases and claims, shown on all interleavings; and for each rule, what goes wrong without it.

What must hold, as ``exploration`` and ``actors`` check it:

(a) no stop lands on a model while a start that had it started, or that answered RUNNING, still holds its lease;
(b) no stop is decided while a lease is held;
(c) no start answers RUNNING without its settled lease, under a claim, after a stop by force that came after its begin,
    or of a model that does not run;
(d) from wherever things have come to, and by nothing but what comes for sure (the sweep, the service, time), the model
    ends STOPPED and nobody's, without lease and claim;
(e) in the same way every execution ends;
(f) a start ends as ModelStopped only where somebody has ended its lease;
(g) an extension requests nothing, and takes no lease;
(h) the budget stops a model only after its warning, and none while a lease ignores it;
(i) a start that the budget refuses requests nothing, and takes its pending lease with it.

``pytest -n 0 -s`` shows the numbers of states, and the way to what each mutant breaks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle.executions import steps
from lifecycle.executions.requests import Request
from lifecycle.executions.steps import Transition
from lifecycle.model import leases
from lifecycle.model.decisions import Action, Decision
from lifecycle.model.leases import Claim, ModelItem, PendingLease, Starter
from lifecycle.ports import Executions
from lifecycle.reconciliation import sweep_rules
from lifecycle.start_model import budget as start_budget
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.request import StartRequest
from lifecycle.stop_model import steps as stop_steps
from tests.exploration.actors import Play, Scene, World
from tests.exploration.exploration import explore
from tests.exploration.world import Start, Stop, Sweep

START, SAME_LEASE, OTHER_LEASE = Start("start A", "A"), Start("start A2", "A"), Start("start B", "B")
EXTENSION = Start("the extension of A", "A", extends=True)
STOP, OTHER_STOP = Stop("the stop"), Stop("the other stop")
FORCE, RELEASE = Stop("the stop by force", force=True), Stop("the release of A", lease_id="A")
SWEEP = Sweep()
IGNORES = Start("start B, which ignores the budget", "B", ignores=True)
REFUSED = Start("start B, beyond the budget", "B", refused=True)
BY_BUDGET, SWEEP_OVER_BUDGET = Stop("the stop by the budget", force=True, by_budget=True), Sweep(over_budget=True)

BASIC = Scene((START, SWEEP, STOP), brisk=True)
AT_ANY_PACE = replace(BASIC, brisk=False)
STARTS_CRASH = replace(BASIC, faulty=(START, SWEEP))
STOPS_CRASH = replace(BASIC, faulty=(STOP, SWEEP))
TWO_STOPS = Scene((START, SWEEP, STOP, OTHER_STOP), brisk=True)
BY_FORCE = Scene((START, SWEEP, FORCE, STOP), brisk=True)
RELEASED = Scene((START, SWEEP, RELEASE, STOP), brisk=True)
TWO_STARTS = Scene((START, OTHER_LEASE, SWEEP, STOP), brisk=True)
ONE_LEASE_ID = Scene((START, SAME_LEASE, SWEEP, STOP), brisk=True)
OVER_BUDGET = Scene((START, SWEEP_OVER_BUDGET, BY_BUDGET, STOP), brisk=True)
# With START beside it, it has 2,174,033 states, and the properties hold in them too: four minutes.
BUDGET_IGNORED = Scene((IGNORES, SWEEP_OVER_BUDGET, BY_BUDGET, STOP), brisk=True)
BEYOND_BUDGET = Scene((REFUSED, SWEEP, STOP), faulty=(REFUSED, SWEEP))
OF_TWO_ONE_IS_REFUSED = Scene((START, REFUSED, SWEEP, STOP), brisk=True)
EXTENDED = Scene((START, EXTENSION, SWEEP, STOP), brisk=True)
EXTENDED_AND_FORCED = Scene((START, EXTENSION, SWEEP, FORCE, STOP), brisk=True)

SMALL = {
    "a start and a stop at any pace": AT_ANY_PACE,
    "a start crashes": STARTS_CRASH,
    "a stop crashes": STOPS_CRASH,
    "two stops": TWO_STOPS,
    "a stop by force": BY_FORCE,
    "a lease is released": RELEASED,
    "the budget is used up": OVER_BUDGET,
    "the budget is used up, and ignored": BUDGET_IGNORED,
    "the budget refuses a start": BEYOND_BUDGET,
}
LARGE = {
    "all of them crash": replace(BASIC, faulty=BASIC.cast),
    "stops crash, and looks that were given up go on": replace(STOPS_CRASH, impatient=True),
    "two starts": TWO_STARTS,
    "the budget refuses the second of two starts": OF_TWO_ONE_IS_REFUSED,
    "two starts with one LeaseId": ONE_LEASE_ID,
    "a lease is extended": EXTENDED,
    "a lease is extended, and the model stopped by force": EXTENDED_AND_FORCED,
}
"""These have 50,000 to 140,000 states each, the small ones a tenth."""
SCENES = [
    *(pytest.param(scene, id=name) for name, scene in SMALL.items()),
    *(pytest.param(scene, id=name, marks=pytest.mark.large) for name, scene in LARGE.items()),
]


@pytest.mark.parametrize("scene", SCENES)
def test_on_all_interleavings_the_properties_hold(scene: Scene) -> None:
    found = explore(scene)
    print(f"{found.states} states, {found.transitions} transitions")  # noqa: T201 - for pytest -s
    assert not found.violation, f"\n{found.violation}"


@pytest.mark.parametrize("scene", [TWO_STOPS, TWO_STARTS, ONE_LEASE_ID])
def test_what_one_of_two_that_are_alike_may_do_the_other_may_do_too(scene: Scene) -> None:
    """So a state need not be explored whose mirror image was."""
    play = Play(scene)

    def images(world: World) -> frozenset[World | None]:
        return frozenset({world, play.mirrored(world)})

    worlds = {play.beginning: None}
    for number in range(300):
        world = list(worlds)[number]
        mirror = play.mirrored(world)
        assert mirror
        after = [move.world for move in play.moves(world)]
        assert {images(one) for one in after} == {images(move.world) for move in play.moves(mirror)}
        worlds |= dict.fromkeys(after)


@dataclass(frozen=True)
class Mutant:
    """A world without a rule: what of the product is replaced, or what the scene leaves out, and what that breaks.

    The number of a rule is that of docs/leases.md.
    """

    rule: str
    scene: Scene
    breaks: str = ""
    instead: Mapping[tuple[object, str], Any] = field(default_factory=dict)


def but(function: Callable[..., Any], **changed: Any) -> Callable[..., Any]:
    """The same function, whatever it is called with, with these arguments."""
    return lambda *facts, **named: function(*facts, **{**named, **changed})


def is_mine(item: ModelItem, request: Request) -> bool:
    return item.claim is not None and item.claim.execution_arn == request.execution_arn


take, claim, decide = leases.take, leases.claim, start_steps._decide
stop_transition, sweep_model = stop_steps.stop_transition, sweep_rules.sweep_model


def take_nothing(item: ModelItem, _starter: Starter, now: datetime) -> ModelItem:
    return item if item.managed else replace(item, managed=True, changed_at=now)


def take_unmarked(item: ModelItem, starter: Starter, now: datetime) -> ModelItem:
    return replace(take(item, starter, now), managed=item.managed)


def settle_nothing(item: ModelItem, starter: Starter, now: datetime) -> ModelItem:
    return leases.give_back(item, starter.execution_arn, now)


def give_back_by_lease_id(item: ModelItem, execution_arn: str, now: datetime) -> ModelItem:
    mine = item.pending_of(execution_arn)
    return leases.release(item, mine.lease_id, now) if mine else item


def claim_once(item: ModelItem, execution_arn: str, now: datetime) -> ModelItem:
    return item if item.claim and item.claim.execution_arn == execution_arn else claim(item, execution_arn, now)


def disown_at_once(item: ModelItem, _now: datetime) -> ModelItem:
    return item if item.leases or item.pending or item.claim else replace(item, managed=False)


def awaited_for_ever(item: ModelItem, _now: datetime) -> tuple[PendingLease, ...]:
    return item.pending


def over_when_ended(claim: Claim, executions: Executions, _now: datetime) -> bool:
    execution = executions.describe(claim.execution_arn)
    return execution is None or execution.stopped_at is not None


def may_start_without_lease(item: ModelItem, *_: object) -> bool:
    return item.claim is None


def may_start_under_claim(item: ModelItem, request: Request, now: datetime) -> bool:
    mine = item.pending_of(request.execution_arn)
    return mine is not None and now < mine.expires_at


def has_pending_lease(item: ModelItem, request: Request, *_: object) -> bool:
    return item.pending_of(request.execution_arn) is not None


def wait_for_stopped(*facts: Any, claimed: bool) -> Any:
    return decide(*facts, claimed=claimed and facts[-1].status != "STOPPED")


def stop_over_claims(item: ModelItem, request: Request, *facts: Any, **named: Any) -> Transition:
    return stop_transition(item, request, *facts, **{**named, "claim_over": not is_mine(item, request)})  # type: ignore[arg-type]  # passed on as they came


def stop_unclaims_on_failure(*facts: Any, now: datetime, **named: Any) -> Transition:
    transition = stop_transition(*facts, now=now, **named)
    return replace(transition, item=leases.unclaim(transition.item, now)) if transition.error else transition


def stop_makes_way_always(item: ModelItem, request: Any, progress: Any, *facts: Any, **named: Any) -> Transition:
    if is_mine(item, request) and item.is_held(named["now"]):
        progress = replace(progress, attempted_at=None)
    return stop_transition(item, request, progress, *facts, **named)


def stop_without_a_warning(sweep: sweep_rules.Sweep, *_: object) -> sweep_rules.Sweep:
    return replace(sweep, stop="The budget is used up.", force=True)


def refuse_and_keep(item: ModelItem, *_: object) -> ModelItem:
    return item


def begin_no_stop(*facts: Any, **named: Any) -> sweep_rules.Sweep:
    return replace(sweep_model(*facts, **named), stop=None)


def extend_anything(*_: object, **__: object) -> Decision:
    return Decision(Action.DONE, "It is extended, whatever holds it.")


def start_as_ever(item: ModelItem, request: StartRequest, *facts: Any, **named: Any) -> Decision:
    return decide(item, replace(request, extend_only=False), *facts, **named)


def yes(*_: object) -> bool:
    return True


def no(*_: object) -> bool:
    return False


MUTANTS = [
    Mutant(
        "2: from when it is due, a start asserts its lease at every look",
        BASIC,
        "(a)",
        {
            (leases, "take"): take_nothing,
            (start_steps, "_has_lease"): yes,
            (start_steps, "may_request_start"): may_start_without_lease,
        },
    ),
    Mutant("2: settled by the very write with which it answers", BASIC, "(c)", {(leases, "settle"): settle_nothing}),
    Mutant(
        "2: that lease is there also where the answer to its write got lost",
        STARTS_CRASH,
        "(f)",
        {(start_steps, "_has_lease"): has_pending_lease},
    ),
    Mutant("1: every change is a compare-and-set", replace(BASIC, compares=False), "(f)"),
    Mutant("1: a look reads the item before it sees the model", replace(AT_ANY_PACE, item_first=False), "(a)"),
    Mutant(
        "3: a start takes back only a pending lease that is its own",
        ONE_LEASE_ID,
        "(f)",
        {(leases, "give_back"): give_back_by_lease_id},
    ),
    Mutant("4: a stop is decided by one write that finds no lease", BASIC, "(b)", {(ModelItem, "is_held"): no}),
    Mutant("4: and no claim", TWO_STOPS, "(a)", {(stop_steps, "stop_transition"): stop_over_claims}),
    Mutant(
        "5: while a claim stands no start answers", BASIC, "(c)", {(start_steps, "_decide"): but(decide, claimed=False)}
    ),
    Mutant(
        "5: it waits until the claim is gone, not until the status is STOPPED",
        BASIC,
        "(a)",
        {(start_steps, "_decide"): wait_for_stopped, (start_steps, "may_request_start"): may_start_under_claim},
    ),
    Mutant(
        "6: a claim is taken over once the longest call has passed since its execution's end",
        STOPS_CRASH,
        "(a)",
        {(steps, "claim_is_over"): over_when_ended},
    ),
    Mutant(
        "7: the function that starts reads its lease again right before",
        RELEASED,
        "(d)",
        {(start_steps, "may_request_start"): yes},
    ),
    Mutant("7: after an ambiguous error nothing follows until it is over", replace(STOPS_CRASH, pauses=False), "(a)"),
    Mutant(
        "7: a stop claims once more before its call, for a look of its own may be under way that gives the claim up",
        replace(AT_ANY_PACE, impatient=True),
        "(a)",
        {(leases, "claim"): claim_once},
    ),
    Mutant(
        "8: force is remembered: a start that began before it ends",
        BY_FORCE,
        "(c)",
        {(ModelItem, "forced_since"): no},
    ),
    Mutant("9: taking a lease marks the model ours", BASIC, "(d)", {(leases, "take"): take_unmarked}),
    Mutant(
        "9: the mark goes the longest call after the last change",
        STARTS_CRASH,
        "(d)",
        {(leases, "unmanage"): disown_at_once},
    ),
    Mutant(
        "10: the sweep stops models of ours without a lease",
        BASIC,
        "(d)",
        {(sweep_rules, "sweep_model"): begin_no_stop},
    ),
    Mutant(
        "10: and takes over claims whose execution ended",
        STOPS_CRASH,
        "(d)",
        {(sweep_rules, "sweep_model"): but(sweep_model, claim_over=False)},
    ),
    Mutant("10: its executions have new names", replace(STOPS_CRASH, new_names=False), "(d)"),
    Mutant(
        "11: an extension extends what holds a RUNNING model, and nothing else",
        EXTENDED,
        "(g)",
        {(start_steps, "_extension"): extend_anything},
    ),
    Mutant(
        "12: the budget passes by a model whose lease ignores it",
        BUDGET_IGNORED,
        "(h)",
        {(ModelItem, "ignores_budget"): no},
    ),
    Mutant(
        "12: it stops no sooner than the warning said",
        OVER_BUDGET,
        "(h)",
        {(sweep_rules, "_of_one_that_the_budget_stops"): stop_without_a_warning},
    ),
    Mutant(
        "13: the budget refuses what would start a model",
        BEYOND_BUDGET,
        "(i)",
        {(start_budget, "_would_request"): no},
    ),
    Mutant(
        "13: and a start that it refuses gives its pending lease back",
        BEYOND_BUDGET,
        "(i)",
        {(start_budget, "leases"): SimpleNamespace(give_back=refuse_and_keep)},
    ),
    Mutant("11: it starts nothing", EXTENDED, "(g)", {(start_steps, "_decide"): start_as_ever}),
    Mutant(
        "10: the sweep settles pending leases of executions that have ended, or else they end at their deadline",
        STARTS_CRASH,
        "(d)",
        {(sweep_rules, "sweep_model"): but(sweep_model, ended=()), (ModelItem, "awaited"): awaited_for_ever},
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.rule for mutant in MUTANTS])
def test_without_the_rule_a_property_is_broken(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    for (place, name), replacement in mutant.instead.items():
        monkeypatch.setattr(place, name, replacement)
    violation = explore(mutant.scene).violation
    assert violation
    print(f"\n{violation}")  # noqa: T201 - for pytest -s
    assert violation.broken.startswith(mutant.breaks)


REDUNDANT = [
    # Nobody but itself ends the claim of an execution that goes on, and it claims once more before its call. The
    # function reads the claim again all the same: it costs a read, and the rule needs no proof then.
    Mutant(
        "7: the function that stops reads its claim again right before",
        replace(BASIC, impatient=True),
        instead={(stop_steps, "may_request_stop"): yes},
    ),
    # Where the stop itself decides to fail, no call of it is under way. It keeps the claim for simplicity: a stop that
    # fails otherwise, with a call under way, has nobody to clear it.
    Mutant(
        "6: a stop that failed leaves its claim",
        STOPS_CRASH,
        instead={(stop_steps, "stop_transition"): stop_unclaims_on_failure},
    ),
    # Its call has landed by then. But it would report MODEL_KEPT_RUNNING of a model that it has stopped.
    Mutant(
        "6: a stop that has called does not make way",
        STOPS_CRASH,
        instead={(stop_steps, "stop_transition"): stop_makes_way_always},
    ),
    # A stop waits for RUNNING itself. It is begun before so that it need not wait for the next sweep.
    Mutant(
        "10: the sweep stops models that are STARTING", BASIC, instead={(sweep_rules, "BILLS"): frozenset({"RUNNING"})}
    ),
    # A pending lease ends at its deadline at last; and its deadline may be a day away.
    Mutant(
        "10: the sweep settles pending leases of executions that have ended",
        STARTS_CRASH,
        instead={(sweep_rules, "sweep_model"): but(sweep_model, ended=())},
    ),
    Mutant(
        "2: a pending lease ends at the start's deadline",
        STARTS_CRASH,
        instead={(ModelItem, "awaited"): awaited_for_ever},
    ),
]


@pytest.mark.large
@pytest.mark.parametrize("mutant", REDUNDANT, ids=[mutant.rule for mutant in REDUNDANT])
def test_these_rules_are_kept_for_other_reasons(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    for (place, name), replacement in mutant.instead.items():
        monkeypatch.setattr(place, name, replacement)
    assert not explore(mutant.scene).violation
