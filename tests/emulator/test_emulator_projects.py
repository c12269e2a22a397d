"""Projects of Custom Labels: features, deletions, copies, tags and policies."""

import json
from typing import Any

import pytest

from tests.emulator.custom_labels_service import TIMING, Service

OUTPUT = {"S3Bucket": "results", "S3KeyPrefix": "here"}
STATEMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})


@pytest.fixture
def service() -> Service:
    return Service()


def names(service: Service, **given: Any) -> list[str]:
    found = service.ask("DescribeProjects", **given)["ProjectDescriptions"]
    return [one["ProjectArn"].split("/")[1] for one in found]


def test_projects_of_adapters_are_described_where_they_are_asked_for(service: Service) -> None:
    service.project("models")
    service.project("adapters", Feature="CONTENT_MODERATION", AutoUpdate="ENABLED")
    assert names(service) == ["models"]
    assert names(service, ProjectNames=["models", "adapters"]) == ["models"]
    assert names(service, Features=["CONTENT_MODERATION"]) == ["adapters"]
    both = service.ask("DescribeProjects", Features=["CONTENT_MODERATION", "CUSTOM_LABELS"])["ProjectDescriptions"]
    assert [one.get("AutoUpdate") for one in both] == [None, "ENABLED"]
    assert service.refusal("CreateProject", ProjectName="adapters") == "ResourceInUseException"
    assert service.refusal("CreateProject", ProjectName="x", AutoUpdate="ENABLED") == "InvalidParameterException"
    assert service.refusal("CreateProject", ProjectName="x", Feature="FACES") == "ValidationException"


def test_an_adapter_is_trained_but_neither_started_nor_copied(service: Service) -> None:
    project = service.project("adapters", Feature="CONTENT_MODERATION")
    config = {"ContentModeration": {"ConfidenceThreshold": 70.0}}
    adapter = service.trained(project, FeatureConfig=config)
    described = service.described(project, adapter)
    assert (described["Feature"], described["Status"]) == ("CONTENT_MODERATION", "TRAINING_COMPLETED")
    assert described["FeatureConfig"] == config
    start = {"ProjectVersionArn": adapter, "MinInferenceUnits": 1}
    assert service.refusal("StartProjectVersion", **start) == "InvalidParameterException"
    assert service.refusal("StopProjectVersion", ProjectVersionArn=adapter) == "InvalidParameterException"
    assert service.refusal("CreateDataset", ProjectArn=project, DatasetType="TRAIN") == "InvalidParameterException"
    copy = {"SourceProjectArn": project, "SourceProjectVersionArn": adapter, "OutputConfig": OUTPUT}
    into = {"DestinationProjectArn": service.project(), "VersionName": "v1"}
    assert service.refusal("CopyProjectVersion", **copy, **into) == "InvalidParameterException"


def test_a_project_is_deleted_once_it_is_empty(service: Service) -> None:
    project = service.project()
    version = service.trained(project)
    assert service.refusal("DeleteProject", ProjectArn=project) == "ResourceInUseException"
    service.ask("DeleteProjectVersion", ProjectVersionArn=version)
    service.wait(TIMING.deleting)
    service.ask("DeleteProject", ProjectArn=project)
    assert service.ask("DescribeProjects")["ProjectDescriptions"][0]["Status"] == "DELETING"
    create = {"ProjectArn": project, "VersionName": "v2", "OutputConfig": OUTPUT}
    assert service.refusal("CreateProjectVersion", **create) == "ResourceInUseException"
    service.wait(TIMING.deleting)
    assert names(service) == []
    assert service.refusal("DeleteProject", ProjectArn=project) == "ResourceNotFoundException"
    service.project()


@pytest.mark.parametrize(
    ("status", "deletable"),
    [
        ("RUNNING", False), ("STARTING", False), ("STOPPING", False), ("TRAINING_IN_PROGRESS", False),
        ("COPYING_IN_PROGRESS", False), ("DELETING", False), ("STOPPED", True), ("TRAINING_COMPLETED", True),
        ("TRAINING_FAILED", True), ("FAILED", True), ("EXPIRED", True),
    ],
)  # fmt: skip
def test_a_version_that_something_is_under_way_with_is_not_deleted(
    service: Service, status: str, deletable: bool
) -> None:
    project = service.project()
    version = service.trained(project)
    service.state.put(version, status)
    if not deletable:
        assert service.refusal("DeleteProjectVersion", ProjectVersionArn=version) == "ResourceInUseException"
        return
    assert service.ask("DeleteProjectVersion", ProjectVersionArn=version) == {"Status": "DELETING"}
    assert service.described(project, version)["Status"] == "DELETING"
    service.wait(TIMING.deleting)
    assert service.ask("DescribeProjectVersions", ProjectArn=project) == {"ProjectVersionDescriptions": []}


def test_a_status_that_was_put_stays(service: Service) -> None:
    project = service.project()
    version = service.trained(project)
    for status in ("DELETING", "COPYING_IN_PROGRESS"):
        service.state.put(version, status)
        service.wait(3600)
        assert service.described(project, version)["Status"] == status


