"""The emulator's clock: the machine's, and what was added to it. Nobody has to wait for hours to pass.

It is what clocks say that changes, here and in the functions' processes. A Wait state is over by this clock; who waits
for some seconds otherwise, as before a retry, waits for them.
"""

from __future__ import annotations

import threading
import time

import time_machine

from emulator.emulated_clock import put_ahead


class Clock:
    """Goes as fast as the machine's, and never back while an emulator runs.

    Attributes
    ----------
    ahead
        Of the machine's clock, in seconds.

    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self._lock = threading.Lock()
        self._travel: time_machine.travel | None = None
        self._traveller: time_machine.Traveller | None = None

    def advance(self, seconds: float) -> None:
        """Let so much time have passed, in the whole of this process.

        Raises
        ------
        ValueError
            The clock would go back.

        """
        if seconds < 0:
            raise ValueError("the clock does not go back")
        with self._lock:
            if self._traveller is None:
                self._travel = time_machine.travel(time.time(), tick=True)
                self._traveller = self._travel.start()
            self.ahead += seconds
            put_ahead(self._traveller, self.ahead, time_machine.escape_hatch.time.time)

    def reset(self) -> None:
        """Let it be the machine's again: there is no emulator any more."""
        with self._lock:
            if self._travel is not None:
                self._travel.stop()
            self._travel, self._traveller, self.ahead = None, None, 0.0
