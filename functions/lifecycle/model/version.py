"""A model version as Amazon Rekognition reports it, and what is known of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model version as DescribeProjectVersions reports it."""

    project_version_arn: str
    status: str
    status_message: str | None = None
    min_inference_units: int | None = None
    max_inference_units: int | None = None
    created_at: datetime | None = None
    f1_score: float | None = None


@dataclass(frozen=True, slots=True)
class InUse:
    """The model versions that fill the quota of running models; ``complete`` where all projects could be read."""

    models: Sequence[ModelVersion]
    complete: bool


@dataclass(frozen=True, slots=True)
class ProjectVersions:
    """The versions of a project; None where they could not be read, with the reason."""

    project_name: str
    versions: Sequence[ModelVersion] | None
    problem: str | None = None
