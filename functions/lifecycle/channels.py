"""Where notifications go: an SNS topic and an EventBridge bus."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lifecycle.aws import errors_of
from lifecycle.errors import ServiceUnavailable
from lifecycle.messages import Notification

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_sns import SNSClient
    from types_boto3_sns.type_defs import MessageAttributeValueTypeDef

SOURCE = "custom-labels-lifecycle"
DETAIL_TYPE = "Model Lifecycle"
ATTRIBUTES = ("Outcome", "Severity", "ProjectName", "VersionName", "ProjectVersionArn", "NotificationId")
"""Facts that subscribers can filter by; what is unknown is left out."""


class Topic:
    """Emails, and whatever else subscribes to the SNS topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def send(self, notification: Notification) -> None:
        """Publish it as text for a person, with its facts as message attributes."""
        attributes: Mapping[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": notification.detail[name]}
            for name in ATTRIBUTES
            if name in notification.detail
        }
        with errors_of("Publish"):
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=notification.subject,
                Message=notification.text,
                MessageAttributes=attributes,
            )


class EventBus:
    """Rules of other pipelines."""

    def __init__(self, client: "EventBridgeClient", bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def send(self, notification: Notification) -> None:
        """Put it as an event; PutEvents reports a failed entry in a successful answer."""
        with errors_of("PutEvents"):
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus_name,
                        "Source": SOURCE,
                        "DetailType": DETAIL_TYPE,
                        "Detail": json.dumps(notification.detail),
                        "Resources": [
                            notification.detail[name]
                            for name in ("ExecutionArn", "ProjectVersionArn")
                            if name in notification.detail
                        ],
                    }
                ]
            )
        if answer["FailedEntryCount"]:
            failed = answer["Entries"][0]
            raise ServiceUnavailable(f"PutEvents refused the event: {failed['ErrorCode']}: {failed['ErrorMessage']}")
