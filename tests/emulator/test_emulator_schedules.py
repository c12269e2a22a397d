"""Schedules are deployed with their groups, and fire when asked: from Python, over HTTP and from the command line."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from time_machine import escape_hatch
from typer.testing import CliRunner

from emulator.cli import app
from emulator.faults import Fault
from emulator.remote import Remote, RemoteError
from emulator.schedules import FireError
from emulator.server import Emulator
from tests.deployed.executions import StateMachine
from tests.emulator.stacks import deploy, function, machine, role

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 1, 13, 0, 5, tzinfo=UTC)
ATTRIBUTES = {
    name: f"<aws.scheduler.{name}>" for name in ("scheduled-time", "schedule-arn", "execution-id", "attempt-number")
}
ECHO = "def handler(event, context): return event"


def schedule(target: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A schedule of every five minutes, with a queue for what it can't deliver; its role is `SchedulerRole`."""
    properties = {
        "ScheduleExpression": "rate(5 minutes)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": {
            "RoleArn": {"Fn::GetAtt": ["SchedulerRole", "Arn"]},
            "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
            **target,
        },
        **fields,
    }
    return {"Type": "AWS::Scheduler::Schedule", "Properties": properties}


AROUND = {"SchedulerRole": role("scheduler"), "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}
FUNCTION = {"Arn": {"Ref": "Version"}, "Input": json.dumps({"Rule": "Tick", **ATTRIBUTES})}


def deploy_schedule(emulator: Emulator, target: dict[str, Any], *, code: str = ECHO, **fields: Any) -> dict[str, str]:
    return deploy(emulator, function(code), AROUND, {"Tick": schedule(target, **fields)})


@pytest.fixture
def tick(bare: Emulator) -> str:
    """The name of a schedule whose function answers what it was given."""
    return deploy_schedule(bare, FUNCTION)["Tick"]


def test_a_function_gets_the_input_with_its_attributes_filled_in(bare: Emulator, tick: str) -> None:
    answer = bare.fire(tick, AT)
    assert len(answer.pop("execution-id")) == 16
    assert answer == {
        "Rule": "Tick",
        "scheduled-time": "2026-11-01T13:00:05Z",
        "schedule-arn": f"arn:aws:scheduler:{bare.region}:{bare.account_id}:schedule/default/{tick}",
        "attempt-number": "1",
    }


def test_each_firing_is_an_execution_of_its_own_and_now_unless_said(bare: Emulator, tick: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    first, second = bare.fire(tick), bare.fire(tick)
    assert first["execution-id"] != second["execution-id"]
    assert before <= datetime.fromisoformat(first["scheduled-time"]) <= datetime.now(UTC)


def test_a_state_machine_is_started_with_the_input(bare: Emulator) -> None:
    target = {"Arn": {"Ref": "Machine"}, "Input": '{"At": "<aws.scheduler.scheduled-time>"}'}
    states = {"Echo": {"Type": "Pass", "End": True}}
    outputs = deploy(bare, function(ECHO), machine(states), AROUND, {"Tick": schedule(target)})
    arn = bare.fire(outputs["Tick"], AT)
    execution = StateMachine(outputs["Machine"], bare.client("stepfunctions")).wait(arn)
    assert (execution.status, execution.output) == ("SUCCEEDED", {"At": "2026-11-01T13:00:05Z"})


def test_a_target_without_input_gets_a_notification(bare: Emulator) -> None:
    name = deploy_schedule(bare, {"Arn": {"Ref": "Version"}})["Tick"]
    answer = bare.fire(name, AT)
    assert (answer["source"], answer["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    assert (answer["time"], answer["account"]) == ("2026-11-01T13:00:05Z", bare.account_id)


def test_a_part_of_a_name_is_enough_where_no_other_has_it(bare: Emulator) -> None:
    unique = f"Unique{uuid.uuid4().hex}"
    group = {"Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": f"group-{unique}"}}}
    names = {"One": f"{unique}-one", "Two": f"{unique}-one-more"}
    ticks = {logical: schedule(FUNCTION, Name=name, GroupName={"Ref": "Group"}) for logical, name in names.items()}
    deploy(bare, function(ECHO), AROUND, group, ticks)
    for text in (names["One"], "one", f"group-{unique}/{unique}-one"):
        assert bare.fire(text)["schedule-arn"].endswith(f":schedule/group-{unique}/{unique}-one")
    with pytest.raises(FireError, match=rf"is in group-{unique}/{unique}-one, group-{unique}/{unique}-one-more: one"):
        bare.fire(unique)
    with pytest.raises(FireError, match=rf"'nothing' is in none of .*{unique}-one"):
        bare.fire("nothing")


@pytest.mark.parametrize(
    ("target", "fields", "complaint"),
    [
        (FUNCTION, {"State": "DISABLED"}, "is DISABLED"),
        ({"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}, {}, "fires functions and state machines, and"),
        ({"Arn": "arn:aws:lambda:us-east-1:123456789012:function:nothing"}, {}, "refuses: .*Function not found"),
    ],
)
def test_what_cannot_be_fired_is_said(
    bare: Emulator, target: dict[str, Any], fields: dict[str, Any], complaint: str
) -> None:
    name = deploy_schedule(bare, target, **fields)["Tick"]
    with pytest.raises(FireError, match=complaint):
        bare.fire(name)


def test_a_function_that_fails_is_said(bare: Emulator) -> None:
    name = deploy_schedule(bare, FUNCTION, code="def handler(event, context): raise ValueError('luck')")["Tick"]
    with pytest.raises(FireError, match=r"has failed: .*luck"):
        bare.fire(name)


def test_faults_of_an_invocation_meet_a_firing_too(bare: Emulator, tick: str) -> None:
    bare.faults.add(Fault("lambda:Invoke", contains=tick, error="TooManyRequestsException", message="Not now"))
    with pytest.raises(FireError, match=r"refuses: .*Not now"):
        bare.fire(tick)


def test_a_time_needs_its_zone(bare: Emulator, tick: str) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        bare.fire(tick, AT.replace(tzinfo=None))


def test_schedules_fire_over_http(bare: Emulator, tick: str) -> None:
    remote = Remote(bare.endpoint)
    (answer,) = remote.ask("POST", "fire", {"Schedule": tick, "At": "2026-11-01T14:00:05+01:00"})
    assert (answer["scheduled-time"], answer["Rule"]) == ("2026-11-01T13:00:05Z", "Tick")
    assert [one["Rule"] for one in remote.ask("POST", "fire", {"Schedule": tick, "Times": 2})] == ["Tick", "Tick"]
    for given, complaint in (
        ({"Schedule": tick, "At": "2026-11-01T13:00:05"}, "has no time zone"),
        ({"Schedule": tick, "At": "noon"}, "isoformat"),
        ({"At": "2026-11-01T13:00:05Z"}, "Schedule is missing"),
        ({"Schedule": "nothing"}, "is in none of"),
    ):
        with pytest.raises(RemoteError, match=complaint):
            remote.ask("POST", "fire", given)


@pytest.fixture
def command(bare: Emulator) -> Callable[..., tuple[int, list[str]]]:
    """Runs `python -m emulator fire`; its exit code and the lines it says."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        done = CliRunner().invoke(app, ["fire", *arguments, "--endpoint", bare.endpoint])
        return done.exit_code, done.output.splitlines()

    return run


def test_schedules_fire_from_the_command_line(command: Callable[..., tuple[int, list[str]]], tick: str) -> None:
    code, said = command(tick, "--twice", "--at", "2026-11-01T13:00:05Z")
    first, second = map(json.loads, said)
    assert (code, first["scheduled-time"], second["scheduled-time"]) == (0, *["2026-11-01T13:00:05Z"] * 2)
    assert first["execution-id"] != second["execution-id"]
    code, said = command(tick, "--twice")
    assert len({json.loads(line)["scheduled-time"] for line in said}) == 1
    code, said = command("nothing")
    assert code == 1
    assert "'nothing' is in none of" in said[0]


def test_without_a_time_a_schedule_fires_for_the_emulators(
    bare: Emulator, tick: str, ahead: Callable[[float], None]
) -> None:
    ahead(3600)
    command = [sys.executable, "-m", "emulator", "fire", tick, "--endpoint", bare.endpoint]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own tool
    fired_for = datetime.fromisoformat(json.loads(said)["scheduled-time"])
    assert fired_for.timestamp() - escape_hatch.time.time() > 1800


def test_schedules_and_groups_are_made_changed_and_deleted_with_their_stack(bare: Emulator) -> None:
    cloudformation, scheduler = bare.client("cloudformation"), bare.client("scheduler")
    stack = f"schedules-{uuid.uuid4()}"

    def deployed(**fields: Any) -> dict[str, str]:
        group = {"Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": stack}}}
        tick = schedule(FUNCTION, GroupName={"Ref": "Group"}, StartDate="2026-12-01T00:00:00Z", **fields)
        arns = {f"{logical}Arn": {"Fn::GetAtt": [logical, "Arn"]} for logical in ("Group", "Tick")}
        return deploy(bare, function(ECHO), AROUND, group, {"Tick": tick}, name=stack, **arns)

    first = deployed()
    assert first["Group"] == stack
    made = scheduler.get_schedule(GroupName=stack, Name=first["Tick"])
    assert made["Target"]["DeadLetterConfig"]["Arn"].startswith("arn:aws:sqs:")
    assert made["StartDate"] == datetime(2026, 12, 1, tzinfo=UTC)
    assert first["TickArn"] == made["Arn"]
    assert first["GroupArn"] == scheduler.get_schedule_group(Name=stack)["Arn"]

    second = deployed(State="DISABLED")
    assert second["Tick"] == first["Tick"]
    assert scheduler.get_schedule(GroupName=stack, Name=first["Tick"])["State"] == "DISABLED"

    cloudformation.delete_stack(StackName=stack)
    with pytest.raises(ClientError, match="does not exist"):
        scheduler.get_schedule_group(Name=stack)
