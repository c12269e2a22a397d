"""What a function's process runs: AWS's runtime client, by the emulator's clock, until the emulator ends.

Run as a script, with the file that says by how many seconds the emulator's clock is ahead of the machine's, and a
directory with nothing but what sets a process's clock. It imports nothing of the emulator: a function sees
what Lambda would give it.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import awslambdaric.__main__ as runtime
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient


class _Clock:
    """That of the process, put forward where the emulator's was: a cold start for that would take long."""

    def __init__(self, ahead_in: str, time_machine_in: str) -> None:
        self._file, self._package = Path(ahead_in), time_machine_in
        self._ahead = 0.0
        self._traveller: Any = None
        self._put_ahead: Any = None
        self._real_time = time.time

    def follow(self) -> None:
        ahead = float(self._file.read_text())
        if ahead == self._ahead:
            return
        if self._traveller is None:
            sys.path.append(self._package)
            import emulated_clock  # type: ignore[import-not-found]  # in that directory, beside the package
            import time_machine

            sys.path.pop()
            self._put_ahead = emulated_clock.put_ahead
            self._real_time = time_machine.escape_hatch.time.time
            self._traveller = time_machine.travel(time.time(), tick=True).start()
        self._put_ahead(self._traveller, ahead, self._real_time)
        self._ahead = ahead


class _Client(LambdaRuntimeClient):  # type: ignore[misc]  # awslambdaric ships no types
    """Looks at the clock when a request has come, before the handler does."""

    clock: _Clock

    def wait_next_invocation(self) -> Any:
        request = super().wait_next_invocation()
        self.clock.follow()
        return request


def _end_with_parent() -> None:
    """However the emulator ends: nobody else holds the other end of this process's stdin."""
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Client.clock = _Clock(*sys.argv[1:])
    _Client.clock.follow()
    runtime.LambdaRuntimeClient = _Client
    runtime.main(["awslambdaric", os.environ["_HANDLER"]])
