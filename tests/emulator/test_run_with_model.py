"""RunWithModel end to end: a workload gets its model, and the model is let go however that ends."""

import json
from collections.abc import Callable
from typing import Any

import fastjsonschema
import pytest

from emulator.custom_labels import Timing
from emulator.faults import Fault
from emulator.server import Emulator
from tests.contract import SCHEMAS, failed_well
from tests.deployed.app import WORKLOAD
from tests.deployed.executions import Execution, StateMachine, wait_until
from tests.deployed.tables import item_of
from tests.deployed.told import QUICK, NewModel, Told
from tests.emulator.test_reconciliation import sweep

valid_output = fastjsonschema.compile(json.loads((SCHEMAS / "run_with_model.output.schema.json").read_text()))


@pytest.fixture
def run_with_model(emulator: Emulator) -> StateMachine:
    return StateMachine(emulator.outputs["RunWithModelArn"], emulator.client("stepfunctions"))


Given = Callable[..., dict[str, Any]]


@pytest.fixture
def given(workload: StateMachine, new_model: NewModel) -> Given:
    """The input of a run with a new model."""

    def make(do: str = "succeed", **fields: Any) -> dict[str, Any]:
        asked = {"StateMachineArn": workload.arn, "Input": {"Do": do}}
        return {"ProjectVersionArn": new_model(), "Workload": asked, **QUICK, **fields}

    return make


def lease_ids(emulator: Emulator, arn: str) -> list[str]:
    item = item_of(emulator, arn)
    return [lease["LeaseId"] for lease in (*item.get("Leases", ()), *item.get("Pending", ()))]


def status_of(emulator: Emulator, arn: str) -> str:
    (found,) = (version.status for version in emulator.custom_labels.versions() if version.arn == arn)
    return found


def let_go(emulator: Emulator, arn: str) -> bool:
    return lease_ids(emulator, arn) == [] and status_of(emulator, arn) == "STOPPED"


def _running(workload: StateMachine) -> str | None:
    pages = workload.stepfunctions.list_executions(stateMachineArn=workload.arn, statusFilter="RUNNING")
    return next((one["executionArn"] for one in pages["executions"]), None)


def at_work(run_with_model: StateMachine, workload: StateMachine, asked: dict[str, Any]) -> tuple[str, str]:
    """Start a run, and wait until its workload goes on; the ARNs of both executions."""
    running = run_with_model.start(asked)
    run_with_model.wait_for_state(running, "Run the workload")
    return running, str(wait_until(lambda: _running(workload)))


def outcomes(emulator: Emulator, execution: Execution) -> list[str]:
    return [event["Outcome"] for event in Told(emulator, execution).events]


def test_a_workload_runs_with_the_model_and_the_model_is_stopped_after_it(
    emulator: Emulator, run_with_model: StateMachine, given: Given
) -> None:
    asked = given(Context={"Batch": 7})
    asked["Workload"]["ModelField"] = "Model"
    run = run_with_model.run(asked, name="monday's run")
    valid_output(run.output)
    assert run.output["Model"]["Outcome"] == "MODEL_STARTED"
    assert run.output["Model"]["LeaseId"].startswith("run/monday-s-run-")
    assert run.output["Model"]["Context"] == {"Batch": 7}
    assert run.output["Workload"]["Given"] == {"Do": "succeed", "Model": run.output["Model"]}
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))
    assert outcomes(emulator, run) == []  # StartModel and StopModel have told theirs


def test_a_workload_that_fails_is_told_and_the_model_is_stopped(
    emulator: Emulator, run_with_model: StateMachine, given: Given
) -> None:
    asked = given("fail")
    run = run_with_model.run(asked, name="jammed")
    assert (run.status, run.error, run.cause) == ("FAILED", "BeltJammed", "The belt of line 1 is jammed.")
    told = Told(emulator, run).once("WORKLOAD_FAILED", "ERROR")
    assert "The belt of line 1 is jammed." in told["Message"]
    assert f":execution:{WORKLOAD}:run-" in told["Message"]
    assert told["Event"]["ProjectVersionArn"] == asked["ProjectVersionArn"]
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))


