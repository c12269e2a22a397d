"""The command of docs/leases.md that stops everything, run as written, by the AWS CLI."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from emulator.server import Emulator
from tests.emulator.executions import StateMachine
from tests.emulator.told import QUICK, NewModel

ROOT = Path(__file__).parent.parent.parent


def test_everything_of_ours_is_stopped_by_one_command(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    ours, other = [new_model("RUNNING"), new_model("RUNNING")], new_model("RUNNING")
    for arn in ours:
        assert start_model.run({"ProjectVersionArn": arn, "LeaseMinutes": 0, **QUICK}).status == "SUCCEEDED"
    text = (ROOT / "docs" / "leases.md").read_text("utf-8")
    command = re.search(r"\*\*Stop everything now\*\*.*?```shell\n(.*?)```", text, re.DOTALL)
    assert command is not None
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    done = subprocess.run(  # noqa: S603 - the command is our own document's
        ["bash", "-euo", "pipefail", "-c", command[1]],  # noqa: S607 - the user's own shell
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    deadline = time.monotonic() + 120
    while (statuses := _statuses(emulator))[ours[0]] != "STOPPED" or statuses[ours[1]] != "STOPPED":
        assert time.monotonic() < deadline, statuses
        time.sleep(0.5)
    assert _statuses(emulator)[other] == "RUNNING", "it is not ours"


def _statuses(emulator: Emulator) -> dict[str, str]:
    return {version.arn: version.status for version in emulator.custom_labels.versions()}
