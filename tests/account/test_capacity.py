"""The quota of running models: who fills it, and who waits for room."""

import pytest

from emulator.custom_labels import Quotas
from tests.account.custom_labels import CustomLabels
from tests.account.scene import START_MODEL, Scene
from tests.contract import failed_well
from tests.unit.examples import ARN, OTHER_ARN

START = "rekognition:StartProjectVersion"


@pytest.fixture
def full(fleet: CustomLabels) -> CustomLabels:
    """One model may run, and another one does."""
    fleet.models.quotas = Quotas(running_models=1)
    fleet.put(OTHER_ARN, "RUNNING")
    fleet.put(ARN)
    return fleet


@pytest.mark.usefixtures("full")
def test_a_full_quota_names_the_models_that_fill_it(scene: Scene) -> None:
    execution = scene.run(START_MODEL)
    cause = failed_well(execution, "CapacityExceeded")
    assert OTHER_ARN in cause["Message"]
    assert "2 running models" in cause["Message"]
    assert "WaitForCapacity" in scene.notified(execution).once("START_FAILED", "ERROR")["Message"]


def test_with_wait_for_capacity_a_start_waits_for_room(scene: Scene, full: CustomLabels) -> None:
    begun = scene.begin(START_MODEL, WaitForCapacity=True)
    scene.until(lambda: len(scene.requests(START)) == 3 and begun.states[-1] == "Wait")
    full.put(OTHER_ARN, "STOPPED")
    execution = scene.wait(begun)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert len(scene.requests(START)) == 4


def test_waiting_for_capacity_is_no_use_where_no_other_model_fills_the_quota(scene: Scene, fleet: CustomLabels) -> None:
    fleet.put(ARN)
    cause = failed_well(scene.run(START_MODEL, WaitForCapacity=True, MinInferenceUnits=6), "CapacityExceeded")
    assert cause["Message"].startswith("No other model holds capacity, ")
    assert "fewer inference units" in cause["Remedy"]
