"""Lambda without containers: the deployed bundles run in processes of AWS's own runtime client, ``awslambdaric``.

Each process (a sandbox) talks to a small HTTP server that speaks the Lambda Runtime API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) and sees what Lambda's Python runtime would give it:
its bundle, the runtime client and boto3, its template's environment, its own role's credentials. Nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import queue
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import time_machine

from emulator import emulated_clock
from emulator.wire import region_of
from emulator.wire_errors import EmulatorStoppedError

_API = "/2018-06-01/runtime"
_SANDBOX = Path(__file__).with_name("sandbox.py")
# Lambda allows 10 s; a busy machine that starts many sandboxes at once needs more, and nothing here depends on it.
_INIT_SECONDS = 60
_PAUSE_SECONDS = 0.5
_LOG_LINES = 5000
WARM = 16
"""Processes that may wait for another invocation, of all functions: each takes some 30 MiB, and more are rarely asked
again."""


@dataclass(frozen=True)
class Deployed:
    """A function, or a version of it, as the template deployed it.

    Attributes
    ----------
    version
        A number, or ``$LATEST``.
    bundle
        The zip with its code.
    revision
        Differs when code or configuration do.
    log_group
        Where its logs go, if not to a group of its own.

    """

    name: str
    version: str
    arn: str
    handler: str
    role_arn: str
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, str]
    bundle: bytes
    revision: str
    log_group: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: the payload for the caller, and the error's type if the function failed."""

    payload: bytes
    error: str | None = None
    log: str = ""


@dataclass(frozen=True)
class Invocation:
    """What Lambda would bill: each started millisecond, the initialisation of a cold sandbox included."""

    function: str
    version: str
    request_id: str
    billed_ms: int
    memory_mb: int
    cold: bool
    error: str | None


@dataclass
class _Request:
    id: str
    event: bytes
    function_arn: str
    deadline_ms: int
    outcome: Outcome | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def end(self, outcome: Outcome) -> None:
        if not self.done.is_set():
            self.outcome = outcome
            self.done.set()


def _wait(event: threading.Event, seconds: float) -> bool:
    """Whether something happens within this time, of which little has passed while the machine stood still."""
    while seconds > 0:
        began = time.monotonic()
        if event.wait(min(seconds, _PAUSE_SECONDS)):
            return True
        seconds -= min(time.monotonic() - began, 2 * _PAUSE_SECONDS)
    return event.is_set()


def _failed(error: str, message: str) -> Outcome:
    return Outcome(json.dumps({"errorType": error, "errorMessage": message}).encode(), error)


