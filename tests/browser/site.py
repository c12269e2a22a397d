"""The stack that the browser sees, and what becomes of it."""

import json
from typing import Any

from tests.deployed.executions import StateMachine
from tools.browser import Site

HOME = "arn:aws:rekognition:us-east-1:123456789012:project"
DEFECTS = f"{HOME}/circuit-boards/version/v7/1793520000000"
LOGOS = f"{HOME}/brands/version/v2/1793520000001"
OTHERS = {
    status: f"{HOME}/packaging/version/{status.lower()}/{1793520000010 + place}"
    for place, status in enumerate(("STARTING", "RUNNING", "STOPPING"))
}
"""Versions of a project that is configured as a whole, by the status that tests put them into."""
MODELS = (DEFECTS, LOGOS, *OTHERS.values())
SETTINGS = {
    "models": [
        {
            "name": "defects",
            "project_version_arn": DEFECTS,
            "schedules": [
                {
                    "name": "office-hours",
                    "start": "30 7 ? * MON-FRI *",
                    "stop": "0 18 ? * MON-FRI *",
                    "time_zone": "Europe/Berlin",
                }
            ],
        },
        {"name": "logos", "project_version_arn": LOGOS, "min_inference_units": 2},
    ],
    "projects": ["packaging"],
    "notification_emails": ["ml-operators@example.com"],
}
QUICK = {"PollSeconds": 1, "TimeoutSeconds": 900}


def machine(site: Site, name: str) -> StateMachine:
    """StartModel or StopModel."""
    return StateMachine(site.outputs[f"{name}Arn"], site.client("stepfunctions"))


def executions(site: Site, name: str) -> list[str]:
    """The names of a state machine's executions."""
    listed = site.client("stepfunctions").list_executions(stateMachineArn=site.outputs[f"{name}Arn"])["executions"]
    return [one["name"] for one in listed]


def input_of(site: Site, name: str, execution: str) -> Any:
    """What an execution was given."""
    arn = f"{site.outputs[f'{name}Arn'].replace(':stateMachine:', ':execution:')}:{execution}"
    return json.loads(site.client("stepfunctions").describe_execution(executionArn=arn)["input"])
