"""Custom Labels without a wire: what it answers, each answer and error checked against botocore's service model."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.model import StructureShape

from emulator.custom_labels import CustomLabels, CustomLabelsError, Quotas, Timing
from emulator.custom_labels_api import MODEL, answer
from emulator.shapes import shape_problems

TIMING = Timing(training=60, starting=10, stopping=5, copying=30, deleting=4, dataset=8)
# What real answers have (AWS's own examples in its SDKs), though their shapes require nothing.
SENT: Mapping[str, tuple[str, ...]] = {
    "CopyProjectVersion": ("ProjectVersionArn",),
    "CreateDataset": ("DatasetArn",),
    "CreateProject": ("ProjectArn",),
    "CreateProjectVersion": ("ProjectVersionArn",),
    "DeleteProject": ("Status",),
    "DeleteProjectVersion": ("Status",),
    "DescribeDataset": tuple(
        f"DatasetDescription.{name}"
        for name in (
            "CreationTimestamp", "LastUpdatedTimestamp", "Status", "StatusMessage", "StatusMessageCode",
            "DatasetStats.LabeledEntries", "DatasetStats.TotalEntries", "DatasetStats.TotalLabels",
            "DatasetStats.ErrorEntries",
        )
    ),
    "DescribeProjects": tuple(
        f"ProjectDescriptions.{name}"
        for name in (
            "ProjectArn", "CreationTimestamp", "Status", "Datasets", "Feature", "Datasets.CreationTimestamp",
            "Datasets.DatasetType", "Datasets.DatasetArn", "Datasets.Status", "Datasets.StatusMessage",
            "Datasets.StatusMessageCode",
        )
    ),
    "DescribeProjectVersions": tuple(
        f"ProjectVersionDescriptions.{name}"
        for name in ("ProjectVersionArn", "CreationTimestamp", "Status", "StatusMessage", "OutputConfig", "Feature")
    ),
    "DetectCustomLabels": ("CustomLabels", "CustomLabels.Name", "CustomLabels.Confidence"),
    "ListDatasetEntries": ("DatasetEntries",),
    "ListDatasetLabels": (
        "DatasetLabelDescriptions", "DatasetLabelDescriptions.LabelName",
        "DatasetLabelDescriptions.LabelStats.EntryCount", "DatasetLabelDescriptions.LabelStats.BoundingBoxCount",
    ),
    "ListProjectPolicies": tuple(
        f"ProjectPolicies.{name}"
        for name in (
            "ProjectArn", "PolicyName", "PolicyRevisionId", "PolicyDocument", "CreationTimestamp",
            "LastUpdatedTimestamp",
        )
    ),
    "ListTagsForResource": ("Tags",),
    "PutProjectPolicy": ("PolicyRevisionId",),
    "StartProjectVersion": ("Status",),
    "StopProjectVersion": ("Status",),
}  # fmt: skip
TRAINED = (
    "TrainingEndTimestamp", "BillableTrainingTimeInSeconds", "EvaluationResult.F1Score",
    "EvaluationResult.Summary.S3Object.Bucket", "EvaluationResult.Summary.S3Object.Name",
    "ManifestSummary.S3Object.Bucket", "ManifestSummary.S3Object.Name", "TrainingDataResult.Output.Assets",
    "TrainingDataResult.Validation.Assets", "TestingDataResult.Input.AutoCreate", "TestingDataResult.Output.Assets",
)  # fmt: skip
"""What a trained version is described with, too."""


class Service:
    """The service in time that passes when it is told to.

    Attributes
    ----------
    state : CustomLabels
    asked : set of str
        The operations that were answered.
    """

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.asked: set[str] = set()
        self.state = CustomLabels(
            region="us-east-1",
            account_id="123456789012",
            timing=TIMING,
            quotas=Quotas(calls_per_second=1000, detections_per_second=1000),
            clock=lambda: self.seconds,
        )

    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def ask(self, operation: str, **given: Any) -> Any:
        """What it answers."""
        answered = answer(self.state, operation, given)
        shape = MODEL.operation_model(operation).output_shape
        assert isinstance(shape, StructureShape)
        assert shape_problems(answered, shape) == []
        for path in SENT.get(operation, ()):
            assert has(answered, path), (operation, path, answered)
        self.asked.add(operation)
        return answered

    def refusal(self, operation: str, **given: Any) -> str:
        """The code that it refuses a request with."""
        with pytest.raises(CustomLabelsError) as refused:
            answer(self.state, operation, given)
        documented = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
        assert refused.value.code in documented | {"ValidationException"}  # "Common Errors", which no model lists
        return refused.value.code

    def project(self, name: str = "boards", **given: Any) -> str:
        """Makes a project; its ARN."""
        arn: str = self.ask("CreateProject", ProjectName=name, **given)["ProjectArn"]
        return arn

    def trained(self, project: str, name: str = "v1", **given: Any) -> str:
        """Trains a version to its end; its ARN."""
        output = {"S3Bucket": "results", "S3KeyPrefix": "here"}
        made = self.ask("CreateProjectVersion", ProjectArn=project, VersionName=name, OutputConfig=output, **given)
        self.wait(TIMING.training)
        arn: str = made["ProjectVersionArn"]
        return arn

    def described(self, project: str, version: str) -> Any:
        """The description of a version."""
        found = self.ask("DescribeProjectVersions", ProjectArn=project)["ProjectVersionDescriptions"]
        return next(one for one in found if one["ProjectVersionArn"] == version)


def has(answered: Any, path: str) -> bool:
    """Whether an answer has a member, and so has each element of a list on the way."""
    name, _, rest = path.partition(".")
    if isinstance(answered, list):
        return all(has(one, path) for one in answered)
    return name in answered and (not rest or has(answered[name], rest))
