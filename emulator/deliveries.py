"""Events on their way from a bus to the functions, state machines and queues of its rules.

A function that fails is tried twice more, as Lambda's asynchronous invocation does
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html). A state machine that can't be
started now, or a queue that takes nothing now, is tried again as the target's retry policy says, twice at most; then,
or at once where trying again would not help, the event goes to the target's dead-letter queue
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html). The pauses are the emulator's
own: AWS waits for minutes. Faults of ``events:Deliver`` lose, delay or double a delivery.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emulator.faults import DELIVER, Faults
from emulator.runtime import Outcome
from emulator.transforming import target_input
from emulator.wire import Call, region_of

Clients = Callable[[str, str], Any]
_KEPT = {"states", "sqs"}
"""Of which services' targets EventBridge itself tries again, and keeps what does not arrive."""

_PAUSE_SECONDS = 0.02
_COUNTED_SECONDS = 1.0
"""Of each pause, at the most: a machine that stands still does not deliver."""
RETRIES = 2
RETRY_PAUSE_SECONDS = 1.0
_JOIN_SECONDS = 10
_SERVER_ERROR = 500
_THROTTLED = {"ThrottlingException", "ExecutionLimitExceeded", "RequestThrottled"}


@dataclass
class Delivery:
    """An event for a function, a state machine or a queue, and what became of it.

    Attributes
    ----------
    rule
        The name of the rule that matched.
    target
        The target's ARN, a function's qualified where the rule's target is.
    event
        As the bus had it.
    status
        ``PENDING``, ``DELIVERED``, ``FAILED`` (every attempt has), or ``LOST`` by a fault.
    attempts
        So far.
    error
        Of the last attempt that failed.
    execution_arn
        What was started of a state machine.

    """

    rule: str
    target: str
    event: dict[str, Any]
    status: str = "PENDING"
    attempts: int = 0
    error: str | None = None
    execution_arn: str | None = None


@dataclass(frozen=True)
class _Way:
    """How an event is to be delivered."""

    rule_arn: str
    target: Mapping[str, Any]
    payload: str
    delay_seconds: float = 0


