"""Recording in which minutes images are labelled, at nobody's cost: what can't be recorded is a warning in the log."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from lifecycle.errors import LifecycleError
from lifecycle.model.idle import minute_of
from lifecycle.ports import BusyMinutes, Detector, Refused
from lifecycle.shared.wire import Json

Log = Callable[[LifecycleError], None]


def record(minutes: BusyMinutes, log: Log, project_version_arn: str, since: datetime, until: datetime) -> None:
    """Record the minutes from one moment to another."""
    _try(lambda: minutes.add(project_version_arn, since, until), log)


def begin(minutes: BusyMinutes, log: Log, project_version_arn: str, at: datetime, batch: str) -> None:
    """Remember that a batch has begun: until it has ended, nobody knows how busy the model was."""
    _try(lambda: minutes.begin(project_version_arn, at, batch), log)


def end(minutes: BusyMinutes, log: Log, project_version_arn: str, began_at: datetime, batch: str) -> None:
    """The minutes of a batch are recorded."""
    _try(lambda: minutes.end(project_version_arn, began_at, batch), log)


def _try(write: Callable[[], None], log: Log) -> None:
    try:
        write()
    except LifecycleError as error:
        log(error)


class RecordingDetector:
    """A ``ports.Detector`` that records when it has labelled an image: once a minute, however many they are.

    It is to live as long as its process, so that it remembers what it has recorded last.
    """

    def __init__(self, detector: Detector, minutes: BusyMinutes, now: Callable[[], datetime], log: Log) -> None:
        self._detector = detector
        self._minutes = minutes
        self._now = now
        self._log = log
        self._last: tuple[str, int] | None = None

    def detect(self, image: Json, options: Mapping[str, Json]) -> Sequence[Json] | Refused:
        """What the detector answers; it has labelled nothing where that is a refusal."""
        answer = self._detector.detect(image, options)
        if not isinstance(answer, Refused):
            self._record(str(options["ProjectVersionArn"]), self._now())
        return answer

    def _record(self, project_version_arn: str, now: datetime) -> None:
        this = project_version_arn, minute_of(now)
        if this != self._last:
            self._last = this  # also if that fails: a table that does not answer holds up one image a minute
            record(self._minutes, self._log, project_version_arn, now, now)
