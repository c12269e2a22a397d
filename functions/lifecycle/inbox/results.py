"""Where the result of an image goes, and what it says. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from lifecycle.inbox.arrivals import Arrival
from lifecycle.ports import ObjectVersion, Refused
from lifecycle.shared.s3_location import Place
from lifecycle.shared.wire import Json, timestamp

LONGEST_KEY = 1024
"""Bytes of UTF-8 (Amazon S3 User Guide, "Naming Amazon S3 objects")."""
_SUFFIX = ".json"
_DIGEST = 32
ETAG, VERSION, KIND = "image-etag", "image-version", "kind"
"""What is noted beside a result, so that one look tells which version of the image it is of."""
LABELS, ERROR = "labels", "error"
"""The kinds of results."""


def result_key(key: str, images: Place, results: Place) -> str:
    """``line-1/0001.png`` below the images -> ``line-1/0001.png.json`` below the results.

    Where that is longer than a key may be, its end gives way to a digest of it, so that no two images share a result.
    """
    wished = f"{results.folder}{key.removeprefix(images.folder)}"
    if len(f"{wished}{_SUFFIX}".encode()) <= LONGEST_KEY:
        return f"{wished}{_SUFFIX}"
    tail = f"~{hashlib.sha256(wished.encode()).hexdigest()[:_DIGEST]}{_SUFFIX}"
    head = wished.encode()[: LONGEST_KEY - len(tail)].decode(errors="ignore")  # whole characters only
    return f"{head}{tail}"


def notes(image: ObjectVersion, kind: str) -> Mapping[str, str]:
    """What is noted beside the result of an image."""
    return {ETAG: image.etag, VERSION: image.version_id or "", KIND: kind}


def is_result_of(result: ObjectVersion, image: ObjectVersion, *, errors_again: bool = False) -> bool:
    """Whether a result is that of this version of the image, which was there when it was written.

    Parameters
    ----------
    errors_again : bool
        A result that is an error does not count.
    """
    same = (result.notes.get(ETAG), result.notes.get(VERSION)) == (image.etag, image.version_id or "")
    return (
        same and result.last_modified >= image.last_modified and not (errors_again and result.notes.get(KIND) == ERROR)
    )


def labelled(
    arrival: Arrival, image: ObjectVersion, labels: Sequence[Json], *, project_version_arn: str, now: datetime
) -> str:
    """The result of an image that was labelled."""
    return _text(
        {
            "Image": _image(arrival, image),
            "ProjectVersionArn": project_version_arn,
            "CustomLabels": labels,
            "LabelledAt": timestamp(now),
        }
    )


def broken(arrival: Arrival, image: ObjectVersion, refused: Refused) -> str:
    """The result of an image that can't be labelled."""
    return _text({"Image": _image(arrival, image), "Error": refused.error, "Message": refused.message})


def _image(arrival: Arrival, image: ObjectVersion) -> Mapping[str, str]:
    version = {"VersionId": image.version_id} if image.version_id else {}
    return {"Bucket": arrival.bucket, "Key": arrival.key, "ETag": image.etag, **version}


def _text(result: Mapping[str, Json]) -> str:
    return f"{json.dumps(result)}\n"
