"""How EventBridge Scheduler calls a function of this app: the role that its schedules use."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.functions import LifecycleFunction
from infra.parts.nag import acknowledge, logical_id


def role_of_schedules(
    scope: Construct, construct_id: str, function: LifecycleFunction, lost_calls: sqs.Queue, *, group_name: str
) -> iam.Role:
    """May call a function, and keep what could not be delivered; for the schedules of one group.

    CDK's own role changes with each version, and may call that one only: a deploy would lose a call.
    """
    stack = cdk.Stack.of(scope)
    group = stack.format_arn(service="scheduler", resource="schedule-group", resource_name=group_name)
    of_the_group = {"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}}
    role = iam.Role(
        scope, construct_id, assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=of_the_group)
    )
    every_version = f"{function.function.function_arn}:*"
    role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[every_version]))
    role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[lost_calls.queue_arn]))
    finding = f"AwsSolutions-IAM5[Resource::<{logical_id(function.function)}.Arn>:*]"
    acknowledge(role, {finding: "While a deploy moves the schedule to a new version, it calls the one before."})
    return role
