"""Emulators in processes of their own: what is left of them, however they end. The whole show of `make run`."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.deploy import ROOT
from tests.deployed.app import SETTINGS
from tests.emulator.processes import descendants, gone

COMMAND = ("-m", "emulator")


@contextlib.contextmanager
def process(*arguments: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Python in a session of its own, as a terminal's; with a folder for what it keeps for a while."""
    known = {name: value for name, value in os.environ.items() if name != "MOTO_ACCOUNT_ID"}
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**known, "TMPDIR": str(folder), "TTY_COMPATIBLE": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What runs in the background ignores Ctrl-C, and its children inherit that: the tests themselves may run there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as started:
        try:
            yield started
        finally:
            if started.poll() is None:  # the test has failed
                started.kill()


def read_until(command: "subprocess.Popen[str]", text: str) -> None:
    """Read what a command says, up to the line with a text."""
    assert command.stdout is not None
    said = ""
    while text not in said:
        line = command.stdout.readline()
        assert line, said + command.communicate()[1]
        said += line


@pytest.mark.waits
def test_run_shows_the_life_of_a_model_and_ends_by_itself(tmp_path: Path) -> None:
    with process(*COMMAND, "run", "--port", "0", "--starting", "3", folder=tmp_path) as run:
        said, errors = run.communicate(timeout=900)
    assert run.returncode == 0, said + errors
    parts = [
        "The life of the model defects, in 6 parts and about 1 minute.",
        "  6. Images are put into a bucket",
        "\n1. A pipeline needs the model",
        "RUNNING: MODEL_STARTED",
        "Subject: [INFO] defects is RUNNING",
        "RUNNING: MODEL_ALREADY_RUNNING",
        "pipeline-a: until",
        "pipeline-b: until",
        "RUNNING: MODEL_KEPT_RUNNING",
        "STOPPED: MODEL_STOPPED",
        "Aborted by hand.",
        "Mail:           [WARNING] The start of defects was aborted",
        '  {"Models": 1, "Reported": 0, "Stops": 1,',
        "It has started sweep-stop-defects-",
        "STOPPED: MODEL_STOPPED",
        "14 images are put into s3://factory-arrivals/line-2/",
        "A minute later: ",
        "(model: RUNNING)",
        "line-2/broken.png",
        "InvalidImageFormatException",
        "line-2/red.png            red (100 %)",
        "the model is let go",
        "STOPPED: MODEL_STOPPED",
        "ExecutionSucceeded",
        "defects, run/inbox-line-2-1-",
        "Total",
        "(nobody): the model ran without a lease",
        "python -m emulator up",
    ]
    rest = said
    for part in parts:
        assert part in rest, f"{part} is missing, or comes too early, in:\n{said}"
        rest = rest.partition(part)[2]
    assert said.count("Subject: ") == 1, "one mail is shown whole"
    assert "\x1b" not in said, "a pipe gets no control codes"
    assert errors == ""
    assert list(tmp_path.iterdir()) == []


# As the command, but without the seconds that it takes to synthesise the app: another test has done that.
SYNTHESISED = """
import json, shutil, sys
from emulator import cli
cli._settings = lambda: json.loads({settings!r})
cli.synthesise = lambda _, outdir: shutil.copytree({assembly!r}, outdir, dirs_exist_ok=True)
cli.app()
"""


def test_ctrl_c_leaves_no_process_and_no_file_of_a_run(assembly: Path, tmp_path: Path) -> None:
    program = SYNTHESISED.format(settings=json.dumps(SETTINGS), assembly=str(assembly))
    with process("-c", program, "run", "--port", "0", "--starting", "600", folder=tmp_path) as run:
        read_until(run, "(model: STARTING)")
        started, made = descendants(run.pid), list(tmp_path.iterdir())
        os.killpg(run.pid, signal.SIGINT)
        rest, errors = run.communicate(timeout=300)
    assert run.returncode == 130, rest
    assert rest.splitlines()[-1] == "Stopped; nothing is left behind."
    assert errors == ""
    assert started
    assert all(gone(pid) for pid in started)
    assert made
    assert list(tmp_path.iterdir()) == []


UNDER_WAY = """
import json, os, sys, tempfile, threading
from tests.emulator.test_emulator_events import *
from tests.emulator.stacks import deploy_machine, task
SLEEP = "import os, time\\ndef handler(event, context): print('GOT', os.getpid()); time.sleep(2.5)"
RUN = "import os\\ndef handler(event, context): return [os.getpid(), context.invoked_function_arn]"
with Emulator(port=0, account_id="111122223333", region="eu-west-1") as emulator:
    execution = deploy_machine(emulator, {"Run": task()}, RUN).run({})
    deploy_machine(emulator, {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}).start({})
    sleeping, failing = Subscriber(emulator, SLEEP), Subscriber(emulator, FAIL)
    late, starting = Subscriber(emulator), Subscriber(emulator)
    emulator.faults.add(Fault("events:Deliver", contains=late.rule, delay_seconds=600))
    for one in (sleeping, failing, late):
        one.put()
    wait_until(lambda: failing.deliveries()[0].attempts)
    told = [execution.output, execution.arn, wait_until(sleeping.got)[0], emulator.endpoint]
    starting.put()
threads = [thread.name for thread in threading.enumerate()]
left = [threads.count("delivery"), os.environ.get("MOTO_ACCOUNT_ID"), os.listdir(tempfile.gettempdir())]
print(json.dumps([*told, left]))
"""


def test_an_emulator_ends_cleanly_with_executions_functions_and_deliveries_under_way(tmp_path: Path) -> None:
    with process("-P", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{UNDER_WAY}", folder=tmp_path) as program:
        said, errors = program.communicate(timeout=300)
    assert (program.returncode, errors) == (0, "")
    (idle, function_arn), execution_arn, sleeping, endpoint, left = json.loads(said)
    assert function_arn.startswith("arn:aws:lambda:eu-west-1:111122223333:function:")
    assert execution_arn.startswith("arn:aws:states:eu-west-1:111122223333:execution:")
    assert left == [0, None, []]
    assert all(gone(pid) for pid in (idle, sleeping))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(endpoint.rpartition(":")[2]))) != 0
