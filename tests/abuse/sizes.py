"""The largest that is legal, and what comes of it: told in the simulated account, which has the services' limits.

Each of these either stays below every limit, in each payload of each state, or ends in an error that says what is too
large and what to do; and no lease is lost, and nobody is left untold.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from lifecycle.model.leases import MAX_LEASES
from lifecycle.shared.wire import timestamp
from tests.abuse.inputs import BUCKET, PLACE
from tests.abuse.judge import ARNS, new_scene
from tests.account.functions import Functions
from tests.account.machine import PAYLOAD, payload_bytes
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
    """Something large: an input of a machine, as large as may be where it is ``whole``, and how that ends.

    ``names`` is in the Cause; ``outcome`` is told, where that is not what is always told; so many ``leases`` are left,
    and so many were ``held`` before; ``labels`` are of the model, ``workload`` is what the workload does.
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
    Case(RUN, "workload is given 100 KiB, answers 100 KiB; Context 16 KiB", _run({"A": filled(100 * KIB)})
         | context("emoji"), workload=_answers(100 * KIB)),
    Case(RUN, "workload is given little, answers 230 KiB; Context 16 KiB", _run({}) | context(),
         workload=_answers(230 * KIB)),
    Case(RUN, "workload is given little, answers all but 256 KiB", _run({}) | context(), **TOGETHER,
         workload=_answers(PAYLOAD - KIB)),
    Case(RUN, "workload is given 150 KiB, answers 150 KiB", _run({"A": filled(150 * KIB)}),
         workload=_answers(150 * KIB), **TOGETHER),
    Case(RUN, "workload is given 240 KiB and StartModel's output, answers 4 KiB", workload=_answers(4 * KIB),
         given={"Context": filled(15 * KIB)} | _run({"A": filled(239 * KIB)}, ModelField="Model"), **TOGETHER),
    Case(RUN, "workload fails with a Cause of 32,768 characters", _run({}) | context("controls"), **TOO_LONG,
         workload=_fails("x" * 32_768)),
    Case(RUN, "the same, of Cyrillic, as JSON", _run({}) | context("Cyrillic"), **TOO_LONG, workload=_fails(CYRILLIC)),
    Case(RUN, "workload is given 200 KiB, and fails", _run({"A": filled(200 * KIB)}), "NoBoards", outcome=NOT_RUN,
         workload=_fails("none on the belt")),
)
# fmt: on


def fits(case: Case, functions: Functions) -> None:
    """It ends so, and is told; no lease is lost or left over, no service refuses what it is sent, no function fails."""
    with new_scene(functions, labels=case.labels) as scene:
        account = scene.account
        account.definitions = {WORKLOAD: case.workload} if case.workload else {}
        if case.held:
            account.hold(ARN, _leases(case.held))
        ended = scene.run(ARNS[case.machine], case.payload)
        scene.passes(300)
        scene.sweep()
        scene.passes(300)
    assert (ended.error or ended.status) == case.ends, ended.cause
    assert case.names in str(ended.cause)
    assert case.ends != REFUSED or ended.cause["Remedy"]
    sent = scene.notified(ended)
    assert [len(sent.mails), len(sent.chats), len(sent.events)] == [
        int(bool(case.outcome) or case.machine in (START, STOP))
    ] * 3
    assert not case.outcome or sent.outcomes == [case.outcome]
    assert len(scene.item.get("Leases", ())) + len(scene.item.get("Pending", ())) == case.leases
    assert (scene.status == "RUNNING") == bool(case.leases)
    assert [*account.refused, *account.lost_calls] == []
    assert {error for _, error in account.errors} <= {REFUSED, "ModelFailed"}


def _leases(count: int) -> list[Json]:
    since, ends = timestamp(NOW), timestamp(NOW + timedelta(days=7))
    return [{"LeaseId": f"{number:0128}", "Since": since, "ExpiresAt": ends} for number in range(count)]
