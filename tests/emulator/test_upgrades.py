"""A deploy, a failed one, and one that is undone, while executions are in flight and leases are held."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.custom_labels import Timing
from emulator.deploy import DeployError
from emulator.server import Emulator
from tests.deployed.app import TIMING
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.generations import END, MARK, NEXT_END, broken, next_generation
from tests.deployed.notified import NewModel, NotifiedOf
from tests.emulator.stacks import deploy, function, machine, task, uploaded
from tools.templates import STACK


@dataclass
class Starts:
    """Executions of StartModel, each of a model of its own, that wait until all of them go on."""

    emulator: Emulator
    machine: StateMachine
    new_model: NewModel

    def begin(self) -> tuple[str, str]:
        """Start one, and wait until it waits."""
        arn = self.new_model()
        given = {"ProjectVersionArn": arn, "LeaseId": "upgrade", "PollSeconds": 3, "TimeoutSeconds": 900}
        execution = self.machine.start(given)
        self.machine.wait_for_state(execution, "Wait")
        return arn, execution

    def end(self, begun: tuple[str, str]) -> Execution:
        """Let the model run, and wait for the end."""
        arn, execution = begun
        self.emulator.custom_labels.put(arn, "RUNNING")
        return self.machine.wait(execution)


@pytest.fixture
def starts(emulator: Emulator, start_model: StateMachine, new_model: NewModel, assembly: Path) -> Iterator[Starts]:
    emulator.custom_labels.timing = Timing(starting=3600)
    yield Starts(emulator, start_model, new_model)
    emulator.custom_labels.timing = TIMING
    emulator.deploy(assembly)


def generation(ended: Execution) -> tuple[bool, str]:
    """What the code and what the definition has left in an execution: whether Check was the next, the last state."""
    assert ended.status == "SUCCEEDED", ended.cause
    return MARK in ended.output["Warnings"], ended.states()[-1]


def statuses(emulator: Emulator) -> list[str]:
    """What happened to the stack, the last first."""
    events = emulator.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    return [event["ResourceStatus"] for event in events]


THIS, NEXT = (False, END), (True, NEXT_END)


def test_executions_in_flight_end_as_they_began_across_deploys_that_fail_succeed_and_are_undone(
    starts: Starts, assembly: Path, tmp_path: Path
) -> None:
    emulator, following = starts.emulator, next_generation(assembly, tmp_path / "next")
    first = starts.begin()

    with pytest.raises(DeployError, match="already exists"):
        emulator.deploy(broken(following, tmp_path / "broken"))
    assert statuses(emulator)[:3] == ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_FAILED"]
    assert emulator.fire("EverySweep")["Problems"] == []
    assert emulator.fire("new-year-start", datetime(2020, 12, 25, 8, tzinfo=UTC))["Outcome"] == "EXCLUDED_DAY"
    after_the_failure = starts.begin()

    emulator.deploy(following)
    after_the_upgrade = starts.begin()
    ended = {begun: starts.end(begun) for begun in (first, after_the_failure)}

    emulator.deploy(assembly)
    after_the_rollback = starts.begin()
    ended |= {begun: starts.end(begun) for begun in (after_the_upgrade, after_the_rollback)}

    expected = {first: THIS, after_the_failure: THIS, after_the_upgrade: NEXT, after_the_rollback: THIS}
    assert {begun: generation(execution) for begun, execution in ended.items()} == expected
    for (arn, _), execution in ended.items():
        assert execution.output["LeaseId"] == "upgrade"
        (mail,) = NotifiedOf(emulator, execution).mails
        assert mail["MessageAttributes"]["Outcome"] == execution.output["Outcome"]
        item = emulator.client("dynamodb").get_item(
            TableName=emulator.outputs["ModelTableName"], Key={"Id": {"S": arn}}
        )
        assert [lease["M"]["LeaseId"]["S"] for lease in item["Item"]["Leases"]["L"]] == ["upgrade"]


WAITS_AND_ANSWERS = {"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Answer"}, "Answer": task()}


def test_called_by_its_name_a_function_would_answer_what_is_in_flight_with_its_new_code(
    bare: Emulator, ahead: Callable[[float], None]
) -> None:
    """So it is the version that keeps an execution on the code that it began with."""

    def stack(answer: str) -> StateMachine:
        source = uploaded(bare, f"def handler(event, context): return {answer!r}")
        code = function(source, version=f"Version{answer}")
        outputs = deploy(bare, code, machine(WAITS_AND_ANSWERS, version="Function"), name="by-name")
        return StateMachine(outputs["Machine"], bare.client("stepfunctions"))

    in_flight = stack("old").start({})
    updated = stack("new")
    updated.wait_for_state(in_flight, "Wait")
    ahead(3600)
    assert updated.wait(in_flight).output == "new"
