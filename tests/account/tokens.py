"""Tasks that wait for a token, as Step Functions keeps them: alive by heartbeats, ended once."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from tests.account.kernel import Process, Simulation
from tests.account.machine import TaskError
from tests.account.services import ServiceError

Json = Any


@dataclass
class Waiting:
    """One task: ``result`` is for the execution, the rest for who has the token."""

    simulation: Simulation
    _outcome: tuple[str, ...] | None = None
    _closed: bool = False
    _beaten: float = 0
    _process: Process | None = None

    def __post_init__(self) -> None:
        self._beaten = self.simulation.seconds

    def result(self, heartbeat: float) -> Json:
        """Wait for the end of the task; raises TaskError."""
        me = self._process = self.simulation.present
        assert me is not None
        try:
            while self._outcome is None:
                left = self._beaten + heartbeat - self.simulation.seconds
                if left <= 0:
                    raise TaskError("States.Timeout", "")
                self.simulation.wake(me, left)
                self.simulation.pause()
        finally:
            self._closed = True
        if len(self._outcome) > 1:
            raise TaskError(*self._outcome)
        return json.loads(self._outcome[0])

    def beat(self) -> None:
        self._check()
        self._beaten = self.simulation.seconds

    def end(self, *outcome: str) -> None:
        """With an output, or with an error and a cause."""
        self._check()
        self._outcome = outcome
        if self._process is not None:
            self.simulation.wake(self._process, 0)

    def _check(self) -> None:
        if self._closed or self._outcome is not None:
            raise ServiceError("TaskTimedOut")


@dataclass
class Tokens:
    """All of them, by their tokens."""

    simulation: Simulation
    tasks: dict[str, Waiting] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def new(self) -> str:
        """The token of a task that begins now."""
        token = f"token-{next(self._numbers)}"
        self.tasks[token] = Waiting(self.simulation)
        return token

    def wait(self, token: str, heartbeat: float) -> Json:
        return self.tasks[token].result(heartbeat)
