"""What a deploy may not take away from what goes on meanwhile, compared with the template of each version so far.

Executions in flight call old versions of the functions, which have the roles of today; leases, tokens and the bill are
in the tables of today. ``tests/infra/released`` has of each version what they rest upon. Before a version is released
its file is renewed, with ``RENEW_GOLDEN=1 .venv/bin/pytest tests/infra/test_releases.py -n 0``;
docs/evidence/upgrades.md says what takes two deploys afterwards.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.released import VERSION
from tools.templates import Template

FOLDER = Path(__file__).parent / "released"
RELIED_UPON: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "leases, claims, tokens, and the bill are in them",
    "AWS::Events::EventBus": "rules of others match its events",
    "AWS::IAM::Role": "old versions of functions, and executions in flight, work with them",
    "AWS::KMS::Key": "logs are encrypted with it",
    "AWS::Lambda::Function": "with a function go all its versions",
    "AWS::Logs::LogGroup": "messages link the logs in it",
    "AWS::SNS::Topic": "people have confirmed that they are told by it",
    "AWS::SQS::Queue": "calls that were lost are in it",
    "AWS::StepFunctions::StateMachine": "pipelines start it by its ARN, and its executions go with it",
}
"""Types of what must stay the very same resource, and why."""

Release = dict[str, Any]


def fixed_properties(resource_type: str) -> list[str]:
    """Those with which CloudFormation replaces a resource when they change, by its own schemas."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # takes a second

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    paths = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return sorted({path.split("/")[2] for path in paths})


def release(template: Template) -> Release:
    """What executions and leases rest upon, of a template."""
    resources = {
        template.logical_ids[name]: {
            "Type": resource["Type"],
            **{
                name: resource["Properties"][name]
                for name in fixed_properties(resource["Type"])
                if name in resource.get("Properties", {})
            },
        }
        for name, resource in template.resources.items()
        if resource["Type"] in RELIED_UPON
    }
    grants = {
        role: {resource: sorted(actions) for resource, actions in sorted(granted.items())}
        for role, granted in sorted(template.grants.items())
    }
    return {"Resources": resources, "Grants": grants}


def broken(before: Release, after: Release) -> list[str]:
    """What a deploy of ``after`` would take away from what began with ``before``."""
    problems = []
    for logical_id, resource in before["Resources"].items():
        if logical_id not in after["Resources"]:
            problems.append(f"{logical_id} is removed: {RELIED_UPON[resource['Type']]}")
        elif after["Resources"][logical_id] != resource:
            problems.append(f"{logical_id} is replaced: {RELIED_UPON[resource['Type']]}")
    for role, granted in before["Grants"].items():
        for resource, actions in granted.items():
            left = set(actions) - set(after["Grants"].get(role, {}).get(resource, ()))
            problems += [f"{role} may {action} on {resource} no more: old versions call it" for action in sorted(left)]
    return problems


@pytest.fixture(scope="module")
def now(stack: Template) -> Release:
    """Renewed first, where that is asked for."""
    now = release(stack)
    if os.environ.get("RENEW_GOLDEN"):
        (FOLDER / f"{VERSION}.json").write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return now


def released(version: str) -> Release:
    found: Release = json.loads((FOLDER / f"{version}.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("version", sorted(file.stem for file in FOLDER.glob("*.json")))
def test_a_deploy_replaces_nothing_and_takes_no_right_that_what_is_in_flight_needs(version: str, now: Release) -> None:
    """Where it has to: docs/evidence/upgrades.md."""
    assert broken(released(version), now) == []


def test_there_is_a_file_of_this_version() -> None:
    assert {resource["Type"] for resource in released(VERSION)["Resources"].values()} == RELIED_UPON.keys()


def test_what_would_break_it_is_found() -> None:
    before = released(VERSION)
    assert broken(before, before) == []
    (table,) = (name for name in before["Resources"] if name.startswith("SharedModels"))

    renamed = json.loads(json.dumps(before).replace(f'"{table}"', '"SharedLeases00000000"'))
    assert broken(before, renamed) == [f"{table} is removed: leases, claims, tokens, and the bill are in them"]

    named = json.loads(json.dumps(before))
    named["Resources"][table]["TableName"] = "leases"
    assert broken(before, named) == [f"{table} is replaced: leases, claims, tokens, and the bill are in them"]

    rekeyed = json.loads(json.dumps(before))
    rekeyed["Resources"][table]["KeySchema"][0]["AttributeName"] = "Arn"
    assert broken(before, rekeyed) == [f"{table} is replaced: leases, claims, tokens, and the bill are in them"]

    less = json.loads(json.dumps(before))
    less["Grants"]["StepsCheckRole"]["${SharedModels.Arn}"].remove("dynamodb:PutItem")
    taken = "StepsCheckRole may dynamodb:PutItem on ${SharedModels.Arn} no more: old versions call it"
    assert broken(before, less) == [taken]

    more = json.loads(json.dumps(before))
    more["Resources"]["New"] = {"Type": "AWS::Lambda::Function"}
    more["Grants"]["StepsCheckRole"]["${SharedModels.Arn}"].append("dynamodb:Query")
    assert broken(before, more) == []
