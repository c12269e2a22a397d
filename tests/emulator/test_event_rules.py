"""Events of the configured rules start models and release leases: from the bus through the transformer to the end."""

from typing import Any

import pytest

from emulator.happenings import EventError
from emulator.server import Emulator
from tests.contract import failed_well, valid_output, valid_stop_output
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.told import QUICK, NewModel, Told, calls_of


def shift_begins(model: Any, **fields: Any) -> dict[str, Any]:
    return {"source": "factory", "detail-type": "Shift begins", "detail": {"model": model}, **fields}


def trained(arn: str, status: str = "Succeeded", **fields: Any) -> dict[str, Any]:
    """An event of an AWS service, which nobody else can put on a bus."""
    detail = {"ProjectVersionArn": arn, "status": status}
    return {"source": "aws.sagemaker", "detail-type": "Pipeline Execution Status Change", "detail": detail, **fields}


def done_with(arn: str) -> dict[str, Any]:
    return {"source": "factory", "detail-type": "Tested", "detail": {"ProjectVersionArn": arn}}


def happened(
    emulator: Emulator, machine: StateMachine, event: dict[str, Any], *, twice: bool = False
) -> list[Execution]:
    """The executions that an event has started, at their end."""
    deliveries = emulator.event(event, twice=twice)["Deliveries"]
    return [machine.wait(one["ExecutionArn"]) for one in deliveries]


@pytest.mark.waits
def test_an_event_that_comes_twice_starts_a_model_once(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    event = trained(arn, id="5a1c", time="2026-11-23T06:00:00Z")
    executions = happened(emulator, start_model, event, twice=True)
    started, duplicate = sorted(executions, key=lambda one: str(one.output["Outcome"]), reverse=True)
    assert (started.output["Outcome"], duplicate.output["Outcome"]) == ("MODEL_STARTED", "DUPLICATE")
    valid_output(started.output)
    assert duplicate.output["DuplicateOf"] == started.arn
    assert calls_of(emulator, "rekognition:StartProjectVersion", arn) == 1
    assert started.output["LeaseId"] == "event/trained"
    assert started.output["Context"] == {
        "EventRule": "trained",
        "EventId": "5a1c",
        "EventTime": "2026-11-23T06:00:00Z",
        "Source": "aws.sagemaker",
    }
    Told(emulator, started).once("MODEL_STARTED", "INFO")


def test_an_event_names_a_configured_model(emulator: Emulator, start_model: StateMachine, configured: str) -> None:
    emulator.custom_labels.put(configured, "RUNNING")
    (execution,) = happened(emulator, start_model, shift_begins("defects"))
    assert execution.output["ProjectVersionArn"] == configured
    assert (execution.output["Outcome"], execution.output["LeaseId"]) == ("MODEL_ALREADY_RUNNING", "event/shift-begins")


def test_an_event_that_no_rule_matches_starts_nothing(emulator: Emulator, new_model: NewModel) -> None:
    with pytest.raises(EventError, match=r"CustomLabelsLifecycle\.trained"):
        emulator.event(trained(new_model(), status="Failed"))


@pytest.mark.parametrize("event", [shift_begins("defcts"), shift_begins({"name": "defects"}), shift_begins(7)])
def test_an_event_with_a_wrong_model_is_answered_as_any_wrong_input_is_and_told(
    emulator: Emulator, start_model: StateMachine, event: dict[str, Any]
) -> None:
    (execution,) = happened(emulator, start_model, event)
    assert "configured models: defects" in failed_well(execution, "InvalidRequest")["Remedy"]
    Told(emulator, execution).once("START_FAILED", "ERROR")


def test_an_event_without_a_model_is_told_too(emulator: Emulator, start_model: StateMachine) -> None:
    (execution,) = happened(emulator, start_model, {**shift_begins(""), "detail": {}})
    failed_well(execution, "InvalidRequest")


@pytest.mark.parametrize(
    "text", ['defects", "LeaseMinutes": 0, "Comment": "', 'defects", "MinInferenceUnits": 9, "a": "\\']
)
def test_no_string_of_an_event_adds_a_field_to_the_input(emulator: Emulator, text: str) -> None:
    with pytest.raises(EventError, match="no rule of the bus default matches"):
        emulator.event(shift_begins(text))


def test_an_event_releases_what_another_has_taken(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    start_model.run({"ProjectVersionArn": arn, "LeaseId": "somebody", **QUICK})
    (taken,) = happened(emulator, start_model, trained(arn))
    assert taken.output["LeaseId"] == "event/trained"
    (released,) = happened(emulator, stop_model, done_with(arn))
    valid_stop_output(released.output)
    assert released.output["Outcome"] == "MODEL_KEPT_RUNNING"
    assert [lease["LeaseId"] for lease in released.output["Leases"]] == ["somebody"]
