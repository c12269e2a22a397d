"""DetectBatch's two steps: what is seen before the Map, and what its results come to."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import fastjsonschema
import pytest

from lifecycle.configuration import Configuration, DetectBatch
from lifecycle.detect_batch import steps as batch
from lifecycle.detect_batch.errors import ModelNotRunning, ResultsNotWritten, TooManyFailures
from lifecycle.detect_batch.request import Batch
from lifecycle.detect_batch.summary import EXAMPLES, NAMES, BatchSummary, Line, Written, tally
from lifecycle.errors import AccessDenied, InvalidRequest, LifecycleError, ModelNotFound, ServiceUnavailable
from lifecycle.model.version import ModelVersion
from lifecycle.shared.wire import Json, to_wire
from tests.infra.configurations import ROOT
from tests.unit.examples import ARN, CONFIGURATION, NOW, PROJECT, execution
from tests.unit.executions.test_schemas import is_cause, schema

IMAGES = DetectBatch(images=("s3://images/",), results="s3://results/labels/")
BATCHES = replace(CONFIGURATION, detect_batch=IMAGES)
PAYLOAD = {"Bucket": "images", "Prefix": "today/", "ProjectVersionArn": ARN}
FOLDER = "labels/monday"
MANIFEST = f"{FOLDER}/0815/manifest.json"
WRITTEN = {"MapRunArn": "arn:...", "ResultWriterDetails": {"Bucket": "results", "Key": MANIFEST}}
GIVEN_UP = {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "too many"}
is_output = fastjsonschema.compile(schema("detect_batch.output"))


@dataclass
class Objects:
    """``ports.Objects`` in memory: keys of one bucket."""

    texts: dict[str, str] = field(default_factory=dict)
    images: int = 1

    located: str | LifecycleError = "us-east-1"
    """The Region of a bucket, or what asking for it raises."""

    def region(self, bucket: str) -> str:
        assert bucket == "images"
        if isinstance(self.located, LifecycleError):
            raise self.located
        return self.located

    def has_any(self, bucket: str, prefix: str) -> bool:
        assert (bucket, prefix) == ("images", "today/")
        return self.images > 0

    def newest(self, bucket: str, prefix: str, suffix: str) -> str | None:
        assert bucket == "results"
        return next((key for key in self.texts if key.startswith(prefix) and key.endswith(suffix)), None)

    def lines(self, bucket: str, key: str) -> Iterator[bytes]:
        assert bucket == "results"
        yield from self.texts[key].encode().splitlines()

    def write(self, bucket: str, key: str, text: str) -> None:
        assert bucket == "results"
        self.texts[key] = text


@dataclass(frozen=True)
class Model:
    """The part of ``ports.Models`` that a batch needs: one version."""

    version: ModelVersion

    def project_arn(self, project_version_arn: str) -> str:
        assert project_version_arn == ARN
        return PROJECT

    def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
        assert (project_version_arn, project_arn) == (ARN, PROJECT)
        return self.version


def unrecorded(*_: object) -> None:
    """What these tests do not ask for."""


def prepared(
    status: str = "RUNNING",
    objects: Objects | None = None,
    configuration: Configuration = BATCHES,
    begin_busy: batch.MarkBusy = unrecorded,
    **model: Any,
) -> Batch:
    models: Any = Model(ModelVersion(ARN, status, **model))
    asking = execution("monday", machine="DetectBatch")
    return batch.prepare(
        PAYLOAD,
        execution=asking,
        configuration=configuration,
        models=models,
        objects=objects or Objects(),
        begin_busy=begin_busy,
    )


def labelled(key: str, *names: str) -> Json:
    return {"Image": {"Bucket": "images", "Key": key}, "CustomLabels": [{"Name": name} for name in names]}


def broken(key: str, error: str = "InvalidImageFormatException") -> Json:
    return {"Image": {"Bucket": "images", "Key": key}, "Error": error, "Message": "words"}


def child(key: str, error: str | None, status: str = "FAILED") -> Json:
    """A child that did not succeed, as Step Functions tells of it."""
    given = json.dumps({"Image": {"S3Object": {"Bucket": "images", "Name": key}}, "Detect": {}})
    return {"Status": status, "Input": given, **({"Error": error, "Cause": "words"} if error else {})}


def results(**files: list[Json]) -> Objects:
    """What a Map has written: lines by kind of file."""
    objects = Objects()
    listed: dict[str, list[dict[str, str]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for kind, records in files.items():
        # In two files of a kind, as a large run has; a last line may be empty.
        for number, part in enumerate((records[:1], records[1:])):
            key = f"{FOLDER}/0815/{kind}_{number}.jsonl"
            listed[kind].append({"Key": key})
            objects.texts[key] = "".join(f"{json.dumps(record)}\n" for record in part) + "\n"
    objects.texts[MANIFEST] = json.dumps({"DestinationBucket": "results", "ResultFiles": listed}, indent=1)
    return objects


def summarised(
    objects: Objects,
    failure: Mapping[str, str] | None = None,
    record_busy: batch.RecordBusy = unrecorded,
    end_busy: batch.MarkBusy = unrecorded,
    **changes: Any,
) -> BatchSummary:
    return batch.summarise(
        replace(prepared(min_inference_units=2), **changes),
        written={} if failure else WRITTEN,
        failure=failure or {},
        now=NOW + timedelta(minutes=30),
        configuration=BATCHES,
        objects=objects,
        record_busy=record_busy,
        end_busy=end_busy,
    )


def failed(
    kind: type[LifecycleError], objects: Objects, failure: Mapping[str, str] | None = None, **changes: Any
) -> LifecycleError:
    """The batch's error, with its summary written all the same."""
    with pytest.raises(kind) as error:
        summarised(objects, failure, **changes)
    assert type(error.value) is kind
    is_cause(json.loads(str(error.value)))
    written = json.loads(objects.texts[f"{FOLDER}/summary.json"])
    is_output(written)
    assert written["Error"] == kind.__name__
    assert written["Cause"] == json.loads(str(error.value))
    return error.value


