"""What is said of a cron that EventBridge does not take: the whole sentence, with what was probably meant."""

import calendar
from datetime import date

import pytest

from lifecycle.schedules.cron import Cron, CronError, named_days

TODAY = date(2026, 11, 22)
SIX = "six are needed: minutes hours day-of-month month day-of-week year"
ONE_OF_TWO = "one of day-of-month and day-of-week has to be ?, and the other not, as in"
NOT_THERE = "is not what EventBridge Scheduler has there, which is such as"
OUT_OF_RANGE = "has a value out of range, or a range that runs backwards"


def said(cron: str) -> str:
    with pytest.raises(CronError) as refused:
        Cron.parse(cron)
    return str(refused.value)


def mended(field: int, value: str) -> str | None:
    """What is offered in place of a field of a cron; None where nothing is, or not the cron that it comes to."""
    fields = ["0", "8", "1", "*", "?", "*"]
    if field == 4:
        fields[2] = "?"
    with_it = " ".join([*fields[:field], value, *fields[field + 1 :]])
    _, found, offered = said(with_it).partition(", did you mean ")
    meant, _, whole = offered.partition(", as in ")
    return meant if found and whole == " ".join([*fields[:field], meant, *fields[field + 1 :]]) + "?" else None


# --- Fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("X 8 * * ? *", f"minutes 'X' {NOT_THERE} 0, 0,30 or 0/15"),
        ("0 X * * ? *", f"hours 'X' {NOT_THERE} 8, 8,13 or 8-17"),
        ("0 8 X * ? *", f"day-of-month 'X' {NOT_THERE} 1, 1,15, L or *"),
        ("0 8 1 X ? *", f"month 'X' {NOT_THERE} *, 1-6 or JAN,JUL"),
        (
            "0 8 ? * MON/2 *",
            f"day-of-week 'MON/2' {NOT_THERE} MON-FRI, SUN, 2#1 or *",
        ),
        ("0 8 * * ? X", f"year 'X' {NOT_THERE} * or 2026-2027"),
        ("0 8 * * ? ٢٠٢٦", f"year '٢٠٢٦' {NOT_THERE} * or 2026-2027"),
        ("0 8 ? * FREITAG *", f"day-of-week 'FREITAG' {NOT_THERE} MON-FRI, SUN, 2#1 or *"),
        ("0 6-6,25 * * ? *", f"hours '6-6,25' {OUT_OF_RANGE}"),
        ("0 8 ? * 6-2 *", f"day-of-week '6-2' {OUT_OF_RANGE}"),
        ("0 8 ? * FRI-MON *", f"day-of-week 'FRI-MON' {OUT_OF_RANGE}; write FRI,SAT,SUN,MON"),
    ],
)
def test_a_field_is_named_with_an_example_of_what_it_may_be(cron: str, sentence: str) -> None:
    assert said(cron) == sentence


def test_the_examples_are_crons() -> None:
    for field, values in enumerate(
        [
            ["0", "0,30", "0/15"],
            ["8", "8,13", "8-17"],
            ["1", "1,15", "L", "*"],
            ["*", "1-6", "JAN,JUL"],
            ["MON-FRI", "SUN", "2#1", "*"],
            ["*", "2026-2027"],
        ]
    ):
        for value in values:
            fields = ["0", "8", "?" if field == 4 else "1", "*", "?", "*"]
            fields[field] = value
            assert Cron.parse(" ".join(fields)).never(TODAY) is None


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("0 8 * * * *", f"{ONE_OF_TWO} 0 8 * * ? *"),
        ("5 8 ? 6 ? 2027", f"{ONE_OF_TWO} 5 8 * 6 ? 2027"),
        ("5 8 1,15 6 * 2027", f"{ONE_OF_TWO} 5 8 1,15 6 ? 2027"),
        ("5 8 1,15 6 MON 2027", f"{ONE_OF_TWO} 5 8 ? 6 MON 2027"),
    ],
)
def test_of_the_days_one_field_says_nothing_and_the_cron_is_given_that_is_meant(cron: str, sentence: str) -> None:
    assert said(cron) == sentence


