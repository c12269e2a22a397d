"""Models that run by themselves: the schedules, in a group of their own, and the one function that they call."""

import json
from datetime import UTC, datetime

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.functions import LifecycleFunction
from infra.parts.grants import allow_to_start_once
from infra.parts.machines import machines_of_a_model
from infra.parts.names import schedule_name
from infra.parts.scheduler_role import role_of_schedules
from infra.parts.shared import Shared
from infra.settings.scheduler_crons import Ticks, ticks_of


class Schedules(Construct):
    """The schedules of all models, encrypted, and Tick."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, lost_calls: sqs.Queue) -> None:
        super().__init__(scope, construct_id)
        self._shared = shared
        self._lost_calls = lost_calls
        self.tick = self._function()
        name = f"{cdk.Stack.of(self).stack_name}-schedules"
        self._group = scheduler.ScheduleGroup(
            self, "Group", schedule_group_name=name, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        self._role = role_of_schedules(self, "Role", self.tick, lost_calls, group_name=name)
        # Scheduler reads what it keeps encrypted with the rights of this role (User Guide, "Encryption at rest").
        self._role.add_to_policy(iam.PolicyStatement(actions=["kms:Decrypt"], resources=[shared.key.key_arn]))
        now = datetime.now(UTC)
        for schedule, configured in shared.settings.schedules.items():
            for ticks in ticks_of(schedule, configured, now):
                self._schedule(schedule, ticks, configured.time_zone, enabled=configured.enabled)

    def _function(self) -> LifecycleFunction:
        shared = self._shared
        environment = machines_of_a_model(self)
        tick = shared.function(self, "Tick", handler="tick", timeout_seconds=60, environment=environment)
        allow_to_start_once(tick)
        # Six hours is the most; the tick itself knows when it is too late.
        tick.keep_lost_calls(self._lost_calls, max_event_age=cdk.Duration.hours(6))
        return tick

    def _schedule(self, schedule: str, ticks: Ticks, time_zone: str, *, enabled: bool) -> None:
        given = {
            "Schedule": schedule,
            "Action": ticks.act,
            "ScheduledTime": scheduler.ContextAttribute.scheduled_time,
            **({"HoursAhead": ticks.hours_ahead} if ticks.hours_ahead else {}),
        }
        made = scheduler.Schedule(
            self,
            ticks.name,
            schedule_name=schedule_name(cdk.Stack.of(self).stack_name, ticks.name),
            schedule_group=self._group,
            description=f"custom-labels-lifecycle: {schedule}",
            schedule=scheduler.ScheduleExpression.expression(f"cron({ticks.cron})", cdk.TimeZone.of(time_zone)),
            start=ticks.begins,
            end=ticks.ends,
            enabled=enabled,
            key=self._shared.key,
            target=targets.LambdaInvoke(
                self.tick.version,
                input=scheduler.ScheduleTargetInput.from_text(json.dumps(given)),
                role=self._role.without_policy_updates(),
                dead_letter_queue=self._lost_calls,
                max_event_age=cdk.Duration.minutes(ticks.deliver_within.total_seconds() / 60),
            ),
        )
        made.node.add_dependency(self._role, self._group)
