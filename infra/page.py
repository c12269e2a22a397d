"""The page on the dashboard: one function that reads, one that acts, and the widget."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.parts.functions import LifecycleFunction
from infra.parts.grants import allow_to_describe_models, allow_to_start_once
from infra.parts.inbox_grants import allow_to_operate, allow_to_see
from infra.parts.machines import any_execution, executions_arn, full_name, machine_arn, machines_of_a_model
from infra.parts.nag import acknowledge
from infra.parts.names import in_region
from infra.parts.shared import Shared


class Page(Construct):
    """Two functions, because two groups of people may invoke them: viewers and operators."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, sweep: LifecycleFunction) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.act = shared.function(
            self,
            "Act",
            handler="act",
            timeout_seconds=330,  # a sweep, and a margin
            environment={
                **machines_of_a_model(self),
                **shared.table_names("MODEL"),
                "SWEEP_ARN": sweep.function.function_arn,
                "STACK_NAME": stack.stack_name,
            },
        )
        allow_to_start_once(self.act)
        self.act.allow("lambda:InvokeFunction", on=[sweep.function.function_arn])

        self.page = shared.function(
            self,
            "Page",
            handler="page",
            timeout_seconds=60,
            environment={
                "ACT_ARN": self.act.function.function_arn,
                "OPERATORS_POLICY": in_region(stack.stack_name, stack.region, "operators"),
                **shared.table_names("MODEL", "LEDGER"),
                "RUN_WITH_MODEL_ARN": machine_arn(self, "RunWithModel"),
                "STACK_NAME": stack.stack_name,
            },
        )
        self.page.allow("dynamodb:GetItem", "dynamodb:Scan", on=[shared.model_table.table_arn])
        self.page.allow("dynamodb:Query", on=[shared.ledger_table.table_arn])
        machines = ["StartModel"]
        if shared.settings.inboxes:
            allow_to_operate(self.act, shared)
            allow_to_see(self.page, shared.settings.inboxes)
            machines.append("RunWithModel")
        self.page.allow("states:DescribeExecution", on=[executions_arn(self, name) for name in machines])
        allow_to_describe_models(self.page)
        reason = "Any start or run may be under way; the page shows since when."
        acknowledge(self.page, any_execution(self, [full_name(self, name) for name in machines], reason))

    def widget(self, *, width: int, height: int) -> cloudwatch.CustomWidget:
        """For a dashboard, in CloudWatch's units."""
        return cloudwatch.CustomWidget(
            title="Custom Labels models",
            function_arn=self.page.function.function_arn,
            width=width,
            height=height,
            update_on_refresh=True,
            update_on_resize=True,
            update_on_time_range_change=True,
        )
