"""The one model, execution and configuration that the unit tests speak of."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lifecycle.configuration import Configuration, Model
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import Machines
from lifecycle.run_with_model.request import RunRequest, run_request
from lifecycle.start_model.request import StartRequest, start_request
from lifecycle.stop_model.request import StopRequest, stop_request

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
ACCOUNT = "arn:aws:rekognition:us-east-1:123456789012"
ARN = f"{ACCOUNT}:project/boards/version/v1/1793520000000"
PROJECT = f"{ACCOUNT}:project/boards/1793510000000"
OTHER_ARN = f"{ACCOUNT}:project/cables/version/v7/1793530000000"
CONFIGURED_ARN = f"{ACCOUNT}:project/welds/version/v2/1793540000000"
CONFIGURATION = Configuration(
    models={"defects": Model(ARN), "welds": Model(CONFIGURED_ARN, 2, 4, 45)},
    inference_unit_hour_usd=4.0,
)


def configured(**settings: Any) -> Configuration:
    """With other settings."""
    return replace(CONFIGURATION, **settings)


MACHINES = Machines(
    "arn:aws:states:us-east-1:123456789012:stateMachine:Lifecycle-StartModel",
    "arn:aws:states:us-east-1:123456789012:stateMachine:Lifecycle-StopModel",
    "arn:aws:states:us-east-1:123456789012:stateMachine:Lifecycle-RunWithModel",
)


WORKLOAD_NAME = "NightlyInspection"
WORKLOAD = f"arn:aws:states:us-east-1:123456789012:stateMachine:{WORKLOAD_NAME}"
RUNS_WORKLOADS = replace(CONFIGURATION, workloads=(WORKLOAD_NAME,))


def execution(name: str = "nightly", start_time: datetime = NOW, machine: str = "StartModel") -> Execution:
    arn = f"arn:aws:states:us-east-1:123456789012:execution:Lifecycle-{machine}:{name}"
    return Execution(arn, name, start_time)


def request(**fields: Any) -> StartRequest:
    return start_request({"Model": "defects", **fields}, execution(), CONFIGURATION)


def stop(**fields: Any) -> StopRequest:
    return stop_request({"Model": "defects", **fields}, execution("evening", machine="StopModel"), CONFIGURATION)


RUN = execution("monday", machine="RunWithModel")


def run(**fields: Any) -> RunRequest:
    return run_request({"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD}, **fields}, RUN, RUNS_WORKLOADS)
