"""Scripted faults: WSGI middleware that lets chosen calls of AWS operations fail, wait, lie or lose their answers."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import json
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.wire import Call, Environ, Response, read_call, service_model
from emulator.wire_errors import error_response

_STATUS_OPERATIONS = {
    "states:DescribeExecution",
    "rekognition:DescribeProjectVersions",
    "rekognition:StartProjectVersion",
    "rekognition:StopProjectVersion",
}
# Not an operation of AWS: an event on its way from a bus to a function.
DELIVER = "events:Deliver"


class InvalidFaultError(ValueError):
    """A fault that could never happen, or asks for nothing."""


@dataclass(frozen=True)
class Fault:
    """What happens to which calls of an operation.

    Attributes
    ----------
    operation
        ``service:Operation`` with the service's IAM prefix, as ``rekognition:StartProjectVersion``; or
        ``events:Deliver``, which is each delivery of an event to a function.
    calls
        Which matching calls from now on, counted from 1; None: every one.
    contains
        Only calls whose request has this text in it, as a model's ARN; of a delivery, only those whose event, rule's
        name or function's ARN has.
    error
        The error code to answer, and with ``message`` its text.
    delay_seconds
        Wait this long first.
    status
        Answer this status of a model or an execution instead of the real one; it need not be one of the service's.
    after
        Do what was asked before the delay and the error.
    lose_answer
        Do what was asked, and drop the connection instead of answering.
    lose
        A delivery alone: the function never gets the event.
    twice
        A delivery alone: the function gets the event twice; with ``after``, the delay lies between.

    """

    operation: str
    calls: tuple[int, ...] | None = (1,)
    contains: str | None = None
    error: str | None = None
    message: str = "Scripted fault"
    delay_seconds: float = 0
    status: str | None = None
    after: bool = False
    lose_answer: bool = False
    lose: bool = False
    twice: bool = False

    def __post_init__(self) -> None:
        if self.delay_seconds < 0 or (self.calls is not None and (not self.calls or min(self.calls) < 1)):
            raise InvalidFaultError("DelaySeconds is not negative, Calls are numbers from 1 on")
        if self.operation == DELIVER:
            self._check_delivery()
        else:
            self._check_call()

    def _check_delivery(self) -> None:
        if self.error or self.status or self.lose_answer:
            raise InvalidFaultError(f"{DELIVER} can be given Lose, Twice, DelaySeconds; its function answers by itself")
        if not (self.lose or self.twice or self.delay_seconds):
            raise InvalidFaultError("a fault of a delivery needs at least one of Lose, Twice, DelaySeconds")
        if (self.lose and self.twice) or (self.after and not self.twice):
            raise InvalidFaultError("an event is lost, or comes twice; After is for one that comes twice")

    def _check_call(self) -> None:
        _check_operation(self.operation)
        if self.lose or self.twice:
            raise InvalidFaultError(f"Lose and Twice can be given for {DELIVER} only")
        if self.status is not None and self.operation not in _STATUS_OPERATIONS:
            raise InvalidFaultError(f"Status can be given for {', '.join(sorted(_STATUS_OPERATIONS))} only")
        if not (self.error or self.delay_seconds or self.status or self.lose_answer):
            raise InvalidFaultError("a fault needs at least one of Error, DelaySeconds, Status, LoseAnswer")
        if self.error and (self.lose_answer or self.status):
            raise InvalidFaultError("an answer is an Error, a Status, or lost, not two of them")

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Fault:
        """Read a fault as HTTP clients write it, in PascalCase; ``Calls`` is a number, a list of them, or ``all``.

        Raises
        ------
        InvalidFaultError
            A field is unknown or of the wrong type, or the fault makes no sense.

        """
        names = {_pascal(one.name): one for one in dataclasses.fields(cls)}
        if unknown := [name for name in given if name not in names]:
            raise InvalidFaultError(f"unknown: {', '.join(unknown)}; a fault has the fields {', '.join(names)}")
        members = {names[name].name: value for name, value in given.items()}
        if "operation" not in members:
            raise InvalidFaultError("Operation is missing, as rekognition:StartProjectVersion")
        calls = members.pop("calls", 1)
        try:
            members["calls"] = None if calls == "all" else tuple(calls) if isinstance(calls, list) else (int(calls),)
            return cls(**members)
        except TypeError as error:
            raise InvalidFaultError(f"a field has the wrong type: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """The fault as HTTP clients read it."""
        members = {_pascal(name): value for name, value in dataclasses.asdict(self).items()}
        return {**members, "Calls": "all" if self.calls is None else list(self.calls)}


@dataclass
class Script:
    """A fault that was added, and what became of it.

    Attributes
    ----------
    matched
        Calls that matched operation and text, whether or not they were among ``calls``.
    applied
        Calls that it happened to.

    """

    id: int
    fault: Fault
    matched: int = 0
    applied: int = 0

    def to_json(self) -> dict[str, Any]:
        """The script as HTTP clients read it."""
        return {"Id": self.id, **self.fault.to_json(), "Matched": self.matched, "Applied": self.applied}


class Faults:
    """WSGI middleware that applies the faults added to it, in their order; at most one answers a call."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._scripts: list[Script] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Script:
        """Let a fault happen from now on. What it returns counts along."""
        with self._lock:
            script = Script(next(self._ids), fault)
            self._scripts.append(script)
            return script

    def list(self) -> list[Script]:
        """Every fault there is."""
        with self._lock:
            return [*self._scripts]

    def clear(self, script_id: int | None = None) -> None:
        """Forget one fault, or all."""
        with self._lock:
            self._scripts = [one for one in self._scripts if script_id is not None and one.id != script_id]

    def __call__(self, environ: Environ, start_response: Any) -> Response:
        """Pass the request on, as its faults allow."""
        call = read_call(environ) if self._scripts else None
        fault = self.due(call) if call is not None else None
        if call is None or fault is None:
            passed: Response = self._app(environ, start_response)
            return passed
        return self._apply(fault, call, environ, start_response)

    def due(self, call: Call) -> Fault | None:
        """Count a call, and say what is to happen to it."""
        due = None
        with self._lock:
            for script in self._scripts:
                if script.fault.operation != call.name or not _mentions(call, script.fault.contains):
                    continue
                script.matched += 1
                if due is None and (script.fault.calls is None or script.matched in script.fault.calls):
                    script.applied += 1
                    due = script.fault
        return due

    def _apply(self, fault: Fault, call: Call, environ: Environ, start_response: Any) -> Response:
        if not fault.after:
            time.sleep(fault.delay_seconds)
        if fault.error and not fault.after:
            return _answer_error(fault, call, start_response)

        started: list[Any] = []
        done = self._app(environ, lambda *answer: started.extend(answer))
        body = b"".join(done)
        if fault.after:
            time.sleep(fault.delay_seconds)
        if fault.lose_answer:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("scripted: the answer is lost")
        if fault.error:
            return _answer_error(fault, call, start_response)
        status, headers = started[0], started[1]
        if fault.status and status.startswith("200"):
            body = _with_status(call, body, fault.status)
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, headers)
        return [body]


