"""Tick as Lambda would have it loaded: what it starts, what it says, and what it counts."""

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from lifecycle.configuration import Schedule
from lifecycle.errors import InvalidRequest
from lifecycle.shared.wire import Json
from tests.handlers.loading import deployed
from tests.handlers.test_notify import ENVIRONMENT, Context
from tests.unit.examples import MACHINES, NOW, configured

# Far from now: a start between the scheduled time and now would win over the stop.
OFFICE = Schedule("defects", "UTC", start=f"0 {(NOW.hour + 12) % 24} * * ? *", exclude_dates=("2020-12-25",))


@pytest.fixture
def tick(tmp_path: Path) -> Iterator[Callable[..., Json]]:
    """Calls the function as Scheduler does."""
    settings = configured(schedules={"office-hours": OFFICE})
    with deployed(tmp_path, settings, ENVIRONMENT), mock_aws():
        for arn in (MACHINES.start_model, MACHINES.stop_model):
            boto3.client("stepfunctions").create_state_machine(
                name=arn.rpartition(":")[2],
                definition='{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}}',
                roleArn="arn:aws:iam::123456789012:role/machine",
            )
        module = importlib.import_module("handlers.tick")

        def call(**event: Json) -> Json:
            return module.handler({"Schedule": "office-hours", **event}, Context("tick"))

        yield call


def counted(capsys: pytest.CaptureFixture[str]) -> tuple[str, list[float]]:
    """The outcome that the one metric counts, and how often."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metric,) = (line for line in lines if "_aws" in line)
    (declared,) = metric["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "Lifecycle"
    assert declared["Dimensions"] == [["Outcome"]]
    return metric["Outcome"], metric["Ticks"]


def executions(arn: str) -> dict[str, Json]:
    """The inputs of the executions of a state machine, by name."""
    client = boto3.client("stepfunctions")
    found = client.list_executions(stateMachineArn=arn)["executions"]
    return {
        one["name"]: json.loads(client.describe_execution(executionArn=one["executionArn"])["input"]) for one in found
    }


@pytest.mark.parametrize(("action", "machine"), [("start", MACHINES.start_model), ("stop", MACHINES.stop_model)])
def test_a_tick_acts_once_and_counts(
    tick: Callable[..., Json],
    action: str,
    machine: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = tick(Action=action, ScheduledTime=NOW.isoformat())
    assert answer["Outcome"] == "ACTED"
    assert answer["ExecutionName"].rpartition("-")[0] == f"office-hours-{action}-{NOW:%Y%m%dT%H%MZ}"
    assert caplog.messages == [answer["Reason"]]
    assert counted(capsys) == ("ACTED", [1.0])
    tick(Action=action, ScheduledTime=NOW.isoformat())
    assert executions(machine) == {answer["ExecutionName"]: answer["Payload"]}
    assert answer["Payload"]["LeaseId"] == "schedule/office-hours"


def test_a_tick_that_does_not_act_says_why_in_log_and_metric(
    tick: Callable[..., Json], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert tick(Action="start", ScheduledTime="2020-12-25T08:00:00Z")["Outcome"] == "EXCLUDED_DAY"
    assert caplog.messages == ["2020-12-25 is one of its exclude_dates."]
    assert counted(capsys) == ("EXCLUDED_DAY", [1.0])
    assert executions(MACHINES.start_model) == {}


def test_a_tick_of_an_unknown_schedule_fails(tick: Callable[..., Json]) -> None:
    with pytest.raises(InvalidRequest, match="there is no 'offcie'; configured are: office-hours"):
        tick(Schedule="offcie", Action="start", ScheduledTime=NOW.isoformat())
