"""Events that start a model: what is wrong with a configured rule, and what one that is right becomes."""

import json
from typing import Any

import pytest

from infra.settings.event_patterns import guarded, split
from infra.settings.event_rules import problems_of_event_rules
from tests.infra.configurations import model
from tools.templates import Template

NAME = model()["name"]
RULE = {"name": "new-images", "pattern": {"source": ["factory"]}, "model": NAME}
PLAIN = [{"anything-but": {"wildcard": ['*"*', "*\\\\*"]}}, {"exists": False}]
MODELS = ["defects", "logos", "welds"]
PLACE = "eu-west-1:111122223333"


def problems(*rules: dict[str, Any]) -> list[str]:
    return problems_of_event_rules({"models": [model()], "event_rules": list(rules)}, "CustomLabelsLifecycle")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"action": "stop", "lease_id": "event/new-images"},
        {"lease_minutes": 0},
        {"pattern": {"source": ["a"], "$or": [{"account": ["1"]}, {"detail": {"x": [{"numeric": [">", 1]}]}}]}},
        {"pattern": {"source": ["a"], "detail": {"name": [None, True, 7, "text", {"exists": False}]}}},
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
        *(
            ({**RULE, "pattern": {"source": [given]}}, f"pattern.source: {json.dumps(given)} takes * as it is; {meant}")
            for given, meant in (
                ("line-*", 'where it stands for any text, write {"wildcard": "line-*"}'),
                ({"prefix": "line-1/*"}, 'where it stands for any text, write {"wildcard": "line-1/*"}'),
                ({"suffix": "*.png"}, 'where it stands for any text, write {"wildcard": "*.png"}'),
            )
        ),
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


def test_a_rule_is_for_the_configured_names_and_another_for_everything_else() -> None:
    """Of what an event has, only a name that is known is put into a text of the input."""
    assert split({"source": ["a"]}, "$.detail.model", ["logos", "defects"]) == (
        {"source": ["a"], "detail": {"model": ["defects", "logos"]}},
        {"source": ["a"], "detail": {"model": [{"anything-but": ["defects", "logos"]}, {"exists": False}]}},
    )


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ({"detail": {"model": ["defects"]}}, ["defects", "logos"]),
        ({"source": ["a"]}, []),
        ({"source": ["a"]}, [f"{number:064}" for number in range(100)]),
    ],
    ids=["it says itself what is meant", "no model is configured", "EventBridge takes no pattern so long"],
)
def test_where_names_can_not_be_listed_there_is_one_rule(pattern: dict[str, Any], names: list[str]) -> None:
    assert split(pattern, "$.detail.model", names) is None


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
            {"source": ["factory"], "detail-type": ["Shift begins"], "detail": {"model": MODELS}},
            "${StartModelStateMachine}",
        ),
        "CustomLabelsLifecycle.shift-begins.": (
            "default",
            "ENABLED",
            {
                "source": ["factory"],
                "detail-type": ["Shift begins"],
                "detail": {"model": [{"anything-but": MODELS}, {"exists": False}]},
            },
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
            "EventRulesshiftbeginswrong",
            {"source": "$.source"},
            {
                "Model": "",
                "LeaseId": "event/shift-begins",
                "LeaseMinutes": 480,
                "ClientRequestToken": "shift-begins/<id>",
                "Comment": {"Path": "$.detail.model", "Event": "<aws.events.event.json>"},
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
                "Comment": {"Path": "$.detail.version.arn"},
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
    """EventBridge escapes nothing: a placeholder outside of a string could become more than one value. The whole event
    is JSON as it is."""
    transformer = stack.of_type("AWS::Events::Rule")[rule]["Targets"][0]["InputTransformer"]
    assert transformer["InputPathsMap"] == {"id": "$.id", "time": "$.time", **paths}
    whole = "<aws.events.event.json>"
    assert json.loads(transformer["InputTemplate"].replace(f": {whole}", f': "{whole}"')) == given


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
    assert sorted(ours["Condition"]["ArnEquals"]["aws:SourceArn"]) == sorted(map(rule_arn, rules.values()))
    assert (ours["Principal"], ours["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")


def rule_arn(rule: dict[str, Any]) -> str:
    bus = "" if rule["EventBusName"] == "default" else f"{rule['EventBusName']}/"
    return f"arn:${{AWS::Partition}}:events:{PLACE}:rule/{bus}{rule['Name']}"


def test_each_rule_has_a_role_that_it_alone_may_take_and_waits_for_its_policy(stack: Template) -> None:
    """What the roles may do: test_iam.py."""
    for name, rule in stack.of_type("AWS::Events::Rule").items():
        if name.startswith("EventRules"):
            configured = name.removesuffix("wrong")
            assert rule["Targets"][0]["RoleArn"] == f"${{{configured}role.Arn}}"
            (trust,) = stack.of_type("AWS::IAM::Role")[f"{configured}role"]["AssumeRolePolicyDocument"]["Statement"]
            assert trust["Principal"] == {"Service": "events.amazonaws.com"}
            allowed = trust["Condition"]["ArnEquals"]["aws:SourceArn"]
            assert rule_arn(rule) in (allowed if isinstance(allowed, list) else [allowed])
            assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
            assert f"{configured}roleDefaultPolicy" in stack.depends_on(name)
