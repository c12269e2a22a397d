"""The largest that is legal, and what comes of it: told in the simulated account, which has the services' limits.

Each of these either stays below every limit, in each payload of each state, or ends in an error that says what is too
large and what to do; and no lease is lost, and nobody is left untold.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import time_machine

from lifecycle.model.leases import MAX_LEASES
from lifecycle.shared.wire import timestamp
from tests.abuse.fields import BUCKET
from tests.abuse.judge import CHAT, Verdict, account
from tests.account.account import DETECT_BATCH, Account
from tests.account.functions import Functions
from tests.account.machine import PAYLOAD, payload_bytes
from tests.account.services import Execution
from tests.unit.examples import ARN, MACHINES, NOW, WORKLOAD

Json = Any
SERVICES = {
    "SNS message": 256 * 1024,
    "EventBridge entry": 256 * 1024,
    "DynamoDB item": 400 * 1024,
    "answer to a browser": 6 * 1024 * 1024,
}
"""Bytes (quotas of Amazon SNS, EventBridge and DynamoDB; of Lambda's synchronous answers). What a custom widget shows
at the most is not documented."""
FILLS: Mapping[str, str] = {
    "letters": "x",
    "Cyrillic": "\u0436",
    "emoji": "\U0001f600",
    "controls": "\x01",
    "quotes": '"',
}


def filled(size: int, with_what: str = "letters") -> str:
    """A string that has so many bytes as JSON in UTF-8."""
    one = FILLS[with_what]
    each = payload_bytes(one) - 2
    return one * ((size - 2) // each)


@dataclass(frozen=True)
class Case:
    """Something large.

    Parameters
    ----------
    begins : callable
        Starts what there is to start.
    ends : str
        The status, and the error, of the execution ``large``.
    names : str
        What the Cause names.
    leases : int
        So many are left in the end.
    labels : Mapping
        Of the model.
    """

    words: str
    begins: Callable[[Account], None]
    ends: str = "SUCCEEDED"
    names: str = ""
    leases: int = 0
    outcome: str = ""
    labels: Mapping[str, Any] = field(default_factory=lambda: {"once_started": ((0, "STARTING"), (120, "RUNNING"))})
    workload: Mapping[str, Json] | None = None
    sweeps: bool = True


def _start(**fields: Json) -> Callable[[Account], None]:
    given = {"Model": "defects", "LeaseId": "a", "LeaseMinutes": 0, **fields}
    return lambda here: here.start(MACHINES.start_model, "large", given, 10)


def _whole(machine: str, **fields: Json) -> Callable[[Account], None]:
    """As large as an execution may be given."""
    given = {"Model": "defects", **fields, "Comment": ""}
    given["Comment"] = "x" * (PAYLOAD - payload_bytes(given))
    return lambda here: here.start(machine, "large", given, 10)


def _run(given: Json, **fields: Json) -> Callable[[Account], None]:
    payload = {"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD, "Input": given}, **fields}
    return lambda here: here.start(MACHINES.run_with_model, "large", payload, 10)


def _answers(size: int) -> Mapping[str, Json]:
    done = {"Type": "Succeed", "Output": {"Found": filled(size)}}
    return {"StartAt": "Inspect", "States": {"Inspect": {"Type": "Wait", "Seconds": 60, "Next": "Done"}, "Done": done}}


def _fails(cause: str) -> Mapping[str, Json]:
    return {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "NoBoards", "Cause": cause}}}


def _leases(count: int) -> list[Json]:
    since = timestamp(NOW)
    ends = timestamp(NOW + timedelta(days=7))
    return [{"LeaseId": f"{number:0128}", "Since": since, "ExpiresAt": ends} for number in range(count)]


def _kept(count: int, machine: str = MACHINES.stop_model, **fields: Json) -> Callable[[Account], None]:
    """A model that runs, with so many leases of the longest ids, and a stop or a start of it."""

    def begins(here: Account) -> None:
        here.hold(ARN, _leases(count))
        given = {"Model": "defects", "Context": filled(16 * 1024), **fields}
        here.start(machine, "large", given, 10)

    return begins


RUNS: Mapping[str, Any] = {"script": ((0, "RUNNING"),)}
CASES: tuple[Case, ...] = (
    *(
        Case(f"StartModel: a Context of 16 KiB, {what}", _start(Context=filled(16 * 1024, what)), leases=1)
        for what in FILLS
    ),
    Case(
        "StartModel: an input of 256 KiB",
        _whole(MACHINES.start_model),
        "FAILED InvalidRequest",
        "input: is too large",
        outcome="START_FAILED",
    ),
    Case(
        "StopModel: an input of 256 KiB",
        _whole(MACHINES.stop_model),
        "FAILED InvalidRequest",
        "input: is too large",
        outcome="STOP_FAILED",
    ),
    Case(
        "RunWithModel: an input of 256 KiB",
        _whole(MACHINES.run_with_model, Workload={"StateMachineArn": WORKLOAD}),
        "FAILED InvalidRequest",
        "input: is too large",
        outcome="WORKLOAD_FAILED",
    ),
    Case(
        "DetectBatch: an input of 256 KiB",
        _whole(DETECT_BATCH, Bucket=BUCKET, Prefix="line-1/"),
        "FAILED InvalidRequest",
        "input: is too large",
    ),
    Case(
        "StopModel: a model with 500 leases, and a Context of 16 KiB",
        _kept(MAX_LEASES),
        leases=MAX_LEASES,
        outcome="MODEL_KEPT_RUNNING",
        labels=RUNS,
    ),
    Case(
        "StartModel: one lease more than 500",
        _kept(MAX_LEASES, MACHINES.start_model, LeaseId="one-more"),
        "FAILED InvalidRequest",
        "LeaseId: the model has 500 leases",
        leases=MAX_LEASES,
        outcome="START_FAILED",
        labels=RUNS,
    ),
    Case(
        "StartModel: the service's status message has 100 KB",
        _start(),
        "FAILED ModelFailed",
        "",
        outcome="START_FAILED",
        labels={"once_started": ((0, "STARTING"), (120, "FAILED")), "message": "\u0436<b>@here\n" * 9_000},
    ),
    Case(
        "RunWithModel: a Context of 16 KiB, and a start that fails",
        _run({}, Context=filled(16 * 1024, "quotes")),
        "FAILED ModelFailed",
        labels={"once_started": ((0, "STARTING"), (120, "FAILED"))},
    ),
    Case(
        "RunWithModel: workload is given 100 KiB, answers 100 KiB; Context 16 KiB",
        _run(filled(100 * 1024), Context=filled(16 * 1024, "emoji")),
        workload=_answers(100 * 1024),
    ),
    Case(
        "RunWithModel: workload is given little, answers 230 KiB; Context 16 KiB",
        _run({}, Context=filled(16 * 1024)),
        workload=_answers(230 * 1024),
    ),
    Case(
        "RunWithModel: workload is given little, answers all but 256 KiB",
        _run({}, Context=filled(16 * 1024)),
        "FAILED InvalidRequest",
        "Workload: its input and its output",
        outcome="WORKLOAD_FAILED",
        workload=_answers(PAYLOAD - 1024),
    ),
    Case(
        "RunWithModel: workload is given 150 KiB, answers 150 KiB",
        _run(filled(150 * 1024)),
        "FAILED InvalidRequest",
        "Workload: its input and its output",
        outcome="WORKLOAD_FAILED",
        workload=_answers(150 * 1024),
    ),
    Case(
        "RunWithModel: workload is given 240 KiB and StartModel's output, answers 4 KiB",
        lambda here: here.start(
            MACHINES.run_with_model,
            "large",
            {
                "Model": "defects",
                "Context": filled(15 * 1024),
                "Workload": {
                    "StateMachineArn": WORKLOAD,
                    "Input": {"A": filled(239 * 1024)},
                    "ModelField": "Model",
                },
            },
            10,
        ),
        "FAILED InvalidRequest",
        "Workload: its input and its output",
        outcome="WORKLOAD_FAILED",
        workload=_answers(4 * 1024),
    ),
    Case(
        "RunWithModel: workload fails with a Cause of 32,768 characters",
        _run({}, Context=filled(16 * 1024, "controls")),
        "FAILED ServiceUnavailable",
        "too long to be passed on",
        outcome="WORKLOAD_FAILED",
        workload=_fails("x" * 32_768),
    ),
    Case(
        "RunWithModel: the same, of Cyrillic, as JSON",
        _run({}, Context=filled(16 * 1024, "Cyrillic")),
        "FAILED ServiceUnavailable",
        "too long to be passed on",
        outcome="WORKLOAD_FAILED",
        workload=_fails(json.dumps({"Message": "\u0436" * 30_000, "Remedy": "\u0436" * 2_000}, ensure_ascii=False)),
    ),
    Case(
        "RunWithModel: workload is given 200 KiB, and fails",
        _run(filled(200 * 1024)),
        "FAILED NoBoards",
        outcome="WORKLOAD_FAILED",
        workload=_fails("none on the belt"),
    ),
)


@dataclass(frozen=True)
class Sized:
    """What came of a case: the largest payload of a state, and of what other services were sent."""

    words: str
    ends: str
    payload: int
    where: str
    mail: int
    chat: int
    event: int
    item: int
    verdict: Verdict


def sized(case: Case, functions: Functions) -> Sized:
    """Let it happen, and judge."""
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        here = account(functions, traveller, labels=case.labels)
        if case.workload:
            here.definitions = {WORKLOAD: case.workload}
        case.begins(here)
        here.run(3600)
        if case.sweeps:
            here.call("sweep", {})
            here.run(4200)
    large = next(one for one in here.stepfunctions.executions.values() if one.name == "large")
    ended = f"{large.status} {large.error or ''}".strip()
    # A state is shown that is ours; what fitted is the largest payload, what did not was refused.
    fitted = {key: size for key, size in here.largest.items() if size <= PAYLOAD}
    (machine, state, which), payload = max(fitted.items(), key=lambda one: one[1])
    mails = [one for _, _, one in here.topic.sent if one["TopicArn"] != CHAT]
    chats = [one for _, _, one in here.topic.sent if one["TopicArn"] == CHAT]
    broken = {name: "; ".join(found) for name, check in CHECKS.items() if (found := list(check(case, large, here)))}
    return Sized(
        case.words,
        ended,
        payload,
        f"{machine.rpartition('-')[2] if '-' in machine else machine.rpartition(':')[2]}, {state}: {which}",
        max((len(one["Message"].encode()) for one in mails), default=0),
        max((len(one["Message"].encode()) for one in chats), default=0),
        max((len(json.dumps(detail, ensure_ascii=False).encode()) for _, _, detail in here.bus.sent), default=0),
        max((here.dynamodb.largest.values()), default=0),
        Verdict(case.words, broken),
    )


def _ends(case: Case, large: Execution, _here: Account) -> Iterator[str]:
    ended = f"{large.status} {large.error or ''}".strip()
    if ended != case.ends:
        yield f"{ended}: {str(large.cause)[:300]}"
        return
    if case.names not in (large.cause or ""):
        yield f"the Cause does not name it: {str(large.cause)[:300]}"
    if case.ends.endswith("InvalidRequest") and not json.loads(large.cause or "{}").get("Remedy"):
        yield "no remedy"


def _told(case: Case, large: Execution, here: Account) -> Iterator[str]:
    events = [detail for _, _, detail in here.bus.sent if detail.get("ExecutionArn") == large.arn]
    wanted = 1 if case.outcome or large.machine_arn in (MACHINES.start_model, MACHINES.stop_model) else 0
    if len(events) != wanted:
        yield f"told {len(events)} times on the bus"
    if case.outcome and [one["Outcome"] for one in events] != [case.outcome]:
        yield f"told as {[one['Outcome'] for one in events]}"
    ids = {one["NotificationId"] for one in events}
    for channel in ("topic", "chat"):
        sent = [i for _, i, one in here.topic.sent if (one["TopicArn"] == CHAT) == (channel == "chat") and i in ids]
        if len(sent) != wanted:
            yield f"told {len(sent)} times on the {channel}"


def _leases_left(case: Case, _large: Execution, here: Account) -> Iterator[str]:
    item = here.items[-1][1] if here.items else {}
    left = len(item.get("Leases", ())) + len(item.get("Pending", ()))
    if left != case.leases:
        yield f"{left} leases are left"
    wanted = "RUNNING" if case.leases else here.custom_labels.status
    if here.custom_labels.status != wanted or (not case.leases and here.custom_labels.status == "RUNNING"):
        yield f"the model is {here.custom_labels.status}"


def _services(_case: Case, _large: Execution, here: Account) -> Iterator[str]:
    if refused := here.refused:
        yield f"refused: {refused[:3]}"
    if failed := [one for one in here.errors if one[1] not in ("InvalidRequest", "ModelFailed")]:
        yield f"functions failed: {failed[:3]}"
    if here.lost_calls:
        yield f"lost calls: {[name for name, _ in here.lost_calls]}"


CHECKS: Mapping[str, Callable[[Case, Execution, Account], Iterator[str]]] = {
    "ends": _ends,
    "told": _told,
    "lease": _leases_left,
    "services": _services,
}
PROPERTIES = {
    "ends": "well, or with an error that names what is too large, and a remedy",
    "told": "told once on each channel, where it is to be told",
    "lease": "no lease is lost, and none is left that should not be",
    "services": "no service refuses what it is sent, and no function fails",
}
