"""Custom Labels' operations on datasets."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from emulator import datasets, manifests, s3_objects
from emulator.answers import Answer, time, without_none
from emulator.custom_labels import CustomLabels
from emulator.datasets import Dataset
from emulator.model_versions import CUSTOM_LABELS, CustomLabelsError, Project, page

Given = Mapping[str, Any]


def create_dataset(state: CustomLabels, given: Given) -> Answer:
    """Begin to create a dataset: empty, from a manifest, or from another dataset."""
    source, kind = given.get("DatasetSource", {}), given["DatasetType"]
    if len(source) > 1:
        raise CustomLabelsError("InvalidParameterException", "DatasetSource is a manifest or a dataset, not both.")
    with state.lock:
        project = state.project(given["ProjectArn"])
        if project.feature != CUSTOM_LABELS:
            raise CustomLabelsError("InvalidParameterException", "Only Custom Labels projects have datasets.")
        if any(dataset.kind == kind for dataset in project.datasets):
            raise CustomLabelsError("ResourceAlreadyExistsException", f"The project has a {kind} dataset already.")
        home, _, _ = project.arn.rpartition("/")
        arn, now = f"{home}/dataset/{kind.lower()}/{state.number()}", state.now()
        dataset = Dataset(arn, kind, now, now, tags={**given.get("Tags", {})})
        if manifest := source.get("GroundTruthManifest"):
            _fill(dataset, s3_objects.read(manifest.get("S3Object", {}), project.arn))
            dataset.done = datasets.CREATED_FROM_MANIFEST
        elif "DatasetArn" in source:
            _, original = _not_busy(_find(state, source["DatasetArn"]), "InvalidParameterException")
            dataset.put(original.entries.values())
        project.datasets.append(dataset)
        return {"DatasetArn": arn}


def delete_dataset(state: CustomLabels, given: Given) -> Answer:
    """Begin to delete a dataset."""
    with state.lock:
        _, dataset = _idle(state, given["DatasetArn"])
        dataset.status, dataset.deleted = datasets.DELETING, state.now()
        return {}


def describe_dataset(state: CustomLabels, given: Given) -> Answer:
    """A dataset's status, and how many images and labels it has."""
    with state.lock:
        _, dataset = _find(state, given["DatasetArn"])
        described = {
            "CreationTimestamp": time(dataset.created),
            "LastUpdatedTimestamp": time(dataset.updated),
            **_status(dataset),
            "DatasetStats": dataset.stats(),
        }
        return {"DatasetDescription": described}


def update_dataset_entries(state: CustomLabels, given: Given) -> Answer:
    """Begin to add images, or to replace those with the same source."""
    with state.lock:
        _, dataset = _idle(state, given["DatasetArn"])
        dataset.begin_update(state.now())
        _fill(dataset, base64.b64decode(given["Changes"]["GroundTruth"]))
        return {}


def distribute_dataset_entries(state: CustomLabels, given: Given) -> Answer:
    """Begin to move a fifth of the training dataset's images to the empty test dataset."""
    with state.lock:
        found = [_ready(state, one["Arn"]) for one in given["Datasets"]]
        by_kind = {dataset.kind: dataset for _, dataset in found}
        if len(by_kind) != len(found) or found[0][0] is not found[1][0]:
            message = "A training and a test dataset of one project are needed."
            raise CustomLabelsError("InvalidParameterException", message)
        training, test = by_kind[datasets.TRAIN], by_kind[datasets.TEST]
        if test.entries:
            raise CustomLabelsError("InvalidParameterException", "The test dataset isn't empty.")
        for dataset in (training, test):
            dataset.begin_update(state.now())
        datasets.distribute(training, test)
        return {}


def list_dataset_entries(state: CustomLabels, given: Given) -> Answer:
    """A page of a dataset's images, as JSON Lines."""
    with state.lock:
        _, dataset = _ready(state, given["DatasetArn"])
        asked = [
            repr(sorted((name, value) for name, value in given.items() if name not in ("NextToken", "MaxResults")))
        ]
        found, following = page(dataset.matching(given), given.get("MaxResults"), given.get("NextToken"), asked)
        return without_none({"DatasetEntries": [entry.text() for entry in found], "NextToken": following})


def list_dataset_labels(state: CustomLabels, given: Given) -> Answer:
    """A page of a dataset's labels, by name."""
    with state.lock:
        _, dataset = _ready(state, given["DatasetArn"])
        labels, following = page(dataset.labels(), given.get("MaxResults"), given.get("NextToken"), [dataset.arn])
        described = [
            {"LabelName": name, "LabelStats": {"EntryCount": images, "BoundingBoxCount": boxes}}
            for name, images, boxes in labels
        ]
        return without_none({"DatasetLabelDescriptions": described, "NextToken": following})


def described_in_project(dataset: Dataset) -> Answer:
    """A dataset, as DescribeProjects describes it."""
    created = time(dataset.created)
    return {
        "CreationTimestamp": created,
        "DatasetType": dataset.kind,
        "DatasetArn": dataset.arn,
        **_status(dataset),
    }


def _status(dataset: Dataset) -> Answer:
    return {"Status": dataset.status, "StatusMessage": dataset.message, "StatusMessageCode": dataset.message_code}


def _fill(dataset: Dataset, manifest: bytes) -> None:
    entries, left_out = manifests.read(manifest)
    dataset.put(entries)
    if not entries:
        dataset.failure = datasets.TOO_MANY_ERRORS if left_out else datasets.NO_ROWS


def _find(state: CustomLabels, arn: str) -> tuple[Project, Dataset]:
    """A dataset, and the project that it is of."""
    for project in state.projects():
        for dataset in project.datasets:
            if dataset.arn == arn:
                return project, dataset
    raise CustomLabelsError("ResourceNotFoundException", f"The dataset {arn} was not found.")


def _idle(state: CustomLabels, arn: str) -> tuple[Project, Dataset]:
    """One that nothing is under way with, as is needed to change or delete it."""
    return _not_busy(_find(state, arn), "ResourceInUseException")


def _ready(state: CustomLabels, arn: str) -> tuple[Project, Dataset]:
    """One that nothing is under way with, as is needed to read it."""
    return _not_busy(_find(state, arn), "ResourceNotReadyException")


def _not_busy(found: tuple[Project, Dataset], code: str) -> tuple[Project, Dataset]:
    if found[1].status in datasets.BUSY:
        raise CustomLabelsError(code, f"The dataset is in the status {found[1].status}.")
    return found


OPERATIONS = {
    "CreateDataset": create_dataset,
    "DeleteDataset": delete_dataset,
    "DescribeDataset": describe_dataset,
    "DistributeDatasetEntries": distribute_dataset_entries,
    "ListDatasetEntries": list_dataset_entries,
    "ListDatasetLabels": list_dataset_labels,
    "UpdateDatasetEntries": update_dataset_entries,
}
