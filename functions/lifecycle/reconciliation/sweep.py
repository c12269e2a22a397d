"""The sweep: every few minutes, what the leases say against what really runs. It finds whatever else was lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import TypeVar

from lifecycle.configuration import Configuration
from lifecycle.errors import LifecycleError, ServiceUnavailable
from lifecycle.executions.compare_and_set import write
from lifecycle.executions.consistency import may_run
from lifecycle.executions.names import execution_name, minute, start_once
from lifecycle.executions.outcomes import STARTED_BY_SWEEP
from lifecycle.executions.steps import claim_is_over
from lifecycle.model import leases
from lifecycle.model.budget import Spending
from lifecycle.model.leases import ModelItem
from lifecycle.model.statuses import GONE
from lifecycle.model.sweep_record import SweepRecord, SweptProject
from lifecycle.model.version import ModelVersion
from lifecycle.ports import Executions, ModelItems, Models, OpenExecutions
from lifecycle.reconciliation.sweep_rules import Finding, Sweep, sweep_model
from lifecycle.shared.arns import project_name
from lifecycle.shared.text import plural

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """A model as the sweep saw it: for who measures."""

    version: ModelVersion
    item: ModelItem


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did; ``problems`` has a line for each thing that could not be done."""

    models: int
    reported: int
    stops: int
    restarts: int
    settled: int
    problems: tuple[str, ...]

    @property
    def reason(self) -> str:
        """For the log."""
        return (
            f"{self.models} models seen, {self.reported} findings reported, {self.stops} stops and {self.restarts} "
            f"starts begun, {self.settled} ended executions settled, {len(self.problems)} problems."
        )

    def failure(self) -> ServiceUnavailable:
        """The error of a sweep with problems, once it has done everything else."""
        return ServiceUnavailable(
            "\n- ".join(["The sweep could not do everything:", *self.problems]),
            remedy="The next sweep checks again. If it goes on: what the problems name has to be mended.",
        )


