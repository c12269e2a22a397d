"""Many starts under one quota, of the same simulation as docs/evidence/benchmarks.md."""

from statistics import fmean

import pytest

from benchmarks.scale import LARGEST_WASTE, QUOTA, Retry, Service, Slots, fair_share, simulate, spread


@pytest.mark.parametrize("number", [1, 10, 100])
def test_starts_in_the_same_second_share_the_quota(number: int) -> None:
    crowd = simulate(spread(number), slots=Slots())
    assert not crowd.failed
    assert crowd.wasted < LARGEST_WASTE
    assert fmean(crowd.late) < 1.5 * fair_share(number, alone=4)


def test_the_service_answers_so_many_calls_in_any_second() -> None:
    service = Service()
    answered = [now / 10 for now in range(100) if service.call("DescribeProjects", now / 10)]
    assert len(answered) == 10 * QUOTA
    assert service.call("DescribeProjectVersions", 9.9)  # each operation has its own


def test_without_slots_they_throttle_each_other_until_some_fail() -> None:
    crowd = simulate(spread(100))
    assert crowd.failed
    assert crowd.wasted > 5 * LARGEST_WASTE


def test_the_retries_are_the_state_machines() -> None:
    retry = Retry.of("Check the model")
    assert (retry.interval, retry.rate, retry.longest) == (2, 2, 60)
