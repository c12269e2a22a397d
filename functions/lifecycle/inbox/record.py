"""What is remembered of an inbox: its run, since when images wait, and what keeps it from having a model. Pure.

There is one record for each inbox. It is written in place of the revision that was read, so of two that change it at a
time one has to read again. The run's number is written before the run is started: there are never two.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lifecycle.errors import InvalidRequest
from lifecycle.executions.names import minute
from lifecycle.shared.wire import Stored

WORKER_TIMEOUT = timedelta(seconds=30)
"""Of the worker. It reads the record before each image, so this long after a run was closed no image is in work: for so
long DrainInbox waits before the model is released."""
TRIES = 10
"""Of an image, before it is given up."""


class RunState(StrEnum):
    """How far a run is: its model is being started; its images are looked at; they are not any more."""

    STARTING = "STARTING"
    OPEN = "OPEN"
    CLOSING = "CLOSING"


@dataclass(frozen=True, slots=True)
class Done(Stored):
    """Images that were finished by a time."""

    at: datetime
    images: int


@dataclass(frozen=True, slots=True)
class Run(Stored):
    """A RunWithModel execution that holds the model for an inbox.

    Parameters
    ----------
    number : int
        Of all runs of this inbox.
    name : str
        Of the execution: no other run ever has it, also after the record was lost.
    since : datetime
        When it was decided.
    counted, counted_on : int and str
        How many images had been finished at the last tick of a day (ISO, UTC), since its begin.
    token : str or None
        The task token of DrainInbox, from when it is OPEN on.
    failure : str or None
        Why it ends badly.
    done : tuple of Done
        Those that were finished within the last ``idle_minutes``.
    """

    number: int
    name: str
    since: datetime
    counted: int
    counted_on: str
    state: RunState = RunState.STARTING
    execution_arn: str | None = None
    project_version_arn: str | None = None
    token: str | None = None
    opened_at: datetime | None = None
    failure: str | None = None
    done: tuple[Done, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked(Stored):
    """An episode in which images wait, and runs end without having labelled them, or can't be started.

    Parameters
    ----------
    since : datetime
        When the first of these runs ended.
    reason : str
        Of the last one.
    attempts : int
        How many runs in a row have ended so and had finished no image.
    next_try : datetime
        No run is started before.
    """

    since: datetime
    reason: str
    attempts: int
    next_try: datetime


@dataclass(frozen=True, slots=True)
class Pause(Stored):
    """Somebody wants no runs, until ``inbox resume``."""

    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class InboxRecord(Stored):
    """All that is remembered of an inbox.

    Parameters
    ----------
    revision : int
        Every write is on condition that it is still the one that was read.
    number : int
        Of the last run.
    run : Run or None
        The one that goes on.
    waiting_since : datetime or None
        The first of the ticks in a row that found images waiting or in work.
    empty_since : datetime or None
        The first of the ticks in a row that found none.
    heeded : datetime or None
        Stops of the model up to then have been heeded, or were before the inbox was there.
    aged : bool
        It was reported that images have waited for very long.
    dead : int
        How many images had been given up when that was last reported; 0 where there is nothing to report.
    """

    name: str
    revision: int = 0
    number: int = 0
    run: Run | None = None
    waiting_since: datetime | None = None
    empty_since: datetime | None = None
    blocked: Blocked | None = None
    paused: Pause | None = None
    heeded: datetime | None = None
    aged: bool = False
    dead: int = 0

    @property
    def open_run(self) -> Run | None:
        """The run whose images may be looked at now: none while one starts or is let go."""
        return self.run if self.run and self.run.state is RunState.OPEN else None


def begun(record: InboxRecord, finished: int, now: datetime) -> InboxRecord:
    """Take the number of the next run; ``finished`` is how many images were finished today so far."""
    number = record.number + 1
    name = f"inbox-{record.name}-{number}-{minute(now)}"
    run = Run(number, name, now, finished, f"{now:%Y-%m-%d}")
    return replace(record, number=number, run=run)


def opened(
    record: InboxRecord, number: int, token: str, project_version_arn: str, execution_arn: str, now: datetime
) -> InboxRecord:
    """The model of a run is RUNNING: images may be looked at, unless the inbox was paused meanwhile.

    A task that is retried has another token, which counts from then on.

    Parameters
    ----------
    execution_arn : str
        Of the run, a RunWithModel execution.

    Raises
    ------
    InvalidRequest
        There is no such run, or not any more.
    """
    run = record.run
    is_this = run is not None and run.number == number and execution_arn.endswith(f":{run.name}")
    if run is None or not is_this or run.state is RunState.CLOSING:
        raise InvalidRequest(
            f"The inbox {record.name} has not begun this run, or is done with it.",
            remedy="Nothing was done. DrainInbox is started by the inbox alone, as soon as images wait.",
        )
    state = RunState.CLOSING if record.paused else RunState.OPEN
    run = replace(
        run,
        state=state,
        token=token,
        project_version_arn=project_version_arn,
        execution_arn=execution_arn,
        opened_at=run.opened_at or now,
    )
    return replace(record, run=run)


def closed(record: InboxRecord, number: int, failure: str | None = None) -> InboxRecord:
    """No image is looked at in a run any more; the record itself where there is no such run, or it is closed."""
    run = record.run
    if run is None or run.number != number or run.state is RunState.CLOSING:
        return record
    return replace(record, run=replace(run, state=RunState.CLOSING, failure=failure, done=()))


def pause(record: InboxRecord, by: str, now: datetime) -> InboxRecord:
    """Begin no run until somebody resumes; the next tick lets the model go."""
    return record if record.paused else replace(record, paused=Pause(now, by), heeded=now)


def resume(record: InboxRecord, now: datetime) -> InboxRecord:
    """Go on, and try at once what was blocked."""
    return replace(record, paused=None, blocked=None, heeded=now) if record.paused or record.blocked else record