def test_a_workload_that_somebody_ends_fails_the_run(
    emulator: Emulator, run_with_model: StateMachine, workload: StateMachine, given: Given
) -> None:
    asked = given("wait")
    running, working = at_work(run_with_model, workload, asked)
    workload.abort(working, "Line 1 is closed")
    run = run_with_model.wait(running)
    assert (run.status, run.error, run.cause) == ("FAILED", "WorkloadAborted", "Line 1 is closed")
    assert outcomes(emulator, run) == ["WORKLOAD_FAILED"]
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))


def test_a_start_that_fails_is_told_once_and_no_workload_runs(
    emulator: Emulator, run_with_model: StateMachine, given: Given
) -> None:
    asked = given()
    emulator.custom_labels.put(asked["ProjectVersionArn"], "TRAINING_FAILED")
    run = run_with_model.run(asked)
    failed_well(run, "ModelNotStartable")
    assert outcomes(emulator, run) == []
    about = [json.loads(entry["Detail"]) for entry in emulator.control.events]
    told = [one["Outcome"] for one in about if one.get("ProjectVersionArn") == asked["ProjectVersionArn"]]
    assert told == ["START_FAILED"]
    assert "Run the workload" not in run.states()


def test_a_start_that_somebody_ends_fails_the_run(
    emulator: Emulator, run_with_model: StateMachine, start_model: StateMachine, given: Given
) -> None:
    asked = given()
    emulator.custom_labels.timing = Timing(starting=60)
    running = run_with_model.start(asked, name="changed-my-mind")
    wait_until(lambda: status_of(emulator, asked["ProjectVersionArn"]) == "STARTING")
    latest = start_model.stepfunctions.list_executions(stateMachineArn=start_model.arn)["executions"][0]
    assert latest["name"].endswith("-changed-my-mind")
    start_model.abort(latest["executionArn"], "Wrong model")
    run = run_with_model.wait(running)
    assert failed_well(run, "ModelStopped")["Message"].endswith(f"{latest['executionArn']} Wrong model")
    assert outcomes(emulator, run) == []


@pytest.mark.parametrize(
    ("machine", "what"),
    [
        (f":{WORKLOAD}", "The workload could not be started"),
        ("-StartModel", "The start of the model could not be requested"),
    ],
    ids=["workload", "start"],
)
def test_what_can_not_be_started_at_all_is_told_and_the_model_is_let_go(
    emulator: Emulator, run_with_model: StateMachine, given: Given, machine: str, what: str
) -> None:
    """Such as a workload that was configured, and deleted since."""
    asked = given()
    gone = Fault("states:StartExecution", contains=f'{machine}"', error="StateMachineDoesNotExist")
    fault = emulator.faults.add(gone)
    running = run_with_model.start(asked)
    run = run_with_model.wait(running)
    assert fault.applied == 1
    assert failed_well(run, "ServiceUnavailable")["Message"].startswith(what)
    assert "StateMachineDoesNotExist" in run.cause["Message"]
    assert outcomes(emulator, run) == ["WORKLOAD_FAILED"]
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))


def test_a_workload_that_is_not_allowed_is_refused_and_told(
    emulator: Emulator, run_with_model: StateMachine, workload: StateMachine, given: Given
) -> None:
    asked = given()
    asked["Workload"]["StateMachineArn"] = workload.arn.replace(WORKLOAD, "Another")
    run = run_with_model.run(asked)
    assert "Workload.StateMachineArn: " in failed_well(run, "InvalidRequest")["Message"]
    assert outcomes(emulator, run) == ["WORKLOAD_FAILED"]
    assert status_of(emulator, asked["ProjectVersionArn"]) == "STOPPED"


