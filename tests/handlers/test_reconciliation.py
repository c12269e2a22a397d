"""Settle and Sweep as Lambda would have them loaded: the real tables and executions of moto, channels in memory."""

import dataclasses
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import boto3
import pytest
import time_machine
from moto import mock_aws

from lifecycle.adapters.model_table import ExecutionTable, ModelTable
from lifecycle.errors import ServiceUnavailable
from lifecycle.model.leases import Lease, ModelItem, PendingLease
from lifecycle.shared.wire import Json
from tests.handlers.loading import deployed
from tests.handlers.test_notify import ENVIRONMENT, Channel, Context
from tests.unit.examples import ARN, CONFIGURATION, MACHINES, NOW
from tests.unit.twins import Models

MODULES = ("handlers.settle", "handlers.sweep", "handlers._runtime.reconciliation", "handlers._runtime.delivery")
KEYS: Sequence[Literal["HASH", "RANGE"]] = ("HASH", "RANGE")
SOON, LONG_AGO = NOW + timedelta(hours=1), NOW - timedelta(hours=3)


@dataclasses.dataclass
class Functions:
    """The two functions, and what is around them."""

    settle_module: ModuleType
    sweep_module: ModuleType
    models: Models
    topic: Channel
    bus: Channel
    step_functions: Any
    items: ModelTable
    open_executions: ExecutionTable

    def settle(self, execution_arn: str) -> Json:
        """By the event that Step Functions sends (AWS Step Functions developer guide, "EventBridge events")."""
        event = {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {"executionArn": execution_arn, "stateMachineArn": MACHINES.start_model, "status": "ABORTED"},
        }
        return self.settle_module.handler(event, Context("settle"))

    def sweep(self) -> Json:
        return self.sweep_module.handler({}, Context("sweep"))

    def execution(self, payload: Json, machine_arn: str = MACHINES.start_model, name: str = "nightly") -> str:
        """An execution that is under way, and known to be."""
        begun = self.step_functions.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(payload))
        arn: str = begun["executionArn"]
        self.open_executions.open(arn)
        return arn

    def started(self, machine_arn: str) -> list[str]:
        """The names of the executions of a state machine."""
        found = self.step_functions.list_executions(stateMachineArn=machine_arn)["executions"]
        return [one["name"] for one in found]

    @property
    def notified(self) -> list[str]:
        assert self.topic.sent == self.bus.sent
        return [one.outcome for one in self.topic.sent]


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    tables = {"MODEL_TABLE_NAME": "models", "LEDGER_TABLE_NAME": "ledger"}
    with deployed(tmp_path, CONFIGURATION, {**ENVIRONMENT, **tables}), mock_aws():
        dynamodb, step_functions = boto3.client("dynamodb"), boto3.client("stepfunctions")
        for table, *keys in (("idempotency", "id"), ("models", "Id"), ("ledger", "Month", "Id")):
            dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, KEYS, strict=False)],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        for arn in (MACHINES.start_model, MACHINES.stop_model):
            step_functions.create_state_machine(
                name=arn.rpartition(":")[2],
                definition='{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}}',
                roleArn="arn:aws:iam::123456789012:role/machine",
            )
        settle, sweep, keeping, delivery = map(importlib.import_module, MODULES)
        topic, bus, models = Channel(), Channel(), Models()
        monkeypatch.setattr(delivery, "CHANNELS", {"topic": topic, "event_bus": bus})
        for module in (keeping, sweep):
            monkeypatch.setattr(module, "MODELS", models)
        items, open_executions = ModelTable(dynamodb, "models"), ExecutionTable(dynamodb, "models")
        yield Functions(settle, sweep, models, topic, bus, step_functions, items, open_executions)


