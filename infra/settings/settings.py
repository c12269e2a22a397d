"""The settings of ``cdk.json``: read once, checked whole, typed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.settings.event_rules import problems_of_event_rules
from infra.settings.recipients import Recipient, problems_of_recipients, recipient
from infra.settings.schedules import problems_of_schedules, schedule_of
from lifecycle.configuration import DetectBatch, Model, Schedule
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.json_schema import Validator
from lifecycle.shared.pricing import INFERENCE_UNIT_HOUR, inference_unit_hour
from lifecycle.shared.s3_location import Place

CONTEXT_KEY = "custom-labels-lifecycle"
STACK_NAME = "CustomLabelsLifecycle"
ROOT = Path(__file__).parents[2]
"""Where cdk.json is."""

CUSTOM_LABELS_REGIONS = frozenset(
    {
        "us-east-1",
        "us-east-2",
        "us-west-2",
        "eu-west-1",
        "eu-west-2",
        "eu-central-1",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "ap-northeast-2",
    }
)
"""Where Custom Labels is offered (AWS General Reference, Amazon Rekognition endpoints). boto3 lists 18 Regions for
Rekognition as a whole, so it can't be asked."""

_VALIDATOR = Validator(json.loads((Path(__file__).parent / "settings.schema.json").read_text("utf-8")))


_SWEEPING = ("sweep_minutes", "lease_warning_minutes", "unleased_models", "restart_when_down")


class SettingsError(Exception):
    """``cdk.json`` is wrong: every problem, each with its key."""

    def __init__(self, problems: Sequence[str]) -> None:
        lines = "\n".join(f"  {CONTEXT_KEY}.{problem}" for problem in problems)
        super().__init__(f"cdk.json, context:\n{lines}\nThe keys are described in infra/settings/settings.schema.json.")


@dataclass(frozen=True)
class SlackChannel:
    """A channel of a Slack workspace that was authorised once by hand."""

    workspace_id: str
    channel_id: str


@dataclass(frozen=True)
class TeamsChannel:
    """A channel of a Microsoft Teams team that was authorised once by hand."""

    tenant_id: str
    team_id: str
    channel_id: str


@dataclass(frozen=True)
class ChatChannels:
    """The channels that are told everything."""

    slack: tuple[SlackChannel, ...] = ()
    teams: tuple[TeamsChannel, ...] = ()


@dataclass(frozen=True)
class EventRule:
    """An event that starts a model, or releases its lease; one of ``model`` and the paths is there."""

    name: str
    pattern: Mapping[str, Any]
    event_bus: str = "default"
    action: str = "start"
    model: str | None = None
    model_path: str | None = None
    project_version_arn_path: str | None = None
    lease_id: str | None = None
    lease_minutes: int | None = None
    enabled: bool = True


@dataclass(frozen=True)
class TrustedPrincipal:
    """Somebody in another account who may start the state machines."""

    principal: str
    external_id: str


@dataclass(frozen=True)
class Settings:
    """What one deployment is made of; the keys are described in ``settings.schema.json``."""

    models: Mapping[str, Model]
    account: str
    region: str
    projects: tuple[str, ...] = ()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    disabled_schedules: frozenset[str] = frozenset()
    workloads: tuple[str, ...] = ()
    detect_batch: DetectBatch | None = None
    event_rules: tuple[EventRule, ...] = ()
    trusted_principals: tuple[TrustedPrincipal, ...] = ()
    notification_emails: tuple[Recipient, ...] = ()
    chat: ChatChannels | None = None
    runbook_url: str | None = None
    inference_unit_hour_usd: float = inference_unit_hour("us-east-1")
    price_is_assumed: bool = False
    monthly_budget_usd: float | None = None
    log_retention_days: int = 90
    bill_retention_days: int = 400
    calls_per_second: float = 4
    retain: bool = False
    on_destroy: str = "refuse"
    sweep_minutes: int = 5
    lease_warning_minutes: int = 15
    unleased_models: str = "notify"
    restart_when_down: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_context(cls, context: Any, *, folder: Path = ROOT, now: datetime | None = None) -> "Settings":
        """Check the context's ``custom-labels-lifecycle`` and give it types.

        Parameters
        ----------
        folder : Path
            That of cdk.json, from where it names files.
        now : datetime, optional
            Schedules are checked from then on.

        Raises
        ------
        SettingsError
            Naming every problem, each with its key.
        """
        now = now or datetime.now(UTC)
        if problems := _VALIDATOR.problems(context):
            raise SettingsError(problems)
        of_schedules = problems_of_schedules(context["models"], folder, now)
        if problems := [*_problems_between_settings(context), *of_schedules]:
            raise SettingsError(problems)
        home = _home(context)
        batch = context.get("detect_batch")
        return cls(
            models={model["name"]: _model(model) for model in context["models"]},
            account=home["account"],
            region=home["region"],
            projects=tuple(context.get("projects", ())),
            schedules={
                schedule["name"]: schedule_of(model["name"], schedule, folder, now)
                for model in context["models"]
                for schedule in model.get("schedules", ())
            },
            disabled_schedules=frozenset(
                schedule["name"]
                for model in context["models"]
                for schedule in model.get("schedules", ())
                if not schedule.get("enabled", True)
            ),
            workloads=tuple(context.get("workloads", ())),
            detect_batch=DetectBatch(**{**batch, "images": tuple(batch["images"])}) if batch else None,
            event_rules=tuple(EventRule(**rule) for rule in context.get("event_rules", ())),
            trusted_principals=tuple(TrustedPrincipal(**one) for one in context.get("trusted_principals", ())),
            notification_emails=tuple(map(recipient, context.get("notification_emails", ()))),
            chat=_chat(context.get("chat", {})),
            runbook_url=context.get("runbook_url"),
            inference_unit_hour_usd=float(context.get("inference_unit_hour_usd", inference_unit_hour(home["region"]))),
            price_is_assumed="inference_unit_hour_usd" not in context and home["region"] not in INFERENCE_UNIT_HOUR,
            monthly_budget_usd=context.get("monthly_budget_usd"),
            log_retention_days=context.get("log_retention_days", 90),
            bill_retention_days=context.get("bill_retention_days", 400),
            calls_per_second=context.get("calls_per_second", 4),
            retain=context.get("removal_policy") == "retain",
            on_destroy=context.get("on_destroy", "refuse"),
            tags=context.get("tags", {}),
            **{name: context[name] for name in _SWEEPING if name in context},
        )


