"""The lease is kept while the block runs: extended in time, in spite of what passes, and no longer than asked for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from custom_labels import heartbeat
from custom_labels.errors import CustomLabelsError, ModelStopped, ServiceUnavailable
from custom_labels.heartbeat import Heartbeat


class Lease:
    """Is extended; each time the next of what a test wants happens."""

    def __init__(self, *happens: Exception | None) -> None:
        self.happens, self.tries, self.tried = list(happens), 0, threading.Condition()

    def extend(self) -> None:
        with self.tried:
            self.tries += 1
            self.tried.notify_all()
            if self.happens and (error := self.happens.pop(0)):
                raise error

    def until(self, tries: int) -> None:
        with self.tried:
            assert self.tried.wait_for(lambda: self.tries >= tries, 60)


@contextmanager
def beating(lease: Lease, seconds: float = 0.02, at_most: float = 3600) -> Iterator[Heartbeat]:
    beats = Heartbeat(lease.extend, seconds, at_most)
    try:
        yield beats
    finally:
        beats.stop()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def failure_of(beats: Heartbeat) -> CustomLabelsError | None:
    try:
        beats.check()
    except CustomLabelsError as error:
        return error
    return None


def test_it_extends_again_and_again() -> None:
    lease = Lease()
    with beating(lease) as beats:
        lease.until(5)
        beats.check()


@pytest.mark.parametrize("passing", [ServiceUnavailable("Throttled."), ServiceUnavailable("No network.")])
def test_a_try_that_fails_is_made_again_while_the_lease_holds(
    passing: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "RETRY", 0.01)
    lease = Lease(passing, passing)
    with beating(lease, seconds=600) as beats:
        # Half of ten minutes is not waited for: the beat itself is asked.
        for _ in range(3):
            beats._once()
        beats.check()
    assert lease.tries == 3


def test_once_the_lease_is_over_the_failure_is_raised() -> None:
    lease = Lease(*[ServiceUnavailable("No network.")] * 1000)
    with beating(lease) as beats:
        until(lambda: failure_of(beats) is not None)
        assert "No network" in str(failure_of(beats))


def test_a_model_that_was_stopped_is_known_at_once_and_is_not_asked_for_again() -> None:
    lease = Lease(ModelStopped("Somebody stopped it."))
    with beating(lease) as beats:
        until(lambda: isinstance(failure_of(beats), ModelStopped))
    assert lease.tries == 1


def test_what_nobody_expected_is_raised_too() -> None:
    lease = Lease(RuntimeError("Luck"))
    with beating(lease) as beats:
        until(lambda: "Luck" in str(failure_of(beats)))


def test_after_the_longest_time_it_extends_no_more() -> None:
    lease = Lease()
    with beating(lease, seconds=600, at_most=0) as beats:
        until(lambda: not beats._thread.is_alive())
        beats.check()
    assert lease.tries == 0


def test_it_keeps_no_process_alive() -> None:
    with beating(Lease(), seconds=600) as beats:
        assert beats._thread.daemon
