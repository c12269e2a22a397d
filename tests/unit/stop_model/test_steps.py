"""StopModel told as stories: release, look, claim, request, wait, until nobody pays any more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.errors import (
    AccessDenied,
    InvalidRequest,
    LifecycleError,
    ModelNotFound,
    ModelNotStartable,
    ModelStopped,
    NoAnswer,
    ServiceUnavailable,
    TimedOut,
)
from lifecycle.executions.outcomes import Outcome, PlannedDecision
from lifecycle.model import leases
from lifecycle.model.decisions import Action, Refusal, StopProgress
from lifecycle.model.leases import LONGEST_CALL, Claim, Lease, ModelItem, PendingLease
from lifecycle.model.statuses import GONE
from lifecycle.model.usage import Running, Share
from lifecycle.model.version import ModelVersion
from lifecycle.ports import ExecutionState
from lifecycle.shared.wire import to_wire
from lifecycle.stop_model import steps as stop_steps
from lifecycle.stop_model.result import HoldingLease, StopResult
from tests.account.custom_labels import Script
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, NOW, OTHER_ARN, execution, stop
from tests.unit.twins import NEVER, Clock, Executions, Items, Lost, Models, OpenExecutions, StopStory, Tokens

IN_USE = Refusal.IN_USE
THROTTLED = ServiceUnavailable("StopProjectVersion answered ThrottlingException: slow down")
EARLIER = NOW - timedelta(hours=1)
ME = execution("evening", machine="StopModel").id
ANOTHER = execution("another", machine="StopModel").id
PIPELINE = execution("pipeline").id
SHIFT, NIGHT = Lease("shift", EARLIER, NOW + timedelta(hours=2)), Lease("night", EARLIER)
STARTS = PendingLease("batch", PIPELINE, NOW + timedelta(minutes=30))
RAN_AN_HOUR = Running(EARLIER, 2)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def running(**more: Any) -> Models:
    return Models(script=[(0, "RUNNING")], **more)


def of(models: Models, *held: Lease, **more: Any) -> StopStory:
    """A story of a model that these leases hold and whose item has these fields."""
    story = StopStory(models)
    fields = {"leases": held, "managed": True, **more}
    story.items.change(lambda item: replace(item, **fields))
    return story


def run(story: StopStory, **fields: Any) -> StopResult:
    result: StopResult = story.run({"Model": "defects", **fields})
    return result


def item(story: StopStory) -> ModelItem:
    return story.items.get(ARN)


def later(seconds: float, story: StopStory, change: Callable[[ModelItem], ModelItem]) -> None:
    """What somebody else does to the item once that many seconds have passed."""
    waiting = [change]

    def happen() -> None:
        if waiting and story.clock.seconds >= seconds:
            story.items.change(waiting.pop())

    story.before_check = happen


# What nobody holds --------------------------------------------------------------------------------


def test_a_model_that_nobody_holds_is_stopped_once_and_watched_until_it_is() -> None:
    story = of(running(), running=RAN_AN_HOUR)
    result = run(story, Context={"run": 7})
    assert result == StopResult(
        project_version_arn=ARN,
        project_arn=f"{ACCOUNT}:project/boards/1793510000000",
        model="defects",
        status="STOPPED",
        outcome=Outcome.MODEL_STOPPED,
        polls=13,
        warnings=(),
        min_inference_units=2,
        requested_at=NOW,
        stopped_at=at(120),
        stop_seconds=120,
        running_seconds=3720,
        estimated_cost=8.27,
        context={"run": 7},
    )
    assert story.models.requests == [0]
    assert [seconds for seconds, _ in story.models.status_checks] == [*range(0, 121, 10)]


def test_a_claim_is_left_before_the_stop_is_requested_and_cleared_once_it_is_seen() -> None:
    story, claims = of(running(), running=RAN_AN_HOUR), []
    story.before_check = lambda: claims.append(item(story).claim)
    run(story)
    assert claims == [None, *[Claim(ME, NOW)] * 12]
    assert (item(story).claim, item(story).running, item(story).managed) == (None, None, True)


@pytest.mark.parametrize("asked", [{}, {"LeaseId": "shift"}, {"Force": True}])
def test_a_model_that_this_app_has_never_seen_is_stopped_too(asked: dict[str, Any]) -> None:
    story = StopStory(running())
    result = run(story, **asked)
    assert (result.outcome, result.min_inference_units) == (Outcome.MODEL_STOPPED, 1)
    assert (result.running_seconds, result.estimated_cost) == (None, None)


def test_a_fixed_interval_is_kept() -> None:
    story = StopStory(running())
    run(story, PollSeconds=50)
    assert [seconds for seconds, _ in story.models.status_checks] == [0, 50, 100, 150]


def test_a_model_that_is_still_starting_is_stopped_once_it_runs() -> None:
    story = StopStory(Models(script=[(0, "STARTING"), (100, "RUNNING")]))
    assert run(story).outcome is Outcome.MODEL_STOPPED
    assert story.models.requests == [100]


def test_a_model_that_somebody_is_stopping_is_waited_for() -> None:
    story = of(Models(script=[(0, "STOPPING"), (50, "STOPPED")]), running=RAN_AN_HOUR)
    result = run(story)
    assert (result.outcome, result.status) == (Outcome.MODEL_ALREADY_STOPPED, "STOPPED")
    assert (result.requested_at, result.stopped_at, result.stop_seconds) == (NOW, at(50), 50)
    assert story.models.requests == []


@pytest.mark.parametrize(
    "status",
    [
        *("STOPPED", "FAILED", "TRAINING_IN_PROGRESS", "TRAINING_COMPLETED", "TRAINING_FAILED", "COPYING_IN_PROGRESS"),
        *("COPYING_COMPLETED", "COPYING_FAILED", "DELETING", "DEPRECATED", "EXPIRED"),
    ],
)
def test_a_model_that_does_not_run_is_left_alone(status: str) -> None:
    story = StopStory(Models(script=[(0, status)]))
    result = run(story)
    assert (result.outcome, result.status, result.polls) == (Outcome.MODEL_ALREADY_STOPPED, status, 1)
    assert (result.requested_at, result.stopped_at, result.stop_seconds) == (NOW, NOW, 0)
    assert (story.models.requests, result.warnings) == ([], ())
    assert item(story) == ModelItem(ARN)  # nothing to remember


def test_how_long_a_model_ran_is_not_said_where_nobody_saw_it_stop() -> None:
    story = of(Models(), running=RAN_AN_HOUR)
    result = run(story)
    assert (result.running_seconds, result.estimated_cost) == (None, None)
    assert item(story).running is None


def test_a_version_that_is_gone_is_stopped_with_a_warning() -> None:
    class Gone(Models):
        def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
            raise ModelNotFound("It was deleted.", project_version_arn=f"{project_arn} {project_version_arn}")

    result = run(StopStory(Gone()))
    assert (result.outcome, result.status) == (Outcome.MODEL_ALREADY_STOPPED, GONE)
    assert result.warnings == (
        "The service does not know this model version (any more): there is nothing to stop. Where cdk.json or a "
        "pipeline still names it, name another one.",
    )


def test_a_version_whose_project_is_gone_is_stopped_too_and_never_searched_for() -> None:
    story = StopStory(Models())
    result: StopResult = story.run({"ProjectVersionArn": f"{ACCOUNT}:project/gone/version/gone/1"})
    assert (result.outcome, result.status, result.project_arn) == (Outcome.MODEL_ALREADY_STOPPED, GONE, None)
    assert story.models.status_checks == []
    assert len(result.warnings) == 1


def test_a_version_that_is_deleted_between_status_check_and_request_is_checked_again() -> None:
    models = Models(script=[(0, "RUNNING"), (1, "DELETING")], answers=[ModelNotFound("It was deleted.")])
    story = StopStory(models)
    assert run(story).status == "DELETING"
    assert (models.requests, story.clock.seconds, item(story).claim) == ([0], 1, None)


def test_a_status_of_a_newer_service_fails_with_the_advice_to_check_the_bill() -> None:
    story = of(Models(script=[(0, "HIBERNATING")]), SHIFT)
    with pytest.raises(ModelNotStartable) as failed:
        run(story, LeaseId="shift")
    assert "stop the model by hand if it bills" in str(failed.value.cause["Remedy"])
    assert item(story).leases == ()  # released all the same


# Leases -------------------------------------------------------------------------------------------


def test_the_last_lease_that_is_released_stops_the_model() -> None:
    story = of(running(), SHIFT)
    result = run(story, LeaseId="shift")
    assert (result.outcome, result.lease_id, result.warnings) == (Outcome.MODEL_STOPPED, "shift", ())
    assert item(story).leases == ()


def test_a_model_that_others_hold_is_kept_running_for_them() -> None:
    story = of(running(), SHIFT, NIGHT, pending=(STARTS,), running=RAN_AN_HOUR)
    result = run(story, LeaseId="shift")
    assert (result.outcome, result.status, result.polls) == (Outcome.MODEL_KEPT_RUNNING, "RUNNING", 1)
    assert result.leases == (
        HoldingLease("night", pending=False, expires_at=None),
        HoldingLease("batch", pending=True, expires_at=STARTS.expires_at),
    )
    assert (result.estimated_hourly_cost, result.running_seconds, result.estimated_cost) == (8, 3600, 8)
    assert (result.requested_at, result.stopped_at, result.stop_seconds) == (None, None, None)
    assert (item(story).leases, item(story).pending, item(story).claim) == ((NIGHT,), (STARTS,), None)
    assert item(story).running == replace(
        RAN_AN_HOUR, counted_until=NOW, shares=(Share("shift", 1_800_000), Share("night", 1_800_000))
    )
    assert story.models.requests == []


def test_what_the_service_does_not_say_of_inference_units_is_reckoned_as_one() -> None:
    result = run(of(running(runs_with=(None, None)), NIGHT))
    assert (result.min_inference_units, result.estimated_hourly_cost) == (None, 4)


@pytest.mark.parametrize("holders", [50, 51])
def test_fifty_leases_that_hold_a_model_are_named_and_the_others_counted(holders: int) -> None:
    result = run(of(running(), *(Lease(f"line-{number}", EARLIER) for number in range(holders))))
    assert [lease.lease_id for lease in result.leases or ()] == [f"line-{number}" for number in range(50)]
    assert result.warnings == (() if holders == 50 else ("Leases names 50; 1 more hold the model.",))


def test_a_lease_that_is_pending_is_released_too() -> None:
    story = of(Models(script=[(0, "STARTING"), (60, "RUNNING")]), pending=(STARTS,))
    assert run(story, LeaseId="batch").outcome is Outcome.MODEL_STOPPED
    assert item(story).pending == ()


@pytest.mark.parametrize("others", [(), (NIGHT,)])
def test_an_unknown_lease_counts_as_released_with_a_warning(others: tuple[Lease, ...]) -> None:
    story = of(running(), *others)
    result = run(story, LeaseId="shift")
    assert result.outcome is (Outcome.MODEL_KEPT_RUNNING if others else Outcome.MODEL_STOPPED)
    assert result.warnings == (
        "There is no lease shift on this model: it had expired, or was released before. Release the LeaseId that the "
        "start was given.",
    )


def test_a_lease_is_released_once_and_not_again_if_it_is_taken_anew() -> None:
    story = of(Models(script=[(0, "STARTING")]), SHIFT)
    later(30, story, lambda found: replace(found, leases=(SHIFT,)))
    result = run(story, LeaseId="shift")
    assert (result.outcome, result.warnings) == (Outcome.MODEL_KEPT_RUNNING, ())
    assert item(story).leases == (SHIFT,)


@pytest.mark.parametrize("asked", [{"LeaseId": "shift"}, {"Force": True}])
def test_nor_is_a_lease_ended_again_by_a_stop_that_has_followed_another(asked: dict[str, Any]) -> None:
    story = claimed(Models(script=[(0, "STARTING")]), leases=(SHIFT,))
    later(30, story, lambda found: replace(found, claim=None, leases=(SHIFT,)))
    assert run(story, **asked).outcome is Outcome.MODEL_KEPT_RUNNING
    assert item(story).leases == (SHIFT,)


def test_without_a_lease_or_force_a_model_that_somebody_holds_is_left_to_them() -> None:
    story = of(running(), SHIFT)
    result = run(story)
    assert (result.outcome, result.lease_id) == (Outcome.MODEL_KEPT_RUNNING, None)
    assert result.leases == (HoldingLease("shift", pending=False, expires_at=SHIFT.expires_at),)
    assert item(story).leases == (SHIFT,)


def test_leases_that_have_expired_hold_nothing() -> None:
    story = of(running(), Lease("old", EARLIER, NOW), pending=(replace(STARTS, expires_at=NOW),))
    assert run(story).outcome is Outcome.MODEL_STOPPED


@pytest.mark.parametrize("asked", [{}, {"LeaseId": "night"}], ids=["alone", "wins over LeaseId"])
def test_force_ends_all_leases_and_stops_whoever_needs_the_model(asked: dict[str, Any]) -> None:
    story = of(running(), SHIFT, NIGHT, pending=(STARTS,))
    assert run(story, Force=True, **asked).outcome is Outcome.MODEL_STOPPED
    found = item(story)
    assert (found.leases, found.pending, found.forced_at) == ((), (), NOW)


def test_force_is_used_once_and_a_lease_taken_after_it_does_not_hinder_the_stop() -> None:
    story = of(Models(script=[(0, "STARTING"), (60, "RUNNING")]), SHIFT)
    later(30, story, lambda found: replace(found, pending=(STARTS,)))
    assert run(story, Force=True).outcome is Outcome.MODEL_STOPPED
    assert (item(story).forced_at, item(story).pending) == (NOW, (STARTS,))


def test_a_stop_gives_way_to_a_start_as_long_as_it_has_called_nothing() -> None:
    story = of(Models(script=[(0, "STARTING")]))
    later(30, story, lambda found: replace(found, pending=(STARTS,)))
    result = run(story)
    assert (result.outcome, story.clock.seconds) == (Outcome.MODEL_KEPT_RUNNING, 30)
    assert item(story).claim is None


def test_a_stop_by_force_whose_claim_is_gone_gives_way_as_any_other() -> None:
    story = of(Models(script=[(0, "STARTING")]))
    later(30, story, lambda found: replace(found, claim=None, pending=(STARTS,)))
    assert run(story, Force=True).outcome is Outcome.MODEL_KEPT_RUNNING
    assert (item(story).claim, item(story).pending) == (None, (STARTS,))


def test_a_stop_that_has_called_goes_through_with_it_although_a_start_waits() -> None:
    story = of(running())
    later(15, story, lambda found: replace(found, pending=(STARTS,)))
    result = run(story)
    assert (result.outcome, story.models.requests) == (Outcome.MODEL_STOPPED, [0])
    assert (item(story).claim, item(story).pending) == (None, (STARTS,))


# The service --------------------------------------------------------------------------------------


def test_a_model_that_is_in_use_is_checked_again_and_never_taken_for_stopped() -> None:
    story = StopStory(running(answers=[IN_USE, IN_USE]))
    assert run(story).outcome is Outcome.MODEL_STOPPED
    assert story.models.requests == [0, 10, 20]


def test_a_refusal_of_a_stop_that_somebody_else_has_made_is_decided_from_the_status() -> None:
    story = StopStory(Models(script=[(0, "RUNNING"), (1, "STOPPING"), (60, "STOPPED")], answers=[IN_USE]))
    assert run(story).outcome is Outcome.MODEL_ALREADY_STOPPED
    assert story.models.requests == [0]


def test_a_stop_that_has_no_effect_is_requested_again_after_a_minute() -> None:
    story = StopStory(running(once_stopped=[(0, "RUNNING")]))
    with pytest.raises(TimedOut):
        run(story, TimeoutSeconds=125)
    assert story.models.requests == [0, 60, 120]


def test_a_model_that_somebody_starts_again_meanwhile_is_stopped_again() -> None:
    story = StopStory(running(once_stopped=[(0, "STOPPING"), (30, "RUNNING")]))
    story.models.answers = [None, None, AccessDenied("StopProjectVersion answered AccessDeniedException: no")]
    with pytest.raises(AccessDenied):
        run(story)
    assert story.models.requests == [0, 30, 60]


def test_a_stop_whose_answer_is_lost_is_this_apps_own_once_the_status_moves() -> None:
    story = StopStory(running(answers=[Lost()]))
    result = run(story)
    assert (result.outcome, result.requested_at) == (Outcome.MODEL_STOPPED, at(25))
    assert story.models.requests == [0, 25]


def test_what_was_unclear_of_a_stop_is_clear_once_the_status_has_moved() -> None:
    story = StopStory(running(answers=[Lost()], once_stopped=[(0, "STOPPING")]))
    with pytest.raises(TimedOut):
        run(story, TimeoutSeconds=200)
    assert (story.progress.unclear, story.progress.requested_at) == (False, at(25))


def test_a_stop_that_got_lost_on_its_way_is_made_again() -> None:
    story = StopStory(running(answers=[Lost(made=False)]))
    assert run(story).requested_at == at(25)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([Lost(made=False)] * 4, NoAnswer),
        ([THROTTLED] * 4, ServiceUnavailable),
        ([AccessDenied("StopProjectVersion answered AccessDeniedException: no")], AccessDenied),
    ],
)
def test_a_stop_that_fails_leaves_its_claim_since_a_call_of_it_may_still_land(
    answers: list[Any], error: type[LifecycleError]
) -> None:
    story = of(running(answers=answers))
    with pytest.raises(error):
        run(story)
    assert item(story).claim == Claim(ME, NOW)


@pytest.mark.parametrize("poll", [{}, {"PollSeconds": 7}, {"PollSeconds": 900}])
@pytest.mark.parametrize("status", ["STARTING", "STOPPING"])
def test_a_stop_that_takes_too_long_fails_when_its_time_is_up_and_leaves_its_claim(
    status: str, poll: dict[str, int]
) -> None:
    story = of(Models(script=[(0, status)]))
    with pytest.raises(TimedOut) as failed:
        run(story, TimeoutSeconds=100, **poll)
    assert (story.clock.seconds, failed.value.cause["Status"]) == (100, status)
    assert "Start StopModel again" in str(failed.value.cause["Remedy"])
    assert item(story).claim == Claim(ME, NOW)


# Other stops --------------------------------------------------------------------------------------


def claimed(models: Models, ends_at: float = NEVER, **more: Any) -> StopStory:
    """A model that another execution is stopping, which ends so many seconds from now."""
    story = of(models, claim=Claim(ANOTHER, EARLIER), **more)
    story.ends = {ANOTHER: (ends_at, ExecutionState("FAILED", stopped_at=None if ends_at == NEVER else at(ends_at)))}
    return story


@pytest.mark.parametrize("asked", [{}, {"Force": True}, {"LeaseId": "shift"}])
def test_a_stop_that_meets_another_follows_it_and_requests_nothing(asked: dict[str, Any]) -> None:
    story = claimed(Models(script=[(0, "RUNNING"), (20, "STOPPING"), (50, "STOPPED")]))
    later(100, story, lambda found: leases.unclaim(found, at(100)))
    result = run(story, **asked)
    assert (result.outcome, result.stopped_at, result.stop_seconds) == (Outcome.MODEL_STOPPED, at(100), 100)
    assert story.models.requests == []  # nor does it end before the other is through with it
    assert story.steps[1].reason == "The model is RUNNING; another execution is stopping it."


def test_a_stop_that_follows_another_waits_no_longer_than_its_own_time() -> None:
    story = claimed(running())
    with pytest.raises(TimedOut) as failed:
        run(story, TimeoutSeconds=100)
    assert story.clock.seconds == 100
    assert "Start StopModel again" in str(failed.value.cause["Remedy"])
    assert (story.models.requests, item(story).claim) == ([], Claim(ANOTHER, EARLIER))


def test_a_stop_that_follows_another_is_not_hindered_by_a_start_that_waits() -> None:
    story = claimed(Models(script=[(0, "STOPPING"), (20, "STOPPED")]), pending=(STARTS,))
    later(30, story, lambda found: replace(found, claim=None, pending=()))
    assert run(story).outcome is Outcome.MODEL_STOPPED


def test_a_stop_whose_predecessor_gave_way_to_a_start_does_so_too() -> None:
    story = claimed(Models(script=[(0, "STARTING")]))
    later(30, story, lambda found: replace(found, claim=None, pending=(STARTS,)))
    assert run(story).outcome is Outcome.MODEL_KEPT_RUNNING


def test_a_dead_claim_is_taken_over_once_no_call_of_its_execution_can_land() -> None:
    story = claimed(running(), ends_at=20)
    assert run(story).outcome is Outcome.MODEL_STOPPED
    assert timedelta(seconds=60) == LONGEST_CALL
    assert story.models.requests == [90]  # the first look after 20 s + 60 s


@pytest.mark.parametrize(
    ("ago", "requests"), [(timedelta(), [10]), (timedelta(milliseconds=1), [0])], ids=["just within", "just past"]
)
def test_the_longest_call_counts_from_the_end_of_the_execution(ago: timedelta, requests: list[float]) -> None:
    story = of(running(), claim=Claim(ANOTHER, EARLIER))
    story.ends = {ANOTHER: (0, ExecutionState("ABORTED", stopped_at=NOW - LONGEST_CALL - ago))}
    run(story)
    assert story.models.requests == requests


def test_the_claim_of_an_execution_that_step_functions_has_forgotten_is_taken_over() -> None:
    story = of(running(), claim=Claim(ANOTHER, EARLIER))
    run(story)
    assert story.models.requests == [0]


def test_a_dead_claim_is_cleared_by_a_stop_that_fails_too() -> None:
    story = claimed(Models(script=[(0, "HIBERNATING")]), ends_at=-61)
    with pytest.raises(ModelNotStartable):
        run(story)
    assert item(story).claim is None


def test_a_dead_claim_is_cleared_for_those_who_hold_the_model() -> None:
    story = claimed(running(), -61, leases=(SHIFT,))
    assert run(story).outcome is Outcome.MODEL_KEPT_RUNNING
    assert (item(story).claim, item(story).leases) == (None, (SHIFT,))


# The item -----------------------------------------------------------------------------------------


def test_a_lease_that_is_taken_while_a_stop_decides_keeps_the_model() -> None:
    story = of(running())
    story.items.meanwhile.append(lambda items: items.change(lambda found: replace(found, leases=(SHIFT,))))
    assert run(story).outcome is Outcome.MODEL_KEPT_RUNNING
    assert (story.models.requests, item(story).leases) == ([], (SHIFT,))
    assert [seconds for seconds, _ in story.models.status_checks] == [0, 0]


@pytest.mark.parametrize(("conflicts", "gives_up"), [(4, False), (5, True)])
def test_an_item_that_never_stands_still_is_given_up_on(conflicts: int, gives_up: bool) -> None:
    story = of(running())

    def touch(items: Items) -> None:
        items.change(lambda found: replace(found, changed_at=NOW))

    story.items.meanwhile += [change for _ in range(conflicts) for change in (touch, lambda _items: None)]
    if not gives_up:
        assert run(story).outcome is Outcome.MODEL_STOPPED
        return
    with pytest.raises(ServiceUnavailable, match="changed 5 times") as failed:
        run(story)
    assert failed.value.cause["ProjectVersionArn"] == ARN
    assert (story.models.requests, item(story).claim) == ([], None)


def test_a_stop_whose_claim_was_taken_over_calls_nothing() -> None:
    models, items = running(), Items()
    items.change(lambda found: leases.claim(found, ANOTHER, NOW))
    progress = StopProgress(1, "RUNNING")
    step = stop_steps.request_stop(stop(), progress, retries=0, now=NOW, models=models, items=items)
    assert (step.action, step.reason, step.progress) == (Action.WAIT, "The claim of this stop is gone.", progress)
    assert step.wait_seconds == 10
    assert models.requests == []


@pytest.mark.parametrize(
    ("claim", "may"), [(None, False), (Claim(ANOTHER, NOW), False), (Claim(ME, EARLIER), True)], ids=str
)
def test_a_stop_is_called_only_by_who_has_the_claim(claim: Claim | None, may: bool) -> None:
    assert stop_steps.may_request_stop(replace(ModelItem(ARN), claim=claim), stop()) is may


@pytest.mark.parametrize(
    ("retries", "before", "refusal", "unclear"),
    [(0, False, IN_USE, False), (1, False, IN_USE, True), (0, True, IN_USE, True), (1, True, None, False)],
)
def test_a_refusal_of_a_stop_is_unclear_after_a_try_without_an_answer(
    retries: int, before: bool, refusal: Refusal | None, unclear: bool
) -> None:
    items = Items()
    items.change(lambda found: leases.claim(found, ME, NOW))
    step = stop_steps.request_stop(
        stop(),
        StopProgress(1, "RUNNING", unclear=before),
        retries=retries,
        now=NOW,
        models=running(answers=[refusal]),
        items=items,
    )
    assert step.progress == StopProgress(1, "RUNNING", NOW, "RUNNING", refusal, unclear)
    assert step.reason == ("The request was refused: in_use." if refusal else "The stop was requested.")


# Dry runs and duplicates --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "action", "reason"),
    [
        ("RUNNING", Action.REQUEST, "The model is RUNNING, and nobody holds it."),
        ("STARTING", Action.WAIT, "The model is STARTING."),
        ("STOPPED", Action.DONE, "The model is STOPPED."),
    ],
)
@pytest.mark.parametrize("asked", [{"LeaseId": "shift"}, {"Force": True}])
def test_a_dry_run_answers_what_would_be_done_and_changes_nothing(
    status: str, action: Action, reason: str, asked: dict[str, Any]
) -> None:
    story = of(Models(script=[(0, status)]), SHIFT, running=RAN_AN_HOUR)
    before = item(story)
    result = run(story, DryRun=True, ClientRequestToken="t", **asked)
    assert (result.outcome, result.status) == (Outcome.DRY_RUN, status)
    assert result.decision == PlannedDecision(action, reason)
    assert (result.requested_at, result.stopped_at, result.stop_seconds) == (None, None, None)
    assert (item(story), story.models.requests, story.tokens.holders) == (before, [], {})


def test_a_dry_run_says_who_would_keep_the_model() -> None:
    story = of(running(), SHIFT, NIGHT)
    result = run(story, DryRun=True, LeaseId="shift")
    assert result.outcome is Outcome.DRY_RUN
    assert result.decision == PlannedDecision(Action.DONE, "The model is RUNNING, and somebody needs it.")
    assert result.leases == (HoldingLease("night", pending=False),)
    assert item(story).leases == (SHIFT, NIGHT)


def test_a_dry_run_that_fails_changes_nothing_either() -> None:
    story = of(Models(script=[(0, "HIBERNATING")]), SHIFT)
    with pytest.raises(ModelNotStartable):
        run(story, DryRun=True, Force=True)
    assert item(story).leases == (SHIFT,)


FIRST = execution("first", machine="StopModel")
TOKEN = {"ClientRequestToken": "closing-time"}


def duplicate(end: ExecutionState, seconds: float, models: Models, **fields: Any) -> StopStory:
    """A story whose token is held by a first execution that ends after these seconds."""
    tokens = Tokens()
    stop_steps.prepare(
        {"Model": "defects", **TOKEN, **fields},
        execution=FIRST,
        now=NOW,
        configuration=CONFIGURATION,
        models=models,
        tokens=tokens,
        executions=Executions(),
        items=Items(),
        open_executions=OpenExecutions(),
    )
    return StopStory(models, {FIRST.id: (seconds, end)}, tokens)


def test_a_duplicate_waits_with_the_first_and_ends_as_it_did() -> None:
    first = to_wire(replace(StopStory(running(), execution=FIRST).run({"Model": "defects", **TOKEN}), polls=3))
    models = running()
    story = duplicate(ExecutionState("SUCCEEDED", at(120), first), 120, models)
    story.items.change(lambda found: replace(found, leases=(SHIFT,)))
    result = run(story, **TOKEN)
    assert (result.outcome, result.duplicate_of, result.status) == (Outcome.DUPLICATE, FIRST.id, "STOPPED")
    assert (result.requested_at, result.stopped_at, result.stop_seconds) == (NOW, at(120), 120)
    assert (result.polls, result.context) == (13, None)
    assert (models.requests, item(story).leases, item(story).claim) == ([], (SHIFT,), None)


def test_a_duplicate_of_a_stop_ends_with_its_result_although_the_model_runs_again() -> None:
    first = to_wire(StopStory(running(), execution=FIRST).run({"Model": "defects"}))
    story = duplicate(ExecutionState("SUCCEEDED", NOW, first), 0, running())
    assert run(story, **TOKEN).outcome is Outcome.DUPLICATE


def test_a_duplicate_of_a_failed_stop_fails_with_the_same_error() -> None:
    failed = ExecutionState("FAILED", NOW, None, "AccessDenied", str(AccessDenied("It may not.")))
    story = duplicate(failed, 40, running())
    with pytest.raises(AccessDenied, match="It may not"):
        run(story, **TOKEN)
    assert story.models.requests == []


@pytest.mark.parametrize("first", [ExecutionState("ABORTED", NOW), None], ids=["aborted", "forgotten"])
def test_a_duplicate_of_a_stop_that_left_no_result_says_how_the_model_is(first: ExecutionState | None) -> None:
    story = duplicate(ExecutionState("RUNNING"), 0, running())

    def end() -> None:
        story.ends = {FIRST.id: (0, first)} if first else {}

    story.before_check = end
    with pytest.raises(ModelStopped, match="the model is RUNNING"):
        run(story, **TOKEN)
    assert story.models.requests == []


def test_the_same_token_with_other_fields_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="ClientRequestToken"):
        run(duplicate(ExecutionState("FAILED"), NEVER, running()), **TOKEN, Force=True)


def test_a_token_of_a_stop_means_nothing_to_a_start_or_to_another_model() -> None:
    story = StopStory(running())
    run(story, **TOKEN)
    assert list(story.tokens.holders) == [f"StopModel#{ARN}#closing-time"]
    assert OTHER_ARN not in str(story.tokens.holders)


# Bounds -------------------------------------------------------------------------------------------


def test_an_interval_that_takes_too_many_status_checks_is_raised_with_a_warning() -> None:
    result = run(StopStory(running()), PollSeconds=1, TimeoutSeconds=86400)
    assert result.warnings == (
        "PollSeconds was raised from 1 to 88, to stay under 1,000 status checks in 86400 s: for a shorter interval, "
        "request a shorter TimeoutSeconds.",
    )


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 86400),
    st.none() | st.integers(1, 900),
    st.sampled_from(["STARTING", "RUNNING", "STOPPING"]),
    st.booleans(),
    st.booleans(),
)
def test_every_stop_ends_within_its_turns(
    timeout: int, poll: int | None, status: str, follows: bool, duplicates: bool
) -> None:
    """The story counts the turns; nothing here ever becomes STOPPED."""
    fields: dict[str, Any] = {"TimeoutSeconds": timeout, **TOKEN}
    fields |= {"PollSeconds": poll} if poll else {}
    never: Script = [(0, status)]
    models = Models(Clock(), script=never, once_stopped=never)
    story = duplicate(ExecutionState("FAILED"), NEVER, models, **fields) if duplicates else StopStory(models)
    if follows:
        story.items.change(lambda found: replace(found, claim=Claim(ANOTHER, EARLIER)))
        story.ends = {**story.ends, ANOTHER: (NEVER, ExecutionState("FAILED"))}
    with pytest.raises(TimedOut):
        run(story, **fields)
