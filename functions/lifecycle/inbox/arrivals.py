"""A message of an inbox's queue: which version of which image has arrived. Pure.

Amazon EventBridge's event of Amazon S3 is taken as it is: its key is *not* URL-encoded, unlike that of S3's own
notifications (Amazon S3 User Guide, "Using EventBridge").
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.errors import InvalidRequest
from lifecycle.ports import ObjectVersion
from lifecycle.shared.s3_location import Place
from lifecycle.shared.text import escaped
from lifecycle.shared.wire import Json, timestamp

BACKFILL = "Inbox Backfill"
"""The detail-type of what ``inbox backfill`` sends; S3's own is ``Object Created``."""
_UNVERSIONED = frozenset({None, "", "null"})
"""The version of an object of a bucket without versions, or from when it had none: it is overwritten."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A version of an image that is to be labelled.

    Parameters
    ----------
    sequencer : str
        What tells two versions of one content from each other where the bucket has no versions.
    errors : bool
        A backfill that wants an image labelled again whose result is an error.
    """

    bucket: str
    key: str
    etag: str
    version_id: str | None
    sequencer: str
    errors: bool

    @property
    def identity(self) -> Sequence[str]:
        """What two messages about the same version have in common, and no two about different ones."""
        version = (self.version_id or "",) if self.is_versioned else (self.etag, self.sequencer)
        return self.bucket, self.key, *version

    @property
    def is_versioned(self) -> bool:
        """Whether this version has an id of its own, which no other has."""
        return self.version_id not in _UNVERSIONED

    def is_of(self, image: ObjectVersion) -> bool:
        """Whether it is this version that has arrived, and no other."""
        if self.is_versioned and image.version_id not in _UNVERSIONED:
            return self.version_id == image.version_id
        return self.etag == image.etag

    @classmethod
    def read(cls, body: str, images: Place) -> "Arrival":
        """Of a message's body.

        Raises
        ------
        InvalidRequest
            It is no such event, or about an object that is not of this inbox.
        """
        try:
            event = json.loads(body)
            detail = event["detail"]
            arrival = _read(detail, str(detail.get("again") or detail["object"].get("sequencer") or ""))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InvalidRequest(f"A message is no event of Amazon S3: {escaped(body)}", remedy=_REMEDY) from error
        if arrival.bucket != images.bucket or not arrival.key.startswith(images.folder):
            raise InvalidRequest(
                f"s3://{escaped(arrival.bucket)}/{escaped(arrival.key)} is not in {images}, the images of this inbox",
                remedy=_REMEDY,
            )
        return arrival


_REMEDY = (
    "The message ends up in the dead-letter queue. If 'images' in cdk.json was changed meanwhile, copy the image into "
    "the new folder; else find out who sends messages to this queue."
)


def _read(detail: Mapping[str, Json], sequencer: str) -> Arrival:
    found = detail["object"]
    texts = {"bucket": detail["bucket"]["name"], "key": found["key"], "etag": found["etag"]}
    if not all(text.encode() for text in texts.values()):  # which raises what the caller expects where it is no text
        raise ValueError("a text was expected")
    version = found.get("version-id")
    return Arrival(
        **texts,
        version_id=version if isinstance(version, str) else None,
        sequencer=sequencer,
        errors=detail.get("errors") is True,
    )


def backfill_message(bucket: str, key: str, image: Mapping[str, Json], *, now: datetime, errors: bool) -> str:
    """The body of a message about an image that has no result.

    Parameters
    ----------
    image : Mapping
        ``etag`` and ``size``.
    """
    detail = {"bucket": {"name": bucket}, "object": {"key": key, **image}, "again": timestamp(now), "errors": errors}
    return json.dumps({"source": "custom-labels-lifecycle", "detail-type": BACKFILL, "detail": detail})
