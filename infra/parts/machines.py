"""A state machine of this app: one definition of what they have in common."""

from collections.abc import Iterable, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.parts.bundle import ROOT
from infra.parts.functions import LifecycleFunction
from infra.parts.nag import acknowledge, logical_id


def machine_arn(scope: Construct, name: str) -> str:
    """The ARN of a state machine, known before it is made: its functions name it, and it names its functions."""
    return cdk.Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=full_name(scope, name),
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


OF_A_MODEL = ("StartModel", "StopModel")
"""The state machines that may be started for one model."""


def machines_of_a_model(scope: Construct) -> dict[str, str]:
    """The environment of a function that starts them."""
    return {"START_MODEL_ARN": machine_arn(scope, "StartModel"), "STOP_MODEL_ARN": machine_arn(scope, "StopModel")}


def executions_arn(scope: Construct, name: str) -> str:
    """Of any execution of a state machine."""
    return cdk.Stack.of(scope).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{full_name(scope, name)}:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def any_execution(scope: Construct, names: Iterable[str], reason: str) -> dict[str, str]:
    """Why a policy may name any execution of state machines, by the ids of cdk-nag's findings.

    Parameters
    ----------
    names : iterable of str
        The machines' names in AWS.
    """
    stack = cdk.Stack.of(scope)
    home = f"arn:<AWS::Partition>:states:{stack.region}:{stack.account}:execution"
    return {f"AwsSolutions-IAM5[Resource::{home}:{name}:*]": reason for name in names}


def full_name(scope: Construct, name: str) -> str:
    """A state machine's name in AWS."""
    return f"{cdk.Stack.of(scope).stack_name}-{name}"


class LifecycleMachine(Construct):
    """A state machine that calls published versions of functions, is traced, and logs its errors, encrypted.

    Parameters
    ----------
    functions : Mapping
        By the step that the definition's placeholders name: ``${<step>FunctionArn}``.
    machines : sequence of str
        State machines that it names itself: ``${<machine>Arn}``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        definition: str,
        functions: Mapping[str, LifecycleFunction],
        log_group: logs.LogGroup,
        machines: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.state_machine = sfn.StateMachine(
            self,
            "Resource",
            state_machine_name=full_name(self, name),
            # As text in the template, where linters, tests and the emulator can read it.
            definition_body=sfn.DefinitionBody.from_string((ROOT / "statemachine" / definition).read_text("utf-8")),
            definition_substitutions={
                **{f"{step}FunctionArn": function.version.function_arn for step, function in functions.items()},
                **{f"{machine}Arn": machine_arn(self, machine) for machine in machines},
            },
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ERROR, include_execution_data=False),
        )
        # All versions: executions in flight still call those of earlier deploys. And nothing but versions.
        for function in functions.values():
            self.state_machine.add_to_role_policy(
                iam.PolicyStatement(
                    actions=["lambda:InvokeFunction"], resources=[f"{function.function.function_arn}:*"]
                )
            )
        every_version = "Executions in flight call the versions of earlier deploys."
        acknowledge(
            self.state_machine,
            {
                "AwsSolutions-SF1": "The history of each execution is in Step Functions; the log keeps the errors.",
                "AwsSolutions-IAM5[Resource::*]": "Log delivery and X-Ray have no resource types (Step Functions "
                "Developer Guide, 'Logging' and 'X-Ray').",
                **{
                    f"AwsSolutions-IAM5[Resource::<{logical_id(function.function)}.Arn>:*]": every_version
                    for function in functions.values()
                },
            },
        )
