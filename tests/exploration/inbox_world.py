"""A state of an inbox with everything around it, and what the product decides in it.

Time goes by in steps of half a minute: the worker's timeout. Ticks come every second one. The product's longer times
are shortened, in their order, or there would be too many states: see ``SHORTENED``. Images are told apart by where they
are only; SQS counts them as they are, or were up to a minute ago. The model is up while a run has it: what StartModel
and StopModel do is explored in ``actors``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from lifecycle.configuration import Inbox
from lifecycle.inbox import decision, record
from lifecycle.inbox.decision import At, Decided, RunEnd, Seen
from lifecycle.inbox.record import Blocked, Done, InboxRecord, Pause, Run, RunState

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
STEP = record.WORKER_TIMEOUT
TICK = 2
LAG = 2
"""Counts are late by so many steps at the most."""
IDLE, NO_PROGRESS, REFUSED, KNOWN, HEARTBEAT = 4, 5, 3, 3, 5
LONGEST = 6
"""What was longer ago makes no difference to what is decided."""
IGNORED = 2 * TICK + 1
"""An image that has waited for so long was seen by two ticks."""
SHORTENED = {
    "NO_PROGRESS": NO_PROGRESS * STEP,
    "REFUSED": REFUSED * STEP,
    "KNOWN_AFTER": KNOWN * STEP,
    "PAUSES": (2 * STEP, 4 * STEP),
}
INBOX = Inbox("defects", "s3://factory/inbox/", "s3://factory/labels/", idle_minutes=2)
LETTING_GO = 2
"""A worker's timeout, and that it begins anywhere within a step."""

START, OPEN, TASK, CLOSE, WAIT, ENDED = "start", "open", "task", "close", "wait", "ended"
"""What an execution is at: the model is started; DrainInbox's function is to open the run; its task goes on; what
catches its failure is to close the run; it waits for workers; it has ended."""
STARTS = 3
"""Steps that a start takes at least: minutes, of which a tick sees one."""
URGENT = (OPEN, CLOSE, WAIT)
"""What does not take half a minute, once it is due."""
LATE = " for long"
"""Of a mapping that has been changing for half a minute: it has changed within the next."""


class Execution(NamedTuple):
    """A run's; ``runs_later``: so many were begun since. ``due``: steps until no heartbeat came, or it has waited.

    ``down``: the model's status, where it does not run; ``back``: steps until it does, where it is STARTING.
    ``leased``: the run's lease is there.
    """

    runs_later: int
    at: str
    due: int = 0
    failed: bool = False
    down: str = ""
    back: int = 0
    leased: bool = True


class Record(NamedTuple):
    """An InboxRecord without what no decision depends on. Times are so many steps ago, or (``next_try``) ahead."""

    state: RunState | None = None
    since: int = 0
    opened: int | None = None
    token: bool = False
    failure: bool = False
    done: int | None = None
    waiting: int | None = None
    empty: int | None = LONGEST
    attempts: int = 0
    next_try: int | None = None
    paused: bool = False


class Tick(NamedTuple):
    """One that is under way: what it has read, what it writes instead, and what it does then. It ends with the step."""

    read: Record
    decided: Record
    acts: tuple[object, ...]


class World(NamedTuple):
    """A state of it all.

    ``waiting`` and ``hidden`` count images; ``in_work``: one is, until the end of the step at the most. ``counts`` says
    of the last steps whether there were any. ``fresh``: one was finished since the last tick that counted. ``faults``:
    so many things may still go wrong. ``bare``, ``barren`` and ``ignored`` are what the properties speak of: how long
    the model has been kept without an image, for images of which none was finished, and how long an image has waited.
    ``others``: somebody else holds the model. ``meant``: somebody has paused the inbox, stopped its model, or released
    its lease.
    """

    record: Record = Record()
    runs: tuple[Execution, ...] = ()
    mapping: str = "Disabled"
    waiting: int = 0
    hidden: int = 0
    in_work: bool = False
    counts: tuple[bool, ...] = (False,) * LAG
    fresh: bool = False
    result: int = LONGEST
    refusal: int = LONGEST
    ticked: int = 0
    forced: bool = False
    faults: int = 0
    lied: bool = False
    late: Tick | None = None
    bare: int = 0
    barren: int = 0
    ignored: int = 0
    others: bool = False
    meant: bool = False

    @property
    def images(self) -> bool:
        return bool(self.waiting or self.hidden or self.in_work)

    @property
    def runs_on(self) -> Execution | None:
        """The run that has the model, or had it before it went down."""
        return next((run for run in self.runs if run.at not in (START, ENDED)), None)

    @property
    def keeps(self) -> bool:
        return any(run.at in (OPEN, TASK, CLOSE, WAIT) for run in self.runs)


