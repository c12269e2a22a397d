"""A budget that holds: starts that it refuses, models that it stops, and what happens if it can't be read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from lifecycle.adapters.ledger import record_of
from lifecycle.configuration import OverBudget
from lifecycle.errors import ServiceUnavailable
from lifecycle.model.bill import Session
from lifecycle.model.usage import Share
from lifecycle.shared.wire import parse_timestamp
from tests.account.conftest import SCENES
from tests.account.custom_labels import CustomLabels
from tests.account.faults import Answer, Silence, What
from tests.account.functions import ENVIRONMENT, Functions, loaded
from tests.account.scene import CHAT, RUN_WITH_MODEL, START_MODEL, Scene
from tests.contract import failed_well
from tests.deployed.app import INSPECTION
from tests.unit.examples import ARN, CONFIGURED_ARN, NOW, OTHER_ARN, WORKLOAD

START, QUERY, SCAN = "rekognition:StartProjectVersion", "dynamodb:Query", "dynamodb:Scan"
HOUR, MINUTES = timedelta(hours=1), 60
THROTTLED = Answer("ProvisionedThroughputExceededException")


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    """USD 500 a month, and what runs beyond is stopped."""
    settings = replace(SCENES, monthly_budget_usd=500, over_budget=OverBudget.STOP, restart_when_down=True)
    with loaded(settings=settings, environment={**ENVIRONMENT, "CHAT_TOPIC_ARN": CHAT}) as functions:
        yield functions


def spend(scene: Scene, usd: float) -> None:
    """Let a model have cost so much this month; another one, so that nothing of the scene's changes."""
    arn = OTHER_ARN.replace("/v7/", f"/spent-{len(scene.sessions)}/")
    session = Session(arn, scene.now - usd / 4 * HOUR, scene.now, 1, 4.0, shares=(Share("a", 1),))
    item = record_of(session, "ledger", 400 * 24 * HOUR)["Put"]["Item"]
    scene.account.dynamodb.put_item(TableName="ledger", Item=item)


# --- Refused ----------------------------------------------------------------------------------------------------------


def test_a_start_beyond_the_budget_requests_nothing_and_is_no_failed_start(scene: Scene) -> None:
    spend(scene, 512.4)
    execution = scene.run(START_MODEL, LeaseId="shift")
    cause = failed_well(execution, "BudgetExceeded")
    assert cause["Message"].startswith("This month's budget is used up (USD 512.40 of USD 500.00).")
    assert "IgnoreBudget" in cause["Remedy"]
    mail = scene.notified(execution).once("START_FAILED", "WARNING")
    assert '"IgnoreBudget": true' in mail["Message"]
    assert (scene.requests(START), scene.item.get("Pending", []), scene.lease_ids) == ([], [], [])
    assert scene.measured["Outcomes", "START_FAILED"] == [1]
    assert ("FailedStarts",) not in scene.measured


def test_it_is_mailed_once_a_month_and_model_and_is_always_an_event(scene: Scene, fleet: CustomLabels) -> None:
    fleet.put(ARN)
    fleet.put(OTHER_ARN)
    spend(scene, 600)
    first, again = (scene.notified(scene.run(START_MODEL)) for _ in range(2))
    first.once("START_FAILED", "WARNING")
    other = scene.notified(scene.run(START_MODEL, {"ProjectVersionArn": OTHER_ARN}))
    other.once("START_FAILED", "WARNING")
    assert (len(again.mails), len(again.chats), again.outcomes) == (0, 0, ["START_FAILED"])
    scene.passes(20 * 24 * 3600)  # into December
    spend(scene, 600)
    scene.notified(scene.run(START_MODEL)).once("START_FAILED", "WARNING")


def test_a_mail_that_could_not_be_sent_is_sent_by_the_next_try(scene: Scene) -> None:
    spend(scene, 600)
    scene.fails(Answer("InternalErrorException"), "sns:Publish", calls=(1, 2))
    scene.notified(scene.run(START_MODEL)).once("START_FAILED", "WARNING")


