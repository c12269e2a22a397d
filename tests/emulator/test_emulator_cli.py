"""The emulator's commands as a user runs them, and the AWS CLI as a client nobody here wrote."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emulator.cli import app
from emulator.custom_labels import Timing
from emulator.deploy import ROOT
from emulator.server import Emulator

AWS = str(Path(sys.executable).parent / "aws")
MODEL = "defects"


def command(emulator: Emulator, *arguments: str, code: int = 0) -> str:
    """What a command says, into a pipe."""
    done = CliRunner().invoke(app, [*arguments, "--endpoint", emulator.endpoint])
    assert done.exit_code == code, done.output
    assert "\x1b" not in done.output, "a pipe gets no control codes"
    return done.output


def test_start_shows_the_way_the_mail_and_the_costs(emulator: Emulator) -> None:
    emulator.custom_labels.put(emulator.models[MODEL], "STOPPED")
    said = command(emulator, "start", MODEL, "--field", "PollSeconds=1", "--field", "TimeoutSeconds=60")
    assert '"PollSeconds": 1' in said
    for part in ("(model: STARTING)", "RUNNING: MODEL_STARTED", "Subject: ", "transitions: USD", "ExecutionSucceeded"):
        assert part in said
    assert f"{MODEL} is RUNNING" in command(emulator, "notifications")
    assert f"{MODEL}  RUNNING" in command(emulator, "status")
    assert "ExecutionSucceeded" in command(emulator, "history")


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


def test_a_loop_is_shown_once(emulator: Emulator) -> None:
    emulator.custom_labels.timing = Timing(starting=5)
    emulator.custom_labels.put(emulator.models[MODEL], "STARTING")
    said = command(emulator, "start", MODEL, "--field", "PollSeconds=1", "--field", "TimeoutSeconds=60")
    assert "times)" in said
    assert said.count("What next?") < 3


def test_no_emulator_is_said_in_a_line() -> None:
    done = CliRunner().invoke(app, ["status", "--endpoint", "http://127.0.0.1:1"])
    assert done.exit_code == 1
    assert "no emulator answers at http://127.0.0.1:1" in done.output


def process(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "emulator", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.waits
def test_run_shows_a_running_model_and_ends_by_itself() -> None:
    with process("run", "--port", "0", "--starting", "2") as run:
        said, _ = run.communicate()
    assert run.returncode == 0, said
    for part in ("RUNNING: MODEL_STARTED", "Subject: ", "transitions: USD", "python -m emulator up"):
        assert part in said


def test_up_says_what_to_export_and_ends_without_a_trace() -> None:
    with process("up", "--port", "0") as up:
        said = ""
        while "Ctrl-C ends it" not in said:
            line = up.stdout.readline() if up.stdout else ""
            assert line, said
            said += line
        for part in (
            "export AWS_ENDPOINT_URL=http://127.0.0.1:",
            "export AWS_ACCESS_KEY_ID=test",
            "StartModelArn=arn:",
        ):
            assert part in said
        time.sleep(0.5)  # a signal during the flush of that line would write it twice
        up.send_signal(signal.SIGTERM)
        rest, _ = up.communicate()
    assert up.returncode == 130
    assert rest.strip() == "Stopped; nothing is left behind."


def test_a_port_in_use_is_one_clear_line(bare: Emulator) -> None:
    with process("up", "--port", bare.endpoint.rpartition(":")[2]) as up:
        said, _ = up.communicate()
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
    while next(one for one in emulator.custom_labels.versions() if one.arn == arn).status != status:
        time.sleep(0.1)


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
    while (found := aws(emulator, "stepfunctions", "describe-execution", "--execution-arn", arn))[
        "status"
    ] == "RUNNING":
        pass
    assert json.loads(found["output"])["Outcome"] == "DRY_RUN"
    events = aws(emulator, "stepfunctions", "get-execution-history", "--execution-arn", arn)["events"]
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
