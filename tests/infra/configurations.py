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
