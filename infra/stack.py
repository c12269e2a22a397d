"""The stack only composes: what is shared, one construct for each capability, and the outputs of the contract."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from infra.keeping import Keeping
from infra.notifications import Notifications
from infra.settings import Settings
from infra.shared import Shared
from infra.start_model import StartModel
from infra.steps import Steps
from infra.stop_model import StopModel


class CustomLabelsLifecycle(cdk.Stack):
    """Keeps Custom Labels models running while somebody needs them, and tells people."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="Amazon Rekognition Custom Labels lifecycle", **kwargs)
        shared = Shared(self, "Shared", settings)
        notifications = Notifications(self, "Notifications", shared)
        steps = Steps(self, "Steps", shared, notifications)
        start_model = StartModel(self, "StartModel", shared, steps)
        stop_model = StopModel(self, "StopModel", shared, steps)
        Keeping(self, "Keeping", shared, notifications)

        outputs = {
            "StartModelArn": (
                start_model.state_machine.state_machine_arn,
                "Start a model, or extend a lease: the state machine to start",
            ),
            "StopModelArn": (
                stop_model.state_machine.state_machine_arn,
                "Release a lease, or stop a model: this one",
            ),
            "NotificationTopicArn": (notifications.topic.topic_arn, "Subscribe people here"),
            "EventBusName": (notifications.event_bus.event_bus_name, "Match events of this app on this bus"),
            "ModelTableName": (shared.model_table.table_name, "Leases and claims, an item for each model: read only"),
        }
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
