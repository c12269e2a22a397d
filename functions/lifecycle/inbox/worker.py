"""The worker of an inbox: what becomes of an image that has arrived.

It keeps nothing itself. Whatever it raises leaves the message in the queue: the image is looked at again later, and
after ``TRIES`` it is in the dead-letter queue. Each step may be the last one: whoever comes next finds out from the
image and its result how far it was.

The result is read *before* the image, and written only in place of what was read. So a worker that is late can't put
the result of an older version over that of a newer one: whoever wrote that has seen the newer image, after this one
had seen the older, and what this one has read of the result is not there any more.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from lifecycle.configuration import Inbox
from lifecycle.errors import AccessDenied, LifecycleError, ModelNotFound, ServiceUnavailable
from lifecycle.images.refusals import Meaning, meaning
from lifecycle.inbox import results
from lifecycle.inbox.arrivals import Arrival
from lifecycle.inbox.counts import InboxCounts
from lifecycle.inbox.results import is_result_of, notes, result_key
from lifecycle.ports import Detector, ImageObjects, ObjectVersion, Refused
from lifecycle.shared.s3_location import Place
from lifecycle.shared.text import escaped
from lifecycle.shared.wire import Json

MAX_CONFLICTS = 5
"""Times that somebody else may write the result meanwhile, before the image goes back into the queue."""
NEEDED_SECONDS = 8
"""What one more call and the result may take: when less is left, nothing is tried again."""
LONGEST_NAMED = 300
"""Characters of a key in a message: whoever reads of an image that was given up has to find it."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
_TRIES: Mapping[Meaning, float] = MappingProxyType({Meaning.THROTTLED: float("inf"), Meaning.SERVICE: 4})
"""How often a call is made that another try may help: throttled ones as long as there is time."""


class RunNotOpenError(LifecycleError):
    """No run of the inbox is open, so that nobody holds its model."""


class InWorkError(LifecycleError):
    """Another worker has this version of the image in work: it was delivered twice."""


class ModelNotReadyError(LifecycleError):
    """The model does not run, although the run is open."""


class Outcome(StrEnum):
    """What has become of an image. All of them take its message out of the queue."""

    LABELLED = "labelled"
    BROKEN = "can't be labelled: its result says why"
    SUPERSEDED = "overwritten while it waited: the newer version has a message of its own"
    DELETED = "deleted while it waited"
    ALREADY = "labelled already"


@dataclass(frozen=True, slots=True)
class Pace:
    """The time that one invocation has.

    Parameters
    ----------
    left : callable
        Seconds until it is ended.
    sleep : callable
        Waits for so many seconds.
    spread : callable
        A number between two others, by chance, so that workers do not come back all at once.
    """

    left: Callable[[], float]
    sleep: Callable[[float], None]
    spread: Callable[[float, float], float]


class Once(Protocol):
    """Does something once for each identity, and answers the same ever after."""

    def __call__(self, identity: Sequence[str], do: Callable[[], Outcome]) -> Outcome:
        """What ``do`` answers, or has answered before."""


