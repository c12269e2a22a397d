"""A part of the campaign end to end: the deployed template, IAM, the packaged functions, and a clock that goes on.

It takes minutes, because retries wait as long as they say. So it is the command's alone: ``--emulator 150``.
"""

import contextlib
import dataclasses
import itertools
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.custom_labels import Timing
from emulator.deploy import synthesise
from emulator.faults import Fault
from emulator.schedules import FireError
from emulator.server import Emulator
from tests.account.campaign import FOR_GOOD
from tests.account.clients import errors_of_operation
from tests.account.statuses import EVERY_STATUS
from tests.account.stories import ERRORS, NOTIFIED, STOPPED, Verdict
from tests.deployed.app import PROJECTS, QUOTAS, SETTINGS
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.notified import NotifiedOf

BATCH = 50
"""Models at a time: the sweep looks at all of them."""
ERRORS_OF, LOST, ENDED, ANY = ROWS = (
    "Rekognition: each error of each operation",
    "DynamoDB, Lambda, SNS, EventBridge: errors, lost answers, lost events",
    "`StopExecution`",
    "Statuses in any order",
)
PROMISES = frozenset({"ends", "status", "notified once", "ledger"})
TIMEOUT = 600
"""Seconds: long enough for a busy machine, on which a function may take some."""
HEALS = 300
"""Seconds until which everything must be well, after the executions have ended."""


@dataclass(frozen=True)
class Case:
    """A start and a stop of a model under faults."""

    row: str
    words: str
    faults: Sequence[Fault] = ()
    abort: tuple[str, str] | None = None
    """Which, ``start`` or ``stop``, and the state in which it is ended."""
    may_fail: frozenset[str] = frozenset()
    statuses: bool = False
    """The service lies about statuses: what comes of the model is not ours to say."""


@dataclass
class Played:
    """What came of a case."""

    case: Case
    arn: str
    executions: dict[str, Execution] = field(default_factory=dict)
    applied: bool = True


def cases() -> list[Case]:
    """All there are; the command chooses some by chance."""
    return [*_errors(), *_lost(), *_aborted(), *_statuses()]


def _errors() -> Iterator[Case]:
    for operation in ("StartProjectVersion", "StopProjectVersion", "DescribeProjectVersions", "DescribeProjects"):
        codes = errors_of_operation("rekognition", operation)
        for code, call, after in itertools.product(codes, (1, 2, 3), (False, True)):
            if after and operation.startswith("Describe"):
                continue
            throttled = tuple(range(1, call))
            faults = [Fault(f"rekognition:{operation}", (call,), error=code, after=after)]
            if throttled and not operation.startswith("Describe"):
                faults.append(Fault(f"rekognition:{operation}", throttled, error="ThrottlingException"))
            may_fail = frozenset({FOR_GOOD[code]} if code in FOR_GOOD else ())
            yield Case(
                ERRORS_OF, f"{code} {'after' if after else 'before'} {operation} {call}", faults, may_fail=may_fail
            )


def _lost() -> Iterator[Case]:
    operations = ("rekognition:StartProjectVersion", "rekognition:StopProjectVersion", "dynamodb:PutItem")
    for operation, call in itertools.product((*operations, "lambda:Invoke"), (1, 2, 3, 4, 6)):
        yield Case(LOST, f"the answer of {operation} {call} is lost", [Fault(operation, (call,), lose_answer=True)])
    codes = ("ServiceException", "TooManyRequestsException")
    for code, call, after in itertools.product(codes, range(1, 9), (False, True)):
        if not (after and code == "TooManyRequestsException"):
            fault = Fault("lambda:Invoke", (call,), error=code, after=after)
            yield Case(LOST, f"{code} {'after' if after else 'before'} invocation {call}", [fault])
    for operation in ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:TransactWriteItems"):
        for code, call, after in itertools.product(
            ("ProvisionedThroughputExceededException", "InternalServerError"), (1, 2, 3), (False, True)
        ):
            words = f"{code} {'after' if after else 'before'} {operation} {call}"
            yield Case(LOST, words, [Fault(operation, (call,), error=code, after=after)])
    for fault in (Fault("events:Deliver", lose=True), Fault("events:Deliver", twice=True)):
        yield Case(LOST, f"the event of an end: {'lost' if fault.lose else 'twice'}", [fault])
    for channel, code in (("sns:Publish", "InternalError"), ("events:PutEvents", "InternalException")):
        for after in (False, True):
            fault = Fault(channel, (1,), error=code, after=after)
            yield Case(LOST, f"{channel} fails {'after' if after else 'before'} it has sent", [fault])


def _aborted() -> Iterator[Case]:
    for which, request in (("start", "Start the model"), ("stop", "Stop the model")):
        for state in ("Prepare the request", "Check the model", request, "Wait"):
            yield Case(ENDED, f"the {which} is ended in {state}", abort=(which, state))


def _statuses() -> Iterator[Case]:
    chance = random.Random(14)  # noqa: S311 - the same cases every time
    for number in range(200):
        calls = sorted(chance.sample(range(1, 12), chance.randint(1, 6)))
        faults = [
            Fault("rekognition:DescribeProjectVersions", (call,), status=chance.choice(EVERY_STATUS)) for call in calls
        ]
        words = f"sequence {number}: {[(one.calls, one.status) for one in faults]}"
        yield Case(ANY, words, faults, may_fail=ERRORS, statuses=True)


