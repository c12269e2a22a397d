"""When a cron comes: EventBridge's dialect, and what clocks do to it."""

import calendar
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.schedules.cron import Calendar, Cron, CronError, exact, wall

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def coming(cron: str, zone: str, since: str, n: int = 3) -> list[str]:
    """The next occurrences, as clocks there show them, with their offsets."""
    found = islice(Calendar.of(cron, zone).after(at(since)), n)
    return [f"{one.astimezone(ZoneInfo(zone)):%Y-%m-%d %a %H:%M %z}" for one in found]


def days(cron: str, year: int = 2026) -> list[str]:
    """The days of a year on which it comes."""
    first, parsed = date(year, 1, 1), Cron.parse(cron)
    every = (first + timedelta(days=number) for number in range(366 if calendar.isleap(year) else 365))
    return [f"{day:%m-%d}" for day in every if parsed.on(day)]


# --- The dialect ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "local"),
    [
        ("30 7 ? * MON-FRI *", ["2026-11-23 Mon 07:30", "2026-11-24 Tue 07:30", "2026-11-25 Wed 07:30"]),
        ("cron(30 7 ? * 2-6 *)", ["2026-11-23 Mon 07:30", "2026-11-24 Tue 07:30", "2026-11-25 Wed 07:30"]),
        ("0 8 ? * 1,7 *", ["2026-11-22 Sun 08:00", "2026-11-28 Sat 08:00", "2026-11-29 Sun 08:00"]),
        ("0 8 ? * L *", ["2026-11-28 Sat 08:00", "2026-12-05 Sat 08:00", "2026-12-12 Sat 08:00"]),
        ("0 8 L * ? *", ["2026-11-30 Mon 08:00", "2026-12-31 Thu 08:00", "2027-01-31 Sun 08:00"]),
        ("0 8 ? * 6L *", ["2026-11-27 Fri 08:00", "2026-12-25 Fri 08:00", "2027-01-29 Fri 08:00"]),
        ("0 8 ? * FRIL *", ["2026-11-27 Fri 08:00", "2026-12-25 Fri 08:00", "2027-01-29 Fri 08:00"]),
        ("0 8 ? * 3#1 *", ["2026-12-01 Tue 08:00", "2027-01-05 Tue 08:00", "2027-02-02 Tue 08:00"]),
        ("0 8 ? * mon#2 *", ["2026-12-14 Mon 08:00", "2027-01-11 Mon 08:00", "2027-02-08 Mon 08:00"]),
        ("0 8 1,15 * ? *", ["2026-12-01 Tue 08:00", "2026-12-15 Tue 08:00", "2027-01-01 Fri 08:00"]),
        ("0 8 ? * MON,WED-FRI *", ["2026-11-23 Mon 08:00", "2026-11-25 Wed 08:00", "2026-11-26 Thu 08:00"]),
        ("0 8-10/2,20 * * ? *", ["2026-11-22 Sun 08:00", "2026-11-22 Sun 10:00", "2026-11-22 Sun 20:00"]),
        ("0/20 8 * * ? *", ["2026-11-22 Sun 08:00", "2026-11-22 Sun 08:20", "2026-11-22 Sun 08:40"]),
        ("0 8 1 JAN,7 ? *", ["2027-01-01 Fri 08:00", "2027-07-01 Thu 08:00", "2028-01-01 Sat 08:00"]),
        ("0 8 1 1 ? 2028-2030", ["2028-01-01 Sat 08:00", "2029-01-01 Mon 08:00", "2030-01-01 Tue 08:00"]),
        ("0 8 1 1 ? 2027/2", ["2027-01-01 Fri 08:00", "2029-01-01 Mon 08:00", "2031-01-01 Wed 08:00"]),
        ("0 8 1 1 ? */5,2031", ["2030-01-01 Tue 08:00", "2031-01-01 Wed 08:00", "2035-01-01 Mon 08:00"]),
        ("0 8 29 2 ? *", ["2028-02-29 Tue 08:00", "2032-02-29 Sun 08:00", "2036-02-29 Fri 08:00"]),
        ("0 8 ? 2 MON#5 *", ["2044-02-29 Mon 08:00"]),
    ],
)
def test_a_cron_comes_when_eventbridge_says(cron: str, local: list[str]) -> None:
    assert [one[:-6] for one in coming(cron, "UTC", "2026-11-22T00:00Z")] == local