def busy(objects: Objects, **changes: Any) -> list[tuple[str, datetime, datetime]]:
    """What is recorded of the model's work."""
    found: list[tuple[str, datetime, datetime]] = []

    def record(arn: str, since: datetime, until: datetime) -> None:
        found.append((arn, since, until))

    summarised(objects, record_busy=record, **changes)
    return found


# --- Before -----------------------------------------------------------------------------------------------------------


def test_a_running_model_is_used_with_what_it_runs_on() -> None:
    ready = prepared(min_inference_units=2, max_inference_units=2)
    assert (ready.inference_units, ready.scales, ready.has_images) == (2, False, True)
    assert prepared(min_inference_units=1, max_inference_units=4).scales


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "STOPPING", "FAILED", "SOMETHING_NEW"])
def test_a_model_that_does_not_run_ends_the_batch_before_it_begins(status: str) -> None:
    with pytest.raises(ModelNotRunning, match=f"The model is {status}") as error:
        prepared(status, status_message="words")
    assert error.value.cause["Status"] == status
    assert error.value.cause["StatusMessage"] == "words"
    assert "RunWithModel" in str(error.value.cause["Remedy"])


def test_an_empty_prefix_is_seen_before() -> None:
    assert not prepared(objects=Objects(images=0)).has_images


