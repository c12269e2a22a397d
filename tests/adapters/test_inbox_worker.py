"""What the worker of an inbox asks of AWS, and how it reads answers and errors."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

from lifecycle.adapters.detector import CustomLabelsDetector
from lifecycle.adapters.image_objects import ImageStore
from lifecycle.adapters.inbox_counts import InboxCountTable
from lifecycle.errors import AccessDenied, InvalidRequest, LifecycleError, ServiceUnavailable
from lifecycle.images.refusals import Meaning, meaning
from lifecycle.inbox.counts import InboxCount
from lifecycle.ports import ObjectVersion, Refused
from tests.adapters.test_adapters import answering, client
from tests.unit.examples import ARN, NOW

WHERE = ("results", "a b+ä/0001.png.json")
PLACE = {"Bucket": WHERE[0], "Key": WHERE[1]}
SEEN = ObjectVersion("0815", NOW)
ALLOWED = {"IfMatch": '"0815"'}
WRITTEN = {**PLACE, "Body": b"{}", "ContentType": "application/json", "Metadata": {"kind": "labels"}}


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        made = client("s3")
        made.create_bucket(Bucket="results")
        yield made


def test_an_object_is_seen_as_it_is_with_what_is_noted_beside_it(s3: Any) -> None:
    store = ImageStore(s3)
    assert store.newest(*WHERE) is None
    assert store.replace(*WHERE, '{"ü": 1}', notes={"kind": "labels"}, instead_of=None)
    seen = store.newest(*WHERE)
    assert seen is not None
    assert (seen.version_id, seen.notes) == (None, {"kind": "labels"})
    got = s3.get_object(**PLACE)
    assert (json.loads(got["Body"].read()), got["ContentType"]) == ({"ü": 1}, "application/json")
    assert got["ETag"] == f'"{seen.etag}"'


def test_an_object_of_a_bucket_with_versions_has_the_newest_one_s_id(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="results", VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(**PLACE, Body=body)["VersionId"] for body in (b"old", b"new")]
    seen = ImageStore(s3).newest(*WHERE)
    assert seen is not None
    assert seen.version_id == versions[-1]


def test_a_byte_is_read_as_amazon_rekognition_would(s3: Any) -> None:
    for body in (b"image", b""):
        s3.put_object(**PLACE, Body=body)
        assert ImageStore(s3).is_readable(*WHERE)


@pytest.mark.parametrize("code", ["AccessDenied", "403"])
def test_what_may_not_be_read_is_not_readable(code: str) -> None:
    with answering("s3") as (denied, stubber):
        stubber.add_client_error("get_object", code, "words", expected_params={**PLACE, "Range": "bytes=0-0"})
        assert not ImageStore(denied).is_readable(*WHERE)


@pytest.mark.parametrize(("listed", "there"), [(WHERE[1], True), (f"{WHERE[1]}.bak", False), (None, False)])
def test_without_the_right_to_list_the_bucket_a_deleted_object_is_told_from_a_denied_one(
    listed: str | None, there: bool
) -> None:
    contents = [{"Key": listed}] if listed else []
    with answering("s3") as (denied, stubber):
        stubber.add_client_error("head_object", "403", "Forbidden", expected_params=PLACE)
        asked = {"Bucket": WHERE[0], "Prefix": WHERE[1], "MaxKeys": 1}
        stubber.add_response("list_objects_v2", {"Contents": contents} if contents else {}, asked)
        if there:
            with pytest.raises(AccessDenied, match="HeadObject of s3://results/a b"):
                ImageStore(denied).newest(*WHERE)
        else:
            assert ImageStore(denied).newest(*WHERE) is None


def test_where_listing_is_denied_too_nothing_is_taken_for_deleted() -> None:
    with answering("s3") as (denied, stubber):
        stubber.add_client_error("head_object", "403", "Forbidden")
        stubber.add_client_error("list_objects_v2", "AccessDenied", "words")
        with pytest.raises(AccessDenied):
            ImageStore(denied).newest(*WHERE)


@pytest.mark.parametrize(("instead_of", "condition"), [(SEEN, ALLOWED), (None, {"IfNoneMatch": "*"})])
@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"])
def test_a_result_is_written_only_in_place_of_what_was_read(
    code: str, instead_of: ObjectVersion | None, condition: dict[str, str]
) -> None:
    with answering("s3") as (there, stubber):
        stubber.add_client_error("put_object", code, "words", expected_params={**WRITTEN, **condition})
        assert not ImageStore(there).replace(*WHERE, "{}", notes={"kind": "labels"}, instead_of=instead_of)
        stubber.add_response("put_object", {}, {**WRITTEN, **condition})
        assert ImageStore(there).replace(*WHERE, "{}", notes={"kind": "labels"}, instead_of=instead_of)


CALLS: dict[str, Callable[[ImageStore], object]] = {
    "head_object": lambda store: store.newest(*WHERE),
    "get_object": lambda store: store.is_readable(*WHERE),
    "put_object": lambda store: store.replace(*WHERE, "{}", notes={}, instead_of=None),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("code", "kind"),
    [("SlowDown", ServiceUnavailable), ("500", ServiceUnavailable), ("NoSuchBucket", InvalidRequest)],
)
def test_an_error_of_s3_is_this_apps_own(operation: str, code: str, kind: type[LifecycleError]) -> None:
    with answering("s3") as (failing, stubber):
        stubber.add_client_error(operation, code, "words")
        with pytest.raises(kind) as error:
            CALLS[operation](ImageStore(failing))
    assert type(error.value) is kind


def test_results_that_may_not_be_written_say_who_has_to_allow_it() -> None:
    with answering("s3") as (failing, stubber):
        stubber.add_client_error("put_object", "AccessDenied", "words")
        with pytest.raises(AccessDenied) as error:
            ImageStore(failing).replace(*WHERE, "{}", notes={}, instead_of=None)
    assert "worker's role" in str(error.value.cause["Remedy"])


def test_a_folder_is_listed_from_a_key_on(s3: Any) -> None:
    for key in ("a", "b/1", "b/2 +ä", "b/3"):
        s3.put_object(Bucket="results", Key=key, Body=b"four")
    listed = ImageStore(s3).listed("results", "b/", "b/1")
    assert [(one.key, one.size) for one in listed] == [("b/2 +ä", 4), ("b/3", 4)]
    assert listed[0].etag == s3.head_object(Bucket="results", Key="b/3")["ETag"].strip('"')
    assert [one.key for one in ImageStore(s3).listed("results", "b/", "")] == ["b/1", "b/2 +ä", "b/3"]


# DetectCustomLabels --------------------------------------------------------------------------------

IMAGE = {"S3Object": {"Bucket": "images", "Name": "a+b", "Version": "v1"}}
LABELS = [{"Name": "scratch", "Confidence": 98.1, "Geometry": {"BoundingBox": {"Width": 0.5}}}]
OPTIONS = {"ProjectVersionArn": ARN, "MinConfidence": 80}


def test_labels_are_answered_as_the_service_has_them() -> None:
    with answering("rekognition") as (model, stubber):
        stubber.add_response("detect_custom_labels", {"CustomLabels": LABELS}, {**OPTIONS, "Image": IMAGE})
        assert CustomLabelsDetector(model).detect(IMAGE, OPTIONS) == LABELS


def test_a_refusal_is_answered_by_its_code() -> None:
    with answering("rekognition") as (model, stubber):
        stubber.add_client_error("detect_custom_labels", "ImageTooLargeException", "words")
        assert CustomLabelsDetector(model).detect(IMAGE, OPTIONS) == Refused("ImageTooLargeException", "words")


def test_no_answer_is_an_error_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    model = client("rekognition")

    def nothing(**_given: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://rekognition")

    monkeypatch.setattr(model, "detect_custom_labels", nothing)
    answer = CustomLabelsDetector(model).detect(IMAGE, OPTIONS)
    assert isinstance(answer, Refused)
    assert meaning(answer.error) is Meaning.SERVICE


# Counts --------------------------------------------------------------------------------------------


@pytest.fixture
def counts() -> Iterator[InboxCountTable]:
    with mock_aws():
        database = client("dynamodb")
        database.create_table(
            TableName="models",
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield InboxCountTable(database, "models")


def test_images_are_counted_by_inbox_and_day(counts: InboxCountTable) -> None:
    counts.finished("line", NOW, failed=False)
    counts.finished("line", NOW + timedelta(seconds=1), failed=True)
    counts.refused("line", NOW + timedelta(seconds=2), "why " * 500)
    counts.finished("line", NOW + timedelta(days=1), failed=False)
    counts.passed("quiet", NOW)
    today = counts.on("line", NOW.date())
    assert today == InboxCount(2, 1, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2), ("why " * 500)[:500])
    assert counts.on("line", NOW.date() + timedelta(days=1)).finished == 1
    assert counts.on("quiet", NOW.date()) == InboxCount(last_result_at=NOW)
    assert counts.on("other", NOW.date()) == InboxCount()
