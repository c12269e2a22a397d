"""How much of the billed time a model was idle, as far as this app knows."""

from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.model.bill import Session
from lifecycle.model.idle import PARTITION, Busy, idle_times, minute_of, moment_of
from tests.unit.examples import ARN, NOW, OTHER_ARN

MINUTE = timedelta(minutes=1)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def ran(since: float, until: float, arn: str = ARN, model: str | None = "defects", at: datetime = NOW) -> Session:
    """From so many minutes after a moment to so many."""
    return Session(arn, at + since * MINUTE, at + until * MINUTE, 3, 4.0, model)


def busy(*minutes: int, arn: str = ARN, at: datetime = NOW) -> Busy:
    return {arn: {minute_of(at) + minute for minute in minutes}}


@pytest.mark.parametrize(
    ("sessions", "minutes", "share"),
    [
        pytest.param([ran(0, 10)], (2, 3, 5), 0.7, id="three minutes of ten, whatever the units"),
        pytest.param([ran(0, 10)], range(10), 0, id="all of them"),
        pytest.param([ran(0, 10), ran(60, 90)], (5, 70), 0.95, id="two sessions"),
        pytest.param([ran(0.5, 9.25)], (0, 9), 0.9143, id="minutes that straddle its ends count in part"),
        pytest.param([ran(0, 10)], (-5, 10, 11, 20), 1, id="what was not billed counts for nothing"),
        pytest.param([ran(3, 13)], (1, 2, 3), 0.9, id="nor what was before it was found running"),
    ],
)
def test_a_model_is_idle_in_the_billed_time_in_which_no_image_was_labelled(
    sessions: list[Session], minutes: list[int], share: float
) -> None:
    (found,) = idle_times("2026-11", sessions, busy(*minutes))
    assert (found.model, found.version, found.share) == ("defects", "v1", share)
    assert found.seconds == sum(one.seconds for one in sessions)


def test_a_month_has_its_own_part_of_a_session_across_its_end() -> None:
    across = [ran(-30, 90, at=DECEMBER)]
    labelled = busy(-1, 0, 1, at=DECEMBER)
    (november,), (december,) = (idle_times(month, across, labelled) for month in ("2026-11", "2026-12"))
    assert (november.seconds, november.share) == (1800, round(1 - 1 / 30, 4))
    assert (december.seconds, december.share) == (5400, round(1 - 2 / 90, 4))


def test_of_a_version_of_which_nothing_is_recorded_nothing_is_said() -> None:
    """Whoever calls DetectCustomLabels alone is not seen."""
    sessions = [ran(0, 10), ran(0, 10, OTHER_ARN, None)]
    (found,) = idle_times("2026-11", sessions, busy(1, arn=OTHER_ARN))
    assert (found.project_version_arn, found.model) == (OTHER_ARN, found.version), "of no name, that of the version"
    assert idle_times("2026-11", sessions, {}) == ()
    assert idle_times("2026-10", sessions, busy(1)) == (), "nor of one that did not run"
    assert idle_times("2026-11", [ran(0, 0)], busy(1)) == (), "nor of one that ran for no time"


def test_versions_of_one_name_are_told_apart_and_the_longest_idle_comes_first() -> None:
    sessions = [ran(0, 10), ran(10, 40, OTHER_ARN)]
    found = idle_times("2026-11", sessions, {**busy(1), **busy(11, arn=OTHER_ARN)})
    assert [(one.model, one.project_version_arn) for one in found] == [("defects", OTHER_ARN), ("defects", ARN)]


def test_a_version_has_the_name_by_which_people_called_it_last_and_its_time_to_the_millisecond() -> None:
    sessions = [ran(20, 30, model="welds"), ran(0, 10.000_1, model="defects")]
    (found,) = idle_times("2026-11", sessions, busy(1))
    assert (found.model, found.seconds) == ("welds", 1200.006)
    (found,) = idle_times("2026-11", [ran(0, 1.000_009)], busy(0))
    assert found.seconds == 60.001


def test_what_releases_before_have_recorded_is_still_read() -> None:
    """The minutes are in the table, by number; their keys are named in a policy."""
    assert minute_of(datetime(1970, 1, 2, 3, 4, 59, tzinfo=UTC)) == (24 + 3) * 60 + 4
    assert PARTITION + "2026-11" == "busy#2026-11"


def test_a_minute_is_the_same_whatever_the_second() -> None:
    assert minute_of(NOW) == minute_of(NOW + timedelta(seconds=59.9)) == minute_of(NOW + MINUTE) - 1
    assert moment_of(minute_of(NOW + timedelta(seconds=30))) == NOW
