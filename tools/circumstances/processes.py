"""A command with all the processes that it starts: how much memory they take together, and that none is left."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

_SAMPLE_SECONDS = 0.5
_SAMPLES_A_MEASUREMENT = 4
"""To read a process's memory, the kernel walks all its pages."""
_ENDED = frozenset("ZX")
"""States of a process."""


class Process(NamedTuple):
    """One of the machine's, as ``/proc`` describes it.

    Attributes
    ----------
    began
        When it did, in ticks since the machine started: a pid alone may belong to another process later.
    """

    pid: int
    parent: int
    session: int
    began: int


def process(stat: str) -> Process | None:
    """A process from its ``/proc/PID/stat``, whose second field, a name in brackets, may have spaces and brackets.

    None if it has ended, and only nobody has asked for its exit code yet.
    """
    pid, _, rest = stat.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    if fields[0] in _ENDED:
        return None
    parent, session, began = (int(fields[place]) for place in (1, 3, 19))
    return Process(int(pid), parent, session, began)


def processes() -> list[Process]:
    """All there are."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.append(process(stat.read_text(errors="replace")))
    return [one for one in found if one]


def memory(pid: int) -> int:
    """Bytes of a process's memory, with its share of what it has in common with others (PSS); 0 if it has ended."""
    with contextlib.suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return 0


def family(root: int, known: Iterable[Process], alive: Sequence[Process]) -> list[Process]:
    """Who of those alive descends from a process, is of its session, or was known before its parents ended."""
    identities = {(one.pid, one.began) for one in known}
    pids = {one.pid for one in alive if root in (one.pid, one.session) or (one.pid, one.began) in identities}
    while more := {one.pid for one in alive if one.parent in pids} - pids:
        pids |= more
    return [one for one in alive if one.pid in pids]


class Watched:
    """A process that was started here, in a session of its own, with all that it starts.

    Attributes
    ----------
    memory
        The largest sum of their memory so far, in bytes; what they share counts once.
    """

    def __init__(self, started: "subprocess.Popen[bytes]") -> None:
        self.memory = 0
        self._samples = 0
        self._started = started
        self._family: list[Process] = []

    def wait(self, seconds: float) -> int | None:
        """Wait for its end. Returns its exit code, or None where it takes longer."""
        deadline = time.monotonic() + seconds
        while True:  # once at least, also where the machine stood still meanwhile
            self._sample()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._started.wait(_SAMPLE_SECONDS)
            if time.monotonic() >= deadline:
                return None

    def end(self, grace_seconds: float = 10) -> int:
        """End what is left of it. Returns how many processes that were, after they could end by themselves."""
        deadline = time.monotonic() + grace_seconds
        while self._sample() and time.monotonic() < deadline:
            time.sleep(_SAMPLE_SECONDS)
        left = len(self._family)
        while self._sample():
            for one in self._family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
            time.sleep(_SAMPLE_SECONDS)
        return left

    def _sample(self) -> list[Process]:
        self._started.poll()  # else its entry stays
        self._family = family(self._started.pid, self._family, processes())
        if self._samples % _SAMPLES_A_MEASUREMENT == 0:
            self.memory = max(self.memory, sum(memory(one.pid) for one in self._family))
        self._samples += 1
        return self._family