def _answer_error(fault: Fault, call: Call, start_response: Any) -> Response:
    status, headers, body = error_response(call, str(fault.error), fault.message)
    start_response(status, headers)
    return [body]


def _with_status(call: Call, body: bytes, status: str) -> bytes:
    answer = json.loads(body)
    if call.name == "states:DescribeExecution":
        # As when the end of an execution is not known yet: DescribeExecution is eventually consistent.
        ended = {"stopDate", "output", "outputDetails", "error", "cause"}
        return json.dumps(
            {name: one for name, one in answer.items() if name not in ended} | {"status": status}
        ).encode()
    for described in answer.get("ProjectVersionDescriptions", [answer]):
        described["Status"] = status
    return json.dumps(answer).encode()


def _mentions(call: Call, text: str | None) -> bool:
    return text is None or text in call.body.decode(errors="replace") or text in map(str, call.parameters.values())


def _check_operation(operation: str) -> None:
    service, _, action = operation.partition(":")
    model = service_model(service)
    if model is None:
        raise InvalidFaultError(f"no service {service!r}; an operation is named like rekognition:StartProjectVersion")
    if action not in model.operation_names:
        near = "".join(
            f"; did you mean {name}?" for name in difflib.get_close_matches(action, model.operation_names, 1)
        )
        raise InvalidFaultError(f"{service} has no operation {action!r}{near}")


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
