"""Who labels images: the product, by its own decision; whatever else is done; and the offline optimum.

The model is the same for all: it takes its time to be RUNNING, labels so many images a second, one after the other, and
bills from RUNNING on. Times are seconds since the trace's begin.
"""

import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.inbox_traces import DAY, HOUR, MINUTE, Trace
from benchmarks.starts import ARN, BEGIN
from lifecycle.configuration import Inbox
from lifecycle.inbox.decision import DisableMapping, EnableMapping, EndRun, RunEnd, Seen, StartRun, decide, drain
from lifecycle.inbox.record import WORKER_TIMEOUT, InboxRecord

IMAGES_A_SECOND = 4
"""Of one inference unit."""
IMAGE = 1 / IMAGES_A_SECOND
NOTICED = 5
"""From RUNNING to the status check that sees it."""
SWITCHED = 30
"""A mapping, on or off."""
STEPS = 5
"""What state machines take on the way to a start, and to a stop."""
STOPPING = 180
"""From a stop to STOPPED: no start is made meanwhile."""
LAG = 60
"""SQS's counts are as they were up to so long ago."""
INBOX = Inbox("defects", "s3://factory/inbox/", "s3://factory/labels/")
MIDNIGHT = BEGIN.replace(hour=0)
ALL_DAY = "24/7"


@dataclass
class Session:
    """From RUNNING to the stop. ``parts`` says what its seconds were for."""

    running: float
    stopped: float = 0.0
    work: float = 0.0
    parts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def billed(self) -> float:
        """Seconds."""
        return self.stopped - self.running


@dataclass
class Labelled:
    """How a trace went."""

    name: str
    sessions: list[Session]
    waits: NDArray[np.float64]


def served(arrivals: NDArray[np.float64], first: int, ready: float, until: float) -> NDArray[np.float64]:
    """When images from this one on are finished, by a model that is ready then: of those that are begun in time."""
    last = int(np.searchsorted(arrivals, until))
    here = arrivals[first:last]
    order = np.arange(1, len(here) + 1) * IMAGE
    finished = np.asarray(order + np.maximum.accumulate(np.maximum(here, ready) - order + IMAGE), dtype=np.float64)
    return finished[: int(np.searchsorted(finished - IMAGE, until))]


# --- the product