def judged(size: int) -> list[Verdict]:
    """What came of so many cases, by chance."""
    chance = random.Random(6)  # noqa: S311 - the same cases every time
    known = cases()
    chosen = chance.sample(known, min(size, len(known)))
    timing = Timing(training=0.5, starting=3, stopping=1)
    with tempfile.TemporaryDirectory() as assembly, Emulator(port=0, timing=timing, quotas=QUOTAS) as emulator:
        emulator.deploy(synthesise({"custom-labels-lifecycle": SETTINGS}, Path(assembly)))
        played: list[Verdict] = []
        for first in range(0, len(chosen), BATCH):
            played += _batch(emulator, chosen[first : first + BATCH], first)
            print(f"{len(played)} of {len(chosen)}", flush=True)
        return played


def _batch(emulator: Emulator, chosen: Sequence[Case], first: int) -> list[Verdict]:
    """Side by side, each with a model of its own."""
    emulator.custom_labels.clear()
    emulator.faults.clear()
    home = f"arn:aws:rekognition:{emulator.region}:{emulator.account_id}"
    played = []
    for number, case in enumerate(chosen, first):
        arn = f"{home}:project/{PROJECTS[number % len(PROJECTS)]}/version/v{number}/{1793520000000 + number}"
        emulator.custom_labels.seed(arn)
        emulator.custom_labels.put(arn, "STOPPED")
        played.append(Played(case, arn))
    with ThreadPoolExecutor(BATCH // 2) as pool:
        list(pool.map(lambda one: _play(emulator, one), played))
    emulator.faults.clear()
    end = time.monotonic() + HEALS
    while any(_left(emulator, one) for one in played) and time.monotonic() < end:
        with contextlib.suppress(FireError):
            emulator.fire("EverySweep")
        time.sleep(2)
    return [_judge(emulator, one) for one in played]


def _play(emulator: Emulator, played: Played) -> None:
    project = played.arn.split("/")[1]
    scripts = [emulator.faults.add(dataclasses.replace(fault, contains=project)) for fault in played.case.faults]
    for which, machine in (("start", "StartModelArn"), ("stop", "StopModelArn")):
        state_machine = StateMachine(emulator.outputs[machine], emulator.client("stepfunctions"))
        given = {"ProjectVersionArn": played.arn, "LeaseId": "shift", "PollSeconds": 1, "TimeoutSeconds": TIMEOUT}
        for attempt in range(3):
            arn = state_machine.start(given)
            if attempt == 0 and played.case.abort and played.case.abort[0] == which:
                with contextlib.suppress(AssertionError):  # it was through before it was seen there
                    state_machine.wait_for_state(arn, played.case.abort[1], seconds=20)
                played.executions[f"{which}-{attempt}"] = state_machine.abort(arn)
            else:
                played.executions[f"{which}-{attempt}"] = state_machine.wait(arn, seconds=600)
            # A stop that has failed, or was ended, before it released the lease is started again.
            if which == "start" or played.executions[f"{which}-{attempt}"].status == "SUCCEEDED":
                break
    played.applied = bool(played.case.abort) or any(script.applied for script in scripts)


def _left(emulator: Emulator, played: Played) -> str:
    """What is not well yet."""
    status = next(one.status for one in emulator.custom_labels.versions() if one.arn == played.arn)
    if status != "STOPPED":
        return f"the model is {status}"
    table = emulator.client("dynamodb")
    name = emulator.outputs["ModelTableName"]
    item = table.get_item(TableName=name, Key={"Id": {"S": played.arn}}).get("Item", {})
    if left := {one: item[one] for one in ("Leases", "Pending", "Claim") if item.get(one) not in (None, {"L": []})}:
        return f"the item has {left}"
    for execution in played.executions.values():
        if "Item" in table.get_item(TableName=name, Key={"Id": {"S": execution.arn}}):
            return f"not settled: {execution.arn}"
    return ""


def _judge(emulator: Emulator, played: Played) -> Verdict:
    found: dict[str, list[str]] = {name: [] for name in PROMISES}
    for name, execution in played.executions.items():
        if execution.status == "FAILED" and execution.error not in played.case.may_fail:
            found["ends"].append(f"{name} fails with {execution.error}: {execution.cause}")
        notified = NotifiedOf(emulator, execution)
        ids = [{mail["MessageAttributes"]["NotificationId"] for mail in notified.mails}]
        ids.append({event["NotificationId"] for event in notified.events})
        if ids[0] != ids[1] or len(ids[0]) != 1:
            found["notified once"].append(f"{name} ({execution.status}): {ids}")
        outcomes = {event["Outcome"] for event in notified.events}
        good = {execution.output["Outcome"]} if execution.status == "SUCCEEDED" else NOTIFIED[execution.status]
        if not outcomes <= good | (STOPPED | {"MODEL_STARTED"} if execution.status == "ABORTED" else set()):
            found["notified once"].append(f"{name} ({execution.status}) was reported as {outcomes}")
    if left := _left(emulator, played):
        found["status"].append(left)
    if not played.case.statuses:
        answered = any(
            name.startswith("start") and one.status == "SUCCEEDED" for name, one in played.executions.items()
        )
        records = len(_records(emulator, played.arn))
        # Of a run that nobody could tell of, the sweep may have seen nothing; of one that was said to be gone, parts.
        gone = any(one.error == "ResourceNotFoundException" for one in played.case.faults)
        if (answered and not records) or (records > 1 and not gone):
            found["ledger"].append(f"{records} records")
    broken = {name: "; ".join(words) for name, words in found.items() if words}
    return Verdict(played.case.row, played.case.words, played.applied, broken, 0.0)


def _records(emulator: Emulator, arn: str) -> list[Any]:
    table = emulator.client("dynamodb")
    (name,) = (one for one in table.list_tables()["TableNames"] if "Ledger" in one)
    scanned = table.scan(TableName=name)["Items"]
    return [one for one in scanned if one["ProjectVersionArn"]["S"] == arn]
