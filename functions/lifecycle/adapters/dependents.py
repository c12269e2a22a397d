"""AWS Step Functions, AWS IAM and Amazon EventBridge: the adapter of ``ports.Dependents``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_iam import IAMClient
    from types_boto3_stepfunctions import SFNClient


MOST_RUNNING = 1000
"""Executions that are listed: whoever asks names some of them."""


class StackDependents:
    """``ports.Dependents`` on boto3."""

    def __init__(self, stepfunctions: "SFNClient", iam: "IAMClient", events: "EventBridgeClient") -> None:
        self._stepfunctions = stepfunctions
        self._iam = iam
        self._events = events

    def running(self, state_machine_arn: str) -> Sequence[str]:
        """The ARNs of the executions of a state machine that are RUNNING, 1,000 at the most."""
        with errors_of("ListExecutions"):
            pages = self._stepfunctions.get_paginator("list_executions").paginate(
                stateMachineArn=state_machine_arn, statusFilter="RUNNING", PaginationConfig={"MaxItems": MOST_RUNNING}
            )
            return [execution["executionArn"] for page in pages for execution in page["executions"]]

    def attached_to(self, policy_arn: str) -> Sequence[str]:
        """Whom a managed policy is attached to: ``group/<name>``, ``role/<name>``, ``user/<name>``."""
        found: list[str] = []
        with errors_of("ListEntitiesForPolicy"):
            for page in self._iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy_arn):
                found += (f"group/{one['GroupName']}" for one in page["PolicyGroups"])
                found += (f"role/{one['RoleName']}" for one in page["PolicyRoles"])
                found += (f"user/{one['UserName']}" for one in page["PolicyUsers"])
        return found

    def rules_on(self, event_bus_name: str) -> Sequence[str]:
        """The names of the rules on a bus, the stack's own among them."""
        with errors_of("ListRules"):
            pages = self._events.get_paginator("list_rules").paginate(EventBusName=event_bus_name)
            return [rule["Name"] for page in pages for rule in page["Rules"]]
