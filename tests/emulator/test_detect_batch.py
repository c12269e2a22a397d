"""What DetectBatch does with odd batches, on the emulator: the real ASL with its Map, and the packaged handlers."""

import pytest
from moto.s3.models import s3_backends

from emulator.faults import Fault
from emulator.server import Emulator
from tests.contract import failed_well
from tests.deployed.batches import BUCKET, is_output, lines_of
from tests.deployed.executions import StateMachine
from tests.deployed.notified import NewModel

DETECT = "rekognition:DetectCustomLabels"


def test_confidence_and_number_of_labels_are_the_callers(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    given = {"Bucket": BUCKET, "Prefix": f"{prefix}red", "ProjectVersionArn": model}
    execution = detect_batch.run({**given, "MinConfidence": 0, "MaxResults": 2})
    labels = lines_of(emulator, execution)["red.png"]["CustomLabels"]
    assert labels[0]["Name"] == "red"
    assert len(labels) == 2
    assert lines_of(emulator, detect_batch.run({**given, "MaxResults": 0}))["red.png"]["CustomLabels"] == []


def test_a_model_that_does_not_run_is_reported_before_the_first_image(
    detect_batch: StateMachine, new_model: NewModel, prefix: str
) -> None:
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": new_model("STOPPED")})
    assert failed_well(execution, "ModelNotRunning")["Status"] == "STOPPED"
    assert execution.states() == ["Prepare the batch", "Batch failed"]


def test_a_batch_ends_early_when_its_model_is_stopped(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    emulator.faults.add(Fault(DETECT, contains=prefix, calls=None, error="ResourceNotReadyException"))
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model})
    assert "the model was not running any more" in failed_well(execution, "ModelNotRunning")["Message"]


def test_images_that_nobody_may_read_end_the_batch_and_are_no_broken_images(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    emulator.faults.add(Fault(DETECT, contains=prefix, calls=None, error="InvalidS3ObjectException"))
    emulator.faults.add(Fault("s3:HeadObject", calls=None, error="AccessDenied"))
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model})
    cause = failed_well(execution, "AccessDenied")
    assert "neither Amazon Rekognition nor HeadObject may read the images" in cause["Message"]
    assert "s3:GetObject" in cause["Remedy"]


def test_an_image_that_can_be_read_is_broken_where_the_service_says_so(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    emulator.faults.add(Fault(DETECT, contains=f"{prefix}red", calls=None, error="InvalidS3ObjectException"))
    given = {"Bucket": BUCKET, "Prefix": f"{prefix}red", "ProjectVersionArn": model}
    execution = detect_batch.run({**given, "ToleratedFailurePercentage": 100})
    assert lines_of(emulator, execution)["red.png"]["Error"] == "InvalidS3ObjectException"
    assert execution.output["Failures"] == {"InvalidS3ObjectException": 1}


def test_a_bucket_of_another_region_is_refused(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_backends[emulator.account_id]["aws"].get_bucket(BUCKET), "region_name", "eu-west-1")
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model})
    assert f"Bucket: {BUCKET} is in eu-west-1" in failed_well(execution, "InvalidRequest")["Message"]


def test_throttled_calls_are_tried_again(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    for call, error in enumerate(("ProvisionedThroughputExceededException", "InternalServerError"), 1):
        emulator.faults.add(Fault(DETECT, contains=f"{prefix}red", calls=(call,), error=error))
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": f"{prefix}red", "ProjectVersionArn": model})
    assert execution.output["Labels"] == {"red": 1}


def test_an_empty_prefix_is_a_success_with_a_warning(detect_batch: StateMachine, model: str, prefix: str) -> None:
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": f"{prefix}none/", "ProjectVersionArn": model})
    is_output(execution.output)
    assert execution.output["Images"] == 0
    assert execution.output["Warnings"] == [f"There is no image under s3://{BUCKET}/{prefix}none/."]


def test_a_wrong_input_is_refused_with_what_to_do(detect_batch: StateMachine, model: str) -> None:
    cause = failed_well(detect_batch.run({"Bucket": BUCKET, "Prefix": "line-2/", "Modle": model}), "InvalidRequest")
    assert "Modle: is unknown, did you mean Model?" in cause["Message"]
    assert "s3://factory-images/line-2/ is outside" in cause["Message"]
    assert "Start a new execution with" in cause["Remedy"]


def test_a_bucket_that_refuses_says_so(emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str) -> None:
    emulator.faults.add(Fault("s3:ListObjectsV2", error="AccessDenied"))
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model})
    assert "has a policy" in failed_well(execution, "AccessDenied")["Remedy"]
