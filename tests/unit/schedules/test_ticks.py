"""What a tick does: the days of office hours, in Berlin, with all that Scheduler may make of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, Model, Schedule
from lifecycle.errors import InvalidRequest, ServiceUnavailable
from lifecycle.executions.state_machines import Machine
from lifecycle.model.leases import LONGEST_LEASE
from lifecycle.schedules.ticks import HOURS_AHEAD, Act, Decided, Tick, decide, run
from lifecycle.schedules.windows import Ticked, handed_over, tick_name
from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from tests.unit.examples import ARN, execution
from tests.unit.twins import Executions

OFFICE = Schedule(
    "defects",
    "Europe/Berlin",
    start="30 7 ? * MON-FRI *",
    stop="0 18 ? * MON-FRI *",
    exclude_dates=("2026-12-25",),
    start_date="2026-11-02",
    end_date="2027-03-31",
)
READY = replace(OFFICE, start=None, ready_by="0 8 ? * MON-FRI *")
MACHINES = {Machine.START_MODEL: "start", Machine.STOP_MODEL: "stop"}


def configured(schedule: Schedule) -> Configuration:
    return Configuration({"defects": Model(ARN)}, lease_warning_minutes=10, schedules={"office": schedule})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def tick(
    act: str, scheduled: str, now: str | None = None, schedule: Schedule = OFFICE, hours_ahead: int = 0
) -> Decided:
    """What a tick decides that comes at its time, or at another; of a name what people read of it."""
    given = {"Schedule": "office", "Action": act, "ScheduledTime": scheduled, "HoursAhead": hours_ahead}
    configuration = configured(schedule)
    decided = decide(Tick.read(given, configuration), at(now or scheduled), configuration)
    if decided.outcome is Ticked.ACTED:  # the machine accepts what it is given, whenever it is
        read = start_request if decided.machine is Machine.START_MODEL else stop_request
        assert read(decided.payload, execution(start_time=at(now or scheduled)), configuration).model == "defects"
        assert decided.execution_name
        assert len(decided.execution_name) <= 80
        return replace(decided, execution_name=decided.execution_name.rpartition("-")[0])
    assert (decided.machine, decided.execution_name, decided.payload) == (None, None, None)
    return decided


# --- Starts -----------------------------------------------------------------------------------------------------------


def test_a_start_holds_the_model_until_a_while_after_its_stop() -> None:
    """So that the stop ends the lease, nobody is warned before of its end, and it ends should the stop be lost."""
    assert tick("start", "2026-11-23T06:30:00Z") == Decided(
        Ticked.ACTED,
        "defects is held for office, start 2026-11-23 07:30 (Europe/Berlin), until 2026-11-23 18:00 (Europe/Berlin).",
        Machine.START_MODEL,
        "office-start-20261123T0630Z",
        {
            "Model": "defects",
            "LeaseId": "schedule/office",
            "LeaseMinutes": 10 * 60 + 30 + 10 + 15,
            "Context": {"Schedule": "office", "ScheduledTime": "2026-11-23T06:30:00.000Z"},
        },
    )


def test_a_start_that_is_late_holds_the_model_no_longer() -> None:
    late = tick("start", "2026-11-23T06:30:00Z", now="2026-11-23T08:00:20Z")
    assert late.payload["LeaseMinutes"] == 9 * 60 + 25  # rounded up
    assert late.execution_name == "office-start-20261123T0630Z"


def test_a_start_that_is_fired_ahead_of_its_time_holds_the_model_no_longer() -> None:
    assert tick("start", "2026-11-23T06:30:00Z", now="2026-11-22T12:00Z").payload["LeaseMinutes"] == 10 * 60 + 30 + 25


def test_without_a_stop_the_model_says_for_how_long() -> None:
    decided = tick("start", "2026-11-23T06:30:00Z", schedule=replace(OFFICE, stop=None))
    assert "LeaseMinutes" not in decided.payload
    assert decided.reason.endswith("for the model's lease_minutes.")


def test_of_a_stop_that_is_far_away_a_start_asks_for_the_longest_lease() -> None:
    """Another start comes before it."""
    once_a_year = replace(OFFICE, start="0 8 ? * MON *", stop="0 8 1 11 ? *")
    asked = tick("start", "2026-11-23T07:00:00Z", schedule=once_a_year).payload["LeaseMinutes"]
    assert asked == LONGEST_LEASE // timedelta(minutes=1)


@pytest.mark.parametrize(
    ("scheduled", "now", "outcome", "reason"),
    [
        ("2026-12-25T06:30Z", None, Ticked.EXCLUDED_DAY, "2026-12-25 is one of its exclude_dates."),
        ("2026-10-30T06:30Z", None, Ticked.OUTSIDE_DATES, "2026-10-30 is before its start_date, 2026-11-02."),
        ("2027-04-01T05:30Z", None, Ticked.OUTSIDE_DATES, "2027-04-01 is after its end_date, 2027-03-31."),
        (
            "2026-11-23T06:30Z",
            "2026-11-23T08:30:01Z",
            Ticked.TOO_LATE,
            "It came 2 h after 2026-11-23 07:30 (Europe/Berlin): later than too_late_minutes, 120.",
        ),
    ],
)
def test_a_start_that_is_not_wanted_says_why(scheduled: str, now: str | None, outcome: Ticked, reason: str) -> None:
    assert tick("start", scheduled, now) == Decided(outcome, reason)


def test_a_start_after_its_own_stop_does_nothing() -> None:
    short = replace(OFFICE, stop="0 8 ? * MON-FRI *")
    assert tick("start", "2026-11-23T06:30Z", "2026-11-23T06:59Z", short).outcome is Ticked.ACTED
    late = tick("start", "2026-11-23T06:30Z", "2026-11-23T07:00Z", short)
    assert late == Decided(Ticked.AFTER_STOP, "It came after its own stop, 2026-11-23 08:00 (Europe/Berlin).")


def test_days_are_those_of_the_time_zone() -> None:
    early = replace(OFFICE, start="30 0 * * ? *", stop=None)
    assert tick("start", "2026-12-24T23:30Z", schedule=early).outcome is Ticked.EXCLUDED_DAY
    assert tick("start", "2026-12-25T23:30Z", schedule=early).outcome is Ticked.ACTED


# --- To be ready by ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours_ahead", HOURS_AHEAD)
def test_both_ticks_of_a_ready_time_ask_for_the_same(hours_ahead: int) -> None:
    scheduled = f"2026-11-23T0{7 - hours_ahead}:00:00Z"
    decided = tick("ready", scheduled, schedule=READY, hours_ahead=hours_ahead)
    assert decided.execution_name == "office-ready-20261123T0700Z"
    assert decided.payload == {
        "Model": "defects",
        "LeaseId": "schedule/office",
        "LeaseMinutes": (10 + hours_ahead) * 60 + 10 + 15,  # it may run as soon as the tick comes
        "ReadyAt": "2026-11-23T07:00:00.000Z",
        "Context": {"Schedule": "office", "ScheduledTime": scheduled.replace("Z", ".000Z")},
    }


def test_a_ready_tick_that_comes_too_late_for_its_time_starts_at_once_and_later_not_at_all() -> None:
    said = {
        now: tick("ready", "2026-11-23T05:00Z", now, READY, 2).outcome
        for now in ("2026-11-23T07:30Z", "2026-11-23T09:00Z", "2026-11-23T09:01Z")
    }
    assert list(said.values()) == [Ticked.ACTED, Ticked.ACTED, Ticked.TOO_LATE]


def test_a_ready_time_is_left_out_by_its_own_day_not_by_that_of_its_tick() -> None:
    night = replace(READY, ready_by="30 0 * * ? *", stop=None)
    assert tick("ready", "2026-12-24T21:30Z", schedule=night, hours_ahead=2).outcome is Ticked.EXCLUDED_DAY
    assert tick("ready", "2026-12-25T21:30Z", schedule=night, hours_ahead=2).outcome is Ticked.ACTED


def test_a_ready_tick_at_which_nobody_asks_for_the_model_does_nothing() -> None:
    """Those of the evening before come every day."""
    sunday = replace(READY, ready_by="30 0 ? * SUN *", stop=None)
    assert tick("ready", "2026-11-21T21:30Z", schedule=sunday, hours_ahead=2).outcome is Ticked.ACTED
    decided = tick("ready", "2026-11-22T21:30Z", schedule=sunday, hours_ahead=2)
    assert decided == Decided(Ticked.NOT_DUE, "Nobody asks for the model by 2026-11-23 00:30 (Europe/Berlin).")


@pytest.mark.parametrize(
    ("ready_by", "scheduled", "hours_ahead", "ready"),
    [
        # Clocks were put from 02:00 to 03:00: there was no 02:30, the time of the other tick.
        ("30 3 * * ? *", "2027-03-28T00:30Z", 2, "20270328T0130Z"),
        ("0 4 * * ? *", "2027-03-28T01:00Z", 1, "20270328T0200Z"),
        # 02:30 itself was left out.
        ("30 2 * * ? *", "2027-03-27T23:30Z", 2, None),
        # They are put back from 03:00 to 02:00: a time that comes twice is the first, and ticks have an hour more.
        ("30 2 * * ? *", "2026-10-24T23:30Z", 1, "20261025T0030Z"),
        ("30 3 * * ? *", "2026-10-24T23:30Z", 2, "20261025T0230Z"),
        ("30 3 * * ? *", "2026-10-25T00:30Z", 1, "20261025T0230Z"),
    ],
)
def test_on_days_when_clocks_change_the_time_to_be_ready_by_is_the_one_on_the_wall(
    ready_by: str, scheduled: str, hours_ahead: int, ready: str | None
) -> None:
    schedule = Schedule("defects", "Europe/Berlin", ready_by=ready_by)
    decided = tick("ready", scheduled, schedule=schedule, hours_ahead=hours_ahead)
    assert decided.execution_name == (f"office-ready-{ready}" if ready else None)
    assert (decided.outcome is Ticked.NOT_DUE) == (ready is None)


# --- Stops ------------------------------------------------------------------------------------------------------------


def test_a_stop_releases_the_schedules_own_lease() -> None:
    assert tick("stop", "2026-11-23T17:00:00Z") == Decided(
        Ticked.ACTED,
        "defects is released by office, stop 2026-11-23 18:00 (Europe/Berlin).",
        Machine.STOP_MODEL,
        "office-stop-20261123T1700Z",
        {
            "Model": "defects",
            "LeaseId": "schedule/office",
            "Context": {"Schedule": "office", "ScheduledTime": "2026-11-23T17:00:00.000Z"},
        },
    )


def test_a_stop_is_late_only_when_the_next_start_has_come() -> None:
    """Late means hours that are paid for; but it must not take the next day's lease."""
    assert tick("stop", "2026-11-23T17:00Z", "2026-11-24T06:29Z").outcome is Ticked.ACTED
    decided = tick("stop", "2026-11-23T17:00Z", "2026-11-24T06:30Z")
    assert decided.outcome is Ticked.NEWER_START
    assert "the start of 2026-11-24 07:30 (Europe/Berlin) may hold the lease by now" in decided.reason


