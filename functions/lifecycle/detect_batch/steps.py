"""The two steps of DetectBatch around its Map: what is checked before, and what is reported after."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from lifecycle.configuration import Configuration
from lifecycle.detect_batch.errors import ModelNotRunning
from lifecycle.detect_batch.request import Batch, batch_request
from lifecycle.detect_batch.summary import BatchSummary, Line, Written, summary, tally, verdict
from lifecycle.errors import AccessDenied, InvalidRequest
from lifecycle.executions.requests import Execution
from lifecycle.ports import Models, Objects
from lifecycle.shared.arns import region_and_account
from lifecycle.shared.text import escaped
from lifecycle.shared.wire import Json, to_wire

RecordBusy: TypeAlias = Callable[[str, datetime, datetime], None]
MarkBusy: TypeAlias = Callable[[str, datetime, str], None]
"""Of a model version, since when a batch has used it, and which."""

OTHER_BUCKET = (
    "Nothing was done. Correct Bucket ('aws s3 ls' lists your buckets), or copy the images into a bucket in the "
    "model's Region, allow it in 'detect_batch.images' of cdk.json and deploy; then start a new execution."
)


def prepare(
    payload: Json,
    *,
    execution: Execution,
    configuration: Configuration,
    models: Models,
    objects: Objects,
    begin_busy: MarkBusy,
) -> Batch:
    """Validate the input, and see that the model runs, where the bucket is, and whether there are images.

    Parameters
    ----------
    begin_busy : callable
        Remembers for the bill that a batch has begun: until it ends, nobody knows how idle the model is.

    Raises
    ------
    InvalidRequest, ModelNotFound, ModelNotRunning, AccessDenied, ServiceUnavailable
    """
    if configuration.detect_batch is None:
        raise InvalidRequest(
            "DetectBatch is not configured.", remedy="Add 'detect_batch' to cdk.json, and deploy again."
        )
    batch = batch_request(payload, execution, configuration.detect_batch)
    if problem := problem_of_bucket(batch.bucket, execution, objects):
        raise InvalidRequest(f"The input is not a DetectBatch request:\n- {problem}", remedy=OTHER_BUCKET)
    arn = batch.project_version_arn
    model = models.describe(arn, models.project_arn(arn))
    if model.status != "RUNNING":
        raise ModelNotRunning(
            f"The model is {model.status}: no image was read.",
            project_version_arn=arn,
            status=model.status,
            status_message=model.status_message,
        )
    least, most = model.min_inference_units, model.max_inference_units
    has_images = objects.has_any(batch.bucket, batch.prefix)
    if has_images:
        begin_busy(arn, batch.began_at, batch.summary_key)
    return replace(
        batch,
        has_images=has_images,
        inference_units=least,
        scales=(most or 0) > (least or 0),
    )


def problem_of_bucket(bucket: str, execution: Execution, objects: Objects) -> str | None:
    """Whether there is such a bucket, in the Region of the model, as DetectCustomLabels needs it.

    Listing tells neither: the SDK follows to other Regions by itself.

    Raises
    ------
    ServiceUnavailable
    """
    try:
        region = objects.region(bucket)
    except InvalidRequest:
        return f"Bucket: there is no bucket {escaped(bucket)}"
    except AccessDenied:
        return None  # somebody else's bucket, which does not let itself be asked: the images will tell
    here, _ = region_and_account(execution.id)
    if region == here:
        return None
    return (
        f"Bucket: {escaped(bucket)} is in {region}; Amazon Rekognition reads images in the model's Region only, {here}"
    )


def summarise(
    batch: Batch,
    *,
    written: Mapping[str, Json],
    failure: Mapping[str, str],
    now: datetime,
    configuration: Configuration,
    objects: Objects,
    record_busy: RecordBusy,
    end_busy: MarkBusy,
) -> BatchSummary:
    """Count the results, write the summary beside them, and say how the batch ended.

    Parameters
    ----------
    written : Mapping
        The Map's output, which says where the list of result files is; empty where it has none.
    failure : Mapping
        The Map's Error and Cause; empty where it succeeded.
    record_busy : callable
        Records for the bill that the model labelled images, from one moment to another.
    end_busy : callable
        Remembers that it has ended.

    Raises
    ------
    ModelNotRunning, ModelNotFound, TooManyFailures, ResultsNotWritten, AccessDenied, ServiceUnavailable
        The summary is written all the same.
    InvalidRequest
        The results' bucket is gone.
    """
    manifest = _manifest(batch, written, objects) if batch.has_images else None
    counted = tally(_lines(batch, manifest, objects))
    if counted.labelled or counted.unlabelled:
        record_busy(batch.project_version_arn, batch.began_at, now)
    if batch.has_images:
        end_busy(batch.project_version_arn, batch.began_at, batch.summary_key)
    summarised = summary(
        batch, counted, now=now, inference_unit_hour=configuration.inference_unit_hour_usd, manifest=manifest
    )
    error = verdict(batch, counted, failure)
    ended = {"Error": type(error).__name__, "Cause": json.loads(str(error))} if error else {}
    objects.write(batch.results_bucket, batch.summary_key, json.dumps({**to_wire(summarised), **ended}, indent=1))
    if error:
        raise error
    return summarised


def _manifest(batch: Batch, written: Mapping[str, Json], objects: Objects) -> str | None:
    """The key of the list of result files; a Map that failed writes it, and does not say where."""
    said = written.get("ResultWriterDetails", {}).get("Key")
    return said or objects.newest(batch.results_bucket, f"{batch.results_prefix}/", "/manifest.json")


def _lines(batch: Batch, manifest: str | None, objects: Objects) -> Iterator[Line]:
    if manifest is None:
        return
    files = json.loads(b"".join(objects.lines(batch.results_bucket, manifest)))["ResultFiles"]
    for kind in Written:
        for file in files.get(kind, ()):
            for text in objects.lines(batch.results_bucket, file["Key"]):
                if text.strip():
                    yield Line(kind, text)
