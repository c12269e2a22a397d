"""A model by name, where the name means the newest good version of a project: retraining needs no deploy."""

import pytest

from tests.account.conftest import RETRAINED
from tests.account.custom_labels import CustomLabels
from tests.account.scene import START_MODEL, STOP_MODEL, Scene
from tests.contract import failed_well, valid_output, valid_stop_output
from tests.unit.examples import ACCOUNT, MACHINES

HOME = f"{ACCOUNT}:project/welds/version"


class Project:
    """The project whose newest version is meant."""

    def __init__(self, scene: Scene, fleet: CustomLabels) -> None:
        self.scene, self.fleet = scene, fleet

    def train(self, name: str, f1: float = 0.9, status: str = "STOPPED") -> str:
        """A new version, newer than all others."""
        self.scene.passes(60)
        return self.fleet.put(f"{HOME}/{name}/1793520000000", status, f1=f1)


@pytest.fixture
def project(scene: Scene, fleet: CustomLabels) -> Project:
    return Project(scene, fleet)


def test_a_retrained_model_is_started_without_a_deploy_and_the_older_version_ends_with_its_lease(
    scene: Scene, project: Project
) -> None:
    v1 = project.train("v1")
    first = scene.run(START_MODEL, Model="newest", LeaseId="monday")
    assert first.output["ProjectVersionArn"] == v1
    v2, v3 = project.train("v2"), project.train("v3", f1=0.5)
    second = scene.run(START_MODEL, Model="newest", LeaseId="tuesday")
    valid_output(second.output)
    assert (second.output["ProjectVersionArn"], second.output["Outcome"]) == (v2, "MODEL_STARTED")
    assert second.output["Selection"].startswith("v2 (F1 0.90) is the newest version")
    assert second.output["Selection"].endswith("passed over: v3 (F1 0.50).")
    assert second.output["Selection"] in scene.notified(second).once("MODEL_STARTED", "INFO")["Message"]
    stopped = scene.run(STOP_MODEL, Model="newest", LeaseId="monday")
    valid_stop_output(stopped.output)
    assert (stopped.output["ProjectVersionArn"], stopped.output["Outcome"]) == (v1, "MODEL_STOPPED")
    kept = scene.run(STOP_MODEL, Model="newest")
    assert (kept.output["ProjectVersionArn"], kept.output["Outcome"]) == (v2, "MODEL_KEPT_RUNNING")
    assert [project.fleet.status_of(arn) for arn in (v1, v2, v3)] == ["STOPPED", "RUNNING", "STOPPED"]


def test_a_heartbeat_by_name_extends_the_version_that_its_lease_holds_though_a_newer_one_is_trained_meanwhile(
    scene: Scene, project: Project
) -> None:
    v1 = project.train("v1")
    scene.run(START_MODEL, Model="newest", LeaseId="notebook", LeaseMinutes=15)
    v2 = project.train("v2")
    beat = scene.run(START_MODEL, Model="newest", LeaseId="notebook", LeaseMinutes=30, ExtendOnly=True)
    assert (beat.output["ProjectVersionArn"], beat.output["Outcome"]) == (v1, "LEASE_EXTENDED")
    assert beat.output["Selection"] == "v1 has the lease notebook."
    scene.run(STOP_MODEL, Model="newest", LeaseId="notebook")
    gone = scene.run(START_MODEL, Model="newest", LeaseId="notebook", LeaseMinutes=30, ExtendOnly=True)
    assert gone.error == "ModelStopped"
    assert [project.fleet.status_of(arn) for arn in (v1, v2)] == ["STOPPED", "STOPPED"]


def test_a_heartbeat_by_name_extends_the_newest_running_one_of_two_versions_with_its_lease(
    scene: Scene, project: Project
) -> None:
    project.train("x1")
    scene.run(START_MODEL, Model="newest", LeaseId="shift", LeaseMinutes=15)
    x2 = project.train("x2")
    scene.run(START_MODEL, Model="newest", LeaseId="shift", LeaseMinutes=15)
    project.train("x3")
    beat = scene.run(START_MODEL, Model="newest", LeaseId="shift", LeaseMinutes=30, ExtendOnly=True)
    assert beat.output["ProjectVersionArn"] == x2