def test_a_start_that_was_left_out_takes_no_lease_that_a_late_stop_could_release() -> None:
    """The 25th is excluded, and a Friday."""
    assert tick("stop", "2026-12-24T17:00Z", "2026-12-25T12:00Z").outcome is Ticked.ACTED
    assert tick("stop", "2026-12-24T17:00Z", "2026-12-28T06:30Z").outcome is Ticked.NEWER_START


def test_the_ticks_of_a_ready_time_may_hold_the_lease_before_it() -> None:
    assert tick("stop", "2026-11-23T17:00Z", "2026-11-24T04:59Z", READY).outcome is Ticked.ACTED
    assert tick("stop", "2026-11-23T17:00Z", "2026-11-24T05:00Z", READY).outcome is Ticked.NEWER_START


@pytest.mark.parametrize(
    ("scheduled", "schedule", "reason"),
    [
        (
            "2026-12-25T17:00Z",
            OFFICE,
            "Its start, 2026-12-25 07:30 (Europe/Berlin), was left out: 2026-12-25 is one of its exclude_dates.",
        ),
        ("2026-11-01T17:00Z", replace(OFFICE, stop="0 18 * * ? *"), "There was no start since the stop before."),
        (
            "2026-10-30T17:00Z",
            OFFICE,
            "Its start, 2026-10-30 07:30 (Europe/Berlin), was left out: 2026-10-30 is before its start_date, "
            "2026-11-02.",
        ),
    ],
)
def test_a_stop_without_a_start_notifies_nobody_of_a_lease_that_there_never_was(
    scheduled: str, schedule: Schedule, reason: str
) -> None:
    assert tick("stop", scheduled, schedule=schedule) == Decided(Ticked.NOTHING_TO_STOP, reason)


