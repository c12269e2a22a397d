"""The dashboard: what runs now, what it costs, starts, health, and then the parts."""

from collections.abc import Iterator, Sequence
from typing import TypeVar, cast

import aws_cdk as cdk
import cdk_monitoring_constructs as monitoring
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.inbox import Inboxes, InboxParts
from infra.monitoring.metrics import each, metric, sweep_period
from infra.parts.functions import LifecycleFunction
from infra.settings.settings import Settings
from lifecycle.notifications import links

T = TypeVar("T")

HOUR = cdk.Duration.hours(1)
MOST_ALARMS = 100
"""Of one widget (CloudWatch API reference, "Dashboard Body Structure and Syntax")."""


class Dashboard(Construct):
    """One dashboard. Of the stack's parts it shows all that were there before it, as `cdk-monitoring-constructs` does.

    Parameters
    ----------
    now : sequence of widgets
        What runs now, since when, for whom, at what cost, until when.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: Settings,
        *,
        alarms: Sequence[cloudwatch.IAlarm],
        now: Sequence[cloudwatch.IWidget],
        inboxes: Inboxes | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._inboxes = inboxes
        stack = cdk.Stack.of(self)
        self.name = links.dashboard_name(stack.stack_name, stack.region)
        factory = monitoring.DefaultDashboardFactory(
            self,
            "Factory",
            dashboard_name_prefix=self.name,
            detail_dashboard_range=cdk.Duration.days(1),
            detail_dashboard_period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        facade = monitoring.MonitoringFacade(self, "Parts", dashboard_factory=factory)
        for title, widgets in self._rows(now, alarms):
            facade.add_large_header(title)
            facade.add_widget(_row(widgets))
        facade.add_large_header("The parts")
        for machine in self._every(sfn.StateMachine):
            capability = machine.node.scopes[2].node.id  # below the app and the stack
            facade.monitor_step_function(state_machine=machine, human_readable_name=capability)
        facade.add_widget(_row(list(_of_functions(self._every(LifecycleFunction)))))
        for queue in self._every(sqs.Queue):
            facade.monitor_sqs_queue(queue=queue, human_readable_name=queue.node.id)
        for topic in self._every(sns.Topic):
            facade.monitor_sns_topic(topic=topic, human_readable_name=topic.node.scopes[2].node.id)
        for table in self._every(dynamodb.Table):
            facade.monitor_dynamo_table(table=table, human_readable_name=table.node.id)

    def _every(self, kind: type[T]) -> list[T]:
        return [one for one in cdk.Stack.of(self).node.find_all() if isinstance(one, kind)]

    @property
    def url(self) -> str:
        """Of the dashboard in the console."""
        stack = cdk.Stack.of(self)
        return links.dashboard(stack.stack_name, stack.region)

    def _rows(
        self, now: Sequence[cloudwatch.IWidget], alarms: Sequence[cloudwatch.IAlarm]
    ) -> Iterator[tuple[str, list[cloudwatch.IWidget]]]:
        swept = sweep_period(self._settings)
        yield "What runs now", list(now)
        yield (
            "What it costs",
            [
                _graph("USD per hour", [each(self, "EstimatedCost", "Sum", HOUR)], stacked=True),
                _graph("Minutes RUNNING per hour", [each(self, "RunningMinutes", "Sum", HOUR)]),
                _graph("Minutes RUNNING under a lease, per hour", [each(self, "LeaseMinutes", "Sum", HOUR)]),
                cloudwatch.SingleValueWidget(
                    title="USD so far this month",
                    metrics=[metric(self, "MonthToDateCost", "Maximum", swept)],
                    width=6,
                    height=6,
                ),
            ],
        )
        yield (
            "Starts",
            [
                _graph("Seconds from request to RUNNING", [each(self, "StartSeconds", "Average", HOUR)]),
                _graph(
                    "Seconds until RUNNING was noticed, at most", [each(self, "NoticeDelaySeconds", "Average", HOUR)]
                ),
                _graph("Status checks per start", [each(self, "Polls", "Average", HOUR)]),
                _graph("Outcomes per hour", [each(self, "Outcomes", "Sum", HOUR)], stacked=True),
            ],
        )
        if self._inboxes:
            yield "Inboxes", list(_of_inboxes(self._inboxes.each))
        first, *more = [alarms[at : at + MOST_ALARMS] for at in range(0, len(alarms), MOST_ALARMS)]
        yield (
            "Health",
            [
                cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(first), width=12, height=6),
                _graph("Seconds between sweeps", [metric(self, "SweepAgeSeconds", "Maximum", swept)], width=4),
                _graph("Models RUNNING without a lease", [metric(self, "UnleasedModels", "Maximum", swept)], width=4),
                _graph("Calls throttled by AWS", [metric(self, "Throttled", "Sum", swept)], width=4),
                *(cloudwatch.AlarmStatusWidget(title="More alarms", alarms=list(part), width=24) for part in more),
            ],
        )


def _row(widgets: Sequence[cloudwatch.IWidget]) -> cloudwatch.IWidget:
    return cast("cloudwatch.IWidget", cloudwatch.Row(*widgets))  # it is one to jsii, if not to mypy


def _graph(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int = 6, stacked: bool = False
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        stacked=stacked,
        width=width,
        height=6,
    )


def _of_inboxes(inboxes: Sequence[InboxParts]) -> Iterator[cloudwatch.IWidget]:
    """By SQS's own counts: what was deleted from a queue was labelled, or its result says why it can't be."""
    every = cdk.Duration.minutes(5)
    for title, name, statistic in (
        ("Images that wait", "ApproximateNumberOfMessagesVisible", "Maximum"),
        ("Images in work", "ApproximateNumberOfMessagesNotVisible", "Maximum"),
        ("Images done", "NumberOfMessagesDeleted", "Sum"),
        ("Seconds that the oldest waits", "ApproximateAgeOfOldestMessage", "Maximum"),
    ):
        of_each = [parts.images.metric(name, statistic=statistic, period=every, label=parts.name) for parts in inboxes]
        yield _graph(title, of_each)


def _of_functions(functions: Sequence[LifecycleFunction]) -> Iterator[cloudwatch.IWidget]:
    """One graph for all functions of each thing that can go wrong; a section for each would hide the one that is."""
    every = cdk.Duration.minutes(5)
    for title, name, statistic in (
        ("Functions: errors", "Errors", "Sum"),
        ("Functions: milliseconds (p90)", "Duration", "p90"),
        ("Functions: throttles", "Throttles", "Sum"),
        ("Functions: calls", "Invocations", "Sum"),
    ):
        yield _graph(
            title,
            [one.function.metric(name, statistic=statistic, period=every, label=one.node.id) for one in functions],
        )