def _model(model: Mapping[str, Any]) -> Model:
    return Model(**{name: value for name, value in model.items() if name not in {"name", "version", "schedules"}})


def _chat(chat: Mapping[str, Any]) -> ChatChannels | None:
    slack = tuple(SlackChannel(**channel) for channel in chat.get("slack", ()))
    teams = tuple(TeamsChannel(**channel) for channel in chat.get("teams", ()))
    return ChatChannels(slack, teams) if slack or teams else None


def _home(context: Mapping[str, Any]) -> dict[str, str]:
    """Account and Region: of the models' ARNs, else as configured."""
    arns = (model["project_version_arn"] for model in context["models"] if "project_version_arn" in model)
    version = next((VersionArn.parse(arn) for arn in arns), None)
    return {part: getattr(version, part) if version else context[part] for part in ("account", "region")}


def _problems_between_settings(context: Mapping[str, Any]) -> list[str]:
    """What a JSON Schema can't say."""
    checks = (
        _problems_of_models,
        _problems_of_home,
        _problems_of_batch,
        lambda given: problems_of_event_rules(given, STACK_NAME),
        problems_of_recipients,
    )
    return [problem for check in checks for problem in check(context)]


def _problems_of_models(context: Mapping[str, Any]) -> list[str]:
    problems = []
    for key in ("name", "project_version_arn", "project"):
        counts = Counter(model[key] for model in context["models"] if key in model)
        problems += [f"models: {key} {value!r} is there {n} times" for value, n in counts.items() if n > 1]
    for index, model in enumerate(context["models"]):
        if ("project_version_arn" in model) == ("project" in model):
            problems.append(f"models.{index}.project_version_arn, project: exactly one of the two is needed")
        if ("project" in model) != ("version" in model):
            problems.append(f'models.{index}.project, version: they go together, as in "version": "latest"')
        if "minimum_f1" in model and "project" not in model:
            problems.append(f"models.{index}.minimum_f1: is for a model with project and version only")
        low, high = model.get("min_inference_units", 1), model.get("max_inference_units")
        if high is not None and high < low:
            problems.append(f"models.{index}.max_inference_units: {high} is less than min_inference_units, {low}")
    return problems


def _problems_of_home(context: Mapping[str, Any]) -> list[str]:
    """Where the stack goes: one account and Region, and Custom Labels is there."""
    arns = [model["project_version_arn"] for model in context["models"] if "project_version_arn" in model]
    versions = [VersionArn.parse(arn) for arn in arns]
    problems = []
    for part in ("account", "region"):
        homes = sorted({getattr(version, part) for version in versions})
        if len(homes) > 1:
            problems.append(f"models: are in more than one {part} ({', '.join(homes)}); deploy one stack for each")
        if not homes and part not in context:
            problems.append(f"{part}: is needed, because no model has a project_version_arn that would say it")
        if homes and context.get(part, homes[0]) not in homes:
            problems.append(f"{part}: is {context[part]}, but the models are in {homes[0]}")
    regions = {version.region for version in versions} or {context.get("region", min(CUSTOM_LABELS_REGIONS))}
    problems += [
        f"models: {region} is not known to have Custom Labels ({', '.join(sorted(CUSTOM_LABELS_REGIONS))}); "
        "if it has by now, set allow_other_regions to true"
        for region in sorted(regions - CUSTOM_LABELS_REGIONS)
        if not context.get("allow_other_regions")
    ]
    return problems


def _problems_of_batch(context: Mapping[str, Any]) -> list[str]:
    """A batch that reads where it writes would take the results of the one before for images."""
    batch = context.get("detect_batch")
    if not batch:
        return []
    results = Place.parse(batch["results"])
    return [
        f"detect_batch.results: lies in {uri}, of detect_batch.images; keep results apart from images"
        for uri in batch["images"]
        if Place.parse(uri).holds(results)
    ]