def test_the_stop_after_the_last_day_still_comes() -> None:
    overnight = replace(OFFICE, start="0 22 * * ? *", stop="0 6 * * ? *")
    assert tick("stop", "2027-04-01T04:00Z", schedule=overnight).outcome is Ticked.ACTED
    assert tick("stop", "2027-04-02T04:00Z", schedule=overnight).outcome is Ticked.NOTHING_TO_STOP


def test_where_a_stop_and_the_next_start_meet_the_start_wins() -> None:
    shifts = replace(OFFICE, start="0 6,18 * * ? *", stop="0 6,18 * * ? *")
    assert tick("start", "2026-11-23T17:00Z", schedule=shifts).payload["LeaseMinutes"] == 12 * 60 + 25
    assert tick("stop", "2026-11-23T17:00Z", schedule=shifts).outcome is Ticked.NEWER_START


def test_a_stop_by_hand_at_the_time_of_a_start_takes_no_lease_from_it_and_waits_for_no_other() -> None:
    assert tick("stop", "2026-11-23T06:30Z").outcome is Ticked.NEWER_START
    assert two(LATE, "2026-11-23T16:55Z").reason.endswith("stop 2026-11-23 17:55 (Europe/Berlin).")


def test_the_first_stop_of_all_ends_the_starts_before_it() -> None:
    once = replace(OFFICE, start="30 7 23 11 ? 2026", stop="0 18 23 11 ? 2026")
    assert tick("stop", "2026-11-23T17:00Z", schedule=once).outcome is Ticked.ACTED


