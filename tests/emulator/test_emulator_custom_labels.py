"""Custom Labels as a client sees it: by boto3 with its waiters and paginators, validated as the service model says."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from emulator.custom_labels import (
    GOOD_F1,
    STARTABLE,
    STATUSES,
    STOPPABLE,
    TRANSITIONS,
    CustomLabels,
    CustomLabelsError,
    Quotas,
    Timing,
)
from emulator.server import Emulator
from tests.deployed.app import TIMING
from tests.deployed.executions import wait_until

NewModel = Callable[..., str]
OUTPUT_CONFIG = {"S3Bucket": "training-results", "S3KeyPrefix": "here"}
# Between two calls of a test that would see a status for moments only; it applies to what is under way, too.
SLOW = Timing(training=3600, starting=3600, stopping=3600)
CHECK_EVERY_SECOND = {"Delay": 1, "MaxAttempts": 120}


@pytest.fixture
def rekognition(bare: Emulator) -> Any:
    return bare.client("rekognition")


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    code: str = refusal.value.response["Error"]["Code"]
    return code


def unvalidated(emulator: Emulator) -> Any:
    """A client without botocore's own checks, as one in another language."""
    return boto3.client(
        "rekognition",
        region_name=emulator.region,
        endpoint_url=emulator.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        config=Config(parameter_validation=False),
    )


def project_arn(rekognition: Any, model: str) -> str:
    (project,) = rekognition.describe_projects(ProjectNames=[model.split("/")[1]])["ProjectDescriptions"]
    arn: str = project["ProjectArn"]
    return arn


def described(rekognition: Any, model: str) -> dict[str, Any]:
    found = rekognition.describe_project_versions(ProjectArn=project_arn(rekognition, model))
    return next(one for one in found["ProjectVersionDescriptions"] if one["ProjectVersionArn"] == model)


def test_the_statuses_are_those_of_the_service_model() -> None:
    shapes = Loader().load_service_model("rekognition", "service-2")["shapes"]
    assert set(STATUSES) == set(shapes["ProjectVersionStatus"]["enum"])
    assert {*TRANSITIONS, *STARTABLE, *STOPPABLE} <= set(STATUSES)


def test_a_project_and_its_version_are_made_and_trained(bare: Emulator, rekognition: Any) -> None:
    bare.custom_labels.timing = SLOW
    project = rekognition.create_project(ProjectName="trained-here")["ProjectArn"]
    made = rekognition.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=OUTPUT_CONFIG)
    version = made["ProjectVersionArn"]
    assert not version.startswith(project), "a version's ARN does not contain its project's"
    assert described(rekognition, version)["Status"] == "TRAINING_IN_PROGRESS"
    bare.custom_labels.timing = TIMING
    rekognition.get_waiter("project_version_training_completed").wait(
        ProjectArn=project, WaiterConfig=CHECK_EVERY_SECOND
    )
    assert "TrainingEndTimestamp" in described(rekognition, version)


@pytest.mark.parametrize(
    ("status", "evaluated"),
    [("TRAINING_COMPLETED", True), ("RUNNING", True), ("TRAINING_IN_PROGRESS", False), ("TRAINING_FAILED", False)],
)
def test_a_training_that_succeeded_has_been_evaluated(
    bare: Emulator, rekognition: Any, new_model: NewModel, status: str, evaluated: bool
) -> None:
    bare.custom_labels.timing = SLOW
    model = new_model(status)
    result = described(rekognition, model).get("EvaluationResult", {})
    assert result.get("F1Score") == (pytest.approx(GOOD_F1) if evaluated else None)
    assert ("Summary" in result) is evaluated
    bare.custom_labels.put(model, "STOPPED", f1=0.25)
    assert described(rekognition, model)["EvaluationResult"]["F1Score"] == pytest.approx(0.25)


