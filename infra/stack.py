"""The stack only composes: what is shared, one construct for each capability, and the outputs of the contract."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from infra.commands import commands_and_links
from infra.detect_batch import DetectBatchWorkload
from infra.event_rules import EventRules
from infra.monitoring.alarms import Alarms
from infra.monitoring.dashboard import Dashboard
from infra.monitoring.log_queries import LogQueries
from infra.notifications.notifications import Notifications
from infra.other_accounts import OtherAccounts
from infra.page import Page
from infra.parts.shared import Shared
from infra.people import People
from infra.reconciliation import Keeping
from infra.removal import Removal
from infra.run_with_model import RunWithModel
from infra.schedules import Schedules
from infra.settings.settings import Settings
from infra.start_model import StartModel
from infra.steps import Steps
from infra.stop_model import StopModel


class CustomLabelsLifecycle(cdk.Stack):
    """Keeps Custom Labels models running while somebody needs them, and tells people."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="Amazon Rekognition Custom Labels lifecycle", **kwargs)
        if settings.price_is_assumed:
            cdk.Annotations.of(self).add_info(
                f"The price of an inference unit in {settings.region} is assumed to be us-east-1's, USD "
                f"{settings.inference_unit_hour_usd:.2f} an hour. Set inference_unit_hour_usd in cdk.json to yours."
            )
        shared = Shared(self, "Shared", settings)
        LogQueries(self, "LogQueries", shared.logs)
        notifications = Notifications(self, "Notifications", shared)
        steps = Steps(self, "Steps", shared, notifications)
        start_model = StartModel(self, "StartModel", shared, steps)
        stop_model = StopModel(self, "StopModel", shared, steps)
        run_with_model = RunWithModel(self, "RunWithModel", shared, steps)
        keeping = Keeping(self, "Keeping", shared, notifications)
        page = Page(self, "Page", shared)
        people = People(self, "People", shared, notifications, page)
        machines = {
            "StartModel": start_model.state_machine.state_machine_arn,
            "StopModel": stop_model.state_machine.state_machine_arn,
        }
        EventRules(
            self,
            "EventRules",
            rules=settings.event_rules,
            machines=machines,
            lost_calls=keeping.lost_calls,
            bus=notifications.event_bus,
        )
        if settings.schedules:
            Schedules(self, "Schedules", shared, keeping.lost_calls)
        alarms = Alarms(self, "Alarms", settings, notifications, keeping).alarms

        outputs = {
            "StartModelArn": (
                machines["StartModel"],
                "Start a model, or extend a lease: the state machine to start",
            ),
            "StopModelArn": (
                machines["StopModel"],
                "Release a lease, or stop a model: this one",
            ),
            "RunWithModelArn": (
                run_with_model.state_machine.state_machine_arn,
                "Run a workload with a model: this one",
            ),
            "NotificationTopicArn": (notifications.topic.topic_arn, "Subscribe people here"),
            "EventBusName": (notifications.event_bus.event_bus_name, "Match events of this app on this bus"),
            "LogGroupName": (shared.logs.log_group_name, "The logs of all functions and state machines"),
            "ModelTableName": (shared.model_table.table_name, "Leases and claims, an item for each model: read only"),
            "LedgerTableName": (shared.ledger_table.table_name, "What models have cost: read only"),
            "OperatorsPolicyArn": (people.operators.managed_policy_arn, "For people who start and stop models"),
            "PageFunctionName": (page.page.function.function_name, "What the dashboard shows; it reports the bill too"),
            "ViewersPolicyArn": (people.viewers.managed_policy_arn, "For people who look"),
            **commands_and_links(self, next(iter(settings.models))),
        }
        if notifications.chat_topic:
            outputs["ChatTopicArn"] = (notifications.chat_topic.topic_arn, "What chat channels are told")
        if settings.trusted_principals:
            caller = OtherAccounts(self, "OtherAccounts", settings.trusted_principals).role
            outputs["CallerRoleArn"] = (caller.role_arn, "Callers of other accounts assume this role")
        if settings.detect_batch:
            detect_batch = DetectBatchWorkload(self, "DetectBatch", shared, settings.detect_batch)
            outputs["DetectBatchArn"] = (
                detect_batch.state_machine.state_machine_arn,
                "Look at every image under a prefix: a workload for RunWithModel",
            )
        now = [page.widget(width=24, height=12)]
        dashboard = Dashboard(self, "Dashboard", settings, alarms=alarms, now=now)
        outputs["DashboardUrl"] = (dashboard.url, "What runs, what it costs, and whether all is well")
        Removal(self, "Removal", shared, before=self.node.children)
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
