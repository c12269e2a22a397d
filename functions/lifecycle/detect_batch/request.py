"""From the input of a DetectBatch execution to a batch that the rest can rely on. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import DetectBatch
from lifecycle.errors import InvalidRequest
from lifecycle.executions.requests import Execution, problems_of_place, validator
from lifecycle.shared.known_mistakes import BUCKET
from lifecycle.shared.mistaken import mistake
from lifecycle.shared.s3_location import Place
from lifecycle.shared.suggestions import nearest
from lifecycle.shared.text import escaped, taken_as_percent
from lifecycle.shared.wire import Json

DEFAULT_TOLERATED_FAILURE_PERCENTAGE = 5

_PERCENTAGES = ("MinConfidence", "ToleratedFailurePercentage")
_BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}")
"""Amazon S3 User Guide, "General purpose bucket naming rules"; older buckets may have capitals and underscores."""
_PASSED_ON = ("MinConfidence", "MaxResults")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A validated input with its defaults; it travels through the state machine as ``$batch``.

    Parameters
    ----------
    detect : Mapping
        What each call of DetectCustomLabels is given beside its image.
    results_prefix : str
        The folder of this execution's results, without a slash at its end.
    has_images : bool
        Whether there is anything under the prefix.
    inference_units : int, optional
        Of the running model; at least so many where it scales by itself.
    """

    bucket: str
    prefix: str
    detect: Mapping[str, Json]
    results_bucket: str
    results_prefix: str
    tolerated_failure_percentage: float
    max_concurrency: int
    began_at: datetime
    warnings: tuple[str, ...] = ()
    has_images: bool = True
    inference_units: int | None = None
    scales: bool = False

    @property
    def project_version_arn(self) -> str:
        """The model."""
        return str(self.detect["ProjectVersionArn"])

    @property
    def images(self) -> str:
        """Where the images are, for people."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def summary_key(self) -> str:
        """Where the summary goes, beside the results."""
        return f"{self.results_prefix}/summary.json"

    @property
    def summary_uri(self) -> str:
        """The same, for people."""
        return f"s3://{self.results_bucket}/{self.summary_key}"


def batch_request(payload: Json, execution: Execution, settings: DetectBatch) -> Batch:
    """Validate the input of a DetectBatch execution and fill in its defaults.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    """
    if problems := problems_of_batch(payload, execution, settings):
        raise InvalidRequest(
            "\n- ".join(["The input is not a DetectBatch request:", *problems]), remedy=_how_to_ask(settings)
        )
    results = Place.parse(settings.results)
    passed_on = {name: payload[name] for name in _PASSED_ON if name in payload}
    return Batch(
        bucket=payload["Bucket"],
        prefix=payload.get("Prefix", ""),
        detect={"ProjectVersionArn": _arn(payload), **passed_on},
        results_bucket=results.bucket,
        results_prefix=f"{results.folder}{execution.name}",
        tolerated_failure_percentage=payload.get("ToleratedFailurePercentage", DEFAULT_TOLERATED_FAILURE_PERCENTAGE),
        max_concurrency=settings.max_concurrency,
        began_at=execution.start_time,
        warnings=warnings_of(payload),
    )


def problems_of_batch(payload: Json, execution: Execution, settings: DetectBatch) -> list[str]:
    """What is wrong with an input of DetectBatch, a line each that begins with the field's path."""
    problems = validator("detect_batch").problems(payload)
    if not isinstance(payload, dict):
        return problems
    further = _problems_between_fields(payload, execution, settings)
    if any(problem.startswith("Bucket: ") for problem in further):  # which says more than how long it is
        problems = [problem for problem in problems if not problem.startswith("Bucket: ")]
    said = {problem.partition(":")[0] for problem in problems}
    return problems + [problem for problem in further if problem.partition(":")[0] not in said]


def warnings_of(payload: Mapping[str, Json]) -> tuple[str, ...]:
    """What is legal in an input without problems, and was hardly meant so."""
    return tuple(taken_as_percent(name, payload[name]) for name in _PERCENTAGES if 0 < payload.get(name, 0) <= 1)


