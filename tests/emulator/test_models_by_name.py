"""A model by name, where the name means the newest good version of a project: retraining needs no deploy."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from emulator.custom_labels import Timing
from emulator.server import Emulator
from tests.contract import failed_well, valid_output, valid_stop_output
from tests.deployed.app import LATEST
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.tables import item_of
from tests.deployed.told import QUICK, Told

BY_NAME = {"Model": "latest", **QUICK}


@dataclass
class Project:
    """The project whose newest version is meant."""

    emulator: Emulator

    def train(self, name: str, f1: float = 0.9, status: str = "STOPPED") -> str:
        """A new version, newer than all others."""
        home = f"arn:aws:rekognition:{self.emulator.region}:{self.emulator.account_id}"
        arn = f"{home}:project/{LATEST}/version/{name}/1793520000000"
        self.emulator.custom_labels.seed(arn, f1=f1)
        self.emulator.custom_labels.put(arn, status)
        return arn


@pytest.fixture
def project(emulator: Emulator) -> Iterator[Project]:
    yield Project(emulator)
    for version in emulator.custom_labels.versions():
        if f":project/{LATEST}/" in version.arn:
            emulator.custom_labels.put(version.arn, "DELETING")
            key = {"Id": {"S": version.arn}}
            emulator.client("dynamodb").delete_item(TableName=emulator.outputs["ModelTableName"], Key=key)


def test_a_retrained_model_is_started_without_a_deploy_and_the_older_version_ends_with_its_lease(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, project: Project
) -> None:
    v1 = project.train("v1")
    first = start_model.run({**BY_NAME, "LeaseId": "monday"})
    assert first.output["ProjectVersionArn"] == v1
    v2, v3 = project.train("v2"), project.train("v3", f1=0.5)
    second = start_model.run({**BY_NAME, "LeaseId": "tuesday"})
    valid_output(second.output)
    assert (second.output["ProjectVersionArn"], second.output["Outcome"]) == (v2, "MODEL_STARTED")
    assert second.output["Selection"].startswith("v2 (F1 0.90) is the newest version")
    assert second.output["Selection"].endswith("passed over: v3 (F1 0.50).")
    mail = Told(emulator, second).once("MODEL_STARTED", "INFO")
    assert second.output["Selection"] in mail["Message"]
    assert mail["Emails"] == ["ml-operators@example.com", "latest@example.com"]  # who is told of any version
    stopped = stop_model.run({**BY_NAME, "LeaseId": "monday"})
    valid_stop_output(stopped.output)
    assert (stopped.output["ProjectVersionArn"], stopped.output["Outcome"]) == (v1, "MODEL_STOPPED")
    kept = stop_model.run(BY_NAME)
    assert (kept.output["ProjectVersionArn"], kept.output["Outcome"]) == (v2, "MODEL_KEPT_RUNNING")
    assert {one.arn: one.status for one in emulator.custom_labels.versions() if one.arn in (v1, v2, v3)} == {
        v1: "STOPPED",
        v2: "RUNNING",
        v3: "STOPPED",
    }


def test_by_force_every_version_is_stopped_each_by_an_execution_that_tells_it(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, project: Project
) -> None:
    versions = {project.train("w1"): "one"}
    start_model.run({**BY_NAME, "LeaseId": "one"})
    versions[project.train("w2")] = "two"
    start_model.run({**BY_NAME, "LeaseId": "two"})
    forced = stop_model.run({**BY_NAME, "Force": True})
    (other,) = (stop_model.wait(arn) for arn in forced.output["OtherExecutions"])
    assert {one.output["ProjectVersionArn"] for one in (forced, other)} == set(versions)
    for one in (forced, other):
        assert [event["Outcome"] for event in Told(emulator, one).events] == ["MODEL_STOPPED"]


def test_where_no_version_is_good_enough_it_is_said_why(start_model: StateMachine, project: Project) -> None:
    project.train("x1", f1=0.4)
    project.train("x2", status="TRAINING_FAILED")
    execution = start_model.run(BY_NAME)
    cause = failed_well(execution, "ModelNotStartable")
    assert "x2 (TRAINING_FAILED), x1 (F1 0.40)" in cause["Message"]


def test_an_aborted_start_by_name_gives_back_its_lease(
    emulator: Emulator, start_model: StateMachine, project: Project
) -> None:
    arn = project.train("y1", status="TRAINING_COMPLETED")
    emulator.custom_labels.timing = Timing(starting=60)
    running = start_model.start({**BY_NAME, "LeaseId": "aborted"})
    wait_until(lambda: item_of(emulator, arn).get("Pending"))
    aborted = start_model.abort(running)
    wait_until(lambda: Told(emulator, aborted).events)
    assert Told(emulator, aborted).once("EXECUTION_ABORTED", "WARNING")["Event"]["ProjectVersionArn"] == arn
    assert item_of(emulator, arn)["Pending"] == []
