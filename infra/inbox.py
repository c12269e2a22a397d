"""Inboxes: of each a rule, a queue and a worker; of all of them the minute's tick."""

from collections.abc import Sequence
from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as schedule_targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.notifications.notifications import Notifications
from infra.parts.functions import LifecycleFunction
from infra.parts.grants import allow_to_describe_models, allow_to_record_busy_minutes
from infra.parts.machines import any_execution, executions_arn, full_name, machine_arn
from infra.parts.mappings import allow_to_switch
from infra.parts.nag import acknowledge
from infra.parts.queues import dead_letter_queue, queue
from infra.parts.scheduler_role import role_of_schedules
from infra.parts.shared import Shared
from infra.parts.statements import allow
from lifecycle.configuration import Inbox
from lifecycle.inbox import names
from lifecycle.inbox.record import TRIES, WORKER_TIMEOUT
from lifecycle.shared.s3_location import Place

VISIBLE_AFTER = 6 * WORKER_TIMEOUT
"""An image that a worker has received and not dealt with (Lambda Developer Guide, "Using Lambda with Amazon SQS")."""
MINUTE = cdk.Duration.minutes(1)


class Inboxes(Construct):
    """Everything that inboxes are made of; it is there only where one is configured.

    Attributes
    ----------
    each : sequence of InboxParts
        The parts of each inbox, in the settings' order.
    tick : LifecycleFunction
        What the schedule calls every minute.
    """

    def __init__(
        self, scope: Construct, construct_id: str, shared: Shared, notifications: Notifications, lost_calls: sqs.Queue
    ) -> None:
        super().__init__(scope, construct_id)
        self._shared = shared
        self.each = [
            InboxParts(self, f"Inbox-{name}", name, shared, inbox) for name, inbox in shared.settings.inboxes.items()
        ]
        self.tick = self._tick(notifications)
        # One that has failed is made good by the next: its errors are an alarm of their own.
        self.tick.version.configure_async_invoke(retry_attempts=0, max_event_age=MINUTE)
        self._every_minute(lost_calls)

    def _tick(self, notifications: Notifications) -> LifecycleFunction:
        shared = self._shared
        tick = shared.function(
            self,
            "Tick",
            handler="inbox_tick",
            timeout_seconds=55,
            environment={
                **notifications.environment,
                **shared.table_names("MODEL", "LEDGER"),
                "DRAIN_INBOX_ARN": machine_arn(self, names.DRAIN_INBOX),
                "STACK_NAME": cdk.Stack.of(self).stack_name,
            },
        )
        notifications.allow_to_deliver(tick)
        tick.allow(
            *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"),
            on=[shared.model_table.table_arn],
        )
        tick.allow("dynamodb:Query", on=[shared.ledger_table.table_arn])  # whether the budget refuses a start
        allow_to_describe_models(tick)
        allow_to_count(tick, self.each)
        allow_to_switch(tick, shared.settings.inboxes)
        tick.allow("states:StartExecution", on=[machine_arn(self, "RunWithModel")])
        tick.allow("states:DescribeExecution", on=[executions_arn(self, "RunWithModel")])
        reason = "Every run of an inbox has a name of its own."
        acknowledge(tick, any_execution(self, [full_name(self, "RunWithModel")], reason))
        tick.allow(
            *("states:SendTaskHeartbeat", "states:SendTaskSuccess", "states:SendTaskFailure"),
            on=[machine_arn(self, names.DRAIN_INBOX)],
        )
        return tick

    def _every_minute(self, lost_calls: sqs.Queue) -> None:
        role = role_of_schedules(self, "EveryMinuteRole", self.tick, lost_calls, group_name="default")
        schedule = scheduler.Schedule(
            self,
            "EveryMinute",
            description="The tick of the inboxes of custom-labels-lifecycle",
            schedule=scheduler.ScheduleExpression.rate(MINUTE),
            target=schedule_targets.LambdaInvoke(
                self.tick.version,
                role=role.without_policy_updates(),
                dead_letter_queue=lost_calls,
                # One that could not be delivered is made good by the next.
                retry_attempts=0,
                max_event_age=MINUTE,
            ),
        )
        schedule.node.add_dependency(role)