def test_the_latest_version_is_the_one_that_was_created_last(clock: "Clock") -> None:
    service = CustomLabels(region="us-east-1", account_id="123456789012", clock=clock)
    home = "arn:aws:rekognition:us-east-1:123456789012:project/p/version"
    new, old = service.seed(f"{home}/new/2"), service.seed(f"{home}/old/1", created=clock.now - 60, f1=0.5)
    (project,), _ = service.describe_projects(None, None, None)
    assert service.describe_project_versions(project.arn, None, None, None)[0] == [new, old]
    assert (old.trained, old.f1) == (clock.now - 60, 0.5)


def test_names_are_taken_once(rekognition: Any) -> None:
    project = rekognition.create_project(ProjectName="taken")["ProjectArn"]
    version = {"ProjectArn": project, "VersionName": "v1", "OutputConfig": OUTPUT_CONFIG}
    rekognition.create_project_version(**version)
    assert refused(rekognition.create_project, ProjectName="taken") == "ResourceInUseException"
    assert refused(rekognition.create_project_version, **version) == "ResourceInUseException"


def test_a_model_starts_runs_stops_and_starts_again(rekognition: Any, new_model: NewModel) -> None:
    model = new_model()
    assert "MinInferenceUnits" not in described(rekognition, model)
    started = rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1, MaxInferenceUnits=2)
    assert started["Status"] == "STARTING"
    rekognition.get_waiter("project_version_running").wait(
        ProjectArn=project_arn(rekognition, model), WaiterConfig=CHECK_EVERY_SECOND
    )
    running = described(rekognition, model)
    assert (running["MinInferenceUnits"], running["MaxInferenceUnits"]) == (1, 2)
    assert rekognition.stop_project_version(ProjectVersionArn=model)["Status"] == "STOPPING"
    wait_until(lambda: described(rekognition, model)["Status"] != "STOPPING")
    assert described(rekognition, model)["Status"] == "STOPPED"
    assert rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)["Status"] == "STARTING"


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_can_be_put_and_says_what_is_allowed(
    bare: Emulator, rekognition: Any, new_model: NewModel, status: str
) -> None:
    bare.custom_labels.timing = SLOW
    for allowed, call, units in (
        (STARTABLE, rekognition.start_project_version, {"MinInferenceUnits": 1}),
        (STOPPABLE, rekognition.stop_project_version, {}),
    ):
        model = new_model(status, "because")
        assert described(rekognition, model)["StatusMessage"] == "because"
        if status in allowed:
            call(ProjectVersionArn=model, **units)
        else:
            assert refused(call, ProjectVersionArn=model, **units) == "ResourceInUseException"


def test_what_does_not_exist_is_not_found(rekognition: Any, new_model: NewModel) -> None:
    nothing = new_model().replace("/v1/", "/v2/")
    project = f"{nothing.partition('/version/')[0]}/1"
    units = {"MinInferenceUnits": 1}
    assert refused(rekognition.start_project_version, ProjectVersionArn=nothing, **units) == "ResourceNotFoundException"
    assert refused(rekognition.stop_project_version, ProjectVersionArn=nothing) == "ResourceNotFoundException"
    assert refused(rekognition.describe_project_versions, ProjectArn=project) == "ResourceNotFoundException"
    assert rekognition.describe_projects(ProjectNames=["nothing"])["ProjectDescriptions"] == []


def test_versions_come_in_pages_latest_first(rekognition: Any) -> None:
    project = rekognition.create_project(ProjectName="paged")["ProjectArn"]
    names = [f"v{number}" for number in range(105)]
    for name in names:
        rekognition.create_project_version(ProjectArn=project, VersionName=name, OutputConfig=OUTPUT_CONFIG)
    first = rekognition.describe_project_versions(ProjectArn=project)
    assert len(first["ProjectVersionDescriptions"]) == 100
    pages = rekognition.get_paginator("describe_project_versions").paginate(ProjectArn=project)
    found = [one["ProjectVersionArn"].split("/")[3] for page in pages for one in page["ProjectVersionDescriptions"]]
    assert found == names[::-1]
    named = rekognition.describe_project_versions(ProjectArn=project, VersionNames=["v7", "unknown"])
    assert [one["ProjectVersionArn"].split("/")[3] for one in named["ProjectVersionDescriptions"]] == ["v7"]