def test_what_is_fired_by_hand_at_another_time_means_what_it_says() -> None:
    assert tick("start", "2026-11-22T20:00Z").payload["LeaseMinutes"] == 21 * 60 + 25
    assert tick("stop", "2026-11-22T20:10Z").execution_name == "office-stop-20261122T2010Z"


# --- Windows that meet ------------------------------------------------------------------------------------------------


def two(late: Schedule, scheduled: str, act: str = "stop") -> Decided:
    """What a tick of office hours decides where another schedule of the model follows."""
    configuration = Configuration({"defects": Model(ARN)}, schedules={"office": OFFICE, "late": late})
    return decide(
        Tick.read({"Schedule": "office", "Action": act, "ScheduledTime": scheduled}, configuration),
        at(scheduled),
        configuration,
    )


LATE = replace(OFFICE, start="20 18 ? * MON-FRI *", stop="0 22 ? * MON-FRI *")


def test_a_lease_lasts_until_the_start_that_its_stop_hands_over_to() -> None:
    """And a while longer, so that nobody is warned of its end while it waits to be taken over."""
    assert two(LATE, "2026-11-23T06:30Z", "start").payload["LeaseMinutes"] == 10 * 60 + 50 + 15 + 15


@pytest.mark.parametrize(
    ("late", "followed"),
    [
        (LATE, ("schedule/late",)),
        (replace(LATE, start="0 18 ? * MON-FRI *"), ("schedule/late",)),
        (replace(LATE, start="0 17 ? * MON-FRI *", time_zone="UTC"), ("schedule/late",)),
        (replace(LATE, start=None, ready_by="0 19 ? * MON-FRI *"), ("schedule/late",)),
        (replace(LATE, start="31 18 ? * MON-FRI *"), ()),
        (replace(LATE, exclude_dates=("2026-11-23",)), ()),
        (replace(LATE, enabled=False), ()),
        (replace(LATE, model="welds"), ()),
    ],
)
def test_a_stop_hands_over_to_what_starts_the_model_within_the_time_of_a_start(
    late: Schedule, followed: tuple[str, ...]
) -> None:
    configuration = Configuration({"defects": Model(ARN)}, schedules={"office": OFFICE, "late": late})
    handed = handed_over("schedule/office", "by-hand", at("2026-11-23T17:00:03Z"), configuration)
    assert (handed[0] if handed else ()) == followed
    assert ("once late" in two(late, "2026-11-23T17:00Z").reason) == bool(followed)


