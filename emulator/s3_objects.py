"""What Custom Labels reads from Amazon S3: images and manifests, from buckets of the account in its own Region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from emulator.model_versions import CustomLabelsError


def read(where: Mapping[str, Any], arn: str) -> bytes:
    """The bytes of an object.

    Parameters
    ----------
    where
        An ``S3Object``: ``Bucket``, ``Name``, and ``Version`` where one is meant.
    arn
        Of what needs it, which has the account and the Region.

    Raises
    ------
    CustomLabelsError
        InvalidParameterException, or InvalidS3ObjectException: it can't be read, which says no more.

    """
    if not where.keys() >= {"Bucket", "Name"}:
        raise CustomLabelsError("InvalidParameterException", "S3Object needs Bucket and Name.")
    region, account_id = arn.split(":")[3:5]
    s3 = s3_backends[account_id]["aws"]
    try:
        found: Any = s3.get_object(where["Bucket"], where["Name"], where.get("Version"))
        elsewhere = s3.get_bucket(where["Bucket"]).region_name != region
    except (KeyError, MissingBucket):
        found = None
    if found is None or elsewhere:
        message = "Unable to get object metadata from S3. Check object key, region and/or access permissions."
        raise CustomLabelsError("InvalidS3ObjectException", message)
    content: bytes = found.value
    return content
