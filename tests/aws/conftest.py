"""The deployed stack of a real account: opt-in, since its tests start a model that bills.

They expect the stack to be deployed where CUSTOM_LABELS_MODEL_ARN is, with that model configured and STOPPED, and
credentials in the environment. With AWS_ENDPOINT_URL they tell the same stories against the emulator.
"""

import os
from collections.abc import Iterator

import pytest

from tests.aws.deployment import LONGEST, Deployment, deployment
from tests.deployed.executions import StateMachine

MODEL = os.environ.get("CUSTOM_LABELS_MODEL_ARN")
STACK = os.environ.get("CUSTOM_LABELS_STACK", "CustomLabelsLifecycle")


@pytest.fixture(scope="session")
def stack() -> Deployment:
    if MODEL is None:
        pytest.skip("CUSTOM_LABELS_MODEL_ARN is not set: this test starts a model that bills, in your account")
    return deployment(MODEL, STACK)


@pytest.fixture
def start_model(stack: Deployment) -> StateMachine:
    return stack.machine("StartModel")


@pytest.fixture
def stop_model(stack: Deployment) -> StateMachine:
    return stack.machine("StopModel")


@pytest.fixture
def model(stack: Deployment, stop_model: StateMachine) -> Iterator[str]:
    """The model version; it is stopped at the end, also after a test that failed."""
    yield stack.model
    if stack.status() == "STOPPED" and not stack.lease_ids():
        return
    asked = {"ProjectVersionArn": stack.model, "Force": True, **stack.patience}
    stopped = stop_model.wait(stop_model.start(asked), seconds=LONGEST)
    assert stopped.status == "SUCCEEDED", "STOP THE MODEL BY HAND: it bills"


@pytest.fixture
def images() -> str:
    """Where images are put for a batch, as ``s3://bucket/folder/``."""
    if "CUSTOM_LABELS_IMAGES" not in os.environ:
        pytest.skip("CUSTOM_LABELS_IMAGES is not set: a folder of detect_batch.images, as s3://bucket/folder/")
    return os.environ["CUSTOM_LABELS_IMAGES"]


@pytest.fixture
def schedule() -> str:
    """The name of a schedule that starts the model."""
    if "CUSTOM_LABELS_SCHEDULE" not in os.environ:
        pytest.skip("CUSTOM_LABELS_SCHEDULE is not set: the name of a schedule with start, of this model")
    return os.environ["CUSTOM_LABELS_SCHEDULE"]
