"""The state machines' definitions, run as Step Functions runs them: as much of the language as they use.

Its retries, catches, timeouts and choices are those of the files in ``statemachine/``. Conditions and arguments are
JSONata, evaluated by ``jsonata-python``; mere paths, and their comparison with a constant, are done without it.
"""

import functools
import json
import random
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from jsonata import Jsonata

from tests.account.kernel import Simulation

Json = Any
PAYLOAD = 256 * 1024
"""Bytes of UTF-8 that a state may be given, may work with, or may answer (Step Functions quotas)."""
CAUSE = 32_768
"""Characters of a Cause (Step Functions API reference). That a longer one is cut off is assumed."""
TOO_LARGE = "States.DataLimitExceeded"
NOT_ALL = frozenset({TOO_LARGE, "States.Runtime"})
"""What ``States.ALL`` does not catch (Step Functions Developer Guide, "Handling errors"). That a catcher which names
``States.DataLimitExceeded`` does is assumed: the guide says only which one does not."""
_PATH = re.compile(r"\$[a-zA-Z_]+(\.[a-zA-Z_]+)*")
_COMPARISON = re.compile(rf"(?P<path>{_PATH.pattern}) = (?P<value>'[A-Z_]+'|true)")
_MISSING = object()


class TaskError(Exception):
    """What a Task fails with."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


class ExecutionError(Exception):
    """What an execution fails with."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


Task = Callable[[str, Json, float | None], Json]
"""Does what a Task's resource says, with these arguments, in so many seconds; raises TaskError."""
WAITS = ".waitForTaskToken"


class Callback(Protocol):
    """What a Task waits for that has given its token away."""

    def new(self) -> str:
        """A token."""

    def wait(self, token: str, heartbeat: float) -> Json:
        """The output that somebody ends the task with; raises TaskError, also where heartbeats fail to come."""


