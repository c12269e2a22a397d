"""Limits of AWS are refused at synthesis, by the key in cdk.json that causes them."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import limits
from infra.settings.settings import Settings
from tests.conftest import SETTINGS
from tests.infra.configurations import LARGEST, MINIMAL, ROOT, TOO_LARGE, elsewhere
from tests.infra.test_app import run
from tools.templates import Template


def problems(template: Template, settings: Any, change: Callable[[dict[str, Any]], object] | None = None) -> list[str]:
    """Of the template as it would be deployed, or as it is changed here."""
    raw = json.loads(template.text)
    if change:
        change(raw["Resources"])
    return limits.problems(Settings.from_context(settings), raw)


def test_what_is_usual_breaks_no_limit(stack: Template, minimal: Template) -> None:
    assert problems(stack, SETTINGS) == problems(minimal, MINIMAL) == []


def test_sixty_models_with_the_longest_names_forty_schedules_twenty_rules_and_twelve_principals_fit(
    largest: Template,
) -> None:
    assert problems(largest, LARGEST) == []


def test_all_that_is_too_much_is_said_at_once_each_by_its_key(too_large: Template) -> None:
    said = problems(too_large, TOO_LARGE)
    assert {problem.partition(":")[0] for problem in said} == {
        "models",
        "models.schedules",
        "trusted_principals",
        "runbook_url",
    }
    (resources,) = (problem for problem in said if "resources of 500" in problem)
    assert resources.startswith("models.schedules: the stack would have ")
    assert "(488 by models.schedules, " in resources


@pytest.mark.large
@pytest.mark.xdist_group("synthesis")  # never beside another that takes 0.7 GiB
def test_a_synthesis_that_breaks_a_limit_fails_and_says_so_and_of_several_places_where(tmp_path: Path) -> None:
    principals = [{"principal": f"4444555566{n:02}", "external_id": f"{n:02}".ljust(19, "x")} for n in range(12)]
    models = [*MINIMAL["models"], elsewhere(1, region="us-east-1")]
    limited = [{**one, "places": ["us-east-1"]} for one in principals]
    context = {"custom-labels-lifecycle": {"models": models, "trusted_principals": limited}}
    environment = {"CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(tmp_path), "CDK_VALIDATION": "false"}
    app = run(ROOT, {**os.environ, **environment})
    assert app.returncode == 1
    _, said, _ = app.stderr.splitlines()
    assert "custom-labels-lifecycle.trusted_principals: the trust policy of OtherAccountsCallerRole" in said
    assert said.endswith(" (111122223333/us-east-1)")


def changed(kind: str, name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """The first resource of a type with another property."""

    def change(resources: dict[str, Any]) -> None:
        next(one for one in resources.values() if one["Type"] == kind)["Properties"][name] = value

    return change


def allowed(role: str, statements: int, characters: int, kind: str = "AWS::IAM::Policy") -> Any:
    """A policy of a role with so many statements of so many characters."""

    def change(resources: dict[str, Any]) -> None:
        (logical_id,) = (name for name in resources if name.startswith(role) and "Policy" not in name)
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "x" * characters}
        document = {"Version": "2012-10-17", "Statement": [statement] * statements}
        properties = {"PolicyDocument": document, "Roles": [{"Ref": logical_id}]}
        resources |= {f"{role}{number}": {"Type": kind, "Properties": properties} for number in range(11)}

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (allowed("StartModelStartRole", 1, 1000), "models: StartModelStartRole"),
        (allowed("RunWithModelStateMachineRole", 1, 1000), "workloads: RunWithModelStateMachineRole"),
        (allowed("StopModelStopRole", 1, 10, "AWS::IAM::ManagedPolicy"), "models: what StopModelStopRole"),
        (allowed("DetectBatchStateMachineRole", 7, 1000, "AWS::IAM::ManagedPolicy"), "models: DetectBatch"),
        (
            changed("AWS::IAM::Role", "AssumeRolePolicyDocument", "x" * 2049),
            "trusted_principals: the trust policy of",
        ),
        (changed("AWS::Scheduler::Schedule", "Name", "x" * 65), "models.schedules: xxxx"),
        (changed("AWS::CloudWatch::Alarm", "AlarmDescription", "x" * 1025), "runbook_url: with it an alarm's"),
        (
            changed("AWS::SNS::Subscription", "FilterPolicy", ["x" * 300_000]),
            "notification_emails: a filter would have",
        ),
        (changed("AWS::SQS::QueuePolicy", "PolicyDocument", "x" * 9000), "event_rules: the policy of the queue"),
        (
            lambda resources: changed("AWS::Events::Rule", "EventPattern", "x" * 3000)(
                {name: one for name, one in resources.items() if name.startswith("EventRulestrained")}
            ),
            "event_rules.2.pattern: with what keeps quotes out of the input it would have 3,002 characters of 2,048",
        ),
        (
            changed(
                "AWS::CloudWatch::Dashboard",
                "DashboardBody",
                json.dumps({"widgets": [{"properties": {"metrics": ["x"] * 6}}] * 501}),
            ),
            "models: the dashboard would have 501 widgets of 500",
        ),
        (
            lambda resources: resources.update(
                {f"Schedules{number}": {"Type": "AWS::Scheduler::Schedule"} for number in range(500)}
            ),
            "models.schedules: the stack would have ",
        ),
        (
            lambda resources: resources.update({"Page": {"Type": "x", "Metadata": "x" * 1_000_000}}),
            "models: the template would have 1,",
        ),
    ],
)
def test_each_limit_is_said_by_the_key_that_causes_it(change: Any, said: str, stack: Template) -> None:
    assert any(problem.startswith(said) for problem in problems(stack, SETTINGS, change))


def test_a_filter_of_more_than_two_hundred_addresses_is_said(stack: Template) -> None:
    one = {"Type": "AWS::SNS::Subscription", "Properties": {"FilterPolicy": {"Severity": ["ERROR"]}}}
    (said,) = problems(stack, SETTINGS, lambda resources: resources.update({f"S{n}": one for n in range(200)}))
    assert said.startswith("notification_emails: 202 addresses have a filter")


def test_resources_are_split_so_that_each_part_has_room_in_a_policy() -> None:
    """CDK guesses how long ARNs are, and leaves too much in one."""
    from infra.parts.statements import in_parts  # with CDK

    assert list(in_parts([])) == []
    assert [len(part) for part in in_parts(["x"] * 25)] == [25]
    assert [len(part) for part in in_parts(["x" * 650] * 9)] == [7, 2]
    assert [len(part) for part in in_parts(["x" * 5001] * 2)] == [1, 1]
