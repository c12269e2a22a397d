"""The rules of an inbox's run, shown on all interleavings; and for each rule, what goes wrong without it.

What must hold stands in ``inbox``. ``pytest -n 0 -s`` shows how many states there are, and the way to what each mutant
breaks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.inbox import decision, record
from lifecycle.inbox.decision import Decided, EnableMapping, Seen
from lifecycle.inbox.record import InboxRecord, RunState
from tests.exploration.inbox import explore
from tests.exploration.inbox_world import SHORTENED, Scene

CALM = Scene()
LATE_TICKS = Scene(doubles=True, faults=1, late=False)
DEATHS = Scene(deaths=True, faults=1, late=False)
OUTAGE = Scene(lost=True, faults=1, late=False)
REFUSALS = Scene(refusals=True)
STUCK = Scene(stuck=True)
LIES = Scene(lies=True)
ENDS = Scene(ends=True, late=False)
PEOPLE = Scene(people=True, faults=1, late=False)
SWEEP = Scene(sweep=True, faults=1, late=False)
OTHERS = replace(SWEEP, others=True, faults=2)

SMALL = {
    "all goes well": CALM,
    "ticks and workers die": DEATHS,
    "images are refused": REFUSALS,
    "the mapping can't be switched": STUCK,
    "a count is wrong": LIES,
    "the model fails, and the sweep goes by": SWEEP,
}
LARGE = {
    "two images": replace(CALM, most_images=2),
    "a tick comes twice, and late": LATE_TICKS,
    "ticks stay away": OUTAGE,
    "starts fail, and runs are aborted": ENDS,
    "people pause and stop": PEOPLE,
    "the same, and others start it, stop it, and release its leases": OTHERS,
}
SCENES = [
    *(pytest.param(scene, id=name) for name, scene in SMALL.items()),
    *(pytest.param(scene, id=name, marks=pytest.mark.large) for name, scene in LARGE.items()),
]


@pytest.fixture(autouse=True)
def _shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, shorter in SHORTENED.items():
        monkeypatch.setattr(decision, name, shorter)


@pytest.mark.parametrize("scene", SCENES)
def test_on_all_interleavings_the_properties_hold(scene: Scene) -> None:
    found = explore(scene)
    print(f"{found.states} states, {found.transitions} transitions")  # noqa: T201 - for pytest -s
    assert not found.violation, f"\n{found.violation}"


@dataclass(frozen=True)
class Mutant:
    """A world without a rule: what of the product is replaced, or what the scene leaves out, and what that breaks."""

    rule: str
    scene: Scene
    breaks: str
    instead: Mapping[tuple[object, str], Any] = field(default_factory=dict)


decide, drain, closed, opened = decision.decide, decision.drain, record.closed, record.opened
without_ended = decision._without_ended


def but_act(*left_out: type) -> Callable[..., Decided]:
    """As ever, without these acts."""

    def mutant(*facts: Any) -> Decided:
        decided = decide(*facts)
        return replace(decided, acts=tuple(act for act in decided.acts if not isinstance(act, left_out)))

    return mutant


def close_later(known: InboxRecord, number: int, failure: str | None = None) -> InboxRecord:
    """The task is ended, and the run is still open for workers."""
    after = closed(known, number, failure)
    return replace(after, run=after.run and replace(after.run, state=RunState.OPEN))


def forget_what_is_let_go(known: InboxRecord, seen: Seen, now: datetime) -> InboxRecord:
    gone = known.run is not None and known.run.state is RunState.CLOSING
    return replace(known, run=None) if gone else without_ended(known, seen, now)


def open_whatever(known: InboxRecord, number: int, *facts: Any) -> InboxRecord:
    there = replace(known, paused=None) if known.run and known.run.number == number else known
    return replace(opened(there, number, *facts), paused=known.paused)


def resume_by_itself(known: InboxRecord, *facts: Any) -> Decided:
    return decide(replace(known, paused=None), *facts)


def heed_a_lease_that_is_gone_at_once(known: InboxRecord, seen: Seen, *facts: Any) -> Decided:
    """Also while others start the model again, which was down: then the sweep has ended the lease."""
    released = seen.model_status == "STARTING" and not seen.lease_held
    return decision._open(known, replace(seen, model_status="STOPPED") if released else seen, *facts)


def forget_what_is_down(known: InboxRecord, seen: Seen, *facts: Any) -> Decided:
    gone = seen.model_status == "FAILED"
    return Decided(replace(known, run=None), (), "") if gone else decision._open(known, seen, *facts)


def give_up(known: InboxRecord, why: str, now: datetime) -> InboxRecord:
    return record.pause(known, why, now)


def drain_in_silence(*facts: Any) -> Decided:
    return replace(drain(*facts), acts=())


HEED_AT_ONCE = {**decision._BY_STATE, RunState.OPEN: heed_a_lease_that_is_gone_at_once}
FORGET = {**decision._BY_STATE, RunState.OPEN: forget_what_is_down}
START_ONCE = {**decision._BY_STATE, RunState.STARTING: decision._closing}


def never(*_: object) -> None:
    return None


MUTANTS = [
    Mutant("a worker that is at an image is waited for", replace(CALM, waits=False), "(a)"),
    Mutant("the run is closed before its task is ended", CALM, "(a)", {(record, "closed"): close_later}),
    Mutant("DrainInbox closes the run before it ends without heartbeats", replace(OUTAGE, catches=False), "(a)"),
    Mutant(
        "a run's end is waited for before the next",
        DEATHS,
        "(b)",
        {(decision, "_without_ended"): forget_what_is_let_go},
    ),
    Mutant("a run that is to be started is started again", DEATHS, "(c)", {(decision, "_BY_STATE"): START_ONCE}),
    Mutant("images are looked for twice", LIES, "(f)", {(decision, "TWO_TICKS"): timedelta(0)}),
    Mutant("a model without images is let go", CALM, "(d)", {(decision, "_is_idle"): never}),
    Mutant("a model that finishes nothing is let go", REFUSALS, "(e)", {(decision, "_hindrance"): never}),
    Mutant("also where images cannot even be received", STUCK, "(e)", {(decision, "NO_PROGRESS"): timedelta(days=1)}),
    Mutant(
        "the mapping is switched on",
        CALM,
        "(c)",
        {(decision, "decide"): but_act(EnableMapping), (decision, "drain"): drain_in_silence},
    ),
    Mutant("and off", CALM, "(c)", {(decision, "decide"): but_act(decision.DisableMapping)}),
    Mutant("letting go is done again", DEATHS, "(d)", {(decision, "_end"): lambda _run: ()}),
    *(
        replace(mutant, rule=f"{mutant.rule}: {beside}", scene=replace(scene, waits=mutant.scene.waits))
        for beside, scene in (("the sweep goes by", SWEEP), ("others start and stop it", replace(OTHERS, faults=1)))
        for mutant in (
            Mutant("a worker that is at an image is waited for", Scene(waits=False), "(a)"),
            Mutant("the run is closed before its task is ended", CALM, "(a)", {(record, "closed"): close_later}),
            Mutant("a model without images is let go", CALM, "(d)", {(decision, "_is_idle"): never}),
            Mutant("a model that is down is let go", CALM, "(e)", {(decision, "_hindrance"): never}),
        )
    ),
    Mutant("and had again later", SWEEP, "(h)", {(decision, "_blocked"): give_up}),
    Mutant("what the sweep ends nobody has released", OTHERS, "(h)", {(decision, "_BY_STATE"): HEED_AT_ONCE}),
    Mutant("the next run waits for one that is down", SWEEP, "(b)", {(decision, "_BY_STATE"): FORGET}),
    Mutant("a pause holds", PEOPLE, "(g)", {(decision, "decide"): resume_by_itself}),
    Mutant("also for a model that was being started", PEOPLE, "(g)", {(record, "opened"): open_whatever}),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.rule for mutant in MUTANTS])
def test_without_the_rule_a_property_is_broken(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    for (place, name), replacement in mutant.instead.items():
        monkeypatch.setattr(place, name, replacement)
    violation = explore(mutant.scene).violation
    assert violation
    print(f"\n{violation}")  # noqa: T201 - for pytest -s
    assert violation.broken.startswith(mutant.breaks)
