"""One cdk.json for several accounts and Regions: a stack for each, as if it were the only one."""

import json
import re
from typing import Any

import pytest

from infra.settings.recipients import Recipient
from infra.settings.settings import ChatChannels, Settings, SettingsError
from lifecycle import configuration
from tests.assemblies import said_of
from tests.conftest import SETTINGS, TWO_REGIONS
from tests.infra.configurations import ROOT, elsewhere, model
from tools.templates import STACK, Template

HERE, THERE = "111122223333/eu-west-1", "111122223333/us-east-1"
LATEST = {"name": "welds", "project": "welds", "version": "latest"}


def by_place(context: Any) -> dict[str, Settings]:
    return {str(settings.place): settings for settings in Settings.of_places(context)}


# --- Which places there are -------------------------------------------------------------------------------------------


def test_each_account_and_region_in_which_models_lie_is_a_place() -> None:
    models = [model(), elsewhere(1, region="us-east-1"), elsewhere(2), elsewhere(3, account="444455556666")]
    found = by_place({"models": models})
    assert [*found] == [HERE, THERE, "444455556666/eu-west-1"]
    assert [*found[HERE].models] == [model()["name"], model(2)["name"]]


@pytest.mark.parametrize(
    ("fields", "home", "place"),
    [
        ({}, {}, HERE),
        ({"place": "us-east-1"}, {}, THERE),
        ({"place": "444455556666/us-east-1"}, {}, "444455556666/us-east-1"),
        ({"place": "us-east-1"}, {"account": "111122223333", "region": "eu-west-1"}, THERE),
    ],
    ids=["where the others are", "by its Region", "in another account", "whatever the others' Region"],
)
def test_a_model_by_its_project_names_its_place_or_is_where_the_others_are(fields: Any, home: Any, place: str) -> None:
    found = by_place({"models": [model(), {**LATEST, **fields}], **home})
    assert "welds" in found[place].models


def test_the_account_and_region_at_the_top_are_those_of_models_without_a_place() -> None:
    found = by_place({"models": [model(), elsewhere(1, region="us-east-1"), LATEST], "region": "us-east-1"})
    assert "welds" in found[THERE].models


def test_names_of_models_projects_and_schedules_are_unique_in_a_place_only() -> None:
    schedule = {"name": "office", "start": "0 8 ? * MON-FRI *", "time_zone": "Europe/Berlin"}
    named = [{**one, "name": "defects", "schedules": [schedule]} for one in (model(), elsewhere(region="us-east-1"))]
    found = by_place({"models": [*named, LATEST, {**LATEST, "place": "us-east-1"}], "region": "eu-west-1"})
    assert {place: [*one.models] for place, one in found.items()} == {
        HERE: ["defects", "welds"],
        THERE: ["defects", "welds"],
    }
    assert all([*one.schedules] == ["office"] for one in found.values())


# --- What is for which place ------------------------------------------------------------------------------------------


def test_a_place_has_what_is_said_of_its_models_and_what_is_limited_to_no_other() -> None:
    there = by_place(TWO_REGIONS)[THERE]
    assert [*there.models] == ["defects"]
    assert there.schedules == {}
    assert there.projects == ("packaging", "labels")
    assert there.workloads == ("Inspection", "Recheck", f"{STACK}-DetectBatch")
    assert [(rule.name, rule.key) for rule in there.event_rules] == [
        ("shift-begins", "event_rules.0"),
        ("there", "event_rules.1"),
        ("trained", "event_rules.3"),
    ]
    assert [one.principal for one in there.trusted_principals][2:] == ["222233334444"]
    assert there.notification_emails == (
        Recipient("ml-operators@example.com"),
        Recipient("night-shift@example.com", severities=("WARNING", "ERROR")),
        Recipient("packaging@example.com", outcomes=("MODEL_DOWN",), models=("defects",)),
        Recipient("there@example.com"),
        Recipient("defects@example.com", models=("defects",)),
    )
    assert there.detect_batch
    assert there.detect_batch.results == "s3://results-there"
    assert there.monthly_budget_usd == 500


def test_an_address_for_models_that_are_elsewhere_confirms_nothing() -> None:
    there = {**elsewhere(region="us-east-1"), "name": "logos"}
    emails = [{"address": "a@example.com", "models": ["logos"]}]
    found = by_place({"models": [model(), there], "notification_emails": emails})
    assert {place: len(one.notification_emails) for place, one in found.items()} == {HERE: 0, THERE: 1}


INBOX = {"name": "line-1", "model": "defects", "images": "s3://images/", "results": "s3://results/"}
TWICE = [{**model(), "name": "defects"}, {**elsewhere(region="us-east-1"), "name": "defects"}]


