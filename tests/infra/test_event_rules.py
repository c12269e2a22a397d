"""Events that start a model: what is wrong with a configured rule, and what one that is right becomes."""

import json
from typing import Any

import pytest

from infra.settings.event_loops import matches
from infra.settings.event_patterns import guarded
from infra.settings.event_rules import problems_of_event_rules
from tests.infra.configurations import model
from tools.templates import Template

NAME = model()["name"]
RULE = {"name": "new-images", "pattern": {"source": ["factory"]}, "model": NAME}
PLAIN = [{"anything-but": {"wildcard": ['*"*', "*\\\\*"]}}, {"exists": False}]
PLACE = "eu-west-1:111122223333"


def problems(*rules: dict[str, Any]) -> list[str]:
    return problems_of_event_rules({"models": [model()], "event_rules": list(rules)}, "CustomLabelsLifecycle")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"action": "stop", "lease_id": "event/new-images"},
        {"lease_minutes": 0},
        {"pattern": {"$or": [{"source": ["a"]}, {"detail": {"x": [{"numeric": [">", 1]}]}}]}},
        {"pattern": {"detail": {"name": [None, True, 7, "text", {"exists": False}]}}},
    ],
)
def test_a_rule_that_is_right_has_no_problem(change: dict[str, Any]) -> None:
    assert problems({**RULE, **change}) == []


def without_model(**fields: Any) -> dict[str, Any]:
    return {"name": "new-images", "pattern": {"source": ["factory"]}, **fields}


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (without_model(), "model, model_path, project_version_arn_path: exactly one of the three is needed"),
        ({**RULE, "model_path": "$.detail.model"}, "model, model_path, project_version_arn_path: exactly one"),
        ({**RULE, "model": "defcts"}, f"model: 'defcts' is not configured; configured models: {NAME}"),
        ({**RULE, "action": "stop"}, "lease_id: is needed to stop"),
        ({**RULE, "action": "stop", "lease_id": "a", "lease_minutes": 5}, "lease_minutes: is for a rule that starts"),
        ({**RULE, "pattern": {}}, "pattern: must not be empty"),
        ({**RULE, "pattern": {"detial-type": ["x"]}}, "pattern.detial-type: is unknown, did you mean detail-type?"),
        ({**RULE, "pattern": {"source": "factory"}}, "pattern.source: must be a list of values"),
        ({**RULE, "pattern": {"detail": {"x": []}}}, "pattern.detail.x: must be a list of values"),
        ({**RULE, "pattern": {"detail": {"x": {}}}}, "pattern.detail.x: must not be empty"),
        ({**RULE, "pattern": {"source": [["x"]]}}, "pattern.source: a list in a list"),
        (
            {**RULE, "pattern": {"source": [{"perfix": "x"}]}},
            "pattern.source: a filter is an object with one of prefix",
        ),
        ({**RULE, "pattern": {"$or": [{"source": ["x"]}]}}, "pattern.$or: must be a list of two objects or more"),
        (
            without_model(model_path="$.detail.model", pattern={"detail": {"model": [{"prefix": "x"}]}}),
            "pattern: may only name values of detail.model, or leave it out: it goes into the input",
        ),
    ],
)
def test_a_problem_of_a_rule_is_said_with_its_key(rule: dict[str, Any], problem: str) -> None:
    (said,) = problems(rule)
    assert said.startswith(f"event_rules.0.{problem}")


def test_a_name_is_there_once() -> None:
    assert problems(RULE, RULE) == ["event_rules: name 'new-images' is there 2 times"]


# --- No end of an execution begins the next ---------------------------------------------------------------------------

