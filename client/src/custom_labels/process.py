"""Run a command while a model is RUNNING, and end as it did."""

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

FAILED, CAN_NOT_RUN, NOT_FOUND = 125, 126, 127
"""Exit codes of what is not the command's own, as of ``env`` and ``nohup`` (GNU coreutils)."""
FORWARDED = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
VARIABLE = "CUSTOM_LABELS_PROJECT_VERSION_ARN"


class NotRunError(Exception):
    """The command could not be run: why, and the exit code that says so."""

    def __init__(self, command: str, code: int, why: str) -> None:
        super().__init__(f"{command}: {why}")
        self.code = code


def find(command: Sequence[str]) -> None:
    """See that there is such a command, before a model is started for it.

    Raises
    ------
    NotRunError
        There is none, or it may not be run.
    """
    name = command[0]
    if shutil.which(name) is None:
        is_there = os.sep in name and Path(name).exists()
        code, why = (CAN_NOT_RUN, errno.EACCES) if is_there else (NOT_FOUND, errno.ENOENT)
        raise NotRunError(name, code, os.strerror(why))


class Ended(SystemExit):
    """A signal that ends this process while no command runs: what holds the model is left in order."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


class Child:
    """The command, and the signals that are its own. It stays in this process's group, so a Ctrl-C reaches it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._early: list[int] | None = None
        """What was received while the command begins: nobody knows yet whether it is there to receive it."""

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Forward signals to the command while it runs; before and after they end this process in order."""
        before = {number: signal.signal(number, self._received) for number in (*FORWARDED, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _received(self, number: int, _frame: FrameType | None) -> None:
        if self._early is not None:
            self._early.append(number)
            return
        if self.process is None or self.process.poll() is not None:
            raise KeyboardInterrupt if number == signal.SIGINT else Ended(number)
        if number != signal.SIGINT:
            self.process.send_signal(number)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run it to its end with this process's own streams; its exit code, or 128 and the signal that ended it.

        Raises
        ------
        NotRunError
            There is no such command, or it may not be run.
        """
        self._early = []
        try:
            self.process = subprocess.Popen(command, env={**os.environ, **environment})  # noqa: S603 - what the user asks for
        except OSError as error:
            code = NOT_FOUND if isinstance(error, FileNotFoundError) else CAN_NOT_RUN
            raise NotRunError(command[0], code, error.strerror or type(error).__name__) from error
        finally:
            early, self._early = self._early, None
        for number in early:  # a Ctrl-C too: it may have come before the command was there
            self.process.send_signal(number)
        code = self.process.wait()
        return 128 - code if code < 0 else code
