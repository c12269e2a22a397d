"""What the page shows of the inboxes: the state of each and why, what waits, and what it has done and cost today."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TypeVar

from lifecycle.configuration import Configuration, Inbox
from lifecycle.errors import LifecycleError
from lifecycle.inbox.counts import InboxCount
from lifecycle.inbox.decision import Seen, decide
from lifecycle.inbox.names import inbox_of_lease
from lifecycle.inbox.ports import InboxRecords
from lifecycle.inbox.record import InboxRecord, RunState
from lifecycle.inbox.watching import Watcher
from lifecycle.model.bill import Session, lines_between, session_of
from lifecycle.model.leases import ModelItem

T = TypeVar("T")


class InboxState(StrEnum):
    """What an inbox does now; the first that applies."""

    PAUSED = "PAUSED"
    """Somebody wants no runs, until ``inbox resume``."""
    STARTING = "STARTING"
    LABELLING = "LABELLING"
    LETTING_GO = "LETTING_GO"
    BLOCKED = "BLOCKED"
    """Images wait, and a run has ended without labelling them: it tries again by itself."""
    WAITING = "WAITING"
    """Images wait until they are enough, or have waited long enough."""
    EMPTY = "EMPTY"
    UNKNOWN = "UNKNOWN"
    """How many images wait can't be seen."""


_OF_RUNS = {
    RunState.STARTING: InboxState.STARTING,
    RunState.OPEN: InboxState.LABELLING,
    RunState.CLOSING: InboxState.LETTING_GO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxView:
    """An inbox as the page shows it.

    Parameters
    ----------
    why : str
        What the next tick would make of it, and why.
    waiting, in_work : int, optional
        Images, as SQS counts them: about, and a minute late.
    waiting_since : datetime, optional
        Since when there are any.
    dead : int, optional
        Images that were given up; None where that can't be seen.
    cost_today : float, optional
        USD of its part of the models' time today (UTC); None where that can't be read.
    """

    name: str
    inbox: Inbox
    state: InboxState
    why: str
    record: InboxRecord
    today: InboxCount
    waiting: int | None
    in_work: int | None
    dead: int | None
    cost_today: float | None

    @property
    def waiting_since(self) -> datetime | None:
        """Since when there are images, as far as ticks have noticed."""
        return self.record.waiting_since if (self.waiting or 0) + (self.in_work or 0) else None

    @property
    def cost_per_image(self) -> float | None:
        """USD, of today."""
        return self.cost_today / self.today.finished if self.cost_today is not None and self.today.finished else None


@dataclass(frozen=True, slots=True)
class InboxReader:
    """What the inboxes are read with.

    Parameters
    ----------
    watcher : callable
        Of the items of the models and the time: what sees the inboxes.
    """

    records: InboxRecords
    watcher: Callable[[Sequence[ModelItem], datetime], Watcher]

    def read(
        self,
        configuration: Configuration,
        items: Callable[[], Sequence[ModelItem]],
        ended: Sequence[Session] | None,
        now: datetime,
    ) -> tuple[Sequence[InboxView], Sequence[str]]:
        """The inboxes, and what could not be read.

        Parameters
        ----------
        items : callable
            Reads the items of the models: after the records, as a tick does.
        ended : sequence of Session, optional
            The sessions of this month that have ended; None where they can't be read.
        """
        problems: list[str] = []
        records = {name: _tried(name, partial(self.records.get, name), problems) for name in configuration.inboxes}
        read = items()
        watcher = self.watcher(read, now)
        costs = None if ended is None else costs_today(ended, read, now, configuration)
        views = []
        for name, record in records.items():
            inbox = configuration.inboxes[name]
            view = inbox_view(
                name,
                inbox,
                record or InboxRecord(name),
                (_tried(name, partial(watcher.see, name, inbox, record), problems) if record else None) or _UNSEEN,
                _tried(name, partial(watcher.counts.on, name, now.astimezone(UTC).date()), problems) or InboxCount(),
                now=now,
                cost_today=None if costs is None else costs.get(name, 0.0),
            )
            # One that nobody can read is not one that is not there: no tick goes on with it, and somebody has to know.
            views.append(view if record else replace(view, why="What is remembered of it can't be read."))
        return views, list(dict.fromkeys([*problems, *watcher.problems]))


_UNSEEN = Seen(waiting=None, in_work=None)


def _tried(name: str, read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except LifecycleError as error:
        problems.append(f"{name}: {error.message}")
        return None


def inbox_view(
    name: str,
    inbox: Inbox,
    record: InboxRecord,
    seen: Seen,
    today: InboxCount,
    *,
    now: datetime,
    cost_today: float | None,
) -> InboxView:
    """What people see of an inbox."""
    return InboxView(
        name=name,
        inbox=inbox,
        state=_state(record, seen),
        why=decide(record, seen, inbox, now).reason,
        record=record,
        today=today,
        waiting=seen.waiting,
        in_work=seen.in_work,
        dead=seen.dead,
        cost_today=cost_today,
    )


def _state(record: InboxRecord, seen: Seen) -> InboxState:
    if record.paused:
        return InboxState.PAUSED
    if record.run:
        return _OF_RUNS[record.run.state]
    if record.blocked:
        return InboxState.BLOCKED
    if seen.images is None:
        return InboxState.UNKNOWN
    return InboxState.WAITING if seen.images else InboxState.EMPTY


def costs_today(
    ended: Iterable[Session], items: Iterable[ModelItem], now: datetime, configuration: Configuration
) -> dict[str, float]:
    """USD of today (UTC), by inbox: its runs' part of the models' time."""
    begin = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    costs: dict[str, float] = {}
    going_on = (session_of(item, now, configuration) for item in items)
    for line in lines_between(begin, now, [*ended, *filter(None, going_on)]):
        if inbox := inbox_of_lease(line.lease_id, configuration.inboxes):
            costs[inbox] = costs.get(inbox, 0.0) + line.cost
    return costs
