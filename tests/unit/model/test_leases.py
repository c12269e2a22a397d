"""Who holds a model: each change of its item, one by one, and what no change ever does."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.model import leases
from lifecycle.model.leases import (
    LONGEST_CALL,
    LONGEST_LEASE,
    PAST_STARTS,
    Claim,
    Lease,
    ModelItem,
    PastStart,
    PendingLease,
    Starter,
)
from lifecycle.model.usage import Running
from tests.unit.examples import ARN, NOW, execution

MINE, OTHERS, STOP = (execution(name).id for name in ("mine", "others", "stop"))
EARLIER = NOW - timedelta(hours=1)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def item(**fields: object) -> ModelItem:
    return replace(ModelItem(ARN, revision=7), **fields)  # type: ignore[arg-type] # whatever the test names


def starter(lease_id: str = "shift", minutes: int = 120, execution_arn: str = MINE) -> Starter:
    return Starter(execution_arn, lease_id, deadline=at(60), lease_minutes=minutes)


def pending(lease_id: str = "shift", execution_arn: str = MINE, until: datetime | None = None) -> PendingLease:
    return PendingLease(lease_id, execution_arn, until or at(60))


# Who holds a model --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leases_", "pending_", "held"),
    [
        pytest.param((), (), False, id="nobody"),
        pytest.param((Lease("a", EARLIER, at(1)),), (), True, id="a lease"),
        pytest.param((Lease("a", EARLIER, NOW),), (), False, id="a lease that ends now"),
        pytest.param((Lease("a", EARLIER, None),), (), True, id="a lease without an end"),
        pytest.param((), (pending(until=at(1)),), True, id="a start under way"),
        pytest.param((), (pending(until=NOW),), False, id="a start whose time is up now"),
        pytest.param((Lease("a", EARLIER, at(-1)),), (pending(),), True, id="a start, and a lease that has expired"),
    ],
)
def test_a_model_is_held_by_leases_and_starts_until_they_end(
    leases_: tuple[Lease, ...], pending_: tuple[PendingLease, ...], held: bool
) -> None:
    assert item(leases=leases_, pending=pending_).is_held(NOW) is held


def test_a_lease_is_found_by_its_id_and_a_pending_one_by_its_execution() -> None:
    both = item(leases=(Lease("a", EARLIER), Lease("b", NOW)), pending=(pending("a", OTHERS), pending("a")))
    assert (both.lease("b"), both.lease("c")) == (Lease("b", NOW), None)
    assert (both.pending_of(MINE), both.pending_of(STOP)) == (pending("a"), None)


@pytest.mark.parametrize(
    "held", [item(leases=(Lease("shift", EARLIER),)), item(pending=(pending("shift"),))], ids=["settled", "pending"]
)
def test_a_lease_is_known_by_its_id_whether_settled_or_pending(held: ModelItem) -> None:
    assert held.has_lease("shift")
    assert not held.has_lease("night")


@pytest.mark.parametrize(
    ("held", "ignores"),
    [
        ({"leases": (Lease("shift", EARLIER, at(1), ignores_budget=True), Lease("night", EARLIER))}, True),
        ({"leases": (Lease("shift", EARLIER, at(1)),)}, False),
        ({"leases": (Lease("shift", EARLIER, NOW, ignores_budget=True),)}, False),
        ({"pending": (PendingLease("shift", MINE, at(1), ignores_budget=True), pending())}, True),
        ({"pending": (PendingLease("shift", MINE, at(1)),)}, False),
        ({"pending": (PendingLease("shift", MINE, NOW, ignores_budget=True),)}, False),
    ],
    ids=["settled", "settled, and does not", "expired", "pending", "pending, and does not", "past its deadline"],
)
def test_a_model_ignores_the_budget_as_long_as_a_lease_holds_it_that_does(
    held: dict[str, object], ignores: bool
) -> None:
    assert item(**held).ignores_budget(NOW) is ignores


@pytest.mark.parametrize(("forced_at", "since"), [(None, False), (at(-1), False), (NOW, True), (at(1), True)], ids=str)
def test_a_start_knows_whether_the_model_was_stopped_by_force_since_it_began(
    forced_at: datetime | None, since: bool
) -> None:
    assert item(forced_at=forced_at).forced_since(NOW) is since


@pytest.mark.parametrize(
    ("lease", "minutes"),
    [
        pytest.param(Lease("a", NOW, at(120)), 120, id="taken"),
        pytest.param(Lease("a", EARLIER, at(30), extended_at=NOW), 30, id="extended"),
        pytest.param(Lease("a", NOW, at(2.6)), 3, id="nearly three"),
        pytest.param(Lease("a", NOW, at(0.3)), 1, id="less than one, as 0 would be without an end"),
        pytest.param(Lease("a", NOW, None), 0, id="without an end"),
    ],
)
def test_a_lease_says_for_how_many_minutes_it_was_taken_or_last_extended(lease: Lease, minutes: int) -> None:
    assert lease.minutes == minutes


@pytest.mark.parametrize("machine", ["start_model", "run_with_model"])
def test_the_longest_lease_is_as_long_as_the_schemas_allow(machine: str) -> None:
    schema = json.loads(files("schemas").joinpath(f"{machine}.input.schema.json").read_text("utf-8"))
    assert timedelta(minutes=schema["properties"]["LeaseMinutes"]["maximum"]) == LONGEST_LEASE


# A start ------------------------------------------------------------------------------------------


def test_a_start_takes_a_lease_until_its_deadline_and_the_model_is_this_apps_own() -> None:
    assert leases.take(item(), starter(), NOW) == item(pending=(pending(),), managed=True, changed_at=NOW)


def test_a_lease_until_released_is_pending_only_until_the_deadline_all_the_same() -> None:
    assert leases.take(item(), starter(minutes=0), NOW).pending == (pending(until=at(60)),)


def test_a_lease_that_was_taken_is_not_taken_again() -> None:
    taken = leases.take(item(), starter(), NOW)
    assert leases.take(taken, starter(), at(1)) is taken


def test_a_model_that_was_given_up_becomes_ours_again_by_the_start_that_waits_for_it() -> None:
    disowned = item(pending=(pending(),), managed=False)
    assert leases.take(disowned, starter(), NOW) == item(pending=(pending(),), managed=True, changed_at=NOW)


def test_two_starts_under_one_id_hold_the_model_each_on_its_own() -> None:
    both = leases.take(leases.take(item(), starter(), NOW), starter(execution_arn=OTHERS), NOW)
    assert both.pending == (pending(), pending(execution_arn=OTHERS))
    assert leases.give_back(both, MINE, at(1)).pending == (pending(execution_arn=OTHERS),)


def test_a_start_gives_back_only_a_pending_lease_that_is_its_own() -> None:
    held = item(leases=(Lease("shift", EARLIER),), pending=(pending(execution_arn=OTHERS), pending()), managed=True)
    assert leases.give_back(held, MINE, NOW) == replace(held, pending=(pending(execution_arn=OTHERS),), changed_at=NOW)
    assert leases.give_back(held, STOP, NOW) is held


def test_a_start_that_runs_settles_its_lease_for_its_minutes_from_then_on() -> None:
    taken = leases.take(item(pending=(pending("night", OTHERS),)), starter(), NOW)
    assert leases.settle(taken, starter(), at(10)) == item(
        leases=(Lease("shift", at(10), at(130)),), pending=(pending("night", OTHERS),), managed=True, changed_at=at(10)
    )


def test_a_lease_of_no_minutes_holds_until_it_is_released() -> None:
    settled = item(leases=(Lease("shift", NOW, None),), managed=True, changed_at=NOW)
    assert leases.settle(item(), starter(minutes=0), NOW) == settled


@pytest.mark.parametrize(
    ("before", "minutes", "after"),
    [
        pytest.param(
            Lease("shift", EARLIER, at(30), at(-1)), 120, Lease("shift", EARLIER, at(120), None, NOW), id="extended"
        ),
        pytest.param(
            Lease("shift", EARLIER, at(30), at(-1)), 20, Lease("shift", EARLIER, at(30), at(-1)), id="not shortened"
        ),
        pytest.param(
            Lease("shift", EARLIER, at(30), at(-1)), 30, Lease("shift", EARLIER, at(30), at(-1)), id="the same"
        ),
        pytest.param(
            Lease("shift", EARLIER, at(30), at(-1)), 0, Lease("shift", EARLIER, None, None, NOW), id="now without end"
        ),
        pytest.param(
            Lease("shift", EARLIER, None, at(-1)), 20, Lease("shift", EARLIER, None, at(-1)), id="endless as before"
        ),
        pytest.param(
            Lease("shift", EARLIER, NOW, at(-1)), 20, Lease("shift", NOW, at(20)), id="a new one: it had ended"
        ),
    ],
)
def test_settling_again_extends_a_lease_and_never_shortens_it(before: Lease, minutes: int, after: Lease) -> None:
    others = Lease("night", EARLIER, at(600))
    held = item(leases=(before, others))
    assert leases.settle(held, starter(minutes=minutes), NOW).leases == (others, after)


@pytest.mark.parametrize("ignore", [False, True])
def test_a_lease_remembers_that_it_was_taken_to_ignore_the_budget(ignore: bool) -> None:
    asks = replace(starter(), ignore_budget=ignore)
    taken = leases.take(item(), asks, NOW)
    assert taken.pending == (replace(pending(), ignores_budget=ignore or None),)
    assert leases.settle(taken, asks, NOW).leases == (Lease("shift", NOW, at(120), ignores_budget=ignore or None),)


@pytest.mark.parametrize(
    ("before", "asks", "after"), [(None, False, None), (True, False, True), (None, True, True), (True, True, True)]
)
def test_once_it_ignores_the_budget_it_does_so_until_it_ends(
    before: bool | None, asks: bool, after: bool | None
) -> None:
    held = item(leases=(Lease("shift", EARLIER, at(30), ignores_budget=before),))
    (mine,) = leases.settle(held, replace(starter(), ignore_budget=asks), NOW).leases
    assert mine == Lease("shift", EARLIER, at(120), extended_at=NOW, ignores_budget=after)


@pytest.mark.parametrize(("settled", "full"), [(299, False), (300, True)])
def test_five_hundred_leases_are_all_that_a_model_has_room_for(settled: int, full: bool) -> None:
    held = item(
        leases=tuple(Lease(f"l{number}", NOW) for number in range(settled)),
        pending=tuple(pending(f"p{number}", f"{OTHERS}{number}") for number in range(200)),
    )
    assert bool(leases.is_full(held, starter())) is full
    assert not leases.is_full(held, starter("l7"))  # it has its place already
    assert not leases.is_full(held, starter(execution_arn=f"{OTHERS}7"))


# A stop -------------------------------------------------------------------------------------------


def test_a_release_ends_the_lease_of_that_id_settled_and_pending() -> None:
    night = Lease("night", EARLIER)
    held = item(
        leases=(Lease("shift", EARLIER), night), pending=(pending(), pending("night", OTHERS), pending("shift", STOP))
    )
    released = leases.release(held, "shift", NOW)
    assert released == replace(held, leases=(night,), pending=(pending("night", OTHERS),), changed_at=NOW)


@pytest.mark.parametrize("which", [{"leases": (Lease("shift", EARLIER),)}, {"pending": (pending(),)}])
def test_a_release_ends_either_kind_alone_too(which: dict[str, object]) -> None:
    assert leases.release(item(**which), "shift", NOW) == item(changed_at=NOW)


def test_the_release_of_an_unknown_lease_changes_nothing() -> None:
    held = item(leases=(Lease("shift", EARLIER),))
    assert leases.release(held, "shif", NOW) is held


def test_force_ends_all_leases_and_is_remembered() -> None:
    held = item(leases=(Lease("shift", EARLIER),), pending=(pending(),), managed=True, claim=Claim(STOP, EARLIER))
    assert leases.force(held, NOW) == item(managed=True, claim=Claim(STOP, EARLIER), forced_at=NOW, changed_at=NOW)


def test_a_claim_is_one_executions_until_it_is_cleared() -> None:
    claimed = leases.claim(item(managed=True), STOP, NOW)
    assert claimed == item(managed=True, claim=Claim(STOP, NOW), changed_at=NOW)
    assert leases.unclaim(claimed, at(2)) == item(managed=True, changed_at=at(2))


def test_a_stop_that_claims_again_has_claimed_since_the_first_time_and_another_one_since_now() -> None:
    claimed = leases.claim(item(), STOP, NOW)
    assert leases.claim(claimed, STOP, at(1)) == replace(claimed, changed_at=at(1))
    assert leases.claim(claimed, MINE, at(1)).claim == Claim(MINE, at(1))


def test_clearing_a_claim_that_is_not_there_changes_nothing() -> None:
    unclaimed = item(managed=True)
    assert leases.unclaim(unclaimed, NOW) is unclaimed


# The sweep ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lease", "start"), [(True, True), (True, False), (False, True)], ids=["both kinds", "a lease", "a start"]
)
def test_leases_that_hold_nothing_any_more_are_dropped(lease: bool, start: bool) -> None:
    kept = item(leases=(Lease("a", EARLIER, at(1)), Lease("b", EARLIER)), pending=(pending(),))
    worn = replace(
        kept,
        leases=kept.leases + (Lease("c", EARLIER, NOW),) * lease,
        pending=kept.pending + (pending("d", OTHERS, NOW),) * start,
    )
    assert leases.without_expired(worn, NOW) == replace(kept, changed_at=NOW)
    assert leases.without_expired(kept, NOW) is kept


def test_a_model_that_went_down_loses_its_settled_leases_and_keeps_its_starts() -> None:
    held = item(leases=(Lease("a", EARLIER), Lease("b", EARLIER, at(9))), pending=(pending(),), managed=True)
    assert leases.end_settled(held, NOW) == item(pending=(pending(),), managed=True, changed_at=NOW)


@pytest.mark.parametrize(
    ("fields", "ours"),
    [
        pytest.param({"changed_at": NOW - LONGEST_CALL}, True, id="a call may still be under way"),
        pytest.param({"changed_at": NOW - LONGEST_CALL - timedelta(milliseconds=1)}, False, id="no call any more"),
        pytest.param({"changed_at": None}, False, id="nothing ever changed"),
        pytest.param({"leases": (Lease("a", EARLIER),)}, True, id="a lease is left"),
        pytest.param({"leases": (Lease("a", EARLIER, EARLIER),)}, True, id="an expired lease is left"),
        pytest.param({"pending": (pending(),)}, True, id="a start is under way"),
        pytest.param({"claim": Claim(STOP, EARLIER)}, True, id="a claim is left"),
    ],
)
def test_a_model_is_given_up_only_when_nothing_is_left_and_no_call_can_land(
    fields: dict[str, object], ours: bool
) -> None:
    found = item(managed=True, **{"changed_at": EARLIER, **fields})
    assert leases.unmanage(found, NOW) == replace(found, managed=ours)


def test_a_model_that_is_not_ours_is_not_given_up() -> None:
    found = item(managed=False)
    assert leases.unmanage(found, NOW) is found


@pytest.mark.parametrize(("units", "counted"), [(3, 3), (None, 1)], ids=["known", "not told: the least there is"])
def test_a_model_that_is_found_running_is_counted_from_now_on(units: int | None, counted: int) -> None:
    assert leases.found_running(item(), units, NOW).running == Running(NOW, counted, found=True)
    scales = leases.found_running(item(), units, NOW, 4).running
    assert scales == Running(NOW, counted, found=True, max_inference_units=4)


# What holds whatever comes ------------------------------------------------------------------------

TIMES = st.integers(-600, 600).map(at)
IDS = st.sampled_from(["a", "b", "c"])
ARNS = st.sampled_from([MINE, OTHERS, STOP])
STARTERS = st.builds(Starter, ARNS, IDS, TIMES, st.just(0) | st.integers(1, LONGEST_LEASE // timedelta(minutes=1)))
ITEMS = st.builds(
    ModelItem,
    st.just(ARN),
    st.integers(0, 9),
    st.lists(st.builds(Lease, IDS, TIMES, st.none() | TIMES), max_size=3, unique_by=lambda one: one.lease_id).map(
        tuple
    ),
    st.lists(st.builds(PendingLease, IDS, ARNS, TIMES), max_size=3, unique_by=lambda one: one.execution_arn).map(tuple),
    st.none() | st.builds(Claim, ARNS, TIMES),
    st.booleans(),
    st.none() | TIMES,
    st.none() | TIMES,
    st.none() | st.builds(Running, TIMES, st.integers(1, 5)),
)
CHANGES: dict[str, Callable[[ModelItem, Starter, datetime], ModelItem]] = {
    "take": leases.take,
    "give_back": lambda found, who, now: leases.give_back(found, who.execution_arn, now),
    "settle": leases.settle,
    "release": lambda found, who, now: leases.release(found, who.lease_id, now),
    "force": lambda found, _, now: leases.force(found, now),
    "claim": lambda found, who, now: leases.claim(found, who.execution_arn, now),
    "unclaim": lambda found, _, now: leases.unclaim(found, now),
    "without_expired": lambda found, _, now: leases.without_expired(found, now),
    "end_settled": lambda found, _, now: leases.end_settled(found, now),
    "unmanage": lambda found, _, now: leases.unmanage(found, now),
}
END_LEASES = {"release", "force", "end_settled"}
END_STARTS = {"give_back", "settle", "release", "force"}


def ends(lease: Lease | None, now: datetime) -> datetime:
    """Until when a lease holds; now where it does not."""
    if lease is None:
        return now
    return max(lease.expires_at, now) if lease.expires_at else datetime.max.replace(tzinfo=now.tzinfo)


@pytest.mark.parametrize("name", CHANGES)
@given(found=ITEMS, who=STARTERS, now=TIMES)
def test_no_change_touches_what_is_not_its_own(name: str, found: ModelItem, who: Starter, now: datetime) -> None:
    changed = CHANGES[name](found, who, now)
    assert changed.revision == found.revision  # the table's alone
    assert (changed.project_version_arn, changed.reported) == (ARN, found.reported)
    assert changed.running in (found.running, leases.counted(found, now).running)
    assert changed.claim == found.claim or name in {"claim", "unclaim"}
    assert changed.forced_at == found.forced_at or name == "force"
    assert changed.managed == found.managed or name in {"take", "settle", "unmanage"}
    assert set(found.held(now)) <= set(changed.held(now)) or name in END_LEASES | {"settle"}
    assert set(found.awaited(now)) <= set(changed.awaited(now)) or name in END_STARTS | {"take"}
    same = replace(changed, changed_at=found.changed_at, running=found.running) == found
    assert same or name == "unmanage" or changed.changed_at == now
    assert changed.managed or not found.managed or name == "unmanage"


@given(found=ITEMS, who=STARTERS, now=TIMES)
def test_settling_shortens_no_lease_and_ends_no_start_of_others(found: ModelItem, who: Starter, now: datetime) -> None:
    settled = leases.settle(found, who, now)
    for lease_id in ("a", "b", "c"):
        assert ends(found.lease(lease_id), now) <= ends(settled.lease(lease_id), now)
    mine = settled.lease(who.lease_id)
    assert mine is not None
    assert mine in settled.held(now)
    assert mine.expires_at is None or mine.expires_at >= now + timedelta(minutes=who.lease_minutes)
    assert settled.pending == tuple(one for one in found.pending if one.execution_arn != who.execution_arn)
    assert len({lease.lease_id for lease in settled.leases}) == len(settled.leases)


@given(found=ITEMS, who=STARTERS, now=TIMES)
def test_a_start_that_gives_back_what_it_took_leaves_the_others_as_they_were(
    found: ModelItem, who: Starter, now: datetime
) -> None:
    before = leases.give_back(found, who.execution_arn, now)
    after = leases.give_back(leases.take(before, who, now), who.execution_arn, now)
    assert (after.leases, after.pending, after.claim) == (before.leases, before.pending, before.claim)
    assert after.managed  # it may have been requested: it is to be stopped if it runs


@given(found=ITEMS, lease_id=IDS, now=TIMES)
def test_after_a_release_nothing_of_that_id_holds_the_model(found: ModelItem, lease_id: str, now: datetime) -> None:
    released = leases.release(found, lease_id, now)
    assert (released.lease(lease_id), lease_id in {one.lease_id for one in released.pending}) == (None, False)
    assert leases.release(released, lease_id, now) is released


# Past starts --------------------------------------------------------------------------------------


def test_the_last_20_past_starts_are_remembered_the_newest_last_and_each_once() -> None:
    assert PAST_STARTS == 20  # says the contract
    remembered = item()
    for minutes in range(PAST_STARTS + 2):
        start = PastStart(at(minutes), longer_than=600, at_most=605 + minutes)
        remembered = leases.record(leases.record(remembered, start), replace(start, at_most=700))
    assert [start.requested_at for start in remembered.starts] == [at(2 + n) for n in range(PAST_STARTS)]
    assert remembered.starts[-1].at_most == 605 + PAST_STARTS + 1
