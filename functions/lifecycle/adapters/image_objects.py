"""Amazon S3 as the worker of an inbox uses it: the adapter of ``ports.ImageObjects``."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lifecycle.adapters.aws import DENIED, ErrorTable, errors_of
from lifecycle.errors import AccessDenied, InvalidRequest
from lifecycle.ports import Listed, ObjectVersion
from lifecycle.shared.text import escaped

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_NOT_THERE = frozenset({"404", "NoSuchKey"})
_NOT_ALLOWED = frozenset({"403", *DENIED})
"""HeadObject's answers have no body, so that its errors are numbers."""
_CHANGED = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409", *_NOT_THERE})
"""What is there is not what was read (Amazon S3 User Guide, "How to prevent object overwrites")."""
_EMPTY = "InvalidRange"
"""There is no first byte, and so nothing that could not be read."""
_ERRORS: ErrorTable = {
    **DENIED,
    "403": AccessDenied,
    # Amazon S3 API reference, error responses
    "NoSuchBucket": InvalidRequest,
    "PermanentRedirect": InvalidRequest,
    "301": InvalidRequest,
}
PAGE = 1000
"""Objects of one list."""
_DENIED_REMEDY = (
    "The worker of an inbox may read below its 'images', and read and write below its 'results'. If the bucket has a "
    "policy, or a key of its own, they have to allow the worker's role too."
)


class ImageStore:
    """``ports.ImageObjects`` on boto3."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def newest(self, bucket: str, key: str) -> ObjectVersion | None:
        """The newest version of an object; None where there is none.

        Without the right to list a whole bucket, HeadObject answers 403 also to what is not there; listing the key
        itself, which needs only the right to list its folder, tells the two from each other.
        """
        with _errors_of("HeadObject", bucket, key):
            try:
                found = self._client.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _NOT_THERE or (code in _NOT_ALLOWED and not self._is_listed(bucket, key)):
                    return None
                raise
        return ObjectVersion(
            found["ETag"].strip('"'), found["LastModified"], found.get("VersionId"), found.get("Metadata", {})
        )

    def _is_listed(self, bucket: str, key: str) -> bool:
        """Whether an object is there; as if it were, where listing is not allowed either."""
        try:
            found = self._client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        except ClientError as error:
            if error.response["Error"]["Code"] in DENIED:
                return True
            raise
        return [one["Key"] for one in found.get("Contents", ())] == [key]

    def listed(self, bucket: str, prefix: str, after: str) -> Sequence[Listed]:
        """The next 1,000 objects below a prefix, in the order of their keys' bytes; fewer where these are the last."""
        with _errors_of("ListObjectsV2", bucket, prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix, StartAfter=after, PaginationConfig={"MaxItems": PAGE}
            )
            found = [one for page in pages for one in page.get("Contents", ())]
        return [Listed(one["Key"], one["ETag"].strip('"'), one["Size"], one["LastModified"]) for one in found]

    def is_readable(self, bucket: str, key: str) -> bool:
        """Whether its content can be read, as Amazon Rekognition does: one byte of it."""
        with _errors_of("GetObject", bucket, key):
            try:
                self._client.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].close()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _NOT_ALLOWED:
                    return False
                if code != _EMPTY:
                    raise
        return True

    def replace(
        self, bucket: str, key: str, text: str, *, notes: Mapping[str, str], instead_of: ObjectVersion | None
    ) -> bool:
        """Write a JSON document in place of what was read, or where nothing was; False where others have written."""
        unchanged: Any = {"IfMatch": f'"{instead_of.etag}"'} if instead_of else {"IfNoneMatch": "*"}
        with _errors_of("PutObject", bucket, key):
            try:
                self._client.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=text.encode(),
                    ContentType="application/json",
                    Metadata=dict(notes),
                    **unchanged,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in _CHANGED:
                    return False
                raise
        return True


@contextmanager
def _errors_of(operation: str, bucket: str, key: str) -> Iterator[None]:
    try:
        with errors_of(f"{operation} of s3://{bucket}/{escaped(key, 300)}", errors=_ERRORS):
            yield
    except AccessDenied as denied:
        raise AccessDenied(denied.message, remedy=_DENIED_REMEDY) from denied
