"""Reconciliation of leases with what runs: Settle after each execution's end, and the sweep every few minutes."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as schedule_targets
from constructs import Construct

from infra.notifications.notifications import Notifications
from infra.parts.functions import LifecycleFunction
from infra.parts.grants import MACHINES, allow_to_describe_models, allow_to_end_runs, allow_to_read_executions
from infra.parts.machines import machine_arn
from infra.parts.queues import dead_letter_queue
from infra.parts.scheduler_role import role_of_schedules
from infra.parts.shared import Shared

TERMINAL = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
"""Statuses in which an execution has ended (Step Functions API reference, DescribeExecution)."""


class Reconciliation(Construct):
    """Settle and Sweep, what calls them, and where their lost calls go.

    Tick's lost calls go there too.
    """

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, notifications: Notifications) -> None:
        super().__init__(scope, construct_id)
        self._shared = shared
        self._notifications = notifications
        self.lost_calls = dead_letter_queue(self, "LostCalls")
        self.settle = self._function("Settle", timeout_seconds=60)
        self.sweep = self._function("Sweep", timeout_seconds=300)
        self.sweep.allow("states:StartExecution", on=[machine_arn(self, "StartModel")])
        self.sweep.allow("dynamodb:PutItem", "dynamodb:Query", on=[shared.ledger_table.table_arn])
        self.sweep.allow("dynamodb:UpdateItem", on=[shared.model_table.table_arn])
        self._settle_after_each_end()
        self._sweep_every_few_minutes()

    def _function(self, name: str, *, timeout_seconds: int) -> LifecycleFunction:
        shared = self._shared
        function = shared.function(
            self,
            name,
            handler=name.lower(),
            timeout_seconds=timeout_seconds,
            environment={**self._notifications.environment, **shared.table_names("MODEL", "LEDGER")},
        )
        self._notifications.allow_to_deliver(function)
        function.allow("dynamodb:GetItem", on=[shared.idempotency_table.table_arn])
        function.allow(
            *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"),
            on=[shared.model_table.table_arn],
        )
        allow_to_describe_models(function)
        allow_to_read_executions(function)
        allow_to_end_runs(function, shared.settings)
        function.keep_lost_calls(self.lost_calls, max_event_age=cdk.Duration.minutes(15))
        return function

    def _settle_after_each_end(self) -> None:
        stack = cdk.Stack.of(self)
        rule_name = f"{stack.stack_name}-execution-ended"
        # CDK's own permission refers to the rule, so that a deploy makes it only after the rule has turned to the new
        # version, and EventBridge does not try again what it was not permitted to call.
        permission = lambda_.CfnPermission(
            self,
            "ExecutionEndedMayCall",
            action="lambda:InvokeFunction",
            function_name=self.settle.version.function_arn,
            principal="events.amazonaws.com",
            source_arn=stack.format_arn(service="events", resource="rule", resource_name=rule_name),
        )
        permitted = lambda_.Function.from_function_attributes(
            self, "SettleVersion", function_arn=self.settle.version.function_arn, skip_permissions=True
        )
        rule = events.Rule(
            self,
            "ExecutionEnded",
            rule_name=rule_name,
            description="Executions of custom-labels-lifecycle that have ended, however they did",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [machine_arn(self, machine) for machine in MACHINES], "status": TERMINAL},
            ),
            targets=[
                event_targets.LambdaFunction(
                    permitted,
                    dead_letter_queue=self.lost_calls,
                    retry_attempts=5,
                    max_event_age=cdk.Duration.hours(1),
                )
            ],
        )
        rule.node.add_dependency(permission)
        same = "The function is this stack's own; the CDK can't read that from a token."
        cdk.Annotations.of(rule).acknowledge_warning("@aws-cdk/aws-events:ruleUnresolvedEnvironment", same)

    def _sweep_every_few_minutes(self) -> None:
        period = cdk.Duration.minutes(self._shared.settings.sweep_minutes)
        role = role_of_schedules(self, "EverySweepRole", self.sweep, self.lost_calls, group_name="default")
        schedule = scheduler.Schedule(
            self,
            "EverySweep",
            description="The sweep of custom-labels-lifecycle",
            schedule=scheduler.ScheduleExpression.rate(period),
            target=schedule_targets.LambdaInvoke(
                self.sweep.version,
                role=role.without_policy_updates(),
                dead_letter_queue=self.lost_calls,
                # One that could not be delivered is made good by the next.
                retry_attempts=2,
                max_event_age=period,
            ),
        )
        schedule.node.add_dependency(role)
