"""Settle and the sweep: aborted executions, lost events, forgotten models and expired leases, in simulated time."""

from typing import Any

import pytest

from lifecycle.errors import ServiceUnavailable
from tests.account.account import Delivery
from tests.account.custom_labels import CustomLabels
from tests.account.faults import Answer
from tests.account.scene import START_MODEL, STOP_MODEL, Scene
from tests.account.services import Execution
from tests.unit.examples import ARN, OTHER_ARN

DESCRIBE = "rekognition:DescribeProjectVersions"
LOST = Delivery("settle", ())
"""No event of an execution's end reaches Settle."""


def swept(scene: Scene) -> Execution:
    """The one execution that sweeps have started."""
    (found,) = (one for one in scene.account.stepfunctions.executions.values() if one.name.startswith("sweep-"))
    return found


# --- Executions that end early ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "later"),
    [
        *(("Prepare the request", later) for later in (0.01, 0.35, 0.4)),
        *(("Check the model", later) for later in (0.01, 0.35, 0.4)),
        *(("Start the model", later) for later in (0.01, 0.33, 0.36)),
        ("Wait", 5),
        *(("Notify: running", later) for later in (0.01, 0.33, 0.45)),
    ],
)
def test_a_start_that_is_aborted_gives_its_lease_back_and_is_notified_once(
    scene: Scene, state: str, later: float
) -> None:
    if state == "Notify: running":
        scene.put("RUNNING")
    started = scene.begin(START_MODEL, LeaseId="aborted")
    scene.until_in(started, state)
    scene.passes(later)
    aborted = scene.abort(started)
    assert aborted.status == "ABORTED"
    scene.until(lambda: scene.notified(aborted).events and not scene.unsettled)
    assert not scene.item.get("Pending")
    # A notification that was decided before the abort is the one.
    decided = {"MODEL_ALREADY_RUNNING", "EXECUTION_ABORTED"} if state == "Notify: running" else {"EXECUTION_ABORTED"}
    (outcome,) = scene.notified(aborted).outcomes
    assert outcome in decided
    assert scene.lease_ids == (["aborted"] if state == "Notify: running" else [])


def test_a_sweep_ends_no_start_that_step_functions_does_not_know_yet(scene: Scene) -> None:
    scene.account.stepfunctions.unknown_for = 120
    started = scene.begin(START_MODEL, LeaseId="young")
    scene.until(lambda: scene.status == "STARTING")
    for _ in range(3):
        scene.sweep()
        scene.passes(20)
    assert scene.wait(started).output["LeaseId"] == "young"
    assert scene.lease_ids == ["young"]


def test_an_end_that_step_functions_reports_late_is_settled_all_the_same(scene: Scene) -> None:
    """Lambda calls Settle again; no sweep is needed."""
    scene.account.stepfunctions.lag = 30
    started = scene.begin(START_MODEL, LeaseId="aborted")
    scene.until_in(started, "Wait")
    aborted = scene.abort(started)
    scene.until(lambda: scene.notified(aborted).events and not scene.unsettled)
    assert scene.notified(aborted).outcomes == ["EXECUTION_ABORTED"]
    assert not scene.item.get("Pending")


def test_a_stop_that_is_aborted_is_taken_over_by_nobody_while_its_call_may_land(scene: Scene) -> None:
    scene.put("RUNNING")
    scene.labels.models.once_stopped = ((0, "STOPPING"), (20, "STOPPED"))
    stop = scene.begin(STOP_MODEL)
    scene.until_in(stop, "Wait")
    aborted = scene.abort(stop)
    ended = scene.account.simulation.seconds
    started = scene.begin(START_MODEL)
    scene.until(lambda: scene.status == "STOPPED")
    assert scene.item["Claim"]["ExecutionArn"] == stop.arn
    assert scene.wait(started).output["Outcome"] == "MODEL_STARTED"
    assert scene.labels.starts[0] - ended >= 60, "the claim stands for a minute after the stop's end"
    assert scene.notified(aborted).outcomes == ["EXECUTION_ABORTED"]


