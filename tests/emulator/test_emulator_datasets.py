"""Datasets of Custom Labels: what is read of a manifest, and what may be done when."""

import base64
import json
from typing import Any

import pytest

from tests.emulator.custom_labels_service import TIMING, Service
from tests.emulator.manifest_lines import boxed, line, lines, manifest


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def project(service: Service) -> str:
    return service.project()


def empty(service: Service, project: str, kind: str = "TRAIN", **given: Any) -> str:
    arn: str = service.ask("CreateDataset", ProjectArn=project, DatasetType=kind, **given)["DatasetArn"]
    service.wait(TIMING.dataset)
    return arn


def update(service: Service, dataset: str, of: bytes) -> Any:
    """Its description, after an update."""
    service.ask("UpdateDatasetEntries", DatasetArn=dataset, Changes={"GroundTruth": base64.b64encode(of).decode()})
    service.wait(TIMING.dataset)
    return service.ask("DescribeDataset", DatasetArn=dataset)["DatasetDescription"]


def filled(service: Service, project: str, of: bytes, kind: str = "TRAIN") -> str:
    dataset = empty(service, project, kind)
    update(service, dataset, of)
    return dataset


def entries(service: Service, dataset: str, **given: Any) -> list[Any]:
    return [json.loads(one) for one in service.ask("ListDatasetEntries", DatasetArn=dataset, **given)["DatasetEntries"]]


def sources(service: Service, dataset: str, **given: Any) -> list[str]:
    return [entry["source-ref"].removeprefix("s3://images/") for entry in entries(service, dataset, **given)]


def test_what_is_under_way_takes_its_time(service: Service, project: str) -> None:
    dataset = service.ask("CreateDataset", ProjectArn=project, DatasetType="TEST")["DatasetArn"]
    assert ":project/boards/dataset/test/" in dataset
    changes = {"Changes": {"GroundTruth": base64.b64encode(manifest(1)).decode()}}
    assert service.refusal("UpdateDatasetEntries", DatasetArn=dataset, **changes) == "ResourceInUseException"
    assert service.refusal("DeleteDataset", DatasetArn=dataset) == "ResourceInUseException"
    assert service.refusal("ListDatasetEntries", DatasetArn=dataset) == "ResourceNotReadyException"
    service.wait(TIMING.dataset)
    described = service.ask("DescribeDataset", DatasetArn=dataset)["DatasetDescription"]
    assert (described["Status"], described["StatusMessageCode"]) == ("CREATE_COMPLETE", "SUCCESS")
    service.ask("DeleteDataset", DatasetArn=dataset)
    assert service.ask("DescribeDataset", DatasetArn=dataset)["DatasetDescription"]["Status"] == "DELETE_IN_PROGRESS"
    service.wait(TIMING.deleting)
    assert service.refusal("DescribeDataset", DatasetArn=dataset) == "ResourceNotFoundException"


def test_a_project_has_one_dataset_of_each_kind(service: Service, project: str) -> None:
    empty(service, project)
    again = {"ProjectArn": project, "DatasetType": "TRAIN"}
    assert service.refusal("CreateDataset", **again) == "ResourceAlreadyExistsException"
    assert service.refusal("CreateDataset", **{**again, "DatasetType": "VALIDATION"}) == "ValidationException"


@pytest.mark.parametrize(
    "source",
    [
        {"GroundTruthManifest": {"S3Object": {"Bucket": "no-such-bucket", "Name": "a.manifest"}}},
        {"DatasetArn": "arn:aws:rekognition:us-east-1:123456789012:project/boards/dataset/train/1"},
    ],
)
def test_what_it_is_to_be_made_of_has_to_be_there(service: Service, project: str, source: dict[str, Any]) -> None:
    code = service.refusal("CreateDataset", ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)
    assert code in ("InvalidS3ObjectException", "ResourceNotFoundException")
    assert service.ask("DescribeProjects")["ProjectDescriptions"][0]["Datasets"] == []


def test_a_dataset_can_be_made_of_another(service: Service, project: str) -> None:
    original = filled(service, project, manifest(3))
    copy = empty(service, service.project("other"), DatasetSource={"DatasetArn": original})
    update(service, original, manifest(4))
    assert len(entries(service, copy)) == 3


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"source-ref": "s3://images/9.png", "sport": 1}, "ERROR_NO_LABEL_ATTRIBUTES"),
        ({"source-ref": "s3://images/9.png", "sport-metadata": {}}, "ERROR_NO_LABEL_ATTRIBUTES"),
        ({**line(9), "sport-metadata": 1}, "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT"),
        ({**line(9), "sport-metadata": {"type": "text"}}, "ERROR_UNSUPPORTED_USE_CASE_TYPE"),
        (boxed(9, "Echo", class_map={}), "ERROR_MISSING_CLASS_MAP_ID"),
        ({**boxed(9, "Echo"), "box": []}, "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
    ],
)
def test_labels_that_can_not_be_understood_are_listed_with_why(
    service: Service, project: str, wrong: dict[str, Any], code: str
) -> None:
    dataset = filled(service, project, lines(line(1), wrong))
    (entry,) = entries(service, dataset, HasErrors=True)
    assert entry["source-ref"] == "s3://images/9.png"
    assert [error["code"] for error in entry["errors"]] == [code]
    stats = service.ask("DescribeDataset", DatasetArn=dataset)["DatasetDescription"]["DatasetStats"]
    assert (stats["TotalEntries"], stats["LabeledEntries"], stats["ErrorEntries"]) == (2, 1, 1)