class Move(NamedTuple):
    """A step. ``sure``: it comes some time if it can for ever. ``broken``: a property, by it."""

    label: str
    world: World
    sure: bool = True
    broken: str = ""


@dataclass(frozen=True)
class Scene:
    """What may go wrong; then how the world itself keeps the rules, which is for mutants to leave out.

    Parameters
    ----------
    faults : int
        How often one of the first three, or of ``people`` or ``sweep``, may happen.
    deaths : bool
        A tick dies between any two of its acts, and the function that opens a run after it has written.
    doubles : bool
        A tick comes twice, and the second is late: what it has seen is old when it acts.
    lost : bool
        Ticks stay away.
    refusals : bool
        Images can't be looked at, also for ever.
    stuck : bool
        The mapping is not switched when it is to be.
    ends : bool
        Starts fail, and runs are aborted.
    people : bool
        Somebody pauses the inbox, or stops the model by force or by hand.
    sweep : bool
        The model fails under a run, and the sweep ends its leases.
    others : bool
        Beside that others start the model, for whom the sweep may start it again, and stop it; somebody stops it by
        hand, or releases the run's lease.
    lies : bool
        A count is zero once although images are there.
    late : bool
        SQS's counts are late.
    """

    faults: int = 0
    most_images: int = 1
    deaths: bool = False
    doubles: bool = False
    lost: bool = False
    refusals: bool = False
    stuck: bool = False
    ends: bool = False
    people: bool = False
    sweep: bool = False
    others: bool = False
    lies: bool = False
    late: bool = True
    waits: bool = True
    catches: bool = True


# --- the record, and back


def _ago(steps: int | None) -> datetime | None:
    return None if steps is None else NOW - steps * STEP


def _steps(moment: datetime | None) -> int | None:
    return None if moment is None else min(LONGEST, round((NOW - moment) / STEP))


def real(known: Record) -> InboxRecord:
    """What the product reads."""
    run = known.state and Run(
        7,
        "run",
        NOW - known.since * STEP,
        counted=0,
        counted_on=f"{NOW:%Y-%m-%d}",
        state=known.state,
        token="token" if known.token else None,
        opened_at=_ago(LONGEST if known.opened == IDLE else known.opened),
        failure="why" if known.failure else None,
        done=() if known.done is None else (Done(NOW - known.done * STEP, 1),),
    )
    blocked = None
    if known.next_try is not None:
        blocked = Blocked(NOW, "why", known.attempts, NOW + known.next_try * STEP)
    return InboxRecord(
        "line-1",
        number=7,
        run=run or None,
        waiting_since=_ago(known.waiting),
        empty_since=_ago(known.empty),
        blocked=blocked,
        paused=Pause(NOW, "ann") if known.paused else None,
        heeded=NOW - LONGEST * STEP,
    )


def essence(after: InboxRecord) -> Record:
    """What any decision depends on of what the product has written."""
    run, blocked = after.run, after.blocked
    done = max((one.at for one in run.done), default=None) if run else None
    return Record(
        state=run.state if run else None,
        since=(_steps(run.since) or 0) if run else 0,
        opened=_steps(run.opened_at) if run else None,
        token=bool(run and run.token),
        failure=bool(run and run.failure),
        done=_steps(done),
        waiting=_steps(after.waiting_since),
        empty=_steps(after.empty_since),
        attempts=min(blocked.attempts, 2) if blocked else 0,
        next_try=max(0, round((blocked.next_try - NOW) / STEP)) if blocked else None,
        paused=after.paused is not None,
    )


