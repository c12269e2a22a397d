"""The command of docs/stop-everything.md that stops everything, run as written, by the AWS CLI."""

import re
import time

from emulator.server import Emulator
from tests.deployed.executions import StateMachine
from tests.deployed.terminal import DOCS, run
from tests.deployed.told import QUICK, NewModel


def test_everything_of_ours_is_stopped_by_one_command(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    ours, other = [new_model("RUNNING"), new_model("RUNNING")], new_model("RUNNING")
    for arn in ours:
        assert start_model.run({"ProjectVersionArn": arn, "LeaseMinutes": 0, **QUICK}).status == "SUCCEEDED"
    command = re.search(r"```shell\n(.*?)```", (DOCS / "stop-everything.md").read_text("utf-8"), re.DOTALL)
    assert command is not None
    run(emulator, command[1])
    deadline = time.monotonic() + 120
    while (statuses := _statuses(emulator))[ours[0]] != "STOPPED" or statuses[ours[1]] != "STOPPED":
        assert time.monotonic() < deadline, statuses
        time.sleep(0.5)
    assert _statuses(emulator)[other] == "RUNNING", "it is not ours"


def _statuses(emulator: Emulator) -> dict[str, str]:
    return {version.arn: version.status for version in emulator.custom_labels.versions()}