def test_a_lease_is_extended_and_released_by_name_though_cdk_json_names_another_version_by_now(
    scene: Scene, fleet: CustomLabels
) -> None:
    """A deploy in the middle of a shift: from then on the name means the retrained version, which has no lease."""
    fleet.put(RETRAINED)
    before = fleet.put(RETRAINED.replace("/v8/", "/v7/"))
    scene.run(START_MODEL, {"ProjectVersionArn": before, "LeaseId": "shift", "LeaseMinutes": 15})
    beat = scene.run(START_MODEL, Model="retrained", LeaseId="shift", LeaseMinutes=30, ExtendOnly=True)
    assert (beat.output["ProjectVersionArn"], beat.output["Outcome"]) == (before, "LEASE_EXTENDED")
    stopped = scene.run(STOP_MODEL, Model="retrained", LeaseId="shift")
    valid_stop_output(stopped.output)
    assert (stopped.output["ProjectVersionArn"], stopped.output["Outcome"]) == (before, "MODEL_STOPPED")
    assert "has the lease shift" in stopped.output["Selection"]


def test_by_force_every_version_is_stopped_each_by_an_execution_that_reports_it(scene: Scene, project: Project) -> None:
    versions = {project.train("w1")}
    scene.run(START_MODEL, Model="newest", LeaseId="one")
    versions.add(project.train("w2"))
    scene.run(START_MODEL, Model="newest", LeaseId="two")
    forced = scene.run(STOP_MODEL, Model="newest", Force=True)
    (arn,) = forced.output["OtherExecutions"]
    other = scene.wait(scene.account.stepfunctions.executions[arn])
    assert other.arn.startswith(MACHINES.stop_model.replace(":stateMachine:", ":execution:"))
    assert {one.output["ProjectVersionArn"] for one in (forced, other)} == versions
    assert [scene.notified(one).outcomes for one in (forced, other)] == [["MODEL_STOPPED"], ["MODEL_STOPPED"]]


def test_where_no_version_is_good_enough_it_says_why(scene: Scene, project: Project) -> None:
    project.train("x1", f1=0.4)
    project.train("x2", status="TRAINING_FAILED")
    cause = failed_well(scene.run(START_MODEL, Model="newest"), "ModelNotStartable")
    assert "x2 (TRAINING_FAILED), x1 (F1 0.40)" in cause["Message"]


@pytest.mark.parametrize("status", ["COPYING_IN_PROGRESS", "COPYING_FAILED"])
def test_a_version_that_was_copied_counts_as_one_that_was_trained_and_an_unfinished_copy_as_none(
    scene: Scene, project: Project, status: str
) -> None:
    """CopyProjectVersion brings the evaluation along."""
    copied = project.train("copied", status="COPYING_COMPLETED")
    project.train("unfinished", status=status)
    started = scene.run(START_MODEL, Model="newest", LeaseId="shift")
    assert (started.output["ProjectVersionArn"], started.output["Outcome"]) == (copied, "MODEL_STARTED")
    assert f"passed over: unfinished ({status})" in started.output["Selection"]
    assert scene.run(STOP_MODEL, Model="newest", LeaseId="shift").output["Outcome"] == "MODEL_STOPPED"


def test_an_aborted_start_by_name_gives_back_its_lease(scene: Scene, project: Project) -> None:
    arn = project.train("y1", status="TRAINING_COMPLETED")
    running = scene.begin(START_MODEL, Model="newest", LeaseId="aborted")
    scene.until(lambda: scene.item_of(arn).get("Pending"))
    aborted = scene.abort(running)
    scene.until(lambda: scene.notified(aborted).events)
    assert scene.notified(aborted).once("EXECUTION_ABORTED", "WARNING")["Event"]["ProjectVersionArn"] == arn
    assert scene.item_of(arn)["Pending"] == []