def test_a_run_fails_as_its_start_does_and_its_workload_is_not_started(scene: Scene) -> None:
    scene.account.definitions = {WORKLOAD: INSPECTION}
    asked = {"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD, "Input": {"Do": "succeed"}}}
    spend(scene, 600)
    run = scene.run(RUN_WITH_MODEL, asked)
    failed_well(run, "BudgetExceeded")
    assert scene.notified(run).nothing, "its start has reported it"
    assert (scene.outcomes, scene.requests(START)) == (["START_FAILED"], [])
    over = scene.run(RUN_WITH_MODEL, {**asked, "IgnoreBudget": True})
    assert over.output["Model"]["Outcome"] == "MODEL_STARTED"
    assert "IgnoreBudget was given" in over.output["Model"]["Warnings"][0]
    severities = [mail["MessageAttributes"]["Severity"] for mail in scene.mails]
    assert severities[:2] == ["WARNING", "WARNING"]


def test_joining_and_extending_are_warned_of(scene: Scene) -> None:
    scene.put("RUNNING")
    spend(scene, 600)
    joined = scene.run(START_MODEL, LeaseId="shift")
    scene.notified(joined).once("MODEL_ALREADY_RUNNING", "WARNING")
    extended = scene.run(START_MODEL, LeaseId="shift", LeaseMinutes=240, ExtendOnly=True)
    for answered in (joined, extended):
        assert "budget is used up" in answered.output["Warnings"][0]
    assert scene.notified(extended).nothing


@pytest.mark.parametrize("seed", range(5))
def test_starts_that_overlap_overspend_by_no_more_than_their_own_leases(
    scene: Scene, fleet: CustomLabels, seed: int
) -> None:
    """However they come, and however long their leases are: none is requested once the budget is used up."""
    chance = Random(seed)  # noqa: S311 - the same trials every time
    spend(scene, 500 - chance.uniform(0.5, 3))
    for arn in (ARN, CONFIGURED_ARN):
        fleet.put(arn)
    begun, minutes = [], []
    for arn in (ARN, CONFIGURED_ARN, ARN, CONFIGURED_ARN, ARN):
        minutes.append(chance.choice((15, 60, 90)))
        begun.append(scene.begin(START_MODEL, {"ProjectVersionArn": arn, "LeaseMinutes": minutes[-1]}))
        scene.passes(chance.choice((0, 5, 40)) * MINUTES)
        scene.sweep()
    for _ in range(20):
        scene.passes(5 * MINUTES)
        scene.sweep()
    held = [lease for lease, one in zip(minutes, begun, strict=True) if scene.wait(one).error is None]
    failed_well(scene.run(START_MODEL), "BudgetExceeded")
    used_up, overspent = used_up_at(scene), sum(float(one["EstimatedCost"]) for one in scene.sessions) - 500
    assert max(scene.requests(START)) <= used_up + MINUTES, "between its last check and its request"
    assert 0 < overspent < 4 / 60 * sum(lease + 10 for lease in held), "the sweep comes, and the stop takes"


def used_up_at(scene: Scene) -> float:
    """The second at which the sessions had cost USD 500, each USD 4 per hour."""
    times = [[parse_timestamp(one[name]) for name in ("Since", "Until")] for one in scene.sessions]
    return next(
        second
        for second in range(0, 20_000, 10)
        for now in [NOW + timedelta(seconds=second)]
        if sum(max(0.0, (min(until, now) - since) / HOUR) for since, until in times) * 4 >= 500
    )


# --- A budget that can't be read --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [QUERY, SCAN])
@pytest.mark.parametrize("what", [THROTTLED, Answer("InternalServerError"), Silence()], ids=str)
def test_a_budget_that_cant_be_read_for_a_while_loses_no_start(scene: Scene, operation: str, what: What) -> None:
    scene.fails(what, operation, "check", calls=(1, 2, 3))
    execution = scene.run(START_MODEL)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.failed_tasks() == ["ServiceUnavailable"] * 3


def test_one_that_cant_be_read_at_all_starts_nothing(scene: Scene) -> None:
    scene.fails(THROTTLED, QUERY, "check", calls=None)
    failed_well(scene.run(START_MODEL), "ServiceUnavailable")
    assert (scene.requests(START), scene.item.get("Pending", [])) == ([], [])


def test_one_that_may_not_be_read_starts_nothing(scene: Scene) -> None:
    scene.fails(Answer("AccessDeniedException"), QUERY, "check", calls=None)
    failed_well(scene.run(START_MODEL), "AccessDenied")
    assert scene.requests(START) == []


def test_a_start_that_has_started_its_model_answers_whatever_can_be_read_by_then(scene: Scene) -> None:
    begun = scene.begin(START_MODEL, LeaseId="shift")
    scene.until(lambda: scene.status == "STARTING")
    scene.fails(THROTTLED, QUERY, "check", calls=None)
    execution = scene.wait(begun)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert "could not be read" in execution.output["Warnings"][0]
    assert scene.lease_ids == ["shift"]


# --- Stopped ----------------------------------------------------------------------------------------------------------


def test_a_model_is_warned_of_then_stopped_and_then_started_for_who_ignores_the_budget_alone(scene: Scene) -> None:
    scene.run(START_MODEL, LeaseId="shift", LeaseMinutes=0)
    spend(scene, 499.5)
    scene.sweep()
    scene.sweep()
    (warning,) = (mail for mail in scene.mails if mail["MessageAttributes"]["Outcome"] == "BUDGET_REACHED")
    assert warning["MessageAttributes"]["Severity"] == "WARNING"
    scene.passes(14 * MINUTES)
    scene.sweep()
    assert scene.status == "RUNNING"
    scene.passes(2 * MINUTES)
    scene.sweep()
    scene.until(lambda: scene.status == "STOPPED")
    scene.until(lambda: "MODEL_STOPPED" in scene.outcomes)
    assert "this month's budget is used up" in scene.mails[-1]["Message"].splitlines()[0]
    assert scene.lease_ids == []
    failed_well(scene.run(START_MODEL, LeaseId="shift"), "BudgetExceeded")
    scene.run(START_MODEL, LeaseId="release", IgnoreBudget=True)
    for _ in range(3):
        scene.passes(10 * MINUTES)
        scene.sweep()
    assert (scene.status, scene.lease_ids) == ("RUNNING", ["release"])
    assert scene.outcomes.count("BUDGET_REACHED") == 1


def test_a_start_under_way_ends_by_the_budgets_stop(scene: Scene) -> None:
    begun = scene.begin(START_MODEL, LeaseId="shift")
    scene.until(lambda: scene.status == "STARTING")
    spend(scene, 512)
    scene.sweep()
    scene.account.dynamodb.tables["models"][(ARN,)]["BudgetWarning"]["M"]["At"]["S"] = "2026-11-24T06:00:00.000Z"
    scene.sweep()
    failed_well(scene.wait(begun), "ModelStopped")
    scene.until(lambda: scene.status == "STOPPED")


def test_a_sweep_that_cant_read_the_budget_stops_nothing_and_says_so(scene: Scene) -> None:
    scene.run(START_MODEL, LeaseId="shift", LeaseMinutes=0)
    spend(scene, 512)
    scene.sweep()
    scene.passes(16 * MINUTES)
    scene.fails(THROTTLED, QUERY, "sweep", calls=range(1, 6))
    with pytest.raises(ServiceUnavailable, match="this month's budget: Query answered"):
        scene.sweep()
    assert scene.status == "RUNNING"
    scene.sweep()
    scene.until(lambda: scene.status == "STOPPED")


def test_a_leased_model_that_is_down_is_not_started_again_and_people_are_told_why(scene: Scene) -> None:
    scene.run(START_MODEL, LeaseId="shift", LeaseMinutes=0)
    spend(scene, 512)
    scene.put("STOPPED")
    scene.sweep()
    assert scene.outcomes[-1] == "MODEL_DOWN"
    assert "It is not started again: this month's budget is used up" in scene.mails[-1]["Message"]
    assert len(scene.requests(START)) == 1
