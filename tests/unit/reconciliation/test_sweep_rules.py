"""What the sweep makes of one model, branch by branch: who is told, what is written, and what is begun."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, Inbox, Unleased
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.leases import LONGEST_CALL, Claim, Lease, ModelItem, PendingLease
from lifecycle.model.statuses import GONE
from lifecycle.model.usage import Running
from lifecycle.reconciliation.sweep_rules import Finding, Sweep, sweep_model
from lifecycle.shared.wire import Json, timestamp
from lifecycle.stop_model.result import HoldingLease
from tests.unit.examples import ARN, CONFIGURATION, NOW, configured, execution

EARLIER = NOW - timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=30)
WEEK = timedelta(days=7)
STARTER, STOP = execution().id, execution("evening", machine="StopModel").id
CLAIM = Claim(STOP, EARLIER)
NOT_RUNNING = ["STOPPED", "FAILED", "TRAINING_COMPLETED", "DELETING", "EXPIRED", GONE]


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def item(**fields: Any) -> ModelItem:
    return replace(ModelItem(ARN, revision=7, changed_at=EARLIER), **fields)


def pending(minutes: float = 30, execution_arn: str = STARTER) -> PendingLease:
    return PendingLease("batch", execution_arn, at(minutes))


def swept(
    found: ModelItem,
    status: str = "RUNNING",
    configuration: Configuration = CONFIGURATION,
    *,
    now: datetime = NOW,
    ended: tuple[str, ...] = (),
    claim_over: bool = False,
) -> Sweep:
    return sweep_model(found, status, now, configuration, ended=ended, claim_over=claim_over)


def holding(lease: Lease) -> HoldingLease:
    return HoldingLease(lease.lease_id, False, lease.expires_at)


def finding(outcome: Outcome, lease: Lease, status: str = "RUNNING", until: datetime | None = None) -> Finding:
    key = f"{lease.lease_id}#{timestamp(lease.since)}#{timestamp(until or lease.expires_at or lease.since)}"
    return Finding(outcome, ARN, key, status, (lease,))


SHIFT = Lease("shift", EARLIER, at(120))


@pytest.mark.parametrize("status", ["STARTING", "RUNNING", "STOPPING", "HIBERNATING"])
def test_a_model_that_somebody_holds_is_left_alone(status: str) -> None:
    held = item(leases=(SHIFT,), pending=(pending(),), managed=True, running=Running(EARLIER, 1))
    ran = replace(held, running=None)  # and is being started again
    assert swept(held, status) == Sweep(ran if status == "STARTING" else held)


@pytest.mark.parametrize("status", [*NOT_RUNNING, "STOPPING", "HIBERNATING", "STARTING"])
def test_a_model_that_nobody_ever_held_and_that_does_not_run_is_left_alone(status: str) -> None:
    assert swept(ModelItem(ARN), status) == Sweep(ModelItem(ARN))


# Leases that end ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "warned"), [(15, True), (15.1, False), (1, True)], ids=["bound", "not yet", "a minute"]
)
def test_a_lease_that_ends_soon_is_reported_in_time(minutes: float, warned: bool) -> None:
    ending = Lease("shift", EARLIER, at(minutes))
    held = item(leases=(SHIFT, ending), managed=True)
    sweep = swept(held)
    notified = (finding(Outcome.LEASE_EXPIRING, ending),) if warned else ()
    marked = replace(ending, warned_at=NOW) if warned else ending
    assert sweep == Sweep(replace(held, leases=(SHIFT, marked)), notified)


def test_a_lease_that_ends_soon_is_reported_once_and_again_only_after_it_was_extended() -> None:
    first = swept(item(leases=(Lease("shift", EARLIER, at(10)),), managed=True))
    again = swept(first.item, now=at(5))
    assert (len(first.findings), again) == (1, Sweep(first.item))
    extended = replace(first.item, leases=(Lease("shift", EARLIER, at(60)),))
    (notified,) = swept(extended, now=at(50)).findings
    assert notified.key != first.findings[0].key


def test_how_long_before_its_end_a_lease_is_reported_is_configured() -> None:
    held = item(leases=(Lease("shift", EARLIER, at(40)),), managed=True)
    assert swept(held, configuration=configured(lease_warning_minutes=40)).findings
    assert not swept(held, configuration=configured(lease_warning_minutes=39)).findings


@pytest.mark.parametrize(("minutes", "warned"), [(15, False), (16, True)])
def test_a_lease_that_was_as_short_as_the_warning_from_the_beginning_is_not_reported(
    minutes: int, warned: bool
) -> None:
    lease = Lease("shift", at(-10), at(minutes - 10))
    assert bool(swept(item(leases=(lease,), managed=True)).findings) is warned


@pytest.mark.parametrize(
    ("since", "warned_at", "notified"),
    [
        (NOW - WEEK, None, True),
        (NOW - WEEK + timedelta(seconds=1), None, False),
        (LONG_AGO, NOW - WEEK, True),
        (LONG_AGO, NOW - WEEK + timedelta(days=1), False),
    ],
    ids=["long enough", "not yet", "long enough after the last time", "not yet again"],
)
def test_a_lease_without_an_end_is_reported_every_week(
    since: datetime, warned_at: datetime | None, notified: bool
) -> None:
    endless = Lease("production", since, None, warned_at)
    sweep = swept(item(leases=(endless,), managed=True))
    findings = (finding(Outcome.LEASE_EXPIRING, endless, until=warned_at),) if notified else ()
    assert sweep.findings == findings
    assert sweep.item.leases == ((replace(endless, warned_at=NOW),) if notified else (endless,))
    assert sweep.stop is None


def test_each_reminder_is_a_notification_of_its_own() -> None:
    first = swept(item(leases=(Lease("production", LONG_AGO),), managed=True))
    second = swept(first.item, now=NOW + WEEK)
    assert len({one.key for one in (*first.findings, *second.findings)}) == 2


@pytest.mark.parametrize("others", [(), (SHIFT,)])
def test_a_lease_that_has_expired_is_reported_and_the_model_stopped_if_no_other_holds_it(
    others: tuple[Lease, ...],
) -> None:
    expired = Lease("old", EARLIER, NOW)
    held = item(leases=(expired, *others), managed=True)
    assert swept(held) == Sweep(
        replace(held, leases=others, changed_at=NOW),
        (replace(finding(Outcome.LEASE_EXPIRED, expired), others=tuple(map(holding, others))),),
        stop=None if others else "No lease holds it any more.",
    )


def test_a_lease_that_ends_soon_comes_with_the_others_that_hold_the_model() -> None:
    soon, night, gone = Lease("shift", EARLIER, at(10)), Lease("night", EARLIER), Lease("gone", EARLIER, NOW)
    batch = pending(30, execution("batch").id)
    sweep = swept(item(leases=(soon, night, gone), pending=(batch, pending(0)), managed=True))
    expired, expiring = sweep.findings
    others = (holding(night), HoldingLease(batch.lease_id, True, batch.expires_at))
    assert expired.others == (holding(soon), *others)
    assert (expiring.outcome, expiring.others) == (Outcome.LEASE_EXPIRING, others)


def test_a_pending_lease_that_has_expired_is_dropped_without_a_word() -> None:
    held = item(pending=(pending(0),), managed=True)
    assert swept(held, "STARTING") == Sweep(
        replace(held, pending=(), changed_at=NOW), stop="No lease holds it any more."
    )


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_the_lease_of_a_start_that_has_ended_is_given_back(status: str) -> None:
    other = pending(30, execution("other").id)
    both = item(pending=(pending(), other), leases=(SHIFT,), managed=True)
    assert swept(both, status, ended=(STARTER,)) == Sweep(replace(both, pending=(other,), changed_at=NOW))
    alone = item(pending=(pending(),), managed=True)
    assert swept(alone, status, ended=(STARTER,)).stop == "No lease holds it any more."
    assert swept(alone, status).stop is None


# Models that nobody holds -------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_a_model_of_this_app_that_nobody_holds_is_stopped(status: str) -> None:
    assert swept(item(managed=True), status) == Sweep(item(managed=True), stop="No lease holds it any more.")


@pytest.mark.parametrize("status", ["STOPPING", "HIBERNATING"])
def test_a_model_of_this_app_that_is_stopping_or_in_a_status_that_nobody_knows_is_left_alone(status: str) -> None:
    assert swept(item(managed=True), status) == Sweep(item(managed=True))


@pytest.mark.parametrize("status", ["STARTING", "RUNNING", "STOPPING", *NOT_RUNNING])
def test_a_model_that_an_execution_is_stopping_is_left_to_it(status: str) -> None:
    claimed = item(managed=True, claim=CLAIM, running=Running(EARLIER, 1), reported=("UNLEASED_MODEL",))
    assert swept(claimed, status) == Sweep(claimed)


def test_leases_are_reported_while_a_model_is_being_stopped_too() -> None:
    expired = Lease("old", EARLIER, NOW)
    sweep = swept(item(managed=True, claim=CLAIM, leases=(expired,)), "STOPPING")
    assert sweep.findings == (finding(Outcome.LEASE_EXPIRED, expired, "STOPPING"),)
    assert (sweep.item.leases, sweep.item.claim, sweep.stop) == ((), CLAIM, None)


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_a_stop_that_died_is_done_again_by_another(status: str, ours: bool) -> None:
    claimed = item(managed=ours, claim=CLAIM)
    assert swept(claimed, status, claim_over=True) == Sweep(
        claimed, stop="The execution that was to stop it ended without doing so."
    )


def test_a_model_that_is_held_under_a_dead_claim_is_left_to_the_start_that_waits() -> None:
    claimed = item(managed=True, claim=CLAIM, pending=(pending(),))
    assert swept(claimed, claim_over=True) == Sweep(claimed)


@pytest.mark.parametrize("status", NOT_RUNNING)
def test_a_dead_claim_on_a_model_that_does_not_run_is_cleared(status: str) -> None:
    claimed = item(managed=True, claim=CLAIM, running=Running(EARLIER, 1))
    cleared = replace(claimed, claim=None, running=None, changed_at=NOW)
    assert swept(claimed, status, claim_over=True) == Sweep(cleared)
    a_minute_later = swept(cleared, status, now=NOW + LONGEST_CALL + timedelta(seconds=1)).item
    assert a_minute_later == replace(cleared, managed=False)


# Models that are down -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", NOT_RUNNING)
def test_leases_on_a_model_that_is_down_are_reported_once_and_ended(status: str) -> None:
    endless = Lease("production", EARLIER)
    held = item(leases=(SHIFT, endless), pending=(pending(),), managed=True, running=Running(EARLIER, 1))
    sweep = swept(held, status)
    down = replace(held, leases=(), running=None, changed_at=NOW)
    key = f"shift#{timestamp(EARLIER)}#{timestamp(at(120))}#production#{timestamp(EARLIER)}#{timestamp(EARLIER)}"
    assert sweep == Sweep(down, (Finding(Outcome.MODEL_DOWN, ARN, key, status, (SHIFT, endless)),))
    assert swept(sweep.item, status) == Sweep(sweep.item)


@pytest.mark.parametrize("status", NOT_RUNNING)
def test_a_model_that_only_starts_hold_is_not_down(status: str) -> None:
    held = item(pending=(pending(),), managed=True)
    assert swept(held, status) == Sweep(held)


def test_a_lease_that_has_expired_does_not_make_a_model_down() -> None:
    expired = Lease("old", EARLIER, NOW)
    sweep = swept(item(leases=(expired,), managed=True), "STOPPED")
    assert sweep.findings == (finding(Outcome.LEASE_EXPIRED, expired, "STOPPED"),)


@pytest.mark.parametrize(
    ("until", "minutes"),
    [(at(90), 90), (at(90) + timedelta(seconds=1), 91), (NOW + timedelta(seconds=1), 1), (None, 0)],
)
def test_a_model_that_is_down_is_started_again_for_the_rest_of_its_leases(until: datetime | None, minutes: int) -> None:
    lease = Lease("shift", EARLIER, until, warned_at=EARLIER)
    sweep = swept(item(leases=(lease,), managed=True), "STOPPED", configured(restart_when_down=True))
    payload: Json = {"ProjectVersionArn": ARN, "LeaseId": "shift", "LeaseMinutes": minutes}
    assert sweep.restarts == (payload,)
    assert [(one.outcome, one.restarted) for one in sweep.findings] == [(Outcome.MODEL_DOWN, True)]
    assert sweep.item.leases == ()


def test_a_model_is_started_again_for_each_of_its_leases() -> None:
    held = item(leases=(SHIFT, Lease("production", EARLIER)), managed=True)
    restarts = swept(held, "FAILED", configured(restart_when_down=True)).restarts
    assert [one["LeaseId"] for one in restarts] == ["shift", "production"]


@pytest.mark.parametrize("status", NOT_RUNNING)
def test_a_model_that_is_down_is_given_up_once_no_call_of_this_app_can_land(status: str) -> None:
    ours = item(managed=True, changed_at=NOW - LONGEST_CALL)
    assert swept(ours, status) == Sweep(ours)
    assert swept(ours, status, now=NOW + timedelta(seconds=1)).item == replace(ours, managed=False)


# Models that were never ours ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unleased", "notified", "stop"),
    [
        (Unleased.NOTIFY, True, None),
        (Unleased.STOP, True, "It runs, and no lease holds it."),
        (Unleased.IGNORE, False, None),
    ],
)
def test_a_model_that_runs_without_this_app_is_reported_once_an_episode(
    unleased: Unleased, notified: bool, stop: str | None
) -> None:
    configuration, found = configured(unleased_models=unleased), ModelItem(ARN)
    sweep = swept(found, configuration=configuration)
    expected = Finding(
        Outcome.UNLEASED_MODEL,
        ARN,
        "unleased#0",
        "RUNNING",
        leases=(),
        min_inference_units=None,
        stopped=stop is not None,
    )
    marked = replace(found, reported=("UNLEASED_MODEL",)) if notified else found
    assert sweep == Sweep(marked, (expected,) if notified else (), stop)
    assert swept(sweep.item, configuration=configuration) == Sweep(marked, (), stop)  # stopped until it is, told once
    over = swept(sweep.item, "STOPPED", configuration).item
    assert over.reported == ()
    assert bool(swept(replace(over, revision=2), configuration=configuration).findings) is notified


def test_another_episode_is_another_notification() -> None:
    (first,) = swept(ModelItem(ARN)).findings
    (second,) = swept(ModelItem(ARN, revision=2)).findings
    assert first.key != second.key


@pytest.mark.parametrize("unleased", Unleased)
def test_a_model_that_is_starting_without_this_app_is_checked_once_it_runs(unleased: Unleased) -> None:
    assert swept(ModelItem(ARN), "STARTING", configured(unleased_models=unleased)) == Sweep(ModelItem(ARN))


@pytest.mark.parametrize("unleased", Unleased)
def test_what_is_done_with_models_of_others_does_not_concern_this_app(unleased: Unleased) -> None:
    sweep = swept(item(managed=True), configuration=configured(unleased_models=unleased))
    assert (sweep.findings, sweep.stop) == ((), "No lease holds it any more.")


# --- Leases of inboxes ------------------------------------------------------------------------------------------------

INBOXES = configured(
    restart_when_down=True, inboxes={"line-1": Inbox("defects", "s3://factory/line-1/", "s3://results/line-1/")}
)
OF_INBOX = Lease("run/inbox-line-1-7-20261124T0600Z", EARLIER)


@pytest.mark.parametrize("status", ["STOPPED", "FAILED"])
def test_an_inbox_whose_model_is_down_reports_it_itself_and_nobody_starts_it_behind_its_back(status: str) -> None:
    found = swept(item(leases=(OF_INBOX,), managed=True), status, INBOXES)
    assert (found.findings, found.restarts, found.item.leases) == ((), (), ())


def test_others_that_need_the_model_are_told_of_their_own_leases() -> None:
    found = swept(item(leases=(OF_INBOX, SHIFT), managed=True), "FAILED", INBOXES)
    assert [(one.outcome, one.leases) for one in found.findings] == [(Outcome.MODEL_DOWN, (SHIFT,))]
    assert [one["LeaseId"] for one in found.restarts] == ["shift"]


def test_nobody_is_reminded_every_week_of_an_inbox_to_which_images_come() -> None:
    held = replace(OF_INBOX, since=LONG_AGO)
    assert swept(item(leases=(held,), managed=True), configuration=INBOXES).findings == ()
    assert len(swept(item(leases=(held,), managed=True)).findings) == 1, "but of a lease that is merely called so"
