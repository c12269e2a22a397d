"""How far the emulator's clock is ahead, to the millisecond in each of its processes. Functions' processes load it too.

Time that passes between reading the machine's clock and setting this one is lost. On a busy machine that is a lot, and
the clocks of two functions would differ by it: what one has made due now, the other would wait for.
"""

import time
from collections.abc import Callable
from typing import Any

_TRIES = 100
_EXACT = 0.001


def put_ahead(traveller: Any, ahead: float, real_time: Callable[[], float]) -> None:
    """Let this process's clock be so many seconds ahead of the machine's.

    Parameters
    ----------
    traveller
        Of ``time_machine``, which has begun, and ticks.
    real_time
        The machine's clock.
    """
    for _ in range(_TRIES):
        traveller.move_to(real_time() + ahead)
        before, shown, after = real_time(), time.time(), real_time()
        if after + ahead - shown < _EXACT and shown - ahead - before < _EXACT:
            return