class Deliveries:
    """Delivers events, each in a thread of its own, and remembers them.

    Parameters
    ----------
    faults
        Asked at each delivery.
    invoke
        Runs the function of an ARN.
    clients
        Gives the boto3 client of a service in a Region.

    """

    def __init__(self, faults: Faults, invoke: Callable[[str, bytes], Outcome], clients: Clients) -> None:
        self._faults = faults
        self._invoke = invoke
        self._clients = clients
        self._lock = threading.Lock()
        self._deliveries: list[Delivery] = []
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()

    def list(self) -> list[Delivery]:
        """Every delivery, in the order in which the events were put."""
        with self._lock:
            return [*self._deliveries]

    def deliver(self, rule_arn: str, target: Mapping[str, Any], event: dict[str, Any]) -> None:
        """Let an event go its way to a target of the rule that it matches; returns at once."""
        rule, arn = rule_arn.rpartition("/")[2], target["Arn"]
        body = " ".join((rule, arn, json.dumps(event))).encode()
        service, _, action = DELIVER.partition(":")
        fault = self._faults.due(Call(service, action, event["region"], "", "", {}, body))
        try:
            way = _Way(rule_arn, target, target_input(target, event, rule_arn))
        except ValueError as error:
            self._begin(Delivery(rule, arn, event, "FAILED", error=str(error)), _Way(rule_arn, target, ""))
            return
        if fault is None:
            self._begin(Delivery(rule, arn, event), way)
        elif fault.lose:
            self._begin(Delivery(rule, arn, event, "LOST"), way)
        else:
            late = replace(way, delay_seconds=fault.delay_seconds)
            self._begin(Delivery(rule, arn, event), way if fault.after else late)
            if fault.twice:
                self._begin(Delivery(rule, arn, event), late)

    def wait(self, deliveries: Iterable[Delivery], seconds: float) -> None:
        """Wait until these have been delivered, or have failed; at most so long, while this machine is at work."""
        while any(one.status == "PENDING" for one in deliveries) and seconds > 0:
            began = time.monotonic()
            time.sleep(_PAUSE_SECONDS)
            seconds -= min(time.monotonic() - began, _COUNTED_SECONDS)

    def stop(self) -> None:
        """Begin nothing any more: no delivery, and no attempt of one that is under way."""
        self._stopped.set()

    def join(self) -> None:
        """Wait for the attempts that are under way; ending the functions' processes ends them."""
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)

    def _begin(self, delivery: Delivery, way: _Way) -> None:
        thread = threading.Thread(target=self._run, args=(delivery, way), name="delivery", daemon=True)
        with self._lock:
            if self._stopped.is_set():
                return
            self._deliveries.append(delivery)
            if delivery.status == "PENDING":
                self._threads.append(thread)
                thread.start()

    def _run(self, delivery: Delivery, way: _Way) -> None:
        attempt = {"states": self._start, "sqs": self._send}.get(_service(delivery.target), self._call)
        for pause in (way.delay_seconds, *[RETRY_PAUSE_SECONDS] * _retries(way.target)):
            if self._stopped.wait(pause):
                return
            delivery.attempts += 1
            again = attempt(delivery, way)
            if delivery.error is None:
                delivery.status = "DELIVERED"
                return
            if not again:
                break
        self._keep(delivery, way)
        delivery.status = "FAILED"

    def _call(self, delivery: Delivery, way: _Way) -> bool:
        """Invoke a function; whether to try again."""
        try:
            delivery.error = self._invoke(delivery.target, way.payload.encode()).error
        except Exception as error:  # noqa: BLE001 - whatever kept the function from running is what became of the event
            delivery.error = f"{type(error).__name__}: {error}"
        return True

    def _start(self, delivery: Delivery, way: _Way) -> bool:
        """Start an execution; whether to try again."""

        def start() -> None:
            stepfunctions = self._clients("stepfunctions", region_of(delivery.target))
            started = stepfunctions.start_execution(stateMachineArn=delivery.target, input=way.payload)
            delivery.execution_arn = started["executionArn"]

        return _attempt(delivery, start)

    def _send(self, delivery: Delivery, way: _Way) -> bool:
        """Send a message to a queue; whether to try again."""
        fifo = way.target.get("SqsParameters", {})
        return _attempt(delivery, lambda: self._put(delivery.target, MessageBody=way.payload, **fifo))

    def _put(self, queue_arn: str, **message: Any) -> None:
        sqs = self._clients("sqs", region_of(queue_arn))
        url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        sqs.send_message(QueueUrl=url, **message)

    def _keep(self, delivery: Delivery, way: _Way) -> None:
        """Send what did not arrive to the dead-letter queue; what a function made of its event is not kept."""
        queue = way.target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None or _service(delivery.target) not in _KEPT:
            return
        reason = {"RULE_ARN": way.rule_arn, "TARGET_ARN": delivery.target, "ERROR_MESSAGE": str(delivery.error)}
        self._put(
            queue,
            MessageBody=json.dumps(delivery.event),
            MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in reason.items()},
        )


def _attempt(delivery: Delivery, deliver: Callable[[], None]) -> bool:
    """Try once; whether to try again."""
    delivery.error = None
    try:
        deliver()
    except ClientError as error:
        delivery.error = str(error)
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= _SERVER_ERROR or error.response["Error"]["Code"] in _THROTTLED
    except BotoCoreError as error:
        delivery.error = str(error)
    return True


def _service(arn: str) -> str:
    return arn.split(":")[2]


def _retries(target: Mapping[str, Any]) -> int:
    if _service(target["Arn"]) not in _KEPT:
        return RETRIES
    return min(RETRIES, int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", RETRIES)))
