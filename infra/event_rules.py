"""Events that start a model, or release its lease: EventBridge rules whose targets are the state machines."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.names import own_bus
from infra.settings.event_patterns import guarded, split
from infra.settings.settings import EventRule

MACHINES = {"start": "StartModel", "stop": "StopModel"}
"""By action, the state machine that a rule starts."""


class EventRules(Construct):
    """A rule for each that is configured, each with a role that may start the one machine.

    Parameters
    ----------
    models : collection of str
        The configured models' names.
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
        models: Collection[str],
        machines: Mapping[str, str],
        lost_calls: sqs.Queue,
        bus: events.EventBus,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bus = bus
        for rule in rules:
            self._add(rule, models, machines[MACHINES[rule.action]], lost_calls)
        if rules:
            lost_calls.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[lost_calls.queue_arn],
                    conditions={
                        "ArnEquals": {"aws:SourceArn": [arn for rule in rules for arn in self._arns(rule, models)]}
                    },
                )
            )

    def _add(self, rule: EventRule, models: Collection[str], machine_arn: str, lost_calls: sqs.Queue) -> None:
        arns = self._arns(rule, models)
        role = iam.Role(
            self,
            f"{rule.name}-role",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account},
                    "ArnEquals": {"aws:SourceArn": arns if len(arns) > 1 else arns[0]},
                },
            ),
        )
        role.add_to_policy(iam.PolicyStatement(actions=["states:StartExecution"], resources=[machine_arn]))
        for ending, pattern, transformer in _rules(rule, models):
            self._rule(rule, ending, pattern, transformer, role, machine_arn, lost_calls)

    def _rule(
        self,
        rule: EventRule,
        ending: str,
        pattern: Mapping[str, Any],
        transformer: events.CfnRule.InputTransformerProperty,
        role: iam.Role,
        machine_arn: str,
        lost_calls: sqs.Queue,
    ) -> None:
        made = events.CfnRule(
            self,
            f"{rule.name}{'.wrong' if ending else ''}",
            name=self._name(rule, ending),
            description=f"custom-labels-lifecycle: {rule.action} by event{' with a wrong model' if ending else ''}",
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

    def _name(self, rule: EventRule, ending: str) -> str:
        """With a dot, so that it is never that of a rule of the app itself; at most 64 characters."""
        return f"{cdk.Stack.of(self).stack_name}.{rule.name}{ending}"

    def _arns(self, rule: EventRule, models: Collection[str]) -> list[str]:
        """Known before the rules are made: their role names them."""
        bus = "" if rule.event_bus == "default" else f"{rule.event_bus}/"
        names = [self._name(rule, ending) for ending, *_ in _rules(rule, models)]
        of = cdk.Stack.of(self)
        return [of.format_arn(service="events", resource="rule", resource_name=f"{bus}{name}") for name in names]


WRONG = "."
"""What the name of a rule ends with that starts an execution only to say that an event names no configured model."""


def _rules(
    rule: EventRule, models: Collection[str]
) -> Iterator[tuple[str, Mapping[str, Any], events.CfnRule.InputTransformerProperty]]:
    """What a configured rule becomes: how its name ends, its pattern, and what it gives to the state machine.

    Nothing that an event has is put into a text of the input unless it is known: EventBridge escapes nothing. So a
    rule by the model's name is for the configured names alone, and a second one gives all other events to the state
    machine, whole, as a comment: it fails as any wrong input does, and people are notified.
    """
    parts = split(rule.pattern, rule.model_path, models) if rule.model_path else None
    if parts is None:
        yield "", event_pattern(rule, rule.pattern), input_transformer(rule)
        return
    right, wrong = parts
    yield "", event_pattern(rule, right), input_transformer(rule)
    yield WRONG, event_pattern(rule, wrong), wrong_model(rule)


def event_pattern(rule: EventRule, pattern: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pattern, and no string in an event that could break out of the input."""
    for path in (rule.model_path, rule.project_version_arn_path, "$.source"):
        pattern = (path and guarded(pattern, path)) or pattern
    return pattern


def wrong_model(rule: EventRule) -> events.CfnRule.InputTransformerProperty:
    """What the state machine refuses, with all that people need to find the event."""
    paths, given = _given(rule)
    del paths["model"]
    given |= {"Model": "", "Comment": {"Path": rule.model_path, "Event": "<event>"}}
    template = json.dumps(given).replace('"<event>"', "<aws.events.event.json>")
    return events.CfnRule.InputTransformerProperty(input_paths_map=paths, input_template=template)


def input_transformer(rule: EventRule) -> events.CfnRule.InputTransformerProperty:
    """What the state machine is started with: an event that is delivered twice is a duplicate by its id."""
    paths, given = _given(rule)
    return events.CfnRule.InputTransformerProperty(input_paths_map=paths, input_template=json.dumps(given))


def _given(rule: EventRule) -> tuple[dict[str, str], dict[str, Any]]:
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
    if rule.project_version_arn_path:
        given["Comment"] = {"Path": rule.project_version_arn_path}
    if rule.lease_minutes is not None:
        given["LeaseMinutes"] = rule.lease_minutes
    return paths, given
