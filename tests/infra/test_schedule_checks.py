"""What is wrong with schedules is said at synth, with its key."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.settings.holidays import HolidaysError, whole_days
from infra.settings.settings import Settings, SettingsError
from lifecycle.model.leases import LONGEST_LEASE
from lifecycle.shared.text import span
from tests.infra.configurations import MINIMAL, model

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONGEST = span(LONGEST_LEASE.total_seconds())
OFFICE = {
    "name": "office-hours",
    "start": "30 7 ? * MON-FRI *",
    "stop": "0 18 ? * MON-FRI *",
    "time_zone": "Europe/Berlin",
}
EVENING = {**OFFICE, "name": "evening", "start": "0 20 ? * MON-FRI *", "stop": "0 22 ? * MON-FRI *"}
NIGHT = {"name": "night", "ready_by": "0 0 * * ? *", "time_zone": "Asia/Tokyo"}
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:christmas
SUMMARY:Christmas
DTSTART;VALUE=DATE:20201225
DTEND;VALUE=DATE:20201227
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:day
SUMMARY:A day without an end
DTSTART;VALUE=DATE:20270501
END:VEVENT
BEGIN:VEVENT
UID:hours
SUMMARY:Some hours are no holiday
DTSTART:20270601T080000Z
DTEND:20270601T160000Z
END:VEVENT
BEGIN:VEVENT
UID:cancelled
STATUS:CANCELLED
SUMMARY:Cancelled
DTSTART;VALUE=DATE:20270701
END:VEVENT
END:VCALENDAR
"""


def settings(*schedules: dict[str, Any], folder: Path = Path(), **fields: Any) -> Settings:
    context = {"models": [{**model(), "schedules": list(schedules), **fields}]}
    return Settings.from_context(context, folder=folder, now=NOW)


def disabled(made: Settings) -> set[str]:
    return {name for name, schedule in made.schedules.items() if not schedule.enabled}


