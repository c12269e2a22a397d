"""Custom Labels from the first project to the last deletion, as the Developer Guide's scripts go."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import images
from emulator.custom_labels import Timing
from emulator.custom_labels_api import MODEL, OPERATIONS
from emulator.server import Emulator
from tests.deployed.executions import wait_until
from tests.emulator.custom_labels_service import TIMING, TRAINED, Service, has
from tests.emulator.manifest_lines import manifest

DOCS = Path(__file__).parents[2] / "docs" / "evidence" / "emulator.md"
OUTPUT = {"S3Bucket": "results", "S3KeyPrefix": "here"}
STATEMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "rekognition:Copy*"}]})


@pytest.fixture
def service() -> Service:
    return Service()


def test_every_operation_answers_in_the_shape_of_the_service_model(service: Service) -> None:
    ask = service.ask
    project, other = service.project(Tags={"team": "vision"}), service.project("other")
    dataset = {"ProjectArn": project, "DatasetType": "TRAIN"}
    training = ask("CreateDataset", **dataset)["DatasetArn"]
    test = ask("CreateDataset", **{**dataset, "DatasetType": "TEST"})["DatasetArn"]
    ask("DescribeProjects")
    ask("DescribeDataset", DatasetArn=training)
    service.wait(TIMING.dataset)
    ask("UpdateDatasetEntries", DatasetArn=training, Changes={"GroundTruth": base64.b64encode(manifest(10)).decode()})
    service.wait(TIMING.dataset)
    ask("DistributeDatasetEntries", Datasets=[{"Arn": training}, {"Arn": test}])
    service.wait(TIMING.dataset)
    assert len(ask("ListDatasetEntries", DatasetArn=test)["DatasetEntries"]) == 2
    assert ask("ListDatasetLabels", DatasetArn=training)["DatasetLabelDescriptions"]

    version = service.trained(project, Tags={"stage": "test"})
    described = service.described(project, version)
    assert [path for path in TRAINED if not has(described, path)] == []
    ask("TagResource", ResourceArn=version, Tags={"stage": "live", "team": "vision"})
    ask("UntagResource", ResourceArn=version, TagKeys=["team"])
    assert ask("ListTagsForResource", ResourceArn=version)["Tags"] == {"stage": "live"}

    ask("StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=1, MaxInferenceUnits=2)
    service.wait(TIMING.starting)
    red = base64.b64encode(images.png(images.COLOURS["red"])).decode()
    assert ask("DetectCustomLabels", ProjectVersionArn=version, Image={"Bytes": red})["CustomLabels"]
    assert service.refusal("DeleteProjectVersion", ProjectVersionArn=version) == "ResourceInUseException"
    ask("StopProjectVersion", ProjectVersionArn=version)
    service.wait(TIMING.stopping)

    put = ask("PutProjectPolicy", ProjectArn=project, PolicyName="copies", PolicyDocument=STATEMENT)
    ask("ListProjectPolicies", ProjectArn=project)
    ask("DeleteProjectPolicy", ProjectArn=project, PolicyName="copies", **put)
    source = {"SourceProjectArn": project, "SourceProjectVersionArn": version}
    into = {"DestinationProjectArn": other, "VersionName": "copied", "OutputConfig": OUTPUT}
    copy = ask("CopyProjectVersion", **source, **into)["ProjectVersionArn"]
    service.wait(TIMING.copying)
    assert service.described(other, copy)["SourceProjectVersionArn"] == version

    for arn in (version, copy):
        assert ask("DeleteProjectVersion", ProjectVersionArn=arn)["Status"] == "DELETING"
    for arn in (training, test):
        ask("DeleteDataset", DatasetArn=arn)
    service.wait(TIMING.deleting)
    for arn in (project, other):
        assert ask("DeleteProject", ProjectArn=arn)["Status"] == "DELETING"
    service.wait(TIMING.deleting)
    assert ask("DescribeProjects")["ProjectDescriptions"] == []
    assert service.asked == OPERATIONS.keys()


def test_it_has_every_operation_that_custom_labels_has() -> None:
    named = ("Project", "Dataset", "CustomLabels", "TagResource", "UntagResource", "TagsForResource")
    of_the_model = {name for name in MODEL.operation_names if any(part in name for part in named)}
    assert set(OPERATIONS) == of_the_model


def test_the_documentation_says_what_each_operation_does() -> None:
    rows = [line.split("|")[1:3] for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    documented = {name.strip().strip("`"): text.strip() for name, text in rows if name.strip().strip("`") in OPERATIONS}
    assert documented == {name: (function.__doc__ or "").strip() for name, function in OPERATIONS.items()}
    assert list(documented) == sorted(documented)


def test_the_documentation_says_how_long_what_takes_time_takes() -> None:
    timing = Timing()
    assert timing.dataset == timing.deleting
    documented = " ".join(DOCS.read_text().split())
    assert (
        f"Training takes {timing.training} seconds here, a start {timing.starting}, a stop {timing.stopping}, a copy "
        f"{timing.copying}, a dataset operation or a deletion {timing.deleting}."
    ) in documented


@pytest.fixture
def rekognition(bare: Emulator) -> Any:
    bare.custom_labels.timing = Timing(training=0.1, starting=0.1, stopping=0.1, copying=0.1, deleting=0.1, dataset=0.1)
    return bare.client("rekognition")


def until(described: Callable[[], Any], *statuses: str) -> Any:
    """Its description, once it has one of the statuses."""
    return wait_until(lambda: found if (found := described())["Status"] in statuses else None)


def test_a_client_goes_the_way_of_the_developer_guide(bare: Emulator, rekognition: Any) -> None:
    s3 = bare.client("s3")
    images.ensure_bucket(s3, "guide")
    s3.put_object(Bucket="guide", Key="train.manifest", Body=manifest(10))
    project = rekognition.create_project(ProjectName="guide")["ProjectArn"]
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": "guide", "Name": "train.manifest"}}}
    created = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)

    def dataset() -> Any:
        return rekognition.describe_dataset(DatasetArn=created["DatasetArn"])["DatasetDescription"]

    assert until(dataset, "CREATE_COMPLETE")["DatasetStats"]["LabeledEntries"] == 10
    changed = manifest(1, label="rugby").decode()
    rekognition.update_dataset_entries(DatasetArn=created["DatasetArn"], Changes={"GroundTruth": changed})
    assert until(dataset, "UPDATE_COMPLETE")["DatasetStats"] == {
        "LabeledEntries": 10, "TotalEntries": 10, "TotalLabels": 3, "ErrorEntries": 0,
    }  # fmt: skip
    entries = rekognition.list_dataset_entries(DatasetArn=created["DatasetArn"], ContainsLabels=["rugby"], NextToken="")
    assert [json.loads(entry)["source-ref"] for entry in entries["DatasetEntries"]] == ["s3://images/0.png"]

    names = {"ProjectArn": project, "VersionNames": ["v1"]}
    rekognition.create_project_version(
        ProjectArn=project, VersionName="v1", OutputConfig={"S3Bucket": "guide", "S3KeyPrefix": "out"}, Tags={"a": "b"}
    )
    rekognition.get_waiter("project_version_training_completed").wait(**names, WaiterConfig={"Delay": 1})

    def version() -> Any:
        return rekognition.describe_project_versions(**names)["ProjectVersionDescriptions"][0]

    trained = version()
    assert trained["StatusMessage"] == "The model is ready to run."
    summary = {"Bucket": "guide", "Name": "out/EvaluationResultSummary-guide-v1.json"}
    assert trained["EvaluationResult"]["Summary"]["S3Object"] == summary
    arn = trained["ProjectVersionArn"]
    assert rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "b"}

    with pytest.raises(rekognition.exceptions.ResourceInUseException, match="has models or datasets"):
        rekognition.delete_project(ProjectArn=project)
    rekognition.delete_project_version(ProjectVersionArn=arn)
    rekognition.delete_dataset(DatasetArn=created["DatasetArn"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        until(dataset, "deleted")
    wait_until(lambda: not rekognition.describe_project_versions(**names)["ProjectVersionDescriptions"])
    rekognition.delete_project(ProjectArn=project)
    wait_until(lambda: not rekognition.describe_projects(ProjectNames=["guide"])["ProjectDescriptions"])
