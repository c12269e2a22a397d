"""AWS in memory, on a clock that only waiting moves, and the state machine's loop over the three steps."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from lifecycle import starting
from lifecycle.configuration import Configuration
from lifecycle.decisions import Action, Progress, Refusal
from lifecycle.errors import LifecycleError, ModelNotFound, NoAnswer, ServiceUnavailable
from lifecycle.ports import ExecutionState, InUse, ModelVersion, TokenHolder
from lifecycle.requests import Execution, StartRequest
from lifecycle.results import StartResult
from lifecycle.wire import Json, from_wire, to_wire
from tests.unit.examples import ARN, CONFIGURATION, NOW, PROJECT, execution

Script = Sequence[tuple[float, str]]
"""Statuses, each with the seconds after which it shows."""

NEVER = float("inf")
PAUSES = {NoAnswer: 25, ServiceUnavailable: 2}
"""Seconds before "Start the model" is tried again, as in the state machine."""
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
    """A start whose answer gets lost; ``made`` or not."""

    made: bool = True


Answer = Refusal | LifecycleError | Lost | None


@dataclass
class Models:
    """``ports.Models`` of one version with a script, and of others that fill the quota until ``quota_free_at``."""

    clock: Clock = field(default_factory=Clock)
    script: Script = ((0, "STOPPED"),)
    once_started: Script = ((0, "STARTING"), (600, "RUNNING"))
    answers: Sequence[Answer] = ()
    """To the first, second... start; those that follow are accepted."""
    refused_while: frozenset[str] = frozenset({"STARTING", "RUNNING", "STOPPING"})
    """Statuses in which a start is refused as in use."""
    runs_with: tuple[int | None, int | None] | None = None
    """Inference units of a start by somebody else; ours run with what they asked for."""
    others: Sequence[ModelVersion] = ()
    quota_free_at: float = 0
    readable: bool = True
    status_message: str | None = None
    looks: list[tuple[float, str]] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    """When starts were sent, in seconds."""
    _made: tuple[float, tuple[int, int | None]] | None = None

    def project_arn(self, project_version_arn: str) -> str:
        if "/gone/" in project_version_arn:
            raise ModelNotFound("There is no such project.", project_version_arn=project_version_arn)
        return PROJECT

    def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
        assert project_arn == PROJECT
        status = self._status()
        self.looks.append((self.clock.seconds, status))
        units = self._made[1] if self._made else self.runs_with or (1, None)
        return ModelVersion(project_version_arn, status, self.status_message, *units)

    def start(self, project_version_arn: str, min_units: int, max_units: int | None) -> Refusal | None:
        assert project_version_arn == ARN
        self.requests.append(self.clock.seconds)
        answer = self.answers[len(self.requests) - 1] if len(self.requests) <= len(self.answers) else None
        if isinstance(answer, LifecycleError):
            raise answer
        if isinstance(answer, Refusal):
            return answer
        if isinstance(answer, Lost):
            if answer.made:
                self._made = (self.clock.seconds, (min_units, max_units))
            raise NoAnswer("StartProjectVersion got no answer", project_version_arn=project_version_arn)
        if self._status() in self.refused_while:
            return Refusal.IN_USE
        if self.clock.seconds < self.quota_free_at:
            return Refusal.NO_CAPACITY
        self._made = (self.clock.seconds, (min_units, max_units))
        return None

    def in_use(self) -> InUse:
        return InUse(self.others if self.clock.seconds < self.quota_free_at else (), complete=self.readable)

    def _status(self) -> str:
        began, script = (self._made[0], self.once_started) if self._made else (0, self.script)
        return [status for seconds, status in script if began + seconds <= self.clock.seconds][-1]


@dataclass
class Executions:
    """``ports.Executions``: each execution RUNNING until the seconds given, then as given."""

    ends: Mapping[str, tuple[float, ExecutionState]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    on_describe: Callable[[str], object] = lambda _arn: None

    def describe(self, execution_arn: str) -> ExecutionState | None:
        self.on_describe(execution_arn)
        if execution_arn not in self.ends:
            return None
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


@dataclass
class Story:
    """One StartModel execution from its input to its end, every value passed on as JSON as the state machine does."""

    models: Models
    ends: Mapping[str, tuple[float, ExecutionState]] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens)
    configuration: Configuration = CONFIGURATION
    execution: Execution = field(default_factory=execution)
    steps: list[starting.Step] = field(default_factory=list)
    """What each look decided."""
    progress: Progress = field(default_factory=Progress)
    """As the state machine knows it: of a look that failed it is the one before."""

    @property
    def clock(self) -> Clock:
        return self.models.clock

    def run(self, payload: Json) -> StartResult:
        """The result; raises what the execution fails with."""
        executions = Executions(self.ends, self.clock)
        request = starting.prepare(
            payload,
            execution=self.execution,
            now=self.clock.now,
            configuration=self.configuration,
            models=self.models,
            tokens=self.tokens,
            executions=executions,
        )
        request = _through_json(request)
        for turn in itertools.count(1):
            assert turn < 1000, "the contract promises less than 1,000 turns"
            step = starting.check(
                request,
                self.progress,
                now=self.clock.now,
                configuration=self.configuration,
                models=self.models,
                executions=executions,
            )
            self.progress = _through_json(step.progress)
            self.steps.append(step)
            if step.action is Action.DONE:
                assert step.result is not None
                return step.result
            if step.action is Action.REQUEST:
                step = self._request_start(request)
                self.progress = _through_json(step.progress)
            assert step.wait_seconds is not None
            assert step.wait_seconds >= 1
            self.clock.advance(step.wait_seconds)
        raise AssertionError

    def _request_start(self, request: StartRequest) -> starting.Step:
        for retries in range(TRIES):
            try:
                return starting.request_start(
                    request, self.progress, retries=retries, now=self.clock.now, models=self.models
                )
            except ServiceUnavailable as error:
                last = error
                self.clock.advance(PAUSES[type(error)])
        self.progress = replace(self.progress, unclear=True)
        raise last


def _through_json(value: Any) -> Any:
    return from_wire(type(value), json.loads(json.dumps(to_wire(value))))
