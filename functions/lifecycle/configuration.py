"""What ``cdk.json`` says of the models: written into the bundle at synth, read by the functions.

It is a file of the bundle and no environment variable because those end at 4 KB, some 20 models. As part of the bundle
it belongs to a function's version: an execution in flight ends on the configuration it began with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from lifecycle.arns import VersionArn
from lifecycle.pricing import DEFAULT_INFERENCE_UNIT_HOUR

FILE = "configuration.json"
DEFAULT_LEASE_MINUTES = 120


@dataclass(frozen=True, slots=True)
class Model:
    """A model as configured.

    Parameters
    ----------
    project_version_arn : str
        The model version.
    min_inference_units, max_inference_units : int, optional
        Defaults for its starts; a maximum switches auto-scaling on.
    lease_minutes : int, optional
        Default for its starts.
    """

    project_version_arn: str
    min_inference_units: int = 1
    max_inference_units: int | None = None
    lease_minutes: int = DEFAULT_LEASE_MINUTES


class Unleased(StrEnum):
    """What happens to a model that runs although this app never had a lease on it."""

    NOTIFY = "notify"
    STOP = "stop"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of the sweep."""

    lease_warning: timedelta = timedelta(minutes=15)
    unleased_models: Unleased = Unleased.NOTIFY
    restart_when_down: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """The models by name, what an inference unit costs an hour in USD, and how to sweep.

    Parameters
    ----------
    projects : tuple of str
        Names of further projects of which any version may be started; ``*`` stands for all.
    sweep_minutes : int
        How often the sweep comes.
    """

    models: Mapping[str, Model]
    inference_unit_hour_usd: float = DEFAULT_INFERENCE_UNIT_HOUR
    projects: tuple[str, ...] = ()
    sweep: Policy = field(default_factory=Policy)
    sweep_minutes: int = 5

    @property
    def swept_projects(self) -> frozenset[str]:
        """Names of the projects whose versions the sweep looks at."""
        arns = (model.project_version_arn for model in self.models.values())
        return frozenset(self.projects) | {VersionArn.parse(arn).project_name for arn in arns}

    def extension_minutes(self, model: str | None) -> int:
        """For how long a lease is extended by the command that people are told; an end is better than none."""
        configured = self.models.get(model or "")
        return (configured.lease_minutes if configured else 0) or DEFAULT_LEASE_MINUTES

    def manages(self, project_version_arn: str) -> bool:
        """Whether the sweep looks at a model version, and this app may stop it."""
        projects = self.swept_projects
        return "*" in projects or VersionArn.parse(project_version_arn).project_name in projects

    def name_of(self, project_version_arn: str) -> str | None:
        """The configured name of a model version, if it has one."""
        names = (name for name, model in self.models.items() if model.project_version_arn == project_version_arn)
        return next(names, None)


def load(bundle: Path) -> Configuration:
    """Read the configuration from the bundle's folder."""
    data = json.loads((bundle / FILE).read_text(encoding="utf-8"))
    return Configuration(
        models={name: Model(**model) for name, model in data["models"].items()},
        inference_unit_hour_usd=data["inference_unit_hour_usd"],
        projects=tuple(data["projects"]),
        sweep=Policy(
            lease_warning=timedelta(minutes=data["lease_warning_minutes"]),
            unleased_models=Unleased(data["unleased_models"]),
            restart_when_down=data["restart_when_down"],
        ),
        sweep_minutes=data["sweep_minutes"],
    )
