"""Amazon S3: the adapter of ``ports.Objects``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import DENIED, ErrorTable, errors_of
from lifecycle.errors import AccessDenied, InvalidRequest

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ERRORS: ErrorTable = {
    **DENIED,
    # Amazon S3 API reference, error responses
    "NoSuchBucket": InvalidRequest,
    "PermanentRedirect": InvalidRequest,  # the bucket is in another Region
}
_DENIED_REMEDY = (
    "Below 'detect_batch.images' and 'detect_batch.results' the roles of DetectBatch may read and write. If the bucket "
    "has a policy, or a key of its own, they have to allow it too."
)
_CHUNK = 1024 * 1024
"""Bytes that are read at a time: a line is small, a result file may have 5 GB."""


class S3:
    """``ports.Objects`` on boto3."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def region(self, bucket: str) -> str:
        """Where a bucket is; InvalidRequest where there is none."""
        with _errors_of("GetBucketLocation", bucket):
            where = self._client.get_bucket_location(Bucket=bucket).get("LocationConstraint")
        # None and EU: Amazon S3 API reference, GetBucketLocation
        return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(where, str(where))

    def has_any(self, bucket: str, prefix: str) -> bool:
        """Whether there is an object whose key begins so."""
        with _errors_of("ListObjectsV2", bucket):
            return self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"] > 0

    def newest(self, bucket: str, prefix: str, suffix: str) -> str | None:
        """The key of the newest object that begins and ends so; None where there is none."""
        with _errors_of("ListObjectsV2", bucket):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            found = [one for page in pages for one in page.get("Contents", ()) if one["Key"].endswith(suffix)]
        return max(found, key=lambda one: one["LastModified"])["Key"] if found else None

    def lines(self, bucket: str, key: str) -> Iterator[bytes]:
        """The lines of an object, read as they are asked for."""
        with _errors_of("GetObject", bucket):
            yield from self._client.get_object(Bucket=bucket, Key=key)["Body"].iter_lines(_CHUNK)

    def write(self, bucket: str, key: str, text: str) -> None:
        """Write a JSON document, in place of what is there."""
        with _errors_of("PutObject", bucket):
            self._client.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json")


@contextmanager
def _errors_of(operation: str, bucket: str) -> Iterator[None]:
    try:
        with errors_of(f"{operation} on the bucket {bucket}", errors=_ERRORS):
            yield
    except AccessDenied as denied:
        raise AccessDenied(denied.message, remedy=_DENIED_REMEDY) from denied
