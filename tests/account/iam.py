"""What each function may call, as the template grants it to its role, on the resources of the simulated account."""

import functools
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.infra.grants import GRANTS, PLACE
from tests.unit.examples import WORKLOAD_NAME

Json = Any
Grant = tuple[str, str, str]
"""The role, the action, and the resource as it is granted."""
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/CustomLabelsLifecycle/1"
_SERVICES = {"stepfunctions": "states"}
_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction"}
"""What IAM calls otherwise than boto3."""
_HERE = {
    "models": "${SharedModels.Arn}",
    "ledger": "${SharedLedger.Arn}",
    "idempotency": "${SharedIdempotency.Arn}",
    "bus": "${NotificationsBus.Arn}",
    "arn:aws:sns:us-east-1:123456789012:topic": "${NotificationsTopic}",
    "arn:aws:sns:us-east-1:123456789012:chat": "${NotificationsChatTopic}",
    STACK: "${AWS::StackId}",
    "sweep": "${ReconciliationSweepFunction.Arn}",
    "viewers": "${PeopleViewers}",
    "operators": "${PeopleOperators}",
}
"""Resources that the functions are told of."""
_THERE = {
    "us-east-1:123456789012": PLACE,
    "arn:aws:": "arn:${AWS::Partition}:",
    ":Lifecycle-": ":CustomLabelsLifecycle-",
    f":{WORKLOAD_NAME}": ":Inspection",
}
"""What ARNs have here, and in the template whose grants these are."""
_RESOURCES = (
    "ProjectVersionArn",
    "ProjectArn",
    "TableName",
    "TopicArn",
    "stateMachineArn",
    "executionArn",
    "FunctionName",
    "StackName",
    "PolicyArn",
)


@functools.cache
def role_of(function: str) -> str | None:
    """The name of a function's role; None of those of DetectBatch, which the emulator judges."""
    return next((role for role in GRANTS if role.endswith(f"{function.capitalize()}Role")), None)


def needed(service: str, operation: str, request: Mapping[str, Json]) -> list[tuple[str, str]]:
    """The actions that a call needs, each with what it is on, as the template names it."""
    if operation == "TransactWriteItems":
        return [need for one in request["TransactItems"] for need in needed(service, "PutItem", one["Put"])]
    action = f"{_SERVICES.get(service, service)}:{operation}"
    action = _ACTIONS.get(action, action)
    if operation == "PutEvents":
        return [(action, _HERE[entry["EventBusName"]]) for entry in request["Entries"]]
    return [(action, _named(next((request[name] for name in _RESOURCES if name in request), "*")))]


@functools.cache
def granted(role: str, action: str, resource: str) -> Grant | None:
    """The grant that allows a role an action; None where none does."""
    for pattern, actions in GRANTS[role].items():
        if action in actions and fnmatchcase(resource, pattern.replace("arn:aws:", "arn:${AWS::Partition}:")):
            return role, action, pattern
    return None


@functools.cache
def _named(resource: str) -> str:
    if resource in _HERE:
        return _HERE[resource]
    for here, there in _THERE.items():
        resource = resource.replace(here, there)
    return resource
