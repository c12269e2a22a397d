"""Reading what the page shows: of what can't be read it says so, and shows the rest."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from lifecycle.configuration import Configuration
from lifecycle.errors import LifecycleError
from lifecycle.model.bill import Session, month_of
from lifecycle.model.idle import Busy
from lifecycle.model.leases import ModelItem
from lifecycle.model.sweep_record import SweepRecord
from lifecycle.model.version import ModelVersion
from lifecycle.page.freshness import ReadingOrder, reading_order, usable, versions_of
from lifecycle.page.inboxes import InboxReader, InboxView
from lifecycle.page.view import Facts
from lifecycle.ports import BusyMinutes, Executions, Ledger, ModelItems, Models, Sweeps
from lifecycle.shared.arns import project_name
from lifecycle.shared.text import escaped

T = TypeVar("T")

BUDGET = timedelta(seconds=20)
"""After which the projects that are not read yet are left out: nobody waits for the page longer than that."""
_LATE = f"it would have taken longer than {BUDGET.seconds} s"


@dataclass(slots=True)
class Reader:
    """One reading."""

    configuration: Configuration
    models: Models
    items: ModelItems
    executions: Executions
    ledger: Ledger
    busy_minutes: BusyMinutes
    sweeps: Sweeps
    clock: Callable[[], datetime]
    inboxes: InboxReader | None = None
    _problems: list[str] = field(default_factory=list)
    _unreadable_ids: list[str] = field(default_factory=list)
    """The ids of records that can't be read."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read so far, and why."""
        return tuple(self._problems)

    def all_items(self) -> Sequence[ModelItem]:
        """The items of the models, without those that can't be read.

        Raises
        ------
        LifecycleError
            The table can't be read at all.
        """
        return self.items.all(self._unreadable)

    def sessions(self, month: str, now: datetime) -> Sequence[Session]:
        """The sessions that may have a part in a month and have ended, without those that can't be read.

        Raises
        ------
        LifecycleError
            The ledger can't be read at all.
        """
        return self.ledger.sessions(month, now, self._unreadable)

    def busy(self, month: str) -> Busy:
        """In which minutes of a month images were labelled; where that can't be read, as if nobody knew of any."""
        return self._try("How long models were idle could not be read", partial(self.busy_minutes.of, month)) or {}

    def read_inboxes(self) -> Sequence[InboxView]:
        """What is to be seen of the inboxes.

        Raises
        ------
        LifecycleError
            The table can't be read at all.
        """
        if self.inboxes is None or not self.configuration.inboxes:
            return []
        now = self.clock()
        ended = self._try("This month's cost could not be read", partial(self.sessions, month_of(now), now))
        views, problems = self.inboxes.read(self.configuration, self.all_items, ended, now)
        self._problems += problems
        return views

    def read(self, *, quickly: bool = False) -> Facts:
        """Read it all. The models come last, so that no status is older than the item that it is shown with.

        Parameters
        ----------
        quickly : bool
            Of many projects show those as the sweep saw them that were at rest then, and are not in use now.
        """
        began_at = self.clock()
        read = self._try("The leases could not be read", self.all_items)
        items = {item.project_version_arn: item for item in read or ()}
        sweeps = self._try("The time of the last sweep could not be read", lambda: [self.sweeps.last()])
        last_sweep, sweep_known = (sweeps[0], True) if sweeps else (None, False)
        ended = self._try("This month's cost could not be read", partial(self.sessions, month_of(began_at), began_at))
        busy = self.busy(month_of(began_at))
        projects = {*self.configuration.swept_projects, *map(project_name, items)}
        # Where nobody knows who holds what, everything matters.
        record = usable(self.sweeps.record(), began_at, self.configuration) if quickly and read is not None else None
        versions, unread, from_sweep = self._describe(projects, items.values(), record, began_at + BUDGET)
        others = {arn for arn, version in versions.items() if version.status != "STARTING"}
        began = self._began([item for arn, item in items.items() if arn not in others], began_at)
        return Facts(
            now=self.clock(),
            versions=versions,
            items=items,
            began=began,
            unread=unread,
            last_sweep=last_sweep,
            sweep_known=sweep_known,
            ended=ended,
            busy=busy,
            problems=self.problems,
            from_sweep=from_sweep,
            swept_at=record.at if record and from_sweep else None,
        )

    def _describe(
        self, projects: Collection[str], items: Collection[ModelItem], record: SweepRecord | None, until: datetime
    ) -> tuple[dict[str, ModelVersion], dict[str, str], frozenset[str]]:
        """The versions by their ARNs, why projects could not be read, and which are shown as the sweep saw them."""
        versions: dict[str, ModelVersion] = {}
        unread: dict[str, str] = {}
        order = ReadingOrder(())
        read: set[str] = set()

        def choose(names: Sequence[str]) -> Sequence[str]:
            nonlocal order
            order = reading_order(names, record, items, self._unreadable_ids, self.configuration)
            return order.afresh

        try:
            for project in self.models.versions(projects, choose):
                read.add(project.project_name)
                if project.versions is None:
                    unread[project.project_name] = project.problem or ""
                else:
                    versions |= {version.project_version_arn: version for version in project.versions}
                if self.clock() > until:
                    break
        except LifecycleError as error:
            left = set(projects) - {"*"} - read
            return versions, unread | dict.fromkeys(left or {"*"}, error.message), frozenset()
        late = [name for name in order.first if name not in read]
        if any(name not in projects for name in late):
            self._problems.append(f"Not all projects could be read: {_LATE}")
        unread |= {name: _LATE for name in late if name in projects}
        from_sweep = frozenset(order.others) - read
        return versions | versions_of(record, from_sweep), unread, from_sweep  # what is not listed is not there

    def _began(self, starting: Collection[ModelItem], now: datetime) -> dict[str, datetime]:
        """When the starts of models that are STARTING began: of each, the execution that has taken its lease first.

        One call for each model, however many wait for it; and the quota lets few models start at a time.
        """
        began = {}
        for arn in (lease.execution_arn for item in starting for lease in item.awaited(now)[:1]):
            state = self._try("An execution could not be read", partial(self.executions.describe, arn))
            if state and state.started_at:
                began[arn] = state.started_at
        return began

    def _unreadable(self, record: str, error: Exception) -> None:
        self._unreadable_ids.append(record)
        self._problems.append(f"A record can't be read, and is left out: {escaped(record, 400)}: {escaped(str(error))}")

    def _try(self, what: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except LifecycleError as error:
            self._problems.append(f"{what}: {error.message}")
            return None