ENDS = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
OURS = {"event_bus": "CustomLabelsLifecycle-events"}
RELEASE = {"action": "stop", "lease_id": "event/new-images"}
HOME = "arn:aws:states:eu-west-1:111122223333"


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": ENDS},
        {"pattern": {"account": ["111122223333"]}},
        {"pattern": {"source": [{"prefix": "aws."}]}},
        {"pattern": {"source": [{"anything-but": "factory"}]}},
        {"pattern": {"source": [{"wildcard": "*.st*"}], "detail": {"status": ["FAILED"]}}},
        {"pattern": {"$or": [{"source": ["factory"]}, ENDS]}},
        {"pattern": {**ENDS, "detail": {"stateMachineArn": [f"{HOME}:stateMachine:CustomLabelsLifecycle-StartModel"]}}},
        {"pattern": {**ENDS, "detail": {"stateMachineArn": [{"suffix": "-StopModel"}]}}, **RELEASE},
        {"pattern": {**ENDS, "resources": [{"prefix": f"{HOME}:execution:Custom"}]}},
        {"pattern": {"source": ["custom-labels-lifecycle"]}, **OURS},
        {"pattern": {"detail": {"Severity": ["ERROR"]}}, **OURS},
        {"pattern": {"detail": {"Outcome": ["MODEL_DOWN", "START_FAILED"]}}, **OURS},
        {"pattern": {"detail": {"Outcome": [{"prefix": "MODEL_"}], "Model": [NAME]}}, **OURS},
        {"pattern": {"detail": {"Outcome": [{"anything-but": ["MODEL_STOPPED"]}]}}, **OURS, **RELEASE},
    ],
)
def test_a_rule_that_its_own_executions_would_fire_again_is_refused(change: dict[str, Any]) -> None:
    """It would go on for ever, and each turn costs."""
    (said,) = problems({**RULE, **change})
    assert said.startswith("event_rules.0.pattern: matches how the executions end that this rule starts")


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": {**ENDS, "detail": {"stateMachineArn": [f"{HOME}:stateMachine:Nightly"], "status": ["SUCCEEDED"]}}},
        {"pattern": {**ENDS, "detail": {"stateMachineArn": [{"anything-but": {"prefix": f"{HOME}:stateMachine:Cu"}}]}}},
        {"pattern": {"source": ["aws.states"], "account": ["444455556666"]}},
        {"pattern": {"source": ["aws.rekognition", "aws.s3"]}},
        {"pattern": {"detail": {"Outcome": ["MODEL_DOWN"]}}, **OURS},
        {"pattern": {"detail": {"Outcome": ["MODEL_STARTED"]}}, **OURS},
        {"pattern": {"detail": {"Outcome": ["START_FAILED"]}}, **OURS, **RELEASE},
        {"pattern": {"detail": {"Outcome": ["START_FAILED"], "Model": ["another"]}}, **OURS},
        {"pattern": {"source": ["custom-labels-lifecycle"]}},
        {"pattern": {"source": ["custom-labels-lifecycle"]}, "event_bus": "factory"},
    ],
)
def test_a_rule_may_follow_upon_what_others_end(change: dict[str, Any]) -> None:
    """And upon what of ours does not come again from it."""
    assert problems({**RULE, **change}) == []


@pytest.mark.parametrize(
    ("pattern", "does"),
    [
        ({"a": ["x"]}, True),
        ({"a": ["X"]}, False),
        ({"a": [{"equals-ignore-case": "X"}]}, True),
        ({"a": [{"suffix": "x"}]}, True),
        ({"a": [{"exists": False}]}, False),
        ({"b": [{"exists": False}]}, True),
        ({"b": [{"anything-but": "x"}]}, False),
        ({"n": [{"numeric": [">", 1]}]}, True),
        ({"a": [{"numeric": [">", 1]}]}, False),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, False),
        ({"list": ["y"]}, True),
        ({"list": ["x"]}, False),
        ({"in": {"ner": ["x"]}}, True),
        ({"a": {"ner": ["x"]}}, False),
        ({"a": [{"wildcard": "[x]"}]}, False),
    ],
)
def test_a_pattern_matches_as_eventbridge_says(pattern: dict[str, Any], does: bool) -> None:
    assert matches(pattern, {"a": "x", "n": 7, "list": ["y", "z"], "in": {"ner": "x"}}) is does


# --- No string of an event breaks out of the input --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "becomes"),
    [
        ({"source": ["a"]}, {"source": ["a"], "detail": {"model": PLAIN}}),
        ({"detail": {"x": ["y"]}}, {"detail": {"x": ["y"], "model": PLAIN}}),
        ({"detail": {"model": ["defects", 7]}}, {"detail": {"model": ["defects", 7]}}),
        ({"detail": {"model": ['a"b']}}, None),
        ({"detail": {"model": ["a\\b"]}}, None),
        ({"detail": {"model": ["a", {"prefix": "b"}]}}, None),
        ({"detail": {"model": {"name": ["a"]}}}, None),
        ({"detail": [{"exists": True}]}, None),
        ({"$or": [{"detail": {"model": ["a"]}}, {"source": ["x"]}]}, None),
        ({"$or": [{"source": ["a"]}, {"account": ["x"]}]}, None),
    ],
)
def test_a_pattern_lets_only_plain_strings_into_the_input(pattern: dict[str, Any], becomes: Any) -> None:
    path = "$.source" if becomes is None and "account" in json.dumps(pattern) else "$.detail.model"
    assert guarded(pattern, path) == becomes


# --- In the template --------------------------------------------------------------------------------------------------


