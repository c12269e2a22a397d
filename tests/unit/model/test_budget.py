"""What the month has cost, against its budget."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.model.bill import Session
from lifecycle.model.budget import Spending, spending
from lifecycle.model.leases import ModelItem
from lifecycle.model.usage import Running
from tests.unit.examples import ARN, CONFIGURATION, NOW, OTHER_ARN, configured

DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
BUDGET = configured(monthly_budget_usd=500)


def ended(hours: float, until: datetime = NOW, units: int = 1, most: int | None = None, arn: str = ARN) -> Session:
    return Session(arn, until - hours * HOUR, until, units, 4.0, max_inference_units=most)


def runs(hours: float, units: int = 1, most: int | None = None, arn: str = ARN) -> ModelItem:
    return ModelItem(arn, running=Running(NOW - hours * HOUR, units, max_inference_units=most))


def of(*sessions: Session, items: tuple[ModelItem, ...] = (), now: datetime = NOW) -> Spending:
    return spending(sessions, items, now, BUDGET)


@pytest.mark.parametrize(
    ("sessions", "items", "spent", "per_hour"),
    [
        pytest.param((), (), 0, 0, id="nothing"),
        pytest.param((ended(10),), (), 40, 0, id="what has ended"),
        pytest.param((), (runs(10),), 40, 4, id="what runs"),
        pytest.param((), (ModelItem(ARN),), 0, 0, id="a model that is known, and does not run"),
        pytest.param((ended(10), ended(5, arn=OTHER_ARN)), (runs(1), runs(2, 2, arn=OTHER_ARN)), 80, 12, id="several"),
        pytest.param((ended(10, most=3),), (runs(1, 2, 5, OTHER_ARN),), 140, 20, id="at most units where it scales"),
        pytest.param((ended(10, units=2, most=1),), (), 80, 0, id="a maximum that is less scales nothing"),
        pytest.param((ended(10, NOW - HOUR), ended(10, NOW - 20 * HOUR)), (), 80, 0, id="one model, twice"),
    ],
)
def test_a_month_has_cost_what_has_ended_and_what_runs(
    sessions: tuple[Session, ...], items: tuple[ModelItem, ...], spent: float, per_hour: float
) -> None:
    found = of(*sessions, items=items)
    assert (found.spent, found.per_hour, found.month) == (spent, per_hour, "2026-11")


def test_a_price_of_then_counts_for_what_has_ended_and_todays_for_what_runs() -> None:
    dear = Session(ARN, NOW - HOUR, NOW, 1, 9.0)
    assert of(dear, items=(runs(1, arn=OTHER_ARN),)).spent == 13


def test_a_session_that_ends_between_the_two_readings_counts_once() -> None:
    """The items are read first: what ran then may be in the ledger by now, where it says until when."""
    found = of(ended(10), items=(runs(10),))
    assert (found.spent, found.per_hour) == (40, 0)
    assert of(ended(10), items=(runs(3),)).spent == 52, "it has been started again"


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_month_is_utcs_and_has_its_own_part_of_what_runs_across_its_end(seconds: int) -> None:
    now = DECEMBER + timedelta(seconds=seconds)
    found = of(items=(ModelItem(ARN, running=Running(DECEMBER - 200 * HOUR, 1)),), now=now)
    inside = 200 - 1 / 3600 if seconds < 0 else seconds / 3600
    assert found.spent == pytest.approx(4 * inside, abs=1e-6)
    assert found.month == ("2026-11" if seconds < 0 else "2026-12")
    assert found.is_used_up == (seconds < 0)


def test_a_session_across_the_months_begin_counts_from_then_on() -> None:
    until = DECEMBER + 3 * HOUR
    assert of(ended(100, until), now=until).spent == 12


@pytest.mark.parametrize(
    ("hours", "used_up"),
    [(124.99, False), (125, True), (125.01, True), (500, True)],
    ids=["below", "equal", "above", "far"],
)
def test_a_budget_is_used_up_once_the_month_has_cost_as_much(hours: float, used_up: bool) -> None:
    assert of(ended(hours)).is_used_up is used_up


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 20).map(lambda fifth: 3 * fifth), min_size=1, max_size=200))
def test_a_budget_that_is_met_to_the_cent_is_used_up_in_however_many_sessions(minutes: list[int]) -> None:
    """Sums of floats are not exact."""
    sessions, until = [], NOW
    for one in minutes:
        sessions.append(Session(ARN, until - timedelta(minutes=one), until, 1, 4.0))
        until -= timedelta(minutes=one)
    cost = round(sum(minutes) / 15, 2)
    assert spending(sessions, (), NOW, configured(monthly_budget_usd=cost)).is_used_up
    assert not spending(sessions, (), NOW, configured(monthly_budget_usd=cost + 0.01)).is_used_up


def test_without_a_budget_none_is_used_up() -> None:
    found = spending([ended(500)], (), NOW, CONFIGURATION)
    assert (found.is_used_up, found.is_used_up_within(99 * HOUR), found.left_hours) == (False, False, None)


@pytest.mark.parametrize(
    ("spent_hours", "running", "within"),
    [
        pytest.param(124, 0, False, id="nothing runs"),
        pytest.param(124.7, 1, False, id="in 18 minutes"),
        pytest.param(124.75, 1, True, id="in 15 minutes"),
        pytest.param(124.3, 2, False, id="in 21 minutes, with two units"),
        pytest.param(124.6, 2, True, id="in 12 minutes, with two units"),
        pytest.param(125, 0, True, id="already"),
    ],
)
def test_the_budget_is_forecast_by_what_runs_now(spent_hours: float, running: int, within: bool) -> None:
    items = (ModelItem(OTHER_ARN, running=Running(NOW, running)),) if running else ()
    assert of(ended(spent_hours), items=items).is_used_up_within(timedelta(minutes=15)) is within


def test_what_the_next_month_will_cost_uses_up_nothing_of_this_ones_budget() -> None:
    now = DECEMBER - timedelta(minutes=3)
    items = (ModelItem(OTHER_ARN, running=Running(now, 1)),)
    found = of(ended(124.9, now), items=items, now=now)
    assert not found.is_used_up_within(timedelta(minutes=15)), "in 6 minutes it would be, in 3 the month ends"
    assert of(ended(124.96, now), items=items, now=now).is_used_up_within(timedelta(minutes=15))


@pytest.mark.parametrize(
    ("spent_hours", "running", "left"),
    [(100, 2, 12.5), (125, 2, 0), (125, 0, 0), (126, 0, 0), (100, 0, None), (130, 1, 0)],
)
def test_how_long_the_budget_lasts(spent_hours: float, running: int, left: float | None) -> None:
    items = (ModelItem(OTHER_ARN, running=Running(NOW, running)),) if running else ()
    assert of(ended(spent_hours), items=items).left_hours == left


def test_the_forecast_is_the_month_as_it_has_been_so_far() -> None:
    now = datetime(2026, 11, 16, tzinfo=UTC)  # half of it
    assert of(ended(100, now), now=now).forecast == 800
    assert of(now=datetime(2026, 11, 1, tzinfo=UTC)).forecast == 0
    first = datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC)
    runs_on = ModelItem(ARN, running=Running(first - HOUR, 1))
    assert of(items=(runs_on,), now=first).forecast == pytest.approx(2880, 1e-3)


def test_costs_are_to_the_cent() -> None:
    dear = configured(monthly_budget_usd=500, inference_unit_hour_usd=4.1234)
    found = spending((), [runs(10.1)], NOW, dear)
    assert (found.per_hour, found.forecast) == (4.12, round(found.forecast, 2))


def test_it_is_said_in_words() -> None:
    found = of(ended(128.1), items=(runs(0, 2, arn=OTHER_ARN),))
    assert found.of_the_budget == "USD 512.40 of USD 500.00"
    assert found.outlook == (
        "All that runs now costs USD 8.00 per hour. "
        "If the month goes on as it has so far, it comes to USD 659.98, USD 159.98 over the budget of USD 500.00."
    )
    assert of(ended(10)).outlook.endswith("it comes to USD 51.52, within the budget of USD 500.00.")
    assert replace(found, forecast=500.5).outlook.endswith("USD 500.50, USD 0.50 over the budget of USD 500.00.")
    assert replace(found, forecast=500.0).outlook.endswith("it comes to USD 500.00, within the budget of USD 500.00.")
    nothing = spending((), (), NOW, CONFIGURATION)
    assert nothing.of_the_budget == "USD 0.00"
    assert nothing.outlook == "If the month goes on as it has so far, it comes to USD 0.00."
