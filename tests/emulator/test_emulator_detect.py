"""DetectCustomLabels, and the pictures it looks at."""

import contextlib
import io
import struct
import time
import zlib
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from emulator import images
from emulator.custom_labels import Quotas, Timing
from emulator.server import Emulator

NewModel = Callable[..., str]
RED = images.png(images.COLOURS["red"])


@pytest.fixture
def rekognition(bare: Emulator) -> Any:
    return bare.client("rekognition")


@pytest.fixture
def bucket(bare: Emulator) -> str:
    s3 = bare.client("s3")
    images.lay_out(s3, "pictures", "today/")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket="pictures-abroad", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="pictures-abroad", Key="red.png", Body=RED)
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


def written(mode: str, colour: Any, form: str, size: tuple[int, int] = (images.SIZE, images.SIZE), **how: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, form, **how)
    return file.getvalue()


def in_16_bits(colour: tuple[int, int, int]) -> bytes:
    """A PNG with 16 bits a channel, which Pillow reads but does not write."""
    row = b"\0" + b"".join(struct.pack(">H", part * 257) for part in colour) * images.SIZE
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", images.SIZE, images.SIZE, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * images.SIZE)),
        (b"IEND", b""),
    )
    chunks = (struct.pack(">I", len(of)) + kind + of + struct.pack(">I", zlib.crc32(kind + of)) for kind, of in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def palette(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (images.SIZE, images.SIZE), colour).quantize(2).save(file, "PNG")
    return file.getvalue()


BLUE = images.COLOURS["blue"]


@pytest.mark.parametrize(
    ("picture", "label"),
    [
        (written("RGBA", (*BLUE, 128), "PNG"), "blue"),
        (palette(BLUE), "blue"),
        (in_16_bits(BLUE), "blue"),
        (written("I;16", 65535, "PNG"), "white"),
        (written("I;16", 2000, "PNG"), "black"),
        (written("L", 240, "PNG"), "white"),
        (written("LA", (10, 255), "PNG"), "black"),
        (written("1", 1, "PNG"), "white"),
        (written("RGB", BLUE, "JPEG"), "blue"),
        (written("RGB", BLUE, "JPEG", progressive=True, exif=Image.Exif()), "blue"),
        (written("L", 240, "JPEG"), "white"),
        (written("CMYK", (215, 185, 35, 0), "JPEG"), "blue"),
        (written("RGB", BLUE, "JPEG", (images.LARGEST, 205)), "blue"),
    ],
)
def test_a_picture_of_any_kind_is_labelled_with_its_colour(picture: bytes, label: str) -> None:
    best = images.see(picture)[0]
    assert best.name == label
    assert best.confidence > 95


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "STOPPING"])
def test_a_model_has_to_run(bare: Emulator, rekognition: Any, new_model: NewModel, status: str) -> None:
    bare.custom_labels.timing = Timing(starting=3600, stopping=3600)
    given = {"ProjectVersionArn": new_model(status), "Image": {"Bytes": RED}}
    assert refused(rekognition.detect_custom_labels, **given) == "ResourceNotReadyException"


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ({"Bytes": b"no picture"}, "InvalidImageFormatException"),
        ({"Bytes": b"\xff\xd8\xff\xe0 something"}, "InvalidImageFormatException"),
        ({"Bytes": RED[:60]}, "InvalidImageFormatException"),
        ({"Bytes": written("RGB", BLUE, "GIF")}, "InvalidImageFormatException"),
        ({"Bytes": RED + bytes(4 * 1024 * 1024)}, "ImageTooLargeException"),
        ({"Bytes": written("L", 0, "PNG", (5000, 64))}, "ImageTooLargeException"),
        ({"Bytes": written("L", 0, "JPEG", (64, 4097))}, "ImageTooLargeException"),
        ({"Bytes": images.png(BLUE, 63)}, "InvalidParameterException"),
        ({"Bytes": written("L", 0, "PNG", (64, 1281))}, "InvalidParameterException"),
        ({"S3Object": {"Bucket": "pictures", "Name": "today/broken.png"}}, "InvalidImageFormatException"),
        ({"S3Object": {"Bucket": "pictures", "Name": "today/none.png"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "no-such-bucket", "Name": "red.png"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "pictures", "Name": "today/red.png", "Version": "no"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "pictures-abroad", "Name": "red.png"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "pictures"}}, "InvalidParameterException"),
        ({}, "InvalidParameterException"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_an_image_that_can_not_be_checked_is_refused(
    rekognition: Any, new_model: NewModel, image: dict[str, Any], code: str
) -> None:
    given = {"ProjectVersionArn": new_model("RUNNING"), "Image": image}
    assert refused(rekognition.detect_custom_labels, **given) == code


def test_in_s3_an_image_may_have_15_megabytes_and_no_more(bare: Emulator, new_model: NewModel, bucket: str) -> None:
    where = {"Bucket": bucket, "Name": "heavy.png"}
    given = {"ProjectVersionArn": new_model("RUNNING"), "Image": {"S3Object": where}}
    largest = RED.ljust(15 * 1024 * 1024, b"\0")
    rekognition, s3 = bare.client("rekognition"), bare.client("s3")
    s3.put_object(Bucket=bucket, Key="heavy.png", Body=largest)
    assert names(rekognition.detect_custom_labels(**given)) == ["red"]
    s3.put_object(Bucket=bucket, Key="heavy.png", Body=largest + b"\0")
    assert refused(rekognition.detect_custom_labels, **given) == "ImageTooLargeException"


def test_a_model_that_is_not_there_is_not_found(rekognition: Any, new_model: NewModel) -> None:
    given = {"ProjectVersionArn": new_model() + "9", "Image": {"Bytes": RED}}
    assert refused(rekognition.detect_custom_labels, **given) == "ResourceNotFoundException"


def test_a_confidence_is_a_percentage(rekognition: Any, new_model: NewModel) -> None:
    given = {"ProjectVersionArn": new_model("RUNNING"), "Image": {"Bytes": RED}, "MinConfidence": 100.5}
    assert refused(rekognition.detect_custom_labels, **given) == "ValidationException"


def test_detecting_has_a_quota_of_its_own(
    bare: Emulator, rekognition: Any, new_model: NewModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"ProjectVersionArn": new_model("RUNNING"), "Image": {"Bytes": RED}}
    bare.custom_labels.quotas = Quotas(calls_per_second=1, detections_per_second=3)
    monkeypatch.setattr(bare.custom_labels, "_calls", defaultdict(deque))  # earlier tests' calls would count too
    now = time.time()
    monkeypatch.setattr(bare.custom_labels, "_clock", lambda: now)
    codes = []
    for _ in range(6):
        try:
            rekognition.detect_custom_labels(**given)
        except ClientError as refusal:
            codes.append(refusal.response["Error"]["Code"])
    assert codes == ["ProvisionedThroughputExceededException"] * 3
    assert Quotas().detections_per_second == 50