@dataclass(slots=True)
class Sweeper:
    """One sweep.

    Parameters
    ----------
    now : datetime
        Of the sweep; its minute is part of the names of the executions it starts.
    notify : callable
        Notifies people of a finding, once.
    settle : callable
        Settles what an execution that has ended left; answers whether it has ended.
    start_model_arn, stop_model_arn : str
        The state machines.
    has_time : callable
        Whether there is time for one more model. What was done is written, so that the next sweep is through it sooner.
    spent : callable
        What this month has cost until now; it is asked where the budget refuses or stops.
    remember : callable
        Remembers what it saw for the page; nothing depends on it.
    seen : list of Seen
        What it has seen, once it has run.
    """

    now: datetime
    configuration: Configuration
    models: Models
    items: ModelItems
    executions: Executions
    open_executions: OpenExecutions
    notify: Callable[[Finding], None]
    settle: Callable[[str], bool]
    start_model_arn: str
    stop_model_arn: str
    spent: Callable[[], Spending]
    has_time: Callable[[], bool] = lambda: True
    remember: Callable[[SweepRecord], object] = lambda _record: None
    seen: list[Seen] = field(default_factory=list)

    def run(self) -> Swept:
        """Sweep. One model, project or execution that makes trouble does not keep the others from being swept."""
        problems: list[str] = []
        settled = [self._try(problems, arn, partial(self.settle, arn)) for arn in self._open(problems)]
        # The items first: a status that is older than the item says nothing of it.
        unreadable: dict[str, Exception] = {}
        items = {item.project_version_arn: item for item in self.items.all(unreadable.__setitem__)}
        problems += [f"{arn}: its item can't be read: {error}" for arn, error in unreadable.items()]
        versions = self._versions(items, problems)
        counts = self.configuration.refuses_over_budget
        spending = self._try(problems, "this month's budget", self.spent) if counts else None
        # Of an item that can't be read nobody knows who holds the model.
        models = [(items.get(arn, ModelItem(arn)), one) for arn, one in versions.items() if arn not in unreadable]
        sweeps = [
            self._try(problems, item.project_version_arn, partial(self._one, item, version, spending))
            for item, version in takewhile(lambda _: self.has_time(), models)
        ]
        if left := models[len(sweeps) :]:
            self.seen += [Seen(version, item) for item, version in left]
            problems.append(f"there was no time for {plural(len(left), 'model')}: the next sweep goes on with them")
        done = [sweep for sweep in sweeps if sweep]
        return Swept(
            models=len(versions),
            reported=sum(len(sweep.findings) for sweep in done),
            stops=sum(sweep.stop is not None for sweep in done),
            restarts=sum(len(sweep.restarts) for sweep in done),
            settled=sum(one is True for one in settled),
            problems=tuple(problems),
        )

    def _open(self, problems: list[str]) -> list[str]:
        return self._try(problems, "executions under way", lambda: list(self.open_executions.all())) or []

    def _versions(self, items: Mapping[str, ModelItem], problems: list[str]) -> dict[str, ModelVersion]:
        """What each model is now, of the projects that are configured and of those that the items are of."""
        project_of = {arn: project_name(arn) for arn in items}
        found: dict[str, ModelVersion] = {}
        unread: set[str] = set()
        read: list[SweptProject] = []
        for project in self.models.versions({*self.configuration.swept_projects, *project_of.values()}):
            if project.versions is None:
                unread.add(project.project_name)
                problems.append(f"project {project.project_name}: {project.problem}")
            else:
                found |= {version.project_version_arn: version for version in project.versions}
                read.append(SweptProject(project.project_name, tuple(project.versions)))
        self.remember(SweepRecord(self.now, tuple(read)))
        gone = (arn for arn, project in project_of.items() if arn not in found and project not in unread)
        return found | {arn: ModelVersion(arn, GONE) for arn in gone}

    def _one(self, item: ModelItem, version: ModelVersion, spending: Spending | None) -> Sweep | None:
        # One that Step Functions does not know is as old as the last change of the leases, at least.
        ended = [
            lease.execution_arn
            for lease in item.pending
            if not may_run(self.executions.describe(lease.execution_arn), item.changed_at, self.now)
        ]
        over = item.claim is not None and claim_is_over(item.claim, self.executions, self.now)
        found = (
            leases.found_running(item, version.min_inference_units, self.now, version.max_inference_units)
            if version.status == "RUNNING"
            else item
        )
        sweep = sweep_model(
            found,
            version.status,
            self.now,
            self.configuration,
            ended=ended,
            claim_over=over,
            spending=spending,
        )
        self.seen.append(Seen(version, sweep.item))
        if sweep.restarts and spending is None and self.configuration.refuses_over_budget:
            return None  # nothing is promised that the budget may refuse: the next sweep checks again
        if (sweep.findings or sweep.force) and self.items.get(item.project_version_arn) != item:
            return None  # reading took long, and what was found may be explained by now: the next sweep checks again
        for finding in sweep.findings:
            units, message = version.min_inference_units, version.status_message
            self.notify(replace(finding, min_inference_units=units, status_message=message))
        written = item if sweep.item == item else replace(sweep.item, revision=item.revision + 1)
        # Before the leases end: what could not be started again is found down again by the next sweep.
        for restart in sweep.restarts:
            payload = {**restart, "Context": {STARTED_BY_SWEEP: "The model was down under this lease."}}
            name = self._name("start", written, restart["LeaseId"])
            start_once(self.executions, self.start_model_arn, name, payload)
        if not write(self.items, item, sweep.item, now=self.now, configuration=self.configuration):
            return None  # somebody is at it: the next sweep checks again
        if sweep.stop:
            which = {"ProjectVersionArn": item.project_version_arn, **({"Force": True} if sweep.force else {})}
            payload = {**which, "Context": {STARTED_BY_SWEEP: sweep.stop}}
            start_once(self.executions, self.stop_model_arn, self._name("stop", written), payload)
        return sweep

    def _name(self, action: str, written: ModelItem, lease_id: str | None = None) -> str:
        """The same for a sweep that is run twice; one that never changed would be spent by a failure."""
        arn = written.project_version_arn
        head = f"sweep-{action}-{self.configuration.exact_name(arn)}"
        return execution_name(head, arn, written.revision, lease_id, when=minute(self.now))

    def _try(self, problems: list[str], what: str, action: Callable[[], T]) -> T | None:
        try:
            return action()
        except LifecycleError as error:
            problems.append(f"{what}: {error.message}")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not keep the others from being swept
            problems.append(f"{what}: {type(error).__name__}: {error}")
        return None
