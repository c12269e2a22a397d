"""StopModel end to end: leases, claims, refusals, lost answers; the real template, definitions and bundle."""

from decimal import Decimal
from typing import Any

import pytest

from emulator.custom_labels import Timing
from emulator.faults import Fault
from emulator.server import Emulator
from tests.contract import failed_well, valid_stop_output
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.story import a_model_is_started_and_everybody_is_told, a_model_is_stopped_when_nobody_holds_it
from tests.deployed.tables import sessions_of
from tests.deployed.told import QUICK, NewModel, Told, calls_of

STOP = "rekognition:StopProjectVersion"


def ended_well(execution: Execution, outcome: str) -> Any:
    """The output of an execution that succeeded."""
    assert execution.status == "SUCCEEDED", execution.cause
    valid_stop_output(execution.output)
    assert execution.output["Outcome"] == outcome
    return execution.output


def status_of(emulator: Emulator, arn: str) -> str:
    """The model's, as the service has it."""
    return next(version.status for version in emulator.custom_labels.versions() if version.arn == arn)


# --- Leases -----------------------------------------------------------------------------------------------------------


def test_a_model_is_stopped_when_its_last_lease_is_released(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    a_model_is_started_and_everybody_is_told(start_model, arn, {"LeaseId": "a", **QUICK})
    stopped = a_model_is_stopped_when_nobody_holds_it(start_model, stop_model, arn, QUICK)
    assert ended_well(stopped, "MODEL_STOPPED")["EstimatedCost"] >= 0
    assert status_of(emulator, arn) == "STOPPED"
    assert calls_of(emulator, STOP, arn) == 1
    Told(emulator, stopped).once("MODEL_STOPPED", "INFO")
    (session,) = sessions_of(emulator, arn)
    assert session["Shares"] != []
    assert session["EstimatedCost"] == Decimal(str(stopped.output["EstimatedCost"]))


def test_a_model_that_is_kept_says_for_whom_and_at_what_cost(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    start_model.run({"ProjectVersionArn": arn, "LeaseId": "shift-2", **QUICK})
    kept = stop_model.run({"ProjectVersionArn": arn, "LeaseId": "nobody", **QUICK})
    output = ended_well(kept, "MODEL_KEPT_RUNNING")
    assert (output["Status"], output["EstimatedHourlyCost"]) == ("RUNNING", 4.0)
    mail = Told(emulator, kept).once("MODEL_KEPT_RUNNING", "WARNING")["Message"]
    assert "shift-2" in mail
    assert "USD 4.00 per hour" in mail


def test_without_a_lease_only_what_nobody_holds_is_stopped(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    held, unheld = new_model(), new_model("RUNNING")
    start_model.run({"ProjectVersionArn": held, **QUICK})
    ended_well(stop_model.run({"ProjectVersionArn": held, **QUICK}), "MODEL_KEPT_RUNNING")
    ended_well(stop_model.run({"ProjectVersionArn": unheld, **QUICK}), "MODEL_STOPPED")
    assert (status_of(emulator, held), status_of(emulator, unheld)) == ("RUNNING", "STOPPED")


@pytest.mark.waits
def test_force_stops_a_model_whoever_needs_it_and_a_start_that_is_under_way(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=20, stopping=1)
    arn = new_model()
    start = start_model.start({"ProjectVersionArn": arn, **QUICK})
    start_model.wait_for_state(start, "Wait")
    forced = stop_model.run({"ProjectVersionArn": arn, "Force": True, **QUICK})
    ended_well(forced, "MODEL_STOPPED")
    failed = start_model.wait(start)
    assert "by force" in failed_well(failed, "ModelStopped")["Message"]
    Told(emulator, failed).once("START_FAILED", "ERROR")
    assert status_of(emulator, arn) == "STOPPED"


def test_an_unknown_lease_counts_as_released(stop_model: StateMachine, new_model: NewModel) -> None:
    execution = stop_model.run({"ProjectVersionArn": new_model("RUNNING"), "LeaseId": "nobody", **QUICK})
    assert "no lease nobody" in ended_well(execution, "MODEL_STOPPED")["Warnings"][0]


@pytest.mark.waits
def test_a_start_that_meets_a_stop_waits_and_starts_again(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=1, stopping=15)
    arn = new_model("RUNNING")
    stop = stop_model.start({"ProjectVersionArn": arn, **QUICK})
    stop_model.wait_for_state(stop, "Wait")
    started = start_model.run({"ProjectVersionArn": arn, **QUICK})
    assert started.output["Outcome"] == "MODEL_STARTED"
    ended_well(stop_model.wait(stop), "MODEL_STOPPED")
    assert status_of(emulator, arn) == "RUNNING"


@pytest.mark.waits
def test_of_two_stops_one_follows_the_other(emulator: Emulator, stop_model: StateMachine, new_model: NewModel) -> None:
    emulator.custom_labels.timing = Timing(stopping=15)
    arn = new_model("RUNNING")
    first = stop_model.start({"ProjectVersionArn": arn, **QUICK})
    stop_model.wait_for_state(first, "Wait")
    ended_well(stop_model.run({"ProjectVersionArn": arn, **QUICK}), "MODEL_STOPPED")
    ended_well(stop_model.wait(first), "MODEL_STOPPED")
    assert calls_of(emulator, STOP, arn) == 1


# --- Statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["STARTING", "STOPPING"])
def test_a_model_on_its_way_is_waited_for(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel, status: str
) -> None:
    arn = new_model(status)
    outcome = "MODEL_STOPPED" if status == "STARTING" else "MODEL_ALREADY_STOPPED"
    ended_well(stop_model.run({"ProjectVersionArn": arn, **QUICK}), outcome)
    assert status_of(emulator, arn) == "STOPPED"


@pytest.mark.parametrize("status", ["STOPPED", "FAILED", "TRAINING_IN_PROGRESS", "EXPIRED"])
def test_a_model_that_does_not_run_is_done(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel, status: str
) -> None:
    emulator.custom_labels.timing = Timing(training=3600)
    arn = new_model(status)
    execution = stop_model.run({"ProjectVersionArn": arn, **QUICK})
    assert ended_well(execution, "MODEL_ALREADY_STOPPED")["Status"] == status
    assert calls_of(emulator, STOP, arn) == 0


def test_a_version_that_is_gone_is_done(emulator: Emulator, stop_model: StateMachine) -> None:
    arn = f"arn:aws:rekognition:{emulator.region}:{emulator.account_id}:project/gone/version/v1/1"
    execution = stop_model.run({"ProjectVersionArn": arn, **QUICK})
    output = ended_well(execution, "MODEL_ALREADY_STOPPED")
    assert output["Status"] == "NOT_FOUND"
    assert "nothing to stop" in output["Warnings"][0]


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    ["ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "ResourceInUseException"],
)
def test_what_passes_is_tried_again(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel, error: str
) -> None:
    arn = new_model("RUNNING")
    fault = emulator.faults.add(Fault(STOP, contains=arn, calls=(1, 2), error=error))
    ended_well(stop_model.run({"ProjectVersionArn": arn, **QUICK}), "MODEL_STOPPED")
    assert (fault.applied, status_of(emulator, arn)) == (2, "STOPPED")


@pytest.mark.parametrize(
    ("error", "ours"), [("AccessDeniedException", "AccessDenied"), ("InvalidParameterException", "InvalidRequest")]
)
def test_a_stop_that_is_refused_for_good_says_that_the_model_still_bills(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel, error: str, ours: str
) -> None:
    arn = new_model("RUNNING")
    emulator.faults.add(Fault(STOP, contains=arn, calls=None, error=error))
    execution = stop_model.run({"ProjectVersionArn": arn, **QUICK})
    failed_well(execution, ours)
    mail = Told(emulator, execution).once("STOP_FAILED", "ERROR")
    assert "USD 4.00 per hour" in mail["Message"]
    assert (
        f"aws rekognition stop-project-version --region {emulator.region} --project-version-arn {arn}"
        in mail["Message"]
    )


def test_a_stop_that_is_not_in_time_says_that_the_model_still_bills(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    emulator.faults.add(Fault(STOP, contains=arn, calls=None, error="ResourceInUseException"))
    execution = stop_model.run({"ProjectVersionArn": arn, "PollSeconds": 1, "TimeoutSeconds": 3})
    assert failed_well(execution, "TimedOut")["Status"] == "RUNNING"
    assert "costs about USD 4.00 per hour" in Told(emulator, execution).once("STOP_TIMED_OUT", "ERROR")["Message"]


@pytest.mark.waits
def test_a_stop_whose_answer_is_lost_is_looked_at_again(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    emulator.faults.add(Fault(STOP, contains=arn, lose_answer=True))
    execution = stop_model.run({"ProjectVersionArn": arn, **QUICK})
    ended_well(execution, "MODEL_STOPPED")
    assert "NoAnswer" in execution.failed_tasks()


# --- Nothing by accident ----------------------------------------------------------------------------------------------


def test_a_dry_run_stops_nothing(emulator: Emulator, stop_model: StateMachine, new_model: NewModel) -> None:
    arn = new_model("RUNNING")
    execution = stop_model.run({"ProjectVersionArn": arn, "DryRun": True})
    assert ended_well(execution, "DRY_RUN")["Decision"]["Action"] == "REQUEST"
    assert (status_of(emulator, arn), Told(emulator, execution).mails) == ("RUNNING", [])


@pytest.mark.parametrize("given", [{}, {"Comment": "Insert your JSON here"}])
def test_who_presses_start_without_an_input_learns_what_to_type(stop_model: StateMachine, given: object) -> None:
    cause = failed_well(stop_model.run(given), "InvalidRequest")
    assert '{"Model": "defects"}' in cause["Remedy"]
    assert cause["Remedy"].startswith("Nothing was done.")


def test_a_duplicate_releases_nothing_and_ends_with_the_first(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel
) -> None:
    asked = {"ProjectVersionArn": new_model("RUNNING"), "ClientRequestToken": "evening", **QUICK}
    first = stop_model.run(asked)
    second = stop_model.run(asked)
    assert ended_well(second, "DUPLICATE")["DuplicateOf"] == first.arn
    assert Told(emulator, second).mails == []
