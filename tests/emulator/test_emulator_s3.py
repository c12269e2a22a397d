"""IAM for what functions do in S3, where requests name no operation: buckets and objects are told from the path."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import images
from emulator.server import Emulator
from tests.emulator.stacks import deploy, role
from tests.emulator.test_emulator_authoriser import assume

BUCKET = "arn:aws:s3:::guarded"
STATEMENTS: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{BUCKET}/allowed/*"},
]


@pytest.fixture
def s3(bare: Emulator) -> Any:
    """A client with the credentials of a role."""
    for bucket in ("guarded", "another"):
        images.ensure_bucket(bare.client("s3"), bucket)
    return assume(bare, deploy(bare, {"Role": role("lambda", STATEMENTS)})["Role"])("s3")


def test_what_is_allowed_is_done_with_any_key(s3: Any) -> None:
    keys = ["allowed/a b", "allowed/ü%2F+/c", "allowed/line\nbreak/\r\n.png", "allowed/at the end\n"]
    for key in keys:
        s3.put_object(Bucket="guarded", Key=key, Body=b"x")
        assert s3.get_object(Bucket="guarded", Key=key)["Body"].read() == b"x"
    assert s3.list_objects_v2(Bucket="guarded", Prefix="allowed/", MaxKeys=1)["KeyCount"] == 1
    listed = s3.list_objects_v2(Bucket="guarded", Prefix="allowed/")["Contents"]
    assert {one["Key"] for one in listed} == set(keys)


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("get_object", {"Bucket": "guarded", "Key": "denied/a"}),
        ("put_object", {"Bucket": "guarded", "Key": "denied/a", "Body": b"x"}),
        ("get_object", {"Bucket": "another", "Key": "allowed/a"}),
        ("list_objects_v2", {"Bucket": "another"}),
        ("delete_object", {"Bucket": "guarded", "Key": "allowed/a"}),
        ("list_buckets", {}),
    ],
)
def test_anything_else_is_denied_as_s3_words_it(s3: Any, operation: str, given: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(s3, operation)(**given)
    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDenied"
    assert "is not authorized to perform: s3:" in error["Message"]
