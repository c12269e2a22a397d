"""Amazon Rekognition Custom Labels: projects, model versions and their statuses, as the service documents them.

State only: time comes from a clock that is passed in, requests and errors over the wire are ``custom_labels_api``'s.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from emulator.model_versions import (
    CONTENT_MODERATION,
    COPYABLE,
    COUNTS_AS_RUNNING,
    CUSTOM_LABELS,
    GOOD_F1,
    NOT_DELETABLE,
    NOT_TRAINED,
    STARTABLE,
    STATUSES,
    STOPPABLE,
    TRANSITIONS,
    CustomLabelsError,
    Project,
    Quotas,
    Timing,
    Version,
    page,
)

__all__ = [
    "DETECT", "GOOD_F1", "NOT_TRAINED", "STARTABLE", "STATUSES", "STOPPABLE", "TRANSITIONS", "CustomLabels",
    "CustomLabelsError", "Project", "Quotas", "Timing", "Version",
]  # fmt: skip

DETECT = "DetectCustomLabels"
"""The one operation with a quota of its own."""
_VERSION_ARN = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):rekognition:(?P<region>[a-z\d-]+):(?P<account>\d{12}):"
    r"project/(?P<project>[\w.-]{1,255})/version/(?P<version>[\w.-]{1,255})/\d+"
)


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

    Attributes
    ----------
    lock
        For what looks at, or changes, more than one thing.

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
        self.lock = threading.RLock()
        self._region = region
        self._clock = clock
        self._arn = f"arn:aws:rekognition:{region}:{account_id}:project"
        self._ids = itertools.count(int(clock() * 1000))
        self._projects: dict[str, Project] = {}
        self._calls: dict[str, deque[float]] = defaultdict(deque)

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
        with self.lock:
            if (version := self._find(project_version_arn)) is None:
                prefix = project_version_arn.partition("/version/")[0]
                project = self._projects.setdefault(
                    named["project"], Project(named["project"], f"{prefix}/{next(self._ids)}", self._clock())
                )
                now = self._clock()
                began = now if created is None else created
                output = {"S3Bucket": f"custom-labels-console-{self._region}", "S3KeyPrefix": "evaluation"}
                asked = {"OutputConfig": output}
                version = Version(
                    named["version"], project_version_arn, began, status, now, trained=began, f1=f1, asked=asked
                )
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
        with self.lock:
            version = self._version(project_version_arn)
            self._change(version, status)
            version.status_message, version.deleted = status_message, False
            version.f1 = version.f1 if f1 is None else f1
            return version

    def clear(self) -> None:
        """Forget every project."""
        with self.lock:
            self._projects.clear()

    def versions(self) -> list[Version]:
        """Every model version, with its status as of now."""
        with self.lock:
            return [version for project in self._current().values() for version in project.versions]

    # The service's operations

    def throttle(self, operation: str) -> None:
        """Count a call. Raises when there were too many within the last second."""
        quota, code = self.quotas.calls_per_second, "ThrottlingException"
        if operation == DETECT:
            # "The number of requests exceeded your throughput limit": which of the two it is, is not documented.
            quota, code = self.quotas.detections_per_second, "ProvisionedThroughputExceededException"
        with self.lock:
            now, calls = self._clock(), self._calls[operation]
            while calls and calls[0] <= now - 1:
                calls.popleft()
            if len(calls) >= quota:
                raise CustomLabelsError(code, "Rate exceeded")
            calls.append(now)

    def create_project(
        self,
        name: str,
        feature: str = CUSTOM_LABELS,
        *,
        auto_update: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Project:
        """Create an empty project."""
        with self.lock:
            if name in self._current():
                raise CustomLabelsError("ResourceInUseException", f"A project with the name {name} already exists.")
            if auto_update is not None and feature != CONTENT_MODERATION:
                raise CustomLabelsError("InvalidParameterException", "AutoUpdate is for CONTENT_MODERATION projects.")
            if feature == CONTENT_MODERATION:
                auto_update = auto_update or "DISABLED"
            arn = f"{self._arn}/{name}/{self.number()}"
            project = Project(name, arn, self.now(), feature, auto_update, {**(tags or {})})
            self._projects[name] = project
            return project

    def delete_project(self, arn: str) -> Project:
        """Begin to delete a project, which may have no versions and datasets."""
        with self.lock:
            project = self.project(arn)
            if project.versions or project.datasets or project.deleted is not None:
                has = "is being deleted" if project.deleted is not None else "has models or datasets"
                raise CustomLabelsError("ResourceInUseException", f"The project {has}.")
            project.deleted = self.now()
            return project

    def create_project_version(self, project_arn: str, name: str, asked: Mapping[str, Any] | None = None) -> Version:
        """Begin to train a version."""
        return self._add(project_arn, name, "TRAINING_IN_PROGRESS", asked or {})

    def copy_project_version(
        self, source: str, into: tuple[str, str], project: str, asked: Mapping[str, Any]
    ) -> Version:
        """Begin to copy a version.

        Parameters
        ----------
        source
            The version's ARN.
        into
            The ARN of the project that gets the copy, and the copy's name.
        project
            The ARN of the source's project.
        asked
            What the copy's descriptions repeat.

        """
        with self.lock:
            original = self._version(source)
            if original not in self.project(project).versions:
                raise CustomLabelsError("ResourceNotFoundException", f"{project} has no version {source}.")
            self._needs_custom_labels(original, "copied")
            if original.status not in COPYABLE:
                raise CustomLabelsError("ResourceInUseException", f"The model is in the status {original.status}.")
            copy = self._add(*into, "COPYING_IN_PROGRESS", asked)
            copy.source, copy.trained, copy.f1 = source, original.trained, original.f1
            return copy

    def delete_project_version(self, arn: str) -> Version:
        """Begin to delete a version."""
        with self.lock:
            version = self._version(arn)
            if version.status in NOT_DELETABLE:
                raise CustomLabelsError("ResourceInUseException", f"The model is in the status {version.status}.")
            self._change(version, "DELETING")
            version.deleted = True
            return version

    def describe_projects(
        self,
        names: Sequence[str] | None,
        page_size: int | None,
        token: str | None,
        features: Collection[str] = (CUSTOM_LABELS,),
    ) -> tuple[list[Project], str | None]:
        """A page of projects, oldest first, and the token of the next; unknown names are left out."""
        with self.lock:
            named = [one for one in self._current().values() if names is None or one.name in names]
            projects = [project for project in named if project.feature in features]
            return page(projects, page_size, token, ["projects", *sorted(features), *(names or ())])

    def describe_project_versions(
        self, project_arn: str, names: Sequence[str] | None, page_size: int | None, token: str | None
    ) -> tuple[list[Version], str | None]:
        """A page of a project's versions, latest first, and the token of the next; unknown names are left out."""
        with self.lock:
            versions = reversed(self.project(project_arn).versions)
            wanted = [version for version in versions if names is None or version.name in names]
            return page(wanted, page_size, token, [project_arn, *(names or ())])

    def start_project_version(self, arn: str, min_units: int, max_units: int | None) -> Version:
        """Begin to start a version."""
        with self.lock:
            version = self._version(arn)
            self._needs_custom_labels(version, "started")
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
            self._change(version, "STARTING")
            version.min_inference_units, version.max_inference_units = min_units, max_units
            return version

    def stop_project_version(self, arn: str) -> Version:
        """Begin to stop a version."""
        with self.lock:
            version = self._version(arn)
            self._needs_custom_labels(version, "stopped")
            if version.status not in STOPPABLE:
                raise CustomLabelsError("ResourceInUseException", f"The model is in the status {version.status}.")
            self._change(version, "STOPPING")
            return version

    def use(self, arn: str) -> Version:
        """A version that can look at images: it has to be RUNNING."""
        with self.lock:
            version = self._version(arn)
            self._needs_custom_labels(version, "used for labels")
            if version.status != "RUNNING":
                raise CustomLabelsError("ResourceNotReadyException", f"The model is in the status {version.status}.")
            return version

    # For what belongs to projects: datasets, policies, tags

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def number(self) -> int:
        """A number that no other ARN has."""
        return next(self._ids)

    def projects(self) -> list[Project]:
        """Every project, as of now."""
        with self.lock:
            return [*self._current().values()]

    def project(self, arn: str) -> Project:
        """The project of an ARN, as of now."""
        for project in self._current().values():
            if project.arn == arn:
                return project
        raise CustomLabelsError("ResourceNotFoundException", f"The project {arn} was not found.")

    def _add(self, project_arn: str, name: str, status: str, asked: Mapping[str, Any]) -> Version:
        with self.lock:
            project, now = self.project(project_arn), self.now()
            if project.deleted is not None:
                raise CustomLabelsError("ResourceInUseException", "The project is being deleted.")
            if any(version.name == name for version in project.versions):
                raise CustomLabelsError("ResourceInUseException", f"A version with the name {name} already exists.")
            arn = f"{self._arn}/{project.name}/version/{name}/{self.number()}"
            version = Version(
                name, arn, now, status, now, feature=project.feature, asked=asked, tags={**asked.get("Tags", {})}
            )
            project.versions.append(version)
            return version

    def _change(self, version: Version, status: str) -> None:
        version.status, version.since, version.status_message = status, self.now(), None

    def _needs_custom_labels(self, version: Version, done: str) -> None:
        if version.feature != CUSTOM_LABELS:
            raise CustomLabelsError("InvalidParameterException", f"An adapter of {version.feature} can't be {done}.")

    def _version(self, arn: str) -> Version:
        if version := self._find(arn):
            return version
        raise CustomLabelsError("ResourceNotFoundException", f"The project version {arn} was not found.")

    def _find(self, arn: str) -> Version | None:
        return next((version for version in self.versions() if version.arn == arn), None)

    def _current(self) -> dict[str, Project]:
        """The projects by name, after the timed transitions that are due, without what is deleted by now."""
        now, timing = self.now(), self.timing
        for project in [*self._projects.values()]:
            project.versions = [one for one in project.versions if not self._settled(one)]
            for dataset in project.datasets:
                dataset.settle(now, timing.dataset)
            project.datasets = [
                one for one in project.datasets if one.deleted is None or now < one.deleted + timing.deleting
            ]
            if project.deleted is not None and now >= project.deleted + timing.deleting:
                del self._projects[project.name]
        return self._projects

    def _settled(self, version: Version) -> bool:
        """Let the timed transitions that are due happen, and say whether that was the version's end."""
        while version.status in TRANSITIONS or (version.source and version.status == "COPYING_IN_PROGRESS"):
            length, following = TRANSITIONS.get(version.status, ("copying", "COPYING_COMPLETED"))
            ends = version.since + getattr(self.timing, length)
            if self.now() < ends:
                break
            if version.status == "TRAINING_IN_PROGRESS":
                version.trained = ends
            version.status, version.since = following, ends
        return version.deleted and self.now() >= version.since + self.timing.deleting
