"""What DetectBatch accepts, what it refuses and in which words, and which defaults it fills in."""

import json
from typing import Any

import fastjsonschema
import pytest

from lifecycle.configuration import DetectBatch
from lifecycle.detect_batch.request import Batch, batch_request
from lifecycle.errors import InvalidRequest
from lifecycle.executions.requests import Execution
from lifecycle.shared.s3_location import Place
from lifecycle.shared.wire import Json, from_wire, to_wire
from tests.unit.examples import ARN, NOW, execution
from tests.unit.executions.test_schemas import schema

SETTINGS = DetectBatch(images=("s3://images/line-1/", "s3://samples"), results="s3://results/labels", max_concurrency=7)
PAYLOAD = {"Bucket": "images", "Prefix": "line-1/today/", "ProjectVersionArn": ARN}


def asked(**changes: Json) -> Batch:
    payload = {name: value for name, value in {**PAYLOAD, **changes}.items() if value is not None}
    return batch_request(payload, execution("monday", machine="DetectBatch"), SETTINGS)


def problems(payload: Json, asking: Execution | None = None) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        batch_request(payload, asking or execution(machine="DetectBatch"), SETTINGS)
    intro, *listed = refused.value.message.split("\n- ")
    assert intro == "The input is not a DetectBatch request:"
    return listed


def test_defaults_are_filled_in() -> None:
    batch = asked()
    assert batch == Batch(
        bucket="images",
        prefix="line-1/today/",
        detect={"ProjectVersionArn": ARN},
        results_bucket="results",
        results_prefix="labels/monday",
        tolerated_failure_percentage=5,
        max_concurrency=7,
        began_at=NOW,
    )
    assert batch.summary_uri == "s3://results/labels/monday/summary.json"
    assert from_wire(Batch, json.loads(json.dumps(to_wire(batch)))) == batch, "it travels as JSON"


def test_what_start_model_answers_names_the_model() -> None:
    model = {"ProjectVersionArn": ARN, "Status": "RUNNING", "LeaseId": "run/monday", "Warnings": []}
    assert asked(ProjectVersionArn=None, Model=model) == asked()


def test_what_the_call_takes_is_passed_on_and_nothing_else() -> None:
    ignored = {"Comment": {"any": "thing"}, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:..."}
    batch = asked(MinConfidence=80.5, MaxResults=3, ToleratedFailurePercentage=0, **ignored)
    assert batch.detect == {"ProjectVersionArn": ARN, "MinConfidence": 80.5, "MaxResults": 3}
    assert batch.tolerated_failure_percentage == 0


@pytest.mark.parametrize(
    ("bucket", "prefix"), [("images", "line-1/"), ("images", "line-1/a/b"), ("samples", None), ("samples", "anything")]
)
def test_a_prefix_below_a_configured_place_is_accepted(bucket: str, prefix: str | None) -> None:
    assert asked(Bucket=bucket, Prefix=prefix).prefix == (prefix or "")


@pytest.mark.parametrize(
    ("bucket", "prefix"),
    [("images", "line-10/"), ("images", "line-1"), ("images", ""), ("images", "../line-1/"), ("others", "line-1/")],
)
def test_a_prefix_outside_is_refused_with_what_to_do(bucket: str, prefix: str) -> None:
    (problem,) = problems({**PAYLOAD, "Bucket": bucket, "Prefix": prefix})
    assert problem.startswith(f"Prefix: s3://{bucket}/{prefix} is outside of where images may be read")
    assert "s3://images/line-1/, s3://samples/" in problem
    assert "'detect_batch.images' in cdk.json" in problem


@pytest.mark.parametrize(
    ("images", "results"),
    [
        ("s3://b", "s3://b"),
        ("s3://b/", "s3://b/labels"),
        ("s3://b/line-1/", "s3://b/"),
        ("s3://b/line-1", "s3://b/line-1/"),
        ("s3://b/line-1/", "s3://b/line-1/labels/"),
        ("s3://b/line-1/monday/", "s3://b/line-1/"),
    ],
)
def test_images_and_results_are_never_in_one_place(images: str, results: str) -> None:
    """Whatever the settings let through: an execution writes into a folder of its own name, ``monday``."""
    settings = DetectBatch(images=(images,), results=results)
    place = Place.parse(images)
    payload = {"Bucket": place.bucket, "Prefix": place.folder, "ProjectVersionArn": ARN}
    with pytest.raises(InvalidRequest, match="where results are written"):
        batch_request(payload, execution("monday", machine="DetectBatch"), settings)


@pytest.mark.parametrize(("images", "results"), [("s3://one/line-1", "s3://one/line-10"), ("s3://one/", "s3://two/")])
def test_images_beside_results_are_apart(images: str, results: str) -> None:
    place = Place.parse(images)
    payload = {"Bucket": place.bucket, "Prefix": place.folder, "ProjectVersionArn": ARN}
    settings = DetectBatch(images=(images,), results=results)
    assert batch_request(payload, execution(machine="DetectBatch"), settings).results_bucket == results[5:8]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"ProjectVersionArn": "arn:aws:s3:::x"},
            "ProjectVersionArn: is a bucket's ARN; must be",
        ),
        ({"Model": {"ProjectVersionArn": ARN}}, "ProjectVersionArn, Model: exactly one of the two is needed"),
        ({"MinConfidence": 101}, "MinConfidence: must be at most 100"),
        ({"MaxResults": 1.5}, "MaxResults: must be of type integer"),
        ({"ToleratedFailurePercentage": -1}, "ToleratedFailurePercentage: must be at least 0"),
        ({"Bukcet": "images"}, "Bukcet: is unknown, did you mean Bucket?"),
        ({"Bucket": 7}, "Bucket: must be of type string"),
        (
            {"ProjectVersionArn": ARN.replace("us-east-1", "eu-west-1")},
            "ProjectVersionArn: the model is in account 123456789012, eu-west-1; this batch runs in account",
        ),
    ],
)
def test_a_problem_is_said_with_its_path(change: dict[str, Json], problem: str) -> None:
    (said,) = problems({**PAYLOAD, **change})
    assert said.startswith(problem)