@pytest.mark.parametrize(("year", "accepted"), [(1969, False), (1970, True), (2199, True), (2200, False)])
def test_years_are_those_that_scheduler_has(year: int, accepted: bool) -> None:
    cron = f"0 8 1 1 ? {year}"
    if accepted:
        assert Cron.parse(cron).on(date(year, 1, 1))
    else:
        assert said(cron) == f"year '{year}' is not within 1970 and 2199, or runs backwards"


@pytest.mark.parametrize("years", ["*", "1970/1", "*/1", "1970-2199"])
def test_every_year_is_from_the_first_to_the_last(years: str) -> None:
    cron = Cron.parse(f"0 8 1 1 ? {years}")
    assert [cron.on(date(year, 1, 1)) for year in (1969, 1970, 2026, 2199, 2200)] == [False, True, True, True, False]


@pytest.mark.parametrize("years", ["2026/0", "*/00", "2026-2030/0"])
def test_years_do_not_come_in_steps_of_nothing(years: str) -> None:
    assert said(f"0 8 1 1 ? {years}").startswith(f"year '{years}' is not")


# --- What is meant ----------------------------------------------------------------------------------------------------


def test_names_of_months_are_shortened() -> None:
    names = [name.upper() for name in calendar.month_name[1:] if len(name) > 3]
    assert [mended(3, name) for name in names] == [name[:3] for name in names]
    assert mended(3, "MAY,JUNE-Aug.") == "MAY,JUN-AUG"
    assert mended(3, "May.") == "MAY"
    assert mended(3, "JUIN") is None


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("MONDAY", "MON"), ("TUESDAY", "TUE"), ("WEDNESDAY", "WED"), ("THURSDAY", "THU"), ("FRIDAY", "FRI"),
        ("SATURDAY", "SAT"), ("SUNDAY", "SUN"), ("Tues.", "TUE"), ("Mo.-Fr.", "MON-FRI"), ("monday-friday", "MON-FRI"),
        ("weekdays", "MON-FRI"), ("workdays", "MON-FRI"), ("weekday", "MON-FRI"),
        ("weekends", "SAT,SUN"), ("weekend", "SAT,SUN"), ("daily", "*"),
        ("MO", "MON"), ("TU", "TUE"), ("WE", "WED"), ("TH", "THU"), ("FR", "FRI"), ("SA", "SAT"), ("SU", "SUN"),
        ("DI", "TUE"), ("MI", "WED"), ("DO", "THU"), ("SO", "SUN"), ("MO-DO,SA", "MON-THU,SAT"),
        ("0", "SUN"), ("0,6", "SUN,SAT"), ("1-5,0", "MON-FRI,SUN"), ("0,7", "SUN,SUN"), ("0#2", "SUN#2"), ("10", None),
        ("8", None), ("FRY", None), ("1#0", None),
    ],
)  # fmt: skip
def test_days_of_the_week_are_offered_as_scheduler_writes_them(value: str, meant: str | None) -> None:
    """A 0 is a Unix cron's Sunday, and then the other days count from it as well."""
    assert mended(4, value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("22-6", "22-23,0-6"),
        ("23-5", "23-23,0-5"),
        ("1-0", "1-23,0-0"),
        ("8,22-6", "8,22-23,0-6"),
        ("8-24", "8-23"),
        ("24,8", "0,8"),
        ("8-25", None),
        ("25-6", None),
        ("6-6,25", None),
        ("8-17,25", None),
        ("8/24,25", None),
    ],
)
def test_hours_that_run_over_midnight_are_offered_in_two_parts(value: str, meant: str | None) -> None:
    assert mended(1, value) == meant


def test_an_hour_24_is_the_beginning_of_the_next_day() -> None:
    assert said("15 24 * * ? *") == (
        f"hours '24' {OUT_OF_RANGE}, did you mean 0, as in 15 0 * * ? *?; midnight is 0, on the day that then begins"
    )


@pytest.mark.parametrize(("value", "meant"), [("60", "0"), ("0,60", "0,0"), ("0/60,61", None), ("160", None)])
def test_minute_60_is_minute_0(value: str, meant: str | None) -> None:
    assert mended(0, value) == meant


@pytest.mark.parametrize(
    ("value", "meant"), [("26", "2026"), ("26-27", "2026-2027"), ("2026,27", "2026,2027"), ("126", None)]
)
def test_a_year_has_four_digits(value: str, meant: str | None) -> None:
    assert mended(5, value) == meant


