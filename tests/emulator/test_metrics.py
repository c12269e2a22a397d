"""What is measured end to end: the metrics promised in docs/monitoring.md, each emitted once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.faults import Fault
from emulator.metrics import Metric
from emulator.server import Emulator
from lifecycle.observability.metrics import METRICS
from tests.deployed.executions import StateMachine
from tests.deployed.told import QUICK, NewModel, project_of

NAMESPACE = "CustomLabelsLifecycle"
Counted = dict[tuple[str, ...], list[float]]
Emitted = Callable[[], Counted]


def ours(emulator: Emulator) -> list[Metric]:
    """Those of the deployed stack: other tests deploy functions of their own."""
    return [one for one in emulator.metrics.list() if one.namespace == NAMESPACE]


@pytest.fixture
def emitted(emulator: Emulator) -> Emitted:
    """The values that were emitted since the test began, by metric and dimensions' values."""

    def now() -> Counted:
        return {(one.name, *one.dimensions.values()): list(one.values) for one in ours(emulator)}

    before = now()

    def since() -> Counted:
        values = {key: values[len(before.get(key, ())) :] for key, values in now().items()}
        return {key: found for key, found in values.items() if found}

    return since


@pytest.fixture(autouse=True)
def _only_own_models(emulator: Emulator) -> Iterator[None]:
    """The sweep looks at every model there is."""
    emulator.custom_labels.clear()
    yield
    emulator.custom_labels.clear()


def test_a_start_and_a_stop_are_measured_once_although_telling_is_tried_again(
    emulator: Emulator,
    start_model: StateMachine,
    stop_model: StateMachine,
    configured: str,
    emitted: Emitted,
) -> None:
    emulator.custom_labels.seed(configured)
    emulator.custom_labels.put(configured, "STOPPED")
    emulator.faults.add(Fault("sns:Publish", calls=(1,), error="InternalError"))
    started = start_model.run({"Model": "defects", "LeaseId": "story", **QUICK})
    stopped = stop_model.run({"Model": "defects", "LeaseId": "story", **QUICK})
    assert (started.status, stopped.status) == ("SUCCEEDED", "SUCCEEDED")

    others = {"MODEL_ALREADY_STOPPED"}  # what earlier tests have left may end now
    found = {key: values for key, values in emitted().items() if others.isdisjoint(key)}
    (delay,) = found.pop(("NoticeDelaySeconds", "defects"))
    assert 0 < delay < 10
    assert found == {
        ("Outcomes", "MODEL_STARTED"): [1],
        ("StartSeconds", "defects"): [started.output["StartSeconds"]],
        ("Polls", "defects"): [started.output["Polls"]],
        ("Outcomes", "MODEL_STOPPED"): [1],
    }
    for one in ours(emulator):
        assert one.unit == METRICS[one.name].unit
        assert tuple(one.dimensions) == METRICS[one.name].dimensions


def test_a_call_that_is_throttled_and_a_start_that_fails_are_counted(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, emitted: Emitted
) -> None:
    arn = new_model()
    once: dict[str, Any] = {"calls": (1,), "contains": project_of(arn)}
    emulator.faults.add(Fault("rekognition:DescribeProjects", error="ThrottlingException", **once))
    emulator.faults.add(Fault("rekognition:DescribeProjectVersions", error="AccessDeniedException", **once))
    failed = start_model.run({"ProjectVersionArn": arn, **QUICK})
    assert failed.error == "AccessDenied"
    assert emitted() == {("Throttled",): [1], ("Outcomes", "START_FAILED"): [1], ("FailedStarts",): [1]}


def test_each_sweep_measures_what_runs_what_is_leased_and_what_it_costs(
    emulator: Emulator,
    start_model: StateMachine,
    stop_model: StateMachine,
    new_model: NewModel,
    configured: str,
    emitted: Emitted,
) -> None:
    arn, unleased = new_model(), new_model("RUNNING")  # both are known as v1
    emulator.custom_labels.seed(configured)
    emulator.custom_labels.put(configured, "STOPPED")
    about = {"ProjectVersionArn": arn, "LeaseId": "story"}
    start_model.run({**about, "MaxInferenceUnits": 3, **QUICK})
    emulator.fire("EverySweep")
    first = emitted()
    assert first["Outcomes", "UNLEASED_MODEL"] == [1]
    assert first["UnleasedModels",] == [1]
    assert first["LeasedUnits", "v1"] == [3]
    assert first["LeasedUnits", "defects"] == [0]

    emulator.fire("EverySweep")
    second = {key: values[-1] for key, values in emitted().items()}
    age = second["SweepAgeSeconds",]
    assert 0 < age < 60
    running = second["RunningMinutes", "v1"]
    assert running == pytest.approx(2 * age / 60, abs=0.01)
    assert second["LeaseMinutes", "v1"] == pytest.approx(age / 60, abs=0.01)
    assert second["EstimatedCost", "v1"] == pytest.approx(running / 60 * 4, abs=0.01)
    assert second["MonthToDateCost",] > 0
    assert emitted()["Outcomes", "UNLEASED_MODEL"] == [1]  # told once, and counted once

    stop_model.run({**about, **QUICK})
    emulator.custom_labels.put(unleased, "STOPPED")
    emulator.fire("EverySweep")
    third = emitted()
    assert third["UnleasedModels",] == [1, 1, 0]
    assert len(third["RunningMinutes", "v1"]) == 2