@pytest.fixture
def at_once(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep leaves no execution that has ended to its event."""
    monkeypatch.setattr(functions.sweep_module, "LONGEST_CALL", timedelta(0))


# Settle -------------------------------------------------------------------------------------------


def test_an_execution_that_was_aborted_is_settled_and_reported_once(functions: Functions) -> None:
    arn = functions.execution({"Model": "defects", "LeaseId": "shift"})
    functions.items.put(ModelItem(ARN, pending=(PendingLease("shift", arn, SOON),), managed=True))
    functions.step_functions.stop_execution(executionArn=arn)
    assert [functions.settle(arn) for _ in range(2)] == [{"Settled": True}] * 2
    assert functions.notified == ["EXECUTION_ABORTED"]
    assert (functions.items.get(ARN).pending, functions.open_executions.all()) == ((), [])


def test_an_end_that_step_functions_does_not_know_of_yet_is_tried_again(functions: Functions) -> None:
    """DescribeExecution is eventually consistent; Lambda calls Settle again, and a sweep leaves it alone."""
    arn = functions.execution({"Model": "defects"})
    for ended in (arn, f"{arn}-unknown"):
        with pytest.raises(ServiceUnavailable, match="has ended, as its event says"):
            functions.settle(ended)
    assert functions.sweep()["Settled"] == 0
    assert (functions.notified, functions.open_executions.all()) == ([], [arn])


def test_what_notify_has_reported_is_not_reported_again(functions: Functions) -> None:
    """The key of both is the execution."""
    arn = functions.execution({"Model": "defects"})
    functions.step_functions.stop_execution(executionArn=arn)
    delivery, notified = sys.modules["handlers._runtime.delivery"], []
    functions.settle(arn)
    delivery.deliver(arn, lambda: notified.append("decided again"), Context())
    assert (notified, len(functions.topic.sent)) == ([], 1)


def test_a_channel_that_is_down_leaves_the_execution_to_the_next_try(functions: Functions) -> None:
    arn = functions.execution({"Model": "defects"})
    functions.step_functions.stop_execution(executionArn=arn)
    functions.bus.failures = [ServiceUnavailable("The bus is down.")]
    with pytest.raises(ServiceUnavailable, match="was not sent on: event_bus"):
        functions.settle(arn)
    assert functions.open_executions.all() == [arn]
    assert functions.settle(arn) == {"Settled": True}
    assert (functions.notified, functions.open_executions.all()) == (["EXECUTION_ABORTED"], [])


def test_a_dry_run_that_was_aborted_is_settled_in_silence(functions: Functions) -> None:
    arn = functions.execution({"Model": "defects", "DryRun": True})
    functions.step_functions.stop_execution(executionArn=arn)
    assert functions.settle(arn) == {"Settled": True}
    assert (functions.notified, functions.open_executions.all()) == ([], [])


# Sweep --------------------------------------------------------------------------------------------


def test_a_model_that_nobody_holds_any_more_is_reported_and_stopped(functions: Functions) -> None:
    functions.models.follow([(0, "RUNNING")])
    functions.items.put(ModelItem(ARN, leases=(Lease("shift", LONG_AGO, NOW),), managed=True))
    answer = functions.sweep()
    assert answer == {"Models": 1, "Reported": 1, "Stops": 1, "Restarts": 0, "Settled": 0, "Problems": []}
    assert functions.notified == ["LEASE_EXPIRED"]
    (name,) = functions.started(MACHINES.stop_model)
    assert name.startswith("sweep-stop-defects-")
    assert functions.items.get(ARN).leases == ()


def test_what_a_sweep_has_found_is_reported_once(functions: Functions) -> None:
    functions.models.follow([(0, "RUNNING")])
    functions.items.put(ModelItem(ARN, leases=(Lease("shift", LONG_AGO, NOW + timedelta(minutes=10)),), managed=True))
    assert [functions.sweep()["Reported"] for _ in range(2)] == [1, 0]
    functions.items.put(
        dataclasses.replace(functions.items.get(ARN), leases=(Lease("shift", LONG_AGO, NOW + timedelta(minutes=10)),))
    )
    assert functions.sweep()["Reported"] == 1  # the sweep before died before it could write: found again, sent once
    assert functions.notified == ["LEASE_EXPIRING"]


@pytest.mark.usefixtures("at_once")
def test_a_sweep_that_could_not_do_everything_does_the_rest_and_fails_at_the_end(functions: Functions) -> None:
    functions.models.follow([(0, "RUNNING")])
    functions.items.put(ModelItem(ARN, managed=True))
    stranger = "arn:aws:states:us-east-1:123456789012:execution:Lifecycle-StartModel:old"
    unknown = functions.execution({"Model": "defects"}, name="unsent")
    functions.step_functions.stop_execution(executionArn=unknown)
    with time_machine.travel(NOW - timedelta(days=2), tick=False):
        functions.open_executions.open(stranger)  # Step Functions does not know it any more
    functions.topic.failures = [ServiceUnavailable("The topic is down.")]
    with pytest.raises(ServiceUnavailable) as failed:
        functions.sweep()
    intro, *problems = failed.value.message.split("\n- ")
    assert intro == "The sweep could not do everything:"
    assert [problem.partition(": ")[0] for problem in problems] == [unknown]
    assert "was not sent on: topic" in problems[0]
    assert len(functions.started(MACHINES.stop_model)) == 1
    assert functions.open_executions.all() == [unknown]
    assert functions.sweep()["Problems"] == []
    assert functions.open_executions.all() == []


def test_a_month_that_could_not_be_counted_is_a_problem_and_everything_else_is_measured(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    functions.models.follow([(0, "RUNNING")])
    functions.items.put(ModelItem(ARN, leases=(Lease("nightly", LONG_AGO, SOON),), managed=True))
    boto3.client("dynamodb").delete_table(TableName="ledger")
    with pytest.raises(ServiceUnavailable, match="this month's cost: Query answered ResourceNotFoundException"):
        functions.sweep()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = {name for line in lines if "_aws" in line for name in line.keys() - {"_aws", "Model", "Outcome"}}
    assert {"UnleasedModels", "LeasedUnits", "RunningMinutes"} <= metrics
    assert "MonthToDateCost" not in metrics


@pytest.mark.usefixtures("at_once")
def test_an_execution_whose_event_was_lost_is_settled_by_the_sweep(functions: Functions) -> None:
    arn = functions.execution({"Model": "defects"})
    functions.items.put(ModelItem(ARN, pending=(PendingLease("nightly", arn, SOON),), managed=True))
    functions.step_functions.stop_execution(executionArn=arn)
    assert functions.sweep()["Settled"] == 1
    assert (functions.notified, functions.items.get(ARN).pending) == (["EXECUTION_ABORTED"], ())


def test_an_execution_that_has_ended_just_now_is_left_to_its_event(functions: Functions) -> None:
    arn = functions.execution({"Model": "defects"})
    functions.step_functions.stop_execution(executionArn=arn)
    assert functions.sweep()["Settled"] == 0
    assert (functions.notified, functions.open_executions.all()) == ([], [arn])


def test_a_sweep_that_nothing_is_to_be_done_in_says_so(functions: Functions) -> None:
    assert functions.sweep() == {"Models": 1, "Reported": 0, "Stops": 0, "Restarts": 0, "Settled": 0, "Problems": []}
    assert functions.items.all() == []
