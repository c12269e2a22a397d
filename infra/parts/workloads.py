"""The workloads that RunWithModel may run: state machines of this account and Region, by name."""

import aws_cdk as cdk
from constructs import Construct

from infra.settings.settings import Settings


def workload_machines(scope: Construct, settings: Settings) -> list[str]:
    """The ARNs of the state machines, for policies."""
    return [_arn(scope, "stateMachine", name) for name in settings.workloads]


def workload_executions(scope: Construct, settings: Settings) -> list[str]:
    """Of any of their executions."""
    return [_arn(scope, "execution", f"{name}:*") for name in settings.workloads]


def _arn(scope: Construct, resource: str, name: str) -> str:
    return cdk.Stack.of(scope).format_arn(
        service="states", resource=resource, resource_name=name, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
    )
