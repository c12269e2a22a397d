"""Rules invoke functions: which events arrive, in what form, how often; and what faults do to them on their way.

Rules that start state machines: test_emulator_happenings.py.
"""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.deliveries import Delivery
from emulator.faults import Fault
from emulator.remote import Remote
from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until
from tests.emulator.stacks import deploy, function, machine, rule

PRINT = "import json\ndef handler(event, context): print('GOT', json.dumps(event))"
FAIL = "def handler(event, context): raise ValueError('no')"
FAIL_ONCE = """
import os
def handler(event, context):
    try:
        os.close(os.open(event["detail"]["Mark"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    raise ValueError("the first time")
"""
QUALIFIED = {"Arn": {"Ref": "Version"}}


class Subscriber:
    """A function, and the rule of a source of its own that invokes it."""

    def __init__(self, emulator: Emulator, code: str = PRINT, *, target: dict[str, Any] = QUALIFIED, **fields: Any):
        self.source = f"source-{uuid.uuid4()}"
        bus = {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": f"bus-{uuid.uuid4()}"}}}
        pattern = {"source": [self.source], "detail": {"Kind": ["wanted"]}}
        permission = {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Version"},
            "Principal": "events.amazonaws.com",
        }
        outputs = deploy(
            emulator,
            function(code),
            bus,
            {
                "Rule": rule(pattern, target, **fields),
                "Allowed": {"Type": "AWS::Lambda::Permission", "Properties": permission},
            },
        )
        self.emulator = emulator
        self.function, self.version, self.rule = (outputs[name] for name in ("Function", "Version", "Rule"))
        self.bus = outputs["Bus"]

    def put(self, *, bus: str = "default", **detail: Any) -> None:
        """Put an event that the rule matches, unless the detail says otherwise."""
        entry = {
            "Source": self.source,
            "DetailType": "Tested",
            "Detail": json.dumps({"Kind": "wanted", **detail}),
            "Resources": ["arn:of:it"],
            "EventBusName": bus,
        }
        assert self.emulator.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0

    def deliveries(self) -> list[Delivery]:
        return [one for one in self.emulator.deliveries.list() if one.rule == self.rule]

    def wait(self, *statuses: str) -> list[Delivery]:
        """Wait until the deliveries have these statuses."""

        def arrived() -> list[Delivery]:
            found = self.deliveries()
            return found if [one.status for one in found] == [*statuses] else []

        return wait_until(arrived)

    def got(self) -> list[Any]:
        """What the function was invoked with."""
        lines = self.emulator.runtime.logs(self.function)
        return [json.loads(line.removeprefix("GOT ")) for line in lines if line.startswith("GOT ")]


def test_an_event_that_matches_arrives_as_the_bus_has_it(bare: Emulator) -> None:
    subscriber = Subscriber(bare)
    subscriber.put(Number=1, Deep={"er": [None, "ü"]})
    subscriber.put(Kind="other")
    (delivery,) = subscriber.wait("DELIVERED")
    (event,) = subscriber.got()
    assert event == delivery.event
    assert event.pop("time")[-1] == "Z"
    uuid.UUID(event.pop("id"))
    assert event == {
        "version": "0",
        "detail-type": "Tested",
        "source": subscriber.source,
        "account": bare.account_id,
        "region": bare.region,
        "resources": ["arn:of:it"],
        "detail": {"Kind": "wanted", "Number": 1, "Deep": {"er": [None, "ü"]}},
    }
    assert (delivery.target, delivery.attempts, delivery.error) == (subscriber.version, 1, None)
    (listed,) = (one for one in Remote(bare.endpoint).ask("GET", "deliveries") if one["rule"] == subscriber.rule)
    assert (listed["status"], listed["event"]) == ("DELIVERED", delivery.event)


def test_rules_of_a_custom_bus_get_its_events_alone(bare: Emulator) -> None:
    subscriber = Subscriber(bare, EventBusName={"Ref": "Bus"})
    subscriber.put()
    subscriber.put(bus=subscriber.bus, On="the bus")
    (delivery,) = subscriber.wait("DELIVERED")
    assert delivery.event["detail"]["On"] == "the bus"


def test_a_target_without_a_version_runs_the_latest_code_and_its_input_replaces_the_event(bare: Emulator) -> None:
    target = {"Arn": {"Fn::GetAtt": ["Function", "Arn"]}, "Input": '{"said": "instead"}'}
    subscriber = Subscriber(bare, target=target)
    subscriber.put()
    subscriber.wait("DELIVERED")
    assert subscriber.got() == [{"said": "instead"}]
    assert [one.version for one in bare.runtime.invocations if one.function == subscriber.function] == ["$LATEST"]


def test_a_target_gets_the_part_of_the_event_that_it_asks_for(bare: Emulator) -> None:
    subscriber = Subscriber(bare, target={**QUALIFIED, "InputPath": "$.detail"})
    subscriber.put(Number=1)
    subscriber.wait("DELIVERED")
    assert subscriber.got() == [{"Kind": "wanted", "Number": 1}]


def test_a_path_that_the_emulator_does_not_know_is_reported(bare: Emulator) -> None:
    subscriber = Subscriber(bare, target={**QUALIFIED, "InputPath": "$.detail[?(@.x)]"})
    subscriber.put()
    (delivery,) = subscriber.wait("FAILED")
    assert (delivery.attempts, delivery.error) == (
        0,
        "the emulator knows paths of names and numbers, as $.detail.images[0], and not $.detail[?(@.x)]",
    )


def test_a_disabled_rule_gets_nothing(bare: Emulator) -> None:
    disabled, enabled = Subscriber(bare, State="DISABLED"), Subscriber(bare)
    disabled.put()
    enabled.put()
    enabled.wait("DELIVERED")
    assert disabled.deliveries() == []


def test_a_rule_that_only_has_a_schedule_gets_nothing(bare: Emulator) -> None:
    hourly = {"ScheduleExpression": "rate(1 hour)", "Targets": [{"Id": "Only", **QUALIFIED}]}
    resources = {"Hourly": {"Type": "AWS::Events::Rule", "Properties": hourly}}
    name = deploy(bare, function(PRINT), resources)["Hourly"]
    subscriber = Subscriber(bare)
    subscriber.put()
    subscriber.wait("DELIVERED")
    assert name not in {one.rule for one in bare.deliveries.list()}


def test_a_target_of_another_kind_leaves_the_event_to_the_others(bare: Emulator) -> None:
    source = f"source-{uuid.uuid4()}"
    targets: list[dict[str, Any]] = [{"Arn": "arn:aws:sns:us-east-1:123456789012:topic"}, {"Arn": {"Ref": "Version"}}]
    name = deploy(bare, function(PRINT), {"Rule": rule({"source": [source]}, *targets)})["Rule"]
    bare.client("events").put_events(Entries=[{"Source": source, "DetailType": "d", "Detail": "{}"}])
    wait_until(lambda: [one for one in bare.deliveries.list() if (one.rule, one.status) == (name, "DELIVERED")])


def test_a_function_that_fails_is_tried_twice_more(bare: Emulator, tmp_path: Path) -> None:
    failing, recovering = Subscriber(bare, FAIL), Subscriber(bare, FAIL_ONCE)
    failing.put()
    recovering.put(Mark=str(tmp_path / "mark"))
    (failed,) = failing.wait("FAILED")
    assert (failed.attempts, failed.error) == (3, "ValueError")
    (delivered,) = recovering.wait("DELIVERED")
    assert delivered.attempts == 2


def test_a_function_that_is_gone_is_reported(bare: Emulator) -> None:
    target = {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:nothing"}
    subscriber = Subscriber(bare, target=target)
    subscriber.put()
    (failed,) = subscriber.wait("FAILED")
    assert "Function not found" in str(failed.error)


def test_an_execution_s_end_invokes_a_function(bare: Emulator) -> None:
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [{"Ref": "Machine"}], "status": ["FAILED"]}}
    outputs = deploy(
        bare,
        function(PRINT),
        machine({"Fail": {"Type": "Fail", "Error": "Wanted"}}),
        {"Rule": rule(pattern, QUALIFIED)},
    )
    execution = StateMachine(outputs["Machine"], bare.client("stepfunctions")).run({})

    def delivered() -> list[Delivery]:
        return [one for one in bare.deliveries.list() if (one.rule, one.status) == (outputs["Rule"], "DELIVERED")]

    (delivery,) = wait_until(delivered)
    detail = delivery.event["detail"]
    assert (detail["executionArn"], detail["status"], detail["error"]) == (execution.arn, "FAILED", "Wanted")
    assert delivery.event["account"] == bare.account_id


