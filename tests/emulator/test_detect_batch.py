"""DetectBatch end to end: the deployed template, the real ASL with its Map, the packaged handlers, IAM enforced."""

import itertools
import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from emulator import images
from emulator.faults import Fault
from emulator.server import Emulator
from infra.settings.settings import Settings
from tests.contract import SCHEMAS, failed_well
from tests.deployed.app import SETTINGS
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.told import NewModel
from tests.emulator.test_grants import NOT_CALLED_BY_OUR_CODE, granted

BUCKET, RESULTS, FOLDER = "factory-images", "factory-results", "line-1/"
DETECT = "rekognition:DetectCustomLabels"
DOCUMENT = (Path(__file__).parent.parent.parent / "docs" / "detect-batch.md").read_text()
is_output = fastjsonschema.compile(json.loads((SCHEMAS / "detect_batch.output.schema.json").read_text()))
_numbers = itertools.count()


@pytest.fixture
def detect_batch(emulator: Emulator) -> StateMachine:
    images.ensure_bucket(emulator.client("s3"), RESULTS)
    return StateMachine(emulator.outputs["DetectBatchArn"], emulator.client("stepfunctions"))


@pytest.fixture
def model(new_model: NewModel, emulator: Emulator) -> str:
    """The ARN of a model that runs on one inference unit."""
    arn = new_model("RUNNING")
    emulator.custom_labels.put(arn, "RUNNING").min_inference_units = 1
    return arn


@pytest.fixture
def prefix(emulator: Emulator) -> str:
    """Of the samples: six pictures, and one file that is none."""
    own = f"{FOLDER}{next(_numbers)}/"
    images.lay_out(emulator.client("s3"), BUCKET, own)
    return own


def read(emulator: Emulator, key: str) -> str:
    text: str = emulator.client("s3").get_object(Bucket=RESULTS, Key=key)["Body"].read().decode()
    return text


def lines_of(emulator: Emulator, execution: Execution) -> dict[str, Any]:
    """The results by the image's name."""
    manifest = json.loads(read(emulator, execution.output["Results"]["Manifest"]))
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    records = [json.loads(line) for line in read(emulator, file["Key"]).splitlines()]
    return {record["Image"]["Key"].rpartition("/")[2]: record for record in records}


