"""A Lambda function of this app: one definition of what they have in common."""

from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.nag import acknowledge
from infra.parts.statements import allow


class LifecycleFunction(Construct):
    """Python 3.13 on arm64, a least role of its own, and a published, retained version.

    State machines call ``version``, so that an execution in flight ends on the code it began with; by default CDK
    deletes the old version at the next deploy.

    Parameters
    ----------
    name : str, optional
        The function's name in AWS, where others call it by that: no version is published then.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        bundle: Path,
        log_group: logs.LogGroup,
        timeout: cdk.Duration,
        environment: Mapping[str, str],
        name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.allow("logs:CreateLogStream", "logs:PutLogEvents", on=[log_group.log_group_arn])
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=f"custom-labels-lifecycle: {handler}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(bundle)),
            handler=f"handlers.{handler}.handler",
            role=self.role,
            log_group=log_group,
            memory_size=512,
            timeout=timeout,
            environment={
                "POWERTOOLS_SERVICE_NAME": handler,
                "POWERTOOLS_METRICS_NAMESPACE": cdk.Stack.of(self).stack_name,
                **environment,
            },
            # But not one that a failed deploy has published: that deploy could not be tried again, because Lambda
            # publishes the same code once.
            current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE),
        )
        acknowledge(
            self.function, {"AwsSolutions-L1": "3.13 is the runtime that tests and vendored requirements match."}
        )
        if name is None:
            self.version = self.function.current_version

    def allow(self, *actions: str, on: list[str]) -> None:
        """Grant the function some actions on some resources."""
        allow(self.role, actions, on)

    def keep_lost_calls(self, queue: sqs.Queue, *, max_event_age: cdk.Duration) -> None:
        """What nobody waits for is tried twice more, for so long, and then kept in a queue."""
        self.allow("sqs:SendMessage", on=[queue.queue_arn])
        self.version.configure_async_invoke(
            retry_attempts=2, max_event_age=max_event_age, on_failure=_Destination(queue.queue_arn)
        )


@jsii.implements(lambda_.IDestination)
class _Destination:
    """A queue by its ARN. CDK's own SqsDestination grants to ask for its attributes and URL too, which nobody does."""

    def __init__(self, queue_arn: str) -> None:
        self._queue_arn = queue_arn

    def bind(
        self,
        _scope: Construct,
        _fn: lambda_.IFunction,
        *,
        type: lambda_.DestinationType,  # noqa: A002 - CDK's name
    ) -> lambda_.DestinationConfig:
        """What CDK asks for."""
        del type
        return lambda_.DestinationConfig(destination=self._queue_arn)
