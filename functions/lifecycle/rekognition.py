"""Amazon Rekognition Custom Labels: the adapter of ``ports.Models``. The one place that reads its errors."""

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lifecycle.arns import VersionArn
from lifecycle.aws import DENIED, ErrorTable, errors_of
from lifecycle.decisions import Refusal
from lifecycle.errors import InvalidRequest, LifecycleError, ModelNotFound, NoAnswer, ServiceUnavailable
from lifecycle.ports import InUse, ModelVersion

if TYPE_CHECKING:
    from types_boto3_rekognition import RekognitionClient
    from types_boto3_rekognition.type_defs import ProjectVersionDescriptionTypeDef

_ERRORS: ErrorTable = {
    **DENIED,
    # API reference of StartProjectVersion, DescribeProjectVersions, DescribeProjects: their errors
    "ResourceNotFoundException": ModelNotFound,
    "InvalidParameterException": InvalidRequest,
    "ThrottlingException": ServiceUnavailable,
    "ProvisionedThroughputExceededException": ServiceUnavailable,
    "InternalServerError": ServiceUnavailable,
    "InvalidPaginationTokenException": ServiceUnavailable,  # the retry begins with the first page again
}

_REFUSALS: Mapping[str, Refusal] = {
    "ResourceInUseException": Refusal.IN_USE,
    "LimitExceededException": Refusal.NO_CAPACITY,
}
IN_USE_PACE = 0.2
"""Seconds between two projects, each a call: within 5 calls a second (Amazon Rekognition endpoints and quotas)."""
IN_USE_BUDGET = 15
"""Seconds after which what was read has to do: half of the function's timeout."""
_HOLDS_CAPACITY = frozenset({"STARTING", "RUNNING", "STOPPING"})


class Rekognition:
    """``ports.Models`` on boto3.

    Parameters
    ----------
    client : RekognitionClient
        Made with ``aws.CLIENT_CONFIG``.
    """

    def __init__(self, client: "RekognitionClient") -> None:
        self._client = client

    def project_arn(self, project_version_arn: str) -> str:
        """The ARN of a version's project, which the version's ARN does not contain."""
        name = VersionArn.parse(project_version_arn).project_name
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
                        time.sleep(IN_USE_PACE)
                        models += self._in_use_of(project["ProjectArn"])
        except LifecycleError:
            return InUse(models, complete=False)
        return InUse(models, complete=True)

    def _in_use_of(self, project_arn: str) -> Iterator[ModelVersion]:
        for page in self._client.get_paginator("describe_project_versions").paginate(ProjectArn=project_arn):
            for description in page["ProjectVersionDescriptions"]:
                if description["Status"] in _HOLDS_CAPACITY:
                    yield _model_version(description)


def _model_version(description: "ProjectVersionDescriptionTypeDef") -> ModelVersion:
    return ModelVersion(
        project_version_arn=description["ProjectVersionArn"],
        status=description["Status"],
        status_message=description.get("StatusMessage"),
        min_inference_units=description.get("MinInferenceUnits"),
        max_inference_units=description.get("MaxInferenceUnits"),
    )
