"""Step Functions: a Wait state is over when the clock says so, also where somebody has put the clock forward."""

from __future__ import annotations

import time
from typing import Any

from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from emulator.seams.patching import patch

_PAUSE_SECONDS = 0.2


def _wait(_self: WaitFunction, env: Any, wait_seconds: float) -> None:
    over_at = time.time() + wait_seconds
    while env.is_running() and (left := over_at - time.time()) > 0:
        env.program_state_event.wait(min(left, _PAUSE_SECONDS))


def install() -> None:
    """Put the patch in place."""
    # moto waits for so many seconds of the machine.
    patch(WaitFunction, "_wait_interval", _wait)
