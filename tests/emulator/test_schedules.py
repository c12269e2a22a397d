"""Schedules end to end: what EventBridge Scheduler would call is called, with what the template gives it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.schedules import FireError
from emulator.server import Emulator
from tests.deployed.app import HOURLY, SCHEDULED
from tests.deployed.executions import StateMachine
from tests.deployed.told import QUICK, Told

Fire = Callable[..., Any]


@pytest.fixture
def fire(emulator: Emulator) -> Iterator[Fire]:
    """Lets a schedule's time come; with its model as given. Afterwards nobody holds the models, and none runs."""

    def come(name: str, at: datetime | None = None, *, model: str = SCHEDULED, status: str | None = None) -> Any:
        if status:
            emulator.custom_labels.seed(model)
            emulator.custom_labels.put(model, status)
        return emulator.fire(name, at)

    yield come
    for arn in (SCHEDULED, HOURLY):
        emulator.custom_labels.seed(arn)
        emulator.custom_labels.put(arn, "STOPPED")
        table = emulator.outputs["ModelTableName"]
        emulator.client("dynamodb").delete_item(TableName=table, Key={"Id": {"S": arn}})


def named(machine: StateMachine, name: str) -> list[dict[str, Any]]:
    """The executions of this name: one at most."""
    listed = machine.stepfunctions.list_executions(stateMachineArn=machine.arn)["executions"]
    return [
        machine.stepfunctions.describe_execution(executionArn=one["executionArn"])
        for one in listed
        if one["name"] == name
    ]


@pytest.mark.waits
def test_a_model_runs_from_the_start_to_the_stop_of_its_schedule_and_as_long_as_a_pipeline_needs_it(
    emulator: Emulator, fire: Fire, start_model: StateMachine, stop_model: StateMachine
) -> None:
    at = datetime.now(UTC)
    said = [fire("new-year-start", at, status="STOPPED"), fire("new-year-start", at)]
    assert said[0]["Outcome"] == "ACTED"
    assert said[0]["ExecutionName"] == f"new-year-start-{at:%Y%m%dT%H%MZ}"
    (begun,) = named(start_model, said[0]["ExecutionName"])
    started = start_model.wait(begun["executionArn"])
    assert (started.output["Outcome"], started.output["LeaseId"]) == ("MODEL_STARTED", "schedule/new-year")
    assert started.output["Context"]["Schedule"] == "new-year"
    Told(emulator, started).once("MODEL_STARTED", "INFO")

    start_model.run({"Model": "scheduled", "LeaseId": "pipeline", **QUICK})
    (begun,) = named(stop_model, fire("new-year-stop", at)["ExecutionName"])
    kept = stop_model.wait(begun["executionArn"])
    assert kept.output["Outcome"] == "MODEL_KEPT_RUNNING"
    assert [lease["LeaseId"] for lease in kept.output["Leases"]] == ["pipeline"]
    released = stop_model.run({"Model": "scheduled", "LeaseId": "pipeline", **QUICK})
    assert released.output["Outcome"] == "MODEL_STOPPED"


def test_a_tick_that_is_delivered_again_when_all_is_done_does_nothing(fire: Fire, start_model: StateMachine) -> None:
    # A minute of its own, and not too late; from its beginning, so that it is the same one 5 seconds later.
    at = datetime.now(UTC).replace(second=0) - timedelta(minutes=90)
    name = fire("new-year-start", at, status="RUNNING")["ExecutionName"]
    (begun,) = named(start_model, name)
    done = start_model.wait(begun["executionArn"])
    assert done.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    again = fire("new-year-start", at + timedelta(seconds=5))
    assert again["Reason"] == f"{name} has been started already."
    assert len(named(start_model, name)) == 1


def test_what_is_not_to_be_started_is_not(fire: Fire, start_model: StateMachine) -> None:
    excluded = datetime(2020, 12, 25, 12, tzinfo=UTC)
    for at, outcome in ((excluded, "EXCLUDED_DAY"), (excluded - timedelta(days=1), "TOO_LATE")):
        assert fire("new-year-start", at)["Outcome"] == outcome
        assert named(start_model, f"new-year-start-{at:%Y%m%dT%H%MZ}") == []


def test_a_time_to_be_ready_by_is_asked_for_once_ahead_of_it(fire: Fire, start_model: StateMachine) -> None:
    """On the hour in Kolkata is half past in UTC."""
    now = datetime.now(UTC)
    ready = now.replace(minute=30, second=0, microsecond=0) + timedelta(hours=1)
    first = fire("every-hour-ready-2h", ready - timedelta(hours=2), model=HOURLY, status="RUNNING")
    second = fire("every-hour-ready-1h", ready - timedelta(hours=1))
    assert [first["Outcome"], second["Outcome"]] == ["ACTED", "REPEATED"]
    (begun,) = named(start_model, first["ExecutionName"])
    assert f'"ReadyAt": "{ready:%Y-%m-%dT%H:%M}:00.000Z"' in begun["input"]
    assert '"LeaseId": "schedule/every-hour"' in begun["input"]
    if begun["status"] == "RUNNING":
        start_model.abort(begun["executionArn"])


def test_a_tick_with_a_wrong_input_fails_so_that_it_is_kept_and_alarmed(emulator: Emulator) -> None:
    function = next(
        one["FunctionName"]
        for one in emulator.client("lambda").list_functions()["Functions"]
        if "SchedulesTick" in one["FunctionName"]
    )
    answer = emulator.client("lambda").invoke(FunctionName=function, Payload=b'{"Schedule": "gone"}')
    assert answer["FunctionError"] == "Unhandled"
    with pytest.raises(FireError, match="is in none of"):
        emulator.fire("gone")