class Product:
    """The product's own decision, ticked every minute; what is around it is simulated."""

    def __init__(self, trace: Trace, inbox: Inbox = INBOX) -> None:
        self.trace, self.inbox = trace, inbox
        self.rng = random.Random(trace.seed)
        self.record = InboxRecord("line-1")
        self.arrivals = list(map(float, trace.arrivals))
        self.finished: list[float] = []
        self.sessions: list[Session] = []
        self.mapping_on = float("inf")
        """From then on workers receive images."""
        self.free = 0.0
        """When the model is done with what it has begun."""
        self.opens: float | None = None
        """When DrainInbox's task begins."""
        self.run_ends: float | None = None
        self.stopped = 0.0
        """No start before."""

    def labelled(self) -> Labelled:
        """All of it."""
        now = self.rng.uniform(0, MINUTE)
        while len(self.finished) < len(self.arrivals) or self.record.run:
            if self._rests() and self.arrivals[len(self.finished)] > now:
                now += MINUTE * ((self.arrivals[len(self.finished)] - now) // MINUTE + 1)
            self._pass(now)
            self._tick(now)
            now += MINUTE
        return Labelled("inbox", self.sessions, np.array(self.finished) - self.trace.arrivals)

    def _rests(self) -> bool:
        """Nothing goes on, and the last tick, which has seen that, has written nothing more."""
        return self.record.run is None and self.record.empty_since is not None

    def _pass(self, now: float) -> None:
        """What happens by then without a tick."""
        if self.opens is not None and self.opens <= now:
            run = self.record.run
            if run is None:
                raise AssertionError
            decided = drain(self.record, run.number, "token", ARN, f":{run.name}", _moment(self.opens))
            self._act(decided.acts, self.opens)
            self.record, self.opens = decided.record, None
        if self.record.open_run:
            self._label(now)

    def _label(self, until: float) -> None:
        finished, arrivals, session = self.finished, self.arrivals, self.sessions[-1]
        while len(finished) < len(arrivals):
            begins = max(arrivals[len(finished)], self.free, self.mapping_on)
            if begins >= until:
                return
            session.parts["images to come" if session.work else "switching on"] += begins - max(
                self.free, session.running + NOTICED
            )
            session.work += IMAGE
            self.free = begins + IMAGE
            finished.append(self.free)

    def _tick(self, now: float) -> None:
        then = now - self.rng.uniform(0, LAG)
        images = bisect_right(self.arrivals, then) - bisect_right(self.finished, then)
        done = bisect_right(self.finished, now)
        ended = self.run_ends is not None and self.run_ends <= now
        seen = Seen(
            images,
            0,
            finished=done - bisect_left(self.finished, now // DAY * DAY),
            last_result=_moment(self.finished[done - 1]) if done else None,
            mapping="Enabled"
            if self.mapping_on <= now
            else "Disabled"
            if self.mapping_on == float("inf")
            else "Enabling",
            execution=RunEnd("SUCCEEDED" if ended else "RUNNING"),
            model_status="RUNNING",
        )
        decided = decide(self.record, seen, self.inbox, _moment(now))
        self.record = decided.record
        self._act(decided.acts, now)

    def _mapping(self, now: float) -> str:
        if self.mapping_on == float("inf"):
            return "Disabled"
        return "Enabled" if self.mapping_on <= now else "Enabling"

    def _act(self, acts: Iterable[object], now: float) -> None:
        for act in acts:
            if isinstance(act, StartRun):
                begins = max(now + STEPS, self.stopped)
                running = begins + float(self.trace.starts[len(self.finished)])
                self.sessions.append(Session(running))
                self.opens, self.run_ends = running + NOTICED, None
            elif isinstance(act, EnableMapping):
                self.mapping_on = now + SWITCHED
            elif isinstance(act, DisableMapping):
                self.mapping_on = float("inf")
            elif isinstance(act, EndRun) and self.run_ends is None:
                self._let_go(now)

    def _let_go(self, now: float) -> None:
        session = self.sessions[-1]
        session.stopped = self.run_ends = now + WORKER_TIMEOUT.total_seconds() + STEPS
        self.stopped = session.stopped + STOPPING
        idle = now - max(self.free, session.running + NOTICED)
        session.parts["idle_minutes"] = min(idle, self.inbox.idle_minutes * MINUTE)
        session.parts["the tick"] = idle - session.parts["idle_minutes"]
        session.parts["noticing"] = NOTICED
        session.parts["work"] = session.work
        session.parts["releasing"] = session.stopped - now


def _moment(seconds: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=seconds)


# --- others


def always(trace: Trace) -> Labelled:
    """The model runs 24/7."""
    finished = served(trace.arrivals, 0, 0, float("inf"))
    session = Session(0, trace.days * DAY, len(finished) * IMAGE)
    return Labelled(ALL_DAY, [session], finished - trace.arrivals)


def sample(trace: Trace, poll: int = HOUR, check: int = 900, keep: int = 3_540) -> Labelled:
    """AWS's batch-processing sample.

    It polls the queue every hour, checks every 900 s whether the model is RUNNING, and after each 3,540 s whether the
    queue is empty.
    """
    arrivals, sessions, finished = trace.arrivals, list[Session](), list[NDArray[np.float64]]()
    first, free = 0, 0.0
    while first < len(arrivals):
        now = poll * np.ceil(max(arrivals[first], free) / poll)
        session = Session(now + float(trace.starts[first]))
        ready = now + check * np.ceil(trace.starts[first] / check) + SWITCHED
        until = ready
        while True:
            until += keep
            done = served(arrivals, first, ready, until)
            if first + len(done) >= int(np.searchsorted(arrivals, until, side="right")):
                break
        session.stopped, session.work = float(until), len(done) * IMAGE
        sessions.append(session)
        finished.append(done)
        first, free = first + len(done), until + STOPPING
    return Labelled("AWS's sample", sessions, np.concatenate(finished) - arrivals)


def hour_of_idleness(trace: Trace, idle: int = HOUR) -> Labelled:
    """As SageMaker's examples scale to zero: started by the first image, stopped after 60 minutes without one.

    Nothing is late or switched here.
    """
    arrivals, sessions, finished = trace.arrivals, list[Session](), list[NDArray[np.float64]]()
    first, free = 0, 0.0
    while first < len(arrivals):
        ready = max(arrivals[first], free) + trace.starts[first]
        done, ends = _until_idle(arrivals, first, ready, idle)
        sessions.append(Session(float(ready), ends, len(done) * IMAGE))
        finished.append(done)
        first, free = first + len(done), ends + STOPPING
    return Labelled("60 minutes idle", sessions, np.concatenate(finished) - arrivals)


def _until_idle(
    arrivals: NDArray[np.float64], first: int, ready: float, idle: float
) -> tuple[NDArray[np.float64], float]:
    """When images are finished until none came for so long, and when that was."""
    size = 2_048 if len(arrivals) > 100_000 else 256
    while True:
        part = arrivals[: first + size]
        done = served(part, first, ready, float("inf"))
        gaps = np.nonzero(part[first + 1 :] - done[:-1] >= idle)[0]
        if len(gaps):
            return done[: gaps[0] + 1], float(done[gaps[0]]) + idle
        if first + size >= len(arrivals):
            return done, float(done[-1]) + idle
        size *= 4


# --- the bound


def bound(trace: Trace, inbox: Inbox = INBOX, more: float = 0, *, idles: bool = False) -> tuple[float, int]:
    """Seconds that the offline optimum bills, with so many more a session, and its sessions.

    It knows all images, and starts as early as the inbox's settings have it, without a tick. It chooses after which
    images to let go: not while one waits, and never for longer than a session of its own costs. Each session pays for
    noticing, switching, and ``idle_minutes``. A start may begin before the session before has quite ended.

    Parameters
    ----------
    idles : bool
        It lets go only where no image comes for ``idle_minutes``.

    Dynamic programming, from the last image to the first.
    """
    arrivals, number = trace.arrivals, len(trace.arrivals)
    idle = inbox.idle_minutes * MINUTE
    fixed = NOTICED + 2 * SWITCHED + idle + more
    rest, sessions = np.zeros(number + 1), np.zeros(number + 1, dtype=int)
    for first in range(number - 1, -1, -1):
        many = arrivals[first + inbox.start_at_images - 1] if first + inbox.start_at_images <= number else np.inf
        begins = min(float(many), float(arrivals[first]) + inbox.start_after_minutes * MINUTE)
        ready = begins + float(trace.starts[first]) + NOTICED + SWITCHED
        done, _ = _until_idle(arrivals, first, ready, fixed)
        after = first + 1 + np.arange(len(done))
        following = arrivals[np.minimum(after, number - 1)]
        may_end = (following > done + idle * idles) | (after == number)
        costs = np.where(may_end, fixed + done - ready + rest[after], np.inf)
        best = int(np.argmin(costs))
        rest[first], sessions[first] = costs[best], 1 + sessions[after[best]]
    return float(rest[0]), int(sessions[0])
