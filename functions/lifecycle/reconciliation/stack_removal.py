"""Before the stack is removed: which models would bill on with nobody left to stop them, and what is in the way.

CloudFormation asks before it deletes anything. If the answer is no nothing is deleted, and the stack's event says why.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lifecycle.configuration import Configuration, OnDestroy
from lifecycle.errors import LifecycleError, ServiceUnavailable
from lifecycle.executions.consistency import may_run
from lifecycle.executions.names import execution_name, start_once
from lifecycle.executions.state_machines import execution_arn
from lifecycle.model.leases import ModelItem
from lifecycle.model.statuses import BILLS
from lifecycle.notifications import links
from lifecycle.ports import Executions, ModelItems, Models
from lifecycle.reconciliation.removal_obstacles import Obstacles, going_on
from lifecycle.shared.arns import is_version_arn, project_name
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import per_hour, plural, shortened

RUNBOOK_ENTRY = "DestroyRefused"
CHECK_SECONDS = 15
"""Between two status checks of what is being stopped."""
MARGIN = timedelta(seconds=60)
"""Of a function's time, for its last status check and its answer."""
NAMED = 10
"""Models that a refusal names: CloudFormation takes 4 KB as an answer (its User Guide, custom resource response)."""


class StillRunning(LifecycleError):  # noqa: N818 - it reads as the others do
    """Managed models run, or are about to, or something holds the deletion up: the stack is not to be removed."""


@dataclass(frozen=True, slots=True)
class BillingModel:
    """A managed model that bills, or will without anybody doing anything.

    Parameters
    ----------
    state : str
        Its status, or by which execution it is being started.
    inference_units : int
        What it bills.
    """

    project_version_arn: str
    state: str
    holders: tuple[str, ...] = ()
    inference_units: int = 1


