"""The StartModel state machine and its three functions."""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.bundle import ROOT
from infra.functions import LifecycleFunction
from infra.nag import acknowledge, logical_id
from infra.notifications import Notifications
from infra.shared import Shared

DEFINITION = ROOT / "statemachine" / "start_model.asl.json"


class StartModel(Construct):
    """Starts a model version, waits until it is RUNNING, and tells people."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, notifications: Notifications) -> None:
        super().__init__(scope, construct_id)
        table = {"IDEMPOTENCY_TABLE_NAME": shared.idempotency_table.table_name}
        self.prepare = shared.function(self, "Prepare", handler="prepare", timeout_seconds=30, environment=table)
        self.check = shared.function(self, "Check", handler="check", timeout_seconds=30, environment={})
        # Short, because nothing may follow an unclear start until this has passed: the pause in the definition.
        self.start = shared.function(self, "Start", handler="start", timeout_seconds=10, environment={})

        functions = {
            "Prepare": self.prepare,
            "Check": self.check,
            "Start": self.start,
            "Notify": notifications.notify,
        }
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            # As text in the template, where linters, tests and the emulator can read it.
            definition_body=sfn.DefinitionBody.from_string(DEFINITION.read_text("utf-8")),
            definition_substitutions={
                f"{name}FunctionArn": function.version.function_arn for name, function in functions.items()
            },
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=shared.log_group(self, "Logs"), level=sfn.LogLevel.ERROR, include_execution_data=False
            ),
        )
        for function in functions.values():
            # All versions: executions in flight still call those of earlier deploys.
            function.function.grant_invoke(self.state_machine)
        self._grants(shared)
        self._acknowledge(functions.values(), shared.settings.projects)

    def _grants(self, shared: Shared) -> None:
        stack = cdk.Stack.of(self)

        def rekognition(resource: str) -> str:
            return stack.format_arn(service="rekognition", resource="project", resource_name=resource)

        self.prepare.allow("dynamodb:PutItem", on=[shared.idempotency_table.table_arn])
        # DescribeProjects has no resource type (Service Authorization Reference, Amazon Rekognition).
        for function in (self.prepare, self.check):
            function.allow("rekognition:DescribeProjects", on=["*"])
        # Every project: a refusal for want of capacity names the models that fill the quota, wherever they are.
        self.check.allow("rekognition:DescribeProjectVersions", on=[rekognition("*")])
        self.start.allow(
            "rekognition:StartProjectVersion",
            on=[model.project_version_arn for model in shared.settings.models.values()]
            + [rekognition(f"{project}/version/*/*") for project in shared.settings.projects],
        )
        # A policy of its own: the machine depends on the functions, and their default policy must not depend on it.
        executions = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.state_machine.state_machine_name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        reads = iam.Policy(
            self,
            "ReadExecutions",
            roles=[self.prepare.role, self.check.role],
            statements=[iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[executions])],
        )
        any_execution = f"states:{stack.region}:{stack.account}:execution:<{logical_id(self.state_machine)}.Name>:*"
        reason = "Any execution of this machine may hold the ClientRequestToken."
        acknowledge(reads, {f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:{any_execution}]": reason})

    def _acknowledge(self, functions: Iterable[LifecycleFunction], projects: Iterable[str]) -> None:
        every_version = "Executions in flight call the versions of earlier deploys."
        acknowledge(
            self.state_machine,
            {
                "AwsSolutions-SF1": "The history of each execution is in Step Functions; the log keeps the errors.",
                "AwsSolutions-IAM5[Resource::*]": "Log delivery and X-Ray have no resource types (Step Functions "
                "Developer Guide, 'Logging' and 'X-Ray').",
                **{
                    f"AwsSolutions-IAM5[Resource::<{logical_id(function.function)}.Arn>:*]": every_version
                    for function in functions
                },
            },
        )
        no_resource_type = "DescribeProjects has no resource type (Service Authorization Reference)."
        stack = cdk.Stack.of(self)
        home = f"{stack.region}:{stack.account}"
        rekognition = f"arn:<AWS::Partition>:rekognition:{home}:project"
        acknowledge(self.prepare, {"AwsSolutions-IAM5[Resource::*]": no_resource_type})
        acknowledge(
            self.check,
            {
                "AwsSolutions-IAM5[Resource::*]": no_resource_type,
                f"AwsSolutions-IAM5[Resource::{rekognition}/*]": "Read only: a "
                "refusal for want of capacity names the models that fill the quota, in whatever project.",
            },
        )
        acknowledge(
            self.start,
            {
                f"AwsSolutions-IAM5[Resource::{rekognition}/{project}/version/*/*]": "'projects' in cdk.json asks for "
                "it: any version may be started, so that a retrained one needs no deploy."
                for project in projects
            },
        )
