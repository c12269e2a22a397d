"""What docs/pipelines.md and docs/console.md tell users to copy, run as written."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.tables import item_of, let_starts_be_known

ROOT = Path(__file__).parents[2]
QUICK = {"PollSeconds": 4}
"""The only change to what is copied: not to wait for 30 s."""


def snippet(document: str, after: str, language: str = "json") -> str:
    """The first block of a language after a text."""
    text = (ROOT / "docs" / document).read_text("utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text.split(after, 1)[1], re.DOTALL)
    assert found is not None
    return found[1]


def made(emulator: Emulator, definition: dict[str, Any]) -> StateMachine:
    stepfunctions = emulator.client("stepfunctions")
    machine = stepfunctions.create_state_machine(
        name=f"pipeline-{len(stepfunctions.list_state_machines()['stateMachines'])}",
        definition=json.dumps(definition),
        roleArn=f"arn:aws:iam::{emulator.account_id}:role/caller",
    )
    return StateMachine(machine["stateMachineArn"], stepfunctions)


@pytest.fixture
def pipeline(emulator: Emulator) -> StateMachine:
    """A caller's state machine, made of the snippet alone."""
    definition: dict[str, Any] = json.loads(snippet("pipelines.md", "In Amazon States Language"))
    states = definition["States"]
    states["Start the model"]["Arguments"]["StateMachineArn"] = emulator.outputs["StartModelArn"]
    states["Start the model"]["Arguments"]["Input"] |= QUICK
    states["Release the model"]["Arguments"]["StateMachineArn"] = emulator.outputs["StopModelArn"]
    return made(emulator, definition)


def test_a_pipeline_goes_on_when_its_model_is_running_and_releases_it(
    emulator: Emulator, pipeline: StateMachine, configured: str
) -> None:
    execution = pipeline.run({}, name="monday")
    assert execution.output["ProjectVersionArn"] == configured
    assert execution.output["Status"] == "RUNNING"
    assert execution.output["LeaseId"] == "inspection/monday"
    assert item_of(emulator, configured)["Leases"] == []


def test_a_pipeline_learns_why_its_model_does_not_run(
    emulator: Emulator, pipeline: StateMachine, configured: str
) -> None:
    emulator.custom_labels.put(configured, "TRAINING_FAILED")
    execution = pipeline.run({})
    assert (execution.status, execution.error) == ("FAILED", "ModelNotStartable")
    assert execution.cause["ProjectVersionArn"] == configured


CDK = """
import infra  # names the node that CDK drives
import aws_cdk as cdk, json
{snippet}
app = cdk.App()
stack = cdk.Stack(app, "Caller")
work = sfn.Choice.jsonata(stack, "Does it work?")
work.when(sfn.Condition.jsonata("{{% $states.input.Works %}}"), sfn.Pass.jsonata(stack, "It works"))
work.otherwise(sfn.Fail.jsonata(stack, "It is broken", error="BeltJammed", cause="Line 1"))
with_model(stack, "{start}", "{stop}", "defects", work)
template = app.synth().get_stack_by_name("Caller").template
(machine,) = [one for one in template["Resources"].values() if one["Type"] == "AWS::StepFunctions::StateMachine"]
definition = machine["Properties"]["DefinitionString"]
parts = definition["Fn::Join"][1] if isinstance(definition, dict) else [definition]
print("".join(part if isinstance(part, str) else "aws" for part in parts))
"""


def test_the_cdk_pipeline_releases_its_model_also_when_its_work_fails(emulator: Emulator, configured: str) -> None:
    let_starts_be_known(emulator, configured)
    program = CDK.format(
        snippet=snippet("pipelines.md", "In CDK for Python", "python"),
        start=emulator.outputs["StartModelArn"],
        stop=emulator.outputs["StopModelArn"],
    )
    command = [sys.executable, "-c", program]
    made_by = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our docs
    assert made_by.returncode == 0, made_by.stderr
    definition = json.loads(made_by.stdout)
    definition["States"]["Start the model"]["Arguments"]["Input"] |= QUICK
    machine = made(emulator, definition)
    failed = machine.run({"Works": False})
    assert (failed.status, failed.error, failed.cause) == ("FAILED", "BeltJammed", "Line 1")
    assert "Release the model after a failure" in failed.states()
    assert machine.run({"Works": True}).status == "SUCCEEDED"
    assert item_of(emulator, configured)["Leases"] == []


def test_a_workload_is_run_with_the_input_of_the_docs(
    emulator: Emulator, workload: StateMachine, configured: str
) -> None:
    given = json.loads(snippet("pipelines.md", "from wherever you are:"))
    assert json.loads("{" + snippet("pipelines.md", "# Use a model in a pipeline") + "}") == {
        "workloads": [given["Workload"]["StateMachineArn"].rpartition(":")[2]]
    }
    given["Workload"]["StateMachineArn"] = workload.arn
    run = StateMachine(emulator.outputs["RunWithModelArn"], workload.stepfunctions).run({**given, **QUICK})
    assert run.output["Workload"]["Given"] == {"Line": 1, "Model": run.output["Model"]}
    own = f"run/{run.arn.rpartition(':')[2]}"  # others may hold it too: the input of the console has no LeaseId
    wait_until(lambda: own not in {lease["LeaseId"] for lease in item_of(emulator, configured)["Leases"]})


def test_the_console_input_starts_the_model(start_model: StateMachine, configured: str) -> None:
    given = {**json.loads(snippet("console.md", "## In the AWS console")), **QUICK}
    assert start_model.run(given).output["ProjectVersionArn"] == configured
