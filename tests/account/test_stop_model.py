"""StopModel under everything that can go wrong: leases, claims, refusals and lost answers, in simulated time."""

from decimal import Decimal
from typing import Any

import pytest

from tests.account.faults import Answer, Death, Lost, Silence, What
from tests.account.scene import START_MODEL, STOP_MODEL, Ended, Scene
from tests.contract import failed_well, valid_stop_output
from tests.unit.examples import ARN

STOP = "rekognition:StopProjectVersion"
IN_A_MINUTE, AT_ONCE = ((0, "STOPPING"), (60, "STOPPED")), ((0, "STOPPED"),)


def ended_well(execution: Ended, outcome: str) -> Any:
    """The output of an execution that succeeded."""
    assert execution.status == "SUCCEEDED", execution.cause
    valid_stop_output(execution.output)
    assert execution.output["Outcome"] == outcome
    return execution.output


@pytest.fixture
def running(scene: Scene) -> Scene:
    """The model is RUNNING, and nobody holds it."""
    scene.put("RUNNING")
    return scene


# --- Leases -----------------------------------------------------------------------------------------------------------


def test_a_model_is_kept_while_somebody_holds_it_and_stopped_when_its_last_lease_is_released(scene: Scene) -> None:
    for lease_id in ("a", "b"):
        scene.run(START_MODEL, LeaseId=lease_id)
    kept = ended_well(scene.run(STOP_MODEL, LeaseId="a"), "MODEL_KEPT_RUNNING")
    assert [lease["LeaseId"] for lease in kept["Leases"]] == ["b"]
    execution = scene.run(STOP_MODEL, LeaseId="b")
    stopped = ended_well(execution, "MODEL_STOPPED")
    assert scene.status == "STOPPED"
    assert len(scene.requests(STOP)) == 1
    scene.notified(execution).once("MODEL_STOPPED", "INFO")
    (session,) = scene.sessions
    assert session["Shares"] != []
    assert session["EstimatedCost"] == Decimal(str(stopped["EstimatedCost"])) > 0


def test_a_model_that_is_kept_says_for_whom_and_at_what_cost(running: Scene) -> None:
    running.run(START_MODEL, LeaseId="shift-2")
    kept = running.run(STOP_MODEL, LeaseId="nobody")
    output = ended_well(kept, "MODEL_KEPT_RUNNING")
    assert (output["Status"], output["EstimatedHourlyCost"]) == ("RUNNING", 4.0)
    mail = running.notified(kept).once("MODEL_KEPT_RUNNING", "WARNING")["Message"]
    assert "shift-2" in mail
    assert "USD 4.00 per hour" in mail


def test_without_a_lease_only_what_nobody_holds_is_stopped(running: Scene) -> None:
    running.run(START_MODEL, LeaseId="a")
    ended_well(running.run(STOP_MODEL), "MODEL_KEPT_RUNNING")
    assert running.status == "RUNNING"
    running.run(STOP_MODEL, LeaseId="a")
    running.put("RUNNING")
    ended_well(running.run(STOP_MODEL), "MODEL_STOPPED")
    assert running.status == "STOPPED"


def test_force_stops_a_model_whoever_needs_it_and_a_start_that_is_under_way(scene: Scene) -> None:
    start = scene.begin(START_MODEL)
    scene.until_in(start, "Wait")
    ended_well(scene.run(STOP_MODEL, Force=True), "MODEL_STOPPED")
    failed = scene.wait(start)
    assert "by force" in failed_well(failed, "ModelStopped")["Message"]
    scene.notified(failed).once("START_FAILED", "ERROR")
    assert scene.status == "STOPPED"
    assert scene.lease_ids == []


def test_an_unknown_lease_counts_as_released(running: Scene) -> None:
    execution = running.run(STOP_MODEL, LeaseId="nobody")
    assert "no lease nobody" in ended_well(execution, "MODEL_STOPPED")["Warnings"][0]


def test_a_start_that_meets_a_stop_waits_and_starts_again(running: Scene) -> None:
    stop = running.begin(STOP_MODEL)
    running.until_in(stop, "Wait")
    assert running.run(START_MODEL).output["Outcome"] == "MODEL_STARTED"
    ended_well(running.wait(stop), "MODEL_STOPPED")
    assert running.status == "RUNNING"


def test_of_two_stops_one_follows_the_other(running: Scene) -> None:
    first = running.begin(STOP_MODEL)
    running.until_in(first, "Wait")
    for execution in (running.run(STOP_MODEL), running.wait(first)):
        ended_well(execution, "MODEL_STOPPED")
    assert len(running.requests(STOP)) == 1


