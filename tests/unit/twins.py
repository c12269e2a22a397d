"""AWS in memory, on a clock that only waiting moves, and the state machines' loop over their three steps."""

import itertools
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.custom_labels import CustomLabelsError, Quotas, Timing
from lifecycle.configuration import Configuration
from lifecycle.errors import InvalidRequest, LifecycleError, ModelNotFound, NoAnswer, ServiceUnavailable
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import execution_arn as arn_of
from lifecycle.executions.steps import Step
from lifecycle.model.bill import Session, month_of
from lifecycle.model.decisions import Action, Progress, Refusal, StopProgress
from lifecycle.model.leases import ModelItem
from lifecycle.model.version import InUse, ModelVersion, ProjectVersions
from lifecycle.ports import (
    ChooseProjects,
    ExecutionState,
    StateMachine,
    TokenHolder,
    Unreadable,
    every_project,
    raised,
)
from lifecycle.shared.wire import Json, from_wire, to_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.stop_model import steps as stop_steps
from tests.account.custom_labels import Script, Scripted
from tests.unit.examples import ARN, CONFIGURATION, NOW, PROJECT, execution

REFUSALS = {"ResourceInUseException": Refusal.IN_USE, "LimitExceededException": Refusal.NO_CAPACITY}
NEVER = float("inf")
WORKLOAD_MACHINE = StateMachine("ACTIVE", "STANDARD")
PAUSES = {NoAnswer: 25, ServiceUnavailable: 2}
"""Seconds before "Start the model" or "Stop the model" is tried again, as in the state machine."""
TRIES = 4


@dataclass
class Clock:
    now: datetime = NOW

    @property
    def seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Lost:
    """A request whose answer gets lost; ``made`` or not."""

    made: bool = True


Answer = Refusal | LifecycleError | Lost | None


@dataclass
class Models:
    """``ports.Models`` of one version, as the emulator has it; others fill the quota until ``quota_free_at``."""

    clock: Clock = field(default_factory=Clock)
    script: Script = ((0, "STOPPED"),)
    once_started: Script | None = None
    once_stopped: Script | None = None
    answers: Sequence[Answer] = ()
    """To the first, second... start or stop; those that follow are the service's own."""
    runs_with: tuple[int | None, int | None] = (1, None)
    """Inference units of a start by somebody else; ours run with what they asked for."""
    others: Sequence[ModelVersion] = ()
    quota_free_at: float = 0
    readable: bool = True
    trained: Sequence[ModelVersion] = ()
    """What the project has, for who chooses."""
    status_message: str | None = None
    status_checks: list[tuple[float, str]] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    """When starts and stops were sent, in seconds."""

    def __post_init__(self) -> None:
        self.service = Scripted(
            region="us-east-1",
            account_id="123456789012",
            timing=Timing(starting=600, stopping=120),
            clock=lambda: self.clock.seconds,
        )
        self.service.once_started, self.service.once_stopped = self.once_started, self.once_stopped
        version = self.service.seed(ARN)
        version.min_inference_units, version.max_inference_units = self.runs_with
        self.follow(self.script)

    def follow(self, script: Script) -> None:
        """Let the status be as a script says from now on."""
        self.service.follow(ARN, script)

    def project_arn(self, project_version_arn: str) -> str:
        if "/gone/" in project_version_arn:
            raise ModelNotFound("There is no such project.", project_version_arn=project_version_arn)
        return PROJECT

    def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
        assert project_arn == PROJECT
        (version,) = self.service.versions()
        self.status_checks.append((self.clock.seconds, version.status))
        units = version.min_inference_units, version.max_inference_units
        return ModelVersion(project_version_arn, version.status, self.status_message, *units)

    def start(self, project_version_arn: str, min_units: int, max_units: int | None) -> Refusal | None:
        return self._request(lambda: self.service.start_project_version(project_version_arn, min_units, max_units))

    def stop(self, project_version_arn: str) -> Refusal | None:
        return self._request(lambda: self.service.stop_project_version(project_version_arn))

    def versions_of(self, project_name: str) -> Sequence[ModelVersion]:
        assert project_name == "boards"
        return self.trained

    def versions(self, projects: Collection[str], choose: ChooseProjects = every_project) -> Iterator[ProjectVersions]:
        for name in choose(["boards"] if "boards" in projects else []):
            yield ProjectVersions(name, [self.describe(ARN, PROJECT)])

    def _request(self, ask: Callable[[], object]) -> Refusal | None:
        self.requests.append(self.clock.seconds)
        answer = self.answers[len(self.requests) - 1] if len(self.requests) <= len(self.answers) else None
        if isinstance(answer, LifecycleError):
            raise answer
        if isinstance(answer, Refusal):
            return answer
        free = answer is not None or self.clock.seconds >= self.quota_free_at  # what is made was accepted
        self.service.quotas = Quotas(running_models=int(free), inference_units=1000)
        refusal = None
        try:
            if answer is None or answer.made:
                ask()
        except CustomLabelsError as error:
            refusal = REFUSALS[error.code]
        if answer:
            raise NoAnswer("The service gave no answer", project_version_arn=ARN)
        return refusal

    def in_use(self) -> InUse:
        return InUse(self.others if self.clock.seconds < self.quota_free_at else (), complete=self.readable)


