"""Limits of AWS that settings can make a template break: found at synthesis, each with the key that causes it. Pure.

A deploy would find them one at a time, after minutes, and undo everything. They are measured on the template itself, as
it would be deployed; of what only AWS names, the longest is assumed.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra.settings.settings import Settings

Resources = Mapping[str, dict[str, Any]]

RESOURCES = 500
"""Of a stack (AWS CloudFormation quotas)."""
TEMPLATE = 1_000_000
"""Bytes (AWS CloudFormation quotas)."""
INLINE_POLICIES, MANAGED_POLICY, MANAGED_POLICIES, TRUST_POLICY = 10_240, 6_144, 10, 2_048
"""Characters of a role's inline policies together, of a managed policy; managed policies of a role; characters of its
trust policy. White space does not count (IAM and AWS STS quotas)."""
ALARM_DESCRIPTION = 1_024
"""Characters (CloudWatch API reference, PutMetricAlarm)."""
SCHEDULE_NAME = 64
"""Characters (EventBridge Scheduler API reference, CreateSchedule)."""
EVENT_PATTERN = 2_048
"""Characters (Amazon EventBridge quotas)."""
QUEUE_POLICY = 8_192
"""Bytes (Amazon SQS Developer Guide, "Policy quotas")."""
FILTER_POLICY, FILTERED_SUBSCRIPTIONS = 256 * 1024, 200
"""Bytes of a filter policy, and subscriptions of a topic that have one (Amazon SNS quotas)."""
WIDGETS, DASHBOARD_METRICS = 500, 2_500
"""Of a dashboard (CloudWatch quotas)."""

_ARN = 160
"""Characters of a name or an ARN that only AWS knows; those that CloudFormation makes are shorter."""
_CAUSES: Mapping[str, tuple[str, ...]] = {
    "StartModel": ("models", "projects"),
    "StopModel": ("models", "projects"),
    "Steps": ("models",),
    "Schedules": ("models.schedules",),
    "Alarms": ("models",),
    "DrainInbox": ("inboxes",),
    "Inboxes": ("inboxes",),
    "DetectBatch": ("detect_batch", "models", "projects"),
    "RunWithModel": ("workloads",),
    "Reconciliation": ("workloads",),
    "Removal": ("workloads",),
    "EventRules": ("event_rules",),
    "OtherAccounts": ("trusted_principals", "models", "projects"),
    "NotificationsChat": ("chat",),
    "NotificationsTopic": ("notification_emails",),
}
"""By how the logical ids of a capability begin, the keys that make it grow."""
_CLAUSE = "configure fewer, or shorter names"


def problems(settings: Settings, template: Mapping[str, Any]) -> list[str]:
    """A line for each limit that is broken, with its key in cdk.json."""
    resources: Resources = template["Resources"]
    found = [problem for check in _CHECKS for problem in check(settings, resources)]
    if (size := len(json.dumps(template, indent=1))) > TEMPLATE:
        key = _largest(settings, resources)
        found.append(f"{key}: the template would have {size:,} bytes of {TEMPLATE:,}; {_CLAUSE}")
    return list(dict.fromkeys(found))


def _of_the_stack(settings: Settings, resources: Resources) -> Iterator[str]:
    if len(resources) > RESOURCES:
        by_key = Counter(_cause(settings, name) for name in resources)
        most = ", ".join(f"{count} by {key}" for key, count in by_key.most_common(3) if key)
        key = _largest(settings, resources)
        yield f"{key}: the stack would have {len(resources)} resources of {RESOURCES} ({most}); configure fewer"


def _of_roles(settings: Settings, resources: Resources) -> Iterator[str]:
    """What they may do: CDK splits it into an inline policy and managed ones."""
    inline, managed = Counter[str](), Counter[str]()
    for resource in resources.values():
        for role in _roles(resource):
            if resource["Type"] == "AWS::IAM::Policy":
                inline[role] += _size(resource["Properties"]["PolicyDocument"])
            else:
                managed[role] += 1
    for role, size in inline.items():
        if size > INLINE_POLICIES:
            key = _cause(settings, role)
            yield f"{key}: {role}'s policies would have {size:,} characters of {INLINE_POLICIES:,}; {_CLAUSE}"
    for role, count in managed.items():
        if count > MANAGED_POLICIES:
            key = _cause(settings, role)
            yield f"{key}: what {role} may do would take {count} managed policies of {MANAGED_POLICIES}; {_CLAUSE}"


def _of_policies(settings: Settings, resources: Resources) -> Iterator[str]:
    """Each by itself: managed policies, and who may take a role."""
    for name, policy in _of_type(resources, "AWS::IAM::ManagedPolicy"):
        if (size := _size(policy["PolicyDocument"])) > MANAGED_POLICY:
            yield f"{_cause(settings, name)}: {name} would have {size:,} characters of {MANAGED_POLICY:,}; {_CLAUSE}"
    for name, role in _of_type(resources, "AWS::IAM::Role"):
        if (size := _size(role["AssumeRolePolicyDocument"])) > TRUST_POLICY:
            yield (
                f"trusted_principals: the trust policy of {name} would have {size:,} characters of "
                f"{TRUST_POLICY:,}; name fewer principals, or shorter external ids"
            )


def _of_alarms(_settings: Settings, resources: Resources) -> Iterator[str]:
    alarms = _of_type(resources, "AWS::CloudWatch::Alarm")
    longest = max((len(alarm["AlarmDescription"]) for _, alarm in alarms), default=0)
    if longest > ALARM_DESCRIPTION:
        yield (
            f"runbook_url: with it an alarm's description would have {longest:,} characters of {ALARM_DESCRIPTION:,}; "
            "name a shorter address"
        )


def _of_schedules(_settings: Settings, resources: Resources) -> Iterator[str]:
    for _, schedule in _of_type(resources, "AWS::Scheduler::Schedule"):
        if len(name := schedule.get("Name", "")) > SCHEDULE_NAME:
            yield f"models.schedules: {name} would have {len(name)} characters of {SCHEDULE_NAME}; name it shorter"


def _of_event_rules(settings: Settings, resources: Resources) -> Iterator[str]:
    keys = {rule.name: rule.key for rule in settings.event_rules}
    for _, rule in _of_type(resources, "AWS::Events::Rule"):
        key = keys.get(str(rule.get("Name", "")).rpartition(".")[2])
        if key and (size := _size(rule["EventPattern"])) > EVENT_PATTERN:
            yield (
                f"{key}.pattern: with what keeps quotes out of the input it would have {size:,} characters of "
                f"{EVENT_PATTERN:,}; match less, or make two rules of it"
            )
    for _, policy in _of_type(resources, "AWS::SQS::QueuePolicy"):
        if (size := _size(policy["PolicyDocument"])) > QUEUE_POLICY:
            yield (
                f"event_rules: the policy of the queue for lost events would have {size:,} bytes of {QUEUE_POLICY:,}; "
                "configure fewer"
            )


def _of_filters(_settings: Settings, resources: Resources) -> Iterator[str]:
    filters = [one["FilterPolicy"] for _, one in _of_type(resources, "AWS::SNS::Subscription") if "FilterPolicy" in one]
    if len(filters) > FILTERED_SUBSCRIPTIONS:
        yield (
            f"notification_emails: {len(filters)} addresses have a filter, SNS takes {FILTERED_SUBSCRIPTIONS} of a "
            "topic; use a mailing list"
        )
    if (size := max(map(_size, filters), default=0)) > FILTER_POLICY:
        yield f"notification_emails: a filter would have {size:,} bytes of {FILTER_POLICY:,}; name fewer models in it"


def _of_the_dashboard(_settings: Settings, resources: Resources) -> Iterator[str]:
    for _, dashboard in _of_type(resources, "AWS::CloudWatch::Dashboard"):
        widgets = json.loads(_resolved(dashboard["DashboardBody"]))["widgets"]
        metrics = sum(len(widget["properties"].get("metrics", ())) for widget in widgets)
        for count, most, what in ((len(widgets), WIDGETS, "widgets"), (metrics, DASHBOARD_METRICS, "metrics")):
            if count > most:
                yield f"models: the dashboard would have {count:,} {what} of {most:,}; configure fewer"


_CHECKS: Sequence[Callable[[Settings, Resources], Iterator[str]]] = (
    _of_the_stack,
    _of_roles,
    _of_policies,
    _of_alarms,
    _of_schedules,
    _of_event_rules,
    _of_filters,
    _of_the_dashboard,
)


def _largest(settings: Settings, resources: Resources) -> str:
    """The key that most of the resources come of."""
    by_key = Counter(key for name in resources if (key := _cause(settings, name)))
    return by_key.most_common(1)[0][0] if by_key else "models"


def _cause(settings: Settings, logical_id: str) -> str:
    """The key that a resource, or its size, comes of; of several the one of which most is configured. Else nothing."""
    keys = next((keys for begins, keys in _CAUSES.items() if logical_id.startswith(begins)), ("",))
    return max(keys, key=lambda key: len(repr(getattr(settings, key, ""))))


def _roles(resource: Mapping[str, Any]) -> list[str]:
    if resource["Type"] not in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
        return []
    return [role["Ref"] for role in resource["Properties"].get("Roles", ())]


def _of_type(resources: Resources, resource_type: str) -> list[tuple[str, dict[str, Any]]]:
    found: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for name, resource in resources.items():
        found[resource["Type"]].append((name, resource.get("Properties", {})))
    return found[resource_type]


def _size(value: Any) -> int:
    """Without white space, as AWS counts."""
    return len(json.dumps(_resolved(value), separators=(",", ":"), ensure_ascii=False).encode())


def _resolved(value: Any) -> Any:
    """With something as long in place of what CloudFormation fills in."""
    match value:
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": str()} | {"Fn::GetAtt": _} | {"Fn::Select": _}:
            return "x" * _ARN
        case {"Fn::Join": [str(separator), [*parts]]}:
            return separator.join(map(_resolved, parts))
        case dict():
            return {key: _resolved(inner) for key, inner in value.items()}
        case list():
            return [_resolved(inner) for inner in value]
        case _:
            return value
