"""The lease is kept while the block runs: extended in time, in spite of what passes, and no longer than asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from custom_labels import heartbeat
from custom_labels.errors import CustomLabelsError, ModelStopped, ServiceUnavailable
from custom_labels.heartbeat import Heartbeat
from tests.deployed.executions import wait_until

LONG = 10**6
"""Seconds, longer than any machine pauses."""


class Lease:
    """Is extended; each time the next of what a test wants happens."""

    def __init__(self, *happens: Exception | None) -> None:
        self.happens, self.tries = list(happens), 0

    def extend(self) -> None:
        self.tries += 1
        if self.happens and (error := self.happens.pop(0)):
            raise error


@contextmanager
def beating(lease: Lease, seconds: float = 0.02, at_most: float = LONG) -> Iterator[Heartbeat]:
    beats = Heartbeat(lease.extend, seconds, at_most)
    try:
        yield beats
    finally:
        beats.stop()


def failure_of(beats: Heartbeat) -> CustomLabelsError | None:
    try:
        beats.check()
    except CustomLabelsError as error:
        return error
    return None


def test_it_extends_again_and_again() -> None:
    lease = Lease()
    with beating(lease) as beats:
        wait_until(lambda: lease.tries >= 5)
        beats.check()


@pytest.mark.parametrize("passing", [ServiceUnavailable("Throttled."), ServiceUnavailable("No network.")])
def test_a_try_that_fails_is_made_again_while_the_lease_holds(
    passing: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "RETRY", 0.01)
    lease = Lease(passing, passing)
    with beating(lease, seconds=LONG) as beats:
        # Half of that is not waited for: the beat itself is asked.
        for _ in range(3):
            beats._once()
        beats.check()
    assert lease.tries == 3


def test_once_the_lease_is_over_the_failure_is_raised() -> None:
    lease = Lease(*[ServiceUnavailable("No network.")] * 1000)
    with beating(lease) as beats:
        wait_until(lambda: failure_of(beats) is not None)
        assert "No network" in str(failure_of(beats))


def test_a_model_that_was_stopped_is_known_at_once_and_is_not_asked_for_again() -> None:
    lease = Lease(ModelStopped("Somebody stopped it."))
    with beating(lease) as beats:
        wait_until(lambda: isinstance(failure_of(beats), ModelStopped))
    assert lease.tries == 1


def test_what_nobody_expected_is_raised_too() -> None:
    lease = Lease(RuntimeError("Luck"))
    with beating(lease) as beats:
        wait_until(lambda: "Luck" in str(failure_of(beats)))


def test_after_the_longest_time_it_extends_no_more() -> None:
    lease = Lease()
    with beating(lease, seconds=LONG, at_most=0) as beats:
        wait_until(lambda: not beats._thread.is_alive())
        beats.check()
    assert lease.tries == 0


def test_it_keeps_no_process_alive() -> None:
    with beating(Lease(), seconds=LONG) as beats:
        assert beats._thread.daemon
