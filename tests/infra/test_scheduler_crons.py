"""The schedules of EventBridge Scheduler that one of ours takes: what has to come before a time to be ready by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from infra.settings.scheduler_crons import Ticks, ticks_of
from lifecycle.configuration import Configuration, Model, Schedule
from lifecycle.model.leases import LONGEST_LEASE
from lifecycle.schedules.cron import Calendar, wall
from lifecycle.schedules.ticks import Act, Tick, decide
from lifecycle.schedules.windows import Ticked

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OFFICE = Schedule("defects", "Europe/Berlin", start="30 7 ? * MON-FRI *", stop="0 18 ? * MON-FRI *")
READY = Schedule("defects", "Europe/Berlin", ready_by="0 8 ? * MON-FRI *", stop="0 18 ? * MON-FRI *")


def crons(schedule: Schedule) -> dict[str, str]:
    return {ticks.name: ticks.cron for ticks in ticks_of("office", schedule, NOW)}


def test_a_start_and_a_stop_are_a_schedule_each() -> None:
    day = timedelta(days=1)
    assert ticks_of("office", OFFICE, NOW) == [
        Ticks("office-start", "30 7 ? * MON-FRI *", Act.START, 0, timedelta(minutes=120), None, None),
        Ticks("office-stop", "0 18 ? * MON-FRI *", Act.STOP, 0, day, None, None),
    ]


def test_without_a_stop_there_is_none() -> None:
    assert list(crons(replace(OFFICE, stop=None))) == ["office-start"]


@pytest.mark.parametrize(
    ("ready_by", "expected"),
    [
        ("0 8 ? * MON-FRI *", {"2h": "0 6 ? * MON-FRI *", "1h": "0 7 ? * MON-FRI *"}),
        (
            "0,30 1,8-9 L * ? 2027",
            {"2h": "0,30 6,7 L * ? 2027", "2h-evening": "0,30 23 * * ? *", "1h": "0,30 0,7,8 L * ? 2027"},
        ),
        ("0 0 ? JAN MON#1 *", {"2h-evening": "0 22 * * ? *", "1h-evening": "0 23 * * ? *"}),
    ],
)
def test_a_time_to_be_ready_by_is_two_schedules_and_more_after_midnight(
    ready_by: str, expected: dict[str, str]
) -> None:
    found = crons(replace(READY, ready_by=ready_by, stop=None))
    assert found == {f"office-ready-{part}": cron for part, cron in expected.items()}


def test_a_tick_is_delivered_as_long_as_it_is_of_use() -> None:
    within = {ticks.name: ticks.deliver_within for ticks in ticks_of("o", replace(READY, too_late_minutes=60), NOW)}
    assert within == {
        "o-ready-2h": timedelta(hours=3),
        "o-ready-1h": timedelta(hours=2),
        "o-stop": timedelta(days=1),
    }
    longest = ticks_of("o", replace(READY, too_late_minutes=1440), NOW)
    assert {ticks.deliver_within for ticks in longest} == {timedelta(days=1)}


def test_dates_leave_room_for_the_ticks_ahead_and_the_last_stop() -> None:
    dated = replace(OFFICE, start_date="2026-12-01", end_date="2027-03-31")
    start, stop = ticks_of("o", dated, NOW)
    assert start.begins == stop.begins == datetime(2026, 11, 29, 23, tzinfo=UTC)
    assert start.ends == datetime(2027, 4, 1, 22, tzinfo=UTC)
    assert stop.ends == start.ends + LONGEST_LEASE


def test_a_date_that_has_passed_is_left_to_the_tick() -> None:
    """Scheduler refuses it, at each deploy: "The StartDate you specify cannot be earlier than 5 minutes ago."."""
    dated = replace(OFFICE, start_date="2026-11-23", end_date="2026-11-01")
    assert {(ticks.begins, ticks.ends) for ticks in ticks_of("o", dated, NOW)} == {(None, None)}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("ready_by", ["0 8 ? * MON-FRI *", "30 0-4 * * ? *", "0 2 ? * SUN *", "15 23,1 L * ? *"])
def test_every_time_to_be_ready_by_has_a_tick_at_least_half_an_hour_before(zone: str, ready_by: str) -> None:
    """Over a year with its changes of clocks, by what Scheduler would deliver; and no tick asks for another time."""
    schedule = Schedule("defects", zone, ready_by=ready_by)
    configuration = Configuration({"defects": Model("arn")}, schedules={"o": schedule})
    year = timedelta(days=366)
    first: dict[str, datetime] = {}
    for ticks in ticks_of("o", schedule, NOW):
        for at in Calendar.of(ticks.cron, zone).after(NOW):
            if at > NOW + year:
                break
            decided = decide(Tick("o", ticks.act, at, ticks.hours_ahead), at, configuration)
            if decided.outcome is Ticked.ACTED:
                name = (decided.execution_name or "").rpartition("-")[0]  # without the digest
                first[name] = min(first.get(name, at), at)
            else:
                assert decided.outcome is Ticked.NOT_DUE
    due = islice(Calendar.of(ready_by, zone).after(NOW + timedelta(hours=3)), 3000)
    wanted = [ready for ready in due if ready < NOW + year - timedelta(days=1)]
    assert len(wanted) >= 12
    for ready in wanted:
        ahead = ready - first[f"o-ready-{ready:%Y%m%dT%H%MZ}"]
        assert timedelta(minutes=30) < ahead <= timedelta(hours=3), wall(ready, ZoneInfo(zone))