class InboxParts(Construct):
    """What one inbox is made of: S3's events come by a rule into a queue, and from there to a worker of its own."""

    def __init__(self, scope: Construct, construct_id: str, name: str, shared: Shared, inbox: Inbox) -> None:
        super().__init__(scope, construct_id)
        self.name, self.inbox = name, inbox
        self._shared = shared
        stack_name = cdk.Stack.of(self).stack_name
        self.dead = queue(self, "Dead", queue_name=names.dead_queue_name(stack_name, name))
        self.undelivered = dead_letter_queue(self, "Undelivered", names.undelivered_queue_name(stack_name, name))
        self.images = queue(
            self,
            "Images",
            queue_name=names.queue_name(stack_name, name),
            visibility_timeout=_duration(VISIBLE_AFTER),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=TRIES),
        )
        self._deliver()
        self.worker = self._worker()
        self._receive()

    def _deliver(self) -> None:
        """Of each object that has something in it, its event: EventBridge gives an event up after a day."""
        place, stack = Place.parse(self.inbox.images), cdk.Stack.of(self)
        key = {"key": [{"prefix": place.folder}]} if place.folder else {}
        events.Rule(
            self,
            "Created",
            rule_name=names.rule_name(stack.stack_name, self.name),
            description=f"Images of the inbox {self.name} of custom-labels-lifecycle",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                account=[stack.account],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [place.bucket]}, "object": {**key, "size": [{"numeric": [">", 0]}]}},
            ),
            targets=[event_targets.SqsQueue(self.images, dead_letter_queue=self.undelivered)],
        )

    def _worker(self) -> LifecycleFunction:
        """Not by a version: the mapping would be another with every deploy, which would switch off what runs."""
        shared, stack_name = self._shared, cdk.Stack.of(self).stack_name
        worker = shared.function(
            self,
            "Worker",
            handler="inbox_worker",
            timeout_seconds=round(WORKER_TIMEOUT.total_seconds()),
            environment={
                "INBOX_NAME": self.name,
                "STACK_NAME": stack_name,
                **shared.table_names("MODEL", "IDEMPOTENCY", "LEDGER"),
            },
            name=names.worker_name(stack_name, self.name),
        )
        worker.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[shared.model_table.table_arn])
        # Powertools reads no item: DynamoDB returns it with a condition that failed.
        worker.allow(
            *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"), on=[shared.idempotency_table.table_arn]
        )
        allow_to_record_busy_minutes(worker, shared)
        worker.allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", on=[self.images.queue_arn])
        self._allow_to_detect(worker)
        self._allow_on_objects(worker)
        allow_to_switch(worker, [self.name])
        return worker

    def _allow_to_detect(self, worker: LifecycleFunction) -> None:
        """By this very version; where the newest of a project is meant, by any of the project."""
        model = self._shared.settings.model(self.inbox.model)
        stack = cdk.Stack.of(self)
        if model.project_version_arn:
            allow(worker.role, ["rekognition:DetectCustomLabels"], [model.project_version_arn])
            return
        resource = f"{model.project_name}/version/*/*"
        arn = stack.format_arn(service="rekognition", resource="project", resource_name=resource)
        allow(worker.role, ["rekognition:DetectCustomLabels"], [arn])
        home = f"arn:<AWS::Partition>:rekognition:{stack.region}:{stack.account}:project"
        reason = "Any version of the project may be the newest good one: retraining needs no deploy."
        acknowledge(worker, {f"AwsSolutions-IAM5[Resource::{home}/{resource}]": reason})

    def _allow_on_objects(self, worker: LifecycleFunction) -> None:
        """Read the images, of which Amazon Rekognition reads with the rights of who calls it; write the results."""
        images, results = Place.parse(self.inbox.images), Place.parse(self.inbox.results)
        here = {"StringEquals": {"aws:ResourceAccount": cdk.Stack.of(self).account}}
        for place in (images, results):  # without it, what was deleted can't be told from what is denied
            condition = {**here, "StringLike": {"s3:prefix": f"{place.folder}*"}}
            allow(worker.role, ["s3:ListBucket"], [_bucket(place)], condition)
        allow(worker.role, ["s3:GetObject", "s3:GetObjectVersion"], [f"{_bucket(images)}/{images.folder}*"], here)
        allow(worker.role, ["s3:GetObject", "s3:PutObject"], [f"{_bucket(results)}/{results.folder}*"], here)
        reason = "Every object of the folders that cdk.json names ('inboxes'), and of no other."
        found = [f"arn:<AWS::Partition>:s3:::{place.bucket}/{place.folder}*" for place in (images, results)]
        acknowledge(worker, {f"AwsSolutions-IAM5[Resource::{one}]": reason for one in found})

    def _receive(self) -> None:
        """Switched off in the template: the tick switches it on while a run is open, and a deploy leaves it alone."""
        units = self._shared.settings.model(self.inbox.model).min_inference_units
        lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            function_name=self.worker.function.function_name,
            event_source_arn=self.images.queue_arn,
            enabled=False,
            batch_size=1,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=self.inbox.concurrency(units)
            ),
        ).node.add_dependency(self.worker.role)


def allow_to_count(function: LifecycleFunction, inboxes: Sequence[InboxParts]) -> None:
    """See how many images wait, are in work, or were given up."""
    queues = [one.queue_arn for parts in inboxes for one in (parts.images, parts.dead)]
    function.allow("sqs:GetQueueUrl", "sqs:GetQueueAttributes", on=queues)


def _bucket(place: Place) -> str:
    return f"arn:{cdk.Aws.PARTITION}:s3:::{place.bucket}"


def _duration(time: timedelta) -> cdk.Duration:
    return cdk.Duration.seconds(time.total_seconds())
