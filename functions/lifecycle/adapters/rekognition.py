"""Amazon Rekognition Custom Labels: the adapter of ``ports.Models``. The one place that reads its errors."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lifecycle.adapters.aws import DENIED, ErrorTable, errors_of
from lifecycle.errors import InvalidRequest, LifecycleError, ModelNotFound, NoAnswer, ServiceUnavailable
from lifecycle.model.decisions import Refusal
from lifecycle.model.version import InUse, ModelVersion, ProjectVersions
from lifecycle.ports import ChooseProjects, every_project
from lifecycle.shared.arns import VersionArn

if TYPE_CHECKING:
    from types_boto3_rekognition import RekognitionClient
    from types_boto3_rekognition.type_defs import ProjectVersionDescriptionTypeDef

_ERRORS: ErrorTable = {
    **DENIED,
    # API reference of StartProjectVersion, DescribeProjectVersions, DescribeProjects: their errors
    "ResourceNotFoundException": ModelNotFound,
    "InvalidParameterException": InvalidRequest,
    "ValidationException": InvalidRequest,  # "Common Errors": a parameter that its shape refuses
    "ThrottlingException": ServiceUnavailable,
    "ProvisionedThroughputExceededException": ServiceUnavailable,
    "InternalServerError": ServiceUnavailable,
    "InvalidPaginationTokenException": ServiceUnavailable,  # the retry begins with the first page again
}

_REFUSALS: Mapping[str, Refusal] = {
    "ResourceInUseException": Refusal.IN_USE,
    "LimitExceededException": Refusal.NO_CAPACITY,
}
PACE = 0.25
"""Seconds before each call of a series: 4 a second at the most, of 5 (Amazon Rekognition endpoints and quotas)."""
IN_USE_BUDGET = 15
"""Seconds after which what was read has to do: half of the function's timeout."""
_HOLDS_CAPACITY = frozenset({"STARTING", "RUNNING", "STOPPING"})


def alone(operation: str) -> None:
    """Wait before an operation as if nobody else called it."""
    if operation == "DescribeProjectVersions":  # the only one that comes in a series
        time.sleep(PACE)