@pytest.mark.parametrize(
    ("located", "says"),
    [
        (
            "eu-central-1",
            "Bucket: images is in eu-central-1; Amazon Rekognition reads images in the model's Region only",
        ),
        (InvalidRequest("There is none."), "Bucket: there is no bucket images"),
    ],
)
def test_a_bucket_that_the_model_could_not_read_is_refused(located: str | LifecycleError, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        prepared(objects=Objects(located=located))
    assert refused.value.message.startswith(f"The input is not a DetectBatch request:\n- {says}")
    assert "detect_batch.images" in str(refused.value.cause["Remedy"])


def test_a_bucket_of_somebody_else_may_not_say_where_it_is() -> None:
    assert prepared(objects=Objects(located=AccessDenied("Not yours."))).has_images


def test_without_its_settings_there_is_no_batch() -> None:
    with pytest.raises(InvalidRequest, match="not configured"):
        prepared(configuration=CONFIGURATION)


# --- After ------------------------------------------------------------------------------------------------------------


def test_labels_and_failures_are_counted_and_the_summary_is_written_beside_the_results() -> None:
    objects = results(
        SUCCEEDED=[
            labelled("a.png", "scratch", "scratch", "dent"),
            labelled("b.png", "scratch"),
            labelled("c.png"),
            broken("d.txt"),
            {"Image": {"Bucket": "images", "Key": "sub/"}, "Skipped": "..."},
        ]
    )
    totals = summarised(objects, tolerated_failure_percentage=25)
    assert (totals.images, totals.labelled, totals.unlabelled, totals.failed, totals.skipped) == (4, 2, 1, 1, 1)
    assert list(totals.labels.items()) == [("scratch", 3), ("dent", 1)], "the most frequent first"
    assert totals.failures == {"InvalidImageFormatException": 1}
    assert totals.failed_images == ({"Key": "d.txt", "Error": "InvalidImageFormatException"},)
    assert (totals.seconds, totals.inference_units, totals.estimated_cost) == (1800, 2, 4.0)
    assert totals.results == {
        "Bucket": "results",
        "Prefix": "labels/monday/",
        "Summary": "labels/monday/summary.json",
        "Manifest": MANIFEST,
    }
    assert totals.warnings == ()
    assert json.loads(objects.texts["labels/monday/summary.json"]) == to_wire(totals)
    is_output(to_wire(totals))


def test_an_empty_prefix_is_a_success_with_a_warning() -> None:
    totals = summarised(Objects(), has_images=False)
    assert (totals.images, totals.warnings) == (0, ("There is no image under s3://images/today/.",))
    assert "Manifest" not in totals.results
    is_output(to_wire(totals))


def test_a_prefix_with_a_wildcard_finds_nothing_and_the_warning_says_why() -> None:
    _, why = summarised(Objects(), has_images=False, prefix="today/*.png").warnings
    assert why == "S3 has no wildcards: end Prefix before the first one."


def test_a_share_in_place_of_a_percentage_is_warned_of() -> None:
    totals = summarised(results(SUCCEEDED=[labelled("a.png", "x")]), warnings=("MinConfidence 0.8 ...",))
    assert totals.warnings == ("MinConfidence 0.8 ...",)


def test_what_a_model_that_scales_costs_is_a_lower_bound() -> None:
    totals = summarised(results(SUCCEEDED=[labelled("a.png", "x")]), scales=True)
    assert "EstimatedCost is for the least" in totals.warnings[0]


def test_what_an_unknown_number_of_units_costs_is_not_said() -> None:
    totals = summarised(results(SUCCEEDED=[labelled("a.png", "x")]), inference_units=None)
    assert totals.estimated_cost is None
    is_output(to_wire(totals))


@pytest.mark.parametrize(("tolerated", "fails"), [(0, True), (24.9, True), (25, False), (100, False)])
def test_broken_images_are_tolerated_up_to_a_percentage(tolerated: float, fails: bool) -> None:
    good = [labelled(f"{number}.png", "x") for number in range(3)]
    objects = results(SUCCEEDED=[*good, broken("bad.png")])
    if not fails:
        assert summarised(objects, tolerated_failure_percentage=tolerated).failed == 1
        return
    error = failed(TooManyFailures, objects, tolerated_failure_percentage=tolerated)
    assert f"1 of 4 images under s3://images/today/ failed, more than the tolerated {tolerated:g} %" in error.message
    assert "InvalidImageFormatException (1), the first was bad.png" in error.message
    assert "s3://results/labels/monday/summary.json" in error.message


def test_folders_are_no_images_of_which_a_percentage_is_taken() -> None:
    folders = [{"Image": {"Bucket": "images", "Key": f"{number}/"}, "Skipped": "..."} for number in range(100)]
    failed(TooManyFailures, results(SUCCEEDED=[*folders, labelled("a.png"), broken("b.png")]))


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        ("Rekognition.ResourceNotReadyException", ModelNotRunning, "the model was not running any more"),
        ("Rekognition.ResourceNotFoundException", ModelNotFound, "the model was not there any more"),
        ("Rekognition.AccessDeniedException", AccessDenied, "DetectCustomLabels was denied"),
        ("Rekognition.ThrottlingException", ServiceUnavailable, "throttled for longer"),
        ("Rekognition.ProvisionedThroughputExceededException", ServiceUnavailable, "throttled for longer"),
        ("States.Timeout", ServiceUnavailable, "did not answer in time"),
        ("Rekognition.SomethingNewException", TooManyFailures, "most with SomethingNewException"),
    ],
)
def test_a_batch_that_was_given_up_says_why(error: str, kind: type[LifecycleError], says: str) -> None:
    """Whatever the broken images among them: Step Functions did not give it up for these."""
    objects = results(
        SUCCEEDED=[labelled("a.png", "x"), broken("b.png"), broken("c.png"), broken("d.png")],
        FAILED=[child("e.png", error), child("f.png", error), child("g.png", None, "ABORTED")],
        PENDING=[child("h.png", None, "PENDING"), child("i.png", None, "PENDING")],
    )
    said = failed(kind, objects, GIVEN_UP)
    assert says in said.message
    assert "after 1 of 9 images" in said.message
    assert said.cause["ProjectVersionArn"] == ARN
    written = json.loads(objects.texts[f"{FOLDER}/summary.json"])
    assert (written["Failed"], written["NotReached"]) == (5, 3)


