"""DetectCustomLabels, and the pictures it looks at."""

import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import images
from emulator.custom_labels import Quotas
from emulator.custom_labels_api import MAX_BYTES
from emulator.server import Emulator

NewModel = Callable[..., str]
RED = images.png(images.COLOURS["red"])


@pytest.fixture
def rekognition(bare: Emulator) -> Any:
    return bare.client("rekognition")


@pytest.fixture
def bucket(bare: Emulator) -> str:
    images.lay_out(bare.client("s3"), "pictures", "today/")
    return "pictures"


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    code: str = refusal.value.response["Error"]["Code"]
    return code


def names(answer: dict[str, Any]) -> list[str]:
    return [label["Name"] for label in answer["CustomLabels"]]


@pytest.mark.parametrize("colour", images.COLOURS)
def test_a_picture_is_labelled_with_its_colour(rekognition: Any, new_model: NewModel, bucket: str, colour: str) -> None:
    picture = {"S3Object": {"Bucket": bucket, "Name": f"today/{colour}.png"}}
    answer = rekognition.detect_custom_labels(ProjectVersionArn=new_model("RUNNING"), Image=picture)
    assert answer["CustomLabels"] == [{"Name": colour, "Confidence": 100}]


def test_less_confidence_finds_more_and_the_most_confident_come_first(rekognition: Any, new_model: NewModel) -> None:
    model, picture = new_model("RUNNING"), {"Bytes": RED}
    found = rekognition.detect_custom_labels(ProjectVersionArn=model, Image=picture, MinConfidence=0)["CustomLabels"]
    assert {one["Name"] for one in found} == images.COLOURS.keys()
    assert [one["Confidence"] for one in found] == sorted((one["Confidence"] for one in found), reverse=True)
    few = rekognition.detect_custom_labels(ProjectVersionArn=model, Image=picture, MinConfidence=0, MaxResults=2)
    assert few["CustomLabels"] == found[:2]
    assert names(rekognition.detect_custom_labels(ProjectVersionArn=model, Image=picture, MinConfidence=100)) == ["red"]


def test_other_pictures_have_labels_that_stay_the_same() -> None:
    jpeg = b"\xff\xd8\xff\xe0 something"
    palette = RED.replace(struct.pack(">IIB", images.SIZE, images.SIZE, 8), struct.pack(">IIB", 1, 1, 1))
    cut_off = RED[:60]
    for picture in (jpeg, palette, cut_off, RED[:8] + b"\0\0\0\0" + zlib.compress(b"")):
        assert images.see(picture) == images.see(picture)
        assert {one.name for one in images.see(picture)} == images.COLOURS.keys()


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "STOPPING"])
def test_a_model_has_to_run(rekognition: Any, new_model: NewModel, status: str) -> None:
    given = {"ProjectVersionArn": new_model(status), "Image": {"Bytes": RED}}
    assert refused(rekognition.detect_custom_labels, **given) == "ResourceNotReadyException"


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ({"Bytes": b"no picture"}, "InvalidImageFormatException"),
        ({"Bytes": RED + bytes(MAX_BYTES)}, "ImageTooLargeException"),
        ({"S3Object": {"Bucket": "pictures", "Name": "today/broken.png"}}, "InvalidImageFormatException"),
        ({"S3Object": {"Bucket": "pictures", "Name": "today/none.png"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "no-such-bucket", "Name": "red.png"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "pictures"}}, "InvalidParameterException"),
        ({}, "InvalidParameterException"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_an_image_that_can_not_be_looked_at_is_refused(
    rekognition: Any, new_model: NewModel, image: dict[str, Any], code: str
) -> None:
    given = {"ProjectVersionArn": new_model("RUNNING"), "Image": image}
    assert refused(rekognition.detect_custom_labels, **given) == code


def test_a_model_that_is_not_there_is_not_found(rekognition: Any, new_model: NewModel) -> None:
    given = {"ProjectVersionArn": new_model() + "9", "Image": {"Bytes": RED}}
    assert refused(rekognition.detect_custom_labels, **given) == "ResourceNotFoundException"


def test_a_confidence_is_a_percentage(rekognition: Any, new_model: NewModel) -> None:
    given = {"ProjectVersionArn": new_model("RUNNING"), "Image": {"Bytes": RED}, "MinConfidence": 100.5}
    assert refused(rekognition.detect_custom_labels, **given) == "InvalidParameterException"


def test_detecting_has_a_quota_of_its_own(
    bare: Emulator, rekognition: Any, new_model: NewModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"ProjectVersionArn": new_model("RUNNING"), "Image": {"Bytes": RED}}
    bare.custom_labels.quotas = Quotas(calls_per_second=1, detections_per_second=3)
    within_a_second = time.time() + 1  # calls of earlier tests count too
    monkeypatch.setattr(bare.custom_labels, "_clock", lambda: within_a_second)
    codes = []
    for _ in range(6):
        try:
            rekognition.detect_custom_labels(**given)
        except ClientError as refusal:
            codes.append(refusal.response["Error"]["Code"])
    assert codes == ["ProvisionedThroughputExceededException"] * 3
    assert Quotas().detections_per_second == 50