def test_an_inbox_is_where_its_model_is_or_where_it_says() -> None:
    alone = by_place({"models": [{**model(), "name": "defects"}, elsewhere(region="us-east-1")], "inboxes": [INBOX]})
    assert {place: [*one.inboxes] for place, one in alone.items()} == {HERE: ["line-1"], THERE: []}
    said = by_place({"models": TWICE, "inboxes": [{**INBOX, "place": "us-east-1"}]})
    assert {place: [*one.inboxes] for place, one in said.items()} == {HERE: [], THERE: ["line-1"]}
    assert [one.workloads for one in said.values()] == [(), (f"{STACK}-DrainInbox",)]
    with pytest.raises(SettingsError, match=r"inboxes\.0\.place: is needed, because 'defects' is a model in "):
        Settings.of_places({"models": TWICE, "inboxes": [INBOX]})


def test_one_place_of_an_account_has_its_channels_and_the_others_the_topic_only() -> None:
    models = [model(), elsewhere(1, region="us-east-1"), elsewhere(2, account="444455556666", region="us-west-2")]
    chat = {**SETTINGS["chat"], "places": [THERE, "us-west-2"]}
    found = by_place({"models": models, "chat": chat})
    assert found[HERE].chat == ChatChannels(topic_only=True)
    assert [bool(one.chat and one.chat.slack) for one in found.values()] == [False, True, True]
    topics = by_place({"models": models, "chat": {"topic_only": True}})
    assert [one.chat for one in topics.values()] == [ChatChannels(topic_only=True)] * 3


def test_the_settings_of_the_page_about_places_are_right() -> None:
    (snippet,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs/deploy.md").read_text("utf-8"), re.DOTALL)
    found = by_place(json.loads(f"{{{snippet}}}"))
    assert {place: len(one.notification_emails) for place, one in found.items()} == {
        THERE: 1,
        "444455556666/eu-west-1": 2,
    }


# --- The stacks -------------------------------------------------------------------------------------------------------


def test_another_place_before_it_changes_nothing_of_a_place(
    two_regions: tuple[Template, Template], stack: Template
) -> None:
    """To the byte, its asset's hash too; so neither does adding, reordering or removing one."""
    here, _ = two_regions
    assert here.file.name == stack.file.name
    assert here.text == stack.text


def test_each_place_has_its_own_configuration_in_its_asset(two_regions: tuple[Template, Template]) -> None:
    """The CDK remembers assets by their path: from one folder all places would get the first one's."""
    for template, settings in zip(two_regions, reversed(Settings.of_places(TWO_REGIONS)), strict=True):
        (asset,) = {one["Code"]["S3Key"].removesuffix(".zip") for one in template.functions.values()}
        assert configuration.load(template.assembly / f"asset.{asset}") == settings.configuration


def test_every_stack_has_the_same_name_and_goes_to_its_own_place(two_regions: tuple[Template, Template]) -> None:
    manifest = json.loads((two_regions[0].assembly / "manifest.json").read_text("utf-8"))
    stacks = {name: one for name, one in manifest["artifacts"].items() if one["type"] == "aws:cloudformation:stack"}
    assert {name: (one["properties"]["stackName"], one["environment"]) for name, one in stacks.items()} == {
        f"{STACK}-111122223333-eu-west-1": (STACK, "aws://111122223333/eu-west-1"),
        f"{STACK}-111122223333-us-east-1": (STACK, "aws://111122223333/us-east-1"),
    }


GLOBAL = {
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Chatbot::SlackChannelConfiguration": "ConfigurationName",
    "AWS::Chatbot::MicrosoftTeamsChannelConfiguration": "ConfigurationName",
    "AWS::S3::Bucket": "BucketName",
}
"""What is one of its name in a whole account, by type its name's property (facts: "Deploying")."""


def test_what_is_global_in_an_account_has_the_region_in_its_name(two_regions: tuple[Template, Template]) -> None:
    here, there = (
        {
            str(properties[name])
            for kind, name in GLOBAL.items()
            for properties in template.of_type(kind).values()
            if name in properties
        }
        for template in two_regions
    )
    assert len(here) > len(there) > 2
    assert all("eu-west-1" in name for name in here)
    assert all("us-east-1" in name for name in there)


def test_a_synthesis_says_what_each_place_has_and_what_the_budgets_are_together(
    two_regions: tuple[Template, Template],
) -> None:
    here, there = two_regions
    lines = said_of(here.assembly)
    made = [line.partition(" has ")[0] for line in lines if line.startswith(str(here.assembly))]
    assert made == [str(there.file), str(here.file)]
    assert [line for line in lines if line.startswith("Schedules")] == [f"Schedules ({HERE})"]
    assert lines[-1] == (
        "Each place has a budget of its own, of USD 500.00 per month (monthly_budget_usd): the 2 places together "
        "have USD 1,000.00."
    )


def test_a_single_place_says_nothing_of_places(stack: Template) -> None:
    assert not [line for line in said_of(stack.assembly) if "place" in line.lower() or HERE in line]
