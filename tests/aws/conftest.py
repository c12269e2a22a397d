"""The deployed stack of a real account: opt-in, since its tests start a model that bills.

They expect the stack to be deployed where CUSTOM_LABELS_MODEL_ARN is, with that model configured and STOPPED, and
credentials in the environment.
"""

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.deployed.executions import StateMachine

MODEL = os.environ.get("CUSTOM_LABELS_MODEL_ARN")
STACK = os.environ.get("CUSTOM_LABELS_STACK", "CustomLabelsLifecycle")


@pytest.fixture
def deployed() -> dict[str, str]:
    """The stack's outputs."""
    if MODEL is None:
        pytest.skip("CUSTOM_LABELS_MODEL_ARN is not set: this test starts a model that bills, in your account")
    cloudformation = boto3.client("cloudformation", region_name=MODEL.split(":")[3])
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _machine(arn: str) -> StateMachine:
    return StateMachine(arn, boto3.client("stepfunctions", region_name=arn.split(":")[3]))


@pytest.fixture
def start_model(deployed: dict[str, str]) -> StateMachine:
    return _machine(deployed["StartModelArn"])


@pytest.fixture
def stop_model(deployed: dict[str, str]) -> StateMachine:
    return _machine(deployed["StopModelArn"])


@pytest.fixture
def model(stop_model: StateMachine) -> Iterator[str]:
    """The model version; it is stopped at the end, also after a test that failed."""
    assert MODEL is not None
    yield MODEL
    stopped = stop_model.wait(stop_model.start({"ProjectVersionArn": MODEL, "Force": True}), seconds=3700)
    assert stopped.status == "SUCCEEDED", "STOP THE MODEL BY HAND: it bills"
