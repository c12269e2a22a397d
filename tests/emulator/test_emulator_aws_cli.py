"""The AWS CLI, a client that nobody here wrote, against the emulator."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until

AWS = str(Path(sys.executable).parent / "aws")


def aws(emulator: Emulator, *arguments: str) -> Any:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_PAGER": "",
    }
    done = subprocess.run(  # noqa: S603 - the tests' commands
        [AWS, *arguments, "--output", "json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def wait_for(emulator: Emulator, arn: str, status: str) -> None:
    wait_until(lambda: any((one.arn, one.status) == (arn, status) for one in emulator.custom_labels.versions()))


def test_it_makes_a_model_starts_it_and_waits(bare: Emulator) -> None:
    made = aws(bare, "rekognition", "create-project", "--project-name", "made-by-the-cli")["ProjectArn"]
    version = ["--project-arn", made, "--version-name", "v1", "--output-config", "S3Bucket=bucket,S3KeyPrefix=p"]
    arn = aws(bare, "rekognition", "create-project-version", *version)["ProjectVersionArn"]
    wait_for(bare, arn, "TRAINING_COMPLETED")
    start = ["start-project-version", "--project-version-arn", arn, "--min-inference-units", "1"]
    assert aws(bare, "rekognition", *start)["Status"] == "STARTING"
    wait_for(bare, arn, "RUNNING")  # the CLI's own waiter looks every 30 s
    aws(bare, "rekognition", "wait", "project-version-running", "--project-arn", made)


def test_it_starts_an_execution_and_reads_how_it_ended(emulator: Emulator, start_model: StateMachine) -> None:
    given = json.dumps({"Model": "defects", "DryRun": True})
    start = ["start-execution", "--state-machine-arn", start_model.arn, "--input", given]
    arn = aws(emulator, "stepfunctions", *start)["executionArn"]
    start_model.wait(arn)
    events = aws(emulator, "stepfunctions", "get-execution-history", "--execution-arn", arn)["events"]
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert json.loads(events[-1]["executionSucceededEventDetails"]["output"])["Outcome"] == "DRY_RUN"
