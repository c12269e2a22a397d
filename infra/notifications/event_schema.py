"""The schema of this app's events in EventBridge's registry, where people and IDEs find it."""

import json

import aws_cdk as cdk
from aws_cdk import aws_eventschemas as eventschemas
from constructs import Construct

from infra.parts.bundle import ROOT
from lifecycle.executions.outcomes import DETAIL_TYPE, SOURCE

PUBLISHED = ROOT / "statemachine" / "schemas" / "notification.event.schema.json"


class EventSchema(Construct):
    """A registry with the one schema, of a whole event: its detail is the published schema."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        registry = eventschemas.CfnRegistry(
            self,
            "Registry",
            registry_name=f"{cdk.Stack.of(self).stack_name}-events",
            description="Events of custom-labels-lifecycle",
        )
        schema = eventschemas.CfnSchema(
            self,
            "ModelLifecycle",
            registry_name=f"{cdk.Stack.of(self).stack_name}-events",
            schema_name=f"{SOURCE}@{DETAIL_TYPE.replace(' ', '')}",
            type="JSONSchemaDraft4",
            description="A notification about a model: docs/notifications.md",
            content=json.dumps(event_schema()),
        )
        schema.add_resource_dependency(registry)


def event_schema() -> dict[str, object]:
    """Of an event as rules and targets see it."""
    detail = json.loads(PUBLISHED.read_text("utf-8"))
    draft = detail.pop("$schema")
    return {
        "$schema": draft,
        "title": DETAIL_TYPE,
        "type": "object",
        "required": ["source", "detail-type", "detail"],
        "properties": {
            "source": {"type": "string", "enum": [SOURCE]},
            "detail-type": {"type": "string", "enum": [DETAIL_TYPE]},
            "account": {"type": "string"},
            "region": {"type": "string"},
            "id": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "resources": {"type": "array", "items": {"type": "string"}},
            "detail": detail,
        },
    }