def _arn(payload: Mapping[str, Json]) -> Json:
    """The model, named by itself or by what StartModel has answered."""
    model = payload.get("Model")
    return payload.get("ProjectVersionArn") or (model.get("ProjectVersionArn") if isinstance(model, dict) else None)


def _problems_between_fields(payload: Mapping[str, Json], execution: Execution, settings: DetectBatch) -> list[str]:
    """What a JSON Schema can't say, or says badly. It reads values of the right type only."""
    problems = []
    if ("ProjectVersionArn" in payload) == ("Model" in payload):
        problems.append("ProjectVersionArn, Model: exactly one of the two is needed")
    if isinstance(arn := _arn(payload), str):
        problems += problems_of_place(arn, execution, "this batch runs in")
    return [*problems, *_problems_of_images(payload.get("Bucket"), payload.get("Prefix", ""), settings)]


def _problems_of_images(bucket: Json, prefix: Json, settings: DetectBatch) -> list[str]:
    """Whether Bucket is a name, and images may be read there."""
    if not isinstance(bucket, str) or not isinstance(prefix, str):
        return []  # the schema has said so
    if not _BUCKET_NAME.fullmatch(bucket):
        return [f"Bucket: {_no_bucket(bucket)}"]
    allowed = [Place.parse(uri) for uri in settings.images]
    if _within(bucket, prefix, allowed):
        results = Place.parse(settings.results)
        return [_apart(bucket, prefix, results)] if _touches(bucket, prefix, results) else []
    places = ", ".join(map(str, allowed))
    meant = _meant(bucket, prefix, allowed)
    return [
        f"Prefix: s3://{escaped(bucket, 63)}/{escaped(prefix, 100)} is outside of where images may be read, {places}"
        f"{f'; did you mean {meant}?' if meant else ''}; add it to 'detect_batch.images' in cdk.json and deploy again, "
        "or name a prefix below one of these"
    ]


def _touches(bucket: str, prefix: str, place: Place) -> bool:
    """Whether a key may begin with a prefix, which need not be a folder, and lie in a place."""
    return place.bucket == bucket and (place.folder.startswith(prefix) or prefix.startswith(place.folder))


def _apart(bucket: str, prefix: str, results: Place) -> str:
    return (
        f"Prefix: s3://{escaped(bucket, 63)}/{escaped(prefix, 100)} has images where results are written, {results}; "
        "keep the two apart"
    )


def _no_bucket(text: str) -> str:
    """What stands in place of a bucket's name: its address, its ARN, a folder of it."""
    found = mistake(text, BUCKET, lambda name: _BUCKET_NAME.fullmatch(name) is not None)
    given = json.dumps(text[-80:])
    if found.meant is None:
        return f"{given} {found.why}; Bucket is the name alone, such as factory-images. {found.find}"
    folder = text.partition(found.meant)[2].partition("/")[2].strip()
    behind = f", and what is behind it goes into Prefix: {escaped(folder)}" if folder else ""
    return f"{given} is no bucket's name; Bucket is the name alone: {found.meant}{behind}"


def _meant(bucket: str, prefix: str, allowed: Sequence[Place]) -> str | None:
    """The prefix that was probably meant, with its bucket where that is another: as Prefix and Bucket are written."""
    bare = prefix.strip().removeprefix("s3://")
    for place in allowed:
        for wished in (bare.removeprefix(f"{place.bucket}/").lstrip("/"), f"{bare.strip('/')}/"):
            if place.bucket == bucket and wished.startswith(place.folder):
                return f'Prefix "{escaped(wished, 100)}"'
    near = nearest(bucket, {place.bucket: None for place in allowed})
    return f'Bucket "{near}"' if near and near != bucket else None


def _within(bucket: str, prefix: str, allowed: Sequence[Place]) -> bool:
    return any(place.bucket == bucket and prefix.startswith(place.folder) for place in allowed)


def _how_to_ask(settings: DetectBatch) -> str:
    place = Place.parse(settings.images[0])
    example = {
        "Bucket": place.bucket,
        "Prefix": f"{place.folder}2026-11-24/",
        "ProjectVersionArn": validator("detect_batch").example("ProjectVersionArn"),
    }
    return f"Nothing was done. Start a new execution with an input such as {json.dumps(example)}."