class Rekognition:
    """``ports.Models`` on boto3.

    Parameters
    ----------
    client : RekognitionClient
        Made with ``aws.CLIENT_CONFIG``.
    pace : callable
        Waits until an operation may be called: all but ``describe``, of which Check waits for its turn before it reads
        the item, and starts and stops, which follow such a status check.
    """

    def __init__(self, client: "RekognitionClient", pace: Callable[[str], object] = alone) -> None:
        self._client = client
        self._pace = pace

    def project_arn(self, project_version_arn: str) -> str:
        """The ARN of a version's project, which the version's ARN does not contain."""
        name = VersionArn.parse(project_version_arn).project_name
        self._pace("DescribeProjects")
        with errors_of("DescribeProjects", errors=_ERRORS, arn=project_version_arn):
            projects = self._client.describe_projects(ProjectNames=[name])["ProjectDescriptions"]
        arns = [project["ProjectArn"] for project in projects if project["ProjectArn"].split("/")[1] == name]
        if not arns:
            raise ModelNotFound(
                f"There is no Custom Labels project {name!r} in this account and Region.",
                project_version_arn=project_version_arn,
            )
        return arns[0]

    def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
        """The version as it is now: the description with exactly this ARN, never just the first."""
        name = VersionArn.parse(project_version_arn).version_name
        with errors_of("DescribeProjectVersions", errors=_ERRORS, arn=project_version_arn):
            pages = self._client.get_paginator("describe_project_versions").paginate(
                ProjectArn=project_arn, VersionNames=[name]
            )
            for page in pages:
                for description in page["ProjectVersionDescriptions"]:
                    if description["ProjectVersionArn"] == project_version_arn:
                        return _model_version(description)
        raise ModelNotFound(
            f"The project has no version {name!r} with this ARN: it was deleted, or the ARN's number is another.",
            project_version_arn=project_version_arn,
        )

    def start(self, project_version_arn: str, min_units: int, max_units: int | None) -> Refusal | None:
        """Request a start; None where it was accepted."""
        auto_scaling = {"MaxInferenceUnits": max_units} if max_units is not None else {}
        with errors_of("StartProjectVersion", errors=_ERRORS, arn=project_version_arn, no_answer=NoAnswer):
            try:
                self._client.start_project_version(
                    ProjectVersionArn=project_version_arn, MinInferenceUnits=min_units, **auto_scaling
                )
            except ClientError as error:
                if refusal := _REFUSALS.get(error.response["Error"]["Code"]):
                    return refusal
                raise
        return None

    def stop(self, project_version_arn: str) -> Refusal | None:
        """Request a stop; None where it was accepted."""
        with errors_of("StopProjectVersion", errors=_ERRORS, arn=project_version_arn, no_answer=NoAnswer):
            try:
                self._client.stop_project_version(ProjectVersionArn=project_version_arn)
            except ClientError as error:
                if refusal := _REFUSALS.get(error.response["Error"]["Code"]):
                    return refusal
                raise
        return None

    def versions_of(self, project_name: str) -> Sequence[ModelVersion]:
        """The versions of one project."""
        self._pace("DescribeProjects")
        with errors_of("DescribeProjects", errors=_ERRORS):
            projects = self._client.describe_projects(ProjectNames=[project_name])["ProjectDescriptions"]
        for project in projects:
            if project["ProjectArn"].split("/")[1] == project_name:
                with errors_of("DescribeProjectVersions", errors=_ERRORS):
                    return list(self._described(project["ProjectArn"]))
        raise ModelNotFound(f"There is no Custom Labels project {project_name!r} in this account and Region.")

    def versions(self, projects: Collection[str], choose: ChooseProjects = every_project) -> Iterator[ProjectVersions]:
        """The versions of these projects, by name; of all where it is ``*``.

        A project that can't be read says so, and the others are read all the same. Paced.
        """
        with errors_of("DescribeProjects", errors=_ERRORS):
            pages = list(self._client.get_paginator("describe_projects").paginate())
        arns = [project["ProjectArn"] for page in pages for project in page["ProjectDescriptions"]]
        named = {arn.split("/")[1]: arn for arn in arns}
        for name in choose([name for name in named if "*" in projects or name in projects]):
            yield self._versions_of(name, named[name])

    def in_use(self) -> InUse:
        """The versions that hold capacity, over all projects that can be read.

        It serves a message, so it answers what it has where a call fails half way, such as by throttling.
        """
        models: list[ModelVersion] = []
        give_up_at = time.monotonic() + IN_USE_BUDGET
        try:
            with errors_of("DescribeProjectVersions", errors=_ERRORS):
                for page in self._client.get_paginator("describe_projects").paginate():
                    for project in page["ProjectDescriptions"]:
                        if time.monotonic() > give_up_at:
                            return InUse(models, complete=False)
                        versions = self._described(project["ProjectArn"])
                        models += (version for version in versions if version.status in _HOLDS_CAPACITY)
        except LifecycleError:
            return InUse(models, complete=False)
        return InUse(models, complete=True)

    def _versions_of(self, name: str, project_arn: str) -> ProjectVersions:
        try:
            with errors_of("DescribeProjectVersions", errors=_ERRORS):
                return ProjectVersions(name, list(self._described(project_arn)))
        except LifecycleError as error:
            return ProjectVersions(name, None, error.message)

    def _described(self, project_arn: str) -> Iterator[ModelVersion]:
        self._pace("DescribeProjectVersions")
        for page in self._client.get_paginator("describe_project_versions").paginate(ProjectArn=project_arn):
            for description in page["ProjectVersionDescriptions"]:
                yield _model_version(description)
            if "NextToken" in page:
                self._pace("DescribeProjectVersions")


def _model_version(description: "ProjectVersionDescriptionTypeDef") -> ModelVersion:
    return ModelVersion(
        project_version_arn=description["ProjectVersionArn"],
        status=description["Status"],
        status_message=description.get("StatusMessage"),
        min_inference_units=description.get("MinInferenceUnits"),
        max_inference_units=description.get("MaxInferenceUnits"),
        created_at=description.get("CreationTimestamp"),
        f1_score=description.get("EvaluationResult", {}).get("F1Score"),
    )