def test_projects_come_in_pages(rekognition: Any) -> None:
    for number in range(3):
        rekognition.create_project(ProjectName=f"one-of-three-{number}")
    page = rekognition.describe_projects(MaxResults=2)
    assert len(page["ProjectDescriptions"]) == 2
    assert rekognition.describe_projects(MaxResults=2, NextToken=page["NextToken"])["ProjectDescriptions"]


@pytest.mark.parametrize("token", ["nonsense", "bm9uc2Vuc2U=", "WzEsIFsib3RoZXIiXV0="])
def test_a_token_of_nothing_or_of_another_query_is_refused(rekognition: Any, new_model: NewModel, token: str) -> None:
    project = project_arn(rekognition, new_model())
    for call, given in (
        (rekognition.describe_projects, {}),
        (rekognition.describe_project_versions, {"ProjectArn": project}),
    ):
        assert refused(call, NextToken=token, **given) == "InvalidPaginationTokenException"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({}, "ValidationException"),
        (
            {"ProjectVersionArn": "arn:aws:rekognition:us-east-1:123456789012:project/p/1", "MinInferenceUnits": 1},
            "ValidationException",
        ),
        ({"ProjectVersionArn": 7, "MinInferenceUnits": 1}, "SerializationException"),
        ({"MinInferenceUnits": 0}, "ValidationException"),
        ({"MinInferenceUnits": "1"}, "SerializationException"),
        ({"MinInferenceUnits": True}, "SerializationException"),
        ({"MinInferenceUnits": 2, "MaxInferenceUnits": 1}, "InvalidParameterException"),
    ],
)
def test_a_start_is_validated_as_the_service_model_says(
    bare: Emulator, new_model: NewModel, wrong: dict[str, Any], code: str
) -> None:
    rekognition = unvalidated(bare)
    given = {"ProjectVersionArn": new_model(), **wrong} if wrong else {}
    assert refused(rekognition.start_project_version, **given) == code


def test_what_a_shape_refuses_is_said_in_the_words_of_aws(bare: Emulator, new_model: NewModel) -> None:
    rekognition = unvalidated(bare)

    def message(**given: Any) -> str:
        with pytest.raises(ClientError) as raised:
            rekognition.detect_custom_labels(**given)
        return str(raised.value.response["Error"]["Message"])

    image = {"Image": {"Bytes": b""}}
    assert message(ProjectVersionArn=new_model(), **image) == (
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'image.bytes' failed to "
        "satisfy constraint: Member must have length greater than or equal to 1"
    )
    assert message(Image={"S3Object": {"Bucket": "s3://imgs"}}, MaxResults=-1) == (
        "3 validation errors detected: Value null at 'projectVersionArn' failed to satisfy constraint: Member must not "
        r"be null; Value 's3://imgs' at 'image.s3Object.bucket' failed to satisfy constraint: Member must satisfy "
        r"regular expression pattern: [0-9A-Za-z\.\-_]*; Value '-1' at 'maxResults' failed to satisfy constraint: "
        "Member must have value greater than or equal to 0"
    )


@pytest.mark.parametrize(
    "wrong",
    [{"MaxResults": 101}, {"MaxResults": 0}, {"ProjectNames": []}, {"ProjectNames": ["a b"]}, {"Features": ["X"]}],
)
def test_a_description_is_validated_as_the_service_model_says(bare: Emulator, wrong: dict[str, Any]) -> None:
    assert refused(unvalidated(bare).describe_projects, **wrong) == "ValidationException"


