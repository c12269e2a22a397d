"""The role with which pipelines of other accounts start the state machines, read their executions, and use models."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.parts.grants import DETECT, MACHINES, detection
from infra.parts.machines import any_execution, executions_arn, full_name, machine_arn
from infra.parts.nag import acknowledge
from infra.parts.statements import allow
from infra.settings.settings import Settings, TrustedPrincipal


class OtherAccounts(Construct):
    """One role; each principal may assume it with an external id of its own.

    The external id keeps somebody whom the principal works for too from using it here
    (IAM User Guide, "The confused deputy problem").
    """

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "CallerRole",
            description="Start and use models of custom-labels-lifecycle from other accounts",
            assumed_by=iam.CompositePrincipal(*map(_trusted, settings.trusted_principals)),
        )
        machines = [machine_arn(self, name) for name in MACHINES]
        executions = [executions_arn(self, name) for name in MACHINES]
        reads = ["states:DescribeExecution", "states:GetExecutionHistory"]
        for actions, resources in (
            (["states:StartExecution", "states:ListExecutions"], machines),
            (reads, executions),
        ):
            self.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        found = detection(self, settings)
        allow(self.role, [DETECT], found.resources)
        acknowledge(self.role, found.acknowledged)
        reason = "A caller reads the executions that it has started, whatever they are called."
        acknowledge(self.role, any_execution(self, (full_name(self, name) for name in MACHINES), reason))


def _trusted(one: TrustedPrincipal) -> iam.PrincipalBase:
    account = one.principal.isdigit()
    principal = iam.AccountPrincipal(one.principal) if account else iam.ArnPrincipal(one.principal)
    return principal.with_conditions({"StringEquals": {"sts:ExternalId": one.external_id}})
