"""One state of a machine, run alone: by moto's parser and evaluation, with a mock in place of what it would call.

As Step Functions' TestState does it: a Retry is not waited for, and the Retry or Catch that counted is named.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, StateMachineType
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.catch.catcher_outcome import CatcherOutcomeCaught
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.retry.retry_outcome import RetryOutcome
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext

from emulator.seams import maps, speed
from emulator.seams.stepfunctions import failure
from emulator.state_requests import Asked

_DEFAULT_ATTEMPTS = 3


@dataclass
class Seen:
    """What became of a state; ``inspected`` has the fields of TestState's ``inspectionData``, not yet as JSON text."""

    status: str = "SUCCEEDED"
    next_state: str | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    inspected: dict[str, Any] = field(default_factory=dict)
    details: dict[str, int] = field(default_factory=dict)


class _Retriable(Exception):  # noqa: N818 - no error: what ends the state here
    """A Retry matches."""


class _Kept(dict[str, Any]):
    """A part of the Context object that was given: moto would write its own values over it."""

    def __setitem__(self, name: str, value: Any) -> None:
        """Keep what is there."""
        if name not in self:
            super().__setitem__(name, value)

    def __missing__(self, name: str) -> None:
        """Nothing, where moto reads what need not be given, such as the execution's input."""

    def __deepcopy__(self, memo: Any) -> _Kept:
        """The same: nothing changes it."""
        return self


def run(asked: Asked, machine: Mapping[str, Any]) -> Seen:
    """Run the state that is asked for.

    Parameters
    ----------
    machine : Mapping
        The definition, read.
    """
    seen = Seen(inspected={"input": asked.given})
    state = copy.deepcopy(speed.parsed(asked.definition).states.states[asked.state])
    env = _environment(asked)
    if isinstance(state, ExecutionState):
        _Mocked(state, asked, machine["States"][asked.state], seen).put_in()
    try:
        state.eval(env)
    except _Retriable:
        seen.status = "RETRIABLE"
    except FailureEventException as failed:
        seen.status = "FAILED"
        seen.error, seen.cause = failed.extract_error_cause_pair() or (None, None)
    except Exception as error:  # noqa: BLE001 - whatever moto raises, Step Functions has a name for
        seen.status, seen.error, seen.cause = "FAILED", "States.Runtime", f"{type(error).__name__}: {error}"
    else:
        seen.output = env.states.get_input()
        seen.next_state = env.next_state_name if env.is_running() else None
    seen.variables = dict(env.variable_store._inner_scope)
    return seen


def _environment(asked: Asked) -> Environment:
    context = _Kept(Execution={"Input": None}, StateMachine={})
    env = Environment(
        aws_execution_details=AWSExecutionDetails(account="", region="", role_arn=""),
        execution_type=StateMachineType.STANDARD,
        context=context,  # type: ignore[arg-type]  # a TypedDict of moto's
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store={},
    )
    given = asked.context or {"Execution": {"Input": asked.given}}
    context.clear()
    context.update({name: _Kept(part) for name, part in {"Execution": {}, "StateMachine": {}, **given}.items()})
    env.states.reset(asked.given)
    for name, value in asked.variables.items():
        env.variable_store.set(name, value)
    env.next_state_name = asked.state
    return env


