"""Who is notified, and how: mails, chat, the event bus, and the function that reports how executions end."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.notifications.chat import Chat
from infra.notifications.event_schema import EventSchema
from infra.parts.functions import LifecycleFunction
from infra.parts.machines import machine_arn
from infra.parts.names import own_bus
from infra.parts.queues import dead_letter_queue
from infra.parts.shared import Shared
from infra.settings.recipients import Recipient
from lifecycle.configuration import Model


class Notifications(Construct):
    """An encrypted SNS topic for mails, one for chat where there is any, an EventBridge bus, and the function Notify.

    Attributes
    ----------
    undelivered
        The queue of the mails that SNS has given up.
    alarm_topics
        What an alarm is to be sent to: CloudWatch may publish there.
    """

    def __init__(self, scope: Construct, construct_id: str, shared: Shared) -> None:
        super().__init__(scope, construct_id)
        self._shared = shared
        self.topic = self._topic("Topic")
        self.undelivered = dead_letter_queue(self, "Undelivered")
        self._subscribe()
        self.chat_topic: sns.Topic | None = None
        if channels := shared.settings.chat:
            self.chat_topic = self._topic("ChatTopic")
            if not channels.topic_only:
                Chat(self, "Chat", channels=channels, topic=self.chat_topic)
        self.alarm_topics = [self.topic, *([self.chat_topic] if self.chat_topic else [])]
        EventSchema(self, "Schema")
        self.event_bus = self._bus()

        self.environment = {
            "TOPIC_ARN": self.topic.topic_arn,
            **({"CHAT_TOPIC_ARN": self.chat_topic.topic_arn} if self.chat_topic else {}),
            "EVENT_BUS_NAME": self.event_bus.event_bus_name,
            "START_MODEL_ARN": machine_arn(self, "StartModel"),
            "STOP_MODEL_ARN": machine_arn(self, "StopModel"),
            "RUN_WITH_MODEL_ARN": machine_arn(self, "RunWithModel"),
            **shared.table_names("IDEMPOTENCY"),
        }
        self.notify = shared.function(
            self, "Notify", handler="notify", timeout_seconds=30, environment=self.environment
        )
        self.allow_to_deliver(self.notify)
        self._let_alarms_publish()

    def _bus(self) -> events.EventBus:
        """It takes what identities of this account may put there, and by TLS alone."""
        bus = events.EventBus(self, "Bus", event_bus_name=own_bus(cdk.Stack.of(self).stack_name))
        refused = iam.PolicyStatement(
            sid="PutEventsThroughTLSOnly",
            effect=iam.Effect.DENY,
            principals=[iam.StarPrincipal()],
            actions=["events:PutEvents"],
            resources=[bus.event_bus_arn],
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
        events.CfnEventBusPolicy(
            self,
            "BusPolicy",
            event_bus_name=bus.event_bus_name,
            statement_id=refused.sid or "",
            statement=refused.to_statement_json(),
        )
        return bus

    def _topic(self, construct_id: str) -> sns.Topic:
        return sns.Topic(
            self,
            construct_id,
            display_name="Custom Labels lifecycle",
            master_key=self._shared.key,
            enforce_ssl=True,
        )

    def _subscribe(self) -> None:
        settings = self._shared.settings
        home = f"arn:{cdk.Aws.PARTITION}:rekognition:{settings.region}:{settings.account}"
        for one in settings.notification_emails:
            subscription = self.topic.add_subscription(
                subscriptions.EmailSubscription(
                    one.address,
                    filter_policy=_filter_policy(one, settings.models, home) if one.filtered else None,
                    dead_letter_queue=self.undelivered,
                )
            )
            resource = subscription.node.default_child
            assert isinstance(resource, sns.CfnSubscription)  # noqa: S101 - for the type checker
            # Also without a filter: where the scope was never set, SNS refuses every later change of the filter.
            resource.filter_policy_scope = "MessageAttributes"
        if settings.notification_emails and all(one.filtered for one in settings.notification_emails):
            cdk.Annotations.of(self).add_warning_v2(
                "custom-labels-lifecycle:alarms-reach-nobody",
                "Every address of notification_emails has a filter, and alarms pass none: no mail reports an alarm. "
                "Add an address without a filter.",
            )

    def allow_to_deliver(self, function: LifecycleFunction) -> None:
        """Let a function with ``environment`` serve all channels, each once."""
        function.allow("sns:Publish", on=[topic.topic_arn for topic in self.alarm_topics])
        function.allow("kms:GenerateDataKey", "kms:Decrypt", on=[self._shared.key.key_arn])  # to publish on a topic
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
        """CDK's SnsAction gives CloudWatch neither a topic nor its key; without them alarm mails vanish."""
        cloudwatch = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        stack = cdk.Stack.of(self)
        of_this_account = {"StringEquals": {"aws:SourceAccount": stack.account}}
        for topic in self.alarm_topics:
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[cloudwatch],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions=of_this_account,
                )
            )
        self._shared.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatch],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],  # in a key's policy: this key
                conditions=of_this_account,
            )
        )


def _filter_policy(
    recipient: Recipient, models: Mapping[str, Model], home: str
) -> Mapping[str, sns.SubscriptionFilter]:
    """By attribute of the messages; a message without the attribute does not match.

    Parameters
    ----------
    home : str
        What the ARNs of projects begin with: ``arn:aws:rekognition:<Region>:<account>``.
    """
    policy = {}
    if recipient.severities:
        policy["Severity"] = sns.SubscriptionFilter.string_filter(allowlist=list(recipient.severities))
    if recipient.outcomes:
        policy["Outcome"] = sns.SubscriptionFilter.string_filter(allowlist=list(recipient.outcomes))
    if recipient.models:
        chosen = [models[name] for name in recipient.models]
        policy["ProjectVersionArn"] = sns.SubscriptionFilter.string_filter(
            allowlist=[model.project_version_arn for model in chosen if model.project_version_arn] or None,
            match_prefixes=[f"{home}:project/{model.project}/version/" for model in chosen if model.project] or None,
        )
    return policy