@dataclass(slots=True)
class Remover:
    """Decides on one removal.

    Parameters
    ----------
    attempt : str
        Names it: part of the names of the executions that it starts, the same when it is tried again.
    until : datetime
        When it has to have decided.
    inboxes : sequence of str
        The names of the inboxes that are configured.
    pause : callable
        Pauses one.
    """

    attempt: str
    until: datetime
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    configuration: Configuration
    models: Models
    items: ModelItems
    executions: Executions
    stop_model_arn: str
    obstacles: Obstacles
    inboxes: Sequence[str] = ()
    pause: Callable[[str], None] = lambda _: None
    _stops: dict[str, str] = field(default_factory=dict)

    def run(self, on_destroy: OnDestroy) -> str:
        """Answers why the stack may be removed, once what is to be stopped before has stopped.

        Raises
        ------
        StillRunning
            It may not.
        LifecycleError
            It can't be known.
        """
        self.ask(on_destroy)
        if self.inboxes:
            # Their ticks go on until CloudFormation deletes the schedule: none may start a model that nobody stops.
            for inbox in self.inboxes:
                self.pause(inbox)
            self.ask(on_destroy)
        if on_destroy is OnDestroy.LEAVE:
            return "What runs is left running: on_destroy says so."
        if on_destroy is OnDestroy.STOP:
            self._stop_everything()
        return f"No model of this app runs; stopped before: {len(self._stops)}."

    def ask(self, on_destroy: OnDestroy) -> None:
        """Whether the stack may be removed, as far as that is known before anything is stopped.

        Whatever the settings say of models: what would let the deletion fail half-way is a reason to refuse it.

        Raises
        ------
        StillRunning
            It may not.
        LifecycleError
            It can't be known.
        """
        others = self.obstacles.of_others()
        running = [] if on_destroy is OnDestroy.STOP else self.obstacles.running()
        billing = self.billing() if on_destroy is OnDestroy.REFUSE else []
        if billing or running or others:
            raise StillRunning(self._refusal(billing, running, others))

    def _stop_everything(self) -> None:
        """Stop models, and end executions: those of StopModel end by themselves, and are waited for."""
        billing, running = self.billing(), self.obstacles.running()
        while billing or running or self._is_stopping():
            new = [one for one in billing if one.project_version_arn not in self._stops]
            is_late = self.clock() + timedelta(seconds=CHECK_SECONDS) >= self.until
            # Where nothing is under way, the stops have ended, and left it running.
            if is_late or not (new or running or self._is_stopping()):
                break
            # Before models are stopped: a run would start another one.
            self.obstacles.end(running, but=self.stop_model_arn)
            for one in new:
                self._stop(one.project_version_arn)
            self.sleep(CHECK_SECONDS)
            billing, running = self.billing(), self.obstacles.running()
        if billing or running:
            raise StillRunning(self._refusal(billing, running))

    def billing(self) -> list[BillingModel]:
        """What bills, and what is being started."""
        unreadable: dict[str, Exception] = {}
        items = {item.project_version_arn: item for item in self.items.all(unreadable.__setitem__) if _is_managed(item)}
        # Nobody knows whether those are managed: if they run, somebody has to look.
        items |= {arn: ModelItem(arn) for arn in unreadable if is_version_arn(arn)}
        found = self._that_bill(items)
        starting = [one for arn, item in items.items() if arn not in found and (one := self._starting(item))]
        return [*found.values(), *starting]

    def _that_bill(self, items: Mapping[str, ModelItem]) -> dict[str, BillingModel]:
        found: dict[str, BillingModel] = {}
        projects = {project_name(arn) for arn in items}
        for project in self.models.versions(projects) if projects else ():
            if project.versions is None:
                raise ServiceUnavailable(f"Project {project.project_name} can't be read: {project.problem}")
            for version in project.versions:
                arn = version.project_version_arn
                if arn in items and version.status in BILLS:
                    holders = tuple(lease.lease_id for lease in items[arn].held(self.clock()))
                    found[arn] = BillingModel(arn, version.status, holders, version.min_inference_units or 1)
        return found

    def _starting(self, item: ModelItem) -> BillingModel | None:
        """A start under way may be about to request it."""
        for lease in item.awaited(self.clock()):
            execution = self.executions.describe(lease.execution_arn)
            if may_run(execution, item.changed_at, self.clock()):
                state = f"is being started by {lease.execution_arn.rpartition(':')[2]}"
                return BillingModel(item.project_version_arn, state, (lease.lease_id,))
        return None

    def _stop(self, project_version_arn: str) -> None:
        head = f"removal-{self.attempt}-{self.configuration.exact_name(project_version_arn)}"
        name = execution_name(head, project_version_arn)
        payload = {"ProjectVersionArn": project_version_arn, "Force": True}
        start_once(self.executions, self.stop_model_arn, name, payload)
        self._stops[project_version_arn] = execution_arn(self.stop_model_arn, name)

    def _is_stopping(self) -> bool:
        states = (self.executions.describe(arn) for arn in self._stops.values())
        return any(state is not None and state.status == "RUNNING" for state in states)

    def _refusal(
        self, billing: Collection[BillingModel], running: Sequence[str] = (), others: Sequence[str] = ()
    ) -> str:
        return " ".join(
            [
                *([f"Nothing was deleted: {self._would_bill(billing)}", self._to_do(billing)] if billing else []),
                *([] if billing else ["Nothing was deleted."]),
                *([going_on(running)] if running else []),
                *others,
                f"Runbook: {links.runbook(self.configuration.runbook_url, RUNBOOK_ENTRY)}",
            ]
        )

    def _would_bill(self, billing: Collection[BillingModel]) -> str:
        units = sum(one.inference_units for one in billing)
        price = per_hour(hourly_cost(units, self.configuration.inference_unit_hour_usd))
        named = shortened([self._described(one) for one in billing], NAMED)
        return (
            f"{plural(len(billing), 'model')} would go on to cost {price}, with nobody left to stop {_them(billing)}: "
            f"{', '.join(named)}."
        )

    def _to_do(self, billing: Collection[BillingModel]) -> str:
        them = _them(billing)
        if self._is_stopping():
            return f"{'It is' if them == 'it' else 'They are'} being stopped: delete the stack again in some minutes."
        if self._stops:
            ended = "execution that was" if len(self._stops) == 1 else "executions that were"
            has = "has" if len(self._stops) == 1 else "have"
            return f"The {ended} to stop {them} {has} ended without doing so, see {min(self._stops.values())}."
        return f'Stop {them} (StopModel with "Force": true), then delete the stack again.'

    def _described(self, one: BillingModel) -> str:
        held = f", held by {', '.join(one.holders[:3])}" if one.holders else ""
        return f"{self.configuration.exact_name(one.project_version_arn)} ({one.state}{held})"


def _them(billing: Collection[BillingModel]) -> str:
    return "it" if len(billing) == 1 else "them"


def _is_managed(item: ModelItem) -> bool:
    return item.managed or item.claim is not None or bool(item.leases or item.pending)
