"""The Lambda runtime: packaged code in processes of AWS's own runtime client, without an emulator around it."""

import io
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emulator import emulated_clock
from emulator import runtime as emulator_runtime
from emulator.clock import Clock
from emulator.deploy import ROOT
from emulator.runtime import Deployed, Outcome, Runtime
from emulator.server import RUNTIME_DIR
from tests.emulator.processes import gone

HANDLER = """
import os, sys, time, json
STARTED = time.time()

def echo(event, context):
    print("seen", event)
    return {"event": event, "pid": os.getpid(), "version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
            "request_id": context.aws_request_id, "remaining": context.get_remaining_time_in_millis()}

def environment(event, context):
    return {"environment": dict(os.environ), "path": sys.path, "arn": context.invoked_function_arn}

def importing(event, context):
    found = {}
    for name in event:
        try:
            found[name] = getattr(__import__(name), "__file__", None)
        except ImportError:
            found[name] = "ImportError"
    return found

def now(event, context):
    return {"pid": os.getpid(), "now": time.time(), "remaining": context.get_remaining_time_in_millis()}

def sleep(event, context):
    time.sleep(event)
    return os.getpid()

def pid(event, context):
    return os.getpid()

def meet(event, context):
    open(event["Own"], "x").close()
    while not os.path.exists(event["Other"]):
        time.sleep(0.05)
    return os.getpid()

def fail(event, context):
    raise ValueError("no " + event)

def leave(event, context):
    os._exit(event)

def killed(event, context):
    os.kill(os.getpid(), 9)
"""


def bundle(code: str = HANDLER) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()


BUNDLE = bundle()


def deployed(handler: str, *, version: str = "1", timeout_seconds: int = 20, code: bytes = BUNDLE) -> Deployed:
    return Deployed(
        name="tested",
        version=version,
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:tested:{version}",
        handler=f"index.{handler}",
        role_arn="arn:aws:iam::123456789012:role/tested",
        timeout_seconds=timeout_seconds,
        memory_mb=256,
        environment={"OWN": "variable"},
        bundle=code,
        revision=handler,
    )


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    started = Runtime({"AWS_REGION": "us-east-1"}, lambda *_: {"AWS_ACCESS_KEY_ID": "ASIA"}, RUNTIME_DIR, tmp_path)
    yield started
    started.stop()


def invoke(runtime: Runtime, function: Deployed, event: object = None) -> Any:
    outcome = runtime.invoke(function, json.dumps(event).encode())
    assert outcome.error is None, outcome
    return json.loads(outcome.payload)


def failure(outcome: Outcome) -> tuple[str | None, str]:
    reported = json.loads(outcome.payload)
    assert reported["errorType"] == outcome.error
    return outcome.error, reported["errorMessage"]


def test_a_warm_process_is_reused(runtime: Runtime) -> None:
    first, second = (invoke(runtime, deployed("echo"), {"number": number}) for number in (1, 2))
    assert first["pid"] == second["pid"]
    assert first["request_id"] != second["request_id"]
    assert second["event"] == {"number": 2}
    assert 0 < second["remaining"] <= 20_000
    cold, warm = runtime.invocations
    assert (cold.cold, warm.cold) == (True, False)


def test_of_more_idle_processes_than_may_be_warm_the_one_that_was_idle_for_longest_ends(tmp_path: Path) -> None:
    """An emulator that many tests share would grow by every function of theirs."""
    runtime = Runtime({}, lambda *_: {}, RUNTIME_DIR, tmp_path, warm=2)
    try:
        first, second, again, third = (invoke(runtime, deployed("pid", version=version)) for version in "1213")
        assert (again, gone(second)) == (first, True)
        assert [invoke(runtime, deployed("pid", version=version)) for version in "13"] == [first, third]
    finally:
        runtime.stop()


