"""Who may switch the inboxes' workers on and off."""

from collections.abc import Iterable

import aws_cdk as cdk

from infra.parts.functions import LifecycleFunction
from infra.parts.nag import acknowledge
from infra.parts.statements import allow
from lifecycle.inbox.names import worker_name


def allow_to_switch(function: LifecycleFunction, inboxes: Iterable[str]) -> None:
    """Switch the event source mappings of inboxes' workers on and off; their ids are known only once they are made."""
    stack = cdk.Stack.of(function)
    mappings = _arn(stack, "event-source-mapping", "*")
    workers = [_arn(stack, "function", worker_name(stack.stack_name, inbox)) for inbox in inboxes]
    of_workers = {"ArnEquals": {"lambda:FunctionArn": workers}}
    allow(function.role, ["lambda:UpdateEventSourceMapping"], [mappings], of_workers)
    function.allow("lambda:ListEventSourceMappings", on=["*"])
    home = f"arn:<AWS::Partition>:lambda:{stack.region}:{stack.account}:event-source-mapping:*"
    reasons = {
        home: "Only mappings of the inboxes' own workers, by a condition.",
        "*": "ListEventSourceMappings has no resource type (Service Authorization Reference, AWS Lambda).",
    }
    acknowledge(function, {f"AwsSolutions-IAM5[Resource::{on}]": reason for on, reason in reasons.items()})


def _arn(stack: cdk.Stack, resource: str, name: str) -> str:
    return stack.format_arn(
        service="lambda",
        resource=resource,
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
