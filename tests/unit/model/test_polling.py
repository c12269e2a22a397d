"""When the status is looked at next. What that costs: tests/benchmarks."""

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.starts import durations, history
from lifecycle.model.leases import PastStart
from lifecycle.model.polling import SHORTEST, Forecast, UnderWay, fixed_interval, lead_seconds, wait_seconds
from lifecycle.shared.pricing import second_cost
from tests.unit.examples import NOW

SECOND = second_cost(1, 4.0)
"""USD for a second of a model with one inference unit."""


def past(*brackets: tuple[int, int]) -> tuple[PastStart, ...]:
    """A history."""
    return tuple(PastStart(NOW, longer_than, at_most) for longer_than, at_most in brackets)


def own(elapsed: float = 0, history: Sequence[PastStart] = (), units: int = 1) -> UnderWay:
    """A start of the execution's own."""
    return UnderWay(elapsed, history, units * SECOND)


def wait(left: float = 3600, *, status_checks: int = 1, poll: int | None = None, start: UnderWay | None = None) -> int:
    deadline = NOW + timedelta(seconds=left)
    return wait_seconds(now=NOW, deadline=deadline, status_checks=status_checks, poll_seconds=poll, start=start)


def checked_at(history: Sequence[PastStart], units: int = 1, until: int = 3600) -> list[int]:
    """When a start of its own is looked at that never is RUNNING."""
    seconds = [0]
    while seconds[-1] < until:
        seconds.append(seconds[-1] + wait(10**6, start=own(seconds[-1], history, units)))
    return seconds[1:]


def intervals(history: Sequence[PastStart], since: int, until: int) -> list[int]:
    seen = checked_at(history, until=until)
    return [later - sooner for sooner, later in pairwise(seen) if sooner >= since]


TWELVE_MINUTES = past((700, 705), (715, 720), (730, 736))


def test_without_history_the_first_status_check_after_a_request_comes_later_than_the_others() -> None:
    assert checked_at((), until=60) == [30, 40, 50, 60]


def test_what_is_not_a_start_of_its_own_is_checked_as_if_there_were_no_history() -> None:
    assert wait() == 10


@pytest.mark.parametrize("history", [(), TWELVE_MINUTES])
def test_a_fixed_interval_holds_for_every_look(history: tuple[PastStart, ...]) -> None:
    first, later = own(0, history), own(40, history)
    assert (wait(poll=7, start=first), wait(poll=7, start=later), wait(poll=7, status_checks=900, start=later)) == (
        7,
        7,
        7,
    )


def test_nothing_is_checked_before_past_starts_say_that_it_can_be_running() -> None:
    first, *_ = checked_at(TWELVE_MINUTES)
    assert 240 < first < 700


def test_a_status_check_without_history_that_is_not_the_first_comes_after_10_seconds_however_soon() -> None:
    assert (wait(start=own(0)), wait(start=own(0.5))) == (30, 10)


def test_half_of_the_starts_are_expected_to_take_longer_than_the_middle_of_what_is_known() -> None:
    assert Forecast.of(past((200, 450))).median == pytest.approx(300)  # half more than 200, and 450 half more again
    assert Forecast.of(past((200, 200), (800, 800))).median == pytest.approx(400)


def test_a_start_that_the_first_status_check_found_running_took_a_third_of_that_time_at_least() -> None:
    assert Forecast.of(past((0, 300))) == Forecast.of(past((100, 300)))


def test_a_past_start_that_is_known_precisely_counts_more_than_one_that_is_not() -> None:
    rough, precise = (200, 450), (1200, 1200)
    forecast = Forecast.of(past(rough, precise))
    # The variance of a start somewhere between 200 and 450, in logarithms; and how much either counts.
    unknown = math.log(450 / 200) ** 2 / 12
    of_rough, of_precise = 0.0625 / (0.0625 + unknown), 1
    share = of_precise / (of_rough + of_precise)
    assert forecast.median == pytest.approx(300 * 4**share)
    apart = (share - share**2) * math.log(4) ** 2 + (1 - share) * unknown
    assert forecast.shape == pytest.approx(math.pi / math.sqrt(3 * (apart + 0.0625 / 2) * 1.5))


def test_few_past_starts_say_less_than_many() -> None:
    assert checked_at(TWELVE_MINUTES[:1])[0] < checked_at(TWELVE_MINUTES)[0] < checked_at(TWELVE_MINUTES * 6)[0]


