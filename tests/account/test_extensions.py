"""A pipeline that extends its lease every few minutes, by ExtendOnly, from morning to evening."""

from datetime import timedelta

from tests.account.scene import START_MODEL, STOP_MODEL, Scene
from tests.contract import failed_well, valid_output

HEARTBEAT = {"Model": "defects", "LeaseId": "notebook", "LeaseMinutes": 15, "ExtendOnly": True}


def test_nobody_is_notified_of_a_lease_that_is_extended_for_eight_hours(scene: Scene) -> None:
    started = scene.run(START_MODEL, {"Model": "defects", "LeaseId": "notebook", "LeaseMinutes": 15})
    until = scene.now + timedelta(hours=8)
    while scene.now < until:
        extended = scene.run(START_MODEL, HEARTBEAT)
        valid_output(extended.output)
        assert extended.output["Outcome"] == "LEASE_EXTENDED"
        assert scene.notified(extended).nothing
        scene.passes(150)
        scene.sweep()
        scene.passes(300)
    assert scene.outcomes == ["MODEL_STARTED"]
    assert scene.notified(started).once("MODEL_STARTED", "INFO")
    assert len(scene.requests("rekognition:StartProjectVersion")) == 1


def test_once_it_is_no_longer_extended_the_model_is_stopped(scene: Scene) -> None:
    scene.run(START_MODEL, {"Model": "defects", "LeaseId": "notebook", "LeaseMinutes": 15})
    scene.run(START_MODEL, HEARTBEAT)
    scene.passes(16 * 60)
    scene.sweep()
    scene.until(lambda: scene.status == "STOPPED")
    assert scene.lease_ids == []


def test_after_a_stop_by_force_it_fails_in_silence_and_starts_nothing(scene: Scene) -> None:
    scene.run(START_MODEL, {"Model": "defects", "LeaseId": "notebook", "LeaseMinutes": 15})
    scene.run(STOP_MODEL, {"Model": "defects", "Force": True})
    before, measured = [*scene.outcomes], _failed_starts(scene)
    failed = scene.run(START_MODEL, HEARTBEAT)
    assert "holds no RUNNING model" in failed_well(failed, "ModelStopped")["Message"]
    scene.until(lambda: not scene.unsettled)
    assert (scene.notified(failed).nothing, scene.outcomes) == (True, before)
    assert _failed_starts(scene) == measured
    assert (scene.status, scene.lease_ids) == ("STOPPED", [])


def _failed_starts(scene: Scene) -> list[list[float]]:
    return [values for (name, *_), values in scene.measured.items() if name == "FailedStarts"]