class Sight(NamedTuple):
    """What a tick sees."""

    images: bool
    fresh: bool
    result: int
    refusal: int
    mapping: str
    status: str | None
    model: str
    leased: bool
    others: bool
    forced: bool


class Ticked(NamedTuple):
    """What it leads to."""

    record: Record
    acts: tuple[object, ...]
    begins: bool
    lets_go: bool


def ticked(known: Record, sight: Sight) -> Ticked:
    seen = Seen(
        int(sight.images),
        0,
        finished=int(sight.fresh),
        last_result=_ago(sight.result),
        refusal=At(NOW - sight.refusal * STEP, "denied") if sight.refusal < LONGEST else None,
        mapping=sight.mapping,
        execution=RunEnd(sight.status) if sight.status else None,
        model_status=sight.model,
        lease_held=sight.leased,
        runs_anyway=sight.others,
        stopped=At(NOW, "force") if sight.forced else None,
    )
    decided: Decided = decision.decide(real(known), seen, INBOX, NOW)
    run, after = decided.record.run, essence(decided.record)
    begins = run is not None and run.number != 7
    lets_go = known.state is RunState.OPEN and after.state is RunState.CLOSING
    return Ticked(after, decided.acts, begins, lets_go and not after.failure and not after.paused)


def canonical(world: World) -> World:
    """The same, where what nothing depends on any more is alike."""
    mine = world.runs_on
    down = mine is not None and bool(mine.down)
    # Who else holds the model makes a difference once they stop it or it is down; a run's lease, while others may start
    # it again; what was meant, while it may be seen.
    others = world.others and mine is not None and (world.faults > 0 or down)
    unheld = down and not (world.faults or others or (mine and mine.down == "STARTING"))
    meant = world.record.paused or (world.meant and (mine is not None or world.forced))
    known, result, refusal = _canonical_record(
        world.record, world.result, world.refusal, fresh=world.fresh, begun=bool(world.runs)
    )
    return world._replace(
        record=known,
        runs=tuple([_canonical_run(run, unheld and run is mine) for run in world.runs]),
        result=result,
        refusal=refusal,
        others=others,
        meant=meant,
        bare=0 if down else world.bare,
        ignored=0 if down or known.paused else world.ignored,
    )


@cache
def _canonical_run(run: Execution, unheld: bool) -> Execution:
    if run.at == ENDED:
        return run._replace(down="", back=0, leased=True)
    return run._replace(leased=True) if unheld else run


@cache
def _canonical_record(known: Record, result: int, refusal: int, *, fresh: bool, begun: bool) -> tuple[Record, int, int]:
    """With when an image was last finished, and last refused; ``begun``: there is a run."""
    if known.state is RunState.OPEN:
        opened, waiting, refused = known.opened or 0, known.waiting, LONGEST
        if waiting is not None:
            # What came last of these three counts; of one that has been open for long, that is known already.
            waiting = min(waiting, result, *([opened] if opened < IDLE else []))
            refused = 0 if refusal < waiting else LONGEST
        empty, since = _most(known.empty, 2), min(known.since, KNOWN + 1)
        known = known._replace(since=since, opened=min(opened, IDLE), waiting=waiting, empty=empty)
        return known, result if fresh else LONGEST, refused
    since = known.since if known.state is RunState.STARTING and not begun else 0
    waiting = None if known.waiting is None else LONGEST
    known = known._replace(since=since, opened=None, done=None, waiting=waiting, empty=_most(known.empty, 2))
    return known, LONGEST, LONGEST


def _most(steps: int | None, most: int) -> int | None:
    return None if steps is None else min(steps, most)


@cache
def aged(known: Record) -> Record:
    def older(steps: int | None) -> int | None:
        return None if steps is None else min(LONGEST, steps + 1)

    return known._replace(
        since=(older(known.since) or 0) if known.state else 0,
        opened=older(known.opened),
        done=older(known.done),
        waiting=older(known.waiting),
        empty=older(known.empty),
        next_try=None if known.next_try is None else max(0, known.next_try - 1),
    )


@cache
def aged_run(run: Execution) -> Execution:
    if run.back:
        run = run._replace(back=run.back - 1)
    return run._replace(due=run.due - 1) if run.due else run
