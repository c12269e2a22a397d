"""Firing a schedule: what EventBridge Scheduler does at one of its times, here where somebody lets it come, or asks."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.scheduler.models import Schedule

from emulator.wire import region_of

Clients = Callable[[str, str], Any]
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}


class FireError(Exception):
    """No one schedule is meant, or its target can't be invoked or fails; the message says which."""


def find(schedules: Iterable[Schedule], name: str) -> Schedule:
    """The schedule of a name, or the only one that ends in ``-`` and this text, or that has it in ``group/name``.

    Raises
    ------
    FireError
        There is none, or more than one.

    """
    named = {f"{schedule.group_name}/{schedule.name}": schedule for schedule in schedules}
    matching = [path for path, schedule in named.items() if name in (schedule.name, path)]
    matching = matching or [path for path in named if path.endswith(f"-{name}")]
    matching = matching or [path for path in named if name in path]
    if len(matching) != 1:
        where = f"is in {', '.join(matching)}" if matching else f"is in none of {', '.join(named) or 'no schedules'}"
        raise FireError(f"{name!r} {where}: one schedule is fired at a time")
    return named[matching[0]]


def due(schedules: Iterable[Schedule], minute: int) -> list[Schedule]:
    """Those of a rate that come at a minute, counted from when the emulator started; others are fired by hand."""
    found = []
    for schedule in schedules:
        rate = _RATE.fullmatch(schedule.schedule_expression)
        if rate and schedule.state == "ENABLED" and minute % (int(rate[1]) * _MINUTES[rate[2]]) == 0:
            found.append(schedule)
    return found


def attempt(schedule: Schedule, at: datetime, clients: Clients) -> dict[str, Any]:
    """Fire a schedule that is due, and say what came of it; nobody is there to whom a failure could be raised."""
    try:
        return {"Schedule": schedule.name, "Answer": fire(schedule, at, clients)}
    except FireError as error:
        return {"Schedule": schedule.name, "Error": str(error)}


def fire(schedule: Schedule, at: datetime, clients: Clients) -> Any:
    """Invoke a schedule's target once, with what its template says.

    Parameters
    ----------
    at
        The time that it fires for.
    clients
        Gives the boto3 client of a service in a Region.

    Returns
    -------
    What the function answers; of a state machine, the ``executionArn``.

    Raises
    ------
    FireError
        The schedule is disabled, or its target is of another kind, refuses, or fails.
    ValueError
        The time has no time zone.

    """
    if schedule.state != "ENABLED":
        raise FireError(f"the schedule {schedule.name} is {schedule.state}")
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone, as 2026-11-01T12:00:00Z has")
    target = schedule.target["Arn"]
    given = _input(schedule, f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    try:
        match target.split(":")[2]:
            case "lambda":
                return _invoke(clients("lambda", region_of(target)), target, given)
            case "states":
                stepfunctions = clients("stepfunctions", region_of(target))
                return stepfunctions.start_execution(stateMachineArn=target, input=given)["executionArn"]
    except (ClientError, BotoCoreError) as error:
        raise FireError(f"the target of {schedule.name} refuses: {error}") from error
    raise FireError(f"the emulator fires functions and state machines, and {schedule.name} has the target {target}")


def _invoke(lambda_client: Any, function: str, given: str) -> Any:
    answer = lambda_client.invoke(FunctionName=function, Payload=given)
    payload = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise FireError(f"{function} has failed: {payload}")
    return json.loads(payload)


def _input(schedule: Schedule, scheduled_time: str) -> str:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    attributes = {
        "scheduled-time": scheduled_time,
        "schedule-arn": schedule.arn,
        "execution-id": uuid.uuid4().hex[:16],
        "attempt-number": "1",
    }
    text = schedule.target.get("Input") or json.dumps(_notification(schedule, scheduled_time))
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _notification(schedule: Schedule, scheduled_time: str) -> dict[str, Any]:
    """What a target without an Input gets."""
    _, _, _, region, account_id, _ = schedule.arn.split(":", 5)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account_id,
        "time": scheduled_time,
        "region": region,
        "resources": [schedule.arn],
        "detail": "{}",
    }
