"""CloudFormation: a template that is read from the emulator's own S3."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from moto.cloudformation import responses
from moto.s3.models import s3_backends

from emulator.seams.patching import patch


def _read(template_url: str, account_id: str, partition: str) -> str:
    where = urlsplit(template_url)
    bucket, hosted, _ = (where.hostname or "").partition(".s3")
    key = unquote(where.path).lstrip("/")
    if not hosted:
        bucket, _, key = key.partition("/")
    found = s3_backends[account_id][partition].get_object(bucket, key)
    return found.value.decode() if found else ""


def install() -> None:
    """Put the patches in place."""
    # Of http://127.0.0.1:4566/bucket/key, which the CDK CLI gives, moto takes "127" for the bucket.
    patch(responses, "get_stack_from_s3_url", _read)
