"""DetectBatch's definition, run with answers that are scripted, since the account has no S3.

Its functions are tested by themselves, and all of it once together on the emulator.
"""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.account.account import DETECT_BATCH, definition
from tests.account.kernel import Simulation
from tests.account.machine import ExecutionError, Run, TaskError
from tests.unit.examples import NOW

Json = Any
PREPARE, LIST, SUMMARISE, DETECT, HEAD = (
    "detect_batch_prepare",
    "listObjectsV2",
    "detect_batch_summarise",
    "detectCustomLabels",
    "headObject",
)
BATCH = {"HasImages": True, "Bucket": "factory-images", "Prefix": "line-1/"}
ANSWERS: Mapping[str, Json] = {
    PREPARE: {"Payload": BATCH},
    LIST: {"ResultWriterDetails": {"Bucket": "factory-results", "Key": "labels/manifest.json"}},
    SUMMARISE: {"Payload": {"Images": 7}},
    DETECT: {"CustomLabels": [{"Name": "red", "Confidence": 100}]},
    HEAD: {"ContentLength": 4},
}
"""What each call answers, by the function that is invoked, or the operation."""
Errors = Mapping[str, Sequence[str]]
"""What each fails with before, by their names; behind a colon, with which cause."""


class Ran:
    """A run of a definition, with what it asked for.

    Parameters
    ----------
    errors : Mapping
        What each call fails with before it answers.
    """

    def __init__(self, whole: Mapping[str, Json], given: Json, errors: Errors, answers: Mapping[str, Json]) -> None:
        self.asked: list[str] = []
        self.arguments: dict[str, Json] = {}
        self._errors, self._answers = {name: list(some) for name, some in errors.items()}, {**ANSWERS, **answers}
        simulation = Simulation(NOW)
        machine = Run(
            whole,
            {"Execution": {"Id": "batch", "Input": given}},
            simulation=simulation,
            task=self._task,
            chance=random.Random(0),  # noqa: S311 - a simulation
            entered=lambda _state: None,
        )
        process = simulation.begin(machine.run)
        simulation.run(3600)
        self.output, self.error = process.value, process.error

    def _task(self, resource: str, arguments: Json, _seconds: float | None) -> Json:
        name = arguments["FunctionName"] if resource.endswith(":lambda:invoke") else resource.rpartition(":")[2]
        self.asked.append(name)
        self.arguments[name] = arguments
        if left := self._errors.get(name):
            error, _, said = left.pop(0).partition(": ")
            raise TaskError(error, said or json.dumps({"errorMessage": json.dumps({"Message": f"{error}, so it is."})}))
        return self._answers[name]


NOTHING: Mapping[str, Any] = {}


def batch(errors: Errors = NOTHING, answers: Mapping[str, Json] = NOTHING) -> Ran:
    return Ran(definition(DETECT_BATCH), {}, errors, answers)


def image(key: str, errors: Errors = NOTHING) -> Ran:
    """The execution of the Map's own definition for one image."""
    child = definition(DETECT_BATCH)["States"]["Detect labels in each image"]["ItemProcessor"]
    given = {"Image": {"S3Object": {"Bucket": "factory-images", "Name": key}}, "Detect": {"MinConfidence": 80}}
    return Ran(child, given, errors, NOTHING)


def failed(ran: Ran) -> tuple[str, str]:
    """The error, and its message."""
    assert isinstance(ran.error, ExecutionError)
    return ran.error.error, json.loads(ran.error.cause)["Message"]


# --- The batch --------------------------------------------------------------------------------------------------------


def test_images_are_read_labelled_and_counted() -> None:
    ran = batch()
    assert (ran.asked, ran.output) == ([PREPARE, LIST, SUMMARISE], {"Images": 7})
    assert ran.arguments[LIST] == {"Bucket": "factory-images", "Prefix": "line-1/"}
    assert ran.arguments[SUMMARISE]["Payload"]["Written"] == ANSWERS[LIST]


def test_where_there_are_no_images_none_are_read() -> None:
    ran = batch(answers={PREPARE: {"Payload": {**BATCH, "HasImages": False}}})
    assert (ran.asked, ran.output) == ([PREPARE, SUMMARISE], {"Images": 7})


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (PREPARE, "RateLimited"),
        (PREPARE, "Lambda.Unknown"),
        (LIST, "States.ItemReaderFailed"),
        (SUMMARISE, "ServiceUnavailable"),
    ],
)
def test_what_passes_is_tried_again(call: str, named: str) -> None:
    ran = batch({call: [named, named]})
    assert (ran.asked.count(call), ran.output) == (3, {"Images": 7})


@pytest.mark.parametrize("call", [PREPARE, SUMMARISE])
@pytest.mark.parametrize("named", ["AccessDenied", "ModelNotRunning"])
def test_an_error_of_a_function_keeps_its_name_and_cause(call: str, named: str) -> None:
    assert failed(batch({call: [named]})) == (named, f"{named}, so it is.")


