"""Who is told, and how: the topic, the event bus, and the one function that sends."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.shared import Shared


class Notifications(Construct):
    """An encrypted SNS topic with its email subscriptions, an EventBridge bus, and the Notify function."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self, "Topic", display_name="Custom Labels lifecycle", master_key=shared.key, enforce_ssl=True
        )
        for email in shared.settings.notification_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self.event_bus = events.EventBus(self, "Bus", event_bus_name=f"{cdk.Stack.of(self).stack_name}-events")

        self.notify = shared.function(
            self,
            "Notify",
            handler="notify",
            timeout_seconds=30,
            environment={
                "TOPIC_ARN": self.topic.topic_arn,
                "EVENT_BUS_NAME": self.event_bus.event_bus_name,
                "IDEMPOTENCY_TABLE_NAME": shared.idempotency_table.table_name,
            },
        )
        self.notify.allow("sns:Publish", on=[self.topic.topic_arn])
        self.notify.allow("kms:GenerateDataKey", "kms:Decrypt", on=[shared.key.key_arn])  # to publish on the topic
        self.notify.allow("events:PutEvents", on=[self.event_bus.event_bus_arn])
        # Of what Powertools Idempotency documents it uses these; GetItem was for DynamoDB before
        # ReturnValuesOnConditionCheckFailure.
        self.notify.allow(
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            on=[shared.idempotency_table.table_arn],
        )
