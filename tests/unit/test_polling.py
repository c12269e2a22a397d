"""When the status is looked at next."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.polling import fixed_interval, wait_seconds
from tests.unit.examples import NOW


def wait(left: float = 3600, *, turns: int = 1, poll: int | None = None, requested: bool = False) -> int:
    deadline = NOW + timedelta(seconds=left)
    return wait_seconds(now=NOW, deadline=deadline, turns=turns, poll_seconds=poll, just_requested=requested)


def test_without_an_interval_the_first_look_after_a_request_comes_later_than_the_others() -> None:
    assert (wait(requested=True), wait(requested=False)) == (30, 15)


def test_a_fixed_interval_holds_for_every_look() -> None:
    assert (wait(poll=7, requested=True), wait(poll=7), wait(poll=7, turns=900)) == (7, 7, 7)


@pytest.mark.parametrize("poll", [None, 900])
@pytest.mark.parametrize(("left", "seconds"), [(9, 9), (8.2, 9), (0.4, 1), (0, 1), (-5, 1)])
def test_no_wait_passes_the_deadline_by_a_second_and_none_is_shorter_than_one(
    poll: int | None, left: float, seconds: int
) -> None:
    assert wait(left, poll=poll, requested=True) == seconds


def test_in_the_second_half_of_the_turns_what_is_left_is_spread_evenly() -> None:
    assert wait(49_500, turns=494) == 15
    assert wait(49_500, turns=495) == 100
    assert wait(100, turns=2000) == 100


@pytest.mark.parametrize(
    ("wished", "timeout", "interval"), [(1, 990, 1), (1, 991, 2), (1, 86400, 88), (88, 86400, 88), (900, 60, 900)]
)
def test_a_fixed_interval_is_raised_just_as_far_as_the_timeout_needs(wished: int, timeout: int, interval: int) -> None:
    assert fixed_interval(wished, timeout) == interval


@settings(deadline=None)
@given(st.integers(1, 86400), st.none() | st.integers(1, 900), st.floats(0, 5))
def test_any_timeout_takes_less_than_a_thousand_turns(timeout: int, poll: int | None, late: float) -> None:
    """From the start to the deadline, with each turn as slow as Lambda and the service make it."""
    interval = None if poll is None else fixed_interval(poll, timeout)
    left, turns = float(timeout), 0
    while left > 0:
        turns += 1
        assert turns < 1000
        seconds = wait(left, turns=turns, poll=interval, requested=turns == 1)
        assert 1 <= seconds < left + 1
        left -= seconds + late