def test_status_checks_come_most_often_about_when_past_starts_were_running_and_then_less_often_again() -> None:
    before, about, long_after = (intervals(TWELVE_MINUTES, *when) for when in ((0, 650), (700, 800), (2000, 3600)))
    assert 2 <= fmean(about) < 5
    assert fmean(before) > 1.5 * fmean(about)
    assert 1.3 * fmean(about) < fmean(long_after) <= 10


def test_a_dearer_model_is_checked_more_often_and_never_more_often_than_the_shortest_interval() -> None:
    assert len(checked_at(TWELVE_MINUTES, units=5)) > 1.5 * len(checked_at(TWELVE_MINUTES))
    seen = checked_at(TWELVE_MINUTES, units=1000)
    assert min(later - sooner for sooner, later in pairwise(seen)) == SHORTEST


def test_a_model_that_costs_nothing_is_checked_when_it_is_expected_and_then_as_without_history() -> None:
    assert checked_at(TWELVE_MINUTES, units=0, until=740) == [718, 728, 738, 748]


@pytest.mark.parametrize("history", [past((0, 1)), past((0, 1), (86_399, 86_400)), past((86_399, 86_400)) * 20])
def test_any_history_will_do(history: tuple[PastStart, ...]) -> None:
    seen = checked_at(history, until=90_000)
    assert seen[0] <= 86_400
    assert all(later - sooner >= SHORTEST for sooner, later in pairwise(seen))


# A start for later --------------------------------------------------------------------------------


def test_a_start_for_later_begins_early_enough_for_the_longest_that_was_seen() -> None:
    assert lead_seconds(past((300, 305), (1795, 1800), *[(300, 305)] * 18)) == 1800 + 30


def test_the_more_starts_are_known_the_later_it_begins() -> None:
    leads = [lead_seconds(past((595, 600)) * n) for n in (1, 3, 20)]
    assert 600 * 1.9 > leads[0] > leads[1] > leads[2] > 600 + 30
    assert leads[2] < 600 * 1.15 + 30


@pytest.mark.parametrize("spread", [0.1, 0.25])
def test_of_starts_for_later_some_nineteen_in_twenty_are_on_time(spread: float) -> None:
    taken = durations(720, spread, 400)
    late = 0
    for begin in range(0, 400, 20):
        lead = lead_seconds(history(taken[begin : begin + 10]))
        late += sum(one > lead for one in taken[begin + 10 : begin + 20])
    assert late / 200 < 0.05


# The deadline and the turns -----------------------------------------------------------------------


@pytest.mark.parametrize("poll", [None, 900])
@pytest.mark.parametrize(("left", "seconds"), [(9, 9), (8.2, 9), (0.4, 1), (0, 1), (-5, 1)])
def test_no_wait_passes_the_deadline_by_a_second_and_none_is_shorter_than_one(
    poll: int | None, left: float, seconds: int
) -> None:
    assert wait(left, poll=poll, start=own()) == seconds


def test_in_the_second_half_of_the_turns_what_is_left_is_spread_evenly() -> None:
    assert wait(49_500, status_checks=494) == 10
    assert wait(49_500, status_checks=495) == 100
    assert wait(100, status_checks=2000) == 100


@pytest.mark.parametrize(
    ("wished", "timeout", "interval"), [(1, 990, 1), (1, 991, 2), (1, 86400, 88), (88, 86400, 88), (900, 60, 900)]
)
def test_a_fixed_interval_is_raised_just_as_far_as_the_timeout_needs(wished: int, timeout: int, interval: int) -> None:
    assert fixed_interval(wished, timeout) == interval


@settings(deadline=None)
@given(
    st.integers(1, 86400),
    st.none() | st.integers(1, 900),
    st.floats(0, 5),
    st.lists(st.integers(1, 86400), max_size=3),
    st.integers(1, 100),
)
def test_any_timeout_takes_less_than_a_thousand_turns(
    timeout: int, poll: int | None, late: float, known: list[int], units: int
) -> None:
    """From the start to the deadline, with each turn as slow as Lambda and the service make it."""
    interval = None if poll is None else fixed_interval(poll, timeout)
    history = past(*((at_most - 1, at_most) for at_most in known))
    left, turns = float(timeout), 0
    while left > 0:
        turns += 1
        assert turns < 1000
        seconds = wait(left, status_checks=turns, poll=interval, start=own(timeout - left, history, units))
        assert 1 <= seconds < left + 1
        left -= seconds + late
