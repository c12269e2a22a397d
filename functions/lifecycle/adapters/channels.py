"""Where notifications go: an SNS topic for mails, one for chat, and an EventBridge bus."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.outcomes import DETAIL_TYPE, SOURCE
from lifecycle.notifications.chat import chat_message
from lifecycle.notifications.notification import Notification

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_sns import SNSClient
    from types_boto3_sns.type_defs import MessageAttributeValueTypeDef

ATTRIBUTES = ("Outcome", "Severity", "ProjectName", "VersionName", "ProjectVersionArn", "NotificationId")
"""Facts that subscribers can filter by; what is unknown is left out."""


def attributes_of(notification: Notification) -> "Mapping[str, MessageAttributeValueTypeDef]":
    """The facts that subscribers can filter by, as attributes of an SNS message."""
    return {
        name: {"DataType": "String", "StringValue": notification.detail[name]}
        for name in ATTRIBUTES
        if name in notification.detail
    }


class Topic:
    """Emails, and whatever else subscribes to the SNS topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def send(self, notification: Notification) -> None:
        """Publish it as text for a person, with its facts as message attributes."""
        with errors_of("Publish"):
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=notification.subject,
                Message=notification.text,
                MessageAttributes=attributes_of(notification),
            )


class ChatTopic:
    """The channels of Slack and Teams that AWS's chat applications serve from an SNS topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def send(self, notification: Notification) -> None:
        """Publish it as a custom notification. A message without the format would be dropped without a word."""
        with errors_of("Publish"):
            self._client.publish(
                TopicArn=self._topic_arn,
                Message=json.dumps(chat_message(notification)),
                MessageAttributes=attributes_of(notification),
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
