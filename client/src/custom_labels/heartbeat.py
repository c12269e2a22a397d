"""Keeps a lease while a block runs: a thread that extends it at half of its time, and remembers why it could not."""

import logging
import threading
import time
from collections.abc import Callable

from custom_labels.errors import (
    AccessDenied,
    CustomLabelsError,
    ExecutionAborted,
    ServiceUnavailable,
    TimedOut,
)

_PASSING = (ServiceUnavailable, TimedOut, ExecutionAborted, AccessDenied)
"""Failures after which the lease may still be extended in time: access too comes back with fresh credentials."""
RETRY = 20.0
"""Seconds between two tries."""
log = logging.getLogger(__name__)


class Heartbeat:
    """Extends a lease again and again, until it is stopped.

    Parameters
    ----------
    extend : callable
        Extends the lease once, or raises.
    seconds : float
        For how long the lease holds after each time.
    at_most : float
        Seconds after which it is extended no more: a forgotten notebook must not hold a model.
    """

    def __init__(self, extend: Callable[[], object], seconds: float, at_most: float) -> None:
        self._extend, self._seconds = extend, seconds
        self._holds_until = time.monotonic() + seconds
        self._ends = time.monotonic() + at_most
        self._over = threading.Event()
        self._failure: CustomLabelsError | None = None
        self._thread = threading.Thread(target=self._beat, name="custom-labels-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise why the lease could not be kept.

        Raises
        ------
        CustomLabelsError
            Of another thread's last try.
        """
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Extend no more. What is under way ends by itself."""
        self._over.set()

    def _beat(self) -> None:
        pause = self._seconds / 2
        while not self._over.wait(min(pause, max(0.0, self._ends - time.monotonic()))):
            if time.monotonic() >= self._ends:
                log.warning("The lease is extended no more: at_most_minutes are over.")
                return
            pause = self._once()
            if self._failure:
                return

    def _once(self) -> float:
        """Extend it; after how many seconds to do so again."""
        began = time.monotonic()
        try:
            self._extend()
        except Exception as error:  # noqa: BLE001 - whatever it is, the block has to learn of it
            lost = time.monotonic() >= self._holds_until
            if isinstance(error, _PASSING) and not lost:
                log.warning("The lease could not be extended, and is tried again: %s", error)
                return min(RETRY, self._seconds / 8)
            self._failure = (
                error
                if isinstance(error, CustomLabelsError)
                else ServiceUnavailable(f"The lease could not be extended: {error!r}")
            )
            return 0.0
        self._holds_until = began + self._seconds
        return self._seconds / 2