def test_a_copy_is_a_version_of_its_own(service: Service) -> None:
    project, other = service.project(), service.project("other")
    version = service.trained(project)
    service.state.put(version, "STOPPED", f1=0.7)
    copied = {"SourceProjectArn": project, "SourceProjectVersionArn": version, "OutputConfig": OUTPUT}
    into = {"DestinationProjectArn": other, "VersionName": "copy", "Tags": {"from": "boards"}}
    copy = service.ask("CopyProjectVersion", **copied, **into)["ProjectVersionArn"]
    assert service.described(other, copy)["Status"] == "COPYING_IN_PROGRESS"
    assert service.refusal("CopyProjectVersion", **copied, **into) == "ResourceInUseException"
    service.wait(TIMING.copying)
    described = service.described(other, copy)
    assert (described["Status"], described["SourceProjectVersionArn"]) == ("COPYING_COMPLETED", version)
    assert described["EvaluationResult"]["F1Score"] == pytest.approx(0.7)
    assert service.ask("ListTagsForResource", ResourceArn=copy)["Tags"] == {"from": "boards"}
    assert service.ask("StartProjectVersion", ProjectVersionArn=copy, MinInferenceUnits=1)["Status"] == "STARTING"


def test_only_a_trained_version_of_the_project_named_is_copied(service: Service) -> None:
    project, other = service.project(), service.project("other")
    version = service.trained(project)
    given = {"SourceProjectArn": project, "SourceProjectVersionArn": version, "OutputConfig": OUTPUT}
    into = {"DestinationProjectArn": other, "VersionName": "copy"}
    wrong = {**given, "SourceProjectArn": other}
    assert service.refusal("CopyProjectVersion", **wrong, **into) == "ResourceNotFoundException"
    service.state.put(version, "TRAINING_IN_PROGRESS")
    assert service.refusal("CopyProjectVersion", **given, **into) == "ResourceInUseException"


def test_everything_can_be_tagged(service: Service) -> None:
    project = service.project(Tags={"a": "1"})
    dataset = service.ask("CreateDataset", ProjectArn=project, DatasetType="TRAIN", Tags={"a": "2"})["DatasetArn"]
    version = service.trained(project, Tags={"a": "3"})
    for number, arn in enumerate((project, dataset, version), 1):
        assert service.ask("ListTagsForResource", ResourceArn=arn)["Tags"] == {"a": str(number)}
        service.ask("TagResource", ResourceArn=arn, Tags={"a": "new", "b": ""})
        service.ask("UntagResource", ResourceArn=arn, TagKeys=["b", "unknown"])
        assert service.ask("ListTagsForResource", ResourceArn=arn)["Tags"] == {"a": "new"}
    assert service.refusal("TagResource", ResourceArn=version, Tags={"aws:x": "1"}) == "ValidationException"
    many = {f"key-{number}": "ü" for number in range(200)}
    assert service.refusal("TagResource", ResourceArn=version, Tags=many) == "ServiceQuotaExceededException"
    assert service.refusal("ListTagsForResource", ResourceArn=version + "9") == "ResourceNotFoundException"


def test_a_policy_is_replaced_by_who_knows_its_revision(service: Service) -> None:
    policy = {"ProjectArn": service.project(), "PolicyName": "copies"}
    first = service.ask("PutProjectPolicy", **policy, PolicyDocument=STATEMENT)
    again = {**policy, "PolicyDocument": STATEMENT}
    assert service.refusal("PutProjectPolicy", **again) == "ResourceAlreadyExistsException"
    second = service.ask("PutProjectPolicy", **again, **first)
    assert service.refusal("PutProjectPolicy", **again, **first) == "InvalidPolicyRevisionIdException"
    assert service.refusal("DeleteProjectPolicy", **policy, **first) == "InvalidPolicyRevisionIdException"
    service.ask("DeleteProjectPolicy", **policy, **second)
    assert service.refusal("DeleteProjectPolicy", **policy) == "ResourceNotFoundException"
    unknown = {**again, "PolicyName": "other", "PolicyRevisionId": "ab"}
    assert service.refusal("PutProjectPolicy", **unknown) == "InvalidPolicyRevisionIdException"
    for document in ("{", "[]", "{}"):
        wrong = {**policy, "PolicyDocument": document}
        assert service.refusal("PutProjectPolicy", **wrong) == "MalformedPolicyDocumentException"


def test_policies_come_in_pages_of_five(service: Service) -> None:
    project = service.project()
    for number in range(6):
        service.ask("PutProjectPolicy", ProjectArn=project, PolicyName=f"p{number}", PolicyDocument=STATEMENT)
    page = service.ask("ListProjectPolicies", ProjectArn=project)
    assert len(page["ProjectPolicies"]) == 5
    rest = service.ask("ListProjectPolicies", ProjectArn=project, NextToken=page["NextToken"])
    assert [one["PolicyName"] for one in rest["ProjectPolicies"]] == ["p5"]


def test_manifests_are_for_a_project_without_datasets(service: Service) -> None:
    project = service.project()
    training = {"Assets": [{"GroundTruthManifest": {"S3Object": {"Bucket": "images", "Name": "a.manifest"}}}]}
    version = service.trained(project, TrainingData=training, TestingData={"AutoCreate": True})
    described = service.described(project, version)
    assert described["TrainingDataResult"]["Input"] == training
    assert described["TestingDataResult"]["Input"] == {"AutoCreate": True}
    service.ask("CreateDataset", ProjectArn=project, DatasetType="TRAIN")
    create = {"ProjectArn": project, "VersionName": "v2", "OutputConfig": OUTPUT, "TrainingData": training}
    assert service.refusal("CreateProjectVersion", **create) == "InvalidParameterException"
    create = {**create, "FeatureConfig": {"ContentModeration": {}}}
    del create["TrainingData"]
    assert service.refusal("CreateProjectVersion", **create) == "InvalidParameterException"
