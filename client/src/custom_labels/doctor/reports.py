"""The checks of what reaches people: mails and alarms."""

from collections.abc import Iterator, Mapping

from custom_labels.doctor.findings import Wrong
from custom_labels.doctor.stack import DeployedStack, pages

MENDED_BY: Mapping[str, tuple[str, ...]] = {
    "SweepMissing": ("sweep",),
    "SweepFailing": ("sweep",),
    "InboxFailures": ("inbox", "redrive"),
    "InboxEventsUndelivered": ("inbox", "backfill"),
    "InboxWaiting": ("inbox", "resume"),
}
"""The command of ``custom-labels`` that ends an alarm. The others end with their cause, which only people know."""


def mails_reach_somebody(stack: DeployedStack) -> Iterator[Wrong]:
    """Somebody is subscribed, and every subscription is confirmed."""
    topic = stack.outputs["NotificationTopicArn"]
    found = [*pages(stack.client("sns"), "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)]
    if not found and "ChatTopicArn" not in stack.outputs:
        yield Wrong(
            "Nobody is subscribed to the notifications: a failure is read by nobody. Subscribe an address of yours, or "
            "name it in 'notification_emails' of cdk.json.",
            _subscribe(stack, "email", "you@example.com"),
        )
    for one in found:
        if not one["SubscriptionArn"].startswith("arn:"):
            yield Wrong(
                f"{one['Endpoint']} has not confirmed its subscription: it gets no mail. The confirmation is valid for "
                "three days; this sends it anew.",
                _subscribe(stack, one["Protocol"], one["Endpoint"]),
            )


def _subscribe(stack: DeployedStack, protocol: str, endpoint: str) -> str:
    topic = ("--topic-arn", stack.outputs["NotificationTopicArn"])
    return stack.command("sns", "subscribe", *topic, "--protocol", protocol, "--notification-endpoint", endpoint)


def alarms_are_silent(stack: DeployedStack) -> Iterator[Wrong]:
    """No alarm of the stack's is in ALARM."""
    prefix = f"{stack.name}-"
    found = pages(
        stack.client("cloudwatch"), "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix, StateValue="ALARM"
    )
    for alarm in found:
        whole = alarm["AlarmName"]
        name, _, of = whole.removeprefix(prefix).partition("-")
        history = ("cloudwatch", "describe-alarm-history", "--alarm-name", whole, "--max-items", "5")
        yield Wrong(
            f"{whole} is in ALARM: {alarm.get('AlarmDescription', '')}",
            stack.own_command(*MENDED_BY[name], *filter(None, [of])) if name in MENDED_BY else stack.command(*history),
        )