def test_images_are_labelled_broken_ones_recorded_and_folders_skipped(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    emulator.client("s3").put_object(Bucket=BUCKET, Key=prefix, Body=b"")
    given = {"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model, "ToleratedFailurePercentage": 20}
    execution = detect_batch.run(given, name=f"labelled-{next(_numbers)}")
    assert execution.status == "SUCCEEDED"
    is_output(execution.output)
    told = execution.output
    assert (told["Images"], told["Labelled"], told["Failed"], told["Skipped"]) == (7, 6, 1, 1)
    assert told["Labels"] == dict.fromkeys(images.COLOURS, 1)
    assert told["Failures"] == {"InvalidImageFormatException": 1}
    assert told["InferenceUnits"] == 1
    assert told["Results"]["Prefix"] == f"labels/{execution.arn.rpartition(':')[2]}/"
    assert json.loads(read(emulator, told["Results"]["Summary"])) == told
    lines = lines_of(emulator, execution)
    where = {"Bucket": BUCKET, "Key": f"{prefix}red.png"}
    assert lines["red.png"] == {"Image": where, "CustomLabels": [{"Name": "red", "Confidence": 100}]}
    assert lines["broken.png"]["Error"] == "InvalidImageFormatException"
    assert lines["broken.png"]["Message"].startswith("Request has invalid image format")
    assert lines[""]["Skipped"] == "A folder, not an image."


def test_confidence_and_number_of_labels_are_the_callers(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    given = {"Bucket": BUCKET, "Prefix": f"{prefix}red", "ProjectVersionArn": model}
    execution = detect_batch.run({**given, "MinConfidence": 0, "MaxResults": 2})
    labels = lines_of(emulator, execution)["red.png"]["CustomLabels"]
    assert labels[0]["Name"] == "red"
    assert len(labels) == 2
    assert lines_of(emulator, detect_batch.run({**given, "MaxResults": 0}))["red.png"]["CustomLabels"] == []


def test_too_many_broken_images_fail_the_batch_which_says_which(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    execution = detect_batch.run({"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model})
    cause = failed_well(execution, "TooManyFailures")
    assert "1 of 7 images" in cause["Message"]
    assert f"{prefix}broken.png" in cause["Message"]
    key = cause["Message"].rpartition(f"s3://{RESULTS}/")[2]
    summary = json.loads(read(emulator, key))
    is_output(summary)
    assert (summary["Error"], summary["Labelled"]) == ("TooManyFailures", 6)


def test_a_model_that_does_not_run_is_told_before_the_first_image(
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


def test_every_action_that_its_functions_are_granted_is_used(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    before = len(emulator.authoriser.decisions)
    given = {"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model}
    assert detect_batch.run({**given, "ToleratedFailurePercentage": 100}).status == "SUCCEEDED"
    emulator.faults.add(Fault(DETECT, contains=prefix, calls=None, error="ResourceNotReadyException"))
    assert detect_batch.run(given).status == "FAILED"
    used = {(one.role, one.action, one.resource) for one in emulator.authoriser.decisions[before:] if one.allowed}
    grants = {grant for grant in granted(emulator) if "DetectBatch" in grant[0]}
    assert len({role for role, *_ in grants}) == 2
    assert not {
        (role, action, resource)
        for role, action, resource in grants
        if action not in NOT_CALLED_BY_OUR_CODE
        and not any(by == role and called == action and fnmatchcase(on, resource) for by, called, on in used)
    }


def test_the_functions_read_and_write_nowhere_else(emulator: Emulator, detect_batch: StateMachine, model: str) -> None:
    """The request is checked; were it not, IAM would refuse."""
    results = {resource for role, action, resource in granted(emulator) if "DetectBatch" in role and "s3:" in action}
    assert results == {
        f"arn:aws:s3:::{BUCKET}",
        f"arn:aws:s3:::{RESULTS}",
        f"arn:aws:s3:::{RESULTS}/labels/*",
    }
    assert detect_batch.run({"Bucket": RESULTS, "ProjectVersionArn": model}).error == "InvalidRequest"


# --- docs/detect-batch.md ---------------------------------------------------------------------------------------------


def snippets() -> list[str]:
    return re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)


def test_the_settings_in_the_document_are_those_that_are_deployed_here() -> None:
    documented = json.loads("{" + snippets()[0] + "}")
    assert documented == {"detect_batch": SETTINGS["detect_batch"]}
    assert Settings.from_context({**SETTINGS, **documented}).detect_batch


def test_the_input_in_the_document_labels_images(emulator: Emulator, detect_batch: StateMachine, model: str) -> None:
    """With what RunWithModel puts into it: StartModel's output."""
    workload = json.loads(snippets()[1])["Workload"]
    assert workload["StateMachineArn"] == "<DetectBatchArn>"
    s3 = emulator.client("s3")
    images.ensure_bucket(s3, workload["Input"]["Bucket"])
    s3.put_object(
        Bucket=workload["Input"]["Bucket"],
        Key=f"{workload['Input']['Prefix']}0001.png",
        Body=images.png(images.COLOURS["blue"]),
    )
    started = {"ProjectVersionArn": model, "Status": "RUNNING", "LeaseId": "run/monday", "Warnings": []}
    execution = detect_batch.run({**workload["Input"], workload["ModelField"]: started})
    assert execution.output["Labels"] == {"blue": 1}


def test_the_lines_in_the_document_are_those_that_are_written(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    emulator.client("s3").put_object(Bucket=BUCKET, Key=prefix, Body=b"")
    given = {"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model, "ToleratedFailurePercentage": 100}
    written = lines_of(emulator, detect_batch.run(given))
    labelled, broken, skipped = (json.loads(line) for line in snippets()[2].splitlines())
    for documented, name in ((labelled, "red.png"), (broken, "broken.png"), (skipped, "")):
        assert documented.keys() == written[name].keys()
        assert documented["Image"].keys() == written[name]["Image"].keys()
    assert labelled["CustomLabels"][0].keys() == written["red.png"]["CustomLabels"][0].keys()
    assert broken["Error"] == written["broken.png"]["Error"]
    assert skipped["Skipped"] == written[""]["Skipped"]
