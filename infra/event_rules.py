"""Events that start a model, or release its lease: EventBridge rules whose targets are the state machines."""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.names import own_bus
from infra.settings.event_patterns import guarded
from infra.settings.settings import EventRule

MACHINES = {"start": "StartModel", "stop": "StopModel"}
"""By action, the state machine that a rule starts."""


class EventRules(Construct):
    """A rule for each that is configured, each with a role that may start the one machine.

    Parameters
    ----------
    machines : dict
        The ARNs of the state machines, by name.
    lost_calls : Queue
        Where an event goes with which no execution could be started.
    bus : EventBus
        The app's own: a rule on it is made after it, and removed before it, which EventBridge does not delete else.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        rules: tuple[EventRule, ...],
        machines: Mapping[str, str],
        lost_calls: sqs.Queue,
        bus: events.EventBus,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bus = bus
        for rule in rules:
            self._add(rule, machines[MACHINES[rule.action]], lost_calls)
        if rules:
            lost_calls.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[lost_calls.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": [self._arn(rule) for rule in rules]}},
                )
            )

    def _add(self, rule: EventRule, machine_arn: str, lost_calls: sqs.Queue) -> None:
        role = iam.Role(
            self,
            f"{rule.name}-role",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account},
                    "ArnEquals": {"aws:SourceArn": self._arn(rule)},
                },
            ),
        )
        role.add_to_policy(iam.PolicyStatement(actions=["states:StartExecution"], resources=[machine_arn]))
        pattern, transformer = event_pattern(rule), input_transformer(rule)
        made = events.CfnRule(
            self,
            rule.name,
            name=self._name(rule),
            description=f"custom-labels-lifecycle: {rule.action} by event",
            event_bus_name=rule.event_bus,
            event_pattern=pattern,
            state="ENABLED" if rule.enabled else "DISABLED",
            targets=[
                events.CfnRule.TargetProperty(
                    id=MACHINES[rule.action],
                    arn=machine_arn,
                    role_arn=role.role_arn,
                    input_transformer=transformer,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=lost_calls.queue_arn),
                    # A start that comes more than an hour late helps nobody.
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_retry_attempts=20, maximum_event_age_in_seconds=3600
                    ),
                )
            ],
        )
        if rule.event_bus == own_bus(cdk.Stack.of(self).stack_name):
            made.node.add_dependency(self._bus)
        made.node.add_dependency(role)  # its policy too: EventBridge does not try again what it was not allowed to do

    def _name(self, rule: EventRule) -> str:
        """With a dot, so that it is never that of a rule of the app itself; at most 64 characters."""
        return f"{cdk.Stack.of(self).stack_name}.{rule.name}"

    def _arn(self, rule: EventRule) -> str:
        """Known before the rule is made: its role names it."""
        bus = "" if rule.event_bus == "default" else f"{rule.event_bus}/"
        return cdk.Stack.of(self).format_arn(
            service="events", resource="rule", resource_name=f"{bus}{self._name(rule)}"
        )


def event_pattern(rule: EventRule) -> Mapping[str, Any]:
    """The configured pattern, and no string in an event that could break out of the input."""
    paths = {"Model": rule.model_path, "ProjectVersionArn": rule.project_version_arn_path}
    pattern = rule.pattern
    for path in (*paths.values(), "$.source"):
        pattern = (path and guarded(pattern, path)) or pattern
    return pattern


def input_transformer(rule: EventRule) -> events.CfnRule.InputTransformerProperty:
    """What the state machine is started with: an event that is delivered twice is a duplicate by its id."""
    paths = {"id": "$.id", "time": "$.time"}
    which = "ProjectVersionArn" if rule.project_version_arn_path else "Model"
    if path := rule.model_path or rule.project_version_arn_path:
        paths["model"] = path
    context = {"EventRule": rule.name, "EventId": "<id>", "EventTime": "<time>"}
    if guarded(rule.pattern, "$.source"):
        paths["source"] = "$.source"
        context["Source"] = "<source>"
    # Two rules may match one event: the token is each one's own.
    given: dict[str, Any] = {
        which: rule.model or "<model>",
        "LeaseId": rule.lease_id or f"event/{rule.name}",
        "ClientRequestToken": f"{rule.name}/<id>",
        "Context": context,
    }
    if rule.lease_minutes is not None:
        given["LeaseMinutes"] = rule.lease_minutes
    return events.CfnRule.InputTransformerProperty(input_paths_map=paths, input_template=json.dumps(given))