def test_only_so_many_models_run_at_a_time(bare: Emulator, rekognition: Any, new_model: NewModel) -> None:
    for version in bare.custom_labels.versions():
        bare.custom_labels.put(version.arn, "STOPPED")
    bare.custom_labels.quotas = Quotas(running_models=2, calls_per_second=100)
    bare.custom_labels.timing = SLOW
    models = [new_model(status) for status in ("RUNNING", "STOPPING", "STOPPED")]
    start = {"ProjectVersionArn": models[2], "MinInferenceUnits": 1}
    assert refused(rekognition.start_project_version, **start) == "LimitExceededException"
    bare.custom_labels.put(models[1], "STOPPED")
    assert rekognition.start_project_version(**start)["Status"] == "STARTING"


def test_a_model_takes_at_most_five_inference_units(rekognition: Any, new_model: NewModel) -> None:
    given = {"ProjectVersionArn": new_model(), "MinInferenceUnits": 5}
    assert refused(rekognition.start_project_version, **given, MaxInferenceUnits=6) == "LimitExceededException"
    assert rekognition.start_project_version(**given)["Status"] == "STARTING"


def test_too_many_calls_a_second_are_throttled_with_a_server_error(
    bare: Emulator, rekognition: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.custom_labels.quotas = Quotas(calls_per_second=3)
    monkeypatch.setattr(bare.custom_labels, "_calls", defaultdict(deque))  # earlier tests' calls would count too
    now = time.time()
    monkeypatch.setattr(bare.custom_labels, "_clock", lambda: now)
    for number in range(3):
        rekognition.create_project(ProjectName=f"one-of-three-calls-{number}")
    with pytest.raises(ClientError) as refusal:
        rekognition.create_project(ProjectName="one-too-many")
    assert refusal.value.response["Error"]["Code"] == "ThrottlingException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_comes_from_the_clock_alone(clock: Clock) -> None:
    service = CustomLabels(region="us-east-1", account_id="123456789012", timing=Timing(starting=600), clock=clock)
    model = service.seed("arn:aws:rekognition:us-east-1:123456789012:project/p/version/v/1")
    service.start_project_version(model.arn, 1, None)
    clock.now += 599
    assert service.versions()[0].status == "STARTING"
    clock.now += 1
    assert service.versions()[0].status == "RUNNING"


def test_calls_are_counted_for_each_operation_within_one_second(clock: Clock) -> None:
    service = CustomLabels(
        region="us-east-1", account_id="123456789012", quotas=Quotas(calls_per_second=1), clock=clock
    )
    service.throttle("StartProjectVersion")
    service.throttle("StopProjectVersion")
    clock.now += 1
    service.throttle("StartProjectVersion")


def test_the_default_quotas_are_the_service_s(clock: Clock) -> None:
    """As the Service Quotas console and the AWS General Reference (Amazon Rekognition) give them for an account."""
    models, units, calls = 2, 5, 5
    service = CustomLabels(region="us-east-1", account_id="123456789012", clock=clock)
    assert service.quotas == Quotas() == Quotas(running_models=models, inference_units=units, calls_per_second=calls)
    home = "arn:aws:rekognition:us-east-1:123456789012:project/p/version/v"
    arns = [service.seed(f"{home}{number}/1").arn for number in range(models + 1)]
    with pytest.raises(CustomLabelsError, match="at most 5 inference units"):
        service.start_project_version(arns[0], 1, units + 1)
    for arn in arns[:models]:
        service.start_project_version(arn, units, None)
    with pytest.raises(CustomLabelsError, match="2 models are running"):
        service.start_project_version(arns[models], 1, None)
    for _ in range(calls):
        service.throttle("StartProjectVersion")
    with pytest.raises(CustomLabelsError, match="Rate exceeded"):
        service.throttle("StartProjectVersion")


def test_a_seed_that_is_no_model_version_is_refused(clock: Clock) -> None:
    service = CustomLabels(region="us-east-1", account_id="123456789012", clock=clock)
    with pytest.raises(ValueError, match="not the ARN"):
        service.seed("arn:aws:rekognition:us-east-1:123456789012:project/p/1")
    with pytest.raises(ValueError, match="no such status"):
        service.put("arn:aws:rekognition:us-east-1:123456789012:project/p/version/v/1", "HIBERNATING")
