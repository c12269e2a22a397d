"""What a batch came to: a fold over its results, one line at a time, so that a million of them need no memory. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from lifecycle.detect_batch.errors import ModelNotRunning, ResultsNotWritten, TooManyFailures
from lifecycle.detect_batch.request import Batch
from lifecycle.errors import AccessDenied, LifecycleError, ModelNotFound, ServiceUnavailable
from lifecycle.images.refusals import Meaning, meaning
from lifecycle.shared import pricing
from lifecycle.shared.wire import Json

EXAMPLES = 10
"""So many failed images are named in the summary; the result files name them all."""
NAMES = 1000
"""So many labels and errors are told apart (a model has at most 250 labels); more are counted as ``others``."""


class Written(StrEnum):
    """Which file of the results a line is from: Step Functions keeps one kind for each end of a child."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the results: the outcome of one image."""

    written: Written
    text: str | bytes


@dataclass(slots=True)
class Tally:
    """What was counted so far.

    Parameters
    ----------
    fatal : Counter
        The errors that no image explains: their children failed, and Step Functions counted them too.
    """

    labelled: int = 0
    unlabelled: int = 0
    skipped: int = 0
    failed: int = 0
    not_reached: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    fatal: Counter[str] = field(default_factory=Counter)
    examples: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def images(self) -> int:
        """All that was found under the prefix, without what was skipped."""
        return self.labelled + self.unlabelled + self.failed + self.not_reached

    def add(self, line: Line) -> None:
        """Count one line."""
        record = json.loads(line.text)
        if line.written is Written.PENDING or record.get("Status") == "ABORTED":
            self.not_reached += 1
        elif line.written is Written.FAILED:
            self._add_failed(_key_of(record), _plain(record.get("Error", record.get("Status"))))
            _count(self.fatal, _plain(record.get("Error", record.get("Status"))))
        elif "Error" in record:
            self._add_failed(record["Image"]["Key"], record["Error"])
        elif "Skipped" in record:
            self.skipped += 1
        else:
            names = [label["Name"] for label in record["CustomLabels"]]
            self.labelled += bool(names)
            self.unlabelled += not names
            for name in names:
                _count(self.labels, name)

    def _add_failed(self, key: str, error: str) -> None:
        self.failed += 1
        _count(self.failures, error)
        if len(self.examples) < EXAMPLES:
            self.examples.append({"Key": key, "Error": error})


def tally(lines: Iterable[Line]) -> Tally:
    """Count all lines."""
    counted = Tally()
    for line in lines:
        counted.add(line)
    return counted


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """The output of a DetectBatch execution, and ``summary.json``; described in its schema."""

    project_version_arn: str
    bucket: str
    prefix: str
    images: int
    labelled: int
    unlabelled: int
    skipped: int
    failed: int
    not_reached: int
    labels: Mapping[str, int]
    failures: Mapping[str, int]
    failed_images: tuple[Mapping[str, str], ...]
    seconds: int
    inference_units: int | None
    estimated_cost: float | None
    results: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """For the log."""
        return f"{self.images} images: {self.labelled} with labels, {self.unlabelled} without, {self.failed} failed."


def summary(
    batch: Batch, counted: Tally, *, now: datetime, inference_unit_hour: float, manifest: str | None
) -> BatchSummary:
    """What is reported of a batch.

    Parameters
    ----------
    manifest : str, optional
        The key of the list of result files.
    """
    seconds = (now - batch.began_at).total_seconds()
    units = batch.inference_units
    results = {"Bucket": batch.results_bucket, "Prefix": f"{batch.results_prefix}/", "Summary": batch.summary_key}
    return BatchSummary(
        project_version_arn=batch.project_version_arn,
        bucket=batch.bucket,
        prefix=batch.prefix,
        images=counted.images,
        labelled=counted.labelled,
        unlabelled=counted.unlabelled,
        skipped=counted.skipped,
        failed=counted.failed,
        not_reached=counted.not_reached,
        labels=_by_count(counted.labels),
        failures=_by_count(counted.failures),
        failed_images=tuple(counted.examples),
        seconds=round(seconds),
        inference_units=units,
        estimated_cost=pricing.cost(seconds, units, inference_unit_hour) if units else None,
        results={**results, "Manifest": manifest} if manifest else results,
        warnings=_warnings(batch, counted),
    )