@dataclass
class _Mocked:
    """A Task or a Map that answers its mock, and tells which Retry or Catch counts."""

    state: Any
    asked: Asked
    written: Mapping[str, Any]
    """The state, as it stands in the definition."""
    seen: Seen

    def put_in(self) -> None:
        """Take the place of what moto would do."""
        self.state._eval_execution = self.execute
        self.state._handle_retry, self.state._handle_catch = self.handle_retry, self.handle_catch

    def execute(self, env: Any) -> None:
        """Evaluate the arguments, and answer."""
        if isinstance(self.state, StateMap):
            _evaluate_map(self.state, env, self.asked, self.seen)
        elif self.state.parargs is not None:
            self.state.parargs.eval(env)
            self.seen.inspected["afterArguments"] = copy.deepcopy(env.stack.pop())
        mock: Mapping[str, Any] = self.asked.mock or {}
        if "errorOutput" in mock:
            raise _mocked_failure(env, **mock["errorOutput"])
        if isinstance(self.state, StateMap) and _too_many(self.asked, self.seen):
            cause = "The specified tolerated failure threshold was exceeded"
            raise _mocked_failure(env, "States.ExceedToleratedFailureThreshold", cause)
        self.seen.inspected["result"] = mock["result"]
        env.stack.append(copy.deepcopy(mock["result"]))

    def handle_retry(self, env: Any, failure_event: Any) -> RetryOutcome:
        """Name the first retrier that matches; it is not waited for."""
        self._failed(failure_event)
        for index, retrier in enumerate(self.state.retry.retriers):
            env.stack.append(failure_event.error_name)
            retrier.error_equals.eval(env)
            if env.stack.pop():
                tried, written = self.asked.configuration.get("retrierRetryCount", 0), self.written["Retry"][index]
                self.seen.details["retryIndex"] = index
                if tried >= written.get("MaxAttempts", _DEFAULT_ATTEMPTS):
                    return RetryOutcome.CannotRetry
                self.seen.details["retryBackoffIntervalSeconds"] = _backoff(written, tried)
                raise _Retriable
        return RetryOutcome.NoRetrier

    def handle_catch(self, env: Any, failure_event: Any) -> None:
        """Let the first catcher that matches do what it says, and name it."""
        self._failed(failure_event)
        for index, catcher in enumerate(self.state.catch.catchers):
            env.stack.append(failure_event)
            catcher.eval(env)
            if isinstance(env.stack.pop(), CatcherOutcomeCaught):
                self.seen.status, self.seen.details["catchIndex"] = "CAUGHT_ERROR", index
                env.stack.append(CatchOutcome.Caught)
                return
        env.stack.append(CatchOutcome.NotCaught)

    def _failed(self, failure_event: Any) -> None:
        found = FailureEventException(failure_event).extract_error_cause_pair()
        self.seen.error, self.seen.cause = found or (None, None)


def _evaluate_map(state: Any, env: Any, asked: Asked, seen: Seen) -> None:
    for name, part in (
        ("maxConcurrency", state.max_concurrency_decl),
        ("toleratedFailureCount", state.tolerated_failure_count_decl),
        ("toleratedFailurePercentage", state.tolerated_failure_percentage_decl),
    ):
        part.eval(env)
        if (found := env.stack.pop()) or name == "maxConcurrency":
            seen.inspected[name] = found
    if state.item_reader is not None and state.item_reader.parargs is not None:
        state.item_reader.parargs.eval(env)
        env.stack.pop()
    if isinstance(state.result_writer, maps.ResultWriter):
        state.result_writer.evaluated(env)
    if "mapItemReaderData" in asked.configuration:
        seen.inspected["afterItemSelector"] = _selected(state, env, asked)


def _selected(state: Any, env: Any, asked: Asked) -> list[Any]:
    selected = []
    context = env.states.context_object.context_object_data
    for index, item in enumerate(json.loads(asked.configuration["mapItemReaderData"])):
        context.pop("Map", None)
        context["Map"] = {"Item": {"Index": index, "Value": item}}
        state.item_selector.eval(env)
        selected.append(copy.deepcopy(env.stack.pop()))
    context.pop("Map", None)
    return selected


def _too_many(asked: Asked, seen: Seen) -> bool:
    """Whether more iterations failed than are tolerated: of a Map that tolerates none so many do not matter here."""
    failed = asked.configuration.get("mapIterationFailureCount", 0)
    items = json.loads(asked.configuration.get("mapItemReaderData", "[]"))
    count, percentage = seen.inspected.get("toleratedFailureCount"), seen.inspected.get("toleratedFailurePercentage")
    return bool(count and failed > count) or bool(percentage and items and failed * 100 > percentage * len(items))


def _mocked_failure(env: Any, error: str, cause: str = "") -> FailureEventException:
    try:
        name: Any = StatesErrorName(typ=StatesErrorNameType.from_name(error))
    except ValueError:
        name = CustomErrorName(error)
    return failure(env, name, HistoryEventType.TaskFailed, {"taskFailedEventDetails": {"error": error, "cause": cause}})


def _backoff(retrier: Mapping[str, Any], tried: int) -> int:
    seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** tried
    longest = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return int(random.uniform(0, longest) if retrier.get("JitterStrategy") == "FULL" else longest)  # noqa: S311 - jitter