def test_failures_that_are_tolerated_do_not_end_a_batch() -> None:
    many = [labelled(f"{number}.png", "x") for number in range(99)]
    totals = summarised(results(SUCCEEDED=many, FAILED=[child("late.png", "Rekognition.ResourceNotReadyException")]))
    assert totals.failures == {"ResourceNotReadyException": 1}
    assert totals.failed_images == ({"Key": "late.png", "Error": "ResourceNotReadyException"},)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (GIVEN_UP, TooManyFailures),
        ({"Error": "States.ResultWriterFailed", "Cause": "no bucket"}, ResultsNotWritten),
        ({"Error": "States.ItemReaderFailed", "Cause": "no bucket"}, ServiceUnavailable),
        ({"Error": "States.Runtime"}, ServiceUnavailable),
    ],
)
def test_a_map_that_left_no_results_is_reported_in_its_own_words(
    failure: Mapping[str, str], kind: type[LifecycleError]
) -> None:
    assert failure.get("Cause", failure["Error"]) in failed(kind, Objects(), failure).message


def test_a_child_whose_input_step_functions_left_out_is_counted_all_the_same() -> None:
    counted = tally([Line(Written.FAILED, json.dumps({"Status": "TIMED_OUT", "InputDetails": {"Included": False}}))])
    assert (counted.failed, counted.failures) == (1, {"TIMED_OUT": 1})
    assert counted.examples == [{"Key": "unknown", "Error": "TIMED_OUT"}]


def many_lines() -> Iterator[Line]:
    """Ten thousand, with more labels and errors than any model has."""
    for number in range(10_000):
        record = labelled(f"{number}.png", f"label-{number}") if number % 2 else broken("b.png", f"Error{number}")
        yield Line(Written.SUCCEEDED, json.dumps(record))


def peak() -> int:
    """Bytes that counting them takes at the most."""
    tracemalloc.start()
    tally(many_lines())
    return tracemalloc.get_traced_memory()[1]


def test_more_names_than_any_model_has_are_counted_together() -> None:
    counted = tally(many_lines())
    assert counted.images == 10_000
    assert len(counted.labels) == len(counted.failures) == NAMES + 1
    assert counted.labels["others"] == 5_000 - NAMES
    assert len(counted.examples) == EXAMPLES


@pytest.mark.large
def test_a_million_lines_need_the_memory_of_a_few() -> None:
    """Of ten thousand, to be quick; in a process of its own, since other tests' threads may be at work in this one."""
    program = "from tests.unit.detect_batch.test_steps import peak; print(peak())"
    places = os.pathsep.join(str(ROOT / place) for place in (".", "functions", "statemachine"))
    environment = {**os.environ, "PYTHONPATH": places}
    command = [sys.executable, "-c", program]
    measured = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert 0 < int(measured.stdout) < 1_000_000


# --- The model's work -------------------------------------------------------------------------------------------------


def test_a_model_was_busy_from_a_batchs_beginning_to_its_end() -> None:
    """Also where no image has a label: the model has looked."""
    for names in (("red",), ()):
        assert busy(results(SUCCEEDED=[labelled("a.png", *names)])) == [(ARN, NOW, NOW + timedelta(minutes=30))]


def test_a_batch_that_labelled_nothing_used_no_model() -> None:
    assert busy(results(SUCCEEDED=[broken("a.png")]), tolerated_failure_percentage=100) == []
    assert busy(Objects(images=0), has_images=False) == []


def test_how_idle_a_model_is_is_unknown_from_a_batchs_beginning_to_its_end() -> None:
    """An aborted batch never comes to its end: when it labelled images is written nowhere."""
    marks: list[tuple[str, datetime, str]] = []

    def mark(*of: Any) -> None:
        marks.append(of)

    prepared(begin_busy=mark)
    assert marks == [(ARN, NOW, f"{FOLDER}/summary.json")]
    summarised(results(SUCCEEDED=[broken("a.png")]), end_busy=mark, tolerated_failure_percentage=100)
    assert marks[1:] == marks[:1]


def test_a_batch_without_images_or_a_running_model_leaves_no_such_mark() -> None:
    marks: list[object] = []

    def mark(*of: Any) -> None:
        marks.append(of)

    prepared(objects=Objects(images=0), begin_busy=mark)
    with pytest.raises(ModelNotRunning):
        prepared("STOPPED", begin_busy=mark)
    summarised(Objects(images=0), has_images=False, end_busy=mark)
    assert marks == []
