"""Amazon Rekognition Custom Labels: projects, model versions and their statuses, as the service documents them.

State only: time comes from a clock that is passed in, requests and errors over the wire are ``custom_labels_api``'s.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

# The 14 statuses of https://docs.aws.amazon.com/rekognition/latest/APIReference/API_ProjectVersionDescription.html
STATUSES = (
    "TRAINING_IN_PROGRESS", "TRAINING_COMPLETED", "TRAINING_FAILED", "STARTING", "RUNNING", "FAILED", "STOPPING",
    "STOPPED", "DELETING", "COPYING_IN_PROGRESS", "COPYING_COMPLETED", "COPYING_FAILED", "DEPRECATED", "EXPIRED",
)  # fmt: skip
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

GOOD_F1 = 0.9

DETECT = "DetectCustomLabels"
"""The one operation with a quota of its own."""
PAGE_SIZE = 100
_VERSION_ARN = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):rekognition:(?P<region>[a-z\d-]+):(?P<account>\d{12}):"
    r"project/(?P<project>[\w.-]{1,255})/version/(?P<version>[\w.-]{1,255})/\d+"
)


@dataclass(frozen=True)
class Timing:
    """How long the timed statuses last, in seconds; where AWS takes minutes."""

    training: float = 2
    starting: float = 12
    stopping: float = 4


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


@dataclass
class Project:
    """A project and its versions, oldest first."""

    name: str
    arn: str
    created: float
    versions: list[Version] = field(default_factory=list)


@dataclass
class Version:
    """A model version. Times are seconds since the epoch; ``f1`` is what its training is, or will be, evaluated to."""

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


class CustomLabels:
    """The service in one account and Region. All methods may be called from any thread.

    Parameters
    ----------
    region
        The Region of its ARNs.
    account_id
        The account of its ARNs.
    timing
        Can be replaced at run time; takes effect for statuses under way too.
    quotas
        Can be replaced at run time.
    clock
        Seconds since the epoch.

    """

    def __init__(
        self,
        *,
        region: str,
        account_id: str,
        timing: Timing | None = None,
        quotas: Quotas | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.timing = timing or Timing()
        self.quotas = quotas or Quotas()
        self._clock = clock
        self._arn = f"arn:aws:rekognition:{region}:{account_id}:project"
        self._ids = itertools.count(int(clock() * 1000))
        self._projects: dict[str, Project] = {}
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.RLock()

    # For tests and the CLI

    def seed(
        self, project_version_arn: str, status: str = "STOPPED", *, f1: float = GOOD_F1, created: float | None = None
    ) -> Version:
        """Let a trained model version of exactly this ARN exist, and its project; one that is there stays as it is.

        Parameters
        ----------
        f1
            Its F1 score, 0 to 1.
        created
            When, in seconds since the epoch; without: now.

        Raises
        ------
        ValueError
            The ARN is not a model version's.

        """
        named = _VERSION_ARN.fullmatch(project_version_arn)
        if named is None:
            raise ValueError(f"not the ARN of a Custom Labels model version: {project_version_arn}")
        with self._lock:
            if (version := self._find(project_version_arn)) is None:
                prefix = project_version_arn.partition("/version/")[0]
                project = self._projects.setdefault(
                    named["project"], Project(named["project"], f"{prefix}/{next(self._ids)}", self._clock())
                )
                now = self._clock()
                began = now if created is None else created
                version = Version(named["version"], project_version_arn, began, status, now, trained=began, f1=f1)
                project.versions.append(version)
                project.versions.sort(key=lambda one: one.created)  # stable: who came first stays first
            return version

    def put(
        self, project_version_arn: str, status: str, status_message: str | None = None, *, f1: float | None = None
    ) -> Version:
        """Put a seeded model version into any status, from now on; its F1 score stays unless another is given.

        Raises
        ------
        ValueError
            There is no such status.
        CustomLabelsError
            There is no such version.

        """
        if status not in STATUSES:
            raise ValueError(f"no such status: {status}; it is one of {', '.join(STATUSES)}")
        with self._lock:
            version = self._version(project_version_arn)
            version.status, version.since, version.status_message = status, self._clock(), status_message
            version.f1 = version.f1 if f1 is None else f1
            return version

    def clear(self) -> None:
        """Forget every project."""
        with self._lock:
            self._projects.clear()

    def versions(self) -> list[Version]:
        """Every model version, with its status as of now."""
        with self._lock:
            return [self._settled(version) for project in self._projects.values() for version in project.versions]

    # The service's operations

    def throttle(self, operation: str) -> None:
        """Count a call. Raises when there were too many within the last second."""
        quota, code = self.quotas.calls_per_second, "ThrottlingException"
        if operation == DETECT:
            # "The number of requests exceeded your throughput limit": which of the two it is, is not documented.
            quota, code = self.quotas.detections_per_second, "ProvisionedThroughputExceededException"
        with self._lock:
            now, calls = self._clock(), self._calls[operation]
            while calls and calls[0] <= now - 1:
                calls.popleft()
            if len(calls) >= quota:
                raise CustomLabelsError(code, "Rate exceeded")
            calls.append(now)

    def create_project(self, name: str) -> Project:
        """Create an empty project."""
        with self._lock:
            if name in self._projects:
                raise CustomLabelsError("ResourceInUseException", f"A project with the name {name} already exists.")
            project = Project(name, f"{self._arn}/{name}/{next(self._ids)}", self._clock())
            self._projects[name] = project
            return project

    def create_project_version(self, project_arn: str, name: str) -> Version:
        """Begin to train a version."""
        with self._lock:
            project = self._project(project_arn)
            if any(version.name == name for version in project.versions):
                raise CustomLabelsError("ResourceInUseException", f"A version with the name {name} already exists.")
            now = self._clock()
            arn = f"{self._arn}/{project.name}/version/{name}/{next(self._ids)}"
            version = Version(name, arn, now, "TRAINING_IN_PROGRESS", now)
            project.versions.append(version)
            return version

    def describe_projects(
        self, names: Sequence[str] | None, page_size: int | None, token: str | None
    ) -> tuple[list[Project], str | None]:
        """A page of projects, oldest first, and the token of the next; unknown names are left out."""
        with self._lock:
            projects = [project for project in self._projects.values() if names is None or project.name in names]
            return _page(projects, page_size, token, ["projects", *(names or ())])

    def describe_project_versions(
        self, project_arn: str, names: Sequence[str] | None, page_size: int | None, token: str | None
    ) -> tuple[list[Version], str | None]:
        """A page of a project's versions, latest first, and the token of the next; unknown names are left out."""
        with self._lock:
            versions = reversed(self._project(project_arn).versions)
            wanted = [self._settled(version) for version in versions if names is None or version.name in names]
            return _page(wanted, page_size, token, [project_arn, *(names or ())])

    def start_project_version(self, arn: str, min_units: int, max_units: int | None) -> Version:
        """Begin to start a version."""
        with self._lock:
            version = self._version(arn)
            if max_units is not None and max_units < min_units:
                raise CustomLabelsError("InvalidParameterException", "MaxInferenceUnits is below MinInferenceUnits.")
            if version.status not in STARTABLE:
                raise CustomLabelsError("ResourceInUseException", f"The model is in the status {version.status}.")
            if max(min_units, max_units or 0) > self.quotas.inference_units:
                quota = self.quotas.inference_units
                raise CustomLabelsError("LimitExceededException", f"A model can use at most {quota} inference units.")
            running = sum(other.status in COUNTS_AS_RUNNING for other in self.versions())
            if running >= self.quotas.running_models:
                raise CustomLabelsError("LimitExceededException", f"{running} models are running, which is the quota.")
            version.status, version.since, version.status_message = "STARTING", self._clock(), None
            version.min_inference_units, version.max_inference_units = min_units, max_units
            return version

    def stop_project_version(self, arn: str) -> Version:
        """Begin to stop a version."""
        with self._lock:
            version = self._version(arn)
            if version.status not in STOPPABLE:
                raise CustomLabelsError("ResourceInUseException", f"The model is in the status {version.status}.")
            version.status, version.since, version.status_message = "STOPPING", self._clock(), None
            return version

    def use(self, arn: str) -> Version:
        """A version that can look at images: it has to be RUNNING."""
        with self._lock:
            version = self._version(arn)
            if version.status != "RUNNING":
                raise CustomLabelsError("ResourceNotReadyException", f"The model is in the status {version.status}.")
            return version

    def _project(self, arn: str) -> Project:
        for project in self._projects.values():
            if project.arn == arn:
                return project
        raise CustomLabelsError("ResourceNotFoundException", f"The project {arn} was not found.")

    def _version(self, arn: str) -> Version:
        if version := self._find(arn):
            return version
        raise CustomLabelsError("ResourceNotFoundException", f"The project version {arn} was not found.")

    def _find(self, arn: str) -> Version | None:
        return next((version for version in self.versions() if version.arn == arn), None)

    def _settled(self, version: Version) -> Version:
        """The version, after the timed transitions that are due."""
        while version.status in TRANSITIONS:
            length, following = TRANSITIONS[version.status]
            ends = version.since + getattr(self.timing, length)
            if self._clock() < ends:
                break
            if version.status == "TRAINING_IN_PROGRESS":
                version.trained = ends
            version.status, version.since = following, ends
        return version


def _page(found: list[Any], size: int | None, token: str | None, query: list[str]) -> tuple[list[Any], str | None]:
    """Cut a page out; a token holds where to go on, and of which query."""
    begin = 0
    if token is not None:
        try:
            begin, asked = json.loads(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError, TypeError):
            asked = None
        if asked != query:
            raise CustomLabelsError("InvalidPaginationTokenException", "Pagination token is not valid")
    end = begin + (size or PAGE_SIZE)
    following = base64.b64encode(json.dumps([end, query]).encode()).decode() if end < len(found) else None
    return found[begin:end], following
