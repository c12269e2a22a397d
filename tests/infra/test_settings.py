"""cdk.json's settings: what is wrong is said at once, each with its key."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any

import pytest

from infra.settings.inboxes import remarks_on_inboxes
from infra.settings.recipients import Recipient
from infra.settings.settings import (
    CONTEXT_KEY,
    CUSTOM_LABELS_REGIONS,
    ChatChannels,
    EventRule,
    Settings,
    SettingsError,
    SlackChannel,
    TeamsChannel,
    TrustedPrincipal,
)
from lifecycle.configuration import DetectBatch, Inbox, Model, Schedule
from tests.conftest import SETTINGS
from tests.infra.configurations import HUNDRED, MINIMAL, ROOT, elsewhere, model

OTHER = model(1)
TEAMS = SETTINGS["chat"]["teams"][0]
SLACK = SETTINGS["chat"]["slack"][0]
RULE = {"name": "new-images", "pattern": {"source": ["factory"]}, "model": model()["name"]}


def problems(context: Any) -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_context(context)
    first, *lines, last = str(wrong.value).splitlines()
    assert first == "cdk.json, context:"
    assert last.endswith("infra/settings/settings.schema.json.")
    return [line.removeprefix("  custom-labels-lifecycle.") for line in lines]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"notification_email": []}, "notification_email: is unknown, did you mean notification_emails?"),
        ({"Models": []}, "Models: is unknown, did you mean models?"),
        (
            {"models": [{**model(), "min_units": 2}]},
            "models.0.min_units: is unknown, did you mean min_inference_units?",
        ),
        (
            {"models": [model(), {"name": "x"}]},
            "models.1.project_version_arn, project: exactly one of the two is needed",
        ),
        ({"models": []}, "models: "),
        ({"models": [{**model(), "name": "two words"}]}, "models.0.name: has a space in it; "),
        (
            {"models": [{**model(), "project_version_arn": "arn:aws:s3:::x"}]},
            "models.0.project_version_arn: is a bucket's ARN; ",
        ),
        ({"models": [{**model(), "lease_minutes": -1}]}, "models.0.lease_minutes: must be at least 0"),
        ({"projects": ["a/b"]}, "projects.0: has a version behind the project's name; "),
        ({"notification_emails": ["a@b.example", "nobody"]}, "notification_emails.1: has no @; "),
        (
            {"notification_emails": [{"address": "a@b.example", "severity": ["ERROR"]}]},
            "notification_emails.0.severity: is unknown, did you mean severities?",
        ),
        ({"notification_emails": [{"severities": ["ERROR"]}]}, "notification_emails.0.address: is missing"),
        (
            {"notification_emails": [{"address": "a@b.example", "severities": ["FATAL"]}]},
            "notification_emails.0.severities.0: must be one of INFO, WARNING, ERROR",
        ),
        (
            {"notification_emails": [{"address": "a@b.example", "outcomes": ["MODEL_DWON"]}]},
            "notification_emails.0.outcomes.0: 'MODEL_DWON' is unknown, did you mean MODEL_DOWN?",
        ),
        (
            {"notification_emails": [{"address": "a@b.example", "outcomes": ["DRY_RUN"]}]},
            "notification_emails.0.outcomes.0: 'DRY_RUN' is unknown, known are BUDGET_REACHED, EXECUTION_ABORTED, ",
        ),
        (
            {"notification_emails": ["a@b.example", {"address": "c@d.example", "models": ["circuit-board-000"]}]},
            "notification_emails.1.models.0: 'circuit-board-000' is unknown, did you mean circuit-boards-000?",
        ),
        (
            {"notification_emails": ["a@b.example", {"address": "a@b.example", "severities": ["ERROR"]}]},
            "notification_emails: a@b.example is there 2 times",
        ),
        (
            {
                "models": [model(number) for number in range(60)],
                "notification_emails": [
                    {
                        "address": "a@b.example",
                        "severities": ["INFO", "WARNING", "ERROR"],
                        "models": [model(number)["name"] for number in range(60)],
                    }
                ],
            },
            "notification_emails.0: severities, outcomes and models make 180 combinations, SNS takes 150; ",
        ),
        ({"chat": {"discord": []}}, "chat.discord: is unknown"),
        (
            {"chat": {"slack": [{"workspace_id": "T1", "channel_id": "#alerts"}]}},
            "chat.slack.0.channel_id: is the channel's name; ",
        ),
        (
            {"chat": {"teams": [{**TEAMS, "channel_id": "19:x@thread.tacv2"}]}},
            "chat.teams.0.channel_id: is not encoded as in the link; ",
        ),
        ({"chat": {"slack": [SLACK, SLACK]}}, "chat.slack: channel C0123456789 is there 2 times"),
        ({"chat": {"topic_only": True, "slack": [SLACK]}}, "chat.topic_only: means that no channel is configured here"),
        ({"runbook_url": "docs/operations.md"}, "runbook_url: must be an address that begins with https://, "),
        ({"log_retention_days": 31}, "log_retention_days: must be one of 1, 3, 5, "),
        ({"sweep_minutes": 0}, "sweep_minutes: must be at least 1"),
        ({"sweep_minutes": 61}, "sweep_minutes: must be at most 60"),
        ({"sweep_minutes": 2.5}, "sweep_minutes: must be of type integer"),
        ({"lease_warning_minutes": -1}, "lease_warning_minutes: must be at least 0"),
        ({"lease_warning_minutes": 1441}, "lease_warning_minutes: must be at most 1440"),
        ({"unleased_models": "delete"}, "unleased_models: must be one of notify, stop, ignore"),
        ({"restart_when_down": "yes"}, "restart_when_down: must be of type boolean"),
        ({"sweep_minuets": 5}, "sweep_minuets: is unknown, did you mean sweep_minutes?"),
        (
            {"detect_batch": {"images": ["s3://images/"], "results": "s3://images/labels/"}},
            "detect_batch.results: lies in s3://images/, of detect_batch.images; keep results apart from images",
        ),
        (
            {"detect_batch": {"images": ["s3://out/", "s3://images/line-1/"], "results": "s3://images"}},
            "detect_batch.results: holds s3://images/line-1/, of detect_batch.images; keep results apart from images",
        ),
        (
            {"detect_batch": {"images": ["s3://images/line-1"], "results": "s3://images/line-1/"}},
            "detect_batch.results: lies in s3://images/line-1, of detect_batch.images; keep results apart from images",
        ),
        ({"detect_batch": {"images": [], "results": "s3://labels"}}, "detect_batch.images: must have at least 1 entry"),
        (
            {"detect_batch": {"images": ["images"], "results": "s3://labels"}},
            "detect_batch.images.0: has no s3:// in front; ",
        ),
        ({"removal_policy": "keep"}, "removal_policy: must be one of destroy, retain"),
        ({"on_destroy": "ask"}, "on_destroy: must be one of refuse, stop, leave"),
        ({"monthly_budget_usd": 0}, "monthly_budget_usd: must be at least 1"),
        ({"over_budget": "refuse"}, "over_budget: refuse needs monthly_budget_usd, the budget of a month in USD"),
        ({"over_budget": "stop"}, "over_budget: stop needs monthly_budget_usd"),
        ({"monthly_budget_usd": 500, "over_budget": "block"}, "over_budget: must be one of notify, refuse, stop"),
        ({"allow_ignore_budget": "no"}, "allow_ignore_budget: must be of type boolean"),
        ({"inference_unit_hour_usd": "4"}, "inference_unit_hour_usd: must be of type number"),
        ({"tags": {"team": 7}}, "tags.team: must be of type string"),
        (
            {"models": [model(), {**OTHER, "name": model()["name"]}]},
            "models: name 'circuit-boards-000' is there 2 times",
        ),
        ({"models": [model(), {**model(), "name": "again"}]}, "models: project_version_arn 'arn:"),
        (
            {"models": [model(), {**OTHER, "min_inference_units": 3, "max_inference_units": 2}]},
            "models.1.max_inference_units: 2 is less than min_inference_units, 3",
        ),
        ({"event_rules": [{**RULE, "name": "two words"}]}, "event_rules.0.name: has a space in it; "),
        ({"event_rules": [{**RULE, "model_path": "detail"}]}, "event_rules.0.model_path: has no $. in front; "),
        ({"trusted_principals": [{"principal": "444455556666"}]}, "trusted_principals.0.external_id: is missing"),
        (
            {"trusted_principals": [{"principal": "*", "external_id": "x1"}]},
            "trusted_principals.0.principal: is everybody; ",
        ),
        ({"models": [elsewhere(1, region="eu-north-1")]}, "models: eu-north-1 is not known to have Custom Labels"),
    ],
)
def test_a_problem_is_said_with_its_key(change: dict[str, Any], problem: str) -> None:
    (said,) = problems({**MINIMAL, **change})
    assert said.startswith(problem)


@pytest.mark.parametrize(
    ("context", "keys"),
    [
        (
            {
                "models": [{"name": "a b", "project_version_arn": "x"}],
                "retain": True,
                "removal_policy": "keep",
                "notification_emails": ["x", "y"],
            },
            {
                "models.0.name",
                "models.0.project_version_arn",
                "retain",
                "removal_policy",
                "notification_emails.0",
                "notification_emails.1",
            },
        ),
        (
            {
                "models": [
                    {**model(), "max_inference_units": 1, "min_inference_units": 2},
                    elsewhere(1, region="eu-north-1"),
                ],
            },
            {"models.0.max_inference_units", "models"},
        ),
        ({}, {"models"}),
        (None, {"input"}),
    ],
    ids=["of the schema", "between settings", "empty", "missing"],
)
def test_every_problem_is_said_at_once(context: Any, keys: set[str]) -> None:
    assert {line.split(":")[0] for line in problems(context)} == keys


def test_a_region_that_is_new_can_be_allowed() -> None:
    settings = Settings.from_context({"models": [elsewhere(1, region="eu-north-1")], "allow_other_regions": True})
    assert settings.region == "eu-north-1"


def test_the_known_regions_are_eleven() -> None:
    """AWS General Reference, Amazon Rekognition endpoints and quotas: Custom Labels."""
    assert len(CUSTOM_LABELS_REGIONS) == 11


def test_a_minimal_configuration_has_defaults() -> None:
    settings = Settings.from_context(MINIMAL)
    (one,) = settings.models.values()
    assert (one.min_inference_units, one.max_inference_units, one.lease_minutes) == (1, None, 120)
    assert (settings.account, settings.region) == ("111122223333", "eu-west-1")
    assert (settings.projects, settings.notification_emails, settings.tags) == ((), (), {})
    assert (settings.inference_unit_hour_usd, settings.log_retention_days, settings.retain) == (4.0, 90, False)
    assert (settings.sweep_minutes, settings.lease_warning_minutes) == (5, 15)
    assert (settings.monthly_budget_usd, settings.over_budget, settings.allow_ignore_budget) == (None, "notify", True)
    assert (settings.unleased_models, settings.restart_when_down) == ("notify", False)


def test_every_setting_arrives() -> None:
    settings = Settings.from_context({**SETTINGS, "inference_unit_hour_usd": 5, "allow_ignore_budget": False})
    assert list(settings.models) == ["defects", "logos", "welds"]
    assert settings.models["logos"].max_inference_units == 2
    assert settings.projects == ("packaging",)
    assert settings.notification_emails == (
        Recipient("ml-operators@example.com"),
        Recipient("night-shift@example.com", severities=("WARNING", "ERROR")),
        Recipient("packaging@example.com", outcomes=("MODEL_DOWN",), models=("defects", "welds")),
    )
    assert settings.chat is not None
    assert settings.chat.slack == (SlackChannel("T0123456789", "C0123456789"),)
    (teams,) = settings.chat.teams
    assert teams.channel_id == "19%3ab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2"
    assert settings.runbook_url == "https://wiki.example.com/custom-labels/operations"
    assert (settings.inference_unit_hour_usd, settings.log_retention_days, settings.retain) == (5.0, 30, True)
    assert (settings.sweep_minutes, settings.lease_warning_minutes) == (1, 30)
    assert (settings.unleased_models, settings.restart_when_down) == ("stop", True)
    assert settings.tags == SETTINGS["tags"]
    assert (settings.monthly_budget_usd, settings.over_budget, settings.allow_ignore_budget) == (500, "stop", False)


INBOX = {"name": "line-1", "model": model()["name"], "images": "s3://images/in/", "results": "s3://labels"}


def test_inboxes_are_known_by_name_and_bring_their_own_workload() -> None:
    settings = Settings.from_context({**MINIMAL, "workloads": ["Inspection"], "inboxes": [INBOX]})
    assert settings.configuration.inboxes == {"line-1": Inbox(model()["name"], "s3://images/in/", "s3://labels")}
    assert settings.workloads == ("Inspection", "CustomLabelsLifecycle-DrainInbox")
    assert Settings.from_context(MINIMAL).workloads == ()


def test_two_models_may_label_the_same_images() -> None:
    welds = {**INBOX, "name": "welds", "results": "s3://welds"}
    assert len(Settings.from_context({**MINIMAL, "inboxes": [INBOX, welds]}).inboxes) == 2


@pytest.mark.parametrize(
    ("units", "configured", "side_by_side"), [(1, None, 5), (4, None, 20), (500, None, 1000), (4, 2, 2)]
)
def test_an_inbox_processes_five_images_a_unit_side_by_side(
    units: int, configured: int | None, side_by_side: int
) -> None:
    assert Inbox("defects", "s3://a", "s3://b", max_concurrency=configured).concurrency(units) == side_by_side


# --- The schema and the dataclasses -----------------------------------------------------------------------------------

SCHEMA = json.loads((ROOT / "infra/settings/settings.schema.json").read_text("utf-8"))


@dataclass
class Named:
    """What a project or a workload is in ``cdk.json``, where not a name alone; the settings have names."""

    name: str
    places: tuple[str, ...] = ()


OBJECTS: dict[str, tuple[type, set[str], set[str]]] = {
    "": (Settings, {"allow_other_regions"}, {"price_is_assumed", "not_taken", "schedules"}),
    "models.0": (Model, {"name", "version", "schedules", "place"}, set()),
    "models.0.schedules.0": (Schedule, {"name"}, {"model"}),
    "detect_batch": (DetectBatch, {"place"}, set()),
    "detect_batch.0": (DetectBatch, {"place"}, set()),
    "inboxes.0": (Inbox, {"name", "place"}, set()),
    "event_rules.0": (EventRule, {"places"}, {"key"}),
    "trusted_principals.0": (TrustedPrincipal, {"places"}, set()),
    "notification_emails.0": (Recipient, {"places"}, set()),
    "projects.0": (Named, set(), set()),
    "workloads.0": (Named, set(), set()),
    "chat": (ChatChannels, {"places"}, set()),
    "chat.slack.0": (SlackChannel, set(), set()),
    "chat.teams.0": (TeamsChannel, set(), set()),
}
"""By path: the dataclass, the keys that are no field of it, and the fields that are no key."""


def keys_at(path: str) -> dict[str, Any]:
    """The keys of an object in cdk.json, each with its schema."""
    schema = SCHEMA
    for step in filter(None, path.split(".")):
        schema = schema["items"] if step == "0" else schema["properties"][step]
    keys: dict[str, Any] = schema["properties"]
    return keys


@pytest.mark.parametrize("path", OBJECTS)
def test_each_key_of_the_schema_is_a_field_and_each_field_a_key(path: str) -> None:
    """So that a setting reaches who uses it by its name, and nobody copies it from one to the other."""
    kind, only_keys, only_fields = OBJECTS[path]
    names = {field.name for field in fields(kind)}
    assert keys_at(path).keys() - only_keys == names - only_fields
    assert only_fields <= names


def test_every_object_of_the_schema_is_compared() -> None:
    def objects(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
        if "properties" in schema:
            yield ".".join(path)
        for name, inner in schema.get("properties", {}).items():
            yield from objects(inner, (*path, name))
        if "items" in schema:
            yield from objects(schema["items"], (*path, "0"))

    assert set(objects(SCHEMA)) == OBJECTS.keys()


@pytest.mark.parametrize("path", OBJECTS)
def test_the_schema_says_the_same_defaults_and_choices(path: str) -> None:
    """The dataclasses fill them in; people read the schema."""
    kind, *_ = OBJECTS[path]
    keys = keys_at(path)
    for field in fields(kind):
        if field.default is not MISSING and field.default is not None and "default" in keys.get(field.name, {}):
            default = keys[field.name]["default"]
            assert (field.default == tuple(default)) if isinstance(default, list) else field.default == default
        if isinstance(field.type, type) and issubclass(field.type, StrEnum):
            assert keys[field.name]["enum"] == [*field.type]


def test_what_is_left_out_is_as_if_its_default_were_given() -> None:
    defaults = {name: key["default"] for name, key in SCHEMA["properties"].items() if "default" in key}
    assert len(defaults) > 10
    assert Settings.from_context({**MINIMAL, **defaults}) == Settings.from_context(MINIMAL)


# --- Whole configurations ---------------------------------------------------------------------------------------------


def test_a_hundred_models_are_as_fine_as_one() -> None:
    assert len(Settings.from_context(HUNDRED).models) == 100


def test_the_configuration_that_comes_with_the_project_is_valid() -> None:
    assert Settings.from_context(json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"][CONTEXT_KEY]).models


@pytest.mark.parametrize(
    ("given", "said"), [(0.8, ["inbox line-1: min_confidence 0.8 was taken as 0.8 percent"]), (80, [])]
)
def test_a_share_in_place_of_percent_is_remarked_on(given: float, said: list[str]) -> None:
    inbox = {**SETTINGS["inboxes"][0], "name": "line-1", "model": model()["name"], "min_confidence": given}
    remarks = remarks_on_inboxes(Settings.from_context({**MINIMAL, "inboxes": [inbox]}).inboxes)
    assert [one.partition(":")[0] + ":" + one.split(":")[1] for one in remarks] == said
