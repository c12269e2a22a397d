"""The largest that is legal, and what comes of it: told in the simulated account, which has the services' limits.

Each of these either stays below every limit, in each payload of each state, or ends in an error that says what is too
large and what to do; and no lease is lost, and nobody is left untold.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from lifecycle.model.leases import MAX_LEASES
from lifecycle.shared.wire import timestamp
from tests.abuse.inputs import BUCKET, PLACE
from tests.abuse.judge import ARNS, Broken, Told, broken, silent_account
from tests.account.account import Account
from tests.account.functions import Functions
from tests.account.machine import PAYLOAD, payload_bytes
from tests.account.services import Execution
from tests.unit.examples import ARN, NOW, WORKLOAD

Json = Any
KIB = 1024
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
    return one * ((size - 2) // (payload_bytes(one) - 2))


def context(with_what: str = "letters") -> dict[str, Json]:
    """The largest that there may be."""
    return {"Context": filled(16 * KIB, with_what)}


@dataclass(frozen=True)
class Case:
    """Something large.

    Parameters
    ----------
    machine : str
        Of the execution that is begun, with ``given``; its name is in ``words``.
    whole : bool
        The input is as large as an execution may be given.
    ends : str
        The error, or SUCCEEDED.
    names : str
        What the Cause names.
    outcome : str
        What is told, where that is not what is always told.
    leases : int
        So many are left in the end.
    held : int
        So many leases of the longest ids there are before.
    labels : Mapping
        Of the model.
    workload : Mapping, optional
        The workload's definition.
    """

    machine: str
    what: str
    given: Mapping[str, Json] = field(default_factory=dict)
    ends: str = "SUCCEEDED"
    names: str = ""
    outcome: str = ""
    whole: bool = False
    leases: int = 0
    held: int = 0
    labels: Mapping[str, Any] = field(default_factory=lambda: {"once_started": ((0, "STARTING"), (120, "RUNNING"))})
    workload: Mapping[str, Json] | None = None

    @property
    def words(self) -> str:
        """For the table."""
        return f"{self.machine}: {self.what}"

    @property
    def payload(self) -> dict[str, Json]:
        """The input."""
        named = {"Model": "defects", **self.given}
        if self.machine == "StartModel":
            named = {"LeaseId": "a", "LeaseMinutes": 0, **named}
        return {**named, "Comment": "x" * (PAYLOAD - payload_bytes({**named, "Comment": ""}))} if self.whole else named


def _run(given: Json, **fields: Json) -> dict[str, Json]:
    return {"Workload": {"StateMachineArn": WORKLOAD, "Input": given, **fields}}


def _answers(size: int) -> Mapping[str, Json]:
    done = {"Type": "Succeed", "Output": {"Found": filled(size)}}
    return {"StartAt": "Inspect", "States": {"Inspect": {"Type": "Wait", "Seconds": 60, "Next": "Done"}, "Done": done}}


def _fails(cause: str) -> Mapping[str, Json]:
    return {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "NoBoards", "Cause": cause}}}


RUNS: Mapping[str, Any] = {"script": ((0, "RUNNING"),)}
DIES: Mapping[str, Any] = {"once_started": ((0, "STARTING"), (120, "FAILED"))}
REFUSED, NOT_RUN = "InvalidRequest", "WORKLOAD_FAILED"
TOO_LARGE: dict[str, Any] = {"ends": REFUSED, "names": "input: is too large", "whole": True}
TOGETHER: dict[str, Any] = {"ends": REFUSED, "names": "Workload: its input and its output", "outcome": NOT_RUN}
TOO_LONG: dict[str, Any] = {"ends": "ServiceUnavailable", "names": "too long to be passed on", "outcome": NOT_RUN}
CYRILLIC = json.dumps({"Message": "\u0436" * 30_000, "Remedy": "\u0436" * 2_000}, ensure_ascii=False)
START, STOP, RUN = "StartModel", "StopModel", "RunWithModel"
# fmt: off
CASES: tuple[Case, ...] = (
    *(Case(START, f"a Context of 16 KiB, {what}", context(what), leases=1) for what in FILLS),
    Case(START, "an input of 256 KiB", outcome="START_FAILED", **TOO_LARGE),
    Case(STOP, "an input of 256 KiB", outcome="STOP_FAILED", **TOO_LARGE),
    Case(RUN, "an input of 256 KiB", _run({}), outcome=NOT_RUN, **TOO_LARGE),
    Case("DetectBatch", "an input of 256 KiB", {"Bucket": BUCKET, "Prefix": PLACE}, **TOO_LARGE),
    Case(STOP, "a model with 500 leases, and a Context of 16 KiB", context(), held=MAX_LEASES, leases=MAX_LEASES,
         outcome="MODEL_KEPT_RUNNING", labels=RUNS),
    Case(START, "one lease more than 500", {"LeaseId": "one-more", **context()}, REFUSED,
         "LeaseId: the model has 500 leases", "START_FAILED", held=MAX_LEASES, leases=MAX_LEASES, labels=RUNS),
    Case(START, "the service's status message has 100 KB", {}, "ModelFailed", outcome="START_FAILED",
         labels={**DIES, "message": "\u0436<b>@here\n" * 9_000}),
    Case(RUN, "a Context of 16 KiB, and a start that fails", _run({}) | context("quotes"), "ModelFailed", labels=DIES),
    Case(RUN, "workload is given 100 KiB, answers 100 KiB; Context 16 KiB", _run(filled(100 * KIB)) | context("emoji"),
         workload=_answers(100 * KIB)),
    Case(RUN, "workload is given little, answers 230 KiB; Context 16 KiB", _run({}) | context(),
         workload=_answers(230 * KIB)),
    Case(RUN, "workload is given little, answers all but 256 KiB", _run({}) | context(), **TOGETHER,
         workload=_answers(PAYLOAD - KIB)),
    Case(RUN, "workload is given 150 KiB, answers 150 KiB", _run(filled(150 * KIB)),
         workload=_answers(150 * KIB), **TOGETHER),
    Case(RUN, "workload is given 240 KiB and StartModel's output, answers 4 KiB", workload=_answers(4 * KIB),
         given={"Context": filled(15 * KIB)} | _run({"A": filled(239 * KIB)}, ModelField="Model"), **TOGETHER),
    Case(RUN, "workload fails with a Cause of 32,768 characters", _run({}) | context("controls"), **TOO_LONG,
         workload=_fails("x" * 32_768)),
    Case(RUN, "the same, of Cyrillic, as JSON", _run({}) | context("Cyrillic"), **TOO_LONG, workload=_fails(CYRILLIC)),
    Case(RUN, "workload is given 200 KiB, and fails", _run(filled(200 * KIB)), "NoBoards", outcome=NOT_RUN,
         workload=_fails("none on the belt")),
)
# fmt: on


def sized(case: Case, functions: Functions) -> tuple[str, Broken]:
    """How it ends, and what does not hold.

    *ends*: well, or with an error that names what is too large, and a remedy. *told*: once on each channel, if it is to
    be told. *lease*: no lease is lost, and none is left that should not be. *services*: no service refuses what it is
    sent, and no function fails.
    """
    with silent_account(functions, labels=case.labels) as here:
        if case.workload:
            here.definitions = {WORKLOAD: case.workload}
        if case.held:
            here.hold(ARN, _leases(case.held))
        here.start(ARNS[case.machine], "large", case.payload, 10)
        here.run(3600)
        here.call("sweep", {})
        here.run(4200)
    large = next(one for one in here.stepfunctions.executions.values() if one.name == "large")
    ended = large.error or large.status
    return ended, broken(
        {
            "ends": _ends(case, large, ended),
            "told": _told(case, large, here),
            "lease": _leases_left(case, here),
            "services": _services(here),
        }
    )


def _leases(count: int) -> list[Json]:
    since, ends = timestamp(NOW), timestamp(NOW + timedelta(days=7))
    return [{"LeaseId": f"{number:0128}", "Since": since, "ExpiresAt": ends} for number in range(count)]


def _ends(case: Case, large: Execution, ended: str) -> Iterator[str]:
    if ended != case.ends:
        yield f"{ended}: {str(large.cause)[:300]}"
    elif case.names not in (large.cause or ""):
        yield f"the Cause does not name it: {str(large.cause)[:300]}"
    elif ended == REFUSED and not json.loads(large.cause or "{}").get("Remedy"):
        yield "no remedy"


def _told(case: Case, large: Execution, here: Account) -> Iterator[str]:
    told = Told(here)
    yield from told.is_told(large, int(bool(case.outcome) or case.machine in (START, STOP)))
    outcomes = [one["Outcome"] for one in told.events.get(large.arn, [])]
    if case.outcome and outcomes != [case.outcome]:
        yield f"told as {outcomes}"


def _leases_left(case: Case, here: Account) -> Iterator[str]:
    item = here.items[-1][1] if here.items else {}
    left = len(item.get("Leases", ())) + len(item.get("Pending", ()))
    if left != case.leases:
        yield f"{left} leases are left"
    if (here.custom_labels.status == "RUNNING") != bool(case.leases):
        yield f"the model is {here.custom_labels.status}"


def _services(here: Account) -> Iterator[str]:
    if refused := here.refused:
        yield f"refused: {refused[:3]}"
    if failed := [one for one in here.errors if one[1] not in (REFUSED, "ModelFailed")]:
        yield f"functions failed: {failed[:3]}"
    if here.lost_calls:
        yield f"lost calls: {[name for name, _ in here.lost_calls]}"
