"""The app as tests deploy it: its settings, the models and the workload that they name, and how long a model takes."""

from typing import Any

from emulator.custom_labels import Quotas, Timing

TIMING = Timing(training=0.5, starting=2, stopping=1)
# So high that tests do not meet them by accident; those about quotas set their own.
QUOTAS = Quotas(running_models=1000, inference_units=5, calls_per_second=1000, detections_per_second=1000)
# One for each model of the tests, and no more than a role's ten managed policies on AWS can name.
PROJECTS = [f"project-{number:03}" for number in range(200)]
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
ARRIVALS = "inbox-images"
"""The bucket of the inbox."""
SETTINGS: dict[str, Any] = {
    "models": [
        {"name": "defects", "project_version_arn": MODEL},
        {"name": "scheduled", "project_version_arn": SCHEDULED, "schedules": [NEW_YEAR]},
        {"name": "hourly", "project_version_arn": HOURLY, "lease_minutes": 30, "schedules": [EVERY_HOUR]},
        {"name": "latest", "project": LATEST, "version": "latest", "minimum_f1": 0.8},
    ],
    "projects": PROJECTS,
    "monthly_budget_usd": 1_000_000,
    "over_budget": "stop",
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
    "inboxes": [
        {"name": "line-2", "model": "defects", "images": f"s3://{ARRIVALS}/line-2/", "results": "s3://inbox-results/"}
    ],
}
THERE = "arn:aws:rekognition:eu-west-1:123456789012:project/boards/version/v1/1793520000000"
TWO_REGIONS = {
    **SETTINGS,
    "models": [{"name": "defects", "project_version_arn": THERE}, *SETTINGS["models"]],
    "region": "us-east-1",
    "chat": {**SETTINGS["chat"], "places": ["us-east-1"]},
    "detect_batch": {**SETTINGS["detect_batch"], "place": "us-east-1"},
    "inboxes": [{**SETTINGS["inboxes"][0], "place": "us-east-1"}],
}
"""The same, and a model of the same name in another Region."""


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
