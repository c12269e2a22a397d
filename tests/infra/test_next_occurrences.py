"""What `make synth` says of the schedules in cdk.json."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from infra.settings import schedule_report
from infra.settings.settings import Settings
from tests.infra.configurations import MINIMAL, model

WEDNESDAY = datetime(2026, 12, 23, 15, tzinfo=UTC)
OFFICE = {
    "name": "office-hours",
    "start": "30 7 ? * MON-FRI *",
    "stop": "0 18 ? * MON-FRI *",
    "time_zone": "Europe/Berlin",
    "exclude_dates": ["2026-12-25"],
}


def shown(*schedules: dict[str, Any]) -> list[str]:
    """The lines, without the lines of the tables."""
    context = {"models": [{**model(), "schedules": list(schedules)}]} if schedules else MINIMAL
    console = Console(width=120, file=io.StringIO(), _environ={})
    with console.capture() as said:
        schedule_report.show(Settings.from_context(context, now=WEDNESDAY), WEDNESDAY, console)
    lines = (" ".join(line.replace("│", " ").split()) for line in said.get().splitlines())
    return [line for line in lines if line and line[0] not in "┏┃┡└"]


def test_hours_and_dollars_a_week_and_the_next_five_windows_are_shown_with_what_is_left_out() -> None:
    """The one that is under way is the first."""
    head, costs, *windows, days_off = shown(OFFICE)
    assert head == "office-hours: model circuit-boards-000, lease schedule/office-hours"
    assert costs == "A week of it: 52.5 h, USD 210.00."
    assert windows == [
        "Wed 2026-12-23 07:30 UTC+01:00 Wed 18:00 10.5 h Wed 06:30",
        "Thu 2026-12-24 07:30 UTC+01:00 Thu 18:00 10.5 h Thu 06:30",
        "Fri 2026-12-25 07:30 UTC+01:00 Fri 06:30 2026-12-25 is one of its exclude_dates.",
        "Mon 2026-12-28 07:30 UTC+01:00 Mon 18:00 10.5 h Mon 06:30",
        "Tue 2026-12-29 07:30 UTC+01:00 Tue 18:00 10.5 h Tue 06:30",
        "Wed 2026-12-30 07:30 UTC+01:00 Wed 18:00 10.5 h Wed 06:30",
    ]
    assert days_off == "Days off on which it would start: 2026-12-25."


def test_times_change_with_the_clocks_and_begin_with_the_first_day() -> None:
    """On the 28th there is no 02:00."""
    night = {"name": "night", "ready_by": "0 2 ? * SUN *", "time_zone": "Europe/Berlin", "start_date": "2027-03-21"}
    first, _, *times, last, warning = shown(night)
    assert first == "night: model circuit-boards-000, lease schedule/night"
    assert times[:2] == [
        "Sun 2027-03-21 02:00 UTC+01:00 Sun 04:00 2 h Sun 01:00",
        "Sun 2027-04-04 02:00 UTC+02:00 Sun 04:00 2 h Sun 00:00",
    ]
    assert last == "It has no stop: its lease ends after the model's lease_minutes."
    assert warning == "Warning: on 2027-03-28 clocks are put forward over 02:00: it does not start for then."


def test_what_does_not_happen_is_said() -> None:
    disabled = {**OFFICE, "enabled": False}
    ended = {**OFFICE, "name": "ended", "end_date": "2026-12-01", "enabled": False}
    assert shown(disabled)[1] == "It is disabled: nothing of this happens."
    assert shown(ended)[1:] == [
        "It is disabled: nothing of this happens.",
        "A week of it: 52.5 h, USD 210.00.",
        "It does not come any more.",
    ]
    assert shown() == []


@pytest.mark.parametrize(
    ("start", "stop", "said"),
    [
        ("0 8 * * ? *", "0 8 * * ? *", "is followed by a start within 30 minutes (start and stop are the same): the"),
        ("0 8 * * ? *", "40 7 * * ? *", "is followed by a start within 30 minutes: the model stays RUNNING in between"),
        ("0 8 * * ? *", "3 8 * * ? *", "Warning: a window lasts 3 min, and a start takes 5 to 30 minutes:"),
        ("0/15 8 * * ? *", "3/15 8 * * ? *", "A week of it: 5.6 h"),  # from 08:00 to 08:48
        ("0/5 * * * ? *", "2/5 * * * ? *", "A week of it: 168 h"),
        ("0 8 29 2 ? *", "0 18 29 2 ? *", "It has no hours within the next 52 weeks."),
        ("0 8 ? * MON *", "18 10 ? * MON *", "A week of it: 2.3 h, USD 9.20."),
        ("0 8 1 * ? *", "0 18 1 * ? *", "A week of it: 2.31 h, USD 9.23."),
        ("0 8 24 12 ? *", "30 8 24 12 ? *", "A week of it: 0.577 min, USD 0.04."),
    ],
)
def test_what_may_not_be_meant_is_said(start: str, stop: str, said: str) -> None:
    assert said in "\n".join(shown({**OFFICE, "start": start, "stop": stop}))


def test_what_becomes_of_a_time_that_a_day_has_twice_is_said() -> None:
    night = {**OFFICE, "start": "30 2 ? * SUN *", "stop": "0 5 ? * SUN *", "start_date": "2027-10-11"}
    assert shown(night)[-1] == (
        "Warning: on 2027-10-31 clocks are put back, and show 02:30 twice: it starts the first time."
    )


def test_windows_that_hand_over_to_each_other_are_short_and_endless_at_once_in_no_warning() -> None:
    always = " ".join(shown({**OFFICE, "start": "0/5 * * * ? *", "stop": "2/5 * * * ? *"}))
    assert always.count("Warning") == 1
    assert "around the clock, at 168 h a week" in always
    assert "Warning" not in " ".join(shown({**OFFICE, "start": "0/15 8 * * ? *", "stop": "3/15 8 * * ? *"}))


def test_a_stop_that_clocks_leave_out_is_said_with_the_day_on_which_it_stops_instead() -> None:
    night = {**OFFICE, "start": "0 3 ? * SAT *", "stop": "30 2 ? * SUN,MON *", "start_date": "2027-03-20"}
    said = " ".join(shown(night))
    assert "clocks are put forward over 02:30: it does not stop then, but on Mon 2027-03-29 02:30." in said


def test_a_day_off_that_changes_nothing_is_not_mentioned() -> None:
    assert "2026-12-25" not in "\n".join(shown({**OFFICE, "start": "0 8 ? * MON-WED *", "stop": "0 18 ? * MON-WED *"}))


def test_days_at_work_with_nights_off_are_not_warned_of() -> None:
    assert not [line for line in shown(OFFICE) if line.startswith("Warning")]


def test_a_window_that_is_far_longer_than_the_others_is_warned_of_with_what_is_perhaps_meant() -> None:
    night_shift = {**OFFICE, "start": "0 8 ? * MON-FRI *", "stop": "0 2 ? * MON-FRI *"}
    said = " ".join(shown(night_shift))
    assert "from Fri 2027-01-01 08:00 to Mon 2027-01-04 02:00 it lasts 66 h, while its other windows last 18 h" in said
    assert '"0 2 ? * TUE-SAT *" is perhaps meant' in said
    assert "Warning" not in " ".join(shown({**night_shift, "stop": "0 2 ? * TUE-SAT *"}))


def test_days_of_the_week_by_number_are_named() -> None:
    said = " ".join(shown({**OFFICE, "start": "0 8 ? * 1-5 *", "stop": "0 18 ? * 1-5 *"}))
    assert "start: 1-5 means Sunday to Thursday, because EventBridge counts from 1 for Sunday; SUN-THU says so." in said


def test_what_a_calendar_has_beside_days_off_is_listed_with_why(tmp_path: Path) -> None:
    (tmp_path / "holidays.ics").write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\n"
        "BEGIN:VEVENT\nUID:2\nSUMMARY:Party\nDTSTART:20261231T160000Z\nDTEND:20261231T200000Z\nEND:VEVENT\nEND:VCALENDAR"
    )
    context = {"models": [{**model(), "schedules": [{**OFFICE, "exclude_dates": "holidays.ics"}]}]}
    console = Console(width=120)
    with console.capture() as said:
        settings = Settings.from_context(context, folder=tmp_path, now=WEDNESDAY)
        schedule_report.show(settings, WEDNESDAY, console, settings.not_taken)
    assert 'Not taken from its calendar: "Party" on 2026-12-31 16:00 is a part of a day\n' in said.get()
