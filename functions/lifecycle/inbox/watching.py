"""What a tick, or the page, sees of an inbox: its queue, what its worker has done, its run, and its model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from lifecycle.configuration import Configuration, Inbox
from lifecycle.errors import LifecycleError
from lifecycle.executions.state_machines import execution_arn
from lifecycle.inbox.counts import InboxCount, InboxCounts
from lifecycle.inbox.decision import At, RunEnd, Seen
from lifecycle.inbox.names import inbox_of_lease
from lifecycle.inbox.ports import Mappings, Queues
from lifecycle.inbox.record import InboxRecord, Run, RunState
from lifecycle.model.leases import ModelItem
from lifecycle.model.version import ModelVersion
from lifecycle.model.version_choice import newest_good
from lifecycle.ports import Executions, Models
from lifecycle.shared.arns import project_name

T = TypeVar("T")


@dataclass(slots=True)
class Watcher:
    """Sees one inbox after the other, at one time.

    Parameters
    ----------
    items : sequence of ModelItem
        Of all models, read after the records of the inboxes.
    budget_refuses : callable
        Whether a start would be refused now; asked only where one may begin.
    problems : list of str
        What could not be seen, and why: the rest is seen all the same.
    """

    now: datetime
    configuration: Configuration
    items: Sequence[ModelItem]
    queues: Queues
    counts: InboxCounts
    mappings: Mappings
    models: Models
    executions: Executions
    run_with_model_arn: str
    budget_refuses: Callable[[], bool]
    problems: list[str] = field(default_factory=list)

    def see(self, name: str, inbox: Inbox, record: InboxRecord) -> Seen:
        """All of it. What can't be read is None, or as if nothing had happened.

        Raises
        ------
        LifecycleError
            What its worker has done can't be read: it might look as if it did nothing for long.
        """
        run = record.run
        counts = self._try(name, lambda: self.queues.counts(name))
        today, before = (self._count(name, self.now - timedelta(days=days)) for days in (0, 1))
        last = today if today.last_result_at else before
        refusal = today if today.last_refusal_at else before
        waits = counts is None or sum(counts) > 0
        version = self._version(name, inbox, run) if _needs_model(run, waits) else None
        return Seen(
            waiting=counts.waiting if counts else None,
            in_work=counts.in_work if counts else None,
            finished=today.finished,
            dead=self._try(name, lambda: self.queues.dead(name)),
            last_result=last.last_result_at,
            refusal=At(refusal.last_refusal_at, refusal.last_refusal or "") if refusal.last_refusal_at else None,
            mapping=self._try(name, lambda: self.mappings.state(name)),
            execution=self._execution(name, run) if run else None,
            model_status=version.status if version else None,
            lease_held=self._lease_held(run),
            runs_anyway=version is not None and self._runs_anyway(name, version),
            budget_refuses=run is None and waits and bool(self._try(name, self.budget_refuses)),
            stopped=self._stopped(inbox),
        )

    def _count(self, name: str, day: datetime) -> InboxCount:
        return self.counts.on(name, day.date())

    def _execution(self, name: str, run: Run) -> RunEnd | None:
        def described() -> RunEnd | None:
            found = self.executions.describe(execution_arn(self.run_with_model_arn, run.name))
            return RunEnd(found.status, found.error, found.cause) if found else None

        problems = len(self.problems)
        seen = self._try(name, described)
        # One that can't be seen is not one that is gone: another run must not begin beside it.
        return seen if len(self.problems) == problems else RunEnd()

    def _version(self, name: str, inbox: Inbox, run: Run | None) -> ModelVersion | None:
        """The version that the run holds; else the one that its start would choose."""
        model = self.configuration.model(inbox.model)
        arn = (run.project_version_arn if run else None) or model.project_version_arn

        def found() -> ModelVersion:
            if arn:
                return self.models.describe(arn, self.models.project_arn(arn))
            versions = self.models.versions_of(model.project_name)
            chosen = newest_good(model, versions).project_version_arn
            return next(version for version in versions if version.project_version_arn == chosen)

        return self._try(name, found)

    def _runs_anyway(self, name: str, version: ModelVersion) -> bool:
        """Whether the model is RUNNING, and would be without this inbox."""
        if version.status != "RUNNING":
            return False
        arn = version.project_version_arn
        item = next((item for item in self.items if item.project_version_arn == arn), ModelItem(arn))
        others = any(inbox_of_lease(lease.lease_id, (name,)) is None for lease in item.held(self.now))
        return others or not item.managed

    def _stopped(self, inbox: Inbox) -> At | None:
        """When the model was last stopped by force, by whomever: a person, or the budget."""
        forced = [item.forced_at for item in self.items if item.forced_at and self._is_meant(inbox, item)]
        return At(max(forced), "a stop by force") if forced else None

    def _lease_held(self, run: Run | None) -> bool:
        """Whether an open run has its lease: it ends by itself once the run was closed, or the model is down."""
        if run is None or run.state is not RunState.OPEN:
            return True
        of_the_run = (item for item in self.items if item.project_version_arn == run.project_version_arn)
        return all(item.has_lease(f"run/{run.name}") for item in of_the_run)

    def _is_meant(self, inbox: Inbox, item: ModelItem) -> bool:
        """Whether it is of a version that the inbox's model means, or may have meant."""
        model = self.configuration.model(inbox.model)
        if model.project_version_arn:
            return item.project_version_arn == model.project_version_arn
        return project_name(item.project_version_arn) == model.project_name

    def _try(self, name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except LifecycleError as error:
            self.problems.append(f"{name}: {error.message}")
            return None


def _needs_model(run: Run | None, images: bool) -> bool:
    """Whether the model's status matters: of an open run, and where one may begin. Each look is a call of a few."""
    return run.state is RunState.OPEN if run else images
