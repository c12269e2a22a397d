"""Simulated time, and processes that live in it: one runs at a time, until it waits.

A process is an execution, an invocation of a function, or a schedule. Each is a greenlet, so that the handlers, which
know nothing of a simulation, wait in the middle of a call as they would on AWS, and others go on meanwhile.
"""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import greenlet


class Killed(BaseException):
    """A process ends here, whatever it is about: no ``except Exception`` of its own sees it."""


class Process:
    """Something that goes on, until it has a value or an error."""

    def __init__(self, simulation: "Simulation", body: Callable[[], Any]) -> None:
        self._simulation = simulation
        self._body = body
        self._greenlet = greenlet.greenlet(self._run, simulation.hub)
        self._waiting: list[Process] = []
        self.wakes = 0
        """How often it was woken; a wake-up for an earlier wait is none."""
        self.ended = False
        self.killed = False
        self.value: Any = None
        self.error: BaseException | None = None

    def resume(self) -> None:
        """Go on, from the hub."""
        if not self.ended:
            self.wakes += 1
            self._greenlet.switch()

    def kill(self) -> None:
        """End it where it stands."""
        if not self.ended and not self.killed:
            self.killed = True
            self._simulation.after(0, self.resume)

    def wait(self, seconds: float | None = None) -> bool:
        """Let the present process wait for the end of this one; answers whether that came in time."""
        if self.ended:
            return True
        me = self._simulation.present
        assert me is not None
        self._waiting.append(me)
        if seconds is not None:
            self._simulation.wake(me, seconds)
        self._simulation.pause()
        return self.ended

    def _run(self) -> None:
        previous, self._simulation.present = self._simulation.present, self
        try:
            if not self.killed:
                self.value = self._body()
        except (Killed, greenlet.GreenletExit):
            self.killed = True
        except Exception as error:  # noqa: BLE001 - whoever waits for it decides what it means
            self.error = error
        self.ended = True
        self._simulation.present = previous
        for process in self._waiting:
            self._simulation.wake(process, 0)


class Simulation:
    """Time that passes only when nobody has anything to do."""

    def __init__(self, beginning: datetime, on_time: Callable[[datetime], object] = lambda _now: None) -> None:
        self._beginning = beginning
        self._on_time = on_time
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self.seconds = 0.0
        self.present: Process | None = None
        self.hub = greenlet.getcurrent()

    @property
    def now(self) -> datetime:
        """As a moment."""
        return self._beginning + timedelta(seconds=self.seconds)

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something later."""
        heapq.heappush(self._due, (self.seconds + max(0.0, seconds), next(self._numbers), action))

    def begin(self, body: Callable[[], Any], after: float = 0) -> Process:
        """Begin a process, now or later."""
        process = Process(self, body)
        self.after(after, process.resume)
        return process

    def wake(self, process: Process, seconds: float) -> None:
        """Let a process that waits go on later, unless something else has woken it before."""
        wakes = process.wakes
        self.after(seconds, lambda: process.resume() if process.wakes == wakes else None)

    def pause(self) -> None:
        """Let the present process wait until somebody wakes it."""
        me = self.present
        assert me is not None
        self.hub.switch()
        self.present = me
        if me.killed:
            raise Killed

    def sleep(self, seconds: float) -> None:
        """Let the present process wait."""
        assert self.present is not None
        self.wake(self.present, seconds)
        self.pause()

    def run(self, until: float, enough: Callable[[], object] = lambda: False) -> bool:
        """Let everything happen that is due until then, or until it is enough; answers whether it is."""
        while not enough():
            if not self._due or self._due[0][0] > until:
                self.seconds = max(self.seconds, until)
                self._on_time(self.now)
                return False
            self.seconds, _, action = heapq.heappop(self._due)
            self._on_time(self.now)
            self.present = None
            action()
        return True

    def abandon(self) -> None:
        """End all that goes on."""
        self._due.clear()
