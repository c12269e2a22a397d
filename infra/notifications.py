"""Who is told, and how: the topic, the event bus, and the one function that sends."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.functions import LifecycleFunction
from infra.machines import machine_arn
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

        self._shared = shared
        self.environment = {
            "TOPIC_ARN": self.topic.topic_arn,
            "EVENT_BUS_NAME": self.event_bus.event_bus_name,
            "START_MODEL_ARN": machine_arn(self, "StartModel"),
            "STOP_MODEL_ARN": machine_arn(self, "StopModel"),
            "RUN_WITH_MODEL_ARN": machine_arn(self, "RunWithModel"),
            **shared.table_names("IDEMPOTENCY"),
        }
        self.notify = shared.function(
            self, "Notify", handler="notify", timeout_seconds=30, environment=self.environment
        )
        self.allow_to_tell(self.notify)
        self._let_alarms_publish()

    def allow_to_tell(self, function: LifecycleFunction) -> None:
        """Let a function with ``environment`` serve both channels, each once."""
        function.allow("sns:Publish", on=[self.topic.topic_arn])
        function.allow("kms:GenerateDataKey", "kms:Decrypt", on=[self._shared.key.key_arn])  # to publish on the topic
        function.allow("events:PutEvents", on=[self.event_bus.event_bus_arn])
        # Of what Powertools Idempotency documents it uses these; GetItem was for DynamoDB before
        # ReturnValuesOnConditionCheckFailure.
        function.allow(
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            on=[self._shared.idempotency_table.table_arn],
        )

    def _let_alarms_publish(self) -> None:
        """CDK's SnsAction gives CloudWatch neither the topic nor its key; without them alarm mails vanish."""
        cloudwatch = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        stack = cdk.Stack.of(self)
        ours = {"StringEquals": {"aws:SourceAccount": stack.account}}
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatch], actions=["sns:Publish"], resources=[self.topic.topic_arn], conditions=ours
            )
        )
        self._shared.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatch],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],  # in a key's policy: this key
                conditions=ours,
            )
        )
