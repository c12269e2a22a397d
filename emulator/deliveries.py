"""Events on their way from a bus to the functions of its rules: as EventBridge and Lambda's asynchronous invocation do.

A function that fails is tried twice more
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html), after pauses of the emulator's own:
AWS waits a minute and then two. Faults of ``events:Deliver`` lose, delay or double a delivery.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.faults import DELIVER, Faults
from emulator.runtime import Outcome
from emulator.wire import Call

RETRIES = 2
RETRY_PAUSE_SECONDS = 1.0
_JOIN_SECONDS = 10
_NOT_DONE = {"InputPath", "InputTransformer"}


@dataclass
class Delivery:
    """An event for a function, and what became of it.

    Attributes
    ----------
    rule
        The name of the rule that matched.
    target
        The function's ARN, qualified where the rule's target is.
    event
        As the bus had it.
    status
        ``PENDING``, ``DELIVERED``, ``FAILED`` (every attempt has), or ``LOST`` by a fault.
    attempts
        Invocations so far.
    error
        Of the last attempt that failed.

    """

    rule: str
    target: str
    event: dict[str, Any]
    status: str = "PENDING"
    attempts: int = 0
    error: str | None = None


class Deliveries:
    """Delivers events, each in a thread of its own, and remembers them.

    Parameters
    ----------
    faults
        Asked at each delivery.
    invoke
        Runs the function of an ARN.

    """

    def __init__(self, faults: Faults, invoke: Callable[[str, bytes], Outcome]) -> None:
        self._faults = faults
        self._invoke = invoke
        self._lock = threading.Lock()
        self._deliveries: list[Delivery] = []
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()

    def list(self) -> list[Delivery]:
        """Every delivery, in the order in which the events were put."""
        with self._lock:
            return [*self._deliveries]

    def deliver(self, rule: str, target: Mapping[str, Any], event: dict[str, Any]) -> None:
        """Let an event go its way to a target of the rule that it matches; returns at once."""
        function, text = target["Arn"], json.dumps(event)
        body = " ".join((rule, function, text)).encode()
        service, _, action = DELIVER.partition(":")
        fault = self._faults.due(Call(service, action, event["region"], "", "", {}, body))
        payload = str(target.get("Input", text)).encode()
        if unknown := _NOT_DONE & target.keys():
            error = f"the emulator does not know a target's {', '.join(sorted(unknown))}"
            self._begin(Delivery(rule, function, event, "FAILED", error=error), payload)
        elif fault is None:
            self._begin(Delivery(rule, function, event), payload)
        elif fault.lose:
            self._begin(Delivery(rule, function, event, "LOST"), payload)
        else:
            self._begin(Delivery(rule, function, event), payload, 0 if fault.after else fault.delay_seconds)
            if fault.twice:
                self._begin(Delivery(rule, function, event), payload, fault.delay_seconds)

    def stop(self) -> None:
        """Begin nothing any more: no delivery, and no attempt of one that is under way."""
        self._stopped.set()

    def join(self) -> None:
        """Wait for the attempts that are under way; ending the functions' processes ends them."""
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)

    def _begin(self, delivery: Delivery, payload: bytes, delay_seconds: float = 0) -> None:
        arguments = (delivery, payload, delay_seconds)
        thread = threading.Thread(target=self._run, args=arguments, name="delivery", daemon=True)
        with self._lock:
            if self._stopped.is_set():
                return
            self._deliveries.append(delivery)
            if delivery.status == "PENDING":
                self._threads.append(thread)
                thread.start()

    def _run(self, delivery: Delivery, payload: bytes, delay_seconds: float) -> None:
        for pause in (delay_seconds, *[RETRY_PAUSE_SECONDS] * RETRIES):
            if self._stopped.wait(pause):
                return
            delivery.attempts += 1
            delivery.error = self._attempt(delivery.target, payload)
            if delivery.error is None:
                delivery.status = "DELIVERED"
                return
        delivery.status = "FAILED"

    def _attempt(self, function: str, payload: bytes) -> str | None:
        try:
            return self._invoke(function, payload).error
        except Exception as error:  # noqa: BLE001 - whatever kept the function from running is what became of the event
            return f"{type(error).__name__}: {error}"
