"""CloudFormation: types that moto does not know. To be a subclass of ``CloudFormationModel`` makes a type known."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from typing import Any, ClassVar, Self

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.cloudwatch.utils import make_arn_for_alarm
from moto.core.common_models import CloudFormationModel
from moto.scheduler.exceptions import ScheduleExists, ScheduleGroupNotFound
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends


class Resource:
    """What CloudFormation asks of every resource: type, name, Ref, and the one attribute that these have, their ARN."""

    TYPE: ClassVar[str]
    NAME: ClassVar[str]
    """The property that names it; empty where it has no name of its own."""

    def __init__(self, physical_resource_id: str, arn: str) -> None:
        self.physical_resource_id = physical_resource_id
        self._arn = arn

    @classmethod
    def cloudformation_type(cls) -> str:
        """The CloudFormation type this class stands for."""
        return cls.TYPE

    @classmethod
    def cloudformation_name_type(cls) -> str:
        """The property that names it."""
        return cls.NAME

    @classmethod
    def name_after(cls, original: Self, new_name: str, wanted: Any) -> str:
        """The name after an update: the old one, unless the template has one."""
        return new_name if cls.NAME in wanted["Properties"] else original.physical_resource_id

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether GetAtt knows an attribute."""
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """What GetAtt answers."""
        if not self.has_cfn_attr(attribute_name):
            raise UnformattedGetAttTemplateException
        return self._arn


class EmailSubscription(Resource, CloudFormationModel):
    """AWS::SNS::Subscription: who gets the mail."""

    TYPE = "AWS::SNS::Subscription"
    NAME = ""
    _wanted: dict[str, Any]
    """Its properties, as they were last deployed."""

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]  # moto names it otherwise, and calls it by position
        cls, _: str, cloudformation_json: Any, account_id: str, region_name: str, **__: Any
    ) -> Self:
        """Subscribe the endpoint to its topic, with its filter policy."""
        wanted = cloudformation_json["Properties"]
        backend = sns_backends[account_id][region_name]
        subscription = backend.subscribe(wanted["TopicArn"], wanted["Endpoint"], wanted["Protocol"])
        made = cls(subscription.arn, subscription.arn)
        made._wanted = wanted
        if policy := wanted.get("FilterPolicy"):
            backend.set_subscription_attributes(subscription.arn, "FilterPolicy", json.dumps(policy))
        return made

    @classmethod
    def update_from_cloudformation_json(  # type: ignore[override]  # moto names it otherwise, and calls it by position
        cls, original_resource: Self, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Self:
        """Change its filter policy; of one whose scope was never set SNS changes none."""
        before, after = original_resource._wanted, cloudformation_json["Properties"]
        if before.get("FilterPolicy") != after.get("FilterPolicy"):
            if "FilterPolicyScope" not in before:
                raise ValidationError(
                    original_resource.physical_resource_id,
                    message="Invalid parameter: FilterPolicyScope: Invalid value [null]. Please use either "
                    "MessageBody or MessageAttributes",
                )
            policy = json.dumps(after.get("FilterPolicy", {}))
            backend = sns_backends[account_id][region_name]
            backend.set_subscription_attributes(original_resource.physical_resource_id, "FilterPolicy", policy)
        original_resource._wanted = after
        return original_resource


class Alarm(Resource, CloudFormationModel):
    """AWS::CloudWatch::Alarm: a name and an ARN for who refers to it; it never goes off."""

    TYPE = "AWS::CloudWatch::Alarm"
    NAME = "AlarmName"

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]  # moto names it otherwise, and calls it by position
        cls, resource_name: str, _: Any, account_id: str, region_name: str, **__: Any
    ) -> Self:
        """Name it."""
        return cls(resource_name, make_arn_for_alarm(region_name, account_id, resource_name))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Name it anew, where the template does."""
        name = cls.name_after(original_resource, new_resource_name, cloudformation_json)
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)


class ScheduleGroup(Resource, CloudFormationModel):
    """AWS::Scheduler::ScheduleGroup."""

    TYPE = "AWS::Scheduler::ScheduleGroup"
    NAME = "Name"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Self:
        """Make an empty group."""
        tags = cloudformation_json["Properties"].get("Tags", [])
        group = scheduler_backends[account_id][region_name].create_schedule_group(resource_name, tags)
        return cls(group.name, group.arn)

    @classmethod
    def update_from_cloudformation_json(  # type: ignore[override]  # moto names it otherwise, and calls it by position
        cls, original_resource: Self, **_: Any
    ) -> Self:
        """Keep it: only its tags can change."""
        return original_resource

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete it with the schedules in it."""
        scheduler_backends[account_id][region_name].delete_schedule_group(self.physical_resource_id)


class Schedule(Resource, CloudFormationModel):
    """AWS::Scheduler::Schedule; nothing but ``Emulator.fire`` fires it."""

    def __init__(self, name: str, group: str, arn: str) -> None:
        super().__init__(name, arn)
        self._group = group

    TYPE = "AWS::Scheduler::Schedule"
    NAME = "Name"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Self:
        """Make it, in its group; CloudFormation knows a schedule by its name alone."""
        wanted = cloudformation_json["Properties"]
        backend = scheduler_backends[account_id][region_name]
        if any(resource_name in group.schedules for group in backend.schedule_groups.values()):
            raise ScheduleExists(resource_name)
        made = backend.create_schedule(
            name=resource_name,
            group_name=wanted.get("GroupName"),
            description=wanted.get("Description"),
            schedule_expression=wanted["ScheduleExpression"],
            schedule_expression_timezone=wanted.get("ScheduleExpressionTimezone"),
            flexible_time_window=wanted["FlexibleTimeWindow"],
            start_date=_epoch(wanted.get("StartDate")),
            end_date=_epoch(wanted.get("EndDate")),
            state=wanted.get("State"),
            kms_key_arn=wanted.get("KmsKeyArn"),
            target=wanted["Target"],
            action_after_completion=None,
        )
        return cls(made.name, made.group_name, made.arn)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Make it anew, under its old name where the template has none."""
        original_resource.delete(account_id, region_name)
        name = cls.name_after(original_resource, new_resource_name, cloudformation_json)
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete it, unless its group is gone, and it with it."""
        with contextlib.suppress(ScheduleGroupNotFound):
            scheduler_backends[account_id][region_name].delete_schedule(self._group, self.physical_resource_id)


def _epoch(date: str | None) -> Any:
    """A date of a template as moto keeps it, in seconds since the epoch."""
    return None if date is None else datetime.fromisoformat(date).timestamp()