def test_lines_without_an_image_of_their_own_are_left_out(service: Service, project: str) -> None:
    left_out = [
        "no json",
        "[]",
        {"sport": 1},
        {"source-ref": "https://images/1.png"},
        line(1, "again"),
        "",
        "x" * 100_001,
    ]
    assert sources(service, filled(service, project, lines(line(1), line(2), *left_out))) == ["1.png", "2.png"]


@pytest.mark.parametrize(("of", "reason"), [(b"\n", "contents are invalid"), (b"{}\n[]", "too many terminal errors")])
def test_a_manifest_without_any_image_fails(service: Service, project: str, of: bytes, reason: str) -> None:
    described = update(service, empty(service, project), of)
    assert (described["Status"], described["StatusMessageCode"]) == ("UPDATE_FAILED", "CLIENT_ERROR")
    assert reason in described["StatusMessage"]


def test_images_are_found_by_what_is_asked_for(service: Service, project: str) -> None:
    unlabeled = {"source-ref": "s3://images/unlabeled/1.png"}
    dataset = filled(service, project, lines(line(1), line(2), boxed(3, "Echo", "Echo"), unlabeled))
    assert sources(service, dataset, Labeled=True) == ["1.png", "2.png", "3.png"]
    assert sources(service, dataset, Labeled=False) == ["unlabeled/1.png"]
    assert sources(service, dataset, ContainsLabels=["Echo", "tennis"]) == ["1.png", "3.png"]
    assert sources(service, dataset, SourceRefContains="unlab") == ["unlabeled/1.png"]
    assert sources(service, dataset, HasErrors=True) == []
    assert len(sources(service, dataset, HasErrors=False)) == 4
    labels = service.ask("ListDatasetLabels", DatasetArn=dataset)["DatasetLabelDescriptions"]
    assert [(one["LabelName"], *one["LabelStats"].values()) for one in labels] == [
        ("Echo", 1, 1), ("football", 1, 0), ("tennis", 1, 0),
    ]  # fmt: skip


def test_images_and_labels_come_in_pages_of_one_question(service: Service, project: str) -> None:
    dataset = filled(service, project, manifest(5))
    found, token = [], ""
    while True:
        page = service.ask("ListDatasetEntries", DatasetArn=dataset, MaxResults=2, NextToken=token)
        found += page["DatasetEntries"]
        if "NextToken" not in page:
            break
        token = page["NextToken"]
    assert len(found) == 5
    other_question = {"DatasetArn": dataset, "NextToken": token, "Labeled": True}
    assert service.refusal("ListDatasetEntries", **other_question) == "InvalidPaginationTokenException"
    labels = service.ask("ListDatasetLabels", DatasetArn=dataset, MaxResults=1)
    assert len(labels["DatasetLabelDescriptions"]) == 1
    assert labels["NextToken"]


@pytest.mark.parametrize(("images", "moved"), [(2, 1), (5, 1), (10, 2), (100, 20)])
def test_a_fifth_of_the_training_images_is_moved_to_the_test_dataset(
    service: Service, project: str, images: int, moved: int
) -> None:
    training, test = filled(service, project, manifest(images)), empty(service, project, "TEST")
    service.ask("DistributeDatasetEntries", Datasets=[{"Arn": test}, {"Arn": training}])
    assert service.ask("DescribeDataset", DatasetArn=test)["DatasetDescription"]["Status"] == "UPDATE_IN_PROGRESS"
    service.wait(TIMING.dataset)
    kept, given = sources(service, training, MaxResults=100), sources(service, test)
    assert (len(kept), len(given)) == (images - moved, moved)
    assert set(kept).isdisjoint(given)


def test_too_few_images_can_not_be_split(service: Service, project: str) -> None:
    training, test = filled(service, project, manifest(1)), empty(service, project, "TEST")
    service.ask("DistributeDatasetEntries", Datasets=[{"Arn": training}, {"Arn": test}])
    service.wait(TIMING.dataset)
    for dataset in (training, test):
        described = service.ask("DescribeDataset", DatasetArn=dataset)["DatasetDescription"]
        assert described["Status"] == "UPDATE_FAILED"
        assert "enough labeled images" in described["StatusMessage"]


def test_only_a_project_s_own_training_and_empty_test_dataset_can_be_split(service: Service, project: str) -> None:
    training, test = filled(service, project, manifest(5)), filled(service, project, manifest(1), "TEST")
    elsewhere = empty(service, service.project("other"), "TEST")
    for pair in ((training, test), (training, elsewhere), (training, training)):
        datasets = [{"Arn": arn} for arn in pair]
        assert service.refusal("DistributeDatasetEntries", Datasets=datasets) == "InvalidParameterException"
