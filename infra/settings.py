"""The settings of ``cdk.json``: read once, checked whole, typed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifecycle.arns import VersionArn
from lifecycle.configuration import Model
from lifecycle.pricing import DEFAULT_INFERENCE_UNIT_HOUR
from lifecycle.validation import Validator

CONTEXT_KEY = "custom-labels-lifecycle"

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
        super().__init__(f"cdk.json, context:\n{lines}\nThe keys are described in infra/settings.schema.json.")


@dataclass(frozen=True)
class Settings:
    """What one deployment is made of; the keys are described in ``settings.schema.json``."""

    models: Mapping[str, Model]
    account: str
    region: str
    projects: tuple[str, ...] = ()
    notification_emails: tuple[str, ...] = ()
    inference_unit_hour_usd: float = DEFAULT_INFERENCE_UNIT_HOUR
    log_retention_days: int = 90
    retain: bool = False
    sweep_minutes: int = 5
    lease_warning_minutes: int = 15
    unleased_models: str = "notify"
    restart_when_down: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_context(cls, context: Any) -> "Settings":
        """Check the context's ``custom-labels-lifecycle`` and give it types.

        Raises
        ------
        SettingsError
            Naming every problem, each with its key.
        """
        if problems := _VALIDATOR.problems(context):
            raise SettingsError(problems)
        if problems := _problems_between_settings(context):
            raise SettingsError(problems)
        models = {model["name"]: _model(model) for model in context["models"]}
        home = VersionArn.parse(context["models"][0]["project_version_arn"])
        return cls(
            models=models,
            account=home.account,
            region=home.region,
            projects=tuple(context.get("projects", ())),
            notification_emails=tuple(context.get("notification_emails", ())),
            inference_unit_hour_usd=float(context.get("inference_unit_hour_usd", DEFAULT_INFERENCE_UNIT_HOUR)),
            log_retention_days=context.get("log_retention_days", 90),
            retain=context.get("removal_policy") == "retain",
            tags=context.get("tags", {}),
            **{name: context[name] for name in _SWEEPING if name in context},
        )


def _model(model: Mapping[str, Any]) -> Model:
    return Model(**{name: value for name, value in model.items() if name != "name"})


def _problems_between_settings(context: Mapping[str, Any]) -> list[str]:
    """What a JSON Schema can't say."""
    problems = []
    for key in ("name", "project_version_arn"):
        counts = Counter(model[key] for model in context["models"])
        problems += [f"models: {key} {value!r} is there {n} times" for value, n in counts.items() if n > 1]
    versions = {model["name"]: VersionArn.parse(model["project_version_arn"]) for model in context["models"]}
    for index, model in enumerate(context["models"]):
        low, high = model.get("min_inference_units", 1), model.get("max_inference_units")
        if high is not None and high < low:
            problems.append(f"models.{index}.max_inference_units: {high} is less than min_inference_units, {low}")
    for part in ("account", "region"):
        homes = sorted({getattr(version, part) for version in versions.values()})
        if len(homes) > 1:
            problems.append(f"models: are in more than one {part} ({', '.join(homes)}); deploy one stack for each")
    problems += [
        f"models: {region} is not known to have Custom Labels ({', '.join(sorted(CUSTOM_LABELS_REGIONS))}); "
        "if it has by now, set allow_other_regions to true"
        for region in sorted({version.region for version in versions.values()} - CUSTOM_LABELS_REGIONS)
        if not context.get("allow_other_regions")
    ]
    return problems
