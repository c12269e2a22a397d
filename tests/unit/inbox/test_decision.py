"""What a tick makes of an inbox, state by state."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lifecycle.configuration import Inbox
from lifecycle.errors import ModelFailed
from lifecycle.inbox.decision import (
    AGED,
    At,
    Decided,
    DisableMapping,
    EnableMapping,
    EndRun,
    FailRun,
    Heartbeat,
    ReportKind,
    RunEnd,
    Seen,
    StartRun,
    decide,
    drain,
)
from lifecycle.inbox.record import Blocked, InboxRecord, Run, RunState, begun, closed, opened, pause, resume
from tests.unit.examples import ARN, NOW

INBOX = Inbox("defects", "s3://factory/inbox/", "s3://factory/labels/")
EARLIER = NOW - timedelta(hours=1)
KNOWN = InboxRecord("line-1", revision=7, number=3, heeded=EARLIER)
"""Nothing goes on in it."""
NOTHING = Seen(0, 0)
GOES_ON = RunEnd("RUNNING")


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def starting(record: InboxRecord = KNOWN) -> InboxRecord:
    return begun(replace(record, waiting_since=NOW), 0, NOW)


def running(record: InboxRecord = KNOWN, **run: object) -> InboxRecord:
    """Its model has been RUNNING for the inbox since ``NOW``."""
    begun_ = starting(record)
    assert begun_.run
    there = opened(begun_, begun_.number, "token", ARN, f"arn:execution:{begun_.run.name}", NOW)
    assert there.run
    return replace(there, run=replace(there.run, **run))  # type: ignore[arg-type] # whatever the test names


def in_work(images: int = 5, **seen: object) -> Seen:
    return replace(
        Seen(images, 0, mapping="Enabled", execution=GOES_ON, model_status="RUNNING"),
        **seen,  # type: ignore[arg-type] # whatever the test names
    )


def drained(**seen: object) -> Seen:
    return in_work(0, **seen)


def ticks(record: InboxRecord, *those: tuple[float, Seen], inbox: Inbox = INBOX) -> Decided:
    """What the last of these ticks leads to, at so many minutes."""
    for minutes, seen in those:
        decided = decide(record, seen, inbox, at(minutes))
        record = decided.record
    return decided


def the_run(record: InboxRecord) -> Run:
    assert record.run
    return record.run


# --- no run


def test_where_nothing_waits_nothing_is_done_nor_written() -> None:
    resting = decide(KNOWN, NOTHING, INBOX, NOW).record
    assert decide(resting, NOTHING, INBOX, at(1)) == Decided(resting, (), "Nothing waits.")


def test_an_image_that_waits_starts_the_model_under_the_next_number() -> None:
    decided = decide(KNOWN, Seen(1, 0, finished=40), INBOX, NOW)
    run = the_run(decided.record)
    assert decided.acts == (StartRun(4, run.name),)
    assert (run.number, run.state, run.counted) == (4, RunState.STARTING, 40)
    assert decided.record.number == 4
    assert run.name == f"inbox-line-1-4-{NOW:%Y%m%dT%H%MZ}"


def test_images_that_come_back_to_the_queue_wait_as_well() -> None:
    assert decide(KNOWN, Seen(0, 1), INBOX, NOW).record.run


def test_fewer_than_start_at_images_wait_for_others_until_start_after_minutes() -> None:
    inbox = replace(INBOX, start_at_images=100, start_after_minutes=30)
    first = decide(KNOWN, Seen(99, 0), inbox, NOW)
    assert (first.acts, first.record.waiting_since) == ((), NOW)
    assert ticks(KNOWN, (0, Seen(1, 0)), (29, Seen(99, 0)), inbox=inbox).acts == ()
    assert ticks(KNOWN, (0, Seen(1, 0)), (30, Seen(1, 0)), inbox=inbox).record.run
    assert ticks(KNOWN, (0, Seen(100, 0)), inbox=inbox).record.run


def test_how_long_they_wait_counts_anew_once_none_did() -> None:
    inbox = replace(INBOX, start_at_images=100, start_after_minutes=30)
    seen = ticks(KNOWN, (0, Seen(1, 0)), (10, NOTHING), (20, Seen(1, 0)), (49, Seen(1, 0)), inbox=inbox)
    assert seen.record.waiting_since == at(20)
    assert seen.record.run is None


def test_a_model_that_runs_anyway_is_used_for_the_first_image_even_beyond_the_budget() -> None:
    inbox = replace(INBOX, start_at_images=100)
    assert decide(KNOWN, Seen(1, 0, runs_anyway=True, budget_refuses=True), inbox, NOW).record.run


def test_nothing_is_started_for_images_that_cannot_be_counted() -> None:
    for seen in (Seen(None, 0), Seen(5, None)):
        assert ticks(KNOWN, (0, seen), (90, seen)).record.run is None


def test_a_mapping_without_a_run_is_switched_off() -> None:
    for mapping in ("Enabled", "Enabling", "Updating", None):
        assert decide(KNOWN, Seen(0, 0, mapping=mapping), INBOX, NOW).acts == (DisableMapping(),)
    assert decide(KNOWN, Seen(0, 0, mapping="Disabling"), INBOX, NOW).acts == ()


# --- the model is being started


def test_while_the_model_starts_its_run_is_left_alone() -> None:
    record = starting()
    assert ticks(record, (1, Seen(9, 0, execution=GOES_ON))).acts == ()
    assert ticks(record, (1, Seen(9, 0, execution=GOES_ON))).record == record


def test_a_run_that_was_written_but_not_started_is_started_by_the_next_tick_under_its_name() -> None:
    record = starting()
    assert ticks(record, (1, Seen(9, 0))).acts == (StartRun(4, the_run(record).name),)


def test_a_run_whose_start_failed_blocks_and_says_why() -> None:
    cause = str(ModelFailed("defects could not be started: the service is out of order."))
    decided = ticks(starting(), (9, Seen(9, 0, execution=RunEnd("FAILED", "ModelFailed", cause))))
    assert decided.record.run is None
    assert decided.record.blocked
    assert decided.record.blocked.reason == "defects could not be started: the service is out of order."
    assert decided.record.blocked.next_try == at(14)


def test_a_start_that_somebody_stopped_pauses_the_inbox() -> None:
    ended = Seen(9, 0, execution=RunEnd("FAILED", "ModelStopped", "{}"))
    decided = ticks(starting(), (9, ended), (99, Seen(9, 0)))
    assert decided.record.paused
    assert decided.record.run is None


# --- images are looked at


def test_a_running_model_opens_the_run_and_lets_workers_receive_images_at_once() -> None:
    record = starting()
    decided = drain(record, 4, "token", ARN, f"arn:execution:{the_run(record).name}", at(12))
    assert decided.acts == (EnableMapping(),)
    run = decided.record.open_run
    assert run
    assert (run.token, run.project_version_arn, run.opened_at) == ("token", ARN, at(12))


def test_a_task_that_is_repeated_counts_with_its_new_token() -> None:
    record = running()
    again = drain(record, 4, "another", ARN, f"arn:execution:{the_run(record).name}", at(1)).record
    assert (the_run(again).token, the_run(again).opened_at) == ("another", NOW)


@pytest.mark.parametrize(
    ("record", "number", "name"),
    [
        (KNOWN, 3, "inbox-line-1-3"),
        (starting(), 3, the_run(starting()).name),
        (starting(), 4, "started-by-hand"),
        (closed(running(), 4), 4, the_run(running()).name),
    ],
    ids=["no run", "an earlier run", "by hand", "closed"],
)
def test_drain_inbox_is_refused_for_any_run_but_the_one_that_is_begun(
    record: InboxRecord, number: int, name: str
) -> None:
    with pytest.raises(Exception, match="has not begun this run"):
        drain(record, number, "token", ARN, f"arn:execution:{name}", NOW)


def test_an_inbox_that_was_paused_while_its_model_started_lets_go_at_once() -> None:
    record = pause(starting(), "ann", at(1))
    decided = drain(record, 4, "token", ARN, f"arn:execution:{the_run(record).name}", at(12))
    assert decided.acts == (EndRun("token"),)
    assert decided.record.open_run is None


def test_an_open_run_is_kept_alive_by_every_tick() -> None:
    assert ticks(running(), (1, in_work())).acts == (Heartbeat("token"),)


def test_the_mapping_of_an_open_run_is_switched_on_again_whoever_has_switched_it_off() -> None:
    for mapping in ("Disabled", "Disabling", "Updating", None):
        assert ticks(running(), (1, in_work(mapping=mapping))).acts == (EnableMapping(), Heartbeat("token"))
    assert ticks(running(), (1, in_work(mapping="Enabling"))).acts == (Heartbeat("token"),)


def test_the_model_is_let_go_in_this_order_once_two_ticks_found_nothing() -> None:
    done = drained(finished=5, last_result=at(0.5))
    assert ticks(running(), (1, in_work()), (2, done)).record.open_run
    decided = ticks(running(), (1, in_work()), (2, done), (3, done))
    assert decided.acts == (DisableMapping(), EndRun("token"))
    assert the_run(decided.record).state is RunState.CLOSING


def test_a_tick_that_comes_twice_is_one() -> None:
    done = drained(last_result=at(0.5))
    assert ticks(running(), (1, in_work()), (4, done), (4.1, done), (4.2, done)).record.open_run


def test_a_tick_that_finds_one_image_keeps_the_model() -> None:
    done = drained(last_result=at(0.5))
    assert ticks(running(), (3, done), (4, in_work(1)), (5, done), (5.5, done)).record.open_run
    assert not ticks(running(), (3, done), (4, in_work(1)), (5, done), (6, done)).record.open_run


def test_the_model_is_kept_for_idle_minutes_after_the_last_image() -> None:
    inbox = replace(INBOX, idle_minutes=10)
    last = drained(finished=1, last_result=at(5.5))
    seen: list[tuple[float, Seen]] = [(5, in_work(1)), *((minute, last) for minute in range(6, 16))]
    assert ticks(running(), *seen, inbox=inbox).record.open_run
    assert not ticks(running(), *seen, (16, last), inbox=inbox).record.open_run


def test_images_of_before_midnight_count_after_it_too() -> None:
    late = replace(running(), run=replace(the_run(running()), counted_on="2020-01-01", counted=70))
    assert ticks(late, (1, drained(finished=1, last_result=at(0.9)))).record.open_run
    assert [one.images for one in the_run(ticks(late, (1, drained(finished=1))).record).done] == [1]


def test_a_model_that_starts_for_many_images_is_not_kept_for_few() -> None:
    inbox = replace(INBOX, start_at_images=100)
    few, many = drained(finished=99, last_result=at(2.9)), drained(finished=100, last_result=at(2.9))
    empty = replace(running(), empty_since=at(1), waiting_since=None)
    assert not ticks(empty, (3, few), inbox=inbox).record.open_run
    assert ticks(empty, (3, many), inbox=inbox).record.open_run


def test_a_run_that_has_just_been_opened_has_idle_minutes_to_begin() -> None:
    empty = replace(running(), empty_since=at(-9), waiting_since=None)
    assert ticks(empty, (1.9, drained())).record.open_run
    assert not ticks(empty, (2, drained())).record.open_run


def test_the_model_is_not_let_go_while_images_cannot_be_counted_nor_kept_for_ever() -> None:
    blind = in_work(waiting=None)
    assert ticks(running(), *((minute, blind) for minute in range(1, 15))).record.open_run
    assert ticks(running(), *((minute, blind) for minute in range(1, 16))).record.open_run is None


def test_where_none_is_finished_for_15_minutes_the_run_ends_as_blocked() -> None:
    stuck = in_work(last_result=at(3))
    assert ticks(running(), (17.9, stuck)).record.open_run
    decided = ticks(running(), (18, stuck))
    why = "No image was finished for 15 minutes."
    assert decided.acts == (DisableMapping(), FailRun("token", "InboxBlocked", why))


def test_images_that_came_lately_have_15_minutes_too() -> None:
    inbox, stuck = replace(INBOX, idle_minutes=60), in_work(1)
    assert ticks(running(), (1, drained()), (20, stuck), (34, stuck), inbox=inbox).record.open_run
    assert ticks(running(), (1, drained()), (20, stuck), (35, stuck), inbox=inbox).record.open_run is None


def test_images_that_cannot_be_looked_at_end_the_run_soon_with_the_workers_reason() -> None:
    denied = in_work(refusal=At(at(2), "The results bucket refuses."))
    assert ticks(running(), (2.9, denied)).record.open_run
    assert FailRun("token", "InboxBlocked", "The results bucket refuses.") in ticks(running(), (3, denied)).acts


def test_what_was_refused_before_somebody_resumed_has_been_mended() -> None:
    blocked = replace(running(), blocked=Blocked(NOW, "The results bucket refuses.", 1, NOW))
    denied = in_work(refusal=At(at(2), "The results bucket refuses."))
    assert ticks(resume(blocked, at(2.5)), (3, denied)).record.open_run
    again = in_work(refusal=At(at(4), "The results bucket refuses."))
    assert ticks(resume(blocked, at(2.5)), (5.5, again)).record.open_run is None


def test_one_image_that_is_refused_among_others_that_are_finished_does_not() -> None:
    one = in_work(refusal=At(at(2), "not allowed to read a.png"), last_result=at(2.5))
    assert ticks(running(), (5.4, one)).record.open_run


def test_a_model_that_failed_ends_the_run_as_blocked() -> None:
    decided = ticks(running(), (1, in_work(model_status="FAILED")))
    assert FailRun("token", "InboxBlocked", "The model is FAILED.") in decided.acts


def test_the_status_of_a_model_that_cannot_be_seen_changes_nothing() -> None:
    assert ticks(running(), (1, in_work(model_status=None))).record.open_run


BEGUN_BY_OTHERS = in_work(model_status="STARTING", lease_held=False)


@pytest.mark.parametrize("status", ["STOPPING", "STOPPED"])
def test_a_stop_by_hand_pauses_the_inbox_until_somebody_resumes(status: str) -> None:
    decided = ticks(running(), (1, in_work(model_status=status)))
    assert decided.acts == (DisableMapping(), EndRun("token"))
    later = ticks(decided.record, (2, Seen(9, 0, execution=RunEnd("SUCCEEDED"))), (90, Seen(9, 0)))
    assert (later.record.run, later.record.blocked) == (None, None)
    assert ticks(resume(later.record, at(91)), (92, Seen(9, 0))).record.run


def test_a_lease_that_was_released_by_hand_pauses_the_inbox_as_well() -> None:
    assert ticks(running(), (1, in_work(lease_held=False))).record.paused
    assert not ticks(closed(running(), 4), (1, in_work(lease_held=False))).record.paused


def test_a_lease_that_ended_while_the_model_was_down_is_no_release_also_if_others_start_it_again() -> None:
    """Of a model that is down the sweep ends all leases."""
    (act,) = (one for one in ticks(running(), (1, BEGUN_BY_OTHERS)).acts if isinstance(one, FailRun))
    assert act.cause == "The model is STARTING."
    assert not ticks(running(), (1, BEGUN_BY_OTHERS)).record.paused


def test_a_run_that_was_aborted_is_over_and_blocks() -> None:
    decided = ticks(running(), (1, in_work(execution=RunEnd("ABORTED"))))
    assert decided.acts == (DisableMapping(),)
    assert decided.record.run is None
    assert decided.record.blocked
    assert decided.record.blocked.reason == "The run was ended from outside (ABORTED)."


def test_an_open_run_is_over_where_step_functions_does_not_know_it_after_five_minutes() -> None:
    assert ticks(running(), (5, in_work(execution=None))).record.run
    assert ticks(running(), (5.1, in_work(0, execution=None))).record.run is None


# --- the model is let go


def test_letting_go_is_repeated_until_the_run_has_ended() -> None:
    record = closed(running(), 4)
    assert ticks(record, (1, drained())).acts == (DisableMapping(), EndRun("token"))
    assert ticks(record, (1, drained(mapping="Disabled"))).acts == (EndRun("token"),)
    assert ticks(record, (1, drained(mapping="Disabled", execution=RunEnd("SUCCEEDED")))).record.run is None


def test_images_that_came_meanwhile_start_the_next_run_only_once_the_last_has_ended() -> None:
    record = closed(running(), 4)
    assert the_run(ticks(record, (1, in_work())).record).number == 4
    decided = ticks(record, (1, Seen(9, 0, execution=RunEnd("SUCCEEDED"))))
    assert the_run(decided.record).number == 5


def test_a_run_that_was_closed_before_it_was_opened_has_no_task_to_end() -> None:
    record = closed(starting(), 4, "Its function failed.")
    assert ticks(record, (1, in_work(mapping="Disabled"))).acts == ()
    decided = ticks(record, (1, Seen(9, 0, execution=RunEnd("FAILED"))))
    assert decided.record.blocked
    assert decided.record.blocked.reason == "Its function failed."


# --- blocked


def blocked_again(times: int) -> InboxRecord:
    record = KNOWN
    for _ in range(times):
        record = decide(
            replace(starting(record), heeded=NOW), Seen(9, 0, execution=RunEnd("FAILED")), INBOX, NOW
        ).record
    return record


@pytest.mark.parametrize(("times", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (20, 60)])
def test_the_next_try_comes_later_each_time(times: int, minutes: int) -> None:
    record = blocked_again(times)
    assert ticks(record, (minutes - 1, Seen(9, 0))).record.run is None
    assert ticks(record, (minutes, Seen(9, 0))).record.run


def test_a_run_that_drains_the_inbox_ends_the_episode() -> None:
    again = running(blocked_again(3))
    assert again.blocked
    over = in_work(1, execution=RunEnd("SUCCEEDED"))
    assert ticks(closed(again, again.number), (60, over)).record.blocked is None


def test_an_inbox_whose_images_are_gone_is_not_blocked_any_more() -> None:
    assert ticks(blocked_again(1), (1, NOTHING)).record.blocked is None
    assert ticks(blocked_again(1), (1, Seen(None, None))).record.blocked


def test_while_the_budget_refuses_no_run_is_started_and_one_is_once_it_does_not() -> None:
    refused = Seen(9, 0, budget_refuses=True)
    decided = ticks(KNOWN, (0, refused), (500, refused))
    assert decided.record.run is None
    assert decided.record.blocked
    assert decided.record.blocked.reason == "The month's budget is used up."
    assert ticks(decided.record, (501, Seen(9, 0))).record.run


# --- pause and resume


def test_a_paused_inbox_starts_nothing_and_lets_its_run_go() -> None:
    paused = pause(KNOWN, "ann", NOW)
    assert ticks(paused, (0, Seen(9, 0)), (500, Seen(9, 0, runs_anyway=True))).record.run is None
    assert ticks(pause(running(), "ann", NOW), (1, in_work())).acts == (DisableMapping(), EndRun("token"))


def test_a_pause_before_the_run_was_started_leaves_it_out() -> None:
    paused = pause(starting(), "ann", NOW)
    assert ticks(paused, (1, Seen(9, 0))).acts == ()
    assert the_run(ticks(paused, (5, Seen(9, 0))).record)
    assert ticks(paused, (5.1, Seen(9, 0))).record.run is None


def test_force_pauses_the_inbox_once_and_a_resume_counts() -> None:
    forced = Seen(9, 0, stopped=At(at(1), "StopModel with Force"))
    paused = ticks(KNOWN, (2, forced)).record
    assert paused.paused
    assert paused.paused.by == "StopModel with Force"
    assert ticks(resume(paused, at(3)), (4, forced)).record.run
    again = replace(forced, stopped=At(at(5), "StopModel with Force"))
    assert ticks(resume(paused, at(3)), (6, again)).record.paused


def test_a_stop_of_before_the_inbox_was_there_is_none_of_its_business() -> None:
    assert decide(InboxRecord("new"), Seen(9, 0, stopped=At(EARLIER, "StopModel with Force")), INBOX, NOW).record.run


def test_who_paused_first_is_named() -> None:
    record = pause(pause(KNOWN, "ann", NOW), "bob", at(1))
    assert record.paused
    assert record.paused.by == "ann"


def test_resume_tries_at_once_what_was_blocked() -> None:
    assert ticks(resume(blocked_again(3), at(1)), (1, Seen(9, 0))).record.run
    assert resume(KNOWN, NOW) == KNOWN


# --- what people are notified of


def test_an_episode_is_reported_once_with_how_many_wait_and_since_when() -> None:
    first = ticks(starting(), (9, Seen(9, 0, execution=RunEnd("FAILED"))))
    (report,) = first.reports
    assert (report.kind, report.images, report.since, report.next_try) == (ReportKind.BLOCKED, 9, NOW, at(14))
    assert report.key == "line-1#blocked#7"
    second = starting(first.record)
    assert not ticks(second, (30, Seen(9, 0, execution=RunEnd("FAILED")))).reports


def test_images_that_wait_for_ten_days_are_reported_once_more() -> None:
    days, paused = AGED / timedelta(minutes=1), pause(KNOWN, "ann", NOW)
    assert not ticks(paused, (0, Seen(9, 0)), (days - 1, Seen(9, 0))).reports
    assert len(ticks(paused, (0, Seen(9, 0)), (days, Seen(9, 0))).reports) == 1
    assert not ticks(paused, (0, Seen(9, 0)), (days, Seen(9, 0)), (days + 1, Seen(9, 0))).reports


def test_an_inbox_that_is_never_empty_but_finishes_images_has_none_that_wait_so_long() -> None:
    days = AGED / timedelta(minutes=1)
    assert not ticks(running(), (days, in_work(last_result=at(days - 1)))).reports


def test_images_that_were_given_up_are_reported_once_until_there_are_none() -> None:
    one, two = Seen(0, 0, dead=1), Seen(0, 0, dead=2)
    (report,) = ticks(KNOWN, (0, one)).reports
    assert (report.kind, report.dead) == (ReportKind.FAILURES, 1)
    assert not ticks(KNOWN, (0, one), (1, two)).reports
    assert not ticks(KNOWN, (0, one), (1, Seen(0, 0, dead=None)), (2, two)).reports
    assert ticks(KNOWN, (0, one), (1, NOTHING), (2, two)).reports