def test_who_releases_another_lease_or_at_another_time_waits_for_nobody() -> None:
    configuration = Configuration({"defects": Model(ARN)}, schedules={"office": OFFICE, "late": LATE})
    at_its_stop = at("2026-11-23T17:00Z")
    assert [handed_over(lease, "by-hand", at_its_stop, configuration) for lease in (None, "office", "schedule/x")] == [
        None
    ] * 3
    for moment in ("2026-11-23T16:59Z", "2026-11-23T17:30Z"):
        assert handed_over("schedule/office", "by-hand", at(moment), configuration) is None


def test_a_tick_waits_for_the_start_after_its_own_stop_also_where_it_is_fired_ahead_of_time() -> None:
    configuration = Configuration({"defects": Model(ARN)}, schedules={"office": OFFICE, "late": LATE})
    name = tick_name("office", "stop", "defects", at("2026-11-23T17:00Z"))
    for now, until in (
        ("2026-11-23T17:05Z", "2026-11-23T17:30Z"),
        ("2026-11-20T09:00Z", "2026-11-20T09:30Z"),
    ):
        assert handed_over("schedule/office", name, at(now), configuration) == (("schedule/late",), at(until))
    assert handed_over("schedule/office", name, at("2026-11-23T17:40Z"), configuration) is None
    assert handed_over("schedule/office", f"{name[:-1]}x", at("2026-11-20T09:00Z"), configuration) is None


def test_windows_meet_as_well_on_the_day_on_which_clocks_change() -> None:
    night = Schedule("defects", "Europe/Berlin", start="0 22 * * ? *", stop="0 3 * * ? *")
    morning = replace(night, start="0 3 * * ? *", stop="0 8 * * ? *")
    configuration = Configuration({"defects": Model(ARN)}, schedules={"night": night, "morning": morning})
    for moment in ("2027-03-28T01:00Z", "2027-03-29T01:00Z", "2026-10-25T02:00Z"):
        assert handed_over("schedule/night", "by-hand", at(moment), configuration)


# --- Delivery ---------------------------------------------------------------------------------------------------------


