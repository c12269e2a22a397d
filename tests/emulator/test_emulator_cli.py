"""The emulator's commands, with what they say in a pipe. In processes of their own: test_emulator_processes.py."""

import contextlib
import io
import json
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from emulator import cli
from emulator.server import Emulator
from tests.deployed.app import MODEL
from tests.deployed.executions import StateMachine
from tests.deployed.notified import QUICK


class Pipe(io.StringIO):
    """Keeps what is said; as soon as a text has been, something happens."""

    def __init__(self, when: Mapping[str, Callable[[], object]]) -> None:
        super().__init__()
        self._when = dict(when)

    def write(self, text: str) -> int:
        written = super().write(text)
        for awaited in [one for one in self._when if one in self.getvalue()]:
            self._when.pop(awaited)()
        return written


def invoke(*arguments: str, code: int = 0, when: Mapping[str, Callable[[], object]] | None = None) -> str:
    """What a command says: without control codes, and in lines as long as they are, whatever the tests run in."""
    said = Pipe(when or {})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cli, "console", Console(file=said, _environ={}))
        done = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, arguments)
    assert done.exit_code == code, said.getvalue() + done.output
    assert "\x1b" not in said.getvalue()
    return said.getvalue() + re.sub(r"\x1b\[[0-9;]*m", "", done.output)


def command(emulator: Emulator, *arguments: str, code: int = 0, **more: Any) -> str:
    """What a command says of an emulator."""
    return invoke(*arguments, "--endpoint", emulator.endpoint, code=code, **more)


def test_an_execution_is_shown_with_its_way_its_logs_its_mail_and_its_metrics(
    emulator: Emulator, start_model: StateMachine
) -> None:
    emulator.custom_labels.put(MODEL, "RUNNING")
    execution = start_model.run({"Model": "defects", **QUICK})
    history = command(emulator, "history", execution.arn)
    for part in ("Model is RUNNING", "RUNNING: MODEL_", "ExecutionSucceeded", "transitions would have cost USD 0.000"):
        assert part in history
    followed = command(emulator, "logs", execution.arn.rpartition(":")[2])
    assert followed.startswith(execution.arn)
    for service in ("prepare", "check", "notify"):
        assert f"  {service}  INFO  " in followed
    assert "Subject: [INFO] defects " in command(emulator, "notifications")
    others = command(emulator, "notifications", "--chat", "--events")
    assert '"eventType": "MODEL_ALREADY_RUNNING"' in others
    assert '"schema_version": "1.0"' in others
    assert "defects  RUNNING" in command(emulator, "status")
    measured = command(emulator, "metrics").splitlines()
    assert any(line.startswith("Outcomes  Outcome MODEL_ALREADY_RUNNING  ") for line in measured)


def test_an_execution_that_failed_is_shown_with_why_and_what_to_do(
    emulator: Emulator, start_model: StateMachine
) -> None:
    said = command(emulator, "history", start_model.run({"Model": "no-such-model"}).arn)
    for part in ("FAILED: InvalidRequest", "Message: ", "Remedy: ", "ExecutionFailed"):
        assert part in said


def test_the_last_execution_is_meant_where_none_is_named(emulator: Emulator, start_model: StateMachine) -> None:
    execution = start_model.run({"Model": "defects", "DryRun": True})
    last = command(emulator, "history").splitlines()[0]
    since, last_since = (
        start_model.stepfunctions.describe_execution(executionArn=arn)["startDate"] for arn in (execution.arn, last)
    )
    assert last_since >= since, "Settle and the sweep start some too"


def test_wrong_arguments_are_said_in_a_line(emulator: Emulator) -> None:
    assert "there is no execution nothing" in command(emulator, "history", "nothing", code=1)
    said = command(emulator, "faults", "add", "rekognition:StartProjectVersoin", "--error", "E", code=1)
    assert "did you mean StartProjectVersion?" in said


def test_no_emulator_is_said_in_a_line() -> None:
    said = invoke("status", "--endpoint", "http://127.0.0.1:1", code=1)
    assert "no emulator answers at http://127.0.0.1:1" in said
    said = invoke("status", "--endpoint", "127.0.0.1:4566", code=1)
    assert "'127.0.0.1:4566' is no address, such as http://127.0.0.1:4566" in said


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n<html>404",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
    ],
)
def test_somebody_else_on_the_port_is_one_sentence(answer: bytes) -> None:
    with somebody_else(answer) as endpoint:
        said = invoke("status", "--endpoint", endpoint, code=1)
    assert len(said.splitlines()) == 1
    assert said.startswith(f"something else than this emulator answers at {endpoint}: stop it, or use another port")


@contextlib.contextmanager
def somebody_else(answer: bytes) -> Iterator[str]:
    """Answers the first who asks; the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(60)


def test_faults_are_added_listed_and_cleared(emulator: Emulator) -> None:
    fault = ["rekognition:StartProjectVersion", "--error", "ThrottlingException", "--call", "2", "--contains", "text"]
    assert "is set" in command(emulator, "faults", "add", *fault)
    listed = json.loads(command(emulator, "faults", "list"))
    assert (listed["Operation"], listed["Calls"], listed["Applied"]) == (fault[0], [2], 0)
    command(emulator, "faults", "clear", str(listed["Id"]))
    assert command(emulator, "faults", "list") == ""


# --- run and up: an emulator of their own -----------------------------------------------------------------------------


@pytest.fixture
def on_sigterm() -> Iterator[Callable[[], object]]:
    """What the process does on SIGTERM; it does what it did again afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    yield lambda: signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, before)


def test_a_port_in_use_is_one_clear_line_and_sigterm_is_a_ctrl_c(
    bare: Emulator, on_sigterm: Callable[[], object]
) -> None:
    said = invoke("up", "--port", bare.endpoint.rpartition(":")[2], code=1)
    assert len(said.splitlines()) == 1
    assert (
        "is in use, perhaps by another emulator: stop that one, or choose another port, as in `make run PORT=4567`"
        in said
    )
    assert on_sigterm() is signal.default_int_handler


@pytest.fixture
def is_this_one(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator that `up` has started."""
    started = contextlib.nullcontext((emulator, {"defects": MODEL, "logos": "arn:..."}))
    monkeypatch.setattr(cli, "_deployed", lambda *_: started)
    return emulator


def test_up_says_what_to_export_and_waits_for_a_signal(is_this_one: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[None] = []
    monkeypatch.setattr(signal, "pause", lambda: waits.append(None))
    said = invoke("up")
    for part in (
        f"export AWS_ENDPOINT_URL={is_this_one.endpoint}\n",
        "export AWS_ACCESS_KEY_ID=test\n",
        f"StartModelArn={is_this_one.outputs['StartModelArn']}\n",
        f"{is_this_one.endpoint}/console\n",
    ):
        assert part in said
    assert said.endswith("Models: defects, logos. Ctrl-C ends it.\n")
    assert waits == [None]