@pytest.mark.parametrize(("call", "state"), [(PREPARE, "Prepare the batch"), (SUMMARISE, "Summarise the results")])
def test_an_error_that_nobody_expects_is_service_unavailable(call: str, state: str) -> None:
    error, said = failed(batch({call: ["Odd"]}))
    message = f'A function failed in the step "{state}". Step Functions reports: Odd'
    assert (error, said.partition(" {")[0]) == ("ServiceUnavailable", message)


@pytest.mark.parametrize("named", ["States.DataLimitExceeded", "Runtime.UnmarshalError"])
def test_an_input_that_cannot_be_read_is_refused(named: str) -> None:
    error, message = failed(batch({PREPARE: [named]}))
    assert (error, message.partition("\n")[0]) == ("InvalidRequest", "The input is not a DetectBatch request:")


def test_a_map_that_fails_is_summarised_with_its_error() -> None:
    ran = batch({LIST: ["States.ExceedToleratedFailureThreshold"]})
    assert ran.output == {"Images": 7}
    assert ran.arguments[SUMMARISE]["Payload"]["Failure"]["Error"] == "States.ExceedToleratedFailureThreshold"


# --- Each image -------------------------------------------------------------------------------------------------------


def test_an_image_is_labelled() -> None:
    ran = image("line-1/0001.png")
    assert ran.output == {"Image": {"Bucket": "factory-images", "Key": "line-1/0001.png"}, **ANSWERS[DETECT]}
    assert ran.arguments[DETECT]["MinConfidence"] == 80


def test_a_folder_is_skipped() -> None:
    ran = image("line-1/")
    assert (ran.asked, ran.output["Skipped"]) == ([], "A folder, not an image.")


def test_throttling_of_an_image_passes() -> None:
    throttled = ["Rekognition.ThrottlingException", "Rekognition.InternalServerErrorException", "States.Timeout"]
    assert image("0001.png", {DETECT: throttled}).output["CustomLabels"] == ANSWERS[DETECT]["CustomLabels"]


def test_an_image_that_is_none_is_a_result() -> None:
    ran = image("0001.png", {DETECT: ["Rekognition.InvalidImageFormatException"]})
    assert ran.asked == [DETECT], "there is nothing to ask S3"
    assert ran.output["Error"] == "InvalidImageFormatException"
    assert "so it is" in ran.output["Message"]


def test_an_image_that_can_be_read_and_is_none_is_a_result() -> None:
    ran = image("0001.png", {DETECT: ["Rekognition.InvalidS3ObjectException"]})
    assert ran.asked == [DETECT, HEAD]
    # Without the checksum, HeadObject needs no right to decrypt the image, as Amazon Rekognition does.
    assert ran.arguments[HEAD] == {"Bucket": "factory-images", "Key": "0001.png", "ChecksumMode": "ENABLED"}
    assert (ran.output["Error"], ran.output["Image"]["Key"]) == ("InvalidS3ObjectException", "0001.png")


def test_an_image_that_nobody_may_read_fails_as_the_model_s_error_does() -> None:
    """Else a missing right would be as many broken images as there are images, and a success."""
    ran = image("0001.png", {DETECT: ["Rekognition.InvalidS3ObjectException"], HEAD: ["S3.S3Exception"] * 3})
    assert isinstance(ran.error, ExecutionError)
    assert ran.error.error == "Rekognition.InvalidS3ObjectException"
    assert ran.error.cause.endswith("HeadObject answered: S3.S3Exception")


def test_a_moment_in_which_s3_does_not_answer_passes() -> None:
    errors = {DETECT: ["Rekognition.InvalidS3ObjectException"], HEAD: ["S3.S3Exception", "States.Timeout"]}
    assert image("0001.png", errors).output["Error"] == "InvalidS3ObjectException"


REFUSED_KEY = (
    "Rekognition.RekognitionException: 1 validation error detected: Value ' ' at 'image.s3Object.name' failed to "
    r"satisfy constraint: Member must satisfy regular expression pattern: \S.* (Service: Rekognition, Status Code: 400)"
)


def test_an_image_whose_key_the_service_refuses_is_a_result_that_names_it_and_says_why() -> None:
    ran = image(" ", {DETECT: [REFUSED_KEY] * 2})
    assert ran.asked == [DETECT, DETECT], "once more: only its message tells it from a service that is not available"
    assert (ran.output["Error"], ran.output["Image"]["Key"]) == ("ValidationException", " ")
    assert "regular expression pattern" in ran.output["Message"]


def test_a_service_that_is_not_available_is_asked_again_and_no_image_is_to_blame() -> None:
    unavailable = "Rekognition.RekognitionException: Service Unavailable (Service: Rekognition, Status Code: 503)"
    assert "CustomLabels" in image("0001.png", {DETECT: [unavailable]}).output
    ran = image("0001.png", {DETECT: [unavailable] * 2})
    assert isinstance(ran.error, ExecutionError)
    assert ran.error.error == "Rekognition.RekognitionException"


def test_a_model_that_does_not_run_fails_the_image() -> None:
    ran = image("0001.png", {DETECT: ["Rekognition.ResourceNotReadyException"]})
    assert isinstance(ran.error, ExecutionError)
    assert ran.error.error == "Rekognition.ResourceNotReadyException"