def test_a_warm_process_follows_the_clock_that_is_put_forward_and_back(tmp_path: Path) -> None:
    clock = Clock()
    runtime = Runtime({}, lambda *_: {}, RUNTIME_DIR, tmp_path, ahead=lambda: clock.ahead)
    seen = []
    try:
        for seconds in (0, 3600, 86_400, None):
            clock.reset() if seconds is None else clock.advance(seconds)
            began = time.time()
            seen.append(invoke(runtime, deployed("now")))
            assert began <= seen[-1]["now"] <= time.time()
            assert 0 < seen[-1]["remaining"] <= 20_000
    finally:
        runtime.stop()
        clock.reset()
    assert len({one["pid"] for one in seen}) == 1


def test_the_initialisation_of_a_cold_process_is_billed(runtime: Runtime) -> None:
    slow = bundle("import time\ntime.sleep(1)\ndef echo(event, context): return event")
    for _ in range(2):
        invoke(runtime, deployed("echo", code=slow))
    cold, warm = runtime.invocations
    assert cold.billed_ms >= 500
    assert warm.billed_ms > 0


def test_concurrent_invocations_get_processes_of_their_own(runtime: Runtime, tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("one", "two")]
    waiting_for_each_other = [dict(zip(("Own", "Other"), pair, strict=True)) for pair in (files, files[::-1])]
    function = deployed("meet", timeout_seconds=120)
    with ThreadPoolExecutor(2) as pool:
        pids = list(pool.map(lambda event: invoke(runtime, function, event), waiting_for_each_other))
    assert len(set(pids)) == 2


def test_a_function_sees_what_lambda_gives_it_and_nothing_else(runtime: Runtime) -> None:
    seen = invoke(runtime, deployed("environment"))
    environment = seen["environment"]
    assert environment["OWN"] == "variable"
    assert environment["AWS_ACCESS_KEY_ID"] == "ASIA"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["TZ"] == ":UTC"
    assert seen["arn"].endswith(":function:tested:1")
    assert "VIRTUAL_ENV" not in environment
    imported = invoke(runtime, deployed("importing"), ["boto3", "aws_cdk", "moto", "emulator", "rich", "sqlite3"])
    assert imported["boto3"].startswith(str(RUNTIME_DIR))
    assert imported["sqlite3"].startswith(sys.base_prefix)
    assert {imported[name] for name in ("aws_cdk", "moto", "emulator", "rich")} == {"ImportError"}


def test_the_timeout_of_the_template_ends_the_process(runtime: Runtime) -> None:
    function = deployed("sleep", timeout_seconds=1)
    began = time.monotonic()
    error, message = failure(runtime.invoke(function, b"600"))
    assert error == "Sandbox.Timedout"
    assert message.endswith("Error: Task timed out after 1.00 seconds")
    assert time.monotonic() - began < 300
    assert invoke(runtime, deployed("sleep"), 0), "the next invocation gets a new process"
    assert [one.cold for one in runtime.invocations] == [True, True]


@dataclass
class Slow:
    """A machine on which time passes before a clock is set; what its clock shows, and how far ahead that is."""

    delays: list[float]
    now: float = 1_800_000_000.0
    ahead: float = 0.0

    def move_to(self, to: float) -> None:
        self.now += self.delays.pop(0)
        self.ahead = to - self.now


def test_a_clock_is_put_ahead_exactly_however_long_it_takes_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Slow([5.0, 0.02, 0.0])
    monkeypatch.setattr(emulated_clock, "time", SimpleNamespace(time=lambda: machine.now + machine.ahead))
    emulated_clock.put_ahead(machine, 60, lambda: machine.now)
    assert (machine.ahead, machine.delays) == (60, [])


