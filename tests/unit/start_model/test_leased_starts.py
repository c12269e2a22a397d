"""StartModel's side of the leases, told as stories: taken when due, settled by the answer, given back by a failure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.errors import CapacityExceeded, LifecycleError, ModelFailed, ModelStopped, ServiceUnavailable, TimedOut
from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.steps import Step
from lifecycle.model import leases
from lifecycle.model.decisions import Action, Progress, Refusal
from lifecycle.model.leases import Claim, Lease, ModelItem, PastStart, PendingLease
from lifecycle.model.statuses import Target
from lifecycle.model.usage import Running
from lifecycle.ports import ExecutionState
from lifecycle.shared.wire import from_wire, to_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.result import StartResult
from tests.unit.examples import ARN, CONFIGURATION, NOW, execution, request
from tests.unit.twins import NEVER, Items, Lost, Models, Story, Tokens

ME = execution().id
STOP = execution("evening", machine="StopModel").id
EARLIER = NOW - timedelta(hours=1)
SOON = [(0, "STARTING"), (100, "RUNNING")]
IN_TWO_HOURS = {"ReadyAt": "2026-11-24T09:00:00Z"}
DUE = 5400
NIGHT = Lease("night", EARLIER)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def of(models: Models, **fields: Any) -> Story:
    """A story of a model whose item has these fields."""
    story = Story(models)
    story.items.change(lambda found: replace(found, **fields))
    return story


def run(story: Story, **fields: Any) -> StartResult:
    result: StartResult = story.run({"Model": "defects", **fields})
    return result


def item(story: Story) -> ModelItem:
    return story.items.get(ARN)


def later(seconds: float, story: Story, change: Callable[[ModelItem], ModelItem]) -> None:
    """What somebody else does to the item once that many seconds have passed."""
    waiting = [change]

    def happen() -> None:
        if waiting and story.clock.seconds >= seconds:
            story.items.change(waiting.pop())

    story.before_check = happen


def watched(story: Story) -> list[ModelItem]:
    """The item before each look."""
    seen: list[ModelItem] = []
    story.before_check = lambda: seen.append(item(story))
    return seen


# Taken, and settled -------------------------------------------------------------------------------


def test_a_start_holds_the_model_from_its_first_status_check_on() -> None:
    story = Story(Models(once_started=SOON))
    seen = watched(story)
    run(story, LeaseId="shift", TimeoutSeconds=600)
    mine = PendingLease("shift", ME, at(600))
    assert [found.pending for found in seen] == [(), *[(mine,)] * 8]
    assert [found.managed for found in seen] == [False, *[True] * 8]
    assert {found.leases for found in seen} == {()}
    assert (seen[-1].revision, item(story).revision) == (1, 2)  # taken once, and settled


def test_a_start_for_later_holds_nothing_before_it_is_due() -> None:
    story = Story(Models(once_started=SOON))
    seen = watched(story)
    run(story, **IN_TWO_HOURS)
    assert seen[0] == seen[1] == ModelItem(ARN)
    assert seen[2].pending == (PendingLease("nightly", ME, at(DUE + 3600)),)


def test_the_status_check_that_answers_settles_the_lease_for_its_minutes_from_then_on() -> None:
    story = of(Models(once_started=SOON), leases=(NIGHT,))
    result = run(story, LeaseId="shift", LeaseMinutes=90)
    assert item(story) == ModelItem(
        ARN,
        revision=3,
        leases=(NIGHT, Lease("shift", at(100), at(100 + 90 * 60))),
        managed=True,
        changed_at=at(100),
        running=Running(at(100), 1),
        starts=(PastStart(NOW, 90, 100),),
    )
    assert (result.lease_id, result.lease_expires_at) == ("shift", at(100 + 90 * 60))
    assert result.lease_extended_from is None


def test_a_lease_of_no_minutes_has_no_end_but_its_start_has() -> None:
    story = Story(Models(once_started=SOON))
    seen = watched(story)
    result = run(story, LeaseMinutes=0)
    assert seen[1].pending == (PendingLease("nightly", ME, at(3600)),)
    assert (result.lease_expires_at, item(story).leases) == (None, (Lease("nightly", at(100)),))


@pytest.mark.parametrize(
    ("before", "minutes", "until", "extended_from"),
    [
        pytest.param(at(1800), 120, at(7200), at(1800), id="extended"),
        pytest.param(at(1800), 10, at(1800), None, id="never shortened"),
        pytest.param(at(1800), 0, None, at(1800), id="until released"),
        pytest.param(None, 10, None, None, id="until released as before"),
        pytest.param(at(-60), 10, at(600), None, id="it had expired"),
    ],
)
def test_starting_again_with_the_same_id_extends_the_lease_and_says_from_when(
    before: datetime | None, minutes: int, until: datetime | None, extended_from: datetime | None
) -> None:
    story = of(Models(script=[(0, "RUNNING")]), leases=(Lease("shift", EARLIER, before),), managed=True)
    result = run(story, LeaseId="shift", LeaseMinutes=minutes)
    assert (result.outcome, result.polls) == (Outcome.MODEL_ALREADY_RUNNING, 1)
    assert (result.lease_expires_at, result.lease_extended_from) == (until, extended_from)
    assert [lease.expires_at for lease in item(story).leases] == [until]


def test_a_model_that_ran_without_this_app_is_this_apps_own_from_the_first_lease_on() -> None:
    story = Story(Models(script=[(0, "RUNNING")]))
    run(story)
    assert (item(story).managed, item(story).running) == (True, None)  # since when it runs nobody knows


@pytest.mark.parametrize(
    ("models", "before", "since"),
    [
        pytest.param(Models(script=[(0, "STARTING"), (50, "RUNNING")]), None, 50, id="seen to begin"),
        pytest.param(Models(script=[(0, "RUNNING")]), Running(EARLIER, 2), -3600, id="known"),
        pytest.param(Models(once_started=SOON), Running(EARLIER, 2), 100, id="known of an earlier run"),
        pytest.param(
            Models(script=[(0, "STARTING"), (50, "RUNNING")]),
            Running(EARLIER, 2),
            50,
            id="of another run",
        ),
    ],
)
def test_since_when_a_model_runs_is_remembered_where_it_was_seen_to_begin(
    models: Models, before: Running | None, since: float
) -> None:
    story = of(models, running=before)
    run(story)
    running = item(story).running
    assert running is not None
    assert running.since == at(since)


# How long it took is remembered -------------------------------------------------------------------


def test_how_long_a_start_took_is_remembered_between_two_status_checks() -> None:
    before = PastStart(EARLIER, 600, 610)
    story = of(Models(once_started=SOON), starts=(before,))
    run(story, PollSeconds=30)
    assert item(story).starts == (before, PastStart(NOW, longer_than=90, at_most=120))


def test_a_start_that_the_first_status_check_finds_running_took_no_longer_than_until_then() -> None:
    story = Story(Models(once_started=SOON))
    run(story, PollSeconds=900)
    assert item(story).starts == (PastStart(NOW, longer_than=0, at_most=900),)


def test_a_status_check_that_is_repeated_since_its_answer_is_lost_remembers_the_start_once() -> None:
    story = Story(Models(once_started=SOON))
    check = story._check

    def twice(*facts: Any) -> Step:
        step = check(*facts)
        return check(*facts) if step.action is Action.DONE else step

    story._check = twice  # type: ignore[method-assign, assignment]  # a step is replaced by a story of its own
    run(story)
    assert item(story).starts == (PastStart(NOW, 90, 100),)


@pytest.mark.parametrize(
    "models",
    [
        pytest.param(Models(script=[(0, "RUNNING")]), id="it ran already"),
        pytest.param(Models(script=[(0, "STARTING"), (50, "RUNNING")]), id="somebody else has started it"),
        pytest.param(
            Models(script=[(0, "STOPPED"), (1, "STARTING"), (50, "RUNNING")], answers=[Refusal.IN_USE]),
            id="somebody else was faster",
        ),
        pytest.param(Models(answers=[Lost()], once_started=SOON), id="the answer was lost"),
    ],
)
def test_what_is_not_known_is_not_remembered(models: Models) -> None:
    story = Story(models)
    run(story)
    assert item(story).starts == ()


def test_of_a_start_that_got_lost_on_its_way_only_the_one_that_was_accepted_counts() -> None:
    story = Story(Models(answers=[Lost(made=False)], once_started=SOON))
    run(story)
    assert item(story).starts == (PastStart(at(25), 90, 100),)


def test_a_start_that_fails_teaches_nothing() -> None:
    story = Story(Models(once_started=[(0, "STARTING"), (90, "FAILED")]))
    with pytest.raises(ModelFailed):
        run(story)
    assert item(story).starts == ()


def test_the_next_start_checks_the_status_when_the_last_one_lets_it_expect_and_more_often_then() -> None:
    first = Story(Models(once_started=[(0, "STARTING"), (700, "RUNNING")]))
    run(first)
    second = Story(Models(once_started=[(0, "STARTING"), (706, "RUNNING")]), items=first.items)
    result = run(second)
    _, early, *_, last = (seconds for seconds, _ in second.models.status_checks)
    assert early > 100  # one past start says little
    assert last - 706 < 5
    assert result.polls == len(second.models.status_checks)


def test_a_progress_from_before_looks_were_timed_is_read() -> None:
    old = {"Polls": 3, "LastStatus": "STARTING", "AttemptedAt": "2026-11-24T07:00:00.000Z", "Unclear": False}
    progress = from_wire(Progress, old)
    assert (progress.requested_at, progress.checked_at) == (NOW, None)


# What others do meanwhile -------------------------------------------------------------------------


def test_a_lease_that_somebody_takes_meanwhile_is_kept() -> None:
    story = of(Models(once_started=SOON))
    story.items.meanwhile.append(lambda items: items.change(lambda found: replace(found, leases=(NIGHT,))))
    run(story, LeaseId="shift")
    assert [lease.lease_id for lease in item(story).leases] == ["night", "shift"]
    assert [seconds for seconds, _ in story.models.status_checks[:3]] == [0, 0, 30]  # looked at again at once


def test_an_item_that_never_stands_still_is_given_up_on_before_anything_is_requested() -> None:
    story = of(Models())

    def touch(items: Items) -> None:
        items.change(lambda found: replace(found, changed_at=NOW))

    story.items.meanwhile += [change for _ in range(5) for change in (touch, lambda _items: None)]
    with pytest.raises(ServiceUnavailable, match="changed 5 times"):
        run(story)
    assert story.models.requests == []


# Lost to others -----------------------------------------------------------------------------------


def test_a_start_whose_lease_is_released_meanwhile_ends_as_stopped() -> None:
    story = Story(Models(once_started=[(0, "STARTING"), (300, "RUNNING")]))
    later(60, story, lambda found: leases.release(found, "nightly", at(60)))
    with pytest.raises(ModelStopped) as failed:
        run(story)
    assert failed.value.message == "Somebody released its lease, with StopModel, before the model was RUNNING."
    assert failed.value.cause["Remedy"] == "If the model is still needed, start it again."
    assert (story.clock.seconds, item(story).pending, item(story).managed) == (60, (), True)


def test_a_start_whose_lease_was_released_does_not_answer_running_either() -> None:
    story = Story(Models(once_started=SOON))
    later(100, story, lambda found: leases.release(found, "nightly", at(100)))
    with pytest.raises(ModelStopped):
        run(story)
    assert item(story).leases == ()


@pytest.mark.parametrize("when", [0, 60])
def test_a_start_that_began_before_a_stop_by_force_ends_as_stopped(when: float) -> None:
    story = of(Models(once_started=[(0, "STARTING"), (300, "RUNNING")]))
    later(when, story, lambda found: leases.force(found, at(when)))
    with pytest.raises(ModelStopped) as failed:
        run(story)
    assert "by force" in failed.value.message
    assert "Find out who stopped it: a StopModel execution with Force" in str(failed.value.cause["Remedy"])
    assert len(story.models.requests) == (when > 0)
    assert item(story).pending == ()


def test_a_start_that_began_after_a_stop_by_force_goes_on() -> None:
    story = of(Models(once_started=SOON), forced_at=NOW - timedelta(seconds=1))
    assert run(story).outcome is Outcome.MODEL_STARTED


def test_two_starts_under_one_id_do_not_take_each_others_lease() -> None:
    other = PendingLease("shift", execution("other").id, at(3600))
    story = of(Models(once_started=SOON), pending=(other,))
    later(60, story, lambda found: leases.give_back(found, other.execution_arn, at(60)))
    assert run(story, LeaseId="shift").outcome is Outcome.MODEL_STARTED
    assert item(story).pending == ()


# While a stop has the say -------------------------------------------------------------------------


def claimed(models: Models, ends_at: float = NEVER) -> Story:
    """A model that an execution is stopping, which ends so many seconds from now."""
    story = of(models, claim=Claim(STOP, EARLIER), managed=True)
    story.ends = {STOP: (ends_at, ExecutionState("FAILED", stopped_at=None if ends_at == NEVER else at(ends_at)))}
    return story


STOPPED_BY_OURS = [(0, "RUNNING"), (20, "STOPPING"), (50, "STOPPED")]


def test_a_start_waits_until_the_claim_of_a_stop_is_gone_and_not_only_until_the_model_is_stopped() -> None:
    story = claimed(Models(script=STOPPED_BY_OURS, once_started=SOON))
    later(90, story, lambda found: leases.unclaim(found, at(90)))
    result = run(story)
    assert (result.outcome, story.models.requests) == (Outcome.MODEL_STARTED, [90])
    assert story.steps[0].reason == "The model is RUNNING; a stop is under way and has to end first."
    assert item(story).leases[0].lease_id == "nightly"


def test_a_start_that_waits_for_a_stop_holds_the_model_meanwhile() -> None:
    story = claimed(Models(script=STOPPED_BY_OURS))
    with pytest.raises(TimedOut):
        run(story, TimeoutSeconds=60)
    seen = [step.progress for step in story.steps]
    assert seen[-1] == Progress(polls=6, leased=True)
    assert (item(story).pending, item(story).claim) == ((), Claim(STOP, EARLIER))  # given back; the claim is the stop's


def test_what_a_start_saw_while_a_stop_was_under_way_is_explained_by_it() -> None:
    """RUNNING, then STOPPING without a claim, would be a stop by somebody else."""
    story = claimed(Models(script=[(0, "RUNNING"), (20, "STOPPING"), (80, "STOPPED")]))
    later(30, story, lambda found: leases.unclaim(found, at(30)))
    assert run(story).outcome is Outcome.MODEL_STARTED


def test_a_start_clears_a_dead_claim_once_no_call_of_its_execution_can_land() -> None:
    story = claimed(Models(once_started=SOON), ends_at=20)
    assert run(story).outcome is Outcome.MODEL_STARTED
    assert story.models.requests == [90]  # the first look after 20 s + 60 s
    assert item(story).claim is None


def test_a_model_that_runs_under_a_dead_claim_is_answered_once_that_is_over() -> None:
    story = claimed(Models(script=[(0, "RUNNING")]), ends_at=20)
    assert run(story).running_at == at(90)
    assert item(story).claim is None


def test_a_start_that_stops_waiting_for_a_stop_says_what_it_saw() -> None:
    story = claimed(Models(script=[(0, "RUNNING")]))
    with pytest.raises(TimedOut) as failed:
        run(story, TimeoutSeconds=60)
    assert (failed.value.message, failed.value.cause["Status"]) == (
        "The time is up and the model is RUNNING.",
        Target.RUNNING,
    )


# Given back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "error"),
    [
        pytest.param(Models(once_started=[(0, "STARTING"), (90, "FAILED")]), ModelFailed, id="failed"),
        pytest.param(Models(once_started=[(0, "STARTING"), (90, "STOPPED")]), ModelStopped, id="stopped by hand"),
        pytest.param(Models(once_started=[(0, "STARTING")]), TimedOut, id="timed out"),
        pytest.param(Models(answers=[Refusal.NO_CAPACITY]), CapacityExceeded, id="no room"),
    ],
)
def test_a_start_that_fails_gives_back_its_lease_and_the_model_stays_ours(
    models: Models, error: type[LifecycleError]
) -> None:
    story = of(models, leases=(NIGHT,))
    seen = watched(story)
    with pytest.raises(error):
        run(story, LeaseId="night")
    assert [len(found.pending) for found in seen[1:]] == [1] * (len(seen) - 1)
    assert (item(story).pending, item(story).leases, item(story).managed) == ((), (NIGHT,), True)


# The start itself ---------------------------------------------------------------------------------

MINE = PendingLease("nightly", ME, at(3600))


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        pytest.param({}, False, id="no lease"),
        pytest.param({"pending": (MINE,)}, True, id="its lease"),
        pytest.param({"pending": (replace(MINE, execution_arn="another"),)}, False, id="the lease of another"),
        pytest.param({"leases": (Lease("nightly", EARLIER),)}, False, id="a settled one of its id"),
        pytest.param({"pending": (replace(MINE, expires_at=NOW),)}, False, id="expired"),
        pytest.param({"pending": (MINE,), "claim": Claim(STOP, NOW)}, False, id="a stop has begun"),
    ],
)
def test_a_start_is_called_only_under_its_lease_and_without_a_claim(fields: dict[str, Any], may: bool) -> None:
    models, items = Models(), Items()
    items.change(lambda found: replace(found, **fields))
    progress = Progress(1, "STOPPED", leased=True)
    step = start_steps.request_start(
        request(), progress, retries=0, now=NOW, configuration=CONFIGURATION, models=models, items=items
    )
    assert start_steps.may_request_start(items.get(ARN), request(), NOW) is may
    assert len(models.requests) == may
    if not may:
        assert (step.action, step.reason) == (Action.WAIT, "The lease of this start is gone, or a stop has begun.")
        assert (step.progress, step.wait_seconds) == (progress, 10)


def test_a_start_that_was_sent_without_an_answer_stays_unclear_where_it_may_not_be_sent_again() -> None:
    step = start_steps.request_start(
        request(),
        Progress(1, "STOPPED"),
        retries=1,
        now=NOW,
        configuration=CONFIGURATION,
        models=Models(),
        items=Items(),
    )
    assert step.progress.unclear


def test_a_stop_that_begins_between_status_check_and_start_is_waited_for() -> None:
    calls: list[float] = []

    class Late(Story):
        def _act(self, request: Any, retries: int) -> Step:
            if not calls:
                self.items.change(lambda found: leases.claim(found, STOP, NOW))
            calls.append(self.clock.seconds)
            return super()._act(request, retries)

    story = Late(Models(once_started=SOON), {STOP: (NEVER, ExecutionState("FAILED"))})
    later(60, story, lambda found: leases.unclaim(found, at(60)))
    assert run(story).outcome is Outcome.MODEL_STARTED
    assert (calls, story.models.requests) == ([0, 60], [60])


# Nothing taken ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "RUNNING", "EXPIRED"])
def test_a_dry_run_takes_no_lease_and_clears_no_claim(status: str) -> None:
    story = of(Models(script=[(0, status)]), claim=Claim(STOP, EARLIER))
    before = item(story)
    try:
        result = run(story, DryRun=True)
        assert (result.outcome, result.lease_expires_at) == (Outcome.DRY_RUN, None)
    except LifecycleError:
        assert status == "EXPIRED"
    assert item(story) == before


def test_a_duplicate_takes_no_lease_and_answers_with_that_of_the_first() -> None:
    token = {"ClientRequestToken": "inspection", "LeaseId": "shift", "LeaseMinutes": 90}
    first, models, tokens = execution("first"), Models(script=[(0, "RUNNING")]), Tokens()
    result = Story(Models(once_started=SOON), tokens=tokens, execution=first).run({"Model": "defects", **token})
    ended = ExecutionState("SUCCEEDED", at(105), to_wire(result))
    story = Story(models, {first.id: (105, ended)}, tokens)
    duplicate = run(story, **token)
    assert (duplicate.outcome, duplicate.duplicate_of) == (Outcome.DUPLICATE, first.id)
    assert (duplicate.lease_id, duplicate.lease_expires_at) == ("shift", at(100 + 90 * 60))
    assert item(story) == ModelItem(ARN)


def test_the_default_lease_is_the_models_own_or_two_hours() -> None:
    story = Story(Models(script=[(0, "RUNNING")]))
    assert run(story).lease_expires_at == at(120 * 60)
    assert CONFIGURATION.models["welds"].lease_minutes == 45
    assert request(Model="welds").starter.lease_minutes == 45