def test_a_run_that_is_aborted_ends_its_workload_and_lets_the_model_go(
    emulator: Emulator, run_with_model: StateMachine, workload: StateMachine, given: Given
) -> None:
    asked = given("wait")
    running, _ = at_work(run_with_model, workload, asked)
    run = run_with_model.abort(running, "Not needed today")
    wait_until(lambda: _running(workload) is None)
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))
    wait_until(lambda: Told(emulator, run).mails and Told(emulator, run).events)
    told = Told(emulator, run).once("EXECUTION_ABORTED", "WARNING")
    assert "Not needed today" in told["Message"]
    project = asked["ProjectVersionArn"].split("/")[1]
    assert told["Subject"] == f"[WARNING] The run with {project}/v1 was aborted"


def test_a_run_that_is_aborted_while_its_model_starts_ends_the_start(
    emulator: Emulator, run_with_model: StateMachine, given: Given
) -> None:
    asked = given()
    emulator.custom_labels.timing = Timing(starting=4, stopping=1)
    running = run_with_model.start(asked)
    wait_until(lambda: status_of(emulator, asked["ProjectVersionArn"]) == "STARTING")
    run = run_with_model.abort(running)
    wait_until(lambda: outcomes(emulator, run) == ["EXECUTION_ABORTED"])
    wait_until(lambda: not lease_ids(emulator, asked["ProjectVersionArn"]))
    stops = emulator.client("stepfunctions").list_executions(stateMachineArn=emulator.outputs["StopModelArn"])
    assert stops["executions"][0]["name"].startswith("release-")


@pytest.mark.waits
def test_where_the_event_of_its_end_is_lost_the_sweep_does_it(
    emulator: Emulator, run_with_model: StateMachine, workload: StateMachine, given: Given
) -> None:
    asked = given("wait")
    running, _ = at_work(run_with_model, workload, asked)
    emulator.faults.add(Fault("events:Deliver", lose=True, contains=running))
    run = run_with_model.abort(running)

    def swept() -> bool:
        sweep(emulator)
        return let_go(emulator, asked["ProjectVersionArn"])

    wait_until(swept, 120)
    assert _running(workload) is None
    assert outcomes(emulator, run) == ["EXECUTION_ABORTED"]


def test_a_notification_that_can_not_be_sent_keeps_nothing(
    emulator: Emulator, run_with_model: StateMachine, given: Given
) -> None:
    emulator.faults.add(Fault("sns:Publish", calls=None, error="AuthorizationError", contains="RunWithModel"))
    asked = given("fail")
    running = run_with_model.start(asked, name="unheard-of")
    run_with_model.wait_for_state(running, "Notify: failed")
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))
    assert run_with_model.abort(running).status == "ABORTED"  # it would try again for a minute


def test_a_second_run_with_the_same_token_ends_as_the_first_and_runs_nothing(
    run_with_model: StateMachine, given: Given
) -> None:
    asked = given(ClientRequestToken="batch-7")
    first = run_with_model.run(asked)
    second = run_with_model.run(asked)
    assert second.output["Workload"] == first.output["Workload"]
    duplicate = {"Outcome": "DUPLICATE", "DuplicateOf": first.arn}
    assert second.output["Model"] == {**first.output["Model"], **duplicate}
    assert second.states() == [
        "Prepare the run",
        "Is it a duplicate?",
        "Check the first execution",
        "Has the first execution ended?",
        "First execution succeeded",
    ]


def test_a_dry_run_runs_nothing(emulator: Emulator, run_with_model: StateMachine, given: Given) -> None:
    asked = given(DryRun=True, LeaseId="mine")
    run = run_with_model.run(asked)
    valid_output(run.output)
    assert list(run.output) == ["Model"]
    assert run.output["Model"]["Outcome"] == "DRY_RUN"
    assert run.output["Model"]["Warnings"][0].startswith("LeaseId mine was not used")
    assert status_of(emulator, asked["ProjectVersionArn"]) == "STOPPED"