def test_a_machine_that_stands_still_ends_no_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time the clock is read, a minute has passed."""

    class Answered(threading.Event):
        status_checks = 0

        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - as an event's
            self.status_checks += 1
            return self.status_checks == 5

    monkeypatch.setattr(emulator_runtime, "time", SimpleNamespace(monotonic=partial(next, itertools.count(0, 60))))
    assert emulator_runtime._wait(Answered(), 10)


def test_a_process_that_dies_is_an_exit_error(runtime: Runtime) -> None:
    error, message = failure(runtime.invoke(deployed("leave"), b"3"))
    assert error == "Runtime.ExitError"
    assert message.endswith("Error: Runtime exited with error: exit status 3")
    assert failure(runtime.invoke(deployed("leave"), b"4"))[0] == "Runtime.ExitError"


def test_a_process_that_is_killed_at_work_has_run_out_of_memory(runtime: Runtime) -> None:
    error, message = failure(runtime.invoke(deployed("killed"), b"{}"))
    assert (error, message.rpartition(": ")[2]) == ("Runtime.OutOfMemory", "kill")


def test_a_process_that_is_killed_while_idle_is_replaced(runtime: Runtime) -> None:
    pid = invoke(runtime, deployed("echo"))["pid"]
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert invoke(runtime, deployed("echo"))["pid"] != pid


def test_an_exception_is_the_functions_error(runtime: Runtime) -> None:
    assert failure(runtime.invoke(deployed("fail"), b'"luck"')) == ("ValueError", "no luck")
    assert runtime.invocations[0].error == "ValueError"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import nothing_of_this_name", "Runtime.ImportModuleError"),
        ("def other(event, context): ...", "Runtime.HandlerNotFound"),
        ("raise ValueError('at once')", "ValueError"),
        ("import sys; sys.exit(7)", "Runtime.ExitError"),
    ],
)
def test_a_function_that_cannot_initialise_says_why(runtime: Runtime, code: str, error: str) -> None:
    assert failure(runtime.invoke(deployed("echo", code=bundle(code)), b"{}"))[0] == error


def test_each_version_runs_its_own_code(runtime: Runtime) -> None:
    code = "def echo(event, context): return {!r}"
    for version in ("1", "2"):
        function = deployed("echo", version=version, code=bundle(code.format(version)))
        assert invoke(runtime, function) == version
    assert invoke(runtime, deployed("echo", version="1", code=bundle(code.format("1")))) == "1"


def test_logs_are_kept_for_each_function(runtime: Runtime) -> None:
    invoke(runtime, deployed("echo"), "a line")
    assert "seen a line" in runtime.logs("tested")
    assert runtime.functions() == ["tested"]


def test_no_process_outlives_the_runtime(runtime: Runtime) -> None:
    pid = invoke(runtime, deployed("echo"))["pid"]
    runtime.stop()
    assert gone(pid)
    with pytest.raises(RuntimeError, match="stopped"):
        runtime.invoke(deployed("echo"), b"{}")


def test_a_process_that_starts_while_the_runtime_stops_is_ended(tmp_path: Path) -> None:
    def stop_meanwhile(*_: str) -> dict[str, str]:
        stopping.stop()
        return {}

    stopping = Runtime({}, stop_meanwhile, RUNTIME_DIR, tmp_path)
    with pytest.raises(RuntimeError, match="while the emulator stopped"):
        stopping.invoke(deployed("echo"), b"{}")
    assert stopping._sandboxes == set()


def test_no_process_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Whoever else the parent has started does not keep it alive either."""
    program = f"""
import sys, time
from pathlib import Path
from emulator.runtime import Deployed, Runtime
runtime = Runtime({{}}, lambda *_: {{}}, Path({str(RUNTIME_DIR)!r}), Path({str(tmp_path)!r}))
for function in {[deployed("pid", version=version) for version in "12"]}:
    print(runtime.invoke(function, b"null").payload.decode(), flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603 - our own command
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    assert len(set(pids)) == 2
    assert all(gone(pid) for pid in pids)


def test_a_missing_runtime_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make setup"):
        Runtime({}, lambda *_: {}, tmp_path, tmp_path)