@dataclass
class Executions:
    """``ports.Executions``: each execution RUNNING until the seconds given, then as given."""

    ends: Mapping[str, tuple[float, ExecutionState]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    on_describe: Callable[[str], object] = lambda _arn: None
    started: dict[tuple[str, str], Json] = field(default_factory=dict)
    """The inputs of executions that were started, by state machine and name."""
    stopped: list[str] = field(default_factory=list)
    machine: StateMachine | None = WORKLOAD_MACHINE
    """What any workload is; None where there is none."""

    def state_machine(self, state_machine_arn: str) -> StateMachine | None:
        assert state_machine_arn
        return self.machine

    def start(self, state_machine_arn: str, name: str, payload: Json) -> bool:
        new = (state_machine_arn, name) not in self.started
        self.started.setdefault((state_machine_arn, name), json.loads(json.dumps(payload)))
        return new

    def stop(self, execution_arn: str, cause: str) -> None:
        assert cause
        self.stopped.append(execution_arn)

    def describe(self, execution_arn: str) -> ExecutionState | None:
        self.on_describe(execution_arn)
        if execution_arn not in self.ends:
            by_arn = {arn_of(machine, name): payload for (machine, name), payload in self.started.items()}
            return ExecutionState("RUNNING", input=by_arn[execution_arn]) if execution_arn in by_arn else None
        at, end = self.ends[execution_arn]
        return end if self.clock.seconds >= at else ExecutionState("RUNNING")


@dataclass
class Tokens:
    """``ports.Tokens``: the conditional write of the table, in memory."""

    holders: dict[str, TokenHolder] = field(default_factory=dict)
    until: dict[str, datetime] = field(default_factory=dict)

    def hold(self, token: str, holder: TokenHolder, until: datetime, instead_of: str | None = None) -> TokenHolder:
        held = self.holders.get(token)
        if held is None or held.execution_arn in (holder.execution_arn, instead_of):
            self.holders[token], self.until[token] = holder, until
        return self.holders[token]

    def holder(self, token: str) -> TokenHolder | None:
        return self.holders.get(token)


@dataclass
class Items:
    """``ports.ModelItems``: the compare-and-set of the table, in memory and through JSON."""

    kept: dict[str, Json] = field(default_factory=dict)
    meanwhile: list[Callable[["Items"], object]] = field(default_factory=list)
    """What others do between a read and the next write, one a write."""
    ended: list[Session] = field(default_factory=list)
    """The sessions that were recorded."""
    nonsense: dict[str, Exception] = field(default_factory=dict)
    """The models of whose items somebody has made nonsense, and what reading one raises."""

    def get(self, project_version_arn: str) -> ModelItem:
        if project_version_arn in self.nonsense:
            raise self.nonsense[project_version_arn]
        if project_version_arn not in self.kept:
            return ModelItem(project_version_arn)
        return from_wire(ModelItem, json.loads(self.kept[project_version_arn]), exact=True)

    def put(self, item: ModelItem, ended: Session | None = None) -> bool:
        if self.meanwhile:
            self.meanwhile.pop(0)(self)
        if self.get(item.project_version_arn).revision != item.revision:
            return False
        written = replace(item, revision=item.revision + 1)
        self.kept[item.project_version_arn] = json.dumps(to_wire(written))
        self.ended += [ended] if ended else []
        return True

    def change(self, change: Callable[[ModelItem], ModelItem]) -> None:
        """What somebody else does to the model's item."""
        assert self.put(change(self.get(ARN)))

    def all(self, unreadable: Unreadable = raised) -> list[ModelItem]:
        for arn, error in self.nonsense.items():
            unreadable(arn, error)
        return [self.get(arn) for arn in self.kept if arn not in self.nonsense]


@dataclass
class Ledger:
    """``ports.Ledger`` in memory."""

    ended: list[Session] = field(default_factory=list)
    failures: list[LifecycleError] = field(default_factory=list)
    """What the next readings raise."""
    readings: int = 0

    def sessions(self, month: str, now: datetime, unreadable: Unreadable) -> list[Session]:  # noqa: ARG002 - the port's
        self.readings += 1
        if self.failures:
            raise self.failures.pop(0)
        return [one for one in self.ended if month_of(one.until) >= month]


@dataclass
class OpenExecutions:
    """``ports.OpenExecutions`` in memory."""

    arns: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    opened_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def choose(self, execution_arn: str, project_version_arn: str) -> str:
        return self.versions.setdefault(execution_arn, project_version_arn)

    def chosen(self, execution_arn: str) -> str | None:
        return self.versions.get(execution_arn)

    def open(self, execution_arn: str) -> None:
        self.arns.append(execution_arn)

    def close(self, execution_arn: str, opened_before: datetime | None = None) -> None:
        if opened_before and self.opened_at >= opened_before:
            return
        self.arns = [arn for arn in self.arns if arn != execution_arn]
        self.versions.pop(execution_arn, None)

    def all(self) -> list[str]:
        return list(self.arns)


@dataclass
class Story:
    """One StartModel execution from its input to its end, every value passed on as JSON as the state machine does."""

    models: Models
    ends: Mapping[str, tuple[float, ExecutionState]] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens)
    items: Items = field(default_factory=Items)
    ledger: Ledger = field(default_factory=Ledger)
    open_executions: OpenExecutions = field(default_factory=OpenExecutions)
    configuration: Configuration = CONFIGURATION
    execution: Execution = field(default_factory=execution)
    steps: list[Step] = field(default_factory=list)
    """What each look decided."""
    progress: Progress = field(default_factory=Progress)
    """As the state machine knows it: of a look that failed it is the one before."""
    before_check: Callable[[], object] = lambda: None
    """What happens before each look."""

    @property
    def clock(self) -> Clock:
        return self.models.clock

    def run(self, payload: Json) -> Any:
        """The result; raises what the execution fails with."""
        request = _through_json(self._prepare(payload, Executions(self.ends, self.clock)))
        for turn in itertools.count(1):
            assert turn < 1000, "the contract promises less than 1,000 turns"
            self.before_check()
            step = self._check(request, Executions(self.ends, self.clock))
            self.progress = _through_json(step.progress)
            self.steps.append(step)
            if step.action is Action.DONE:
                assert step.result is not None
                return step.result
            if step.action is Action.REQUEST:
                step = self._request(request)
                self.progress = _through_json(step.progress)
            assert step.wait_seconds is not None
            assert step.wait_seconds >= 1
            self.clock.advance(step.wait_seconds)
        raise AssertionError

    def _request(self, request: Any) -> Step:
        for retries in range(TRIES):
            try:
                return self._act(request, retries)
            except ServiceUnavailable as error:
                last = error
                self.clock.advance(PAUSES[type(error)])
        self.progress = replace(self.progress, unclear=True)
        raise last

    def _prepare(self, payload: Json, executions: Executions) -> Any:
        return start_steps.prepare(
            payload,
            execution=self.execution,
            now=self.clock.now,
            configuration=self.configuration,
            models=self.models,
            items=self.items,
            tokens=self.tokens,
            executions=executions,
            open_executions=self.open_executions,
        )

    def _check(self, request: Any, executions: Executions) -> Step:
        return start_steps.check(
            request,
            self.progress,
            now=self.clock.now,
            configuration=self.configuration,
            models=self.models,
            items=self.items,
            executions=executions,
            ledger=self.ledger,
        )

    def _act(self, request: Any, retries: int) -> Step:
        return start_steps.request_start(
            request,
            self.progress,
            retries=retries,
            now=self.clock.now,
            configuration=self.configuration,
            models=self.models,
            items=self.items,
        )


