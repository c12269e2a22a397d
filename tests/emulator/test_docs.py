"""What docs/use.md tells users to copy, run as written."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from emulator.server import Emulator
from tests.emulator.executions import StateMachine

USE = (Path(__file__).parent.parent.parent / "docs" / "use.md").read_text()


def snippet(after: str) -> str:
    """The first JSON block after a heading."""
    found = re.search(r"```json\n(.*?)```", USE.split(after, 1)[1], re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def pipeline(emulator: Emulator) -> StateMachine:
    """A caller's state machine, made of the snippet and the two states that it leads to."""
    states: dict[str, Any] = json.loads("{" + snippet("## From a pipeline") + "}")
    states["Start the model"]["Arguments"]["StateMachineArn"] = emulator.outputs["StartModelArn"]
    states["Start the model"]["Arguments"]["Input"]["PollSeconds"] = 4  # the only change: not to wait for 30 s
    states["Inspect the images"] = {"Type": "Succeed", "Output": "{% $model %}"}
    states["The model does not run"] = {"Type": "Fail", "Error": "{% $failed.Error %}", "Cause": "{% $failed.Cause %}"}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Start the model", "States": states}
    stepfunctions = emulator.client("stepfunctions")
    name = f"pipeline-{len(stepfunctions.list_state_machines()['stateMachines'])}"
    machine = stepfunctions.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=f"arn:aws:iam::{emulator.account_id}:role/caller"
    )
    return StateMachine(machine["stateMachineArn"], stepfunctions)


def test_a_pipeline_goes_on_when_its_model_is_running(pipeline: StateMachine, configured: str) -> None:
    execution = pipeline.run({}, name="monday")
    assert execution.output["ProjectVersionArn"] == configured
    assert execution.output["Status"] == "RUNNING"
    assert execution.output["LeaseId"] == "inspection/monday"


def test_a_pipeline_learns_why_its_model_does_not_run(
    emulator: Emulator, pipeline: StateMachine, configured: str
) -> None:
    emulator.custom_labels.put(configured, "TRAINING_FAILED")
    execution = pipeline.run({})
    assert (execution.status, execution.error) == ("FAILED", "ModelNotStartable")
    assert execution.cause["ProjectVersionArn"] == configured


def test_the_console_input_starts_the_model(start_model: StateMachine, configured: str) -> None:
    given = {**json.loads(snippet("## From the console")), "PollSeconds": 4}
    assert start_model.run(given).output["ProjectVersionArn"] == configured
