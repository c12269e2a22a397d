"""What ``cdk.json`` says of the models: written into the bundle at synth, read by the functions.

It is a file of the bundle and no environment variable because those end at 4 KB, some 20 models. As part of the bundle
it belongs to a function's version: an execution in flight ends on the configuration it began with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lifecycle.pricing import DEFAULT_INFERENCE_UNIT_HOUR

FILE = "configuration.json"


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
    lease_minutes: int = 120


@dataclass(frozen=True, slots=True)
class Configuration:
    """The models by name, and what an inference unit costs an hour in USD."""

    models: Mapping[str, Model]
    inference_unit_hour_usd: float = DEFAULT_INFERENCE_UNIT_HOUR

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
    )
