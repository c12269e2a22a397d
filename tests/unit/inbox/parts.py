"""What an inbox works with, in memory: its record, its queue, its mapping, its task, and what its worker counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from lifecycle.errors import ServiceUnavailable
from lifecycle.inbox.counts import InboxCount
from lifecycle.inbox.ports import Counts
from lifecycle.inbox.record import InboxRecord
from lifecycle.shared.wire import Json


@dataclass
class Records:
    """``InboxRecords``. ``meanwhile``: so many writes find that somebody else has written."""

    kept: dict[str, InboxRecord] = field(default_factory=dict)
    meanwhile: int = 0

    def get(self, inbox: str) -> InboxRecord:
        return self.kept.get(inbox, InboxRecord(name=inbox))

    def put(self, record: InboxRecord) -> bool:
        present = self.get(record.name)
        if self.meanwhile:
            self.meanwhile -= 1
            self.kept[record.name] = replace(present, revision=present.revision + 1)
        if self.get(record.name).revision != record.revision:
            return False
        self.kept[record.name] = replace(record, revision=record.revision + 1)
        return True


@dataclass
class Queues:
    """``Queues``. An inbox that is not there can't be read."""

    found: dict[str, Counts] = field(default_factory=dict)
    put_aside: int = 0

    def counts(self, inbox: str) -> Counts:
        if inbox not in self.found:
            raise ServiceUnavailable(f"GetQueueUrl answered QueueDoesNotExist: {inbox}")
        return self.found[inbox]

    def dead(self, inbox: str) -> int:
        self.counts(inbox)
        return self.put_aside


@dataclass
class Mappings:
    """``Mappings``, which change at once, unless they are stuck."""

    states: dict[str, str] = field(default_factory=dict)
    stuck: bool = False

    def state(self, inbox: str) -> str:
        return self.states.get(inbox, "Disabled")

    def enable(self, inbox: str) -> None:
        self._switch(inbox, "Enabled")

    def disable(self, inbox: str) -> None:
        self._switch(inbox, "Disabled")

    def _switch(self, inbox: str, state: str) -> None:
        if self.stuck:
            raise ServiceUnavailable("UpdateEventSourceMapping answered InternalFailure")
        self.states[inbox] = state


@dataclass
class Tasks:
    """``TaskTokens``: what was sent for which token."""

    sent: list[tuple[str, ...]] = field(default_factory=list)

    def heartbeat(self, token: str) -> None:
        self.sent.append(("heartbeat", token))

    def succeed(self, token: str, output: Mapping[str, Json]) -> None:
        self.sent.append(("succeed", token, str(output["Inbox"])))

    def fail(self, token: str, error: str, cause: str) -> None:
        self.sent.append(("fail", token, error, cause))


@dataclass
class Work:
    """``InboxCounts``: what the workers have done, by day."""

    days: dict[date, InboxCount] = field(default_factory=dict)

    def on(self, _inbox: str, day: date) -> InboxCount:
        return self.days.get(day, InboxCount())

    def finished(self, inbox: str, now: object, *, failed: bool) -> None:
        raise NotImplementedError

    def refused(self, inbox: str, now: object, why: str) -> None:
        raise NotImplementedError

    def passed(self, inbox: str, now: object) -> None:
        raise NotImplementedError