# --- Statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "follows", "outcome"),
    [("STARTING", "RUNNING", "MODEL_STOPPED"), ("STOPPING", "STOPPED", "MODEL_ALREADY_STOPPED")],
)
def test_a_model_on_its_way_is_waited_for(scene: Scene, status: str, follows: str, outcome: str) -> None:
    scene.labels.follow(((0, status), (120, follows)))
    ended_well(scene.run(STOP_MODEL), outcome)
    assert scene.status == "STOPPED"


@pytest.mark.parametrize("status", ["STOPPED", "FAILED", "TRAINING_IN_PROGRESS", "EXPIRED"])
def test_a_model_that_does_not_run_is_done(scene: Scene, status: str) -> None:
    scene.put(status)
    assert ended_well(scene.run(STOP_MODEL), "MODEL_ALREADY_STOPPED")["Status"] == status
    assert scene.requests(STOP) == []


@pytest.mark.parametrize("gone", [f"{ARN}1", ARN.replace("boards", "gone")], ids=["version", "project"])
def test_a_version_that_is_gone_is_done(scene: Scene, gone: str) -> None:
    output = ended_well(scene.run(STOP_MODEL, {"ProjectVersionArn": gone}), "MODEL_ALREADY_STOPPED")
    assert output["Status"] == "NOT_FOUND"
    assert "nothing to stop" in output["Warnings"][0]


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    ["ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "ResourceInUseException"],
)
def test_what_passes_is_tried_again(running: Scene, error: str) -> None:
    running.fails(Answer(error), STOP, calls=(1, 2))
    ended_well(running.run(STOP_MODEL), "MODEL_STOPPED")
    assert (len(running.requests(STOP)), running.status) == (3, "STOPPED")


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        ("AccessDeniedException", "AccessDenied"),
        ("InvalidParameterException", "InvalidRequest"),
        ("ThrottlingException", "ServiceUnavailable"),
    ],
)
def test_a_stop_that_is_refused_to_the_end_says_that_the_model_still_bills(
    running: Scene, error: str, becomes: str
) -> None:
    running.fails(Answer(error), STOP, calls=None)
    execution = running.run(STOP_MODEL)
    assert error in failed_well(execution, becomes)["Message"]
    mail = running.notified(execution).once("STOP_FAILED", "ERROR")
    assert "USD 4.00 per hour" in mail["Message"]
    assert f"aws rekognition stop-project-version --region us-east-1 --project-version-arn {ARN}" in mail["Message"]


def test_a_stop_that_is_not_in_time_says_that_the_model_still_bills(running: Scene) -> None:
    running.fails(Answer("ResourceInUseException"), STOP, calls=None)
    execution = running.run(STOP_MODEL, TimeoutSeconds=60)
    assert failed_well(execution, "TimedOut")["Status"] == "RUNNING"
    assert "costs about USD 4.00 per hour" in running.notified(execution).once("STOP_TIMED_OUT", "ERROR")["Message"]


@pytest.mark.parametrize("follows", [IN_A_MINUTE, AT_ONCE], ids=["STOPPING at the next try", "STOPPED by then"])
@pytest.mark.parametrize(
    ("what", "operation", "error"),
    [
        (Silence(), STOP, "NoAnswer"),
        (Answer("InternalServerError"), STOP, "ServiceUnavailable"),
        (Death("Sandbox.Timedout"), STOP, "Sandbox.Timedout"),
        (Lost("Lambda.SdkClientException"), "lambda:Invoke", "Lambda.SdkClientException"),
        (Lost("Lambda.ServiceException"), "lambda:Invoke", "Lambda.ServiceException"),
        (Lost("Lambda.Unknown"), "lambda:Invoke", "Lambda.Unknown"),
    ],
    ids=str,
)
def test_a_stop_whose_answer_is_lost_counts_as_its_own(
    running: Scene, what: What, operation: str, error: str, follows: Any
) -> None:
    running.labels.models.once_stopped = follows
    running.fails(what, operation, "stop", after=True)
    execution = running.run(STOP_MODEL)
    ended_well(execution, "MODEL_STOPPED")
    assert execution.failed_tasks() == [error]
    assert (len(running.labels.stops), running.status) == (1, "STOPPED")
    running.notified(execution).once("MODEL_STOPPED", "INFO")


# --- Nothing by accident ----------------------------------------------------------------------------------------------


def test_a_dry_run_stops_nothing(running: Scene) -> None:
    execution = running.run(STOP_MODEL, DryRun=True)
    assert ended_well(execution, "DRY_RUN")["Decision"]["Action"] == "REQUEST"
    assert running.status == "RUNNING"
    assert running.notified(execution).nothing


def test_a_duplicate_releases_nothing_and_ends_with_the_first(running: Scene) -> None:
    first = running.run(STOP_MODEL, ClientRequestToken="evening")
    second = running.run(STOP_MODEL, ClientRequestToken="evening")
    assert ended_well(second, "DUPLICATE")["DuplicateOf"] == first.arn
    assert running.notified(second).nothing
