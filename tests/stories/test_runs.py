"""RunWithModel: a workload gets its model, and the model is let go however that ends, through nested executions."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.server import Emulator
from tests.contract import valid_run_output
from tests.deployed.app import WORKLOAD
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.notified import QUICK, NewModel, NotifiedOf, status_of
from tests.deployed.tables import item_of

Given = Callable[..., dict[str, Any]]


@pytest.fixture
def run_with_model(emulator: Emulator) -> StateMachine:
    return StateMachine(emulator.outputs["RunWithModelArn"], emulator.client("stepfunctions"))


@pytest.fixture
def given(workload: StateMachine, new_model: NewModel) -> Given:
    """The input of a run with a new model."""

    def make(do: str = "succeed", **fields: Any) -> dict[str, Any]:
        asked = {"StateMachineArn": workload.arn, "Input": {"Do": do}}
        return {"ProjectVersionArn": new_model(), "Workload": asked, **QUICK, **fields}

    return make


def let_go(emulator: Emulator, arn: str) -> bool:
    """Whether nobody holds a model any more, and it is STOPPED."""
    item = item_of(emulator, arn)
    return status_of(emulator, arn) == "STOPPED" and not item["Leases"] and not item["Pending"]


def test_a_workload_runs_with_the_model_and_the_model_is_stopped_after_it(
    emulator: Emulator, run_with_model: StateMachine, given: Given
) -> None:
    asked = given(Context={"Batch": 7})
    asked["Workload"]["ModelField"] = "Model"
    run = run_with_model.run(asked, name="monday's-run")
    valid_run_output(run.output)
    assert run.output["Model"]["Outcome"] == "MODEL_STARTED"
    assert run.output["Model"]["LeaseId"].startswith("run/monday-s-run-")
    assert run.output["Model"]["Context"] == {"Batch": 7}
    assert run.output["Workload"]["Given"] == {"Do": "succeed", "Model": run.output["Model"]}
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))
    assert NotifiedOf(emulator, run).nothing, "StartModel and StopModel have sent theirs"


def test_a_workload_that_fails_is_reported_and_the_model_is_stopped(
    emulator: Emulator, run_with_model: StateMachine, given: Given
) -> None:
    asked = given("fail")
    run = run_with_model.run(asked, name="jammed")
    assert (run.status, run.error, run.cause) == ("FAILED", "BeltJammed", "The belt of line 1 is jammed.")
    mail = NotifiedOf(emulator, run).once("WORKLOAD_FAILED", "ERROR")
    assert "The belt of line 1 is jammed." in mail["Message"]
    assert f":execution:{WORKLOAD}:run-" in mail["Message"]
    assert mail["Event"]["ProjectVersionArn"] == asked["ProjectVersionArn"]
    wait_until(lambda: let_go(emulator, asked["ProjectVersionArn"]))


def test_a_run_that_is_aborted_ends_its_workload_and_lets_the_model_go(
    emulator: Emulator, run_with_model: StateMachine, workload: StateMachine, given: Given
) -> None:
    def at_work() -> list[Any]:
        listed: list[Any] = workload.stepfunctions.list_executions(
            stateMachineArn=workload.arn, statusFilter="RUNNING"
        )["executions"]
        return listed

    asked = given("wait")
    running = run_with_model.start(asked)
    wait_until(at_work)
    run = run_with_model.abort(running, "Not needed today")
    wait_until(lambda: not at_work() and let_go(emulator, asked["ProjectVersionArn"]))
    wait_until(lambda: NotifiedOf(emulator, run).everywhere)
    mail = NotifiedOf(emulator, run).once("EXECUTION_ABORTED", "WARNING")
    assert "Not needed today" in mail["Message"]