@dataclass(slots=True)
class Worker:
    """One invocation of the worker, for one inbox.

    Parameters
    ----------
    open_run : callable
        The version that the open run of the inbox holds; None where no run is open.
    disable : callable
        Ends that images are delivered at all, until the tick enables it again.
    """

    name: str
    inbox: Inbox
    open_run: Callable[[], str | None]
    disable: Callable[[], None]
    objects: ImageObjects
    detector: Detector
    counts: InboxCounts
    once: Once
    pace: Pace
    now: Callable[[], datetime]
    log: Callable[[LifecycleError], None]
    _stopped: LifecycleError | None = field(default=None, init=False)

    def take(self, body: str) -> Outcome:
        """Process the image of one message.

        Raises
        ------
        LifecycleError
            It stays in the queue.
        """
        try:
            return self._take(body)
        except (RunNotOpenError, InWorkError):
            raise  # no refusal: the image waits for a run, or for the other worker
        except LifecycleError as error:
            why = error.message
            self._noted(lambda: self.counts.refused(self.name, self.now(), why))
            raise

    def _take(self, body: str) -> Outcome:
        if self._stopped:
            raise self._stopped
        arrival = Arrival.read(body, self._images)
        project_version_arn = self.open_run()
        if project_version_arn is None:
            raise self._stop(RunNotOpenError(f"No run of the inbox {self.name} is open: the image keeps waiting."))
        try:
            return self.once((self.name, *arrival.identity), lambda: self._label(arrival, project_version_arn))
        except (ModelNotReadyError, ModelNotFound) as error:
            raise self._stop(error) from error

    def _stop(self, error: LifecycleError) -> LifecycleError:
        """Look at nothing more: a model that is down would bounce the whole queue into the dead letters."""
        self._stopped = error
        self._noted(self.disable)
        return error

    def _label(self, arrival: Arrival, project_version_arn: str) -> Outcome:
        outcome = self._result(arrival, project_version_arn)
        if outcome in {Outcome.LABELLED, Outcome.BROKEN}:
            failed = outcome is Outcome.BROKEN
            self._noted(lambda: self.counts.finished(self.name, self.now(), failed=failed))
        else:
            self._noted(lambda: self.counts.passed(self.name, self.now()))
        return outcome

    def _result(self, arrival: Arrival, project_version_arn: str) -> Outcome:
        bucket, key = self._results.bucket, result_key(arrival.key, self._images, self._results)
        for _ in range(MAX_CONFLICTS):
            before = self.objects.newest(bucket, key)
            image = self.objects.newest(arrival.bucket, arrival.key)
            if gone := _gone(arrival, image):
                return gone
            assert image  # noqa: S101 - or it would be gone
            if before and is_result_of(before, image, errors_again=arrival.errors):
                return Outcome.ALREADY
            answer = self._detect(arrival, image, project_version_arn)
            # Of a bucket without versions, the call may have seen a newer image than was asked for.
            if gone := _gone(arrival, self.objects.newest(arrival.bucket, arrival.key)):
                return gone
            if isinstance(answer, Refused):
                self._raise_unless_broken(arrival, answer, project_version_arn)
                text, kind, outcome = results.broken(arrival, image, answer), results.ERROR, Outcome.BROKEN
            else:
                text = results.labelled(arrival, image, answer, project_version_arn=project_version_arn, now=self.now())
                kind, outcome = results.LABELS, Outcome.LABELLED
            if self.objects.replace(bucket, key, text, notes=notes(image, kind), instead_of=before):
                return outcome
        raise ServiceUnavailable(f"The result s3://{bucket}/{escaped(key)} was written by others all the time.")

    def _detect(self, arrival: Arrival, image: ObjectVersion, project_version_arn: str) -> Sequence[Json] | Refused:
        """Call the model, again and again where that may help and there is time."""
        version = {"Version": image.version_id} if arrival.is_versioned and image.version_id else {}
        where = {"Bucket": arrival.bucket, "Name": arrival.key, **version}
        options = {
            "ProjectVersionArn": project_version_arn,
            "MinConfidence": self.inbox.min_confidence,
            "MaxResults": self.inbox.max_results,
        }
        given = {name: value for name, value in options.items() if value is not None}
        for tries in itertools.count(1):
            answer = self.detector.detect({"S3Object": where}, given)
            if not isinstance(answer, Refused) or tries >= _TRIES.get(meaning(answer.error), 0):
                break
            pause = self.pace.spread(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries))
            if self.pace.left() - pause < NEEDED_SECONDS:
                break
            self.pace.sleep(pause)
        return answer

    def _raise_unless_broken(self, arrival: Arrival, refused: Refused, project_version_arn: str) -> None:
        means = meaning(refused.error)
        if means is Meaning.BROKEN_IMAGE:
            return
        if means is Meaning.UNCLEAR and self.objects.is_readable(arrival.bucket, arrival.key):
            return
        kind, why = _REASONS.get(means, (ServiceUnavailable, "Amazon Rekognition could not label the image"))
        raise kind(
            f"{why}: DetectCustomLabels of s3://{arrival.bucket}/{escaped(arrival.key, LONGEST_NAMED)} answered "
            f"{refused.error}: {refused.message}",
            project_version_arn=project_version_arn,
            throttled=means is Meaning.THROTTLED,
        )

    def _noted(self, note: Callable[[], None]) -> None:
        """Note something; an image is not processed again only because that could not be done."""
        try:
            note()
        except LifecycleError as error:
            self.log(error)

    @property
    def _images(self) -> Place:
        return Place.parse(self.inbox.images)

    @property
    def _results(self) -> Place:
        return Place.parse(self.inbox.results)


def _gone(arrival: Arrival, image: ObjectVersion | None) -> Outcome | None:
    if image is None:
        return Outcome.DELETED
    return None if arrival.is_of(image) else Outcome.SUPERSEDED


_REASONS: Mapping[Meaning, tuple[type[LifecycleError], str]] = MappingProxyType(
    {
        Meaning.UNCLEAR: (AccessDenied, "Images can not be read with the rights of the inbox's worker"),
        Meaning.DENIED: (AccessDenied, "The inbox's worker may not use the model"),
        Meaning.NOT_RUNNING: (ModelNotReadyError, "The model is not running"),
        Meaning.NO_MODEL: (ModelNotFound, "The model is not there any more"),
        Meaning.THROTTLED: (ServiceUnavailable, "Calls were throttled for longer than they were tried again"),
    }
)
"""Why an image could not be labelled though it is not to blame."""