def test_an_event_can_be_lost(bare: Emulator) -> None:
    subscriber = Subscriber(bare)
    script = bare.faults.add(Fault("events:Deliver", contains="the first", lose=True))
    subscriber.put(Which="the first")
    subscriber.put(Which="the second")
    lost, _ = subscriber.wait("LOST", "DELIVERED")
    assert (lost.event["detail"]["Which"], lost.attempts) == ("the first", 0)
    assert [event["detail"]["Which"] for event in subscriber.got()] == ["the second"]
    assert (script.matched, script.applied) == (1, 1)


@pytest.mark.parametrize("fault", [{"twice": True}, {"twice": True, "delay_seconds": 0.5, "after": True}])
def test_an_event_can_arrive_twice(bare: Emulator, fault: dict[str, Any]) -> None:
    subscriber = Subscriber(bare)
    bare.faults.add(Fault("events:Deliver", contains=subscriber.rule, **fault))
    subscriber.put()
    subscriber.wait("DELIVERED", "DELIVERED")
    first, second = subscriber.got()
    assert first == second


def test_an_event_can_be_late(bare: Emulator) -> None:
    late, other = Subscriber(bare), Subscriber(bare)
    script = bare.faults.add(Fault("events:Deliver", contains=late.version, calls=None, delay_seconds=1))
    began = time.monotonic()
    late.put()
    other.put()
    late.wait("DELIVERED")
    assert time.monotonic() - began >= 1
    other.wait("DELIVERED")
    assert (script.matched, script.applied) == (1, 1)


@pytest.fixture
def add(bare: Emulator) -> Callable[[dict[str, Any]], Any]:
    return lambda given: Remote(bare.endpoint).ask("POST", "faults", {"Operation": "events:Deliver", **given})


def test_faults_of_deliveries_are_scripted_over_http_too(add: Callable[[dict[str, Any]], Any]) -> None:
    added = add({"Twice": True, "DelaySeconds": 1, "After": True, "Calls": "all"})
    assert (added["Operation"], added["Twice"], added["Lose"]) == ("events:Deliver", True, False)
