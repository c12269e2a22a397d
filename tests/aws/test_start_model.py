"""The story of a start, against a real account: opt-in, since it starts a model that bills.

It expects the stack to be deployed where CUSTOM_LABELS_MODEL_ARN is, with that model configured and STOPPED, and
credentials in the environment. The model is stopped at the end, also after a test that failed.
"""

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.emulator.executions import StateMachine
from tests.stories import a_model_is_started_and_everybody_is_told

MODEL = os.environ.get("CUSTOM_LABELS_MODEL_ARN")
STACK = os.environ.get("CUSTOM_LABELS_STACK", "CustomLabelsLifecycle")

pytestmark = pytest.mark.skipif(
    MODEL is None, reason="CUSTOM_LABELS_MODEL_ARN is not set: this test starts a model that bills, in your account"
)


@pytest.fixture
def model() -> Iterator[str]:
    assert MODEL is not None
    rekognition = boto3.client("rekognition", region_name=MODEL.split(":")[3])
    yield MODEL
    # Only what is RUNNING can be stopped; a start that failed half way is waited for, or it would bill for ever.
    _, project, _, version, _ = MODEL.split("/")
    (found,) = rekognition.describe_projects(ProjectNames=[project])["ProjectDescriptions"]
    project_arn, names = found["ProjectArn"], [version]
    (described,) = rekognition.describe_project_versions(ProjectArn=project_arn, VersionNames=names)[
        "ProjectVersionDescriptions"
    ]
    if described["Status"] == "STARTING":
        rekognition.get_waiter("project_version_running").wait(ProjectArn=project_arn, VersionNames=names)
    if described["Status"] in ("STARTING", "RUNNING"):
        rekognition.stop_project_version(ProjectVersionArn=MODEL)


@pytest.fixture
def start_model() -> StateMachine:
    assert MODEL is not None
    region = MODEL.split(":")[3]
    stack = boto3.client("cloudformation", region_name=region).describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return StateMachine(outputs["StartModelArn"], boto3.client("stepfunctions", region_name=region))


def test_a_model_is_started_and_everybody_is_told(start_model: StateMachine, model: str) -> None:
    a_model_is_started_and_everybody_is_told(start_model, model, {"TimeoutSeconds": 3600}, seconds=3700)


def test_a_dry_run_changes_nothing(start_model: StateMachine) -> None:
    execution = start_model.run({"ProjectVersionArn": MODEL, "DryRun": True})
    assert execution.output["Outcome"] == "DRY_RUN"
