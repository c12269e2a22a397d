"""One emulator for each test process, with the real stack deployed; tests share it, each with models of its own.

They are a plugin, so that there is one emulator wherever the tests lie. Its import takes seconds: only these fixtures,
when they are asked for, import it.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deployed.app import ARRIVALS, INSPECTION, MODEL, PROJECTS, QUOTAS, SETTINGS, TIMING, WORKLOAD
from tests.deployed.batches import BUCKET, FOLDER, RESULTS
from tests.deployed.executions import StateMachine, end_what_waits, wait_until

if TYPE_CHECKING:
    from emulator.server import Emulator
    from tests.conftest import Synthesised


@pytest.fixture(scope="session")
def assembly(synthesised: "Synthesised") -> Path:
    """The synthesised app, with the projects of the tests' models."""
    return synthesised(SETTINGS)


@pytest.fixture(scope="session")
def endpoint() -> "Iterator[Emulator]":
    """An emulator; whether the stack is deployed in it depends on who came before."""
    from emulator.server import Emulator

    with Emulator(port=0, timing=TIMING, quotas=QUOTAS, models={"defects": MODEL}) as started:
        yield started


@pytest.fixture(scope="session")
def deployed(endpoint: "Emulator", assembly: Path) -> "Emulator":
    """With the bucket of its inbox, which sends its events."""
    from emulator import images

    endpoint.deploy(assembly)
    images.ensure_bucket(endpoint.client("s3"), ARRIVALS)
    endpoint.client("s3").put_bucket_notification_configuration(
        Bucket=ARRIVALS, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return endpoint


@pytest.fixture
def emulator(deployed: "Emulator") -> "Iterator[Emulator]":
    """The emulator with the real stack, its model stopped and held by nobody; no faults, usual timing and quotas."""
    put_at_rest(deployed, MODEL)
    yield deployed
    _reset(deployed)


@pytest.fixture
def bare(endpoint: "Emulator") -> "Iterator[Emulator]":
    """The emulator as an AWS endpoint, for tests that need no stack."""
    yield endpoint
    _reset(endpoint)


@pytest.fixture
def ahead(bare: "Emulator") -> Iterator[Callable[[float], None]]:
    """Lets seconds pass by the emulator's clock, until the test is over."""
    yield bare.clock.advance
    bare.clock.reset()


def put_at_rest(emulator: "Emulator", model: str) -> None:
    """Let nothing go on, and the model that tests share be stopped and held by nobody.

    What a test before has not waited for would go on with it.
    """
    stepfunctions, table = emulator.client("stepfunctions"), emulator.outputs["ModelTableName"]
    machines = [emulator.outputs[f"{name}Arn"] for name in ("StartModel", "StopModel", "RunWithModel")]

    def nothing_goes_on() -> bool:
        # An event may begin an execution after these were listed, and one that ends may make an event.
        events = len(emulator.deliveries.list())
        listed = are_delivered(emulator) and end_what_waits(stepfunctions, machines) and are_delivered(emulator)
        return listed and len(emulator.deliveries.list()) == events

    wait_until(nothing_goes_on)
    emulator.client("dynamodb").delete_item(TableName=table, Key={"Id": {"S": model}})
    emulator.custom_labels.seed(model)
    emulator.custom_labels.put(model, "STOPPED")


def are_delivered(emulator: "Emulator") -> bool:
    """Whether all events have arrived: Settle has heard of the end of each execution that is seen to have ended."""
    from emulator.seams.executions import ending

    return not ending and not any(one.status == "PENDING" for one in emulator.deliveries.list())


def _reset(emulator: "Emulator") -> None:
    emulator.faults.clear()
    emulator.custom_labels.timing, emulator.custom_labels.quotas = TIMING, QUOTAS


_numbers = itertools.count()


@pytest.fixture
def new_model(endpoint: "Emulator") -> Callable[..., str]:
    """Makes the ARN of a model that exists, in a project of its own, in the status given (STOPPED)."""

    def make(status: str = "STOPPED", status_message: str | None = None) -> str:
        number = next(_numbers)
        home = f"arn:aws:rekognition:{endpoint.region}:{endpoint.account_id}"
        arn = f"{home}:project/{PROJECTS[number]}/version/v1/{1793520000000 + number}"
        endpoint.custom_labels.seed(arn)
        endpoint.custom_labels.put(arn, status, status_message)
        return arn

    return make


@pytest.fixture
def configured() -> str:
    """The ARN of the model that is configured by the name "defects"."""
    return MODEL


@pytest.fixture
def start_model(emulator: "Emulator") -> StateMachine:
    """The StartModel state machine of the real stack."""
    return StateMachine(emulator.outputs["StartModelArn"], emulator.client("stepfunctions"))


@pytest.fixture
def stop_model(emulator: "Emulator") -> StateMachine:
    """The StopModel state machine of the real stack."""
    return StateMachine(emulator.outputs["StopModelArn"], emulator.client("stepfunctions"))


@pytest.fixture
def workload(emulator: "Emulator") -> StateMachine:
    stepfunctions = emulator.client("stepfunctions")
    arn = f"arn:aws:states:{emulator.region}:{emulator.account_id}:stateMachine:{WORKLOAD}"
    if arn not in [one["stateMachineArn"] for one in stepfunctions.list_state_machines()["stateMachines"]]:
        role = f"arn:aws:iam::{emulator.account_id}:role/workload"
        stepfunctions.create_state_machine(name=WORKLOAD, definition=json.dumps(INSPECTION), roleArn=role)
    return StateMachine(arn, stepfunctions)


@pytest.fixture
def detect_batch(emulator: "Emulator") -> StateMachine:
    """The DetectBatch state machine, with a bucket for its results."""
    from emulator import images

    images.ensure_bucket(emulator.client("s3"), RESULTS)
    return StateMachine(emulator.outputs["DetectBatchArn"], emulator.client("stepfunctions"))


@pytest.fixture
def model(new_model: Callable[..., str], emulator: "Emulator") -> str:
    """The ARN of a model that runs on one inference unit."""
    arn = new_model()
    emulator.custom_labels.put(arn, "RUNNING").min_inference_units = 1
    return arn


@pytest.fixture
def prefix(emulator: "Emulator") -> str:
    """Of samples in Amazon S3: six pictures, and one file that is none."""
    from emulator import images

    own = f"{FOLDER}{next(_numbers)}/"
    images.lay_out(emulator.client("s3"), BUCKET, own)
    return own
