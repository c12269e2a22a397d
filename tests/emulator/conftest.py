"""One emulator for each test process, with the real stack deployed; tests share it, each with models of its own."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.custom_labels import Quotas, Timing
from emulator.server import Emulator
from tests.conftest import Synthesised
from tests.emulator.executions import StateMachine

TIMING = Timing(training=0.5, starting=2, stopping=1)
# So high that tests do not meet them by accident; those about quotas set their own.
QUOTAS = Quotas(running_models=1000, inference_units=5, calls_per_second=1000, detections_per_second=1000)


# One for each model of the tests, and no more than a role's ten managed policies on AWS can name.
PROJECTS = [f"project-{number:03}" for number in range(300)]
MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/boards/version/v1/1793520000000"
WORKLOAD = "Inspection"
LATEST = "retrained"
"""The project of which the newest version is meant."""
EVENT_RULES = [
    {
        "name": "shift-begins",
        "pattern": {"source": ["factory"], "detail-type": ["Shift begins"]},
        "model_path": "$.detail.model",
        "lease_minutes": 480,
    },
    {
        "name": "trained",
        "pattern": {"source": ["aws.sagemaker"], "detail": {"status": ["Succeeded"]}},
        "project_version_arn_path": "$.detail.ProjectVersionArn",
    },
    {
        "name": "tested",
        "pattern": {"source": ["factory"], "detail-type": ["Tested"]},
        "action": "stop",
        "project_version_arn_path": "$.detail.ProjectVersionArn",
        "lease_id": "event/trained",
    },
]
SCHEDULED, HOURLY = (
    f"arn:aws:rekognition:us-east-1:123456789012:project/{name}/version/v1/1793520000000"
    for name in ("scheduled", "hourly")
)
# At other times they are fired as by hand.
NEW_YEAR = {
    "name": "new-year",
    "start": "0 0 1 1 ? *",
    "stop": "0 12 1 1 ? *",
    "time_zone": "Europe/Berlin",
    "exclude_dates": ["2020-12-25"],
}
EVERY_HOUR = {"name": "every-hour", "ready_by": "0 * * * ? *", "time_zone": "Asia/Kolkata"}
SETTINGS = {
    "models": [
        {"name": "defects", "project_version_arn": MODEL},
        {"name": "scheduled", "project_version_arn": SCHEDULED, "schedules": [NEW_YEAR]},
        {"name": "hourly", "project_version_arn": HOURLY, "lease_minutes": 30, "schedules": [EVERY_HOUR]},
        {"name": "latest", "project": LATEST, "version": "latest", "minimum_f1": 0.8},
    ],
    "projects": PROJECTS,
    "workloads": [WORKLOAD],
    "event_rules": EVENT_RULES,
    "trusted_principals": [{"principal": "444455556666", "external_id": "inspection-pipeline"}],
    "notification_emails": [
        "ml-operators@example.com",
        {"address": "on-call@example.com", "severities": ["ERROR"]},
        {"address": "latest@example.com", "models": ["latest"]},
    ],
    "chat": {"slack": [{"workspace_id": "T0123456789", "channel_id": "C0123456789"}]},
    "detect_batch": {"images": ["s3://factory-images/line-1/"], "results": "s3://factory-results/labels/"},
}


@pytest.fixture(scope="session")
def assembly(synthesised: Synthesised) -> Path:
    """The synthesised app, with the projects of the tests' models."""
    return synthesised(SETTINGS)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Emulator]:
    """An emulator; whether the stack is deployed in it depends on who came before."""
    with Emulator(port=0, timing=TIMING, quotas=QUOTAS, models={"defects": MODEL}) as started:
        yield started


@pytest.fixture(scope="session")
def deployed(endpoint: Emulator, assembly: Path) -> Emulator:
    endpoint.deploy(assembly)
    return endpoint


@pytest.fixture
def emulator(deployed: Emulator) -> Iterator[Emulator]:
    """The emulator with the real stack and its model stopped; no faults, the usual timing and quotas."""
    deployed.custom_labels.seed(MODEL)
    deployed.custom_labels.put(MODEL, "STOPPED")
    yield deployed
    _reset(deployed)


@pytest.fixture
def bare(endpoint: Emulator) -> Iterator[Emulator]:
    """The emulator as an AWS endpoint, for tests that need no stack."""
    yield endpoint
    _reset(endpoint)


def _reset(emulator: Emulator) -> None:
    emulator.faults.clear()
    emulator.custom_labels.timing, emulator.custom_labels.quotas = TIMING, QUOTAS


_numbers = itertools.count()


@pytest.fixture
def new_model(endpoint: Emulator) -> Callable[..., str]:
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
def start_model(emulator: Emulator) -> StateMachine:
    """The StartModel state machine of the real stack."""
    return StateMachine(emulator.outputs["StartModelArn"], emulator.client("stepfunctions"))


@pytest.fixture
def stop_model(emulator: Emulator) -> StateMachine:
    """The StopModel state machine of the real stack."""
    return StateMachine(emulator.outputs["StopModelArn"], emulator.client("stepfunctions"))


INSPECTION = {
    "QueryLanguage": "JSONata",
    "StartAt": "What to do?",
    "States": {
        "What to do?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.Do = 'fail' %}", "Next": "Fail"},
                {"Condition": "{% $states.input.Do = 'wait' %}", "Next": "Wait"},
            ],
            "Default": "Succeed",
        },
        "Wait": {"Type": "Wait", "Seconds": 600, "Next": "Succeed"},
        "Succeed": {"Type": "Succeed", "Output": {"Given": "{% $states.input %}"}},
        "Fail": {"Type": "Fail", "Error": "BeltJammed", "Cause": "The belt of line 1 is jammed."},
    },
}
"""A workload that does what its input says."""


@pytest.fixture
def workload(emulator: Emulator) -> StateMachine:
    stepfunctions = emulator.client("stepfunctions")
    arn = f"arn:aws:states:{emulator.region}:{emulator.account_id}:stateMachine:{WORKLOAD}"
    if arn not in [one["stateMachineArn"] for one in stepfunctions.list_state_machines()["stateMachines"]]:
        role = f"arn:aws:iam::{emulator.account_id}:role/workload"
        stepfunctions.create_state_machine(name=WORKLOAD, definition=json.dumps(INSPECTION), roleArn=role)
    return StateMachine(arn, stepfunctions)
