"""The adapter of Amazon S3: what it asks, and how it reads answers and errors."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.objects import S3
from lifecycle.errors import AccessDenied, InvalidRequest, LifecycleError, ServiceUnavailable
from tests.adapters.test_adapters import KEYS

PLACE = {"Bucket": "results", "Key": "labels/one"}


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        s3 = boto3.client("s3", config=CLIENT_CONFIG, **KEYS)  # type: ignore[call-overload] # keys by name
        s3.create_bucket(Bucket="results")
        yield s3


def test_it_sees_whether_there_is_anything(client: Any) -> None:
    client.put_object(**PLACE, Body=b"")
    assert S3(client).has_any("results", "labels/")
    assert S3(client).has_any("results", "")
    assert not S3(client).has_any("results", "other/")


def test_what_was_written_is_read_line_by_line(client: Any) -> None:
    S3(client).write("results", "labels/one", '{"ü": 1}\n{"b": 2}\n')
    assert [json.loads(line) for line in S3(client).lines("results", "labels/one")] == [{"ü": 1}, {"b": 2}]
    assert client.get_object(**PLACE)["ContentType"] == "application/json"


def test_the_newest_of_several_is_found(client: Any) -> None:
    for key in ("labels/b/manifest.json", "labels/a/manifest.json", "labels/a/SUCCEEDED_0.jsonl"):
        client.put_object(Bucket="results", Key=key, Body=b"")
    found = S3(client).newest("results", "labels/", "/manifest.json")
    assert found in {"labels/a/manifest.json", "labels/b/manifest.json"}
    assert S3(client).newest("results", "labels/a/", "/manifest.json") == "labels/a/manifest.json"
    assert S3(client).newest("results", "nothing/", "/manifest.json") is None


@pytest.mark.parametrize(
    ("code", "kind", "remedy"),
    [
        ("AccessDenied", AccessDenied, "'detect_batch.images'"),
        ("NoSuchBucket", InvalidRequest, "Correct the input"),
        ("PermanentRedirect", InvalidRequest, "Correct the input"),
        ("SlowDown", ServiceUnavailable, "Try again"),
        ("InternalError", ServiceUnavailable, "Try again"),
    ],
)
def test_an_error_is_this_apps_own_and_names_the_bucket(code: str, kind: type[LifecycleError], remedy: str) -> None:
    s3: Any = boto3.client("s3", config=CLIENT_CONFIG, **KEYS)  # type: ignore[call-overload] # keys by name
    with Stubber(s3) as stubber:
        stubber.add_client_error("list_objects_v2", code, "words")
        with pytest.raises(kind) as error:
            S3(s3).has_any("images", "today/")
    assert type(error.value) is kind
    assert error.value.message == f"ListObjectsV2 on the bucket images answered {code}: words"
    assert remedy in str(error.value.cause["Remedy"])
