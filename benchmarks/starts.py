"""Simulated starts of a model, watched by the product's own code: what status checks and noticing late cost.

Nothing is simulated but the model: how long it takes to be RUNNING. What follows from a check, and when the next one is
due, ``lifecycle.start_model.steps`` says, as it does in the functions; a fixed interval is its ``PollSeconds``. A check
takes no time here; on AWS it takes a tenth of a second of a function, whoever polls.
"""

import math
import random
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import cast

from lifecycle.configuration import Configuration
from lifecycle.executions.requests import Execution
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import Action, Progress, Refusal
from lifecycle.model.leases import ModelItem, PastStart
from lifecycle.model.version import ModelVersion
from lifecycle.ports import ModelItems, Models
from lifecycle.shared.pricing import STATUS_CHECK, second_cost
from lifecycle.start_model.request import StartRequest
from lifecycle.start_model.steps import request_start, start_transition

BEGIN = datetime(2026, 11, 24, 7, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
HOME = "arn:aws:rekognition:us-east-1:123456789012:project"
ARN = f"{HOME}/boards/version/v1/1793520000000"
CONFIGURATION = Configuration(models={}, inference_unit_hour_usd=4.0)
SECOND = second_cost(1, CONFIGURATION.inference_unit_hour_usd)
"""USD for a second of a model with one inference unit."""
DESCRIBE, START = "DescribeProjectVersions", "StartProjectVersion"
FIXED = (900, 300, 180, 60, 30, 15, 10, 5)
"""What people choose, in seconds."""
Rule = Callable[[float], float]
"""When to look next, where nothing is known of past starts: of the seconds since the request, the seconds to wait."""


@dataclass(frozen=True)
class Watched:
    """One start: status checks since its request, and seconds from RUNNING to the one that saw it."""

    status_checks: int
    late: float

    @property
    def cost(self) -> float:
        """USD that a clairvoyant would have saved, but for one look."""
        return self.status_checks * STATUS_CHECK + self.late * SECOND


def durations(mean: float, spread: float, number: int = 200) -> list[float]:
    """How long that many starts take, in some order: normally distributed, as evenly as can be."""
    normal = NormalDist(mean, spread * mean)
    taken = [normal.inv_cdf((i + 0.5) / number) for i in range(number)]
    random.Random(7).shuffle(taken)
    return taken


def watch(taken: Sequence[float], starts: Sequence[PastStart] = (), poll_seconds: int | None = None) -> list[Watched]:
    """One start after the other of one model, each by an execution of its own that remembers what it has seen."""
    item, watched = ModelItem(ARN, starts=tuple(starts)), []
    for number, seconds in enumerate(taken):
        start = Start(seconds, item, poll_seconds)
        start.run(BEGIN + timedelta(days=number))
        item = ModelItem(ARN, starts=start.item.starts)
        watched.append(start.watched)
    return watched


def first(taken: Sequence[float], poll_seconds: int | None = None) -> list[Watched]:
    """Each of these starts as if it were the model's first."""
    return [watch([seconds], poll_seconds=poll_seconds)[0] for seconds in taken]


def learned(mean: float, spread: float, known: int = 20, number: int = 200) -> list[Watched]:
    """Starts of a model of which so many others are known."""
    return watch(durations(mean, spread, known + number))[known:]


def history(taken: Sequence[float]) -> tuple[PastStart, ...]:
    """What is remembered of these starts, had each been looked at every 4 seconds."""
    return tuple(
        PastStart(BEGIN - timedelta(days=number + 1), max(0, math.ceil(one) - 4), math.ceil(one))
        for number, one in enumerate(taken)
    )


def by_rule(rule: Rule, taken: Sequence[float]) -> list[Watched]:
    """First starts watched by a rule that is not the product's."""
    watched = []
    for seconds in taken:
        elapsed, status_checks = 0.0, 0
        while elapsed < seconds:
            elapsed, status_checks = elapsed + rule(elapsed), status_checks + 1
        watched.append(Watched(status_checks, elapsed - seconds))
    return watched


class Start:
    """One start of a model that takes so many seconds: the loop of the state machine around the product's own code.

    Parameters
    ----------
    item : ModelItem
        The model's, with its history.
    """

    def __init__(self, seconds: float, item: ModelItem, poll_seconds: int | None = None) -> None:
        self.item = item
        self.status_checks = 0
        self._seconds = seconds
        self._poll_seconds = poll_seconds
        self._running_at = NEVER
        self._now = BEGIN

    @property
    def watched(self) -> Watched:
        """How it went, once it has ended."""
        return Watched(self.status_checks, (self._now - self._running_at).total_seconds())

    def steps(self, began: datetime) -> Generator[str | float, datetime, None]:
        """From the first look to the one that sees it RUNNING.

        Yields the operation to be called, and is sent when it was answered; or the seconds to wait.
        """
        progress, request = Progress(), _request(began, self._poll_seconds)
        self._now = yield DESCRIBE
        while (step := self._check(request, progress)).action is not Action.DONE:
            if step.action is Action.REQUEST:
                self._now = yield START
                step = request_start(
                    request,
                    step.progress,
                    retries=0,
                    now=self._now,
                    configuration=CONFIGURATION,
                    models=cast("Models", self),
                    items=cast("ModelItems", self),
                )
            progress = step.progress
            yield float(step.wait_seconds or 0)
            self._now = yield DESCRIBE

    def run(self, now: datetime) -> None:
        """All of it, where every call is answered at once."""
        steps = self.steps(now)
        effect = next(steps)
        try:
            while True:
                if isinstance(effect, float):
                    now += timedelta(seconds=effect)
                    effect = next(steps)
                else:
                    effect = steps.send(now)
        except StopIteration:
            return

    def get(self, _project_version_arn: str) -> ModelItem:
        """``ports.ModelItems``."""
        return self.item

    def start(self, _project_version_arn: str, _min_units: int, _max_units: int | None) -> Refusal | None:
        """``ports.Models``."""
        self._running_at = self._now + timedelta(seconds=self._seconds)
        return None

    def _check(self, request: StartRequest, progress: Progress) -> Step:
        self.status_checks += self._running_at != NEVER
        version = ModelVersion(ARN, self._status(), None, 1, None)
        transition = start_transition(
            self.item, request, progress, version, claim_over=False, now=self._now, configuration=CONFIGURATION
        )
        self.item = transition.item
        if transition.step is None:
            raise transition.error or AssertionError
        return transition.step

    def _status(self) -> str:
        if self._running_at == NEVER:
            return "STOPPED"
        return "STARTING" if self._now < self._running_at else "RUNNING"


def _request(now: datetime, poll_seconds: int | None) -> StartRequest:
    execution = Execution(f"arn:aws:states:us-east-1:123456789012:execution:StartModel:{now:%j}", f"{now:%Y-%j}", now)
    return StartRequest(
        execution_arn=execution.id,
        project_version_arn=ARN,
        began_at=now,
        due_at=now,
        deadline=now + timedelta(hours=4),
        min_inference_units=1,
        lease_id="benchmark",
        lease_minutes=120,
        poll_seconds=poll_seconds,
    )


def rows() -> Iterator[tuple[int, float]]:
    """Minutes, and spread."""
    for minutes in (6, 12, 20):
        for spread in (0.1, 0.25):
            yield minutes, spread
