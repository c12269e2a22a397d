"""The stack only composes: what is shared, one construct for each capability, and the outputs of the contract."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from infra.notifications import Notifications
from infra.settings import Settings
from infra.shared import Shared
from infra.start_model import StartModel


class CustomLabelsLifecycle(cdk.Stack):
    """Starts Custom Labels models and tells people how that ended."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="Amazon Rekognition Custom Labels lifecycle", **kwargs)
        shared = Shared(self, "Shared", settings)
        notifications = Notifications(self, "Notifications", shared)
        start_model = StartModel(self, "StartModel", shared, notifications)

        outputs = {
            "StartModelArn": (start_model.state_machine.state_machine_arn, "Start a model: the state machine to start"),
            "NotificationTopicArn": (notifications.topic.topic_arn, "Subscribe people here"),
            "EventBusName": (notifications.event_bus.event_bus_name, "Match events of this app on this bus"),
        }
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
