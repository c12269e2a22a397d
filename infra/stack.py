"""The stack only composes: what is shared, one construct for each capability, and the outputs of the contract."""

import tomllib
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from infra.commands import commands_and_links
from infra.detect_batch import DetectBatchWorkload
from infra.drain_inbox import DrainInbox
from infra.event_rules import EventRules
from infra.inbox import Inboxes
from infra.monitoring.alarms import Alarms
from infra.monitoring.dashboard import Dashboard
from infra.monitoring.log_queries import LogQueries
from infra.notifications.notifications import Notifications
from infra.other_accounts import OtherAccounts
from infra.page import Page
from infra.parts.bundle import ROOT
from infra.parts.shared import Shared
from infra.people import People
from infra.reconciliation import Reconciliation
from infra.removal import Removal
from infra.run_with_model import RunWithModel
from infra.schedules import Schedules
from infra.settings.settings import Settings
from infra.start_model import StartModel
from infra.steps import Steps
from infra.stop_model import StopModel
from infra.summary import NAMED
from lifecycle.shared.text import all_of

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
DESCRIPTION = f"Amazon Rekognition Custom Labels lifecycle, version {VERSION}"
"""`custom-labels doctor` reads it: who may see the stack sees which version of this app it is."""


class CustomLabelsLifecycle(cdk.Stack):
    """Keeps Custom Labels models running while somebody needs them, and notifies people."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description=DESCRIPTION, **kwargs)
        if settings.price_is_assumed:
            cdk.Annotations.of(self).add_info(
                f"The price of an inference unit in {settings.region} is assumed to be us-east-1's, USD "
                f"{settings.inference_unit_hour_usd:.2f} per hour. Set inference_unit_hour_usd in cdk.json to yours."
            )
        if single := [name for name, model in settings.models.items() if model.min_inference_units == 1]:
            cdk.Annotations.of(self).add_info(
                f"AWS recommends at least two inference units in production. {all_of(single, NAMED)} would start with "
                "one (min_inference_units); changing that means a stop and a start."
            )
        shared = Shared(self, "Shared", settings)
        LogQueries(self, "LogQueries", shared.logs)
        notifications = Notifications(self, "Notifications", shared)
        steps = Steps(self, "Steps", shared, notifications)
        start_model = StartModel(self, "StartModel", shared, steps)
        stop_model = StopModel(self, "StopModel", shared, steps)
        run_with_model = RunWithModel(self, "RunWithModel", shared, steps)
        reconciliation = Reconciliation(self, "Reconciliation", shared, notifications)
        page = Page(self, "Page", shared, reconciliation.sweep)
        people = People(self, "People", shared, notifications, page)
        machines = {
            "StartModel": start_model.state_machine.state_machine_arn,
            "StopModel": stop_model.state_machine.state_machine_arn,
        }
        EventRules(
            self,
            "EventRules",
            rules=settings.event_rules,
            models=settings.models,
            machines=machines,
            lost_calls=reconciliation.lost_calls,
            bus=notifications.event_bus,
        )
        if settings.schedules:
            Schedules(self, "Schedules", shared, reconciliation.lost_calls)
        drain_inbox = inboxes = None
        if settings.inboxes:
            drain_inbox = DrainInbox(self, "DrainInbox", shared)
            inboxes = Inboxes(self, "Inboxes", shared, notifications, reconciliation.lost_calls)
        alarms = Alarms(self, "Alarms", settings, notifications, reconciliation, inboxes).alarms

        outputs = {
            "StartModelArn": (
                machines["StartModel"],
                "State machine that starts a model, or extends a lease",
            ),
            "StopModelArn": (
                machines["StopModel"],
                "State machine that releases a lease, or stops a model",
            ),
            "RunWithModelArn": (
                run_with_model.state_machine.state_machine_arn,
                "State machine that runs a workload while a model is RUNNING",
            ),
            "NotificationTopicArn": (
                notifications.topic.topic_arn,
                "SNS topic of the notifications: subscribe people here",
            ),
            "EventBusName": (
                notifications.event_bus.event_bus_name,
                "EventBridge bus of this app's events: match them here",
            ),
            "LogGroupName": (shared.logs.log_group_name, "Log group of all functions and state machines"),
            "ModelTableName": (
                shared.model_table.table_name,
                "DynamoDB table of leases, an item for each model: read only",
            ),
            "LedgerTableName": (shared.ledger_table.table_name, "DynamoDB table of what models have cost: read only"),
            "OperatorsPolicyArn": (
                people.operators.managed_policy_arn,
                "IAM policy for people who start and stop models",
            ),
            "PageFunctionName": (
                page.page.function.function_name,
                "Function behind the dashboard's page; it reports models, leases, schedules and the bill too",
            ),
            "ActFunctionName": (page.act.function.function_name, "Function behind the page's buttons; it sweeps too"),
            "ViewersPolicyArn": (people.viewers.managed_policy_arn, "IAM policy for people who only view"),
            **commands_and_links(self, next(iter(settings.models))),
        }
        if notifications.chat_topic:
            outputs["ChatTopicArn"] = (
                notifications.chat_topic.topic_arn,
                "SNS topic of the messages for chat channels",
            )
        if settings.trusted_principals:
            caller = OtherAccounts(self, "OtherAccounts", settings).role
            outputs["CallerRoleArn"] = (caller.role_arn, "IAM role that callers of other accounts assume")
        if settings.detect_batch:
            detect_batch = DetectBatchWorkload(self, "DetectBatch", shared, settings.detect_batch)
            outputs["DetectBatchArn"] = (
                detect_batch.state_machine.state_machine_arn,
                "State machine that detects labels in every image under a prefix: a workload for RunWithModel",
            )
        if inboxes and drain_inbox:
            outputs["DrainInboxArn"] = (
                drain_inbox.state_machine.state_machine_arn,
                "State machine that is the workload of the inboxes' runs: they start it themselves",
            )
        now = [page.widget(width=24, height=12)]
        dashboard = Dashboard(self, "Dashboard", settings, alarms=alarms, now=now, inboxes=inboxes)
        outputs["DashboardUrl"] = (dashboard.url, "Dashboard: what runs, what it costs, and whether all is well")
        Removal(
            self,
            "Removal",
            shared,
            policies=[people.viewers, people.operators],
            bus=notifications.event_bus,
            before=self.node.children,
        )
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
