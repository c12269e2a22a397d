"""What the capabilities have in common: the key, the tables, the logs, one kind of function."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.parts import bundle
from infra.parts.functions import LifecycleFunction
from infra.parts.nag import acknowledge
from infra.settings.settings import Settings


class Shared(Construct):
    """One key, three tables, one log group, one bundle, and how to make a function."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.settings = settings
        # Not plain RETAIN: a first deploy that fails would leave key, logs and tables behind.
        kept = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        self._removal_policy = kept if settings.retain else cdk.RemovalPolicy.DESTROY
        stage = cdk.Stage.of(self)
        assert stage is not None  # noqa: S101 - for the type checker
        # In the assembly's own folder: two syntheses at a time don't meet. And in the place's own, since the CDK
        # remembers an asset by its path: under one path all places would get the first one's configuration.
        self._bundle = bundle.write(settings, Path(stage.outdir) / "bundle" / settings.place.folder)
        self.key = self._encryption_key()
        self.logs = self._log_group()
        self.idempotency_table = self._idempotency_table()
        self.model_table = self._model_table()
        self.ledger_table = self._ledger_table()

    def table_names(self, *tables: str) -> dict[str, str]:
        """The environment of a function that uses these tables: IDEMPOTENCY, MODEL, LEDGER."""
        by_name = {"IDEMPOTENCY": self.idempotency_table, "MODEL": self.model_table, "LEDGER": self.ledger_table}
        return {f"{table}_TABLE_NAME": by_name[table].table_name for table in tables}

    def function(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        timeout_seconds: int,
        environment: dict[str, str],
        name: str | None = None,
    ) -> LifecycleFunction:
        """A Lambda function, by its handler's module."""
        return LifecycleFunction(
            scope,
            construct_id,
            handler=handler,
            bundle=self._bundle,
            log_group=self.logs,
            timeout=cdk.Duration.seconds(timeout_seconds),
            environment=environment,
            name=name,
        )

    def _log_group(self) -> logs.LogGroup:
        """One for all functions and state machines, so that one query follows an execution through all of them.

        Its name begins so that Step Functions needs no entry of it in the Region's resource policy of CloudWatch Logs,
        which has 5,120 characters for everybody (Step Functions Developer Guide, "Logging using CloudWatch Logs"). The
        rest is the stack's own, each time it is made: a group that was kept is in nobody's way.
        """
        unique = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/vendedlogs/states/{cdk.Stack.of(self).stack_name}-{unique}",
            encryption_key=self.key,
            removal_policy=self._removal_policy,
        )
        resource = group.node.default_child
        assert isinstance(resource, logs.CfnLogGroup)  # noqa: S101 - for the type checker
        resource.retention_in_days = self.settings.log_retention_days
        return group

    def _encryption_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Topic and logs of custom-labels-lifecycle",
            enable_key_rotation=True,
            removal_policy=self._removal_policy,
        )
        stack = cdk.Stack.of(self)
        # CloudWatch Logs, for the log groups of this account and Region only.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
                resources=["*"],  # in a key's policy: this key
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                            service="logs",
                            resource="log-group",
                            resource_name="*",
                            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                        )
                    }
                },
            )
        )
        return key

    def _idempotency_table(self) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Idempotency",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            time_to_live_attribute="expiration",
            removal_policy=self._removal_policy,
        )
        worthless = "It holds tokens and what was sent, worthless after some days: there is nothing to restore."
        acknowledge(table, {"AwsSolutions-DDB3": worthless})
        return table

    def _model_table(self) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            "Models",
            partition_key=dynamodb.Attribute(name="Id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=self._removal_policy,
        )

    def _ledger_table(self) -> dynamodb.Table:
        """What models have cost, by the month in which they were stopped."""
        return dynamodb.Table(
            self,
            "Ledger",
            partition_key=dynamodb.Attribute(name="Month", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="Id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="ExpiresAt",
            removal_policy=self._removal_policy,
        )
