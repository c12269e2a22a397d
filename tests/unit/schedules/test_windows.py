"""When a schedule starts and stops, and to whom it hands its model over: the edges of its days and times."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lifecycle.configuration import Configuration, Model, Schedule
from lifecycle.schedules.windows import Successor, Ticked, bridged, handed_over, left_out, successors, tick_name
from tests.unit.examples import ARN

OFFICE = Schedule("defects", "Europe/Berlin", start="30 7 ? * MON-FRI *", stop="0 18 ? * MON-FRI *")
LATE = replace(OFFICE, start="20 18 ? * MON-FRI *", stop="0 22 ? * MON-FRI *")
STOP = datetime.fromisoformat("2026-11-23T17:00Z")
MINUTE, INSTANT = timedelta(minutes=1), timedelta.resolution
DOCUMENT = Path(__file__).parents[3] / "docs" / "schedules.md"


def follows(late: Schedule = LATE, **others: Schedule) -> Configuration:
    return Configuration({"defects": Model(ARN)}, schedules={"office": OFFICE, "late": late, **others})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_outcomes_of_a_tick_are_those_that_people_read_of() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [outcome for outcome in Ticked if f"`{outcome}`" not in text] == []


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        ("2026-11-22", Ticked.OUTSIDE_DATES),
        ("2026-11-23", None),
        ("2026-11-24", Ticked.EXCLUDED_DAY),
        ("2026-11-27", None),
        ("2026-11-28", Ticked.OUTSIDE_DATES),
    ],
)
def test_the_first_and_the_last_day_belong_to_its_dates(day: str, outcome: Ticked | None) -> None:
    dated = replace(OFFICE, start_date="2026-11-23", end_date="2026-11-27", exclude_dates=("2026-11-24",))
    for moment in (f"{day}T00:00+01:00", f"{day}T23:59+01:00"):
        found = left_out(dated, at(moment))
        assert (found[0] if found else None) == outcome


def test_a_stop_bridges_the_time_of_a_start_and_the_end_of_a_lease_nothing() -> None:
    assert bridged(OFFICE) == 30 * MINUTE
    assert bridged(replace(OFFICE, start=None, ready_by=OFFICE.start)) == 60 * MINUTE
    assert bridged(replace(OFFICE, stop=None)) == timedelta()


def test_of_a_schedule_that_starts_often_the_first_start_follows() -> None:
    often = replace(LATE, start="5/10 18 ? * MON-FRI *")
    assert successors(STOP, "defects", {"often": often}) == (Successor("often", STOP + 5 * MINUTE),)
    excluded = replace(LATE, exclude_dates=("2026-11-23",))
    assert successors(STOP, "defects", {"often": often, "late": excluded}) == (Successor("often", STOP + 5 * MINUTE),)


def test_what_follows_is_waited_for_until_its_start_and_ten_minutes_more() -> None:
    both = follows(later=replace(LATE, start="30 18 ? * MON-FRI *"))
    until = STOP + 40 * MINUTE
    for now in (STOP, STOP + MINUTE, until - INSTANT):
        assert handed_over("schedule/office", "by-hand", now, both) == (("schedule/late", "schedule/later"), until)
    for now in (STOP - INSTANT, until):
        assert handed_over("schedule/office", "by-hand", now, both) is None


def test_what_no_schedule_holds_or_nothing_stops_is_handed_over_to_nobody() -> None:
    endless = replace(OFFICE, stop=None)
    open_end = Configuration({"defects": Model(ARN)}, schedules={"office": endless, "late": LATE})
    never = Configuration({"defects": Model(ARN)}, schedules={"office": replace(OFFICE, stop="0 8 1 1 ? 2030")})
    assert handed_over("schedule/office", "by-hand", STOP, open_end) is None
    assert handed_over("schedule/office", "by-hand", STOP, never) is None
    assert handed_over("office", "by-hand", STOP, follows()) is None
    assert handed_over(None, "by-hand", STOP, follows()) is None
    assert handed_over("schedule/office", "by-hand", STOP, Configuration({"defects": Model(ARN)})) is None


def test_the_name_of_a_tick_says_for_which_stop_it_releases() -> None:
    friday = at("2026-11-20T09:00Z")
    name = tick_name("office", "stop", "defects", STOP)
    ahead = ("schedule/late",), friday + 30 * MINUTE
    assert handed_over("schedule/office", name, friday, follows()) == ahead


def test_a_schedule_that_is_given_to_another_model_starts_that_one_too() -> None:
    names = {tick_name("office", "start", model, STOP) for model in ("defects", "welds")}
    assert len(names) == 2
    assert {name.rpartition("-")[0] for name in names} == {"office-start-20261123T1700Z"}


@pytest.mark.parametrize(
    "name",
    [
        "office-stop-20261123T1700Z",
        "office-stop-20261123T1700Z-0000000000",  # the digest of another one
        "office-stop-20261199T1700Z-0000000000",
        "office-start-20261123T1700Z-0000000000",
        "stop-20261123T1700Z-0000000000",
    ],
)
def test_any_other_name_releases_for_the_last_stop(name: str) -> None:
    assert handed_over("schedule/office", name, at("2026-11-20T09:00Z"), follows()) is None
    expected = ("schedule/late",), STOP + 30 * MINUTE
    assert handed_over("schedule/office", name, STOP + MINUTE, follows()) == expected


def test_a_tick_for_a_stop_that_is_in_no_calendar_any_more_hands_nothing_over() -> None:
    name = tick_name("office", "stop", "defects", STOP - 5 * MINUTE)
    assert handed_over("schedule/office", name, STOP + MINUTE, follows()) is None