class _Sandbox:
    """One process and its Runtime API server; it serves one invocation at a time."""

    def __init__(
        self,
        function: Deployed,
        task_root: Path,
        environment: Mapping[str, str],
        log: deque[str],
        heard: Callable[[str], None],
        clock: tuple[Path, Path],
    ) -> None:
        self.function = function
        self.log = log
        self._heard = heard
        self.cold = True
        self._requests: queue.Queue[_Request | None] = queue.Queue()
        self._current: _Request | None = None
        self._init_error: Outcome | None = None
        self._settled = threading.Event()  # initialised, failed to, or dead
        self._log_lock = threading.Lock()
        self._log_rest = b""
        self._server = _runtime_api(self)
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", _SANDBOX, *clock],
            cwd=task_root,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._serve, self._watch)]
        for thread in self._threads:
            thread.start()

    def invoke(self, event: bytes) -> tuple[Outcome, str, int]:
        """Run one event. Returns its outcome, request id, and billed milliseconds."""
        request_id = str(uuid.uuid4())
        began = time.monotonic()
        if not _wait(self._settled, _INIT_SECONDS) or not self.alive:
            self.close()
            return self._init_error or self._exit_error(request_id), request_id, _ms_since(began)
        # A cold invocation is billed from the start of its process, a warm one from here.
        deadline_ms = int((time.time() + self.function.timeout_seconds) * 1000)
        request = _Request(request_id, event, self.function.arn, deadline_ms)
        self._current = request
        self._requests.put(request)
        if not self.alive:  # it died while idle, and the watch over it has ended
            request.end(self._exit_error(request_id))
        if not _wait(request.done, self.function.timeout_seconds):
            timed_out = f"Task timed out after {self.function.timeout_seconds:.2f} seconds"
            request.end(_failed("Sandbox.Timedout", f"RequestId: {request_id} Error: {timed_out}"))
            self.close()
        self.cold = False
        return request.outcome or self._exit_error(request_id), request_id, _ms_since(began)

    @property
    def alive(self) -> bool:
        """Whether it can serve another invocation."""
        return self._process.poll() is None and self._init_error is None

    def close(self) -> None:
        """End the process, its server and its threads."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._requests.put(None)
        # Wakes the server's accept(): select() reports a socket that is shut down as readable.
        with contextlib.suppress(OSError):
            self._server.socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
        self._server.server_close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    # The Runtime API's side of it

    def next_request(self) -> _Request | None:
        """Block until there is an invocation for the process; None when it is to end."""
        self._settled.set()
        return self._requests.get()

    def respond(self, path: str, body: bytes, *, failed: bool) -> None:
        """Take the process's answer to an invocation, or its failure to initialise."""
        outcome = Outcome(body, json.loads(body).get("errorType", "Lambda.Unknown") if failed else None)
        if path == f"{_API}/init/error":
            self._init_error = outcome
        elif self._current is not None and path.startswith(f"{_API}/invocation/{self._current.id}/"):
            self._current.end(outcome)

    def _serve(self) -> None:
        while self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._server.handle_request()

    def read_log(self) -> bool:
        """Take over what the process has written by now; False where it can't write any more.

        A function writes its log before it answers, so what is read after its answer is all of it.
        """
        with self._log_lock:
            try:
                while written := self._output.read(65536):
                    *lines, self._log_rest = (self._log_rest + written).split(b"\n")
                    for line in lines:
                        self._write(line)
            except ValueError:  # closed
                return False
        return written is None

    def _write(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        self.log.append(text)
        self._heard(text)

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        while self.read_log():
            poll.poll()
        if self._log_rest:
            self._write(self._log_rest)
        self._process.wait()
        if self._current is not None:
            self._current.end(self._exit_error(self._current.id))
        self._settled.set()

    def _exit_error(self, request_id: str) -> Outcome:
        code = self._process.poll()
        how = f"signal: {signal.Signals(-code).name[3:].lower()}" if code and code < 0 else f"exit status {code}"
        # Nothing but the kernel, whose memory has run out, kills a function's process while it works.
        error = "Runtime.OutOfMemory" if code == -signal.SIGKILL else "Runtime.ExitError"
        return _failed(error, f"RequestId: {request_id} Error: Runtime exited with error: {how}")


def _time_machine(work_dir: Path) -> Path:
    """A directory with nothing but what sets a process's clock."""
    alone = work_dir / "clock"
    alone.mkdir(exist_ok=True)
    installed = Path(time_machine.__file__).parent
    for part in (installed, *installed.parent.glob("_time_machine*"), Path(emulated_clock.__file__)):
        with contextlib.suppress(FileExistsError):
            (alone / part.name).symlink_to(part)
    return alone


def _ms_since(began: float) -> int:
    return math.ceil((time.monotonic() - began) * 1000)


def _runtime_api(sandbox: _Sandbox) -> HTTPServer:
    """The Runtime API for one process, on a port of its own: requests carry no sign of who makes them."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = sandbox.next_request()
            if request is None:
                return
            self._answer(
                200,
                request.event,
                {
                    "Lambda-Runtime-Aws-Request-Id": request.id,
                    "Lambda-Runtime-Deadline-Ms": str(request.deadline_ms),
                    "Lambda-Runtime-Invoked-Function-Arn": request.function_arn,
                    "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
                },
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(202, b'{"status":"OK"}', {})
            sandbox.respond(self.path, body, failed=self.path.endswith("/error"))

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: these requests are the machinery, not the user's."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the process was killed in mid-request
    return server


class Runtime:
    """All sandboxes: warm ones are reused, concurrent invocations get more, idle ones end some time, as on Lambda.

    Parameters
    ----------
    environment
        What every function sees beside its own variables, as AWS_ENDPOINT_URL.
    credentials
        Gives a role's temporary credentials, as environment variables.
    runtime_dir
        The directory with ``awslambdaric`` and boto3.
    work_dir
        Where the bundles are unpacked.
    heard
        Is told every line that a function writes, once, and in which Region.
    ahead
        Says by how many seconds the emulator's clock is ahead of the machine's.
    warm
        How many sandboxes may be idle; of more, the one that has been idle for longest ends.

    """

    def __init__(
        self,
        environment: Mapping[str, str],
        credentials: Callable[[str, str], Mapping[str, str]],
        runtime_dir: Path,
        work_dir: Path,
        heard: Callable[[str, str], None] = lambda _line, _region: None,
        ahead: Callable[[], float] = lambda: 0.0,
        warm: int = WARM,
    ) -> None:
        if not (runtime_dir / "awslambdaric").is_dir():
            raise FileNotFoundError(f"{runtime_dir} has no awslambdaric: run `make setup` first")
        self.invocations: list[Invocation] = []
        self._environment = environment
        self._credentials = credentials
        self._runtime_dir = runtime_dir
        self._work_dir = work_dir
        self._heard = heard
        self._ahead, self._announced = ahead, -1.0
        self._clock_file = work_dir / "ahead"
        self._warm = warm
        self._idle: list[_Sandbox] = []  # the one that has been idle for longest comes first
        self._sandboxes: set[_Sandbox] = set()
        self._logs: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_LOG_LINES))
        self._lock = threading.Lock()
        self._stopped = False

    def invoke(self, function: Deployed, event: bytes) -> Outcome:
        """Run one event in a sandbox of this version, and record what Lambda would bill."""
        self._announce_time()
        sandbox = self._take(function)
        cold, log_began = sandbox.cold, len(sandbox.log)
        outcome, request_id, billed_ms = sandbox.invoke(event)
        sandbox.read_log()
        with self._lock:
            record = (function.name, function.version, request_id, billed_ms, function.memory_mb, cold, outcome.error)
            self.invocations.append(Invocation(*record))
            if sandbox.alive and not self._stopped:
                self._idle.append(sandbox)
                over = self._idle.pop(0) if len(self._idle) > self._warm else None
            else:
                over = sandbox
        if over:
            self._close(over)
        return Outcome(outcome.payload, outcome.error, "\n".join(list(sandbox.log)[log_began:]))

    def logs(self, function: str) -> list[str]:
        """The last lines that the function's processes wrote, of all its versions."""
        return list(self._logs[function])

    def functions(self) -> list[str]:
        """The names of the functions that have run."""
        return sorted(self._logs)

    def stop(self) -> None:
        """End every process."""
        with self._lock:
            self._stopped = True
            sandboxes, self._sandboxes = self._sandboxes, set()
        for sandbox in sandboxes:
            sandbox.close()

    def _close(self, sandbox: _Sandbox) -> None:
        with self._lock:
            self._sandboxes.discard(sandbox)
        sandbox.close()

    def _announce_time(self) -> None:
        """Let processes know how far the clock is ahead: they look before each invocation."""
        with self._lock:
            if (ahead := self._ahead()) != self._announced:
                writing = self._clock_file.with_suffix(".writing")
                writing.write_text(repr(ahead))
                writing.replace(self._clock_file)
                self._announced = ahead

    def _take(self, function: Deployed) -> _Sandbox:
        while idle := self._pop_idle(function):
            if idle.alive:
                return idle
            self._close(idle)
        with self._lock:
            task_root = self._unpack(function)
        environment = self._sandbox_environment(function, task_root)
        region, log = region_of(function.arn), self._logs[function.name]
        clock = self._clock_file, _time_machine(self._work_dir)
        sandbox = _Sandbox(function, task_root, environment, log, lambda line: self._heard(line, region), clock)
        with self._lock:
            self._sandboxes.add(sandbox)
            stopped = self._stopped
        if stopped:
            self._close(sandbox)
            raise EmulatorStoppedError(f"{function.name} was invoked while the emulator stopped")
        return sandbox

    def _pop_idle(self, function: Deployed) -> _Sandbox | None:
        with self._lock:
            if self._stopped:
                raise EmulatorStoppedError(f"{function.name} was invoked after the emulator had stopped")
            for sandbox in reversed(self._idle):
                if _key(sandbox.function) == _key(function):
                    self._idle.remove(sandbox)
                    return sandbox
            return None

    def _unpack(self, function: Deployed) -> Path:
        task_root = self._work_dir / hashlib.sha256(function.bundle).hexdigest()[:16]
        if not task_root.exists():
            unpacking = task_root.with_suffix(".unpacking")
            zipfile.ZipFile(io.BytesIO(function.bundle)).extractall(unpacking)
            shutil.move(unpacking, task_root)
        return task_root

    def _sandbox_environment(self, function: Deployed, task_root: Path) -> dict[str, str]:
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        return {
            **self._environment,
            **self._credentials(function.role_arn, function.name),
            **function.environment,
            "_HANDLER": function.handler,
            "AWS_REGION": region_of(function.arn),
            "AWS_DEFAULT_REGION": region_of(function.arn),
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group or f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"emulator/[{function.version}]{uuid.uuid4().hex}",
            "HOME": str(self._work_dir),
            "LAMBDA_RUNTIME_DIR": str(self._runtime_dir),
            "LAMBDA_TASK_ROOT": str(task_root),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": f"{task_root}:{self._runtime_dir}",
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
        }


def _key(function: Deployed) -> tuple[str, str, str]:
    return function.arn, function.version, function.revision