def test_a_tick_that_is_delivered_twice_acts_once() -> None:
    executions, configuration = Executions(), configured(READY)
    said = []
    for hours_ahead, now in ((2, "2026-11-23T05:00:00Z"), (1, "2026-11-23T06:00:00Z"), (1, "2026-11-23T06:00:09Z")):
        one = Tick("office", Act.READY, at("2026-11-23T07:00Z") - timedelta(hours=hours_ahead), hours_ahead)
        said.append(run(one, at(now), configuration, executions, MACHINES))
    ((machine, name),) = executions.started
    assert (machine, name.rpartition("-")[0]) == ("start", "office-ready-20261123T0700Z")
    assert [one.outcome for one in said] == [Ticked.ACTED, Ticked.REPEATED, Ticked.REPEATED]
    assert said[-1].reason == f"{name} has been started already."


def test_a_tick_whose_name_is_taken_by_an_execution_about_something_else_is_an_error() -> None:
    """Somebody has started it by hand under that name: the model would not run, and nobody would know."""
    executions, configuration = Executions(), configured(OFFICE)
    one = Tick("office", Act.START, at("2026-11-23T06:30Z"))
    run(one, at("2026-11-23T06:30Z"), configuration, executions, MACHINES)
    ((machine, name),) = executions.started
    executions.started[machine, name] = {"Model": "welds"}
    with pytest.raises(ServiceUnavailable, match="is there already, and is about something else"):
        run(one, at("2026-11-23T06:30Z"), configuration, executions, MACHINES)


def test_what_is_started_is_what_was_decided_by_a_name_of_its_schedule_and_model() -> None:
    executions, one = Executions(), Tick("office", Act.START, at("2026-11-23T06:30Z"))
    decided = run(one, one.scheduled_time, configured(OFFICE), executions, MACHINES)
    name = tick_name("office", "start", "defects", at("2026-11-23T06:30Z"))
    assert executions.started == {("start", name): decided.payload}


def test_a_second_delivery_that_is_late_is_about_the_same() -> None:
    """Its lease would be shorter: it is counted from then."""
    executions, configuration = Executions(), configured(OFFICE)
    one = Tick("office", Act.START, at("2026-11-23T06:30Z"))
    said = [
        run(one, at(now), configuration, executions, MACHINES) for now in ("2026-11-23T06:30Z", "2026-11-23T07:30Z")
    ]
    assert [decided.outcome for decided in said] == [Ticked.ACTED, Ticked.REPEATED]


@pytest.mark.parametrize("schedule", [OFFICE, READY], ids=["start", "ready_by"])
def test_a_stop_whose_start_never_came_does_nothing(schedule: Schedule) -> None:
    """There is no lease to release, and nobody is to be warned that there is none."""
    executions, configuration = Executions(), configured(schedule)
    stop = Tick("office", Act.STOP, at("2026-11-23T17:00Z"))
    decided = run(stop, stop.scheduled_time, configuration, executions, MACHINES)
    assert (decided.outcome, executions.started) == (Ticked.NOTHING_TO_STOP, {})
    assert decided.reason == "No start of office has come since the stop before."
    assert (decided.machine, decided.execution_name, decided.payload) == (None, None, None)


@pytest.mark.parametrize(
    ("schedule", "start"),
    [(OFFICE, ("start", "2026-11-23T06:30Z", 0)), (READY, ("ready", "2026-11-23T05:00Z", 2))],
    ids=["start", "ready_by"],
)
def test_a_stop_whose_start_came_acts_once(schedule: Schedule, start: tuple[str, str, int]) -> None:
    executions, configuration = Executions(), configured(schedule)
    action, when, ahead = start
    run(Tick("office", Act(action), at(when), ahead), at(when), configuration, executions, MACHINES)
    stop = Tick("office", Act.STOP, at("2026-11-23T17:00Z"))
    said = [run(stop, stop.scheduled_time, configuration, executions, MACHINES).outcome for _ in range(2)]
    assert said == [Ticked.ACTED, Ticked.REPEATED]


