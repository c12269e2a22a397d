"""What a schedule comes to, as `make synth` and the page say it: whole sentences, and the edges of its windows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from lifecycle.configuration import Configuration, Model, Schedule
from lifecycle.schedules.outlook import (
    Window,
    coming,
    days_left_out,
    first_moment,
    hours,
    outlook,
    remarks,
    windows,
)
from tests.unit.examples import ARN

NOW = datetime(2026, 12, 23, 15, tzinfo=UTC)  # a Wednesday
LEASE = timedelta(hours=2)
HOUR, MINUTE, INSTANT = timedelta(hours=1), timedelta(minutes=1), timedelta.resolution
OFFICE = Schedule(
    "defects",
    "Europe/Berlin",
    start="30 7 ? * MON-FRI *",
    stop="0 18 ? * MON-FRI *",
    exclude_dates=("2026-12-25",),
)
DAILY = Schedule("defects", "UTC", start="0 8 * * ? *", stop="0 18 * * ? *")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def said(schedule: Schedule, now: datetime = NOW) -> list[str]:
    return list(remarks(schedule, LEASE, now))


def noticed(schedule: Schedule) -> tuple[str, ...]:
    return outlook(schedule, Configuration({"defects": Model(ARN)}), NOW).notices


def first(schedule: Schedule, now: datetime, count: int = 3, lease: timedelta = LEASE) -> list[Window]:
    return list(islice(windows(schedule, lease, now), count))


def day(number: int, but: str = "", month: str = "2026-12") -> Window:
    """A window of DAILY."""
    return Window(at(f"{month}-{number:02}T08:00Z"), at(f"{month}-{number:02}T18:00Z"), but)


# --- All of it --------------------------------------------------------------------------------------------------------


def test_an_outlook_has_the_hours_the_cost_the_next_windows_and_what_is_to_be_said() -> None:
    configuration = Configuration({"defects": Model(ARN, 1, 3)}, inference_unit_hour_usd=4.0)
    found = outlook(OFFICE, configuration, NOW)
    assert (found.weekly_hours, found.weekly_cost, found.weekly_cost_at_most) == pytest.approx((52.5, 210, 630))
    assert found.week == "A week of it: 52.5 h, USD 210.00, up to USD 630.00 with all its inference units."
    assert [(f"{one.start:%a %d %H:%M}", one.lasts, one.but) for one in found.coming] == [
        ("Wed 23 06:30", 10.5 * HOUR, ""),
        ("Thu 24 06:30", 10.5 * HOUR, ""),
        ("Fri 25 06:30", 10.5 * HOUR, "2026-12-25 is one of its exclude_dates."),
        ("Mon 28 06:30", 10.5 * HOUR, ""),
        ("Tue 29 06:30", 10.5 * HOUR, ""),
        ("Wed 30 06:30", 10.5 * HOUR, ""),
    ]
    assert found.days_left_out == ("2026-12-25",)
    assert found.remarks == ()
    assert found.notices == ("Days off on which it would start: 2026-12-25.",)


def test_without_auto_scaling_there_is_one_cost() -> None:
    configuration = Configuration({"defects": Model(ARN, 2)}, inference_unit_hour_usd=4.0)
    found = outlook(OFFICE, configuration, NOW)
    assert found.weekly_cost == found.weekly_cost_at_most == pytest.approx(420)
    assert found.week == "A week of it: 52.5 h, USD 420.00."


def test_without_a_stop_the_models_lease_says_how_long() -> None:
    configuration = Configuration({"defects": Model(ARN, lease_minutes=90)}, inference_unit_hour_usd=4.0)
    found = outlook(replace(DAILY, stop=None), configuration, NOW)
    assert found.weekly_hours == pytest.approx(10.5)
    assert {one.lasts for one in found.coming} == {90 * MINUTE}
    assert found.notices == ("It has no stop: its lease ends after the model's lease_minutes.",)


@pytest.mark.parametrize(
    ("schedule", "notices"),
    [
        (replace(DAILY, start="0 8 30 2 ? *"), ("It never comes: '0 8 30 2 ? *': its months have no such day.",)),
        (
            replace(DAILY, start=None, ready_by="0 8 1 1 ? 2020", stop=None),
            (
                "It never comes: '0 8 1 1 ? 2020': its years have passed.",
                "It has no stop: its lease ends after the model's lease_minutes.",
            ),
        ),
        (replace(DAILY, end_date="2026-12-22"), ("It does not come any more.",)),
        # In Auckland the last day of the year has begun.
        (
            replace(DAILY, start="0 8 23 12 ? 2026", time_zone="Pacific/Auckland"),
            (
                "It never comes: '0 8 23 12 ? 2026': it has no such day in its years from now on.",
            ),
        ),
        (
            replace(DAILY, exclude_dates=tuple(f"2027-01-{number:02}" for number in range(1, 14))),
            (
                "Days off on which it would start: 2027-01-01, 2027-01-02, 2027-01-03, 2027-01-04, 2027-01-05, "
                "2027-01-06, 2027-01-07, 2027-01-08, 2027-01-09, 2027-01-10, 2027-01-11, 2027-01-12 and 1 more.",
            ),
        ),
        (DAILY, ()),
    ],
)  # fmt: skip
def test_what_else_is_to_be_said_is_a_sentence_each(schedule: Schedule, notices: tuple[str, ...]) -> None:
    assert noticed(schedule) == notices


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (10.5 * HOUR, "10.5 h"),
        (20 * MINUTE, "20 min"),
        (HOUR, "1 h"),
        (HOUR - timedelta(seconds=6), "59.9 min"),
        (timedelta(hours=2.3076), "2.31 h"),
        (timedelta(minutes=0.5769), "0.577 min"),
        (168 * HOUR, "168 h"),
    ],
)
def test_hours_are_as_exact_as_people_need_them(length: timedelta, text: str) -> None:
    assert hours(length) == text


# --- Windows ----------------------------------------------------------------------------------------------------------


def test_the_window_that_is_under_way_is_the_first_up_to_its_end() -> None:
    for now in ("2026-12-23T08:00Z", "2026-12-23T15:00Z", "2026-12-23T17:59:59Z"):
        assert first(DAILY, at(now)) == [day(23), day(24), day(25)]
    for now in ("2026-12-22T18:00Z", "2026-12-23T07:59:59Z"):
        assert first(DAILY, at(now)) == [day(23), day(24), day(25)]
    assert first(DAILY, at("2026-12-23T18:00Z")) == [day(24), day(25), day(26)]


def test_one_under_way_that_is_left_out_is_none() -> None:
    assert first(replace(DAILY, exclude_dates=("2026-12-23",)), NOW)[0] == day(24)
    assert first(replace(DAILY, start_date="2026-12-24"), NOW)[0] == day(24)


def test_days_that_are_left_out_are_among_the_windows_with_why() -> None:
    excluded = replace(DAILY, exclude_dates=("2026-12-24",))
    assert first(excluded, NOW) == [day(23), day(24, "2026-12-24 is one of its exclude_dates."), day(25)]


def test_after_its_last_day_there_are_no_windows() -> None:
    assert first(replace(DAILY, end_date="2026-12-24"), NOW) == [day(23), day(24)]
    late = replace(DAILY, start="0 0 * * ? *", stop="0 1 * * ? *", time_zone="Europe/Berlin", end_date="2026-12-24")
    assert [f"{one.start:%d %H:%M}" for one in first(late, NOW)] == ["23 23:00"]
    excluded = replace(DAILY, exclude_dates=("2026-12-24",), end_date="2026-12-24")
    assert first(excluded, NOW) == [day(23), day(24, "2026-12-24 is one of its exclude_dates.")]


def test_without_a_stop_a_window_ends_with_its_lease_and_without_that_not_at_all() -> None:
    endless = replace(DAILY, stop=None)
    assert first(endless, NOW, 1) == [Window(at("2026-12-24T08:00Z"), at("2026-12-24T10:00Z"))]
    assert first(endless, NOW, 1, timedelta()) == [Window(at("2026-12-23T08:00Z"), None)]
    assert first(endless, NOW, 1, timedelta())[0].lasts == timedelta()
    assert first(replace(DAILY, stop="0 18 1 1 ? 2020"), NOW, 1) == [Window(at("2026-12-23T08:00Z"), None)]


def test_five_that_happen_are_coming_and_what_is_left_out_in_between() -> None:
    assert coming(DAILY, LEASE, NOW) == [day(number) for number in range(23, 28)]
    excluded = replace(DAILY, exclude_dates=("2026-12-24", "2026-12-26"))
    assert [one.start.day for one in coming(excluded, LEASE, NOW)] == [*range(23, 30)]
    assert [one.start.day for one in coming(excluded, LEASE, NOW, 1)] == [23]
    assert coming(replace(DAILY, end_date="2026-12-25"), LEASE, NOW) == [day(23), day(24), day(25)]


def test_where_nearly_all_days_are_left_out_a_thousand_windows_are_looked_at() -> None:
    days = (NOW.date() + timedelta(days=number) for number in range(1, 2000))
    rare = replace(DAILY, exclude_dates=tuple(one.isoformat() for one in days))
    assert len(coming(rare, LEASE, NOW)) == 1000


def test_the_first_day_is_waited_for() -> None:
    dated = replace(DAILY, time_zone="Europe/Berlin", start="0 0 * * ? *", start_date="2027-01-01")
    assert first_moment(dated, NOW) == at("2026-12-31T23:00Z") - INSTANT
    assert first(dated, NOW, 1)[0].start == at("2026-12-31T23:00Z")
    for passed in (None, "2026-12-01"):
        assert first_moment(replace(dated, start_date=passed), NOW) == NOW


def test_days_off_are_those_on_which_it_would_start_from_today_on() -> None:
    off = ("2026-12-22", "2026-12-23", "2026-12-26", "2026-12-28", "2027-01-04", "2027-01-05")
    week = replace(OFFICE, exclude_dates=off)
    assert days_left_out(week, NOW) == ["2026-12-23", "2026-12-28", "2027-01-04", "2027-01-05"]
    dated = replace(week, start_date="2026-12-28", end_date="2027-01-04")
    assert days_left_out(dated, NOW) == ["2026-12-28", "2027-01-04"]
    assert days_left_out(replace(week, time_zone="Pacific/Auckland"), NOW)[0] == "2026-12-28"
    ready = replace(week, start=None, ready_by="0 8 ? * MON *")
    assert days_left_out(ready, NOW) == ["2026-12-28", "2027-01-04"]


# --- Remarks ----------------------------------------------------------------------------------------------------------


def test_what_is_as_one_expects_is_not_remarked() -> None:
    for usual in (
        OFFICE,
        DAILY,
        replace(DAILY, stop=None),
        replace(DAILY, start="0 22 * * ? *", stop="0 6 * * ? *"),
        replace(DAILY, stop="30 8 * * ? *"),  # as long as a start takes
        replace(DAILY, start=None, ready_by="0 8 * * ? *", stop="5 8 * * ? *"),
        replace(DAILY, start="0 8 30 2 ? *"),
        replace(DAILY, end_date="2026-12-22"),
        replace(DAILY, start="0/15 8 * * ? *", stop="3/15 8 * * ? *"),  # from 08:00 to 08:48
    ):
        assert said(usual) == []


def test_days_by_number_are_named_for_each_cron() -> None:
    means = "2 means Monday, because EventBridge counts from 1 for Sunday; MON says so"
    assert said(replace(DAILY, start="0 8 ? * 2 *", stop="0 9 ? * 2 *")) == [f"start: {means}", f"stop: {means}"]
    ready = replace(DAILY, start=None, ready_by="0 8 ? * 2 *", stop="0 9 ? * MON *")
    assert said(ready) == [f"ready_by: {means}"]


def test_a_window_that_is_shorter_than_a_start_is_remarked() -> None:
    hardly = (
        "and a start takes 5 to 30 minutes: the model is hardly RUNNING before it is stopped, if at all. With ready_by "
        "in place of start it is RUNNING by then"
    )
    assert said(replace(DAILY, stop="29 8 * * ? *")) == [f"a window lasts 29 min, {hardly}"]
    assert said(replace(DAILY, start="0 8 25 12 ? 2026", stop="3 8 25 12 ? 2026")) == [
        f"a window lasts 3 min, {hardly}"
    ]
    mixed = replace(DAILY, start="0 8,12 * * ? *", stop="10 9,12 * * ? *")
    assert said(mixed) == [f"a window lasts 10 min, {hardly}"]
    in_the_middle = replace(DAILY, start="0 8,10,12 25 12 ? 2026", stop="0,10 9,10,13 25 12 ? 2026")
    assert said(in_the_middle) == [f"a window lasts 10 min, {hardly}"]
    handed_over = replace(DAILY, start="0,20 8 * * ? *", stop="5,25 8 * * ? *")
    assert said(handed_over) == [f"a window lasts 25 min, {hardly}"]
    at_the_last_moment = replace(DAILY, start="0,35 8 * * ? *", stop="5,40 8 * * ? *")
    assert said(at_the_last_moment) == []
    too_late = replace(DAILY, start="0,36 8 * * ? *", stop="5,41 8 * * ? *")
    assert said(too_late) == [f"a window lasts 5 min, {hardly}"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stop": "0 8 * * ? *"}, "within 30 minutes (start and stop are the same)"),
        ({"stop": "30 7 * * ? *"}, "within 30 minutes"),
        ({"start": None, "ready_by": "0 8 * * ? *", "stop": "0 7 * * ? *"}, "within 60 minutes"),
        (
            {"start": None, "ready_by": "0 8 * * ? *", "stop": "0 8 * * ? *"},
            "within 60 minutes (start and stop are the same)",
        ),
        ({"stop": "0 8 * * ? *", "exclude_dates": ("2026-12-23",)}, "within 30 minutes (start and stop are the same)"),
        ({"stop": "0 8 * * ? *", "exclude_dates": ("2026-12-25",)}, "within 30 minutes (start and stop are the same)"),
        ({"stop": "0 8 * * ? *", "end_date": "2026-12-26"}, "within 30 minutes (start and stop are the same)"),
        ({"stop": "0 8 * * ? *", "start_date": "2026-12-26"}, "within 30 minutes (start and stop are the same)"),
        ({"start": "0 8 ? * MON *", "stop": "0 8 ? * MON *"}, "within 30 minutes (start and stop are the same)"),
        ({"start": "0 8 2-31 * ? *", "stop": "0 8 * * ? *"}, "within 30 minutes"),  # not on the first of January
    ],
)
def test_a_schedule_that_never_pauses_is_remarked(change: dict[str, str], sentence: str) -> None:
    assert said(replace(DAILY, **change)) == [  # type: ignore[arg-type]
        f"each stop is followed by a start {sentence}: the model stays RUNNING in between, around the clock, at "
        "168 h a week"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"stop": "29 7 * * ? *"},
        {"start": None, "ready_by": "0 8 * * ? *", "stop": "59 6 * * ? *"},
        {"start": "0 8 ? * SUN-FRI *", "stop": "0 8 ? * MON-SAT *"},
        {"start": "0 8 ? * MON *", "stop": "0 8 ? * SUN *"},
        {"start": "0 8 1 * ? *", "stop": "0 18 1 * ? *"},  # nine days from now, and then a month
        {"start": "0 8 31 12 ? *", "stop": "0 18 1 1 ? *"},
    ],
)
def test_a_schedule_that_pauses_is_not(change: dict[str, str]) -> None:
    assert not [one for one in said(replace(DAILY, **change)) if "around the clock" in one]  # type: ignore[arg-type]


SPRING, AUTUMN = at("2027-03-20T12:00Z"), at("2027-10-20T12:00Z")


def test_a_time_that_clocks_leave_out_is_remarked_with_what_becomes_of_it() -> None:
    berlin = replace(DAILY, time_zone="Europe/Berlin")
    forward = "on 2027-03-28 clocks are put forward over"
    early = replace(berlin, start="30 2 * * ? *", stop="0 5 * * ? *")
    assert said(early, SPRING) == [f"{forward} 02:30: it does not start then"]
    ready = replace(berlin, start=None, ready_by="15,45 2 * * ? *", stop="0 5 * * ? *")
    assert said(ready, SPRING)[0] == f"{forward} 02:15 and 02:45: it does not start for then"
    late = replace(berlin, start="0 22 * * ? *", stop="0 2 * * ? *")
    assert said(late, SPRING)[0] == f"{forward} 02:00: it does not stop then, but on Mon 2027-03-29 02:00"
    last = replace(berlin, start="0 0 27 3 ? 2027", stop="0 2 27,28 3 ? 2027")
    assert said(last, SPRING) == [f"{forward} 02:00: it does not stop then"]
    often = replace(berlin, start="0/10 2 * * ? *", stop="0 5 * * ? *")
    assert (
        said(often, at("2027-03-26T12:00Z"))[0] == f"{forward} 02:00, 02:10, 02:20 and 3 more: it does not start then"
    )


def test_a_time_that_comes_twice_is_remarked_with_which_of_them_counts() -> None:
    berlin = replace(DAILY, time_zone="Europe/Berlin")
    back = "on 2027-10-31 clocks are put back, and show"
    early = replace(berlin, start="30 2 * * ? *", stop="0 5 * * ? *")
    assert said(early, AUTUMN) == [f"{back} 02:30 twice: it starts the first time"]
    ready = replace(early, start=None, ready_by="30 2 * * ? *")
    assert said(ready, AUTUMN) == [f"{back} 02:30 twice: it is ready by the first time"]
    late = replace(berlin, start="0 22 * * ? *", stop="0 2 * * ? *")
    assert said(late, AUTUMN) == [f"{back} 02:00 twice: it stops the first time"]
    often = replace(early, start="0/15 2 * * ? *")
    assert said(often, at("2027-10-30T12:00Z"))[0] == (
        f"{back} 02:00, 02:15, 02:30 and 1 more twice: it starts the first time"
    )


def test_clocks_that_change_at_another_time_or_day_are_not_remarked() -> None:
    berlin = replace(DAILY, time_zone="Europe/Berlin")
    for schedule in (
        berlin,
        replace(berlin, start="0 3 * * ? *"),
        replace(berlin, start="59 1 * * ? *"),
        replace(berlin, start="30 2 ? * MON-SAT *", stop="0 5 ? * MON-SAT *"),
        replace(berlin, time_zone="UTC", start="30 2 * * ? *"),
    ):
        assert said(schedule, SPRING) == said(schedule, AUTUMN) == []
    assert said(replace(berlin, start="30 2 * * ? *"), NOW) == []
    assert said(replace(berlin, start="30 2 * * ? *"), at("2027-03-28T23:00Z")) == []  # the next day in Berlin
    assert said(replace(berlin, start="30 2 ? * SUN *"), at("2026-11-22T12:00Z")) == [
        "on 2027-03-28 clocks are put forward over 02:30: it does not start then"
    ]


def test_clock_changes_are_looked_for_as_far_as_28_windows_and_a_year() -> None:
    daily = replace(DAILY, time_zone="Europe/Berlin", start="30 2 * * ? *", stop="0 5 * * ? *")
    assert said(daily, at("2027-02-26T12:00Z")) == []
    assert len(said(daily, at("2027-02-27T12:00Z"))) == 1
    monthly = replace(daily, start="30 2 28 * ? *", stop="0 5 28 * ? *")
    assert said(monthly, at("2026-03-26T12:00Z")) == []
    assert len(said(monthly, at("2026-03-27T12:00Z"))) == 1


def test_far_longer_is_twice_as_long_and_half_a_day_more() -> None:
    by_half_a_day = replace(DAILY, start="0 8,17,20 * * ? *")
    assert said(by_half_a_day) == []
    assert said(replace(by_half_a_day, start="0 8,17,19 * * ? *")) == [
        "from Wed 2026-12-23 19:00 to Thu 2026-12-24 18:00 it lasts 23 h, while its other windows last 10 h"
    ]
    twice = replace(DAILY, start="0 8 ? * MON-SAT *", stop="0 2 ? * SUN,TUE,WED,FRI,SAT *")
    assert said(twice) == [
        "from Wed 2026-12-23 08:00 to Fri 2026-12-25 02:00 it lasts 42 h, while its other windows last 18 h"
    ]


def test_a_window_that_is_far_longer_than_the_others_is_remarked() -> None:
    longer = replace(OFFICE, start="0 8 ? * MON-FRI *", stop="0 2 ? * TUE-FRI *", exclude_dates=())
    assert said(longer) == [
        "from Fri 2026-12-25 08:00 to Tue 2026-12-29 02:00 it lasts 90 h, while its other windows last 18 h"
    ]


def test_a_night_shift_with_the_days_of_its_starts_is_remarked_with_what_is_perhaps_meant() -> None:
    night = replace(OFFICE, start="0 20 ? * MON-FRI *", stop="30 4 ? * MON-FRI *", exclude_dates=())
    (remark,) = said(night)
    assert remark.startswith(
        "from Fri 2026-12-25 20:00 to Mon 2026-12-28 04:30 it lasts 56.5 h, while its other windows"
    )
    assert remark.endswith(
        '. A stop after midnight comes on the day after its start: "30 4 ? * TUE-SAT *" is perhaps meant'
    )
    (ready,) = said(replace(night, start=None, ready_by=night.start))
    assert ready.endswith('"30 4 ? * TUE-SAT *" is perhaps meant')
    around = replace(night, start="0 8 ? * MON-FRI *", stop="0 8 ? * MON-FRI *")
    assert not [remark for remark in said(around) if "TUE-SAT" in remark]
