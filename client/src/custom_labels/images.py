"""An image as DetectCustomLabels takes it: an ``s3://`` address, a path of this machine, or the bytes."""

import os
import re
from pathlib import Path
from typing import Any

from custom_labels.errors import InvalidRequest

MAX_BYTES = 4_000_000
"""Of an image in the request; from a bucket 15 MB (Amazon Rekognition Custom Labels quotas)."""

Image = str | os.PathLike[str] | bytes


def image_of(image: Image) -> dict[str, Any]:
    """The parameter ``Image``.

    Raises
    ------
    InvalidRequest
        It is too large to be sent or empty, no address of an object, or there is no such file.
    """
    if isinstance(image, str) and image.startswith("s3://"):
        bucket, _, key = image.removeprefix("s3://").partition("/")
        if not bucket or not key:
            raise InvalidRequest(f"{image} names no object: an address is s3://bucket/folder/name.png.")
        if key.endswith("/"):
            raise InvalidRequest(
                f"{image} is a folder, and an image is looked at alone.",
                remedy="Name each image; of a whole folder, use DetectBatch or an inbox: docs/detect-batch.md.",
            )
        return {"S3Object": {"Bucket": bucket, "Name": key}}
    if isinstance(image, str) and re.match(r"https?://", image):
        raise InvalidRequest(
            f"{image} is a web address.", remedy="Pass an s3:// address, a file of this machine, or the image's bytes."
        )
    if not isinstance(image, bytes):
        try:
            image = Path(image).read_bytes()
        except OSError as error:
            raise InvalidRequest(f"{error.filename} can't be read: {error.strerror}.") from error
    if not image:
        raise InvalidRequest("The image is empty: it has no bytes.")
    if len(image) > MAX_BYTES:
        raise InvalidRequest(
            f"The image has {len(image):,} bytes; a request takes {MAX_BYTES:,}.",
            remedy="Put it into a bucket of the model's Region, and pass its s3:// address: up to 15 MB.",
        )
    return {"Bytes": image}