@dataclass
class StopStory(Story):
    """One StopModel execution."""

    execution: Execution = field(default_factory=lambda: execution("evening", machine="StopModel"))
    progress: StopProgress = field(default_factory=StopProgress)

    def _prepare(self, payload: Json, executions: Executions) -> Any:
        return stop_steps.prepare(
            payload,
            execution=self.execution,
            now=self.clock.now,
            configuration=self.configuration,
            models=self.models,
            tokens=self.tokens,
            executions=executions,
            items=self.items,
            open_executions=self.open_executions,
        )

    def _check(self, request: Any, executions: Executions) -> Step:
        return stop_steps.check(
            request,
            self.progress,
            now=self.clock.now,
            configuration=self.configuration,
            models=self.models,
            items=self.items,
            executions=executions,
        )

    def _act(self, request: Any, retries: int) -> Step:
        return stop_steps.request_stop(
            request, self.progress, retries=retries, now=self.clock.now, models=self.models, items=self.items
        )


def _through_json(value: Any) -> Any:
    return from_wire(type(value), json.loads(json.dumps(to_wire(value))))


@dataclass
class Objects:
    """``ports.Objects``, as far as Prepare needs it: where each bucket is."""

    regions: dict[str, str] = field(default_factory=dict)

    def region(self, bucket: str) -> str:
        if bucket not in self.regions:
            raise InvalidRequest(f"There is no bucket {bucket}.")
        return self.regions[bucket]

    def has_any(self, bucket: str, prefix: str) -> bool:
        raise NotImplementedError

    def newest(self, bucket: str, prefix: str, suffix: str) -> str | None:
        raise NotImplementedError

    def lines(self, bucket: str, key: str) -> Iterator[bytes]:
        raise NotImplementedError

    def write(self, bucket: str, key: str, text: str) -> None:
        raise NotImplementedError
