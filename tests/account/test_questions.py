"""A question is no start: who gives no model at all gets the answer what to type, and nobody else is bothered."""

import json

import pytest

from tests.account.faults import Answer
from tests.account.scene import RUN_WITH_MODEL, START_MODEL, STOP_MODEL, Scene
from tests.contract import failed_well

MACHINES = pytest.mark.parametrize("machine", [START_MODEL, STOP_MODEL, RUN_WITH_MODEL])
QUESTIONS = pytest.mark.parametrize(
    "given", [{}, {"Comment": "Insert your JSON here"}, {"Comment": None}], ids=json.dumps
)


@MACHINES
@QUESTIONS
def test_it_fails_with_the_models_and_an_example_and_nobody_is_notified(
    scene: Scene, machine: str, given: object
) -> None:
    asked = scene.run(machine, given)
    cause = failed_well(asked, "InvalidRequest")
    assert '"Model": "defects"' in cause["Remedy"]
    assert "configured models: defects" in cause["Remedy"]
    scene.until(lambda: not scene.unsettled)
    assert scene.notified(asked).nothing
    assert scene.outcomes == []
    assert not [names for names in scene.measured if names[0] in {"Outcomes", "FailedStarts", "FailedStops"}]


@MACHINES
def test_it_is_nothing_that_the_sweep_reports_later(scene: Scene, machine: str) -> None:
    scene.fails(Answer("InternalServerError"), "dynamodb:DeleteItem", "settle", calls=None)
    asked = scene.run(machine, {})
    scene.passes(120)
    assert scene.unsettled == [asked.arn]
    scene.mends()
    assert scene.sweep()["Settled"] == 1
    assert scene.notified(asked).nothing
    assert scene.outcomes == []


@MACHINES
@pytest.mark.parametrize(
    "given",
    [{"LeaseId": "shift"}, {"comment": "Insert your JSON here"}, [], "Insert your JSON here", None],
    ids=json.dumps,
)
def test_an_input_that_is_only_wrong_is_reported_as_ever(scene: Scene, machine: str, given: object) -> None:
    """Somebody, or some pipeline, meant something by it."""
    asked = scene.run(machine, json.dumps(given))
    failed_well(asked, "InvalidRequest")
    (outcome,) = scene.notified(asked).outcomes
    assert outcome in {"START_FAILED", "STOP_FAILED", "WORKLOAD_FAILED"}
