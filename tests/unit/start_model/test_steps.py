"""StartModel told as stories: prepare, look, request, wait, until it ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.configuration import Configuration
from lifecycle.errors import (
    AccessDenied,
    CapacityExceeded,
    InvalidRequest,
    LifecycleError,
    ModelFailed,
    ModelNotFound,
    ModelNotStartable,
    ModelStopped,
    NoAnswer,
    ServiceUnavailable,
    TimedOut,
)
from lifecycle.executions.outcomes import Outcome
from lifecycle.model import leases
from lifecycle.model.decisions import Action, Progress, Refusal
from lifecycle.model.leases import Lease, ModelItem, PastStart
from lifecycle.model.version import ModelVersion
from lifecycle.ports import ExecutionState
from lifecycle.shared.wire import to_wire
from lifecycle.start_model import steps as start_steps
from lifecycle.start_model.result import StartResult
from tests.account.custom_labels import Script
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, CONFIGURED_ARN, NOW, OTHER_ARN, PROJECT, execution, request
from tests.unit.twins import NEVER, Clock, Executions, Items, Lost, Models, OpenExecutions, Story, Tokens

IN_USE, NO_CAPACITY = Refusal.IN_USE, Refusal.NO_CAPACITY
THROTTLED = ServiceUnavailable("StartProjectVersion answered ThrottlingException: slow down")
OTHER = ModelVersion(OTHER_ARN, "RUNNING", None, 3)
EVERYWHERE = replace(CONFIGURATION, projects=("*",))
GONE_ARN = f"{ACCOUNT}:project/gone/version/gone/1"


def start(of: Models | Story, **fields: Any) -> StartResult:
    result: StartResult = (Story(of) if isinstance(of, Models) else of).run({"Model": "defects", **fields})
    return result


def at(seconds: float) -> Any:
    return NOW + timedelta(seconds=seconds)


# The good end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["STOPPED", "TRAINING_COMPLETED", "COPYING_COMPLETED", "FAILED"])
def test_a_model_that_can_be_started_is_requested_once_and_watched_until_it_runs(status: str) -> None:
    models = Models(script=[(0, status)], once_started=[(0, status), (20, "STARTING"), (100, "RUNNING")])
    result = start(models, Context={"run": 7})
    assert (result.outcome, result.status, result.context) == (Outcome.MODEL_STARTED, "RUNNING", {"run": 7})
    assert models.requests == [0]
    assert [seconds for seconds, _ in models.status_checks] == [0, *range(30, 101, 10)]
    assert (result.requested_at, result.running_at, result.start_seconds) == (NOW, at(100), 100)
    assert (result.polls, result.project_arn, result.model, result.lease_id) == (9, PROJECT, "defects", "nightly")


def test_a_fixed_interval_is_kept_from_the_request_on() -> None:
    models = Models(once_started=[(0, "STARTING"), (100, "RUNNING")])
    start(models, PollSeconds=40)
    assert [seconds for seconds, _ in models.status_checks] == [0, 40, 80, 120]


def test_a_model_that_runs_already_is_left_alone() -> None:
    models = Models(script=[(0, "RUNNING")])
    result = start(models)
    assert (result.outcome, result.polls, result.start_seconds) == (Outcome.MODEL_ALREADY_RUNNING, 1, 0)
    assert (models.requests, result.warnings) == ([], ())


def test_a_model_that_somebody_else_is_starting_is_waited_for() -> None:
    models = Models(script=[(0, "STARTING"), (50, "RUNNING")])
    assert start(models).outcome is Outcome.MODEL_ALREADY_RUNNING
    assert models.requests == []


def test_a_model_that_is_stopping_is_started_once_it_has_stopped() -> None:
    models = Models(script=[(0, "STOPPING"), (40, "STOPPED")])
    assert start(models).outcome is Outcome.MODEL_STARTED
    assert models.requests == [40]


@pytest.mark.parametrize("kind", ["TRAINING", "COPYING"])
def test_a_model_that_is_being_made_is_started_once_it_is_complete(kind: str) -> None:
    models = Models(script=[(0, f"{kind}_IN_PROGRESS"), (100, f"{kind}_COMPLETED")])
    assert start(models).outcome is Outcome.MODEL_STARTED
    assert models.requests == [100]


@pytest.mark.parametrize(
    ("runs_with", "asked", "warned"),
    [
        ((2, None), {}, "runs with 2 inference units, instead of 1 inference unit as requested."),
        (
            (1, 5),
            {"MaxInferenceUnits": 4},
            "runs with 1 to 5 inference units, instead of 1 to 4 inference units as requested.",
        ),
        ((3, 4), {"MinInferenceUnits": 3, "MaxInferenceUnits": 4}, None),
    ],
)
def test_a_model_that_runs_with_other_inference_units_is_reported_with_a_warning(
    runs_with: tuple[int, int | None], asked: dict[str, int], warned: str | None
) -> None:
    result = start(Models(script=[(0, "RUNNING")], runs_with=runs_with), **asked)
    assert (result.min_inference_units, result.max_inference_units) == runs_with
    assert result.estimated_hourly_cost == 4.0 * runs_with[0]
    assert len(result.warnings) == bool(warned)
    assert (warned or "") in "".join(result.warnings)


@pytest.mark.parametrize("status", ["STOPPED", "STARTING"])
def test_inference_units_of_an_earlier_run_or_unknown_ones_are_no_warning(status: str) -> None:
    earlier = (7, None) if status == "STOPPED" else (None, None)
    result = start(Models(script=[(0, status)], runs_with=earlier), DryRun=True)
    assert (result.min_inference_units, result.warnings) == (1, ())


def test_a_unit_costs_its_list_price_unless_configured_otherwise() -> None:
    assert start(Story(Models(), configuration=Configuration(CONFIGURATION.models))).estimated_hourly_cost == 4.0


def test_inference_units_are_asked_for_and_priced() -> None:
    dear = replace(CONFIGURATION, inference_unit_hour_usd=5.25)
    result = start(Story(Models(), configuration=dear), MinInferenceUnits=3, MaxInferenceUnits=5)
    assert (result.min_inference_units, result.max_inference_units) == (3, 5)
    assert result.estimated_hourly_cost == 15.75
    assert result.warnings == ()


# The bad ends -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["TRAINING_FAILED", "COPYING_FAILED", "DELETING", "DEPRECATED", "EXPIRED", "NEW"])
def test_a_model_that_can_never_run_fails_at_once_with_the_services_own_words(status: str) -> None:
    models = Models(script=[(0, status)], status_message="The manifest is empty")
    with pytest.raises(ModelNotStartable) as failed:
        start(models)
    assert (failed.value.cause["Status"], failed.value.cause["StatusMessage"]) == (status, "The manifest is empty")
    assert failed.value.cause["ProjectVersionArn"] == ARN
    assert models.requests == []


@pytest.mark.parametrize(
    ("once_started", "error"),
    [
        pytest.param([(0, "STARTING"), (90, "FAILED")], ModelFailed, id="failed"),
        pytest.param([(0, "STARTING"), (90, "STOPPING"), (120, "STOPPED")], ModelStopped, id="stopped"),
        pytest.param([(0, "STARTING"), (90, "STOPPED")], ModelStopped, id="stopped between two looks"),
        pytest.param([(0, "STOPPED")], ModelStopped, id="nothing ever happened"),
        pytest.param([(0, "STARTING"), (90, "DELETING")], ModelNotStartable, id="deleted"),
        pytest.param([(0, "STARTING")], TimedOut, id="never ready"),
    ],
)
def test_a_start_that_goes_wrong_fails_after_one_request(once_started: Script, error: type[LifecycleError]) -> None:
    models = Models(once_started=once_started)
    with pytest.raises(error) as failed:
        start(models, TimeoutSeconds=200)
    assert models.requests == [0]
    assert failed.value.cause["Status"] == models.status_checks[-1][1]


def test_a_failed_model_whose_second_start_fails_too_is_requested_once() -> None:
    models = Models(script=[(0, "FAILED")], once_started=[(0, "FAILED"), (20, "STARTING"), (100, "FAILED")])
    with pytest.raises(ModelFailed):
        start(models)
    assert models.requests == [0]


def test_a_failed_model_that_the_service_refuses_to_start_is_requested_once() -> None:
    models = Models(script=[(0, "FAILED")], answers=[IN_USE, IN_USE])
    with pytest.raises(ModelFailed, match="refused to start it again"):
        start(models)
    assert models.requests == [0]


def test_a_model_that_fails_after_a_refusal_made_while_it_was_stopped_is_requested_again() -> None:
    models = Models(script=[(0, "STOPPED"), (1, "FAILED")], answers=[IN_USE])
    assert start(models).outcome is Outcome.MODEL_STARTED
    assert models.requests == [0, 10]


def test_a_status_of_a_newer_service_fails_with_the_advice_to_update() -> None:
    with pytest.raises(ModelNotStartable) as failed:
        start(Models(script=[(0, "NEW")]))
    assert "status NEW, which this app does not know" in failed.value.message
    assert str(failed.value.cause["Remedy"]).startswith("Update this app")


def test_a_start_by_somebody_else_that_is_stopped_while_we_wait_is_not_repeated() -> None:
    models = Models(script=[(0, "STARTING"), (50, "STOPPING"), (90, "STOPPED")])
    with pytest.raises(ModelStopped):
        start(models)
    assert models.requests == []


@pytest.mark.parametrize("poll", [{}, {"PollSeconds": 7}, {"PollSeconds": 900}])
def test_a_timeout_is_noticed_when_it_is_reached(poll: dict[str, int]) -> None:
    story = Story(Models(once_started=[(0, "STARTING")]))
    with pytest.raises(TimedOut) as failed:
        start(story, TimeoutSeconds=100, **poll)
    assert story.clock.seconds == 100
    assert failed.value.cause["Status"] == "STARTING"


def test_a_version_that_is_gone_and_calls_that_are_denied_are_no_reason_to_go_on() -> None:
    with pytest.raises(ModelNotFound):
        Story(Models(), configuration=EVERYWHERE).run({"ProjectVersionArn": GONE_ARN})
    with pytest.raises(AccessDenied):
        start(Models(answers=[AccessDenied("StartProjectVersion answered AccessDeniedException: no")]))


@pytest.mark.parametrize("status", ["STOPPED", "RUNNING"])
def test_a_model_that_this_app_may_not_stop_is_not_started_and_gets_no_lease(status: str) -> None:
    story = Story(Models(script=[(0, status)]))
    with pytest.raises(AccessDenied, match="does not manage the project") as failed:
        story.run({"ProjectVersionArn": OTHER_ARN, "ClientRequestToken": "t"})
    assert failed.value.cause["ProjectVersionArn"] == OTHER_ARN
    assert (story.models.status_checks, story.tokens.holders, story.items.kept) == ([], {}, {})


@pytest.mark.parametrize(
    ("projects", "manages"), [((), False), (("cables",), True), (("*",), True), (("cable", "cables-2"), False)]
)
def test_the_models_of_configured_projects_are_managed(projects: tuple[str, ...], manages: bool) -> None:
    configuration = replace(CONFIGURATION, projects=projects)
    assert configuration.manages(OTHER_ARN) is manages
    assert configuration.manages(ARN.replace("/v1/", "/v2/"))  # another version of a configured model's project


# Answers that get lost ----------------------------------------------------------------------------


def test_a_start_whose_answer_is_lost_is_this_apps_own_once_the_status_moves() -> None:
    models = Models(answers=[Lost()], once_started=[(0, "STARTING"), (600, "RUNNING")])
    result = start(models)
    assert models.requests == [0, 25]
    assert result.outcome is Outcome.MODEL_STARTED
    assert result.requested_at == at(25)


def test_what_was_unclear_is_clear_once_the_status_has_moved() -> None:
    story = Story(Models(answers=[Lost()], once_started=[(0, "STARTING"), (200, "FAILED")]))
    with pytest.raises(ModelFailed):
        start(story)
    assert not story.progress.unclear
    assert story.progress.requested_at == at(25)


def test_a_start_that_got_lost_on_its_way_is_made_again() -> None:
    models = Models(answers=[Lost(made=False)])
    assert start(models).requested_at == at(25)
    assert models.requests == [0, 25]


def test_a_start_without_any_answer_is_unavailable_in_the_end() -> None:
    models = Models(answers=[Lost(made=False)] * 4)
    with pytest.raises(NoAnswer):
        start(models)


def test_a_refusal_at_the_first_try_means_that_somebody_else_has_started_it() -> None:
    models = Models(script=[(0, "STOPPED"), (1, "STARTING"), (200, "RUNNING")], answers=[IN_USE])
    result = start(models)
    assert result.outcome is Outcome.MODEL_ALREADY_RUNNING
    assert models.requests == [0]


def test_a_refusal_that_nothing_explains_is_looked_into_and_asked_again() -> None:
    models = Models(answers=[IN_USE, IN_USE])
    assert start(models).outcome is Outcome.MODEL_STARTED
    assert models.requests == [0, 10, 20]


def test_a_start_that_was_only_throttled_before_is_made_when_it_is_accepted() -> None:
    models = Models(answers=[THROTTLED, THROTTLED])
    result = start(models)
    assert models.requests == [0, 2, 4]
    assert (result.outcome, result.requested_at) == (Outcome.MODEL_STARTED, at(4))


@pytest.mark.parametrize(
    ("retries", "before", "refusal", "unclear"),
    [
        (0, False, IN_USE, False),
        (1, False, IN_USE, True),
        (1, False, NO_CAPACITY, True),
        (0, True, IN_USE, True),
        (0, True, NO_CAPACITY, True),
        (1, True, None, False),
    ],
)
def test_a_refusal_is_unclear_after_a_try_without_an_answer(
    retries: int, before: bool, refusal: Refusal | None, unclear: bool
) -> None:
    progress = Progress(1, "STOPPED", unclear=before)
    models = Models(answers=[refusal])
    items = Items()
    items.change(lambda item: leases.take(item, request().starter, NOW))
    step = start_steps.request_start(
        request(), progress, retries=retries, now=NOW, configuration=CONFIGURATION, models=models, items=items
    )
    assert (step.progress.unclear, step.progress.refusal) == (unclear, refusal)
    assert (step.progress.attempted_at, step.progress.status_at_attempt) == (NOW, "STOPPED")


def test_a_start_whose_answer_was_lost_is_this_apps_own_however_late_a_status_check_shows_it() -> None:
    models = Models(answers=[Lost(), IN_USE, IN_USE], once_started=[(0, "STOPPED"), (40, "STARTING"), (600, "RUNNING")])
    assert start(models).outcome is Outcome.MODEL_STARTED
    assert len(models.requests) == 3


def test_a_start_whose_answer_was_lost_may_fill_the_quota_itself() -> None:
    models = Models(
        answers=[Lost(), NO_CAPACITY],
        once_started=[(0, "STOPPED"), (60, "STARTING"), (600, "RUNNING")],
        others=[ModelVersion(ARN, "STARTING")],
        quota_free_at=NEVER,
    )
    assert start(models).outcome is Outcome.MODEL_STARTED
    assert len(models.requests) == 2


# Capacity -----------------------------------------------------------------------------------------


def test_a_full_quota_fails_at_once_and_names_the_models_that_fill_it() -> None:
    others = [OTHER, ModelVersion(CONFIGURED_ARN, "STOPPING")]
    models = Models(others=others, quota_free_at=NEVER)
    with pytest.raises(CapacityExceeded) as failed:
        start(models, MaxInferenceUnits=4)
    assert models.requests == [0]
    assert models.status_checks[-1][0] == 1
    said = failed.value.message
    assert said.startswith("Other models use up the account's quota (cables: RUNNING, 3 units; welds: STOPPING). ")
    assert f"Models that hold capacity now: {OTHER_ARN}, {CONFIGURED_ARN}." in said
    assert "refused 4 inference units for this model" in said
    assert "quota is 2 running models" in said
    assert failed.value.cause["Status"] == "STOPPED"


@pytest.mark.parametrize(
    ("readable", "says", "remedy"),
    [
        (
            True,
            "No other model holds capacity, and the account's quota has no room for 1 inference unit",
            "Start it again",
        ),
        (False, "The account's quota is used up. ", "Start it with WaitForCapacity"),
    ],
)
def test_a_quota_that_nobody_seems_to_fill_is_reported_as_such(readable: bool, says: str, remedy: str) -> None:
    with pytest.raises(CapacityExceeded) as failed:
        start(Models(quota_free_at=NEVER, readable=readable))
    assert failed.value.message.startswith(says)
    assert ("Not all projects could be read." in failed.value.message) is not readable
    assert str(failed.value.cause["Remedy"]).startswith(remedy)


def test_where_not_all_projects_can_be_read_the_leases_tell_who_fills_the_quota() -> None:
    story = Story(Models(quota_free_at=NEVER, readable=False))
    assert story.items.put(ModelItem(CONFIGURED_ARN, leases=(Lease("shift-2", NOW),)))
    with pytest.raises(CapacityExceeded) as failed:
        start(story)
    assert failed.value.message.startswith("The account's quota is used up: leases hold welds. ")
    assert "Leases hold: welds." in failed.value.message


def test_of_many_models_that_fill_the_quota_three_are_named_and_twenty_listed() -> None:
    others = [ModelVersion(OTHER_ARN.replace("cables", f"cables-{one}"), "RUNNING", None, 1) for one in range(22)]
    with pytest.raises(CapacityExceeded) as failed:
        start(Models(others=others, quota_free_at=NEVER))
    said = failed.value.message
    assert "(cables-0: RUNNING, 1 unit; cables-1: RUNNING, 1 unit; cables-2: RUNNING, 1 unit; and 19 more)." in said
    assert f"{others[19].project_version_arn}, and 2 more." in said


def test_who_waits_for_capacity_starts_as_soon_as_there_is_room() -> None:
    models = Models(others=[OTHER], quota_free_at=40)
    assert start(models, WaitForCapacity=True).outcome is Outcome.MODEL_STARTED
    assert models.requests == [0, 10, 20, 30, 40]


def test_who_waits_for_capacity_fails_where_nobody_can_make_room() -> None:
    models = Models(quota_free_at=NEVER)
    with pytest.raises(CapacityExceeded):
        start(models, WaitForCapacity=True)
    assert models.requests == [0, 10]


def test_who_waits_for_capacity_tries_once_more_where_the_others_have_just_gone() -> None:
    assert start(Models(quota_free_at=10), WaitForCapacity=True).outcome is Outcome.MODEL_STARTED


def test_who_waits_for_capacity_waits_on_where_not_all_models_can_be_seen() -> None:
    models = Models(quota_free_at=100, readable=False)
    assert start(models, WaitForCapacity=True).outcome is Outcome.MODEL_STARTED


def test_who_waits_for_capacity_waits_no_longer_than_the_timeout() -> None:
    models = Models(others=[OTHER], quota_free_at=NEVER)
    with pytest.raises(TimedOut, match="Other models use up the account's quota") as failed:
        start(models, WaitForCapacity=True, TimeoutSeconds=100)
    assert models.status_checks[-1][0] == 100
    assert failed.value.cause["Remedy"] == CapacityExceeded.remedy


# ReadyAt ------------------------------------------------------------------------------------------

IN_TWO_HOURS: dict[str, Any] = {"ReadyAt": "2026-11-24T09:00:00Z"}
DUE = 90 * 60


def test_a_start_for_later_is_checked_once_and_then_left_until_it_is_due() -> None:
    story = Story(Models(once_started=[(0, "STARTING"), (600, "RUNNING")]))
    result = start(story, **IN_TWO_HOURS)
    assert [seconds for seconds, _ in story.models.status_checks[:3]] == [0, DUE + 1, DUE + 31]
    assert story.models.requests == [DUE + 1]
    assert story.steps[0].reason.startswith("Not due yet.")
    assert result.warnings == ()


def test_what_the_early_status_check_saw_does_not_count_when_the_start_is_due() -> None:
    models = Models(script=[(0, "RUNNING"), (10, "STOPPED"), (DUE, "STOPPING"), (DUE + 30, "STOPPED")])
    assert start(models, **IN_TWO_HOURS).outcome is Outcome.MODEL_STARTED


def test_a_start_for_later_does_not_answer_before_it_is_due() -> None:
    result = start(Models(script=[(0, "RUNNING")]), **IN_TWO_HOURS)
    assert (result.running_at, result.requested_at, result.start_seconds) == (at(DUE + 1), at(DUE), 1)
    assert result.polls == 2


def test_a_start_for_later_of_a_model_that_can_never_run_fails_early() -> None:
    models = Models(script=[(0, "TRAINING_FAILED")])
    with pytest.raises(ModelNotStartable):
        start(models, **IN_TWO_HOURS)
    assert models.status_checks == [(0, "TRAINING_FAILED")]


def test_the_timeout_of_a_start_for_later_counts_from_when_it_is_due() -> None:
    story = Story(Models(once_started=[(0, "STARTING")]))
    with pytest.raises(TimedOut):
        start(story, **IN_TWO_HOURS, TimeoutSeconds=60)
    assert story.clock.seconds == DUE + 60


@pytest.mark.parametrize(
    ("ready_at", "late"),
    [("2026-11-24T07:05:00Z", True), ("2026-11-24T07:15:00Z", False), ("2026-11-24T06:00:00Z", False)],
)
def test_a_model_that_runs_later_than_it_was_wanted_is_reported_with_a_warning(ready_at: str, late: bool) -> None:
    result = start(Models(once_started=[(0, "STARTING"), (600, "RUNNING")]), ReadyAt=ready_at)
    assert len(result.warnings) == late
    assert all("5 min after ReadyAt" in warning for warning in result.warnings)


def test_a_start_for_later_begins_as_late_as_past_starts_allow() -> None:
    story = Story(Models(once_started=[(0, "STARTING"), (600, "RUNNING")]))
    history = tuple(PastStart(NOW - timedelta(days=day), 598, 603) for day in range(20, 0, -1))
    story.items.change(lambda item: replace(item, starts=history))
    result = start(story, **IN_TWO_HOURS, TimeoutSeconds=1000)
    (requested,) = story.models.requests
    assert 7200 - 1.2 * 603 < requested < 7200 - 603
    assert at(7200 - 120) < result.running_at <= at(7200)
    assert result.warnings == ()


def test_what_past_starts_took_does_not_change_how_long_a_start_may_take() -> None:
    story = Story(Models(once_started=[(0, "STARTING")]))
    story.items.change(lambda item: replace(item, starts=(PastStart(NOW, 598, 603),)))
    with pytest.raises(TimedOut):
        start(story, **IN_TWO_HOURS, TimeoutSeconds=60)
    (requested,) = story.models.requests
    assert story.clock.seconds == pytest.approx(requested + 60, abs=2)


# Dry runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "action"),
    [("STOPPED", Action.REQUEST), ("FAILED", Action.REQUEST), ("STOPPING", Action.WAIT), ("RUNNING", Action.DONE)],
)
@pytest.mark.parametrize("when", [{}, IN_TWO_HOURS], ids=["now", "later"])
def test_a_dry_run_answers_what_would_be_done_and_does_nothing(
    status: str, action: Action, when: dict[str, str]
) -> None:
    story = Story(Models(script=[(0, status)]))
    result = start(story, DryRun=True, ClientRequestToken="t", MinInferenceUnits=1, **when)
    assert (result.outcome, result.status) == (Outcome.DRY_RUN, status)
    assert result.decision is not None
    assert (result.decision.action, status in result.decision.reason) == (action, True)
    assert (result.requested_at, result.running_at, result.start_seconds) == (None, None, None)
    assert result.estimated_hourly_cost == 4
    assert (story.models.requests, story.tokens.holders, story.clock.seconds) == ([], {}, 0)


def test_a_dry_run_of_a_model_that_can_never_run_fails_as_the_start_would() -> None:
    with pytest.raises(ModelNotStartable):
        start(Models(script=[(0, "EXPIRED")]), DryRun=True)


# Duplicates ---------------------------------------------------------------------------------------

FIRST = execution("first")
TOKEN = {"ClientRequestToken": "inspection"}


def duplicate(end: ExecutionState, seconds: float, models: Models, **fields: Any) -> Story:
    """A story whose token is held by a first execution that ends after these seconds."""
    tokens = Tokens()
    ends = {FIRST.id: (seconds, end)}
    start_steps.prepare(
        {"Model": "defects", **TOKEN, **fields},
        execution=FIRST,
        now=NOW,
        configuration=CONFIGURATION,
        models=models,
        items=Items(),
        tokens=tokens,
        executions=Executions(),
        open_executions=OpenExecutions(),
    )
    return Story(models, ends, tokens)


def succeeded(models: Models) -> ExecutionState:
    """How the first ended that started this model."""
    first = Story(Models(once_started=models.once_started), execution=FIRST)
    return ExecutionState("SUCCEEDED", NOW, to_wire(first.run({"Model": "defects", **TOKEN})))


def test_a_duplicate_waits_with_the_first_and_ends_as_it_did() -> None:
    models = Models(script=[(0, "STARTING"), (600, "RUNNING")])
    story = duplicate(succeeded(models), 601, models)
    result = start(story, **TOKEN)
    assert (result.outcome, result.duplicate_of) == (Outcome.DUPLICATE, FIRST.id)
    assert (result.lease_id, result.requested_at, result.start_seconds) == ("first", NOW, 600)
    assert result.polls == len(story.steps) == 62
    assert models.requests == []
    assert [seconds for seconds, _ in models.status_checks] == [610]


def test_a_duplicate_of_a_failure_fails_with_the_same_error() -> None:
    models = Models()
    failed = ExecutionState("FAILED", NOW, None, "CapacityExceeded", str(CapacityExceeded("Too many.")))
    with pytest.raises(CapacityExceeded, match="Too many"):
        start(duplicate(failed, 40, models), **TOKEN)
    assert models.requests == []


def test_a_duplicate_of_an_execution_that_is_aborted_meanwhile_does_not_start_the_model_itself() -> None:
    models = Models()
    with pytest.raises(ModelStopped):
        start(duplicate(ExecutionState("ABORTED", NOW), 40, models), **TOKEN)
    assert models.requests == []


def test_a_duplicate_waits_for_a_first_that_ends_after_its_own_timeout() -> None:
    """The first is RUNNING in Step Functions until it has told people, and retried that."""
    models = Models(script=[(0, "STARTING"), (600, "RUNNING")])
    fields: dict[str, Any] = {**TOKEN, "TimeoutSeconds": 605}
    story = duplicate(succeeded(models), 800, models, **fields)
    assert start(story, **fields).outcome is Outcome.DUPLICATE


def test_a_duplicate_waits_little_longer_than_its_own_timeout() -> None:
    models = Models()
    fields: dict[str, Any] = {**TOKEN, "TimeoutSeconds": 100}
    story = duplicate(ExecutionState("FAILED"), NEVER, models, **fields)
    with pytest.raises(TimedOut) as failed:
        start(story, **fields)
    assert FIRST.id in failed.value.message
    assert story.clock.seconds == 100 + 600


def test_a_duplicate_with_other_fields_is_refused() -> None:
    models = Models()
    with pytest.raises(InvalidRequest, match="ClientRequestToken"):
        start(duplicate(ExecutionState("FAILED"), NEVER, models), **TOKEN, MinInferenceUnits=2)


def test_a_token_means_nothing_for_another_model_and_is_kept_past_the_end() -> None:
    story = Story(Models())
    start(story, **TOKEN)
    ((token, until),) = story.tokens.until.items()
    assert ARN in token
    assert until - NOW > timedelta(hours=24, seconds=3600)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 86400), st.none() | st.integers(1, 900), st.integers(0, 29), st.booleans())
def test_every_story_ends_within_its_turns(timeout: int, poll: int | None, days: int, follows: bool) -> None:
    """Story.run counts the turns; nothing here ever becomes RUNNING."""
    fields: dict[str, Any] = {"TimeoutSeconds": timeout, **TOKEN}
    fields |= {"PollSeconds": poll} if poll else {}
    fields |= {"ReadyAt": to_wire(NOW + timedelta(days=days))} if days else {}
    models = Models(Clock(), once_started=[(0, "STARTING")])
    story = duplicate(ExecutionState("FAILED"), NEVER, models, **fields) if follows else Story(models)
    with pytest.raises(TimedOut):
        start(story, **fields)