def test_a_start_of_the_window_before_is_none_of_this_one() -> None:
    executions, configuration = Executions(), configured(OFFICE)
    monday = Tick("office", Act.START, at("2026-11-23T06:30Z"))
    run(monday, monday.scheduled_time, configuration, executions, MACHINES)
    tuesday = Tick("office", Act.STOP, at("2026-11-24T17:00Z"))
    said = run(tuesday, tuesday.scheduled_time, configuration, executions, MACHINES)
    assert said.outcome is Ticked.NOTHING_TO_STOP


def test_a_stop_that_is_in_no_calendar_means_what_it_says() -> None:
    """Somebody has fired it by hand, or the stack of a moment ago."""
    stop = Tick("office", Act.STOP, at("2026-11-23T12:34Z"))
    assert run(stop, stop.scheduled_time, configured(OFFICE), Executions(), MACHINES).outcome is Ticked.ACTED


def test_what_is_left_out_starts_nothing() -> None:
    executions = Executions()
    one = Tick("office", Act.START, at("2026-12-25T06:30Z"))
    assert run(one, one.scheduled_time, configured(OFFICE), executions, MACHINES).outcome is Ticked.EXCLUDED_DAY
    assert executions.started == {}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Schedule": "offcie"}, "there is no 'offcie'; configured are: office"),
        ({"Action": "begin"}, "one of start, ready, stop"),
        ({"Action": ["start"]}, "one of start, ready, stop"),
        ({"Action": 5}, "one of start, ready, stop"),
        ({"ScheduledTime": "2026-11-23T06:30:00"}, "has no UTC offset"),
        ({"ScheduledTime": 5}, "A tick needs"),
    ],
)
def test_an_input_that_is_no_tick_is_refused(change: dict[str, Any], complaint: str) -> None:
    given = {"Schedule": "office", "Action": "start", "ScheduledTime": "2026-11-23T06:30:00Z", **change}
    with pytest.raises(InvalidRequest) as refused:
        Tick.read(given, configured(OFFICE))
    assert complaint in refused.value.message


def test_an_input_without_its_fields_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="A tick needs"):
        Tick.read({"Schedule": "office"}, configured(OFFICE))


def refused(**change: Any) -> InvalidRequest:
    given = {"Schedule": "office", "Action": "start", "ScheduledTime": "2026-11-23T06:30:00Z", **change}
    with pytest.raises(InvalidRequest) as wrong:
        Tick.read(given, configured(OFFICE))
    return wrong.value


def test_who_sends_no_tick_reads_what_one_is_and_to_leave_it_to_the_stack() -> None:
    wrong = refused(Action="begin\x1b")
    assert wrong.message == (
        "A tick needs Schedule, Action (one of start, ready, stop) and ScheduledTime (RFC 3339): "
        r"'begin\\x1b' is not a valid Act"
    )
    assert wrong.cause["Remedy"] == "Leave the schedules to the stack that has made them."


def test_a_tick_of_a_schedule_that_was_taken_out_says_that_this_may_be_meant() -> None:
    wrong = refused(Schedule="mine\x1b")
    assert wrong.message == r"Schedule: there is no 'mine\u001b'; configured are: office"
    assert wrong.cause["Remedy"] == (
        "It was taken out of cdk.json, or renamed: nothing has to be done if that was meant."
    )
    assert refused(Schedule=5).message == "Schedule: there is no '5'; configured are: office"
    assert refused(Schedule=["office"]).message.startswith("Schedule: there is no ")


def test_schedules_are_named_in_order_or_that_there_are_none() -> None:
    given = {"Schedule": "x", "Action": "start", "ScheduledTime": "2026-11-23T06:30:00Z"}
    for schedules, known in (({}, "none"), ({"late": OFFICE, "early": OFFICE}, "early, late")):
        with pytest.raises(InvalidRequest) as wrong:
            Tick.read(given, Configuration({"defects": Model(ARN)}, schedules=schedules))
        assert wrong.value.message == f"Schedule: there is no 'x'; configured are: {known}"