def test_an_execution_whose_event_was_lost_is_settled_by_the_sweep(scene: Scene) -> None:
    scene.account.deliveries = [LOST]
    started = scene.begin(START_MODEL)
    scene.until_in(started, "Wait")
    aborted = scene.abort(started)
    scene.passes(5)
    scene.sweep()
    assert scene.wait(swept(scene)).output["Outcome"] == "MODEL_STOPPED", "its lease is taken back at once"
    assert scene.notified(aborted).nothing, "an event is given a minute"
    scene.passes(60)
    scene.sweep()
    assert scene.notified(aborted).outcomes == ["EXECUTION_ABORTED"]
    assert not scene.item.get("Pending")
    assert aborted.arn not in scene.unsettled


def test_who_could_not_be_notified_in_time_is_notified_later(scene: Scene) -> None:
    scene.put("RUNNING")
    scene.account.deliveries = [LOST]
    scene.fails(Answer("InternalErrorException"), "sns:Publish", calls=None)
    started = scene.run(START_MODEL)
    assert started.output["Warnings"], "the model runs, whether or not anybody could be notified"
    assert scene.notified(started).mails == []
    scene.mends()
    scene.passes(61)
    scene.sweep()
    scene.notified(started).once("MODEL_ALREADY_RUNNING", "INFO")


# --- Leases -----------------------------------------------------------------------------------------------------------


def test_a_lease_that_ends_soon_is_warned_of_once_and_again_after_it_was_extended(scene: Scene) -> None:
    scene.put("RUNNING")
    asked: Any = {"LeaseId": "shift", "LeaseMinutes": 60}
    scene.run(START_MODEL, **asked)
    scene.passes(44 * 60)
    scene.sweep()
    assert "LEASE_EXPIRING" not in scene.outcomes
    scene.passes(2 * 60)
    scene.sweep(), scene.sweep()
    assert scene.outcomes.count("LEASE_EXPIRING") == 1
    extended = scene.run(START_MODEL, **asked)
    assert extended.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    assert extended.output["LeaseExtendedFrom"] < extended.output["LeaseExpiresAt"]
    scene.sweep()
    assert scene.outcomes.count("LEASE_EXPIRING") == 1
    scene.passes(46 * 60)
    scene.sweep()
    assert scene.outcomes.count("LEASE_EXPIRING") == 2


def test_a_forgotten_model_is_stopped_when_its_lease_has_expired(scene: Scene) -> None:
    scene.run(START_MODEL, LeaseMinutes=30)
    assert scene.sweep()["Stops"] == 0
    scene.passes(30 * 60)
    assert scene.sweep()["Stops"] == 1
    stopped = scene.wait(swept(scene))
    assert stopped.output["Outcome"] == "MODEL_STOPPED"
    assert stopped.output["EstimatedCost"] > 0
    assert "no lease holds it any more." in scene.notified(stopped).once("MODEL_STOPPED", "INFO")["Message"]
    assert scene.outcomes.count("LEASE_EXPIRED") == 1
    assert scene.sweep()["Stops"] == 0


def test_a_model_that_somebody_else_started_is_reported_once(scene: Scene) -> None:
    scene.put("RUNNING")
    scene.sweep(), scene.sweep()
    assert scene.outcomes == ["UNLEASED_MODEL"]


def test_a_leased_model_that_is_down_is_reported_once(scene: Scene) -> None:
    scene.put("RUNNING")
    scene.run(START_MODEL)
    scene.put("FAILED")
    scene.sweep(), scene.sweep()
    assert scene.outcomes == ["MODEL_ALREADY_RUNNING", "MODEL_DOWN"]
    assert scene.lease_ids == []


def test_a_sweep_that_is_throttled_goes_on(scene: Scene) -> None:
    scene.put("RUNNING")
    for operation in ("rekognition:DescribeProjects", DESCRIBE):
        scene.fails(Answer("ThrottlingException"), operation, calls=(1, 2))
    assert scene.sweep()["Problems"] == []
    assert scene.outcomes == ["UNLEASED_MODEL"]


def test_a_project_that_cannot_be_read_fails_the_sweep_and_does_not_keep_the_others_from_it(
    scene: Scene, fleet: CustomLabels
) -> None:
    fleet.put(OTHER_ARN, "RUNNING")
    fleet.put(ARN, "RUNNING")
    # The sweep reads the projects in this order.
    scene.fails(Answer("AccessDeniedException"), "rekognition:DescribeProjectVersions", calls=(1,))
    with pytest.raises(ServiceUnavailable, match="cables"):
        scene.sweep()
    assert [mail["MessageAttributes"]["ProjectVersionArn"] for mail in scene.mails] == [ARN]