class Run:
    """One execution of a definition.

    Parameters
    ----------
    definition : Mapping
        Amazon States Language.
    context : dict
        The context object; its ``State`` is kept here.
    task : callable
        Does the work.
    entered : callable
        Is told of each state as it is entered.
    measured : callable
        Is told of each payload: the state, which payload of it, and its bytes.
    failed : callable
        Is told of each try of a Task that fails: the error.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        context: dict[str, Json],
        *,
        simulation: Simulation,
        task: Task,
        chance: random.Random,
        entered: Callable[[str], None],
        measured: Callable[[str, str, int], None] = lambda _state, _which, _bytes: None,
        failed: Callable[[str], None] = lambda _error: None,
        callback: Callback | None = None,
    ) -> None:
        self._definition = definition
        self._context = context
        self._simulation = simulation
        self._task = task
        self._chance = chance
        self._entered = entered
        self._measured = measured
        self._failed = failed
        self._callback = callback
        self._variables: dict[str, Json] = {}
        self._input: Json = context.get("Execution", {}).get("Input")
        """Of the state that is entered: what the one before has put out."""

    def run(self) -> Json:
        """From the first state to the end; the output."""
        name = self._definition["StartAt"]
        while True:
            state = self._definition["States"][name]
            self._context["State"] = {"Name": name, "RetryCount": 0}
            self._entered(name)
            match state["Type"]:
                case "Succeed":
                    return self._put_out(state, self._input)
                case "Fail":
                    cause = str(self._value(state["Cause"], {}))
                    raise ExecutionError(self._value(state["Error"], {}), cause[:CAUSE])
                case "Wait":
                    self._simulation.sleep(float(self._value(state["Seconds"], {})))
                    name = state["Next"]
                case "Pass":
                    self._assign(state, {})
                    name = state["Next"]
                case "Choice":
                    name = self._choose(state)
                case "Task" | "Map":
                    name = self._work(state)
                case kind:
                    raise AssertionError(f"no {kind} here")

    def _choose(self, state: Mapping[str, Any]) -> str:
        for choice in state["Choices"]:
            if self._value(choice["Condition"], {}) is True:
                self._assign(choice, {})
                self._input = self._put_out(choice, self._input, {})
                return str(choice["Next"])
        return str(state["Default"])

    def _work(self, state: Mapping[str, Any]) -> str:
        # Of a Map what reads its items: whoever does that does the rest, as its children are executions of their own.
        work = state["ItemReader"] if state["Type"] == "Map" else state
        tried = [0] * len(state["Retry"])
        while True:
            try:
                result = self._fit("result", self._do(work, state))
                self._assign(state, {"result": result})
                self._input = self._put_out(state, result, {"result": result})
                return str(state["Next"])
            except TaskError as error:
                self._failed(error.error)
                if (seconds := self._pause(state, error, tried)) is not None:
                    self._simulation.sleep(seconds)
                    self._context["State"]["RetryCount"] += 1
                    continue
                error_output = {"Error": error.error, "Cause": error.cause[:CAUSE]}
                for catch in state["Catch"]:
                    if _matches(catch, error.error):
                        self._assign(catch, {"errorOutput": error_output})
                        self._input = self._put_out(catch, error_output, {"errorOutput": error_output})
                        return str(catch["Next"])
                raise ExecutionError(error.error, error_output["Cause"]) from error

    def _do(self, work: Mapping[str, Any], state: Mapping[str, Any]) -> Json:
        if not work["Resource"].endswith(WAITS):
            arguments = self._fit("arguments", self._value(work["Arguments"], {}))
            return self._task(work["Resource"], arguments, state.get("TimeoutSeconds"))
        assert self._callback is not None
        token = self._callback.new()
        self._context["Task"] = {"Token": token}
        arguments = self._fit("arguments", self._value(work["Arguments"], {}))
        del self._context["Task"]
        self._task(work["Resource"].removesuffix(WAITS), arguments, state.get("TimeoutSeconds"))
        return self._callback.wait(token, state["HeartbeatSeconds"])

    def _pause(self, state: Mapping[str, Any], error: TaskError, tried: list[int]) -> float | None:
        """Until the next try, in seconds; None where there is none."""
        for number, retry in enumerate(state["Retry"]):
            if not _matches(retry, error.error):
                continue
            if tried[number] >= retry["MaxAttempts"]:
                return None
            longest = retry["IntervalSeconds"] * retry["BackoffRate"] ** tried[number]
            longest = min(longest, retry.get("MaxDelaySeconds", longest))
            tried[number] += 1
            return self._chance.uniform(0, longest) if retry["JitterStrategy"] == "FULL" else float(longest)
        return None

    def _assign(self, state: Mapping[str, Any], states: Mapping[str, Json]) -> None:
        """All at once, as the language has it."""
        assigned = {name: self._value(value, states) for name, value in state.get("Assign", {}).items()}
        self._variables |= self._fit("variables", assigned)

    def _put_out(
        self, state: Mapping[str, Any], otherwise: Json, states: Mapping[str, Json] = MappingProxyType({})
    ) -> Json:
        """What a state puts out, and the next one is given."""
        return self._fit("output", self._value(state["Output"], states) if "Output" in state else otherwise)

    def _fit(self, which: str, value: Json) -> Json:
        """The same, if it is no larger than a payload may be."""
        state = self._context["State"]["Name"]
        size = payload_bytes(value)
        self._measured(state, which, size)
        if size > PAYLOAD:
            raise TaskError(
                TOO_LARGE,
                f"The state/task '{state}' returned a result with a size exceeding the maximum number of bytes "
                "service limit.",
            )
        return value

    def _value(self, template: Json, states: Mapping[str, Json]) -> Json:
        if isinstance(template, dict):
            return {name: self._value(value, states) for name, value in template.items()}
        if isinstance(template, list):
            return [self._value(value, states) for value in template]
        if not (isinstance(template, str) and template.startswith("{%")):
            return template
        expression = template[2:-2].strip()
        known = {**self._variables, "states": {"input": self._input, **states, "context": self._context}}
        if _PATH.fullmatch(expression):
            found = _follow(expression, known)
        elif compared := _COMPARISON.fullmatch(expression):
            found = _follow(compared["path"], known) == json.loads(compared["value"].replace("'", '"'))
        else:
            found = _evaluate(expression, known)
        if found is _MISSING:
            # As Step Functions does where an expression gives nothing: States.QueryEvaluationError.
            raise TaskError("States.QueryEvaluationError", f"{expression} gives nothing")
        return json.loads(json.dumps(found))


def _matches(rule: Mapping[str, Any], error: str) -> bool:
    names = rule["ErrorEquals"]
    if error in names or error in NOT_ALL:
        return error in names
    return "States.ALL" in names or (error != "States.Timeout" and "States.TaskFailed" in names)


def payload_bytes(value: Json) -> int:
    """Of a payload, as JSON in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))


def _follow(path: str, known: Mapping[str, Json]) -> Json:
    found: Json = known
    for name in path[1:].split("."):
        found = found.get(name, _MISSING) if isinstance(found, dict) else _MISSING
    return found


@functools.cache
def _program(expression: str) -> Jsonata:
    program = Jsonata(expression)
    program.register_lambda("parse", json.loads)
    return program


def _evaluate(expression: str, known: Mapping[str, Json]) -> Json:
    found = _program(expression).evaluate(None, known)
    return _MISSING if found is None else found