def test_a_tick_is_away_from_where_time_ends_and_comes_at_one_of_its_hours() -> None:
    def read(time: str = "2026-11-23T06:30:00Z", hours_ahead: int = 0) -> Tick:
        given = {"Schedule": "office", "Action": "ready", "ScheduledTime": time, "HoursAhead": hours_ahead}
        return Tick.read(given, configured(OFFICE))

    for time in ("2000-01-01T00:00:00Z", "8999-12-31T23:59:59Z", "1999-12-31T23:00:00-01:00"):
        assert read(time) == Tick("office", Act.READY, at(time))
    assert [read(hours_ahead=hours).hours_ahead for hours in (0, 1, 2)] == [0, 1, 2]
    assert read("2026-11-23T07:30:00+01:00").scheduled_time.tzinfo is UTC
    assert read().action is Act.READY
    for wrong in ("1999-12-31T23:59:59Z", "9000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00"):
        assert refused(ScheduledTime=wrong).message.startswith("A tick needs")
    for hours in (3, -1, "1"):
        assert refused(HoursAhead=hours).message.startswith("A tick needs")


@pytest.mark.parametrize(("last", "outcome"), [(48, Ticked.NOTHING_TO_STOP), (49, Ticked.ACTED), (59, Ticked.ACTED)])
def test_of_more_starts_than_can_be_asked_for_one_is_taken_to_have_come(last: int, outcome: Ticked) -> None:
    """A stop that releases nothing costs less than one that does not come."""
    often = replace(OFFICE, start=f"0-{last} 8 ? * MON-FRI *")
    stop = Tick("office", Act.STOP, at("2026-11-23T17:00Z"))
    executions = Executions()
    assert run(stop, stop.scheduled_time, configured(often), executions, MACHINES).outcome is outcome


def test_any_start_of_its_window_is_one_that_a_stop_ends() -> None:
    twice = replace(OFFICE, start="0 8,12 ? * MON-FRI *")
    executions, configuration = Executions(), configured(twice)
    stop = Tick("office", Act.STOP, at("2026-11-23T17:00Z"))
    for start in ("2026-11-20T07:00Z", "2026-11-23T07:00Z"):
        before = run(stop, stop.scheduled_time, configuration, executions, MACHINES).outcome
        assert before is Ticked.NOTHING_TO_STOP
        run(Tick("office", Act.START, at(start)), at(start), configuration, executions, MACHINES)
    assert run(stop, stop.scheduled_time, configuration, executions, MACHINES).outcome is Ticked.ACTED


def test_a_stop_that_hands_over_says_to_whom_and_when() -> None:
    follow = {"late": LATE, "later": replace(LATE, start="30 18 ? * MON-FRI *")}
    configuration = Configuration({"defects": Model(ARN)}, schedules={"office": OFFICE, **follow})
    stop = Tick("office", Act.STOP, at("2026-11-23T17:00Z"))
    assert decide(stop, stop.scheduled_time, configuration).reason == (
        "defects is released by office, stop 2026-11-23 18:00 (Europe/Berlin), once late (2026-11-23 18:20 "
        "(Europe/Berlin)) or later (2026-11-23 18:30 (Europe/Berlin)) holds it."
    )


def test_a_stop_that_its_own_next_start_follows_says_for_which_start_the_model_is_kept() -> None:
    soon = replace(OFFICE, start="20 8,18 * * ? *", stop="0 18,22 * * ? *")
    assert tick("stop", "2026-11-23T17:00Z", schedule=soon) == Decided(
        Ticked.NEWER_START, "defects is kept for its next start, office (2026-11-23 18:20 (Europe/Berlin))."
    )


def test_a_late_stop_says_whose_lease_it_would_take() -> None:
    late = tick("stop", "2026-11-23T17:00Z", "2026-11-24T06:30Z")
    start = "the start of 2026-11-24 07:30 (Europe/Berlin)"
    assert late.reason == f"It came so late that {start} may hold the lease by now, and would lose it."
