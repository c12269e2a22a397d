"""That the minutes in which images are labelled are recorded, and that this harms nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lifecycle.errors import AccessDenied, LifecycleError
from lifecycle.images.busy import RecordingDetector, begin, end
from lifecycle.model.idle import Busy
from lifecycle.ports import Refused
from lifecycle.shared.wire import Json
from tests.unit.examples import ARN, NOW, OTHER_ARN

LABELS = [{"Name": "scratch"}]


@dataclass
class Setting:
    """A detector, the record, and the clock."""

    answers: list[Any] = field(default_factory=list)
    denied: bool = False
    now: datetime = NOW
    added: list[tuple[str, datetime]] = field(default_factory=list)
    logged: list[LifecycleError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.detector = RecordingDetector(self, self, lambda: self.now, self.logged.append)

    def detect(self, _image: Json, _options: Json) -> Sequence[Json] | Refused:
        return self.answers.pop(0) if self.answers else LABELS

    def add(self, project_version_arn: str, since: datetime, until: datetime) -> None:
        assert since == until
        self.added.append((project_version_arn, since))
        if self.denied:
            raise AccessDenied("UpdateItem answered AccessDeniedException")

    def begin(self, project_version_arn: str, at: datetime, _batch: str) -> None:
        self.add(project_version_arn, at, at)

    end = begin

    def of(self, _month: str) -> Busy:
        raise AssertionError("who records reads nothing")

    def label(self, after: float = 0, arn: str = ARN) -> Sequence[Json] | Refused:
        self.now += timedelta(seconds=after)
        return self.detector.detect({}, {"ProjectVersionArn": arn})


def test_a_minute_is_recorded_once_however_many_images_are_labelled_in_it() -> None:
    setting = Setting()
    assert [setting.label(after) for after in (0, 20, 39, 1, 59)] == [LABELS] * 5
    assert setting.added == [(ARN, NOW), (ARN, NOW + timedelta(seconds=60))]


def test_each_version_has_minutes_of_its_own() -> None:
    setting = Setting()
    setting.label()
    setting.label(arn=OTHER_ARN)
    assert setting.added == [(ARN, NOW), (OTHER_ARN, NOW)]


def test_an_image_that_was_refused_is_no_use_of_the_model() -> None:
    refused = Refused("InvalidImageFormatException", "It is no image.")
    setting = Setting(answers=[refused])
    assert (setting.label(), setting.added) == (refused, [])


def test_what_can_not_be_recorded_is_a_warning_and_is_tried_again_in_the_next_minute_alone() -> None:
    setting = Setting(denied=True)
    assert [setting.label(after) for after in (0, 20, 40)] == [LABELS] * 3
    assert (len(setting.added), [type(one) for one in setting.logged]) == (2, [AccessDenied] * 2)


def test_a_batch_goes_on_where_its_mark_can_not_be_written() -> None:
    setting = Setting(denied=True)
    for mark in (begin, end):
        mark(setting, setting.logged.append, ARN, NOW, "labels/a")
    assert [type(one) for one in setting.logged] == [AccessDenied] * 2
