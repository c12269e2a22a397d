"""What CloudFormation asks before it deletes the stack: whether models would bill on, and what is in the way."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from infra.parts.grants import MACHINES, allow_to_describe_models
from infra.parts.machines import any_execution, executions_arn, full_name, machine_arn
from infra.parts.nag import acknowledge
from infra.parts.shared import Shared
from lifecycle.configuration import OnDestroy
from lifecycle.inbox.names import DRAIN_INBOX

_CHECK_SECONDS, _STOP_SECONDS = 300, 900


class Removal(Construct):
    """A function, and the custom resource with which CloudFormation calls it.

    Parameters
    ----------
    policies : sequence
        Those for people, of which IAM deletes none that is attached.
    bus : EventBus
        Which is not deleted while rules of others are on it.
    before : sequence
        All else in the stack: the resource depends on it, so it is made last and deleted first. Where it refuses,
        nothing was deleted.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        shared: Shared,
        *,
        policies: Sequence[iam.ManagedPolicy],
        bus: events.EventBus,
        before: Sequence[IConstruct],
    ) -> None:
        super().__init__(scope, construct_id)
        # Runs first: they start executions of the others.
        workloads = {"DetectBatch": shared.settings.detect_batch, DRAIN_INBOX: shared.settings.inboxes}
        machines = [*reversed(MACHINES), *(name for name, configured in workloads.items() if configured)]
        stops = shared.settings.on_destroy is OnDestroy.STOP
        seconds = _STOP_SECONDS if stops else _CHECK_SECONDS
        remove = shared.function(
            self,
            "Remove",
            handler="remove",
            timeout_seconds=seconds,
            environment={
                "STOP_MODEL_ARN": machine_arn(self, "StopModel"),
                "STATE_MACHINE_ARNS": ",".join(machine_arn(self, name) for name in machines),
                "POLICY_ARNS": ",".join(policy.managed_policy_arn for policy in policies),
                "EVENT_BUS_NAME": bus.event_bus_name,
                "OWN_RULES": f"{cdk.Stack.of(self).stack_name}.",
                **shared.table_names("MODEL"),
            },
        )
        remove.allow("cloudformation:DescribeStacks", on=[cdk.Aws.STACK_ID])
        remove.allow("dynamodb:Scan", on=[shared.model_table.table_arn])
        if shared.settings.inboxes:
            remove.allow("dynamodb:GetItem", "dynamodb:PutItem", on=[shared.model_table.table_arn])  # to pause them
        allow_to_describe_models(remove)
        remove.allow("states:ListExecutions", on=[machine_arn(self, name) for name in machines])
        remove.allow("iam:ListEntitiesForPolicy", on=[policy.managed_policy_arn for policy in policies])
        # It has no resource type (Service Authorization Reference, Amazon EventBridge).
        remove.allow("events:ListRules", on=["*"])
        asked = ["StartModel"]
        if stops:
            asked.append("StopModel")
            remove.allow("states:StartExecution", on=[machine_arn(self, "StopModel")])
            ended = [name for name in machines if name != "StopModel"]
            remove.allow("states:StopExecution", on=[executions_arn(self, name) for name in ended])
            whatever = "Whatever goes on would hold up the deletion, and on_destroy says to end it."
            acknowledge(remove, any_execution(self, [full_name(self, name) for name in ended], whatever))
        remove.allow("states:DescribeExecution", on=[executions_arn(self, name) for name in asked])
        reason = "Any start may be under way, and a stop that it has begun has a name of its own."
        acknowledge(remove, any_execution(self, [full_name(self, name) for name in asked], reason))
        resource = cdk.CfnResource(
            self,
            "Resource",
            type="AWS::CloudFormation::CustomResource",
            properties={
                # Not a version: CloudFormation can't change what it calls.
                "ServiceToken": remove.function.function_arn,
                # By itself it would wait for an hour for a function that does not answer.
                "ServiceTimeout": seconds + 60,
            },
        )
        resource.node.add_dependency(remove, *before)
