"""The workloads that RunWithModel may run: state machines of this account and Region, by name."""

import aws_cdk as cdk
from aws_cdk import region_info
from constructs import Construct

from infra.settings.settings import Settings


def workload_arns(scope: Construct, settings: Settings) -> list[str]:
    """As they reach the functions: plain text, to be compared with what a caller names."""
    partition = region_info.RegionInfo.get(settings.region).partition or "aws"
    home = f"arn:{partition}:states:{settings.region}:{settings.account}"
    return [f"{home}:stateMachine:{name}" for name in workload_names(scope, settings)]


def workload_names(scope: Construct, settings: Settings) -> list[str]:
    """Those of cdk.json, and our own."""
    own = [f"{cdk.Stack.of(scope).stack_name}-DetectBatch"] if settings.detect_batch else []
    return [*settings.workloads, *(name for name in own if name not in settings.workloads)]


def workload_machines(scope: Construct, settings: Settings) -> list[str]:
    """The ARNs of the state machines, for policies."""
    return [_arn(scope, "stateMachine", name) for name in workload_names(scope, settings)]


def workload_executions(scope: Construct, settings: Settings) -> list[str]:
    """Of any of their executions."""
    return [_arn(scope, "execution", f"{name}:*") for name in workload_names(scope, settings)]


def _arn(scope: Construct, resource: str, name: str) -> str:
    return cdk.Stack.of(scope).format_arn(
        service="states", resource=resource, resource_name=name, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
    )