@pytest.mark.parametrize(
    ("bucket", "says"),
    [
        ("s3://imgs", "Bucket is the name alone: imgs"),
        ("s3://imgs/", "Bucket is the name alone: imgs"),
        ("s3://s3://imgs/in/", "Bucket is the name alone: imgs, and what is behind it goes into Prefix: in/"),
        ("imgs/in", "Bucket is the name alone: imgs, and what is behind it goes into Prefix: in"),
        ("arn:aws:s3:::imgs", "Bucket is the name alone: imgs"),
        ("arn:aws:s3:::imgs/in/*", "Bucket is the name alone: imgs, and what is behind it goes into Prefix: in/*"),
        (
            "https://imgs.s3.eu-west-1.amazonaws.com/in/",
            "Bucket is the name alone: imgs, and what is behind it goes into Prefix: in/",
        ),
        (
            "https://s3.amazonaws.com/imgs/in/",
            "Bucket is the name alone: imgs, and what is behind it goes into Prefix: in/",
        ),
        ("https://console.aws.amazon.com/s3/buckets/imgs?region=us-east-1", "Bucket is the name alone: imgs"),
        (" imgs\n", "Bucket is the name alone: imgs"),
        ("", "Bucket is the name alone, such as factory-images. aws s3 ls lists your buckets"),
        ("my bucket", "Bucket is the name alone, such as factory-images. aws s3 ls lists your buckets"),
    ],
)
def test_what_stands_in_place_of_a_bucket_s_name_is_told_from_it(bucket: str, says: str) -> None:
    (said,) = problems({**PAYLOAD, "Bucket": bucket})
    assert said.startswith(f"Bucket: {json.dumps(bucket)} is ")
    assert said.endswith(f"; {says}")


@pytest.mark.parametrize(
    ("bucket", "prefix", "meant"),
    [
        ("images", "line-1", 'Prefix "line-1/"'),
        ("images", "/line-1/today/", 'Prefix "line-1/today/"'),
        ("images", "s3://images/line-1/today/", 'Prefix "line-1/today/"'),
        ("images", "images/line-1/today/", 'Prefix "line-1/today/"'),
        ("image", "line-1/", 'Bucket "images"'),
    ],
)
def test_of_a_prefix_that_is_written_otherwise_the_right_one_is_named(bucket: str, prefix: str, meant: str) -> None:
    (said,) = problems({**PAYLOAD, "Bucket": bucket, "Prefix": prefix})
    assert f"; did you mean {meant}?" in said


def test_a_share_in_place_of_a_percentage_is_warned_of() -> None:
    assert asked(MinConfidence=80, ToleratedFailurePercentage=5).warnings == ()
    assert asked(MinConfidence=0).warnings == ()
    assert asked(MinConfidence=0.8, ToleratedFailurePercentage=1).warnings == (
        "MinConfidence 0.8 was taken as 0.8 percent: if the share 0.8 was meant, that is 80.",
        "ToleratedFailurePercentage 1 was taken as 1 percent: if the share 1 was meant, that is 100.",
    )


def test_a_name_is_no_model_of_a_batch() -> None:
    (said,) = problems({"Bucket": "samples", "Model": "defects"})
    assert said.startswith("Model: must be of type object")


def test_every_problem_is_said_at_once_and_how_to_ask() -> None:
    assert {line.partition(":")[0] for line in problems({"Bucket": "others", "MaxResults": -1})} == {
        "MaxResults",
        "Prefix",
        "ProjectVersionArn, Model",
    }
    with pytest.raises(InvalidRequest, match="is not a DetectBatch request") as refused:
        batch_request([], execution(machine="DetectBatch"), SETTINGS)
    assert '"Prefix": "line-1/2026-11-24/"' in str(refused.value.cause["Remedy"])


def test_the_schema_is_of_what_is_accepted() -> None:
    published: dict[str, Any] = schema("detect_batch.input")
    check = fastjsonschema.compile(published)
    for name, field in published["properties"].items():
        assert field["description"], name
        for example in field.get("examples", []):
            check({"Bucket": "images", name: example} if name == "Model" else {**PAYLOAD, name: example})
    check(PAYLOAD)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        check({"Bucket": "images"})


@pytest.mark.parametrize(
    ("uri", "bucket", "folder"),
    [("s3://b", "b", ""), ("s3://b/", "b", ""), ("s3://b/a", "b", "a/"), ("s3://b/a/c/", "b", "a/c/")],
)
def test_a_place_is_a_folder_or_a_bucket(uri: str, bucket: str, folder: str) -> None:
    assert Place.parse(uri) == Place(bucket, folder)
    assert Place.parse(str(Place(bucket, folder))) == Place(bucket, folder)


def test_a_place_holds_what_is_in_it() -> None:
    assert Place.parse("s3://b").holds(Place.parse("s3://b/a"))
    assert Place.parse("s3://b/a").holds(Place.parse("s3://b/a/"))
    assert not Place.parse("s3://b/a").holds(Place.parse("s3://b/ab"))
    assert not Place.parse("s3://b").holds(Place.parse("s3://c"))
