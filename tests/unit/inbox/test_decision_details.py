"""What a tick says, remembers and reports of an inbox, to the word and to the second."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lifecycle.errors import InvalidRequest
from lifecycle.inbox.decision import OVER_BUDGET, At, ReportKind, RunEnd, Seen, decide, drain
from lifecycle.inbox.record import Blocked, Done, InboxRecord, RunState, begun, closed, opened, pause, resume
from lifecycle.shared.wire import from_wire, to_wire
from tests.unit.examples import ARN, NOW
from tests.unit.inbox.test_decision import (
    EARLIER,
    GOES_ON,
    INBOX,
    KNOWN,
    NOTHING,
    at,
    drained,
    in_work,
    running,
    starting,
    the_run,
    ticks,
)

PATIENT = replace(INBOX, start_at_images=100, start_after_minutes=30)
AGED = timedelta(days=10)
FAILED = RunEnd("FAILED", "ModelFailed", '{"Message": "It broke."}')


@pytest.mark.parametrize(
    ("record", "seen", "says"),
    [
        (KNOWN, NOTHING, "Nothing waits."),
        (KNOWN, Seen(None, 0), "How many images wait can't be seen."),
        (KNOWN, Seen(9, 0), "9 of 100 images wait; the model is started at 2026-11-24 07:30 UTC at the latest."),
        (KNOWN, Seen(100, 0), "100 images wait: the model is about to be started."),
        (
            pause(KNOWN, "ann", NOW),
            Seen(9, 0),
            "9 of 100 images wait. Paused by ann, until somebody resumes.",
        ),
        (
            starting(),
            Seen(9, 0, execution=RunEnd("FAILED", "InboxBlocked", '{"Message": "In the words of AWS"}')),
            "9 of 100 images wait. In the words of AWS. The next try is at 2026-11-24 07:05 UTC.",
        ),
        (
            starting(),
            Seen(9, 0, execution=FAILED),
            "9 of 100 images wait. It broke. The next try is at 2026-11-24 07:05 UTC.",
        ),
        (
            KNOWN,
            Seen(200, 0, budget_refuses=True),
            "200 images wait. The month's budget is used up.",
        ),
        (starting(), Seen(9, 0), "The run may not have been started: it is about to be."),
        (starting(), Seen(9, 0, execution=GOES_ON), "The model is being started."),
        (running(), in_work(7), "7 images wait or are in work."),
        (running(), in_work(1), "1 image waits or is in work."),
        (
            running(),
            in_work(0),
            f"Nothing waits or is in work: the model is let go if that stays so for {PATIENT.idle_minutes} minutes.",
        ),
        (running(), in_work(waiting=None), "Images are labelled; how many wait can't be seen."),
        (running(), in_work(model_status="FAILED"), "The model is FAILED."),
        (
            running(),
            in_work(model_status="STOPPED"),
            "The model is about to be let go. Paused by a stop of the model, until somebody resumes.",
        ),
        (pause(KNOWN, "ann", NOW), NOTHING, "Nothing waits. Paused by ann, until somebody resumes."),
        (
            pause(starting(), "ann", NOW),
            Seen(9, 0, execution=GOES_ON),
            "The model is being started. Paused by ann, until somebody resumes.",
        ),
        (
            replace(
                running(), waiting_since=None, empty_since=at(-1), run=replace(the_run(running()), opened_at=EARLIER)
            ),
            drained(),
            "Nothing waits or is in work: the model is about to be let go.",
        ),
        (closed(running(), 4), in_work(), "The model is being let go."),
    ],
)
def test_a_tick_says_why(record: InboxRecord, seen: Seen, says: str) -> None:
    assert decide(record, seen, PATIENT, NOW).reason == says


def test_one_image_that_is_enough_waits() -> None:
    assert decide(KNOWN, Seen(1, 0), INBOX, NOW).reason == "1 image waits: the model is about to be started."


def test_the_opening_says_why() -> None:
    arn = f":{the_run(starting()).name}"
    assert drain(starting(), 4, "T", ARN, arn, NOW).reason == "The model is RUNNING: images are looked at."
    paused = drain(pause(starting(), "ann", NOW), 4, "T", ARN, arn, NOW)
    assert paused.reason == "The inbox was paused while the model started."
    assert paused.record.run
    assert (paused.record.run.execution_arn, paused.record.run.opened_at) == (arn, NOW)


def test_images_are_counted_once_whatever_number_of_ticks_sees_them() -> None:
    first = ticks(running(counted=10), (1, in_work(finished=15, last_result=at(0.5)))).record
    assert the_run(first).done == (Done(at(0.5), 5),)
    second = ticks(
        first, (2, in_work(finished=15, last_result=at(0.5))), (2.4, in_work(finished=18, last_result=at(2)))
    ).record
    assert the_run(second).done == (Done(at(0.5), 5), Done(at(2), 3))
    assert the_run(ticks(second, (2.5, in_work(finished=18))).record).done == (Done(at(2), 3),)


def test_what_is_counted_begins_anew_each_day_and_is_counted_once_then_too() -> None:
    day = 24 * 60.0
    images = in_work(finished=5, last_result=at(day))
    assert the_run(ticks(running(counted=10), (day, images), (day + 1, images)).record).done == (Done(at(day), 5),)


def test_what_was_finished_before_the_run_began_is_none_of_its_own() -> None:
    run = begun(KNOWN, 40, NOW)
    assert run.run
    there = opened(run, 4, "token", ARN, f":{run.run.name}", NOW)
    assert the_run(ticks(there, (1, in_work(finished=40))).record).done == ()


@pytest.mark.parametrize("failure", [None, "It broke."])
def test_only_the_run_that_is_meant_is_closed_and_once(failure: str | None) -> None:
    record = running()
    assert closed(record, 3) == record
    assert closed(KNOWN, 3) == KNOWN
    over = the_run(closed(replace(record, run=replace(the_run(record), done=(Done(NOW, 5),))), 4, failure))
    assert (over.state, over.failure, over.done) == (RunState.CLOSING, failure, ())
    assert closed(closed(record, 4, failure), 4, "another") == closed(record, 4, failure)


def test_two_ticks_fifty_seconds_apart_are_two() -> None:
    record = replace(running(opened_at=EARLIER), waiting_since=None, empty_since=NOW)
    assert decide(record, drained(), INBOX, NOW + timedelta(seconds=49)).record.open_run
    assert not decide(record, drained(), INBOX, NOW + timedelta(seconds=50)).record.open_run


def test_a_refusal_of_the_moment_of_the_last_result_is_older_than_it() -> None:
    assert ticks(running(), (9, in_work(refusal=At(at(2), "denied"), last_result=at(2)))).record.open_run


def test_an_episode_has_one_begin_and_the_last_reason() -> None:
    first = ticks(starting(), (9, Seen(9, 0, execution=RunEnd("FAILED", "E", None)))).record
    assert first.blocked
    assert first.blocked.reason == "The run was ended from outside (E)."
    again = ticks(starting(first), (30, Seen(9, 0, execution=FAILED))).record
    assert again.blocked
    assert (again.blocked.since, again.blocked.reason, again.blocked.attempts) == (at(9), "It broke.", 2)
    refused = ticks(again, (99, Seen(9, 0, budget_refuses=True))).record
    assert refused.blocked
    assert (refused.blocked.since, refused.blocked.reason) == (at(9), "The month's budget is used up.")


def test_after_a_run_that_has_finished_images_the_first_pause_comes_again_in_the_same_episode() -> None:
    before = replace(running(), blocked=Blocked(EARLIER, "denied", 4, NOW))
    none, one = (ticks(before, (1, in_work(finished=count)), (2, Seen(1, 0, execution=FAILED))) for count in (0, 1))
    assert none.record.blocked == Blocked(EARLIER, "It broke.", 5, at(62))
    assert one.record.blocked == Blocked(EARLIER, "It broke.", 1, at(7))
    assert one.reports == ()


def test_a_budget_that_refuses_begins_an_episode_without_an_attempt() -> None:
    refused = ticks(KNOWN, (1, Seen(9, 0, budget_refuses=True))).record
    assert refused.blocked
    assert (refused.blocked.since, refused.blocked.attempts, refused.blocked.next_try) == (at(1), 0, at(1))


def test_where_the_budget_refuses_no_next_try_is_announced() -> None:
    (report,) = ticks(KNOWN, (1, Seen(9, 0, budget_refuses=True))).reports
    assert (report.why, report.next_try) == (OVER_BUDGET, None)


def test_pauses_say_since_when_and_by_what_and_which_stops_they_have_heeded() -> None:
    stopped = ticks(starting(), (9, Seen(9, 0, execution=RunEnd("FAILED", "ModelStopped")))).record
    assert stopped.paused
    assert (stopped.paused.by, stopped.paused.since) == ("a stop of the model while it was started", at(9))
    by_hand = ticks(running(), (1, in_work(model_status="STOPPING"))).record
    assert by_hand.paused
    assert (by_hand.paused.by, by_hand.paused.since) == ("a stop of the model", at(1))
    forced = ticks(KNOWN, (2, Seen(9, 0, stopped=At(at(1), "a stop by force")))).record
    assert forced.paused
    assert (forced.paused.since, forced.heeded) == (at(2), at(1))
    assert pause(KNOWN, "ann", NOW).heeded == NOW
    assert resume(pause(KNOWN, "ann", NOW), at(1)).heeded == at(1)
    assert resume(replace(forced, paused=None), at(3)).heeded == at(1)


def test_a_new_inbox_heeds_stops_from_its_first_tick_on() -> None:
    record = decide(InboxRecord("new"), NOTHING, INBOX, NOW).record
    assert record.heeded == NOW
    assert not ticks(record, (1, Seen(9, 0, stopped=At(NOW, "a stop by force")))).record.paused
    assert ticks(record, (1, Seen(9, 0, stopped=At(at(0.1), "a stop by force")))).record.paused


def test_reports_say_what_where_and_since_when() -> None:
    (blocked,) = ticks(starting(), (9, Seen(9, 0, execution=FAILED))).reports
    assert (blocked.kind, blocked.why, blocked.dead) == ("INBOX_BLOCKED", "It broke.", 0)
    old = replace(pause(KNOWN, "ann", NOW), waiting_since=NOW)
    (aged,) = decide(old, Seen(9, 0), INBOX, NOW + AGED).reports
    assert (aged.kind, aged.key, aged.next_try) == (ReportKind.BLOCKED, "line-1#aged#7", None)
    assert aged.paused
    assert aged.why == "9 images wait. Paused by ann, until somebody resumes."
    (dead,) = decide(KNOWN, Seen(0, 0, dead=3), INBOX, NOW).reports
    assert (dead.kind, dead.key) == ("INBOX_FAILURES", "line-1#dead#7")
    assert dead.why == "3 images could not be labelled in 10 tries."
    assert (dead.next_try, dead.paused) == (None, False)
    (one,) = decide(KNOWN, Seen(0, 0, dead=1), INBOX, NOW).reports
    assert one.why == "1 image could not be labelled in 10 tries."


def test_ten_days_count_anew_once_nothing_waited() -> None:
    old = replace(pause(KNOWN, "ann", NOW), waiting_since=NOW)
    days = AGED / timedelta(minutes=1)
    assert (
        len(
            ticks(
                old, (days, Seen(9, 0)), (days + 1, NOTHING), (days + 2, Seen(9, 0)), (2 * days + 2, Seen(9, 0))
            ).reports
        )
        == 1
    )


def test_a_run_that_is_none_of_the_inboxes_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidRequest) as refused:
        opened(KNOWN, 3, "token", ARN, "arn", NOW)
    remedy = "Nothing was done. DrainInbox is started by the inbox alone, as soon as images wait."
    assert refused.value.cause["Remedy"] == remedy


def test_a_record_has_no_more_than_it_needs() -> None:
    """What a table has of an inbox that nobody has seen yet, and of one whose first run begins."""
    new = {"Name": "line-1", "Revision": 0, "Number": 0, "Aged": False, "Dead": 0}
    run = {
        "Number": 1,
        "Name": "inbox-line-1-1-20261124T0700Z",
        "Since": "2026-11-24T07:00:00.000Z",
        "State": "STARTING",
        "Counted": 9,
        "CountedOn": "2026-11-24",
        "Done": [],
    }
    assert to_wire(InboxRecord("line-1")) == new
    assert to_wire(begun(InboxRecord("line-1"), 9, NOW)) == {**new, "Number": 1, "Run": run}


@pytest.mark.parametrize("state", ["STARTING", "OPEN", "CLOSING"])
def test_a_state_is_written_by_its_name(state: str) -> None:
    wire = {**to_wire(running()), "Run": {**to_wire(running())["Run"], "State": state}}
    assert the_run(from_wire(InboxRecord, wire)).state == state


def test_a_record_is_read_as_it_was_written_also_what_a_newer_version_has_added() -> None:
    record = replace(ticks(running(), (1, in_work(finished=2, dead=1))).record, paused=pause(KNOWN, "ann", NOW).paused)
    wire = to_wire(record)
    assert from_wire(InboxRecord, wire) == record
    assert wire["Run"]["State"] == "OPEN"
    assert to_wire(from_wire(InboxRecord, {**wire, "Newer": 1}))["Newer"] == 1
