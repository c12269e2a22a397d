"""The simulated account: the state machines of this app, its functions, and what calls them."""

import contextlib
import functools
import json
import random
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import time_machine
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from lifecycle.adapters.model_table import ModelTable
from lifecycle.model.leases import ModelItem
from lifecycle.shared.wire import from_wire
from tests.account.clients import Caller, Wire, model
from tests.account.custom_labels import CustomLabels
from tests.account.faults import Answer, Fault, Faults, Lost
from tests.account.functions import (
    DRAIN_INBOX,
    MORE,
    OF_INBOXES,
    TIMEOUTS,
    Context,
    CrashError,
    Functions,
    as_runtime_sends,
)
from tests.account.kernel import Killed, Process, Simulation
from tests.account.machine import CAUSE, ExecutionError, Run, TaskError
from tests.account.services import Channel, DynamoDB, Execution, ServiceError, StepFunctions
from tests.account.tokens import Tokens
from tests.unit.examples import ARN, MACHINES, NOW, WORKLOAD

Json = Any
STATE_MACHINES = Path(__file__).parents[2] / "statemachine"
SWEEP_SECONDS = 300
COLD = 0.3
"""Seconds until a function has started."""
TRIED_AGAIN = (60, 120)
"""Seconds after which Lambda tries an asynchronous invocation again (Lambda, error handling)."""
EVENT_DELAY = 0.5
"""Seconds until EventBridge has delivered the event of an execution's end."""
DETECT_BATCH = MACHINES.start_model.replace("StartModel", "DetectBatch")
SECONDS = {**TIMEOUTS, **MORE, **OF_INBOXES}
_FILES = {
    MACHINES.start_model: "start_model",
    MACHINES.stop_model: "stop_model",
    MACHINES.run_with_model: "run_with_model",
    DETECT_BATCH: "detect_batch",
    DRAIN_INBOX: "drain_inbox",
}
_PREFIXES = {DETECT_BATCH: "detect_batch_", DRAIN_INBOX: "inbox_"}
"""Of the handlers of the functions that a workload of ours calls."""
_SETTLED = frozenset(_FILES) - _PREFIXES.keys()
"""Of whose executions' ends Settle is told."""
WORKLOAD_DEFINITION: Mapping[str, Json] = {
    "StartAt": "Inspect",
    "States": {
        "Inspect": {"Type": "Wait", "Seconds": 900, "Next": "Done"},
        "Done": {"Type": "Succeed", "Output": {"Boards": 12}},
    },
}
_serialise, _deserialise = TypeSerializer().serialize, TypeDeserializer().deserialize


@functools.cache
def definition(machine_arn: str) -> Mapping[str, Json]:
    """A state machine's definition, with functions by their handlers' names."""
    if machine_arn == WORKLOAD:
        return WORKLOAD_DEFINITION
    text = (STATE_MACHINES / f"{_FILES[machine_arn]}.asl.json").read_text(encoding="utf-8")
    prefix = _PREFIXES.get(machine_arn, "")
    names = {f"{name.capitalize()}FunctionArn": f"{prefix}{name}" for name in (*TIMEOUTS, "summarise", "open")}
    names |= {"StartModelArn": MACHINES.start_model, "StopModelArn": MACHINES.stop_model}
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    found: Mapping[str, Json] = json.loads(text)
    return found


def named_by_a_task(code: str) -> str:
    """How a Task names an error of Step Functions: by the class of AWS's Java SDK 1.

    A code that the service's model lacks, as of throttling or of a refusal by IAM, has the base class.
    """
    known = {shape.error_code: shape.name for shape in model("stepfunctions").meta.service_model.error_shapes}
    name = known.get(code, "AWSStepFunctionsException")
    return f"StepFunctions.{name if name.endswith('Exception') else f'{name}Exception'}"


@dataclass(frozen=True)
class Delivery:
    """How the events that call a function are delivered: after how many seconds each, once for each; lost if none.

    ``event``: the how-manieth, from 1; else all.
    """

    function: str
    after: Sequence[float]
    event: int | None = None


@dataclass(frozen=True)
class Abortion:
    """Somebody ends an execution as it enters a state (``nth`` time), or ``later`` by seconds."""

    machine_arn: str
    state: str
    nth: int = 1
    later: float = 0.01