@pytest.mark.parametrize(
    ("cron", "complaint"),
    [
        ("0 8 * * *", "has 5 fields; six are needed: minutes hours day-of-month month day-of-week year"),
        ("0 8 * * * *", "one of day-of-month and day-of-week has to be ?"),
        ("0 8 ? * ? *", "one of day-of-month and day-of-week has to be ?"),
        ("0 8 15W * ? *", "day-of-month '15W': W, the nearest weekday, is not supported"),
        ("0 8 LW * ? *", "day-of-month 'LW': W, the nearest weekday, is not supported"),
        ("0 8 L-3 * ? *", "day-of-month 'L-3' is not what"),
        ("0 8 ? * FRY *", "day-of-week 'FRY' is not what"),
        ("0 8 ? * 0 *", "day-of-week '0' is not what"),
        ("0 8 ? * MON#6 *", "day-of-week 'MON#6' is not what"),
        ("0 8 ? * MON#1,MON#3 *", "day-of-week 'MON#1,MON#3' is not what"),
        ("0 8 ? * FRI-MON *", "day-of-week 'FRI-MON' has a value out of range, or a range that runs backwards"),
        ("60 8 * * ? *", "minutes '60' has a value out of range"),
        ("0 24 * * ? *", "hours '24' has a value out of range"),
        ("0 8 32 * ? *", "day-of-month '32' has a value out of range"),
        ("0 8 1 13 ? *", "month '13' has a value out of range"),
        ("0 8 1 JUNE ? *", "month 'JUNE' is not what"),
        ("0 8 1 1 ? 26", "year '26' is not what"),
        ("0 8 1 1 ? 2300", "year '2300' is not within 1970 and 2199"),
        ("0 8 1 1 ? 2028-2026", "year '2028-2026' is not within 1970 and 2199, or runs backwards"),
        ("0/0 8 1 1 ? *", "minutes '0/0' has a value out of range"),
        ("rate(5 minutes)", "has 2 fields"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_field(cron: str, complaint: str) -> None:
    with pytest.raises(CronError) as refused:
        Cron.parse(cron)
    assert str(refused.value).startswith(complaint)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("rate(5 minutes)", "This is a rate, and a model starts and stops at times: every day at 08:00 is 0 8 * * ? *"),
        ("30 7 * * 1-5", "As a Unix cron it means 30 7 ? * MON-FRI *"),
        ("0 8 1 * *", "As a Unix cron it means 0 8 1 * ? *"),
        ("0 8 * * 0,6", "As a Unix cron it means 0 8 ? * SUN,SAT *"),
        ("08:30", "This is a time of the day: every day then is 30 8 * * ? *"),
        ("at(2026-12-01T08:00:00)", "This comes once; the cron of one day has its year"),
        ("0 0 8 ? * MON *", "Without seconds it is 0 8 ? * MON *"),
        ("@daily", "This is a Unix nickname"),
        ("0 8 * * * *", "as in 0 8 * * ? *"),
        ("0 8 * * MON *", "as in 0 8 ? * MON *"),
        ("0 8 ? * FRI-MON *", "write FRI,SAT,SUN,MON"),
    ],
)
def test_what_another_dialect_means_is_offered_in_this_one(text: str, meant: str) -> None:
    with pytest.raises(CronError) as refused:
        Cron.parse(text)
    assert meant in str(refused.value)


@pytest.mark.parametrize("cron", ["0 8 30 2 ? *", "0 8 31 4,6,9,11 ? *", "0 8 * * ? 2020"])
def test_a_cron_that_never_comes_ends(cron: str) -> None:
    assert coming(cron, BERLIN, "2026-11-22T00:00Z") == []


def test_days_are_counted_like_this() -> None:
    assert days("0 8 ? * 3#5 *") == ["03-31", "06-30", "09-29", "12-29"]
    assert days("0 8 L 2 ? *", 2028) == ["02-29"]
    assert len(days("0 8 ? * MON-FRI *")) == 261


MINUTES = {"0": {0}, "0/25": {0, 25, 50}, "5,35": {5, 35}, "58-59": {58, 59}, "*/20": {0, 20, 40}}
HOURS = {"*": {*range(24)}, "1-3": {1, 2, 3}, "0,23": {0, 23}, "2": {2}, "22/1": {22, 23}}
WEEKDAYS = {"*": {*range(7)}, "MON-FRI": {0, 1, 2, 3, 4}, "1,7": {5, 6}, "SUN,3": {1, 6}, "L": {5}, "THU,SAT": {3, 5}}


@given(
    st.datetimes(datetime(2026, 10, 23), datetime(2026, 10, 26), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone, or wall times are meant
    | st.datetimes(datetime(2027, 3, 26), datetime(2027, 3, 29), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone, or wall times are meant
    st.sampled_from([BERLIN, "Asia/Kathmandu"]),
    st.sampled_from(sorted(MINUTES)),
    st.sampled_from(sorted(HOURS)),
    st.sampled_from(sorted(WEEKDAYS)),
)
@settings(max_examples=40)
def test_a_cron_comes_at_each_minute_that_its_fields_name(
    moment: datetime, zone: str, minutes: str, hours: str, weekdays: str
) -> None:
    """As found by going through all minutes of two days, on which clocks may change."""
    first = moment.replace(second=0, microsecond=0)
    every = [first + timedelta(minutes=number) for number in range(2 * 24 * 60)]
    local = {one: one.astimezone(ZoneInfo(zone)) for one in every}
    named = [
        one
        for one, at_wall in local.items()
        if at_wall.minute in MINUTES[minutes]
        and at_wall.hour in HOURS[hours]
        and at_wall.weekday() in WEEKDAYS[weekdays]
        and not at_wall.fold  # what comes twice counts the first time
    ]
    found = Calendar.of(f"{minutes} {hours} ? * {weekdays} *", zone)
    assert list(takewhile(lambda one: one <= every[-1], found.after(moment))) == [one for one in named if one > moment]
    assert list(takewhile(lambda one: one >= first, found.before(every[-1])))[::-1] == [
        one for one in named if one < every[-1]
    ]
    assert [one for one in every if one in found] == named


def test_every_day_of_the_week_has_a_name_and_a_number_from_sunday() -> None:
    for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1):
        by_name, by_number = days(f"0 8 ? * {name} *"), days(f"0 8 ? * {number} *")
        assert by_name == by_number
        assert {date.fromisoformat(f"2026-{day}").isoweekday() % 7 + 1 for day in by_name} == {number}


def test_moments_are_in_utc_whatever_the_zone_of_the_machine() -> None:
    berlin = ZoneInfo(BERLIN)
    moment = exact(datetime(2026, 11, 23, 7, 30), berlin)  # noqa: DTZ001 - hypothesis adds the zone, or wall times are meant
    assert moment
    assert moment.tzinfo is UTC


# --- Clocks -----------------------------------------------------------------------------------------------------------


def test_a_local_time_stays_the_same_when_clocks_change() -> None:
    assert coming("30 7 * * ? *", BERLIN, "2026-10-24T00:00Z") == [
        "2026-10-24 Sat 07:30 +0200",
        "2026-10-25 Sun 07:30 +0100",
        "2026-10-26 Mon 07:30 +0100",
    ]


@pytest.mark.parametrize(
    ("zone", "day", "offsets"),
    [(BERLIN, "2027-03-28", ("+0100", "+0200")), (NEW_YORK, "2027-03-14", ("-0500", "-0400"))],
)
def test_a_time_that_does_not_exist_is_left_out(zone: str, day: str, offsets: tuple[str, str]) -> None:
    """Clocks are put from 02:00 to 03:00."""
    noon_before = f"{date.fromisoformat(day) - timedelta(days=1)}T17:00Z"
    found = coming("30 1-3 * * ? *", zone, noon_before)
    assert [(one[:10], one[-11:]) for one in found[:2]] == [
        (day, f"01:30 {offsets[0]}"),
        (day, f"03:30 {offsets[1]}"),
    ]
    assert coming("30 2 * * ? *", zone, noon_before, 1)[0][:10] > day


@pytest.mark.parametrize(
    ("zone", "day", "offset", "twice"),
    [
        (BERLIN, "2026-10-25", "+0200", ("2026-10-25T00:30Z", "2026-10-25T01:30Z")),
        (NEW_YORK, "2026-11-01", "-0400", ("2026-11-01T05:30Z", "2026-11-01T06:30Z")),
    ],
)
def test_a_time_that_comes_twice_counts_once_the_first(
    zone: str, day: str, offset: str, twice: tuple[str, str]
) -> None:
    hour = 2 if zone == BERLIN else 1
    cron = f"30 {hour} * * ? *"
    noon_before = f"{date.fromisoformat(day) - timedelta(days=1)}T17:00Z"
    first, second = coming(cron, zone, noon_before, 2)
    assert (first[:10], first[-11:]) == (day, f"{hour:02}:30 {offset}")
    assert second[:10] > day
    found = Calendar.of(cron, zone)
    assert [at(one) in found for one in twice] == [True, False]
    between = at(twice[0]) + timedelta(minutes=40)  # clocks show the first half of the hour for the second time
    assert next(found.after(between)) > at(twice[1])
    assert next(found.before(between)) == at(twice[0])


def test_what_came_before_is_the_last_first() -> None:
    stops = Calendar.of("0 18 ? * MON-FRI *", BERLIN)
    monday = at("2026-11-23T18:00+01:00")
    assert [one.isoformat() for one in islice(stops.before(monday), 2)] == [
        "2026-11-20T17:00:00+00:00",
        "2026-11-19T17:00:00+00:00",
    ]
    assert next(stops.before(monday + timedelta(seconds=1))) == monday


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone, or wall times are meant
    st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    st.sampled_from(["0 * * * ? *", "30 1-3 * * ? *", "15 0 ? * SUN *", "0/7 2 L * ? *"]),
)
def test_after_and_before_agree(moment: datetime, zone: str, cron: str) -> None:
    found = Calendar.of(cron, zone)
    following = next(found.after(moment))
    last = next(found.before(following))
    assert last <= moment < following
    assert last in found
    assert following in found
    assert next(found.after(last)) == following


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)))  # noqa: DTZ001 - hypothesis adds the zone, or wall times are meant
def test_a_local_time_and_its_moment_agree(local: datetime) -> None:
    zone = ZoneInfo(BERLIN)
    moment = exact(local, zone)
    gap = local.month == 3 and local.hour == 2
    assert wall(moment, zone) == local if moment else gap
