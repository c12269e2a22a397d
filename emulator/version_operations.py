"""Custom Labels' operations on model versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.answers import Answer, time, without_none
from emulator.custom_labels import CustomLabels
from emulator.model_versions import CONTENT_MODERATION, NOT_TRAINED, STATUSES, CustomLabelsError, Version

Given = Mapping[str, Any]

_REPEATED = ("OutputConfig", "KmsKeyId", "VersionDescription", "FeatureConfig")
"""What a description repeats of the request that made the version."""
_BASE_MODEL = "7.0"


def create_project_version(state: CustomLabels, given: Given) -> Answer:
    """Begin to train a version from manifests or the project's datasets; neither is needed here."""
    with state.lock:
        project = state.project(given["ProjectArn"])
        if project.datasets and ("TrainingData" in given or "TestingData" in given):
            message = "The project has datasets: TrainingData and TestingData are for one that has none."
            raise CustomLabelsError("InvalidParameterException", message)
        if "FeatureConfig" in given and project.feature != CONTENT_MODERATION:
            raise CustomLabelsError("InvalidParameterException", "FeatureConfig is for CONTENT_MODERATION projects.")
        return {"ProjectVersionArn": state.create_project_version(project.arn, given["VersionName"], given).arn}


def copy_project_version(state: CustomLabels, given: Given) -> Answer:
    """Begin to copy a version into another project of this account."""
    into = given["DestinationProjectArn"], given["VersionName"]
    copy = state.copy_project_version(given["SourceProjectVersionArn"], into, given["SourceProjectArn"], given)
    return {"ProjectVersionArn": copy.arn}


def delete_project_version(state: CustomLabels, given: Given) -> Answer:
    """Begin to delete a version that is not running, being trained or being copied."""
    return {"Status": state.delete_project_version(given["ProjectVersionArn"]).status}


def describe_project_versions(state: CustomLabels, given: Given) -> Answer:
    """A page of a project's versions, latest first, with the results of training; its files are named, not written."""
    names, size, token = given.get("VersionNames"), given.get("MaxResults"), given.get("NextToken")
    with state.lock:
        versions, following = state.describe_project_versions(given["ProjectArn"], names, size, token)
        described = [_described(version) for version in versions]
    return without_none({"ProjectVersionDescriptions": described, "NextToken": following})


def start_project_version(state: CustomLabels, given: Given) -> Answer:
    """Begin to start a trained version that is not running, within the quotas of running models and inference units."""
    units = given["MinInferenceUnits"], given.get("MaxInferenceUnits")
    return {"Status": state.start_project_version(given["ProjectVersionArn"], *units).status}


def stop_project_version(state: CustomLabels, given: Given) -> Answer:
    """Begin to stop a version that is RUNNING."""
    return {"Status": state.stop_project_version(given["ProjectVersionArn"]).status}


def _described(version: Version) -> Answer:
    adapts = version.feature == CONTENT_MODERATION
    return without_none(
        {
            "ProjectVersionArn": version.arn,
            "CreationTimestamp": time(version.created),
            "Status": version.status,
            "StatusMessage": version.status_message or STATUSES[version.status],
            "MinInferenceUnits": version.min_inference_units,
            "MaxInferenceUnits": version.max_inference_units,
            "SourceProjectVersionArn": version.source,
            "Feature": version.feature,
            "BaseModelVersion": _BASE_MODEL if adapts else None,
            **{name: version.asked.get(name) for name in _REPEATED},
            **_results(version),
        }
    )


def _results(version: Version) -> Answer:
    """What a training, once it is over, leaves: how good it is, and the names of files that are not written here."""
    if version.status in NOT_TRAINED:
        return {"TrainingEndTimestamp": time(version.trained)}
    output = version.asked.get("OutputConfig", {})
    named = f"{version.arn.split('/')[1]}-{version.name}.json"

    def file(of: str) -> Answer:
        key = f"{output.get('S3KeyPrefix', '')}/{of}-{named}".lstrip("/")
        return {"S3Object": {"Bucket": output.get("S3Bucket", "custom-labels-console"), "Name": key}}

    def data(of: str, given: Answer, **more: bool) -> Answer:
        def assets(what: str) -> list[Answer]:
            return [{"GroundTruthManifest": file(f"{of}{what}")}]

        return {
            "Input": {**given, **more},
            "Output": {"Assets": assets("GroundTruth"), **more},
            "Validation": {"Assets": assets("ManifestWithValidation")},
        }

    trained = version.trained if version.trained is not None else version.created
    testing = version.asked.get("TestingData", {})
    return {
        "TrainingEndTimestamp": time(trained),
        "BillableTrainingTimeInSeconds": max(0, int(trained - version.created)),
        "EvaluationResult": {"F1Score": version.f1, "Summary": file("EvaluationResultSummary")},
        "ManifestSummary": file("ManifestSummary"),
        "TrainingDataResult": data("Training", version.asked.get("TrainingData", {})),
        "TestingDataResult": data("Testing", testing, AutoCreate=testing.get("AutoCreate", False)),
    }


OPERATIONS = {
    "CopyProjectVersion": copy_project_version,
    "CreateProjectVersion": create_project_version,
    "DeleteProjectVersion": delete_project_version,
    "DescribeProjectVersions": describe_project_versions,
    "StartProjectVersion": start_project_version,
    "StopProjectVersion": stop_project_version,
}