def problems(*schedules: dict[str, Any], folder: Path = Path(), **fields: Any) -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        settings(*schedules, folder=folder, **fields)
    lines = str(wrong.value).splitlines()[1:-1]
    return [line.removeprefix("  custom-labels-lifecycle.models.0.schedules.") for line in lines]


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in OFFICE.items() if name != key}


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        (without("start"), "0.start, ready_by: exactly one of the two is needed. A stop alone has no lease to end"),
        (
            {**OFFICE, "start": "0 22 * * ? *", "stop": "30 2 * * ? *"},
            "0: overlaps: on 2027-03-28 22:00 (Europe/Berlin) it starts while it still holds the model, until "
            "2027-03-29 02:30 (Europe/Berlin); 02:30 on 2027-03-28 does not exist: clocks are put forward over it.",
        ),
        ({**OFFICE, "start": "rate(5 minutes)"}, "0.start: has 2 fields; six are needed: minutes hours day-of-month"),
        (
            {**OFFICE, "time_zone": "utc"},
            "0.time_zone: 'utc' is no IANA time zone, such as Europe/Berlin, did you mean UTC?",
        ),
        (
            {**OFFICE, "time_zone": "Europe/berlin"},
            "0.time_zone: 'Europe/berlin' is no IANA time zone, such as Europe/Berlin, did you mean Europe/Berlin?",
        ),
        ({**OFFICE, "ready_by": OFFICE["start"]}, "0.start, ready_by: exactly one of the two is needed"),
        (without("time_zone"), '0.time_zone: is missing, for example "Europe/Berlin"'),
        ({**OFFICE, "time_zone": "Berlin"}, "0.time_zone: 'Berlin' is no IANA time zone, such as Europe/Berlin"),
        ({**OFFICE, "start": "30 7 * * MON-FRI"}, "0.start: has 5 fields; six are needed: minutes hours"),
        ({**OFFICE, "stop": "0 18 15W * ? *"}, "0.stop: day-of-month '15W': W, the nearest weekday, is not supported"),
        ({**OFFICE, "start": "0 8 30 2 ? *"}, "0.start: '0 8 30 2 ? *' never comes"),
        ({**OFFICE, "start": "0 8 1 1 ? 2020"}, "0.start: '0 8 1 1 ? 2020' never comes"),
        (
            {**OFFICE, "start": "0 8 1 1 ? 2027", "exclude_dates": ["2027-01-01"]},
            "0.start: '0 8 1 1 ? 2027' never comes on a day that its dates do not leave out",
        ),
        (
            {**OFFICE, "start_date": "2026-12-05", "end_date": "2026-12-06"},  # Saturday and Sunday
            "0.start: '30 7 ? * MON-FRI *' never comes on a day that its dates do not leave out",
        ),
        ({**OFFICE, "end_date": "2026-11-21"}, "0.end_date: 2026-11-21 has passed; take the schedule out, or set"),
        ({**OFFICE, "start_date": "2026-02-30"}, "0.start_date: there is no 2026-02-30"),
        ({**OFFICE, "exclude_dates": ["2026-12-25", "2026-13-01"]}, "0.exclude_dates.1: there is no 2026-13-01"),
        (
            {**OFFICE, "start_date": "2027-02-01", "end_date": "2027-01-01"},
            "0.end_date: 2027-01-01 is before start_date, 2027-02-01",
        ),
        (
            {**OFFICE, "stop": "0 18 1 1 ? 2027"},
            "0.stop: comes only on 2027-01-01 18:00 (Europe/Berlin) after start on 2026-11-23 07:30 (Europe/Berlin); "
            f"a lease lasts {LONGEST} at most",
        ),
        (
            {**OFFICE, "start": "0 8 ? * MON *", "stop": "0 18 1 1 ? 2026"},
            f"0.stop: comes never after start on 2026-11-23 08:00 (Europe/Berlin); a lease lasts {LONGEST} at most "
            "('0 18 1 1 ? 2026' never comes: it has no such day in its years from now on)",
        ),
        ({**OFFICE, "start": "0 8 30 2 ? *"}, "0.start: '0 8 30 2 ? *' never comes: its months have no such day"),
        ({**OFFICE, "start": "0 8 * * ? 2025"}, "0.start: '0 8 * * ? 2025' never comes: its years have passed"),
        (
            {**OFFICE, "start": "0 8 29 2 ? 2027"},
            "0.start: '0 8 29 2 ? 2027' never comes: it has no such day in its years from now on",
        ),
        (
            {**OFFICE, "stop": "0 18 ? * FRI *"},
            "0: overlaps: on 2026-11-24 07:30 (Europe/Berlin) it starts while it still holds the model, until "
            "2026-11-27 18:00 (Europe/Berlin)",
        ),
        (
            {**without("stop"), "start": "0 8,9 * * ? *"},
            "0: overlaps: on 2026-11-23 09:00 (Europe/Berlin) it starts while it still holds the model, until "
            "2026-11-23 10:00 (Europe/Berlin)",
        ),
        ({**OFFICE, "exclude_dates": "holidays.ics"}, "0.exclude_dates: holidays.ics can't be read: No such file"),
        (
            {**OFFICE, "exclude_dates": "holidays.csv"},
            "0.exclude_dates: is another kind of file; ",
        ),
        ({**OFFICE, "holidays": []}, "0.holidays: is unknown"),
    ],
)
def test_a_problem_of_a_schedule_is_said_with_its_key(schedule: dict[str, Any], problem: str) -> None:
    said = problems(schedule)
    assert said[0].startswith(problem)


def test_a_schedule_without_end_needs_a_stop() -> None:
    (said,) = problems(without("stop"), lease_minutes=0)
    assert said.startswith("0.stop: is needed where the model's lease_minutes is 0")
    assert settings(OFFICE, lease_minutes=0).schedules


def test_two_schedules_that_hold_a_model_at_a_time_are_refused_with_both_keys_and_the_first_time() -> None:
    """In time zones of their own: midnight in Tokyo is 16:00 in Berlin."""
    assert problems(OFFICE, NIGHT) == [
        "1: overlaps: on 2026-11-24 00:00 (Asia/Tokyo) it starts while models.0.schedules.0 (office-hours) holds the "
        "model, until 2026-11-24 02:00 (Asia/Tokyo)"
    ]


