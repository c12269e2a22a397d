"""Every alarm, in one table."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.inbox import Inboxes, InboxParts
from infra.monitoring.metrics import metric, sweep_period
from infra.notifications.notifications import Notifications
from infra.reconciliation import Reconciliation
from infra.settings.settings import Settings
from lifecycle.configuration import Inbox
from lifecycle.inbox.record import TRIES
from lifecycle.notifications import links
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.text import usd

QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
"""For metrics that are there only when something has happened."""
ALARMING = cloudwatch.TreatMissingData.BREACHING
UNCHANGED = cloudwatch.TreatMissingData.IGNORE

LONGEST_START = timedelta(minutes=60)
"""StartModel's TimeoutSeconds, by default: the runs of inboxes give none."""

LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
MORE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
LESS = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


@dataclass(frozen=True)
class Watch:
    """An alarm: what it compares, and what it means.

    Parameters
    ----------
    name : str
        A heading of docs/operations.md, which says what to do.
    periods : int
        So many in a row.
    of : str, optional
        What it is of, where there are several: a configured model, a topic.
    reports_recovery : bool
        People are notified when it is over. That is so only where nothing else says that they need do nothing more: a
        new stack's alarms become OK too, and each would send a mail.
    """

    name: str
    means: str
    metric: cloudwatch.IMetric
    threshold: float = 1
    compared: cloudwatch.ComparisonOperator = LEAST
    periods: int = 1
    missing: cloudwatch.TreatMissingData = QUIET
    of: str | None = None
    reports_recovery: bool = False


