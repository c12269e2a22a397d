"""Executions tell their statuses on the default bus, at the start and at every end, as Step Functions does."""

import json
import time
from datetime import datetime
from typing import Any

import pytest

from emulator.seams.executions import status_change
from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until
from tests.emulator.stacks import deploy, function, machine, rule, task

WAIT = {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}


class Watched:
    """A state machine, and a queue that a rule fills with what it tells."""

    def __init__(self, emulator: Emulator, states: dict[str, Any], code: str = "", **fields: Any) -> None:
        pattern = {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [{"Ref": "Machine"}]},
        }
        outputs = deploy(
            emulator,
            function(code or "def handler(event, context): return event"),
            machine(states, **fields),
            {
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
                "Rule": rule(pattern, {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}),
            },
        )
        self.machine = StateMachine(outputs["Machine"], emulator.client("stepfunctions"))
        self._queue, self._sqs = outputs["Queue"], emulator.client("sqs")
        self._events: list[Any] = []

    def events(self, count: int) -> list[Any]:
        """What it has told; waits until that are so many events."""

        def published() -> list[Any]:
            received = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            self._events += [json.loads(message["Body"]) for message in received.get("Messages", ())]
            return self._events if len(self._events) >= count else []

        return sorted(wait_until(published), key=lambda event: str(event["detail"]["status"] != "RUNNING"))


def test_a_start_and_a_success_are_reported_with_input_and_output(bare: Emulator) -> None:
    began = int(time.time() * 1000)
    watched = Watched(bare, {"Echo": task()})
    execution = watched.machine.run({"some": "input"}, name="watched")
    start, end = watched.events(2)
    assert start["resources"] == [execution.arn]
    assert (start["source"], start["region"]) == ("aws.states", bare.region)
    assert began - 1 <= start["detail"].pop("startDate") <= time.time() * 1000
    assert start["detail"] == {
        "executionArn": execution.arn,
        "stateMachineArn": watched.machine.arn,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "name": "watched",
        "status": "RUNNING",
        "stopDate": None,
        "input": '{"some": "input"}',
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": None,
        "error": None,
        "cause": None,
    }
    assert (end["detail"]["status"], end["detail"]["output"]) == ("SUCCEEDED", '{"some":"input"}')
    assert end["detail"]["outputDetails"] == {"included": True}
    assert end["detail"]["startDate"] <= end["detail"]["stopDate"] <= time.time() * 1000


def test_a_failure_is_reported_with_its_error(bare: Emulator) -> None:
    watched = Watched(bare, {"Fail": {"Type": "Fail", "Error": "Wanted", "Cause": "It was"}})
    watched.machine.run({})
    detail = watched.events(2)[1]["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("FAILED", "Wanted", "It was")
    assert (detail["output"], detail["outputDetails"]) == (None, None)


@pytest.mark.parametrize("given", [{"error": "Enough", "cause": "of it"}, {}])
def test_an_abort_is_reported_with_what_it_was_given(bare: Emulator, given: dict[str, str]) -> None:
    watched = Watched(bare, WAIT)
    arn = watched.machine.start({})
    watched.machine.stepfunctions.stop_execution(executionArn=arn, **given)
    detail = watched.events(2)[1]["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("ABORTED", given.get("error"), given.get("cause"))
    described = watched.machine.stepfunctions.describe_execution(executionArn=arn)
    assert described.keys() & {"error", "cause"} == given.keys()
    assert detail["stopDate"] is not None


def test_a_timeout_of_the_state_machine_is_reported(bare: Emulator) -> None:
    watched = Watched(bare, WAIT, TimeoutSeconds=1)
    watched.machine.start({})
    detail = watched.events(2)[1]["detail"]
    assert (detail["status"], detail["error"], detail["output"]) == ("TIMED_OUT", None, None)


def test_who_is_notified_of_an_end_sees_it(bare: Emulator) -> None:
    watched = Watched(bare, {"Text": {"Type": "Pass", "Output": "a text", "End": True}})
    arn = watched.machine.start({})
    watched.events(2)
    described = watched.machine.stepfunctions.describe_execution(executionArn=arn)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", "a text")


@pytest.mark.parametrize(
    ("given", "output", "included"),
    [(100, 100, (True, True)), (150, 150, (False, True)), (100, 300, (False, False)), (300, 0, (False, None))],
)
def test_what_is_too_large_for_an_event_is_left_out(
    given: int, output: int, included: tuple[bool, bool | None]
) -> None:
    described = {
        "executionArn": "arn",
        "stateMachineArn": "arn",
        "name": "name",
        "status": "SUCCEEDED",
        "startDate": datetime.fromisoformat("2026-11-01T12:00:00.123Z"),
        "input": "x" * given * 1024,
        **({"output": "x" * output * 1024} if output else {}),
    }
    detail = status_change(described)
    assert detail["startDate"] == 1793534400123
    for name, wanted in zip(("input", "output"), included, strict=True):
        assert detail[f"{name}Details"] == (None if wanted is None else {"included": wanted})
        assert (detail[name] is not None) is bool(wanted)
