"""What models have cost, and who held them."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import InvalidRequest
from lifecycle.executions.outcomes import Outcome
from lifecycle.model import leases
from lifecycle.model.bill import (
    FIRST_MONTH,
    Bill,
    Line,
    Session,
    always_on,
    bill_so_far,
    ended_session,
    month_asked_for,
    month_of,
    monthly_bill,
    months_since,
    session_of,
)
from lifecycle.model.leases import Lease, ModelItem
from lifecycle.model.usage import MAX_HOLDERS, Running, Share, counted
from lifecycle.shared.wire import Json, to_wire
from tests.unit.examples import ARN, CONFIGURATION, NOW, OTHER_ARN
from tests.unit.twins import Models, StopStory, Story

HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def lease(name: str, since: float = 0, until: float | None = None) -> Lease:
    return Lease(name, at(since), None if until is None else at(until))


def shares(running: Running) -> dict[str, float]:
    """Hours, by holder."""
    return {share.lease_id: share.milliseconds / 3_600_000 for share in running.shares}


# Who held it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        pytest.param({}, {}, id="nobody"),
        pytest.param({"a": None}, {"a": 4}, id="one"),
        pytest.param({"a": None, "b": at(9)}, {"a": 2, "b": 2}, id="two share"),
        pytest.param({"a": at(1)}, {"a": 1}, id="until it expired"),
        pytest.param({"a": at(2), "b": None}, {"a": 1, "b": 3}, id="one expired meanwhile"),
        pytest.param({"a": at(-1), "b": at(4)}, {"b": 4}, id="one had expired before"),
        pytest.param({"a": at(1), "b": at(2), "c": at(3)}, {"a": 1 / 3, "b": 5 / 6, "c": 11 / 6}, id="one by one"),
    ],
)
def test_the_time_of_a_model_is_shared_by_those_who_hold_it(
    ends: dict[str, datetime | None], expected: dict[str, float]
) -> None:
    running = counted(Running(NOW, 1), ends, at(4))
    assert shares(running) == pytest.approx(expected, abs=1e-6)
    assert running.counted_until == at(4)


def test_shares_are_whole_milliseconds() -> None:
    running = counted(Running(NOW, 1), dict.fromkeys("abc"), NOW + timedelta(seconds=1))
    assert running.shares == tuple(Share(name, 333) for name in "abc")
    assert all(isinstance(share.milliseconds, int) for share in running.shares)


def test_nothing_is_counted_of_a_model_that_runs_since_now_or_of_which_nobody_has_seen_more() -> None:
    running = Running(NOW, 1)
    assert counted(running, {"a": None}, NOW) is running
    assert to_wire(running) == {
        "Since": "2026-11-24T07:00:00.000Z",
        "MinInferenceUnits": 1,
        "Shares": [],
        "Found": False,
    }


def test_what_was_counted_is_not_counted_again() -> None:
    once = counted(Running(NOW, 1), {"a": None}, at(1))
    assert counted(once, {"a": None}, at(1)) == once
    assert counted(once, {"a": None}, at(0.5)) == once  # a clock that is behind
    assert shares(counted(once, {"a": None, "b": None}, at(3))) == {"a": 2, "b": 1}


def test_of_very_many_holders_the_longest_are_kept_and_the_others_are_one() -> None:
    running = Running(NOW, 1)
    for hour in range(2 * MAX_HOLDERS):
        running = counted(running, {f"run/{hour}": None}, at(hour + 1))
    running = counted(running, {"shift": None}, at(2 * MAX_HOLDERS + 10))
    found = shares(running)
    assert len(found) == MAX_HOLDERS + 1 == 51
    assert found["shift"] == 10
    assert found["(others)"] == MAX_HOLDERS + 1
    assert sum(found.values()) == 2 * MAX_HOLDERS + 10


@given(
    steps=st.lists(
        st.tuples(st.floats(0, 5), st.dictionaries(st.sampled_from("abc"), st.none() | st.floats(-2, 30), max_size=3)),
        max_size=8,
    )
)
def test_nobody_is_counted_for_longer_than_the_model_ran(
    steps: list[tuple[float, dict[str, float | None]]],
) -> None:
    running, now = Running(NOW, 1), NOW
    for hours, ends in steps:
        now += timedelta(hours=hours)
        running = counted(running, {name: None if end is None else at(end) for name, end in ends.items()}, now)
    total = sum(share.milliseconds for share in running.shares)
    assert 0 <= total <= (now - NOW) / timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda item, now: leases.release(item, "a", now),
        leases.force,
        leases.end_settled,
        leases.without_expired,
    ],
    ids=["released", "forced", "down", "expired"],
)
def test_whatever_ends_a_lease_counts_it_first(change: object) -> None:
    assert callable(change)
    item = ModelItem(ARN, leases=(lease("a", until=2),), running=Running(NOW, 1))
    changed = change(item, at(3))
    assert changed.leases == ()
    assert shares(changed.running) == {"a": 2}


# Sessions -----------------------------------------------------------------------------------------


def test_a_model_that_is_stopped_leaves_a_session_with_its_holders_and_its_price() -> None:
    shift, batch = lease("shift", -2), lease("batch", -1)
    story = StopStory(Models(script=[(0, "RUNNING")]))
    running = Running(at(-2), 2, at(-1), (Share("shift", 3_600_000),))
    story.items.put(ModelItem(ARN, leases=(shift, batch), managed=True, running=running))
    assert story.run({"ProjectVersionArn": ARN, "LeaseId": "shift"}).outcome is Outcome.MODEL_KEPT_RUNNING
    assert story.items.ended == []
    last = StopStory(story.models, items=story.items)
    assert last.run({"ProjectVersionArn": ARN, "LeaseId": "batch"}).outcome is Outcome.MODEL_STOPPED
    (session,) = story.items.ended
    assert (session.model, session.since, session.until) == ("defects", at(-2), last.clock.now)
    assert {share.lease_id: share.milliseconds for share in session.shares} == {
        "shift": 3_600_000 + 1_800_000,
        "batch": 1_800_000,
    }
    assert session.cost == round(session.seconds / 3600 * 2 * 4.0, 2)


def test_a_stop_that_is_tried_again_after_a_conflict_records_the_session_once() -> None:
    story = StopStory(Models(script=[(0, "STOPPED")]))
    story.items.put(ModelItem(ARN, managed=True, running=Running(at(-1), 1)))
    story.items.meanwhile.append(lambda items: items.change(lambda item: replace(item, managed=False)))
    story.run({"ProjectVersionArn": ARN})
    assert [session.since for session in story.items.ended] == [at(-1)]


def test_a_stop_of_a_model_that_nobody_has_seen_begin_leaves_a_session_from_when_it_was_seen() -> None:
    story = StopStory(Models(script=[(0, "STARTING"), (100, "RUNNING")]))
    result = story.run({"ProjectVersionArn": ARN})
    (session,) = story.items.ended
    assert NOW < session.since < session.until == story.clock.now
    assert session.found
    assert result.running_seconds is None  # it may have run for longer


def test_a_start_of_a_model_that_somebody_stopped_meanwhile_ends_the_session_before() -> None:
    story = Story(Models(script=[(0, "STOPPED")]))
    story.items.put(ModelItem(ARN, managed=True, running=Running(at(-5), 1)))
    story.run({"ProjectVersionArn": ARN})
    (session,) = story.items.ended
    assert (session.since, session.until) == (at(-5), NOW)
    running = story.items.get(ARN).running
    assert running is not None
    assert running.since > NOW


def test_what_a_sweep_found_running_is_a_session_that_says_so() -> None:
    found = leases.found_running(ModelItem(ARN), 3, at(0))
    assert leases.found_running(found, 5, at(1)) is found
    session = session_of(found, at(2), CONFIGURATION)
    assert session is not None
    assert (session.found, session.min_inference_units, session.cost) == (True, 3, 24.0)
    assert session_of(ModelItem(ARN), at(2), CONFIGURATION) is None
    assert ended_session(found, found, at(2), CONFIGURATION) is None
    assert ended_session(found, replace(found, running=None), at(2), CONFIGURATION) == session


# The month ----------------------------------------------------------------------------------------

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def session(begin: float, hours: float, *held: tuple[str, float], model: str = "defects", units: int = 1) -> Session:
    since = NOVEMBER + timedelta(hours=begin)
    arn = ARN if model == "defects" else OTHER_ARN
    parts = tuple(Share(name, round(one * 3_600_000)) for name, one in held)
    return Session(arn, since, since + timedelta(hours=hours), units, 4.0, model, parts)


def test_a_bill_sums_sessions_by_model_and_holder_and_names_what_nobody_held() -> None:
    bill = monthly_bill(
        "2026-11",
        [
            session(10, 3, ("shift", 2)),
            session(20, 1, ("shift", 1)),
            session(30, 2, ("night", 2), model="cables", units=2),
        ],
    )
    assert bill == Bill(
        "2026-11",
        (
            Line("cables", OTHER_ARN, "night", 7200, 16.0),
            Line("defects", ARN, "shift", 10800, 12.0),
            Line("defects", ARN, None, 3600, 4.0),
        ),
        32.0,
    )


@pytest.mark.parametrize(
    ("begin", "hours", "cost"), [(-10, 20, 40.0), (-10, 10, 0.0), (719, 3, 4.0), (720, 3, 0.0), (-10, 1000, 2880.0)]
)
def test_a_month_has_its_part_of_a_session_that_goes_beyond_it(begin: float, hours: float, cost: float) -> None:
    bill = monthly_bill("2026-11", [session(begin, hours, ("production", hours))])
    assert bill.total == pytest.approx(cost)
    assert sum(line.cost for line in bill.lines) == pytest.approx(bill.total)


def test_what_runs_still_is_on_the_bill_until_now() -> None:
    items = [ModelItem(ARN, leases=(lease("shift", -1),), running=Running(at(-1), 1)), ModelItem(OTHER_ARN)]
    bill = bill_so_far("2026-11", [session(0, 2, ("shift", 2))], items, at(1), CONFIGURATION)
    assert bill.lines == (Line("defects", ARN, "shift", 4 * 3600, 16.0),)


def test_the_price_of_then_counts() -> None:
    dearer = replace(session(0, 1, ("shift", 1)), inference_unit_hour_usd=5.0)
    assert monthly_bill("2026-11", [session(2, 1, ("shift", 1)), dearer]).total == 9.0


MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def ran_around_midnight(before: int, after: int, *held: Share, arn: str = ARN) -> Session:
    """Seconds before and after November ends, of a model that is not configured."""
    return Session(arn, MIDNIGHT - before * SECOND, MIDNIGHT + after * SECOND, 1, 3600.0, shares=held)


def test_a_session_of_which_no_more_is_known_was_seen_from_its_beginning_and_did_not_scale() -> None:
    known = ran_around_midnight(1, 0)
    assert (known.model, known.shares, known.found, known.max_inference_units) == (None, (), False, None)
    assert monthly_bill("2026-11", [known]).always_on is None


def test_what_is_not_configured_is_called_by_its_version_and_counts_to_the_thousandth_of_a_second() -> None:
    bill = monthly_bill("2026-11", [ran_around_midnight(1, 2, Share("shift", 1000))])
    assert [(line.model, line.lease_id, line.seconds) for line in bill.lines] == [
        ("v1", None, 0.667),
        ("v1", "shift", 0.333),
    ]
    assert always_on("2026-11", [ran_around_midnight(1, 2)], MIDNIGHT)


@pytest.mark.parametrize(
    ("seconds", "lease_ids"),
    [(1, ["shift"]), (2, ["shift"]), (3, [None, "shift"])],
    ids=["all of it was held", "a second was not", "two were not"],
)
def test_time_in_which_nobody_held_it_is_a_line_if_it_is_more_than_a_second(
    seconds: int, lease_ids: list[str | None]
) -> None:
    bill = monthly_bill("2026-11", [ran_around_midnight(seconds, 0, Share("shift", 1000))])
    assert [line.lease_id for line in bill.lines] == lease_ids


def test_of_lines_that_cost_the_same_what_nobody_held_comes_first() -> None:
    bill = monthly_bill("2026-11", [ran_around_midnight(4, 0, Share("A", 2000))])
    assert [(line.lease_id, line.cost) for line in bill.lines] == [(None, 2.0), ("A", 2.0)]


@pytest.mark.parametrize("session", [ran_around_midnight(2, 0), ran_around_midnight(0, 0)], ids=["ended", "no time"])
def test_a_session_that_ended_as_a_month_began_is_none_of_its(session: Session) -> None:
    assert monthly_bill("2026-12", [session]).lines == ()
    assert always_on("2026-12", [session], MIDNIGHT + HOUR) is None


def test_a_month_is_that_of_utc_whatever_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        assert month_of(MIDNIGHT - HOUR) == "2026-11"
    time.tzset()


def test_months_are_those_of_utc_and_what_ended_later_counts_too() -> None:
    assert months_since("2026-11", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) == ["2026-11"]
    assert months_since("2026-11", datetime(2027, 1, 1, tzinfo=UTC)) == ["2026-11", "2026-12", "2027-01"]
    with pytest.raises(ValueError, match="November"):
        monthly_bill("November", [])


@pytest.mark.parametrize("month", [FIRST_MONTH, "2026-01", "2026-11"])
def test_a_month_that_may_have_a_bill_can_be_asked_for(month: str) -> None:
    assert month_asked_for(month, NOW) == month


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "November",
        "2026-13",
        "2026-1",
        "0001-01",
        "2019-11",
        "2026-12",
        "9999-12",
        "\uff12\uff10\uff12\uff16-11",
        7,
        ["2026-11"],
        True,
    ],
)
def test_whoever_may_view_can_not_make_the_page_read_the_ledger_for_hours(asked: Json) -> None:
    """Of each month from the one that is asked for until now there is a query."""
    with pytest.raises(InvalidRequest, match="is no month from 2019-12 to this one, such as 2026-11") as refused:
        month_asked_for(asked, NOW)
    assert "execution" not in (refused.value.cause["Remedy"] or "")
    assert month_asked_for(None, NOW) == "2026-11"


def test_what_was_asked_for_is_repeated_in_part_alone() -> None:
    with pytest.raises(InvalidRequest) as refused:
        month_asked_for("2" * 1_000_000, NOW)
    assert refused.value.message.startswith(f"Month: '{'2' * 20}' is no month")


# What it saved ------------------------------------------------------------------------------------


def ran(hours: float, since: float = 0, units: int = 1, **more: Any) -> Session:
    return Session(more.pop("arn", ARN), at(since), at(since + hours), units, 4.0, **{"model": "defects", **more})


ELAPSED = (NOW - datetime(2026, 11, 1, tzinfo=UTC)) / HOUR
"""Hours of the month by then: 559."""


@pytest.mark.parametrize(
    ("sessions", "hourly"),
    [
        pytest.param([ran(2, -4)], 4, id="one session"),
        pytest.param([ran(2, -4), ran(2, -2)], 4, id="two of one model count its time once"),
        pytest.param([ran(2, -9, 2)], 8, id="with its inference units"),
        pytest.param([ran(1, -9, 1), ran(3, -5, 3)], 10, id="with their mean over its time, where they changed"),
        pytest.param([ran(2, -9), ran(2, -9, arn=OTHER_ARN, model="cables")], 8, id="two models"),
        pytest.param([ran(2, -9), ran(2, -5, arn=OTHER_ARN)], 4, id="two versions of one name, one after the other"),
        pytest.param([ran(2, -9, model=None), ran(2, -5, arn=OTHER_ARN, model=None)], 8, id="two without a name"),
        pytest.param([ran(2, -9), ran(5, -2000)], 4, id="what ran before the month counts nothing"),
    ],
)
def test_what_the_month_would_have_cost_all_the_time(sessions: list[Session], hourly: float) -> None:
    assert always_on("2026-11", sessions, NOW) == pytest.approx(hourly * ELAPSED)


def test_a_month_that_is_over_counts_whole() -> None:
    assert always_on("2026-10", [ran(2, -800)], NOW) == pytest.approx(4 * 31 * 24)


def test_where_nothing_ran_nothing_is_said_of_what_was_saved() -> None:
    bill = bill_so_far("2026-11", [], [ModelItem(ARN)], NOW, CONFIGURATION)
    assert (bill.always_on, bill.saved) == (None, None)


def test_what_was_saved_is_never_less_than_nothing() -> None:
    """Two versions of a name that ran at a time, all the time, cost more than one."""
    both = [ran(ELAPSED, -ELAPSED), ran(ELAPSED, -ELAPSED, arn=OTHER_ARN)]
    bill = bill_so_far("2026-11", both, [], NOW, CONFIGURATION)
    assert bill.saved == pytest.approx(0)
    assert bill_so_far("2026-11", [ran(2, -4)], [], NOW, CONFIGURATION).saved == pytest.approx(4 * (ELAPSED - 2))
