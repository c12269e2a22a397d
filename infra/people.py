"""What people are given: managed policies for those who see, and for those who start and stop."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.notifications.notifications import Notifications
from infra.page import Page
from infra.parts.grants import DETECT, MACHINES, detection
from infra.parts.machines import any_execution, executions_arn, full_name, machine_arn
from infra.parts.nag import acknowledge
from infra.parts.names import in_region
from infra.parts.shared import Shared

Grants = Mapping[tuple[str, ...], Sequence[str]]
"""Resources by the actions on them."""


class People(Construct):
    """``<stack>-<Region>-viewers`` and ``-operators``; an operator needs the second only.

    Managed policies are global in an account: without the Region a second place's stack could not be made.
    """

    def __init__(
        self, scope: Construct, construct_id: str, shared: Shared, notifications: Notifications, page: Page
    ) -> None:
        super().__init__(scope, construct_id)
        self._page, self._detection = page, detection(self, shared.settings, in_one_policy=True)
        sees = self._sees(shared, notifications)
        self.viewers = self._policy("Viewers", "See models, leases, executions, logs, alarms, schedules", sees)
        self.operators = self._policy(
            "Operators", "See what viewers see; start, use and stop models, end executions", {**sees, **self._does()}
        )
        acknowledge(self.operators, self._detection.acknowledged)

    def _sees(self, shared: Shared, notifications: Notifications) -> Grants:
        stack = cdk.Stack.of(self)
        every_schedule = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{stack.stack_name}*/*"
        )
        projects = stack.format_arn(service="rekognition", resource="project", resource_name="*")
        dashboard = stack.format_arn(
            service="cloudwatch", region="", resource="dashboard", resource_name=f"{stack.stack_name}-{stack.region}"
        )
        self_stack = stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")
        return {
            ("states:DescribeStateMachine", "states:ListExecutions"): self._machines(),
            ("states:DescribeExecution", "states:GetExecutionHistory"): self._executions(),
            ("dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"): [
                shared.model_table.table_arn,
                shared.ledger_table.table_arn,
            ],
            ("rekognition:DescribeProjectVersions",): [projects],
            # CloudWatch Logs decrypts with its own right to the key: readers need none.
            ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"): [
                shared.logs.log_group_arn
            ],
            ("scheduler:GetSchedule",): [every_schedule],
            ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"): [notifications.topic.topic_arn],
            ("cloudformation:DescribeStacks",): [self_stack],
            # A custom widget calls its function with the rights of whoever views it.
            ("cloudwatch:GetDashboard",): [dashboard],
            ("lambda:InvokeFunction",): [self._page.page.function.function_arn],
            _WITHOUT_RESOURCE: ["*"],
        }

    def _does(self) -> Grants:
        return {
            ("states:StartExecution",): self._machines(),
            ("states:StopExecution",): self._executions(),
            (DETECT,): self._detection.resources,
            ("lambda:InvokeFunction",): [page.function.function_arn for page in (self._page.page, self._page.act)],
        }

    def _machines(self) -> list[str]:
        return [machine_arn(self, name) for name in MACHINES]

    def _executions(self) -> list[str]:
        return [executions_arn(self, name) for name in MACHINES]

    def _policy(self, name: str, description: str, grants: Grants) -> iam.ManagedPolicy:
        stack = cdk.Stack.of(self)
        policy = iam.ManagedPolicy(
            self,
            name,
            managed_policy_name=in_region(stack.stack_name, stack.region, name.lower()),
            description=f"custom-labels-lifecycle: {description}",
            statements=[
                iam.PolicyStatement(actions=list(actions), resources=list(resources))
                for actions, resources in grants.items()
            ],
        )
        here = f"{stack.region}:{stack.account}"
        reasons = {
            "*": "Lists, metrics and the results of log queries have no resource, and the console asks for them.",
            f"arn:<AWS::Partition>:rekognition:{here}:project/*": "Read only: which models fill the quota, and run.",
            f"arn:<AWS::Partition>:scheduler:{here}:schedule/{stack.stack_name}*/*": "Every schedule of this stack.",
            f"arn:<AWS::Partition>:cloudformation:{here}:stack/{stack.stack_name}/*": "The id of this very stack.",
        }
        acknowledge(policy, {f"AwsSolutions-IAM5[Resource::{on}]": reason for on, reason in reasons.items()})
        names = (full_name(self, name) for name in MACHINES)
        acknowledge(policy, any_execution(self, names, "Any execution of these machines."))
        return policy


_WITHOUT_RESOURCE = (
    "states:ListStateMachines",
    "rekognition:DescribeProjects",
    "logs:DescribeLogGroups",
    "logs:DescribeQueryDefinitions",
    "logs:GetQueryResults",
    "logs:StopQuery",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListDashboards",
    "cloudwatch:ListMetrics",
    "scheduler:ListSchedules",
    "scheduler:ListScheduleGroups",
    "sns:ListTopics",
    "dynamodb:ListTables",
    "xray:BatchGetTraces",
    "xray:GetTraceSummaries",
)
"""Service Authorization Reference: without a resource type, or what the console lists before one is chosen."""
