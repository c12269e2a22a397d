"""What is measured of whole executions and sweeps: the metrics promised in docs/monitoring.md, each emitted once."""

import pytest

from tests.account.custom_labels import CustomLabels
from tests.account.faults import Answer
from tests.account.scene import START_MODEL, STOP_MODEL, Scene
from tests.unit.examples import ARN, OTHER_ARN


def test_a_start_and_a_stop_are_measured_once_although_sending_is_tried_again(scene: Scene) -> None:
    scene.fails(Answer("InternalErrorException"), "sns:Publish")
    started = scene.run(START_MODEL, LeaseId="story")
    stopped = scene.run(STOP_MODEL, LeaseId="story")
    assert (started.status, stopped.status) == ("SUCCEEDED", "SUCCEEDED")
    measured = scene.measured
    (delay,) = measured.pop(("NoticeDelaySeconds", "defects"))
    assert 0 < delay < 60
    assert measured == {
        ("Outcomes", "MODEL_STARTED"): [1],
        ("StartSeconds", "defects"): [started.output["StartSeconds"]],
        ("Polls", "defects"): [started.output["Polls"]],
        ("Outcomes", "MODEL_STOPPED"): [1],
    }


def test_a_call_that_is_throttled_and_a_start_that_fails_are_counted(scene: Scene) -> None:
    scene.fails(Answer("ThrottlingException"), "rekognition:DescribeProjects")
    scene.fails(Answer("AccessDeniedException"), "rekognition:DescribeProjectVersions")
    assert scene.run(START_MODEL).error == "AccessDenied"
    assert scene.measured == {("Throttled",): [1], ("Outcomes", "START_FAILED"): [1], ("FailedStarts",): [1]}


def test_each_sweep_measures_what_runs_what_is_leased_and_what_it_costs(scene: Scene, fleet: CustomLabels) -> None:
    fleet.put(ARN)
    fleet.put(OTHER_ARN, "RUNNING")
    scene.run(START_MODEL, LeaseId="story", MaxInferenceUnits=3)
    scene.sweep()
    first = scene.measured
    assert first["Outcomes", "UNLEASED_MODEL"] == [1]
    assert first["UnleasedModels",] == [1]
    assert first["LeasedUnits", "defects"] == [3]

    scene.passes(300)
    scene.sweep()
    second = {key: values[-1] for key, values in scene.measured.items()}
    age = second["SweepAgeSeconds",]
    assert age == pytest.approx(300, abs=5)
    assert second["RunningMinutes", "defects"] == pytest.approx(age / 60, abs=0.01)
    assert second["RunningMinutes", "cables/v7"] == pytest.approx(age / 60, abs=0.01)
    assert second["LeaseMinutes", "defects"] == pytest.approx(age / 60, abs=0.01)
    assert second["EstimatedCost", "defects"] == pytest.approx(age / 3600 * 4, abs=0.01)
    assert second["MonthToDateCost",] > 0
    assert scene.measured["Outcomes", "UNLEASED_MODEL"] == [1], "it is reported once, and counted once"

    scene.run(STOP_MODEL, LeaseId="story")
    fleet.put(OTHER_ARN, "STOPPED")
    scene.passes(300)
    scene.sweep()
    assert scene.measured["UnleasedModels",] == [1, 1, 0]
    assert scene.measured["LeasedUnits", "defects"] == [3, 3, 0]
    assert len(scene.measured["RunningMinutes", "defects"]) == 2
