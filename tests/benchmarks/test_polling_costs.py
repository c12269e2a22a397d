"""What waiting for a model costs, of the same simulated starts as docs/evidence/benchmarks.md, with fewer of them."""

from collections.abc import Sequence
from statistics import fmean

import pytest

from benchmarks.starts import (
    BEGIN,
    FIXED,
    SECOND,
    Rule,
    Watched,
    by_rule,
    durations,
    first,
    history,
    learned,
    rows,
    watch,
)
from emulator import prices
from lifecycle.model.leases import PAST_STARTS, PastStart
from lifecycle.shared.pricing import STATUS_CHECK

FEW = 40
"""Starts, where one teaches the next nothing."""
ROWS = tuple(rows())
OF_TWENTY_MINUTES = 9
"""Times cheaper than every 180 s where starts of 20 minutes lie 25 % apart: the best possible is 9.8."""


def cost(those: Sequence[Watched]) -> float:
    return fmean(one.cost for one in those)


def every(seconds: int) -> Rule:
    return lambda _elapsed: seconds


@pytest.mark.parametrize(("minutes", "spread"), ROWS)
def test_polling_holds_the_bars_that_benchmarks_md_reports(minutes: int, spread: float) -> None:
    taken = durations(60 * minutes, spread)
    intervals = {seconds: cost(by_rule(every(seconds), taken)) for seconds in FIXED}
    best = min(intervals.values())
    with_history = cost(learned(60 * minutes, spread))
    assert with_history < 0.75 * best
    assert with_history < intervals[180] / (OF_TWENTY_MINUTES if (minutes, spread) == (20, 0.25) else 10)
    without = cost(first(durations(60 * minutes, spread, FEW)))
    assert without < 1.02 * best
    assert without < intervals[180] / 6.5


def test_a_fixed_interval_is_one_of_the_products_own() -> None:
    taken = durations(720, 0.25, 5)
    assert cost(first(taken, 60)) == pytest.approx(cost(by_rule(every(60), taken)))


@pytest.mark.parametrize("spread", [0.1, 0.25])
def test_a_model_that_has_become_twice_as_slow_costs_little_more_than_without_history(spread: float) -> None:
    slow = durations(720, spread, 20)
    after, blind = watch(slow, history(durations(360, spread, 20))), cost(first(slow))
    # A third more, for three starts: what is known no longer fits, and checks every 10 s (15 s once) are a good rule.
    assert cost(after[:3]) < 1.35 * blind
    assert cost(after[10:]) < 0.8 * blind


@pytest.mark.parametrize("minutes", [6, 12, 20])
def test_a_model_that_has_become_twice_as_fast_is_known_after_some_starts(minutes: int) -> None:
    now = durations(60 * minutes, 0.1, 20)
    after = watch(now, history(durations(120 * minutes, 0.1, 20)))
    assert after[0].cost < SECOND * 60 * minutes / 6  # noticed within a sixth of the start's time
    assert cost(after[8:]) < cost(first(now))


@pytest.mark.parametrize("minutes", [6, 12])
def test_a_history_of_rare_looks_does_not_make_the_next_ones_late(minutes: int) -> None:
    now = durations(60 * minutes, 0.1, 20)
    assert cost(watch(now, [PastStart(BEGIN, 0, 900)] * PAST_STARTS)[:5]) < cost(first(now))


def test_the_price_of_a_status_check_is_that_of_its_parts() -> None:
    parts = prices.state_transitions(3) + prices.lambda_invocation(100, 512) + prices.DYNAMODB_READ_UNIT
    assert pytest.approx(parts) == STATUS_CHECK