class Alarms(Construct):
    """Every alarm, and whom it notifies."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: Settings,
        notifications: Notifications,
        reconciliation: Reconciliation,
        inboxes: Inboxes | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._topics = notifications.alarm_topics
        self.alarms = [
            self._alarm(watch)
            for watch in (
                *self._of_executions(),
                *self._of_the_sweep(reconciliation),
                *self._of_deliveries(notifications, reconciliation),
                *self._of_each_model(),
                *(self._of_inboxes(inboxes) if inboxes else ()),
            )
        ]

    def _of_executions(self) -> Iterator[Watch]:
        five_minutes = cdk.Duration.minutes(5)
        yield Watch(
            "StartFailed",
            "A model could not be started, or was not RUNNING in time: whoever waits for it waits in vain.",
            metric(self, "FailedStarts", "Sum", five_minutes),
        )
        yield Watch(
            "StopFailed",
            "A model could not be stopped, or not in time: it may still cost money.",
            metric(self, "FailedStops", "Sum", five_minutes),
        )
        yield Watch(
            "ThrottlingSustained",
            "For 15 minutes AWS has throttled this app's calls: starts and stops are late.",
            metric(self, "Throttled", "Sum", five_minutes),
            threshold=3,
            periods=3,
        )

    def _of_the_sweep(self, reconciliation: Reconciliation) -> Iterator[Watch]:
        function, every = reconciliation.sweep.function, cdk.Duration.minutes(self._settings.sweep_minutes)
        # Lambda reports nothing of a function that is not called. A new stack begins in this alarm, until its first
        # sweep: its recovery says that forgotten models are stopped again.
        yield Watch(
            "SweepMissing",
            "The sweep does not run: forgotten models are not stopped, and cost money.",
            function.metric_invocations(period=every, statistic="Sum"),
            compared=LESS,
            periods=3,
            missing=ALARMING,
            reports_recovery=True,
        )
        yield Watch(
            "SweepFailing",
            "Three sweeps in a row failed: some models are not swept. The sweep's log says which, and why.",
            function.metric_errors(period=every, statistic="Sum"),
            periods=3,
        )
        # Three sweeps: the first that sees it has it stopped, or reports it, as the settings say.
        yield Watch(
            "ModelWithoutLease",
            "A model has been RUNNING without a lease for three sweeps: it costs money, and nobody has said that they "
            "need it.",
            metric(self, "UnleasedModels", "Maximum", sweep_period(self._settings)),
            periods=3,
        )
        if self._settings.monthly_budget_usd is not None:
            yield Watch(
                "MonthlyCostOverBudget",
                f"By this app's count, this month's models have cost {usd(self._settings.monthly_budget_usd)} or more.",
                metric(self, "MonthToDateCost", "Maximum", sweep_period(self._settings)),
                threshold=self._settings.monthly_budget_usd,
                # Whether it was over does not change while nobody measures.
                missing=UNCHANGED,
            )

    def _of_deliveries(self, notifications: Notifications, reconciliation: Reconciliation) -> Iterator[Watch]:
        five_minutes = cdk.Duration.minutes(5)

        yield Watch(
            "CallsLost",
            "A call of Settle, Sweep or a tick, or an event of event_rules, was lost: something may not have started.",
            _visible(reconciliation.lost_calls, five_minutes),
        )
        yield Watch(
            "NotificationsUndelivered",
            "A notification could not be delivered: it waits in the queue Undelivered.",
            _visible(notifications.undelivered, five_minutes),
        )
        for topic in self._topics:
            yield Watch(
                "NotificationsFailed",
                "SNS could not deliver a notification to a subscriber of the topic.",
                topic.metric_number_of_notifications_failed(period=five_minutes, statistic="Sum"),
                of=topic.node.id.removesuffix("Topic").lower() or None,
            )

    def _of_each_model(self) -> Iterator[Watch]:
        """By the service's own count of what is in service, in case the sweep is blind or dead."""
        period = sweep_period(self._settings)
        for name, model in self._settings.models.items():
            if model.project_version_arn is None:
                continue  # its version is unknown here, and metric math can't search for it: docs/monitoring.md
            version = VersionArn.parse(model.project_version_arn)
            yield Watch(
                "UnaccountedRuns",
                f"{name} has more inference units in service than leases account for: it costs money, and "
                "nobody stops it.",
                cloudwatch.MathExpression(
                    expression="FILL(in_service, 0) - FILL(leased, 0)",
                    using_metrics={
                        "in_service": cloudwatch.Metric(
                            namespace="AWS/Rekognition",
                            metric_name="InServiceInferenceUnits",
                            dimensions_map={"ProjectName": version.project_name, "VersionName": version.version_name},
                            statistic="Maximum",
                            period=period,
                        ),
                        "leased": metric(self, "LeasedUnits", "Maximum", period, Model=name),
                    },
                    period=period,
                    label=f"Unaccounted units of {name}",
                ),
                threshold=0,
                compared=MORE,
                periods=3,  # a model that is being stopped is in service for some minutes still
                of=name,
            )

    def _of_inboxes(self, inboxes: Inboxes) -> Iterator[Watch]:
        five_minutes, tick = cdk.Duration.minutes(5), inboxes.tick.function
        yield Watch(
            "InboxTickMissing",
            "The tick of the inboxes does not run: images wait, and a model that runs for them is let go.",
            tick.metric_invocations(period=five_minutes, statistic="Sum"),
            compared=LESS,
            missing=ALARMING,
            reports_recovery=True,
        )
        yield Watch(
            "InboxTickFailing",
            "The ticks of the inboxes have failed for 15 minutes. The tick's log says what could not be done, and why.",
            tick.metric_errors(period=five_minutes, statistic="Sum"),
            periods=3,
        )
        for parts in inboxes.each:
            yield Watch(
                "InboxWaiting",
                f"Images of the inbox {parts.name} wait for longer than the start of a model explains, and none is "
                "labelled.",
                _waiting_seconds(parts, five_minutes),
                threshold=_explained(parts.inbox).total_seconds(),
                compared=MORE,
                of=parts.name,
            )
            yield Watch(
                "InboxFailures",
                f"Images of the inbox {parts.name} could not be labelled in {TRIES} tries, and were given up.",
                _visible(parts.dead, five_minutes),
                of=parts.name,
            )
            yield Watch(
                "InboxEventsUndelivered",
                f"EventBridge could not put images into the queue of the inbox {parts.name}.",
                _visible(parts.undelivered, five_minutes),
                of=parts.name,
            )

    def _alarm(self, watch: Watch) -> cloudwatch.Alarm:
        parts = [watch.name, watch.of] if watch.of else [watch.name]
        alarm = cloudwatch.Alarm(
            self,
            "-".join(parts),
            alarm_name="-".join([cdk.Stack.of(self).stack_name, *parts]),
            alarm_description=f"{watch.means} What to do: {links.runbook(self._settings.runbook_url, watch.name)}",
            metric=watch.metric,
            comparison_operator=watch.compared,
            threshold=watch.threshold,
            evaluation_periods=watch.periods,
            treat_missing_data=watch.missing,
        )
        for topic in self._topics:
            alarm.add_alarm_action(actions.SnsAction(topic))
            if watch.reports_recovery:
                alarm.add_ok_action(actions.SnsAction(topic))
        return alarm


def _visible(queue: sqs.IQueue, period: cdk.Duration) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=period, statistic="Maximum")


def _waiting_seconds(parts: InboxParts, period: cdk.Duration) -> cloudwatch.MathExpression:
    """The age of the oldest image while none is labelled: a long queue takes its time, and is no reason for an alarm.

    By SQS's own count, in case the tick is blind or dead. It leaves out what was received three times.
    """
    return cloudwatch.MathExpression(
        expression="IF(FILL(labelled, 0) > 0, 0, age)",
        using_metrics={
            "age": parts.images.metric_approximate_age_of_oldest_message(period=period, statistic="Maximum"),
            "labelled": parts.images.metric_number_of_messages_deleted(period=period, statistic="Sum"),
        },
        period=period,
        label=f"Seconds that images of {parts.name} wait",
    )


def _explained(inbox: Inbox) -> timedelta:
    """For how long an image may wait: until the model is started for it, and the start's own timeout."""
    before = timedelta(minutes=inbox.start_after_minutes) if inbox.start_at_images > 1 else timedelta(0)
    return before + LONGEST_START