def test_rules_are_those_of_the_settings(stack: Template, minimal: Template) -> None:
    rules = {name: rule for name, rule in stack.of_type("AWS::Events::Rule").items() if name.startswith("EventRules")}
    seen = {
        rule["Name"]: (rule["EventBusName"], rule["State"], rule["EventPattern"], rule["Targets"][0]["Arn"])
        for rule in rules.values()
    }
    assert seen == {
        "CustomLabelsLifecycle.shift-begins": (
            "default",
            "ENABLED",
            {"source": ["factory"], "detail-type": ["Shift begins"], "detail": {"model": PLAIN}},
            "${StartModelStateMachine}",
        ),
        "CustomLabelsLifecycle.shift-ends": (
            "factory",
            "DISABLED",
            {"source": [{"prefix": "factory."}], "detail": {"version": ["v1"]}},
            "${StopModelStateMachine}",
        ),
        "CustomLabelsLifecycle.trained": (
            "default",
            "ENABLED",
            {"source": ["pipeline"], "detail": {"version": {"arn": PLAIN}}},
            "${StartModelStateMachine}",
        ),
    }
    assert not [name for name in minimal.of_type("AWS::Events::Rule") if name.startswith("EventRules")]


def test_a_rule_on_our_own_bus_is_removed_before_the_bus(every_project: Template) -> None:
    """EventBridge deletes no bus that has rules."""
    (rule,) = (name for name in every_project.of_type("AWS::Events::Rule") if name.startswith("EventRules"))
    assert "NotificationsBus" in every_project.depends_on(rule)


@pytest.mark.parametrize(
    ("rule", "paths", "given"),
    [
        (
            "EventRulesshiftbegins",
            {"model": "$.detail.model", "source": "$.source"},
            {
                "Model": "<model>",
                "LeaseId": "event/shift-begins",
                "LeaseMinutes": 480,
                "ClientRequestToken": "shift-begins/<id>",
                "Context": {
                    "EventRule": "shift-begins",
                    "EventId": "<id>",
                    "EventTime": "<time>",
                    "Source": "<source>",
                },
            },
        ),
        (
            "EventRulesshiftends",
            {},
            {
                "Model": "logos",
                "LeaseId": "event/shift-begins",
                "ClientRequestToken": "shift-ends/<id>",
                "Context": {"EventRule": "shift-ends", "EventId": "<id>", "EventTime": "<time>"},
            },
        ),
        (
            "EventRulestrained",
            {"model": "$.detail.version.arn", "source": "$.source"},
            {
                "ProjectVersionArn": "<model>",
                "LeaseId": "event/trained",
                "ClientRequestToken": "trained/<id>",
                "Context": {"EventRule": "trained", "EventId": "<id>", "EventTime": "<time>", "Source": "<source>"},
            },
        ),
    ],
)
def test_what_goes_into_the_input_is_inside_of_strings(
    rule: str, paths: dict[str, str], given: dict[str, Any], stack: Template
) -> None:
    """EventBridge escapes nothing: a placeholder outside of a string could become more than one value."""
    transformer = stack.of_type("AWS::Events::Rule")[rule]["Targets"][0]["InputTransformer"]
    assert transformer["InputPathsMap"] == {"id": "$.id", "time": "$.time", **paths}
    assert json.loads(transformer["InputTemplate"]) == given


def test_an_event_that_starts_nothing_is_tried_for_an_hour_and_then_kept(stack: Template) -> None:
    rules = {name: rule for name, rule in stack.of_type("AWS::Events::Rule").items() if name.startswith("EventRules")}
    for rule in rules.values():
        (target,) = rule["Targets"]
        assert target["RetryPolicy"] == {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 3600}
        assert target["DeadLetterConfig"] == {"Arn": "${ReconciliationLostCalls.Arn}"}
    policies = stack.of_type("AWS::SQS::QueuePolicy").values()
    (policy,) = (one for one in policies if one["Queues"] == ["${ReconciliationLostCalls}"])
    (ours,) = (
        one
        for one in policy["PolicyDocument"]["Statement"]
        if len(one["Condition"].get("ArnEquals", ""))
        and isinstance(one["Condition"]["ArnEquals"]["aws:SourceArn"], list)
    )
    assert ours["Condition"]["ArnEquals"]["aws:SourceArn"] == [rule_arn(rule) for rule in rules.values()]
    assert (ours["Principal"], ours["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")


def rule_arn(rule: dict[str, Any]) -> str:
    bus = "" if rule["EventBusName"] == "default" else f"{rule['EventBusName']}/"
    return f"arn:${{AWS::Partition}}:events:{PLACE}:rule/{bus}{rule['Name']}"


def test_each_rule_has_a_role_that_it_alone_may_take_and_waits_for_its_policy(stack: Template) -> None:
    """What the roles may do: test_iam.py."""
    for name, rule in stack.of_type("AWS::Events::Rule").items():
        if name.startswith("EventRules"):
            assert rule["Targets"][0]["RoleArn"] == f"${{{name}role.Arn}}"
            (trust,) = stack.of_type("AWS::IAM::Role")[f"{name}role"]["AssumeRolePolicyDocument"]["Statement"]
            assert trust["Principal"] == {"Service": "events.amazonaws.com"}
            assert trust["Condition"] == {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnEquals": {"aws:SourceArn": rule_arn(rule)},
            }
            assert f"{name}roleDefaultPolicy" in stack.depends_on(name)
