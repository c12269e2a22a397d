"""What Custom Labels has of projects and model versions: their statuses, how long these last, quotas, and errors."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from emulator.datasets import Dataset

Item = TypeVar("Item")

CUSTOM_LABELS, CONTENT_MODERATION = "CUSTOM_LABELS", "CONTENT_MODERATION"
"""What a project is for: models of one's own, or adapters, which are trained but never started."""
# The statuses of https://docs.aws.amazon.com/rekognition/latest/APIReference/API_ProjectVersionDescription.html
# and the StatusMessage of each: the first two as AWS's own examples have them, the others as they might be.
STATUSES = {
    "TRAINING_IN_PROGRESS": "The model is being trained.",
    "TRAINING_COMPLETED": "The model is ready to run.",
    "TRAINING_FAILED": "The model failed to train.",
    "STARTING": "The model is being started.",
    "RUNNING": "The model is running.",
    "FAILED": "The model failed.",
    "STOPPING": "The model is being stopped.",
    "STOPPED": "The model is stopped.",
    "DELETING": "The model is being deleted.",
    "COPYING_IN_PROGRESS": "The model is being copied.",
    "COPYING_COMPLETED": "The model is ready to run.",
    "COPYING_FAILED": "The model failed to copy.",
    "DEPRECATED": "The model is deprecated.",
    "EXPIRED": "The model has expired.",
}
# A status that ends by itself: what `Timing` calls its length, and what follows.
TRANSITIONS = {
    "TRAINING_IN_PROGRESS": ("training", "TRAINING_COMPLETED"),
    "STARTING": ("starting", "RUNNING"),
    "STOPPING": ("stopping", "STOPPED"),
}
# Assumptions, all in one place: the service only says "already being used", and "concurrently running".
STARTABLE = {"TRAINING_COMPLETED", "STOPPED", "FAILED", "COPYING_COMPLETED"}
STOPPABLE = {"RUNNING"}
COUNTS_AS_RUNNING = {"STARTING", "RUNNING", "STOPPING"}
NOT_TRAINED = {"TRAINING_IN_PROGRESS", "TRAINING_FAILED"}
# "You can't delete a project version if it is running or if it is training"; the others are assumptions too.
NOT_DELETABLE = {*COUNTS_AS_RUNNING, "TRAINING_IN_PROGRESS", "COPYING_IN_PROGRESS", "DELETING"}
COPYABLE = {*STARTABLE, *COUNTS_AS_RUNNING}

GOOD_F1 = 0.9
PAGE_SIZE = 100


@dataclass(frozen=True)
class Timing:
    """How long the timed statuses last, in seconds; where AWS takes minutes.

    Attributes
    ----------
    copying
        Of a version that CopyProjectVersion makes.
    deleting
        Of projects, versions and datasets.
    dataset
        Until a dataset is created, updated, or split.

    """

    training: float = 2
    starting: float = 12
    stopping: float = 4
    copying: float = 2
    deleting: float = 1
    dataset: float = 1


@dataclass(frozen=True)
class Quotas:
    """The service's default quotas for an account and Region.

    Attributes
    ----------
    running_models
        Models that run at the same time.
    inference_units
        For one model.
    calls_per_second
        For each operation but DetectCustomLabels.
    detections_per_second
        Calls of DetectCustomLabels.

    """

    running_models: int = 2
    inference_units: int = 5
    calls_per_second: int = 5
    detections_per_second: int = 50


class CustomLabelsError(Exception):
    """An error that the service documents; ``code`` is its name on the wire."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Policy:
    """A project's policy, which lets another account copy its versions. Times are seconds since the epoch."""

    name: str
    document: str
    revision: str
    created: float
    updated: float


@dataclass
class Project:
    """A project with its versions, oldest first, its datasets and its policies.

    Attributes
    ----------
    auto_update
        Of adapters alone: whether they are trained again when the service's own model changes.
    deleted
        When DeleteProject was called.

    """

    name: str
    arn: str
    created: float
    feature: str = CUSTOM_LABELS
    auto_update: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)
    deleted: float | None = None


@dataclass
class Version:
    """A model version. Times are seconds since the epoch.

    Attributes
    ----------
    f1
        What its training is, or will be, evaluated to.
    asked
        What CreateProjectVersion or CopyProjectVersion was given that descriptions repeat, in the service's words.
    source
        The ARN of the version that it is a copy of.
    deleted
        Whether DeleteProjectVersion was called: then DELETING ends.

    """

    name: str
    arn: str
    created: float
    status: str
    since: float
    status_message: str | None = None
    min_inference_units: int | None = None
    max_inference_units: int | None = None
    trained: float | None = None
    f1: float = GOOD_F1
    feature: str = CUSTOM_LABELS
    tags: dict[str, str] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    deleted: bool = False


def page(
    found: Sequence[Item], size: int | None, token: str | None, query: Sequence[object]
) -> tuple[list[Item], str | None]:
    """Cut a page out; the token of the next one holds where to go on, and of which query. No token is an empty one.

    Raises
    ------
    CustomLabelsError
        InvalidPaginationTokenException: the token is of no, or of another query.

    """
    begin, asked = 0, [*query]
    if token:
        try:
            begin, of = json.loads(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError, TypeError):
            of = None
        if of != asked:
            raise CustomLabelsError("InvalidPaginationTokenException", "Pagination token is not valid")
    end = begin + (size or PAGE_SIZE)
    following = base64.b64encode(json.dumps([end, asked]).encode()).decode() if end < len(found) else None
    return [*found[begin:end]], following
