"""Configurations beside the one with every setting, and where the project is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
HOME = "arn:aws:rekognition:eu-west-1:111122223333:project"


def model(number: int = 0) -> dict[str, Any]:
    """A model with names as long as people's are."""
    name = f"circuit-boards-{number:03}"
    arn = f"{HOME}/{name}/version/{name}.2026-11-01T08.00.00/{1793520000000 + number}"
    return {"name": name, "project_version_arn": arn}


def elsewhere(number: int = 0, *, region: str = "eu-west-1", account: str = "111122223333") -> dict[str, Any]:
    """A model in another account or Region."""
    arn = model(number)["project_version_arn"].replace("eu-west-1", region).replace("111122223333", account)
    return {**model(number), "project_version_arn": arn}


MINIMAL: Mapping[str, Any] = {"models": [model()]}
HUNDRED: Mapping[str, Any] = {"models": [model(number) for number in range(100)], "sweep_minutes": 60}
EVERY_PROJECT: Mapping[str, Any] = {
    "models": [model()],
    "projects": ["circuit-boards-001", "*"],
    "notification_emails": [{"address": "ml-operators@example.com", "severities": ["ERROR"]}],
    "chat": {"topic_only": True},
    "event_rules": [
        {
            "name": "down-again",
            "event_bus": "CustomLabelsLifecycle-events",
            "pattern": {"detail": {"Outcome": ["MODEL_DOWN"]}},
            "model": model()["name"],
        }
    ],
}
"""Of which the only address has a filter, and the only rule lies on the app's own bus."""


def _with_long_names(number: int, schedules: int) -> dict[str, Any]:
    """A model with names as long as they may be, and so many schedules of two ticks each."""
    project, version = (f"{kind}-{number:03}-".ljust(255, "x") for kind in ("project", "version"))
    return {
        "name": f"model-{number:03}-".ljust(64, "x"),
        "project_version_arn": f"{HOME}/{project}/version/{version}/{1793520000000 + number}",
        "schedules": [
            {
                "name": f"schedule-{number:03}-{one}-".ljust(40, "x"),
                "start": f"30 {7 + 4 * one} ? * MON-FRI *",
                "stop": f"30 {9 + 4 * one} ? * MON-FRI *",
                "time_zone": "Europe/Berlin",
            }
            for one in range(schedules)
        ],
    }


def _of_many(models: list[dict[str, Any]], external_id: int) -> dict[str, Any]:
    """With 20 rules, and 12 accounts whose external ids have so many characters."""
    pattern = {"source": ["factory"], "detail": {"line": [f"line-{number}" for number in range(20)]}}
    rules = [
        {"name": f"rule-{number:02}-".ljust(40, "x"), "pattern": pattern, "model": models[number]["name"]}
        for number in range(20)
    ]
    principals = [
        {"principal": f"4444555566{number:02}", "external_id": f"{number:02}".ljust(external_id, "x")}
        for number in range(12)
    ]
    return {"models": models, "event_rules": rules, "trusted_principals": principals}


LARGEST: Mapping[str, Any] = _of_many([_with_long_names(number, number < 40) for number in range(60)], external_id=8)
"""60 models with names as long as they may be, 40 schedules, 20 rules, 12 principals: it fits."""
TOO_LARGE: Mapping[str, Any] = {
    **_of_many([_with_long_names(number, 2) for number in range(120)], external_id=19),
    "runbook_url": f"https://wiki.example.com/{'x' * 1000}",
}
"""120 of them with two schedules each; external ids of 19 characters; the address of a runbook that is too long."""
