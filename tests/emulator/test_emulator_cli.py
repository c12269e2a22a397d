"""The emulator's commands as a user runs them, and the AWS CLI as a client nobody here wrote."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emulator.cli import app
from emulator.custom_labels import Timing
from emulator.deploy import ROOT
from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until
from tests.emulator.processes import descendants, gone

AWS = str(Path(sys.executable).parent / "aws")
MODEL = "defects"
QUICK = ("--field", "PollSeconds=1", "--field", "TimeoutSeconds=900")


def command(emulator: Emulator, *arguments: str, code: int = 0) -> str:
    """What a command says, into a pipe."""
    done = CliRunner().invoke(app, [*arguments, "--endpoint", emulator.endpoint])
    assert done.exit_code == code, done.output
    assert "\x1b" not in done.output, "a pipe gets no control codes"
    return done.output


def test_start_shows_the_way_the_mail_and_the_costs(emulator: Emulator) -> None:
    emulator.custom_labels.timing = Timing(starting=10)
    said = command(emulator, "start", MODEL, *QUICK)
    assert '"PollSeconds": 1' in said
    for part in ("(model: STARTING)", "RUNNING: MODEL_STARTED", "Subject: ", "transitions: USD", "ExecutionSucceeded"):
        assert part in said
    assert f"{MODEL} is RUNNING" in command(emulator, "notifications")
    assert '"eventType": "MODEL_STARTED"' in command(emulator, "notifications", "--chat")
    assert '"schema_version": "1.0"' in command(emulator, "notifications", "--events")
    followed = command(emulator, "logs")
    assert followed.startswith("arn:aws:states:")
    for service in ("prepare", "check", "start", "notify"):
        assert f"  {service}  INFO  " in followed
    assert f"{MODEL}  RUNNING" in command(emulator, "status")
    assert "ExecutionSucceeded" in command(emulator, "history")
    measured = command(emulator, "metrics").splitlines()
    assert any(re.fullmatch(r"StartSeconds  Model \w+  \d+  \d+  \d+  Seconds", line) for line in measured)
    assert any(line.startswith("Outcomes  Outcome MODEL_STARTED  ") for line in measured)


def test_a_start_that_fails_shows_why_and_what_to_do(emulator: Emulator) -> None:
    said = command(emulator, "start", "no-such-model", code=1)
    for part in ("FAILED: InvalidRequest", "Message: ", "Remedy: ", "ExecutionFailed"):
        assert part in said
    assert "FAILED: InvalidRequest" in command(emulator, "history")


def test_wrong_arguments_are_said_in_a_line(emulator: Emulator) -> None:
    assert "not NAME=VALUE" in command(emulator, "start", MODEL, "--field", "nonsense", code=2)
    assert "there is no execution nothing" in command(emulator, "history", "nothing", code=1)
    said = command(emulator, "faults", "add", "rekognition:StartProjectVersoin", "--error", "E", code=1)
    assert "did you mean StartProjectVersion?" in said


def test_faults_are_added_listed_and_cleared(emulator: Emulator) -> None:
    fault = ["rekognition:StartProjectVersion", "--error", "ThrottlingException", "--call", "2", "--contains", "text"]
    assert "is set" in command(emulator, "faults", "add", *fault)
    listed = json.loads(command(emulator, "faults", "list"))
    assert (listed["Operation"], listed["Calls"], listed["Applied"]) == (fault[0], [2], 0)
    command(emulator, "faults", "clear", str(listed["Id"]))
    assert command(emulator, "faults", "list") == ""


def test_leases_are_shown_and_released(emulator: Emulator, new_model: Callable[..., str]) -> None:
    arn = new_model("RUNNING")

    def holders() -> list[str]:
        shown = command(emulator, "leases").partition(arn)[2].partition("arn:")[0]
        return [line.strip() for line in shown.splitlines() if line.strip()]

    for lease in ("mine", "yours"):
        command(emulator, "start", arn, "--field", f"LeaseId={lease}", *QUICK)
    assert [holder.split(": until 2")[0] for holder in holders()] == ["mine", "yours"]
    kept = command(emulator, "stop", arn, "--lease-id", "mine")
    assert "RUNNING: MODEL_KEPT_RUNNING" in kept
    assert "is kept running" in kept
    assert [holder.split(": until 2")[0] for holder in holders()] == ["yours"]
    forced = command(emulator, "stop", arn, "--force")
    for part in ("STOPPED: MODEL_STOPPED", "Subject: ", "transitions: USD", "ExecutionSucceeded"):
        assert part in forced
    assert holders() == ["nobody"]


def test_who_stops_a_model_is_shown(
    emulator: Emulator, stop_model: StateMachine, new_model: Callable[..., str]
) -> None:
    emulator.custom_labels.timing = Timing(stopping=3600)
    arn = new_model("RUNNING")
    stopping = stop_model.start({"ProjectVersionArn": arn, "PollSeconds": 1, "TimeoutSeconds": 900})
    stop_model.wait_for_state(stopping, "Wait")
    assert f"being stopped by {stopping}" in command(emulator, "leases")
    emulator.custom_labels.put(arn, "STOPPED")
    assert stop_model.wait(stopping).output["Outcome"] == "MODEL_STOPPED"


def test_a_sweep_says_what_it_did(emulator: Emulator, new_model: Callable[..., str]) -> None:
    emulator.custom_labels.clear()  # the models of other tests
    arn = new_model("RUNNING")
    swept = json.loads(command(emulator, "sweep"))
    assert (swept["Stops"], swept["Restarts"], swept["Problems"]) == (0, 0, [])
    assert swept["Told"] >= 1
    told = command(emulator, "notifications")
    assert any(arn in mail and "no lease holds it" in mail for mail in told.split("Subject: "))


def test_no_emulator_is_said_in_a_line() -> None:
    done = CliRunner().invoke(app, ["status", "--endpoint", "http://127.0.0.1:1"])
    assert done.exit_code == 1
    assert "no emulator answers at http://127.0.0.1:1" in done.output


@contextlib.contextmanager
def process(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A command in a session of its own, as a terminal's."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "emulator", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # What runs in the background ignores Ctrl-C, and its children inherit that: the tests themselves may run there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as command:
        try:
            yield command
        finally:
            if command.poll() is None:  # the test has failed
                command.kill()


def read_until(command: "subprocess.Popen[str]", text: str) -> str:
    """What a command says, up to the line with a text."""
    assert command.stdout is not None
    said = ""
    while text not in said:
        line = command.stdout.readline()
        assert line, said
        said += line
    return said


@pytest.mark.waits
def test_run_shows_the_life_of_a_model_and_ends_by_itself(tmp_path: Path) -> None:
    with process("run", "--port", "0", TMPDIR=str(tmp_path)) as run:
        said, _ = run.communicate(timeout=900)
    assert run.returncode == 0, said
    parts = [
        "RUNNING: MODEL_STARTED",
        "Subject: [INFO] defects is RUNNING",
        "RUNNING: MODEL_ALREADY_RUNNING",
        "pipeline-a: until",
        "pipeline-b: until",
        "RUNNING: MODEL_KEPT_RUNNING",
        "STOPPED: MODEL_STOPPED",
        "Aborted by hand.",
        "Mail:           [WARNING] The start of defects was aborted",
        '"Stops": 1',
        "It has started sweep-stop-defects-",
        "STOPPED: MODEL_STOPPED",
        "line-1/broken.png",
        "InvalidImageFormatException",
        "7 images: 6 labelled, 1 failed",
        "STOPPED: MODEL_STOPPED",
        "ExecutionSucceeded",
        "transitions: USD",
        "python -m emulator up",
    ]
    rest = said
    for part in parts:
        assert part in rest, f"{part} is missing, or comes too early, in:\n{said}"
        rest = rest.partition(part)[2]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.waits
def test_ctrl_c_leaves_no_process_and_no_file_of_a_run(tmp_path: Path) -> None:
    with process("run", "--port", "0", "--starting", "600", TMPDIR=str(tmp_path)) as run:
        read_until(run, "(model: STARTING)")
        started, made = descendants(run.pid), list(tmp_path.iterdir())
        os.killpg(run.pid, signal.SIGINT)
        rest, _ = run.communicate(timeout=300)
    assert run.returncode == 130, rest
    assert rest.splitlines()[-1] == "Stopped; nothing is left behind."
    assert "Traceback" not in rest
    assert started
    assert all(gone(pid) for pid in started)
    assert made
    assert list(tmp_path.iterdir()) == []


def test_up_says_what_to_export_and_ends_without_a_trace() -> None:
    with process("up", "--port", "0") as up:
        said = read_until(up, "Ctrl-C ends it")
        for part in (
            "export AWS_ENDPOINT_URL=http://127.0.0.1:",
            "export AWS_ACCESS_KEY_ID=test",
            "StartModelArn=arn:",
            "/console",
        ):
            assert part in said
        up.send_signal(signal.SIGTERM)
        rest, _ = up.communicate(timeout=300)
    assert up.returncode == 130
    # A signal during the flush of the line that was waited for writes it twice.
    lines = [line for line in rest.splitlines() if line and "Ctrl-C ends it" not in line]
    assert lines == ["Stopped; nothing is left behind."]


def test_a_port_in_use_is_one_clear_line(bare: Emulator) -> None:
    with process("up", "--port", bare.endpoint.rpartition(":")[2]) as up:
        said, _ = up.communicate(timeout=300)
    assert up.returncode == 1
    assert "is in use" in said
    assert "Traceback" not in said


def aws(emulator: Emulator, *arguments: str) -> Any:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_PAGER": "",
    }
    done = subprocess.run(  # noqa: S603
        [AWS, *arguments, "--output", "json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def wait_for(emulator: Emulator, arn: str, status: str) -> None:
    wait_until(lambda: any((one.arn, one.status) == (arn, status) for one in emulator.custom_labels.versions()))


def test_the_aws_cli_makes_a_model_starts_it_and_waits(emulator: Emulator) -> None:
    made = aws(emulator, "rekognition", "create-project", "--project-name", "made-by-the-cli")["ProjectArn"]
    version = ["--project-arn", made, "--version-name", "v1", "--output-config", "S3Bucket=bucket,S3KeyPrefix=p"]
    arn = aws(emulator, "rekognition", "create-project-version", *version)["ProjectVersionArn"]
    wait_for(emulator, arn, "TRAINING_COMPLETED")
    start = ["start-project-version", "--project-version-arn", arn, "--min-inference-units", "1"]
    assert aws(emulator, "rekognition", *start)["Status"] == "STARTING"
    wait_for(emulator, arn, "RUNNING")  # the CLI's own waiter looks every 30 s
    aws(emulator, "rekognition", "wait", "project-version-running", "--project-arn", made)
    found = aws(emulator, "rekognition", "describe-project-versions", "--project-arn", made)
    assert [one["Status"] for one in found["ProjectVersionDescriptions"]] == ["RUNNING"]


def test_the_aws_cli_starts_an_execution_and_reads_its_history(emulator: Emulator) -> None:
    given = json.dumps({"Model": MODEL, "DryRun": True})
    start = ["start-execution", "--state-machine-arn", emulator.outputs["StartModelArn"], "--input", given]
    arn = aws(emulator, "stepfunctions", *start)["executionArn"]
    StateMachine(emulator.outputs["StartModelArn"], emulator.client("stepfunctions")).wait(arn)
    found = aws(emulator, "stepfunctions", "describe-execution", "--execution-arn", arn)
    assert json.loads(found["output"])["Outcome"] == "DRY_RUN"
    events = aws(emulator, "stepfunctions", "get-execution-history", "--execution-arn", arn)["events"]
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
