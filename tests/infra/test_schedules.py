"""The schedules of models, as they are deployed."""

import json
from typing import Any

import pytest

from infra.parts.names import schedule_name
from tools.templates import STACK, Template

GROUP = "CustomLabelsLifecycle-schedules"


@pytest.fixture
def schedules(stack: Template) -> dict[str, dict[str, Any]]:
    """By the name that people see, without the stack's before it."""
    found = stack.of_type("AWS::Scheduler::Schedule").values()
    return {
        schedule["Name"].removeprefix("CustomLabelsLifecycle-"): schedule
        for schedule in found
        if schedule.get("GroupName") == GROUP
    }


def test_there_is_nothing_of_them_where_none_are_configured(minimal: Template) -> None:
    assert "tick" not in minimal.functions
    assert minimal.of_type("AWS::Scheduler::Schedule").keys() == {"ReconciliationEverySweep"}
    assert not minimal.of_type("AWS::Scheduler::ScheduleGroup")


def test_they_are_named_after_the_configured_ones_in_a_group_of_their_own(
    stack: Template, schedules: dict[str, dict[str, Any]]
) -> None:
    (group,) = stack.of_type("AWS::Scheduler::ScheduleGroup").values()
    assert group["Name"] == GROUP
    assert schedules.keys() == {
        "office-hours-start",
        "office-hours-stop",
        "night-ready-2h",
        "night-ready-2h-evening",
        "night-ready-1h",
    }


def test_their_names_are_theirs_alone_also_without_the_group(stack: Template, minimal: Template) -> None:
    """CloudFormation identifies a schedule by its name, which has 64 characters."""
    names = [schedule.get("Name", "") for schedule in stack.of_type("AWS::Scheduler::Schedule").values()]
    assert all(name.startswith("CustomLabelsLifecycle-") for name in names if name)
    long = [schedule_name(STACK, f"{'x' * 40}-ready-2h{part}") for part in ("", "-evening")]
    assert [len(name) for name in long] == [64, 64]
    named = [name for name in names if name]
    assert len({*named, *long}) == len(named) + 2
    unnamed = {"ReconciliationEverySweep", "InboxesEveryMinute"}  # CloudFormation names them
    schedules = {**stack.of_type("AWS::Scheduler::Schedule"), **minimal.of_type("AWS::Scheduler::Schedule")}
    assert {name for name, schedule in schedules.items() if "Name" not in schedule} == unnamed


def test_one_comes_when_its_settings_say(schedules: dict[str, dict[str, Any]]) -> None:
    start = schedules["office-hours-start"]
    assert start["ScheduleExpression"] == "cron(30 7 ? * MON-FRI *)"
    assert start["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert start["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert (start["StartDate"], start["EndDate"]) == ("2089-12-30T23:00:00.000Z", "2099-01-01T23:00:00.000Z")
    assert {name: schedule["State"] for name, schedule in schedules.items() if name.startswith("office")} == {
        "office-hours-start": "ENABLED",
        "office-hours-stop": "ENABLED",
    }
    assert schedules["night-ready-1h"]["State"] == schedules["night-ready-2h"]["State"] == "DISABLED"


@pytest.mark.parametrize(
    ("name", "given", "seconds"),
    [
        ("office-hours-start", {"Schedule": "office-hours", "Action": "start"}, 3600),
        ("office-hours-stop", {"Schedule": "office-hours", "Action": "stop"}, 24 * 3600),
        ("night-ready-2h-evening", {"Schedule": "night", "Action": "ready", "HoursAhead": 2}, 4 * 3600),
    ],
)
def test_it_calls_tick_with_its_time_tries_as_long_as_that_is_of_use_and_then_keeps_the_call(
    name: str, given: dict[str, Any], seconds: int, stack: Template, schedules: dict[str, dict[str, Any]]
) -> None:
    target = schedules[name]["Target"]
    assert stack.invoked(target["Arn"]) == "tick"
    assert json.loads(target["Input"]) == {**given, "ScheduledTime": "<aws.scheduler.scheduled-time>"}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": seconds}
    assert target["DeadLetterConfig"] == {"Arn": "${ReconciliationLostCalls.Arn}"}


def test_they_are_encrypted_and_wait_for_their_group_and_for_what_their_role_may_do(stack: Template) -> None:
    needed = {"SchedulesRole", "SchedulesRoleDefaultPolicy", "SchedulesGroup"}
    for name, schedule in stack.of_type("AWS::Scheduler::Schedule").items():
        if schedule.get("GroupName") == GROUP:
            assert schedule["KmsKeyArn"] == "${SharedKey.Arn}"
            assert needed <= stack.depends_on(name)