@dataclass
class Account:
    """All of it, for one story.

    Parameters
    ----------
    seed : int
        Of jitter, and of whatever else is chance.
    """

    functions: Functions
    traveller: time_machine.Traveller
    seed: int = 0
    faults: Sequence[Fault] = ()
    deliveries: Sequence[Delivery] = ()
    abortions: Sequence[Abortion] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    """Of CustomLabels."""
    sweeps: bool = True
    changed: list[float] = field(default_factory=list)
    """When anything that matters was changed: executions, leases and claim, statuses, who was told."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a simulation
        self.simulation = Simulation(NOW, lambda now: self.traveller.move_to(now.timestamp()))
        self.custom_labels = CustomLabels(self.simulation, **self.labels)
        keys = {"models": ("Id",), "idempotency": ("id",), "ledger": ("Month", "Id")}
        self.dynamodb = DynamoDB(keys, written=self._written)
        self.stepfunctions = StepFunctions(self.simulation, self._begin, self._abort)
        self.tokens = Tokens(self.simulation, self.stepfunctions.tasks)
        self.topic, self.bus = Channel(self.simulation), Channel(self.simulation)
        self.wire = Wire(
            self.simulation,
            {
                "rekognition": self.custom_labels,
                "dynamodb": self.dynamodb,
                "stepfunctions": self.stepfunctions,
                "sns": self.topic,
                "events": self.bus,
            },
            Faults(self.faults),
            self.chance,
            self._change_item,
        )
        self.functions.clients.wire = self.wire
        self.decisions: dict[str, list[str]] = {}
        """The notifications that were decided, by the key of their record."""
        self.items: list[tuple[float, Json]] = []
        """The model's item, each time it was written."""
        self.lost_calls: list[tuple[str, Json]] = []
        """What lies in the queue of lost calls, of which an alarm tells."""
        self.errors: list[tuple[str, str]] = []
        """What functions have failed with, as Step Functions calls it: each with the function."""
        self.definitions: Mapping[str, Mapping[str, Json]] = {}
        """Of state machines that are others here."""
        self.largest: dict[tuple[str, str, str], int] = {}
        """The bytes of the largest payload, by machine, state, and which payload of it."""
        self._runs: dict[str, Process] = {}
        self._events: dict[str, int] = {}
        if self.sweeps:
            self.simulation.after(SWEEP_SECONDS, self._sweep)

    # --- what people and pipelines do

    def start(self, machine_arn: str, name: str, payload: Json, after: float) -> None:
        """Start an execution later; again under the same name if it is called again."""

        def begin() -> None:
            with contextlib.suppress(ServiceError):  # of this name there is one already
                self.stepfunctions.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(payload))

        self.simulation.after(after, begin)

    def call(self, function: str, event: Json, after: float = 0) -> None:
        """Invoke a function as EventBridge and Scheduler do: asynchronously, and as often as it is delivered."""
        number = self._events[function] = self._events.get(function, 0) + 1
        delivered: Sequence[float] = (after,)
        for delivery in self.deliveries:
            if delivery.function == function and delivery.event in (None, number):
                delivered = [after + seconds for seconds in delivery.after]
        for seconds in delivered:
            self.simulation.begin(functools.partial(self._called, function, event), seconds)

    def invoke(self, function: str, event: Json) -> Process:
        """Invoke a function once, as who waits for the answer."""
        return self._function(function, event)

    def run(self, until: float) -> None:
        """Let time pass."""
        self.simulation.run(until)

    def until(self, holds: Callable[[], object], seconds: float) -> bool:
        """Let time pass until something holds, or so many seconds have gone by; answers whether it holds."""
        return self.simulation.run(self.simulation.seconds + seconds, holds)

    def second(self, moment: datetime) -> float:
        """Since the story began."""
        return (moment - NOW).total_seconds()

    def hold(self, project_version_arn: str, leases: Sequence[Json]) -> None:
        """Let a model have leases."""
        item = {"ProjectVersionArn": project_version_arn, "Leases": leases, "Managed": True}
        assert ModelTable(_direct(self.dynamodb), "models").put(from_wire(ModelItem, item))

    @property
    def refused(self) -> list[str]:
        """What was too large for a service."""
        return [*self.dynamodb.refused, *self.topic.refused, *self.bus.refused]

    # --- executions

    def _begin(self, execution: Execution) -> None:
        context = {
            "Execution": {
                "Id": execution.arn,
                "Name": execution.name,
                "StartTime": execution.began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "Input": json.loads(execution.given),
            }
        }
        run = Run(
            self.definitions.get(execution.machine_arn) or definition(execution.machine_arn),
            context,
            simulation=self.simulation,
            task=self._task,
            chance=self.chance,
            entered=functools.partial(self._entered, execution),
            measured=functools.partial(self._measured, execution.machine_arn),
            failed=lambda error: execution.failures.append((self.simulation.now, error)),
            callback=self.tokens,
        )
        self._runs[execution.arn] = self.simulation.begin(functools.partial(self._goes_on, execution, run), 0.01)

    def _goes_on(self, execution: Execution, run: Run) -> None:
        try:
            output = run.run()
        except (ExecutionError, TaskError) as error:
            self._ends(execution, status="FAILED", error=error.error, cause=error.cause)
        else:
            self._ends(execution, status="SUCCEEDED", output=json.dumps(output))

    def _abort(self, execution: Execution, given: Mapping[str, str]) -> None:
        """Error and Cause are both optional, and absent where they were not given (API reference, StopExecution)."""
        self._runs[execution.arn].kill()
        self._ends(execution, status="ABORTED", **given)

    def time_out(self, execution: Execution) -> None:
        """Let an execution reach its TimeoutSeconds now: it has no Error and no Cause."""
        self._runs[execution.arn].kill()
        self._ends(execution, status="TIMED_OUT")

    def _ends(self, execution: Execution, **how: str) -> None:
        for name, value in how.items():
            setattr(execution, name, value)
        execution.ended = self.simulation.now
        self.changed.append(self.simulation.seconds)
        if execution.machine_arn in _SETTLED:
            self.call("settle", {"detail": {"executionArn": execution.arn, "status": execution.status}}, EVENT_DELAY)

    def _entered(self, execution: Execution, state: str) -> None:
        execution.states.append(state)
        for abortion in self.abortions:
            matches = (abortion.machine_arn, abortion.state) == (execution.machine_arn, state)
            if (
                matches
                and execution.states.count(state) == abortion.nth
                and not execution.name.startswith(("sweep", "again"))
            ):
                self.wire.faults.happened.append(self.simulation.seconds)
                self.simulation.after(abortion.later, lambda: self._stopped_by_somebody(execution))

    def _measured(self, machine_arn: str, state: str, which: str, size: int) -> None:
        key = machine_arn, state, which
        self.largest[key] = max(size, self.largest.get(key, 0))

    def _stopped_by_somebody(self, execution: Execution) -> None:
        self.stepfunctions.stop_execution(executionArn=execution.arn, cause="by hand")

    def _task(self, resource: str, arguments: Json, seconds: float | None) -> Json:
        if resource.endswith(":lambda:invoke"):
            return {"Payload": self._invoke(arguments["FunctionName"], arguments["Payload"], seconds)}
        return self._nested(resource, arguments)

    def _nested(self, resource: str, arguments: Json) -> Json:
        try:
            started = self._start_nested(arguments)
        except ServiceError as error:
            raise TaskError(named_by_a_task(error.code), error.message) from error
        child = self.stepfunctions.executions[started["executionArn"]]
        if not resource.endswith(".sync:2"):
            return started
        if child.status == "RUNNING":
            self._runs[child.arn].wait()
        details = {
            "ExecutionArn": child.arn,
            "Status": child.status,
            "Input": arguments["Input"],
            "Error": child.error,
            "Cause": child.cause,
        }
        if child.status != "SUCCEEDED":
            known = {name: value for name, value in details.items() if value is not None}
            raise TaskError("States.TaskFailed", json.dumps(known, sort_keys=True)[:CAUSE])
        return {**details, "Output": json.loads(child.output or "null")}

    def _start_nested(self, arguments: Json) -> Json:
        machine = arguments["StateMachineArn"].rpartition(":")[2]
        if fault := self.wire.faults.due(machine, "states:StartExecution", self.simulation.seconds):
            if isinstance(fault.what, Answer):
                raise ServiceError(fault.what.code)
            assert isinstance(fault.what, Lost)
            raise TaskError(fault.what.named, "As scripted.")
        return self.stepfunctions.start_execution(
            stateMachineArn=arguments["StateMachineArn"],
            name=arguments["Name"],
            # A text is taken as JSON itself.
            input=given if isinstance(given := arguments["Input"], str) else json.dumps(given),
        )

    # --- functions

    def _invoke(self, function: str, payload: Json, seconds: float | None) -> Json:
        """What Step Functions gets of a function; raises TaskError."""
        fault = self.wire.faults.due(function, "lambda:Invoke", self.simulation.seconds)
        if fault:
            assert isinstance(fault.what, Lost)
            if fault.after:
                self._function(function, payload, fault.what.late)
            if fault.what.named == "States.Timeout":
                self.simulation.sleep(seconds or 0)
            raise TaskError(fault.what.named, "As scripted.")
        process = self._function(function, payload)
        if not process.wait(seconds):
            raise TaskError("States.Timeout", "")
        return self._answer(process)

    def _answer(self, process: Process) -> Json:
        caller: Caller = process.caller  # type: ignore[attr-defined] # set below
        if process.killed:
            self._fails(caller, caller.died or "Lambda.Unknown", json.dumps({"errorMessage": "As scripted."}))
        if process.error:
            error, name = process.error, type(process.error).__name__
            traced = traceback.format_list(traceback.extract_tb(error.__traceback__))
            details = {"errorMessage": str(error), "errorType": name, "requestId": "0" * 36, "stackTrace": traced}
            self._fails(caller, name, json.dumps(details))
        return process.value

    def _fails(self, caller: Caller, name: str, cause: str) -> NoReturn:
        self.errors.append((caller.function, name))
        raise TaskError(name, cause[:CAUSE])

    def _function(self, function: str, payload: Json, late: float = 0) -> Process:
        """An invocation, which ends by itself or by its timeout."""
        began = self.simulation.seconds + late + COLD
        given = json.dumps(payload)
        caller = Caller(function)

        def body() -> Json:
            context = Context(lambda: SECONDS[function] - (self.simulation.seconds - began), function)
            with self.functions.environment(function) as handler:
                answer = handler(json.loads(given), context)
            try:
                return json.loads(as_runtime_sends(answer), parse_constant=_no_json)
            except CrashError as error:
                caller.died = "Runtime.ExitError"
                raise Killed from error

        process = self.simulation.begin(body, late + COLD)
        process.caller = caller  # type: ignore[attr-defined] # whose calls they are

        def times_out() -> None:
            if not process.ended:
                caller.died = "Sandbox.Timedout"
                process.kill()

        self.simulation.after(late + COLD + SECONDS[function], times_out)
        return process

    def _called(self, function: str, event: Json) -> None:
        """An asynchronous invocation, with Lambda's own two retries."""
        for pause in (*TRIED_AGAIN, None):
            fault = self.wire.faults.due(function, "lambda:Invoke", self.simulation.seconds)
            if fault is None or fault.after:
                process = self._function(function, event)
                process.wait()
                if not (fault or process.error or process.killed):
                    return
            if pause is None:
                self.lost_calls.append((function, event))
                return
            self.simulation.sleep(pause)

    def _sweep(self) -> None:
        self.simulation.after(SWEEP_SECONDS, self._sweep)
        self.call("sweep", {})

    # --- what is remembered

    def _written(self, table: str, item: Json) -> None:
        if table == "models" and item["Kind"] == {"S": "MODEL"}:
            found = {name: _deserialise(value) for name, value in item.items()}
            held = ("Leases", "Pending", "Claim")
            if not self.items or any(found.get(one) != self.items[-1][1].get(one) for one in held):
                self.changed.append(self.simulation.seconds)
            self.items.append((self.simulation.seconds, found))
        if table == "ledger" and "Since" in item:
            self.changed.append(self.simulation.seconds)
        if table == "idempotency" and item["id"]["S"].startswith("decision") and "data" in item:
            known = self.decisions.setdefault(item["id"]["S"], [])
            known.append(json.loads(item["data"]["S"])["NotificationId"])

    def _change_item(self) -> None:
        """Somebody else writes the item: as it is, under a new revision."""
        items = ModelTable(_direct(self.dynamodb), "models")
        found = items.get(ARN)
        assert items.put(replace(found, revision=found.revision))


def _no_json(constant: str) -> NoReturn:
    """As whoever reads an answer with NaN or Infinity in it."""
    raise ValueError(f"{constant} is no JSON")


def _direct(dynamodb: DynamoDB) -> Any:
    return _Direct(dynamodb)


class _Direct:
    """A client that nothing is between: for who is no part of the story."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        self.get_item, self.put_item = dynamodb.get_item, dynamodb.put_item
