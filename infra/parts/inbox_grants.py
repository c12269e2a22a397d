"""What people may see of inboxes, and do with them, by the page's two functions."""

from collections.abc import Iterable

import aws_cdk as cdk

from infra.parts.functions import LifecycleFunction
from infra.parts.nag import acknowledge
from infra.parts.shared import Shared
from infra.parts.statements import allow
from lifecycle.inbox.names import dead_queue_name, queue_name
from lifecycle.shared.s3_location import Place

_COUNT = ("sqs:GetQueueUrl", "sqs:GetQueueAttributes")


def allow_to_see(function: LifecycleFunction, inboxes: Iterable[str]) -> None:
    """What waits in inboxes, and whether their workers receive it."""
    stack = cdk.Stack.of(function)
    names = [name(stack.stack_name, inbox) for inbox in inboxes for name in (queue_name, dead_queue_name)]
    function.allow(*_COUNT, on=[_queue(stack, name) for name in names])
    function.allow("lambda:ListEventSourceMappings", on=["*"])
    reason = "ListEventSourceMappings has no resource type (Service Authorization Reference, AWS Lambda)."
    acknowledge(function, {"AwsSolutions-IAM5[Resource::*]": reason})


def allow_to_operate(function: LifecycleFunction, shared: Shared) -> None:
    """Pause and resume inboxes, put images into their queues, and move dead letters back."""
    stack, inboxes = cdk.Stack.of(function), shared.settings.inboxes
    function.allow("dynamodb:GetItem", "dynamodb:PutItem", on=[shared.model_table.table_arn])
    waiting = [_queue(stack, queue_name(stack.stack_name, inbox)) for inbox in inboxes]
    function.allow("sqs:GetQueueUrl", "sqs:SendMessage", on=waiting)
    dead = [_queue(stack, dead_queue_name(stack.stack_name, inbox)) for inbox in inboxes]
    # Amazon SQS Developer Guide, "Configuring queue permissions for dead-letter queue redrive"
    moving = ("sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:ReceiveMessage", "sqs:DeleteMessage")
    function.allow(*_COUNT, *moving, on=dead)
    here = {"StringEquals": {"aws:ResourceAccount": stack.account}}
    for inbox in inboxes.values():
        images, results = Place.parse(inbox.images), Place.parse(inbox.results)
        for place in (images, results):
            condition = {**here, "StringLike": {"s3:prefix": f"{place.folder}*"}}
            allow(function.role, ["s3:ListBucket"], [_bucket(place)], condition)
        allow(function.role, ["s3:GetObject"], [f"{_bucket(results)}/{results.folder}*"], here)
        reason = "Any result of an inbox may be an error that is to be tried again."
        found = f"arn:<AWS::Partition>:s3:::{results.bucket}/{results.folder}*"
        acknowledge(function, {f"AwsSolutions-IAM5[Resource::{found}]": reason})


def _queue(stack: cdk.Stack, name: str) -> str:
    return stack.format_arn(service="sqs", resource=name)


def _bucket(place: Place) -> str:
    return f"arn:{cdk.Aws.PARTITION}:s3:::{place.bucket}"
