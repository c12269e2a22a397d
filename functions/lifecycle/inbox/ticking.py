"""The tick: every minute, what each inbox needs now. It decides purely, by ``decision``, and acts thinly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from lifecycle.configuration import Inbox
from lifecycle.errors import LifecycleError, ServiceUnavailable
from lifecycle.executions.names import start_once
from lifecycle.inbox.decision import (
    OFF,
    Act,
    DisableMapping,
    EnableMapping,
    EndRun,
    FailRun,
    Heartbeat,
    Report,
    StartRun,
    decide,
)
from lifecycle.inbox.errors import InboxBlocked
from lifecycle.inbox.ports import InboxRecords, TaskTokens
from lifecycle.inbox.record import InboxRecord
from lifecycle.inbox.watching import Watcher
from lifecycle.shared.text import plural
from lifecycle.shared.wire import Json

T = TypeVar("T")

NOT_RUN = "another tick was at it"


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick made of each inbox, and what it could not do: a line for each."""

    inboxes: dict[str, str]
    problems: tuple[str, ...]

    @property
    def reason(self) -> str:
        """For the log."""
        made = (f"{name}: {what}" for name, what in self.inboxes.items())
        return " ".join([*made, f"{plural(len(self.problems), 'problem')}."])

    def failure(self) -> ServiceUnavailable:
        """The error of a tick with problems, once it has done everything else."""
        return ServiceUnavailable(
            "\n- ".join(["The tick could not do everything:", *self.problems]),
            remedy="The next tick tries again. If it goes on: what the problems name has to be mended.",
        )


@dataclass(slots=True)
class Ticker:
    """One tick.

    Parameters
    ----------
    watcher : callable
        Makes what sees the inboxes: once their records are read, since what is seen must not be older than these.
    notify : callable
        Notifies people of something, once: the inbox, and the report.
    drain_inbox_arn : str
        The workload of its runs.
    """

    records: InboxRecords
    watcher: Callable[[], Watcher]
    notify: Callable[[str, Report], None]
    tokens: TaskTokens
    drain_inbox_arn: str
    problems: list[str] = field(default_factory=list)

    def run(self, inboxes: Mapping[str, Inbox]) -> Ticked:
        """Tick. An inbox that makes trouble does not keep the others from theirs."""
        records = {name: self._try(name, partial(self.records.get, name)) for name in inboxes}
        watcher = self.watcher()
        for name, record in records.items():
            if record is None:
                self._try(name, partial(self._off, name, watcher))
        made = {
            name: self._try(name, partial(self._one, name, inboxes[name], record, watcher)) or "it failed."
            for name, record in records.items()
            if record is not None
        }
        return Ticked(made, (*self.problems, *watcher.problems))

    def _one(self, name: str, inbox: Inbox, record: InboxRecord, watcher: Watcher) -> str:
        decided = decide(record, watcher.see(name, inbox, record), inbox, watcher.now)
        for report in decided.reports:
            self.notify(name, report)
        # Before anything is done: a run's number is taken, and a run that is closed stays so, whoever dies now.
        if decided.record != record and not self.records.put(decided.record):
            return f"{NOT_RUN}."
        for act in decided.acts:
            self._try(name, partial(self._do, act, name, inbox, watcher))
        return decided.reason

    def _off(self, name: str, watcher: Watcher) -> None:
        """Where nobody can read whether a run is open, images would bounce into the dead letters."""
        if watcher.mappings.state(name) not in OFF:
            watcher.mappings.disable(name)

    def _do(self, act: Act, name: str, inbox: Inbox, watcher: Watcher) -> None:
        match act:
            case StartRun(number, run_name):
                payload = run_input(name, inbox, number, self.drain_inbox_arn)
                start_once(watcher.executions, watcher.run_with_model_arn, run_name, payload)
            case EnableMapping():
                watcher.mappings.enable(name)
            case DisableMapping():
                watcher.mappings.disable(name)
            case Heartbeat(token):
                self.tokens.heartbeat(token)
            case EndRun(token):
                self.tokens.succeed(token, {"Inbox": name})
            case FailRun(token, error, cause):
                self.tokens.fail(token, error, str(InboxBlocked(cause)))

    def _try(self, name: str, act: Callable[[], T]) -> T | None:
        try:
            return act()
        except LifecycleError as error:
            self.problems.append(f"{name}: {error.message}")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not keep the others from theirs
            self.problems.append(f"{name}: {type(error).__name__}: {error}")
        return None


def run_input(name: str, inbox: Inbox, number: int, drain_inbox_arn: str) -> dict[str, Json]:
    """What RunWithModel is started with: it holds the model until DrainInbox has ended, and waits for room."""
    return {
        "Model": inbox.model,
        "LeaseMinutes": 0,
        "WaitForCapacity": True,
        "Workload": {
            "StateMachineArn": drain_inbox_arn,
            "Input": {"Inbox": name, "Run": number},
            "ModelField": "Model",
        },
        "Context": {"Inbox": name},
    }