def test_where_another_field_is_wrong_as_well_only_the_first_is_mended() -> None:
    assert said("60 8 * JUNE ? *") == (
        "month 'JUNE' is not what EventBridge Scheduler has there, did you mean JUN?"
    )  # fmt: skip


# --- Other dialects ---------------------------------------------------------------------------------------------------

_EIGHT = "every day at 08:00 is 0 8 * * ? *"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"has 0 fields; {SIX}. Every day at 08:00 is 0 8 * * ? *"),
        ("Rate(5 minutes)", f"has 2 fields; {SIX}. This is a rate, and a model starts and stops at times: {_EIGHT}"),
        (
            "at(2026-12-25T08:00:00)",
            f"has 1 field; {SIX}. This comes once; the cron of one day has its year, as in 0 8 25 12 ? 2026",
        ),
        ("@daily", f"has 1 field; {SIX}. This is a Unix nickname: {_EIGHT}"),
        (" cron(08:05) ", f"has 1 field; {SIX}. This is a time of the day: every day then is 5 8 * * ? *"),
        ("08:05:30", f"has 1 field; {SIX}. This is a time of the day: every day then is 5 8 * * ? *"),
        ("30 7 * * 7", f"has 5 fields; {SIX}. As a Unix cron it means 30 7 ? * SUN *"),
        ("cron(30 7 * * 1-5)", f"has 5 fields; {SIX}. As a Unix cron it means 30 7 ? * MON-FRI *"),
        ("30 7 1 6 *", f"has 5 fields; {SIX}. As a Unix cron it means 30 7 1 6 ? *"),
        ("30 7 1 * MON", f"has 5 fields; {SIX}. Every day at 08:00 is 0 8 * * ? *"),  # in Unix, on either
        ("30 7 32 * *", f"has 5 fields; {SIX}. Every day at 08:00 is 0 8 * * ? *"),
        ("cron(0 15 8 ? * MON *)", f"has 7 fields; {SIX}. Without seconds it is 15 8 ? * MON *"),
    ],
)
def test_what_is_no_cron_of_scheduler_is_recognised(text: str, sentence: str) -> None:
    assert said(text) == sentence


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("0 8 ? * 2-6 *", "2-6 means Monday to Friday, because EventBridge counts from 1 for Sunday; MON-FRI says so"),
        (
            "0 8 ? * 1,3-5,7 *",
            "1,3-5,7 means Sunday, Tuesday to Thursday, Saturday, because EventBridge counts from 1 for Sunday; "
            "SUN,TUE-THU,SAT says so",
        ),
        ("0 8 ? * 4 *", "4 means Wednesday, because EventBridge counts from 1 for Sunday; WED says so"),
        ("0 8 ? * MON-FRI *", None),
        ("0 8 ? * 2#1 *", None),
        ("0 8 1-5 * ? *", None),
        ("", None),
    ],
)
def test_days_of_the_week_by_number_are_named(cron: str, sentence: str | None) -> None:
    """What comes on other days than one thinks is no mistake that can be refused."""
    assert named_days(cron) == sentence


# --- Never ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("0 8 * * ? *", None),
        ("0 8 * * ? 2026", None),
        ("0 8 22 11 ? 2026", None),  # today
        ("0 8 23 11 ? 2026", None),
        ("0 8 21 11 ? 2026", "it has no such day in its years from now on"),
        ("0 8 * * ? 2020-2025", "its years have passed"),
        ("0 8 29 2 ? 2027", "it has no such day in its years from now on"),
        ("0 8 29 2 ? 2027-2028", None),
        ("0 8 ? 2 MON#5 *", None),
        ("0 8 ? 2 MON#5 2027", "it has no such day in its years from now on"),  # the next is in 2044
        ("0 8 ? 2 MON#5 2026", "it has no such day in its years from now on"),
        ("0 8 30 2 ? *", "its months have no such day"),
        ("0 8 30 2 ? 2026", "its months have no such day"),
        ("0 8 31 4,6,9,11 ? *", "its months have no such day"),
    ],
)
def test_why_a_cron_never_comes_is_said(cron: str, why: str | None) -> None:
    assert Cron.parse(cron).never(TODAY) == why