_NO_IMAGE_IS_TO_BLAME: Mapping[Meaning, tuple[type[LifecycleError], str]] = MappingProxyType(
    {
        Meaning.NOT_RUNNING: (ModelNotRunning, "the model was not running any more"),
        Meaning.NO_MODEL: (ModelNotFound, "the model was not there any more"),
        Meaning.DENIED: (AccessDenied, "DetectCustomLabels was denied"),
        Meaning.UNCLEAR: (AccessDenied, "neither Amazon Rekognition nor HeadObject may read the images"),
        Meaning.THROTTLED: (ServiceUnavailable, "calls were throttled for longer than they were retried"),
        Meaning.SERVICE: (ServiceUnavailable, "Amazon Rekognition had errors, or did not answer in time"),
    }
)
"""What ends a batch early, and what it is to people."""
_UNREADABLE = (
    "If the bucket has a policy, allow the role of the state machine DetectBatch s3:GetObject there.\n"
    "If the images are encrypted with a KMS key, allow that role kms:Decrypt with it."
)
_MAP_FAILED: Mapping[str, type[LifecycleError]] = MappingProxyType({"States.ResultWriterFailed": ResultsNotWritten})


def verdict(batch: Batch, counted: Tally, failure: Mapping[str, str]) -> LifecycleError | None:
    """The error that the batch ends with; None where it has succeeded.

    Parameters
    ----------
    failure : Mapping
        Error and Cause with which Step Functions gave the images up; empty where it went through them all.
    """
    arn = batch.project_version_arn
    if failure and counted.fatal:
        (error, _), *_ = counted.fatal.most_common(1)
        kind, why = _NO_IMAGE_IS_TO_BLAME.get(meaning(error), (TooManyFailures, f"most with {error}"))
        done = counted.labelled + counted.unlabelled
        return kind(
            f"The batch ended early, after {done} of {counted.images} images under {batch.images}: {why}. "
            f"{_failed(counted)} Summary: {batch.summary_uri}",
            project_version_arn=arn,
            remedy=_UNREADABLE if meaning(error) is Meaning.UNCLEAR else None,
        )
    if failure.get("Error") == "States.ExceedToleratedFailureThreshold":
        return TooManyFailures(
            f"More images under {batch.images} failed than the tolerated {batch.tolerated_failure_percentage:g} %, and "
            f"no results were written: {failure.get('Cause', '')[:1000]}",
            project_version_arn=arn,
            remedy="Open the Map Run of this execution in the Step Functions console: it shows each child's error.",
        )
    if failure:
        kind = _MAP_FAILED.get(failure["Error"], ServiceUnavailable)
        said = f"{failure['Error']} {failure.get('Cause', '')[:1000]}"
        return kind(f"The images under {batch.images} could not be gone through: {said}", project_version_arn=arn)
    if counted.failed * 100 > batch.tolerated_failure_percentage * counted.images:
        return TooManyFailures(
            f"{counted.failed} of {counted.images} images under {batch.images} failed, more than the tolerated "
            f"{batch.tolerated_failure_percentage:g} %. {_failed(counted)} Summary: {batch.summary_uri}",
            project_version_arn=arn,
        )
    return None


def _failed(counted: Tally) -> str:
    kinds = ", ".join(f"{error} ({count})" for error, count in counted.failures.most_common(5))
    first = f", the first was {counted.examples[0]['Key'][:200]}" if counted.examples else ""
    return f"Failed: {kinds}{first}."


def _warnings(batch: Batch, counted: Tally) -> tuple[str, ...]:
    warnings = [*batch.warnings]
    if not counted.images:
        warnings.append(f"There is no image under {batch.images}.")
    if not counted.images and re.search(r"[*?]", batch.prefix):
        warnings.append("S3 has no wildcards: end Prefix before the first one.")
    if batch.scales:
        warnings.append("The model scales by itself: EstimatedCost is for the least that it ran on.")
    return tuple(warnings)


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < NAMES else "others"] += 1


def _by_count(counter: Counter[str]) -> dict[str, int]:
    return dict(counter.most_common())


def _plain(error: str | None) -> str:
    """An error's name without the service before it, as the API reference has it."""
    return str(error).removeprefix("Rekognition.")


def _key_of(record: Mapping[str, Json]) -> str:
    """The image of a child that failed, from the input that Step Functions keeps as text."""
    try:
        return str(json.loads(record["Input"])["Image"]["S3Object"]["Name"])
    except (KeyError, TypeError, ValueError):
        return "unknown"