def test_those_that_only_meet_are_fine_and_so_are_those_of_two_models_and_those_that_are_disabled() -> None:
    afterwards = {**EVENING, "start": OFFICE["stop"]}
    assert len(settings(OFFICE, afterwards).schedules) == 2
    assert disabled(settings(OFFICE, {**NIGHT, "enabled": False})) == {"night"}
    two = {"models": [{**model(), "schedules": [OFFICE]}, {**model(1), "schedules": [NIGHT]}]}
    assert len(Settings.from_context(two, now=NOW).schedules) == 2


def test_a_day_that_is_left_out_overlaps_with_nothing() -> None:
    once = {**NIGHT, "ready_by": "0 10 25 12 ? *", "time_zone": "Europe/Berlin"}
    assert problems(OFFICE, once)[0].startswith("1: overlaps: on 2026-12-25 10:00")
    # Until the next one that is no Saturday or Sunday: 2028.
    days = ["2026-12-25", "2028-12-25"]
    assert settings({**OFFICE, "exclude_dates": days}, once).schedules


def test_names_are_those_of_one_schedule_each_over_all_models() -> None:
    two = {"models": [{**model(), "schedules": [OFFICE]}, {**model(1), "schedules": [EVENING, OFFICE]}]}
    with pytest.raises(
        SettingsError, match=r"models.1.schedules.1.name: 'office-hours' is that of models.0.schedules.0"
    ):
        Settings.from_context(two, now=NOW)


def test_what_has_ended_or_never_comes_may_stay_if_it_is_disabled() -> None:
    ended = {**OFFICE, "end_date": "2020-01-01", "enabled": False}
    never = {**EVENING, "start": "0 8 30 2 ? *", "enabled": False}
    assert disabled(settings(ended, never)) == {"office-hours", "evening"}


def test_all_problems_are_said_at_once() -> None:
    said = problems({**OFFICE, "start": "x", "time_zone": "Berlin"}, {**EVENING, "end_date": "2020-01-01"})
    assert [line.split(":")[0] for line in said] == ["0.time_zone", "0.start", "1.end_date"]


def test_a_schedule_arrives_with_its_crons_as_scheduler_has_them() -> None:
    (schedule,) = settings({**OFFICE, "start": "cron(30  7 ? * mon-fri *)"}).schedules.values()
    assert schedule.start == "30 7 ? * MON-FRI *"
    assert schedule.model == model()["name"]


def test_a_hundred_schedules_are_checked_while_nobody_waits() -> None:
    models = [
        {
            **model(number),
            "schedules": [{**OFFICE, "name": f"s{number}", "start": f"{number % 60} 7 ? * MON-FRI *"}],
        }
        for number in range(100)
    ]
    began = time.process_time()
    assert len(Settings.from_context({"models": models}, now=NOW).schedules) == 100
    assert time.process_time() - began < 3  # 0.5 s on a machine that has nothing else to do


def test_there_need_not_be_any() -> None:
    assert Settings.from_context(MINIMAL, now=NOW).schedules == {}


# --- Holidays ---------------------------------------------------------------------------------------------------------


def test_holidays_of_a_file_are_left_out_every_year_and_every_day_of_them(tmp_path: Path) -> None:
    (tmp_path / "holidays.ics").write_text(CALENDAR)
    (schedule,) = settings({**OFFICE, "exclude_dates": "holidays.ics"}, folder=tmp_path).schedules.values()
    assert schedule.exclude_dates == (
        "2026-12-25",
        "2026-12-26",
        "2027-05-01",
        "2027-12-25",
        "2027-12-26",
        "2028-12-25",
        "2028-12-26",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("garbage", "is no iCalendar file: "),
        ("", "is no iCalendar file: "),
        (CALENDAR.replace("20201225", "2020AA"), "is no iCalendar file: "),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "has no whole-day event from 2026 to 2028"),
    ],
)
def test_a_file_that_is_of_no_use_is_said(text: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "holidays.ics"
    file.write_text(text)
    with pytest.raises(HolidaysError, match=complaint):
        whole_days(file, 2026, 2028)
