"""Which days of a calendar's file are days off, however it writes them, and what is said of the others."""

from pathlib import Path

import pytest

from infra.settings.holidays import Holidays, HolidaysError, holidays, whole_days

BERLIN = "Europe/Berlin"


def file_of(folder: Path, *events: str, head: str = "") -> Path:
    """A calendar of events, each as its lines without UID and with a name."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", *head.split()]
    for number, event in enumerate(events):
        given = [] if "UID:" in event else [f"UID:{number}"]
        lines += ["BEGIN:VEVENT", *given, "SUMMARY:Plant closed", *event.split("\n"), "END:VEVENT"]
    file = folder / "holidays.ics"
    file.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    return file


def read(folder: Path, *events: str, zone: str = BERLIN, head: str = "") -> Holidays:
    return holidays(file_of(folder, *events, head=head), 2026, 2028, zone)


@pytest.mark.parametrize(
    ("event", "days"),
    [
        ("DTSTART;VALUE=DATE:20261225", "25"),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227", "25 26"),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:P2D", "25 26"),
        ("DTSTART;TZID=Europe/Berlin:20261225T000000\nDTEND;TZID=Europe/Berlin:20261226T000000", "25"),
        ("DTSTART;TZID=America/New_York:20261225T000000\nDTEND;TZID=America/New_York:20261227T000000", "25 26"),
        ('DTSTART;TZID="W. Europe Standard Time":20261225T000000\nDURATION:P1D', "25"),
        ("DTSTART;TZID=Customized Time Zone:20261225T000000\nDTEND;TZID=Customized Time Zone:20261226T000000", "25"),
        ("DTSTART:20261225T000000\nDTEND:20261226T000000", "25"),
        ("DTSTART:20261225T000000\nDTEND:20261225T235900", "25"),
        ("DTSTART:20261225T000000\nDTEND:20261225T235959", "25"),
        ("DTSTART:20261224T230000Z\nDTEND:20261226T230000Z", "25 26"),
        ("DTSTART:20261225T050000Z\nDTEND:20261226T050000Z\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "25"),
        ("DTSTART:20261224T150000Z\nDTEND:20261226T150000Z\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "25 26"),
        ("DTSTART;TZID=Europe/Berlin:20261225T000000\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "25"),
        (
            "DTSTART:20261223T230000Z\nDTEND:20261224T230000Z\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261224T230000Z",
            "24 26",
        ),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;UNTIL=20261226\nSTATUS:TENTATIVE", "24 25 26"),
    ],
)
def test_a_whole_day_is_a_day_off_however_it_is_written(event: str, days: str, tmp_path: Path) -> None:
    assert read(tmp_path, event) == Holidays(tuple(f"2026-12-{day}" for day in days.split()))


def test_a_midnight_on_which_clocks_change_is_one(tmp_path: Path) -> None:
    assert read(tmp_path, "DTSTART:20270327T230000Z\nDTEND:20270328T220000Z").days == ("2027-03-28",)


def test_what_google_writes_as_utc_is_meant_in_the_calendars_zone(tmp_path: Path) -> None:
    tokyo = "DTSTART:20261224T150000Z\nDTEND:20261225T150000Z"
    assert read(tmp_path, tokyo, head="X-WR-TIMEZONE:Asia/Tokyo").days == ("2026-12-25",)


def test_one_occurrence_may_be_moved_or_cancelled(tmp_path: Path) -> None:
    every_year = "UID:a\nDTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY"
    moved = "UID:a\nRECURRENCE-ID;VALUE=DATE:20271225\nDTSTART;VALUE=DATE:20271227"
    cancelled = "UID:a\nRECURRENCE-ID;VALUE=DATE:20281225\nDTSTART;VALUE=DATE:20281225\nSTATUS:CANCELLED"
    found = read(tmp_path, every_year, moved, cancelled)
    assert found.days == ("2026-12-25", "2027-12-27")
    assert found.not_taken == ('"Plant closed" on 2028-12-25 is cancelled',)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("DTSTART;VALUE=DATE:20261231\nTRANSP:TRANSPARENT", "2026-12-31 is TRANSPARENT: calendars show it as free"),
        ("DTSTART;VALUE=DATE:20261231\nSTATUS:CANCELLED", "2026-12-31 is cancelled"),
        ("DTSTART:20261231T080000Z\nDTEND:20261231T160000Z", "2026-12-31 08:00 is a part of a day"),
        ("DTSTART:20261231T080000Z\nDTEND:20261231T160000Z\nRRULE:FREQ=WEEKLY", "2026-12-31 08:00 is a part of a day"),
        ("DTSTART:20261231T000000Z", "2026-12-31 00:00 is a part of a day"),
        ("DTSTART:20261231T000000Z\nRRULE:FREQ=SECONDLY", "2026-12-31 00:00 comes several times a day"),
    ],
)
def test_what_is_no_day_off_is_listed_once_with_why(event: str, why: str, tmp_path: Path) -> None:
    found = read(tmp_path, "DTSTART;VALUE=DATE:20261225", event)
    assert found.days == ("2026-12-25",)
    (said,) = found.not_taken
    assert said.startswith(f'"Plant closed" on {why}')


def test_of_a_long_weekend_its_whole_days_are_taken(tmp_path: Path) -> None:
    friday_evening = "DTSTART;TZID=Europe/Berlin:20261204T180000\nDTEND;TZID=Europe/Berlin:20261207T060000"
    found = read(tmp_path, friday_evening)
    assert found.days == ("2026-12-05", "2026-12-06")
    assert found.not_taken == (
        '"Plant closed" on 2026-12-04 18:00 begins or ends within a day: only its whole days are taken',
    )


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("DESCRIPTION:x", "event 1 has no start"),
        ("DTSTART;VALUE=DATE:20261225\nRRULE:COUNT=3", "event 1 has a recurrence rule without FREQ: COUNT=3"),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261224", "event 1 ends before it starts: 2026-12-24 is"),
    ],
)
def test_an_event_that_cannot_be_understood_is_named_by_its_number(event: str, says: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, event)
    with pytest.raises(HolidaysError) as refused:
        holidays(file, 2026, 2028, BERLIN)
    assert str(refused.value).startswith(f"{file}: {says}")


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=FOO", "event 1 has a recurrence rule that can't be read"),
        ("DTSTART:2027AA", "event 1 has a start that can't be read: "),
    ],
)
def test_a_part_of_an_event_that_cannot_be_read_is_named(event: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(HolidaysError, match=f"is no iCalendar file: {says}"):
        read(tmp_path, event)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no iCalendar file: it is empty"),
        (b"\xef\xbb\xbf \n", "is no iCalendar file: it is empty"),
        (b"<!DOCTYPE html><html>", "is no iCalendar file: it is a web page, not a calendar: perhaps one to sign in"),
        (b"date,name\n2026-12-25,Christmas", "is no iCalendar file: it has no BEGIN:VCALENDAR"),
        (b"PK\x03\x04\x00\x00", "is no iCalendar file: it is a ZIP archive or a spreadsheet"),
        (b"\x89PNG\x00\x00", "is no iCalendar file: it is no text"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", "is no iCalendar file: it breaks off"),
        (b"BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\n", "is no iCalendar file: its events don't"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "has no whole-day event from 2026 to 2028"),
    ],
)
def test_a_file_that_is_no_calendar_is_said_to_be_what_it_is(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "holidays.ics"
    file.write_bytes(content)
    with pytest.raises(HolidaysError) as refused:
        whole_days(file, 2026, 2028)
    assert str(refused.value).startswith(f"{file} {says}")


def test_a_file_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "Holidays-2027.ics").touch()
    with pytest.raises(HolidaysError, match=r"can't be read: No such file or directory; there are Holidays-2027\.ics"):
        whole_days(tmp_path / "holidays.ics", 2026, 2028)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_it(encoding: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, "DTSTART;VALUE=DATE:20261225")
    file.write_text(file.read_text(), encoding=encoding)
    assert whole_days(file, 2026, 2028) == ("2026-12-25",)


def test_two_calendars_in_a_file_are_read_both(tmp_path: Path) -> None:
    file = file_of(tmp_path, "DTSTART;VALUE=DATE:20261225")
    file.write_text(file.read_text() + file.read_text().replace("1225", "1226"))
    assert whole_days(file, 2026, 2028) == ("2026-12-25", "2026-12-26")
