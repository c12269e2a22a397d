"""The stories that are told under faults, and what must hold at the end of each."""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import time_machine

from lifecycle.adapters.ledger import record_of
from lifecycle.errors import CONTRACT
from lifecycle.model.bill import Session
from lifecycle.shared.wire import parse_timestamp
from tests.account.account import SWEEP_SECONDS, Abortion, Account, Delivery
from tests.account.faults import Answer, Fault
from tests.account.functions import Functions
from tests.account.services import Execution
from tests.unit.examples import MACHINES, NOW, OTHER_ARN, WORKLOAD

Json = Any
QUICK: Mapping[str, Any] = {
    "once_started": ((0, "STARTING"), (180, "RUNNING")),
    "once_stopped": ((0, "STOPPING"), (60, "STOPPED")),
}
BEGIN, MIDDLE, AGAIN, END = 10.0, 1800.0, (2400.0, 2700.0, 3000.0), 5400.0
"""When a story begins, when what ends it begins, perhaps again, and until when everything must be well."""
UNSEEN = 420
"""Seconds until somebody has seen that a run began, or ended: where all else has failed the first sweep that comes once
nothing can come of a stop any more (``LONGEST_CALL``)."""
STATUS_CHECK = 30
"""Seconds that a look may take, which tells the time when it begins."""
ERRORS = frozenset(error.__name__ for error in CONTRACT)
NOTIFIED = {
    "FAILED": {"START_FAILED", "START_TIMED_OUT", "STOP_FAILED", "STOP_TIMED_OUT", "WORKLOAD_FAILED"},
    "ABORTED": {"EXECUTION_ABORTED"},
}
STOPPED = {"MODEL_STOPPED", "MODEL_ALREADY_STOPPED", "MODEL_KEPT_RUNNING"}


@dataclass(frozen=True)
class Story:
    """What people and pipelines do; ``begins`` lets them.

    ``expires``: nothing but time ends its lease. ``checks`` are its own, where it can't promise all.
    """

    name: str
    begins: Callable[[Account], None]
    labels: Mapping[str, Any] = field(default_factory=lambda: QUICK)
    lease_id: str = "shift"
    expires: bool = False
    checks: "Mapping[str, Check] | None" = None


def _shift(account: Account) -> None:
    """A start under a lease that holds until it is released, and the stop that releases it."""
    account.start(MACHINES.start_model, "start", {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 0}, BEGIN)
    account.start(MACHINES.stop_model, "stop", {"Model": "defects", "LeaseId": "shift"}, MIDDLE)


def _stop_again(account: Account, name: str) -> None:
    """Whose stop has failed for good, or was ended, before it released the lease, starts it again."""
    if account.items and account.items[-1][1]["Leases"]:
        account.start(MACHINES.stop_model, name, {"Model": "defects", "LeaseId": "shift"}, 0)


def _forgotten(account: Account) -> None:
    """A start, and nobody who stops: the lease expires, and the sweep stops the model."""
    account.start(MACHINES.start_model, "start", {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 25}, BEGIN)


def _run(account: Account) -> None:
    """A workload that runs for a quarter of an hour with its model."""
    account.start(
        MACHINES.run_with_model, "night", {"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD}}, BEGIN
    )


def _ticks(account: Account) -> None:
    """The shift, by a schedule: EventBridge Scheduler calls Tick for its start and for its stop."""
    for action, after in (("start", 600), ("stop", 2400)):
        moment = (NOW + timedelta(seconds=after)).isoformat().replace("+00:00", "Z")
        account.call("tick", {"Schedule": "shift", "Action": action, "ScheduledTime": moment}, after)


def twice(offset: float) -> Story:
    """An event that is delivered twice, so much later: the two executions have the event's id as their token."""

    def begins(account: Account) -> None:
        for machine, seconds, more in (
            (MACHINES.start_model, BEGIN, {"LeaseMinutes": 0}),
            (MACHINES.stop_model, MIDDLE, {}),
        ):
            given = {"Model": "defects", "LeaseId": "shift", "ClientRequestToken": f"event-{seconds:.0f}", **more}
            for name, after in (("first", 0), ("second", offset)):
                account.start(machine, name, given, seconds + after)

    return Story(f"twice, {offset} s apart", begins)


def _reordered(account: Account) -> None:
    """The event that is to stop comes before the one that starts."""
    account.start(MACHINES.stop_model, "stop", {"Model": "defects", "LeaseId": "shift"}, BEGIN)
    account.start(
        MACHINES.start_model, "start", {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 25}, BEGIN + 1
    )


SHIFT, FORGOTTEN = Story("shift", _shift), Story("forgotten", _forgotten, expires=True)
RUN, TICKS = Story("run", _run, lease_id="run/night"), Story("ticks", _ticks, lease_id="schedule/shift")
REORDERED = Story("reordered", _reordered, expires=True)


SPENT_AT = 900.0
"""When the budget of the stories is used up, in the one that has that."""


def _over_budget(account: Account) -> None:
    """A start under a lease without an end; once the month has cost its budget, the sweep stops the model."""
    account.start(MACHINES.start_model, "start", {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 0}, BEGIN)
    _spend(account, SPENT_AT)


def _refused(account: Account) -> None:
    """The budget is used up when a start comes, and another: both are refused."""
    _spend(account, 0)
    for name, seconds in (("first", BEGIN), ("second", MIDDLE)):
        asked = {"Model": "defects", "LeaseId": name, "LeaseMinutes": 0}
        account.start(MACHINES.start_model, name, asked, seconds)


def _spend(account: Account, seconds: float) -> None:
    """Let another model have cost all of the budget by then."""
    spent = Session(OTHER_ARN, NOW - timedelta(days=20), NOW, 1, 1e6)
    item = record_of(spent, "ledger", timedelta(days=400))["Put"]["Item"]
    account.simulation.after(seconds, lambda: account.dynamodb.put_item(TableName="ledger", Item=item))


@dataclass(frozen=True)
class Trial:
    """A story under faults; ``may_fail`` says with which errors its executions may end, instead of well."""

    story: Story
    faults: Sequence[Fault] = ()
    deliveries: Sequence[Delivery] = ()
    abortions: Sequence[Abortion] = ()
    may_fail: frozenset[str] = frozenset()
    seed: int = 0
    words: str = ""

    @property
    def says_gone(self) -> bool:
        """The service says that the model does not exist, while it does."""
        return any(isinstance(one.what, Answer) and one.what.code == "ResourceNotFoundException" for one in self.faults)

    def play(self, functions: Functions, traveller: time_machine.Traveller) -> Account:
        """Let it happen."""
        traveller.move_to(NOW)
        account = Account(
            functions,
            traveller,
            seed=self.seed,
            faults=self.faults,
            deliveries=self.deliveries,
            abortions=self.abortions,
            labels=self.story.labels,
        )
        self.story.begins(account)
        if self.story is SHIFT and (self.abortions or self.may_fail):
            for number, seconds in enumerate(AGAIN, 1):
                account.simulation.after(seconds, partial(_stop_again, account, f"again-{number}"))
        if self.deliveries or self.abortions or self.story.checks:
            account.run(END)
        # Nothing comes any more once all is as it should be.
        for seconds in range(int(AGAIN[0]), int(END) + 1, 300):
            account.run(seconds)
            if _is_well(self, account):
                break
        return account


Check = Callable[[Trial, Account], Iterator[str]]


@dataclass(frozen=True)
class Verdict:
    """What came of a trial.

    Parameters
    ----------
    applied : bool
        Its faults have happened.
    broken : Mapping
        What does not hold, by property: in words.
    by_alarm : bool
        Of an execution only the alarm CallsLost tells: its call of Settle lies in the queue, and it never came so far
        that the sweep knows of it.
    healed : float
        How many seconds later than without faults all was as it must be.
    """

    story: str
    words: str
    applied: bool
    broken: Mapping[str, str]
    healed: float
    by_alarm: bool = False

    def __str__(self) -> str:
        return f"{self.story}: {self.words}: {dict(self.broken)}"


PROPERTIES = {
    "ends": "every execution ends: well, or with an error of the contract where the fault is one for good",
    "status": "the model ends STOPPED, nobody's, and nothing is left in the table",
    "notified once": "each execution's end is decided on once, and reported on both channels",
    "lease": "the model runs for as long as a lease that was answered holds it",
    "one start": "the model is started once",
    "ledger": "each run of the model is in the ledger once, with its times",
}


def judge(trial: Trial, account: Account, baseline: Sequence[float]) -> Verdict:
    """What holds. ``baseline``: when anything changed in the same story without faults."""
    checks = trial.story.checks or CHECKS
    broken = {name: "; ".join(found) for name, check in checks.items() if (found := list(check(trial, account)))}
    happened = account.wire.faults.happened
    applied = bool(happened) or bool(trial.deliveries) or trial.story.checks is not None
    healed = _healed(happened, changes(account), baseline)
    return Verdict(trial.story.name, trial.words, applied, broken, healed, by_alarm=bool(_by_alarm(account)))


def changes(account: Account) -> list[float]:
    """When anything that matters changed."""
    notified = [seconds for channel in (account.topic, account.bus) for seconds, *_ in channel.sent]
    statuses = [seconds for seconds, _ in account.custom_labels.history]
    return sorted([*account.changed, *notified, *statuses])


def _healed(happened: Sequence[float], mine: Sequence[float], baseline: Sequence[float]) -> float:
    """How much later the last change came than without faults, of the part of the story in which they happened."""
    late = bool(happened) and happened[0] >= MIDDLE
    begin, end = (MIDDLE, END) if late else (0, MIDDLE)

    def last(found: Sequence[float]) -> float:
        return max((seconds for seconds in found if begin <= seconds < end), default=begin)

    return max(0.0, last(mine) - last(baseline))


def _ends(trial: Trial, account: Account) -> Iterator[str]:
    for execution in _ours(account):
        if execution.status == "RUNNING":
            yield f"{execution.name} goes on in {execution.states[-1]}"
        elif execution.status == "FAILED":
            if execution.error not in ERRORS:
                yield f"{execution.name} fails with {execution.error}: {execution.cause}"
            elif execution.error not in trial.may_fail:
                yield f"{execution.name} fails with {execution.error}: {_cause(execution).get('Message')}"
            elif not {"Message", "Remedy"} <= set(_cause(execution)):
                yield f"{execution.name} fails with the Cause {execution.cause}"
        elif execution.status == "ABORTED" and not trial.abortions:
            yield f"{execution.name} was aborted"


def _status(_trial: Trial, account: Account) -> Iterator[str]:
    if account.custom_labels.status != "STOPPED":
        yield f"the model is {account.custom_labels.status}"
    item = account.items[-1][1] if account.items else {}
    if left := {name: item[name] for name in ("Leases", "Pending", "Claim", "Running") if item.get(name)}:
        yield f"the item has {left}"
    if item.get("Managed"):
        yield "the item is ours"
    kept = account.dynamodb.tables.get("models", {}).values()
    if unsettled := [one["Id"]["S"].rpartition(":")[2] for one in kept if one["Kind"]["S"] == "EXECUTION"]:
        yield f"not settled: {', '.join(unsettled)}"


def notified_once(_trial: Trial, account: Account) -> Iterator[str]:
    decided, topic, bus = _sent(account)
    if not decided == topic == bus:
        yield f"decided {len(decided)}, on the topic {len(topic)}, on the bus {len(bus)}"
    yield from _each_notified_once(account)


def _refusals_notified_once(_trial: Trial, account: Account) -> Iterator[str]:
    """People get one mail of what the budget refuses in a month; each is an event."""
    decided, topic, bus = _sent(account)
    executions = {one.arn for one in _ours(account) if one.error == "BudgetExceeded"}
    refused = {sent for _, sent, detail in account.bus.sent if detail.get("ExecutionArn") in executions}
    if decided != bus or topic - refused != decided - refused:
        yield f"decided {len(decided)}, on the topic {len(topic)}, on the bus {len(bus)}"
    if len(topic & refused) != bool(refused):
        yield f"{len(refused)} refused, {len(topic & refused)} on the topic"
    yield from _each_notified_once(account)


def _sent(account: Account) -> tuple[set[str], set[str], set[str]]:
    """The notifications that were decided on, and those on the topic and on the bus."""
    topic, bus = ({one[1] for one in channel.sent} for channel in (account.topic, account.bus))
    return {one for ids in account.decisions.values() for one in ids}, topic, bus


def _each_notified_once(account: Account) -> Iterator[str]:
    if twice := [ids for ids in account.decisions.values() if len(set(ids)) > 1]:
        yield f"decided twice: {twice}"
    by_execution: dict[str, set[str]] = defaultdict(set)
    outcomes: dict[str, set[str]] = defaultdict(set)
    for _, notification_id, detail in account.bus.sent:
        if "ExecutionArn" in detail:
            by_execution[detail["ExecutionArn"]].add(notification_id)
            outcomes[detail["ExecutionArn"]].add(detail["Outcome"])
    for execution in _ours(account):
        if execution.status == "RUNNING" or execution.arn in _by_alarm(account):
            continue
        expected = _is_notified(execution)
        if expected is not None and len(by_execution[execution.arn]) != expected:
            yield f"{execution.name} ({execution.status}) was told {len(by_execution[execution.arn])} times"
        if not outcomes[execution.arn] <= _fitting(execution):
            yield f"{execution.name} ({execution.status}) was told as {outcomes[execution.arn]}"


def _is_well(trial: Trial, account: Account) -> bool:
    return not any(_status(trial, account)) and not any(one.status == "RUNNING" for one in _ours(account))


def _by_alarm(account: Account) -> set[str]:
    """The executions that nobody remembers, as no table could be written, and whose call of Settle was lost as well."""
    due = {one.arn for one in _ours(account) if _is_notified(one)}
    known = {one.get("Id", {}).get("S") for one in account.dynamodb.tables.get("models", {}).values()}
    lost = {event["detail"]["executionArn"] for function, event in account.lost_calls if function == "settle"}
    notified = {detail.get("ExecutionArn") for _, _, detail in account.bus.sent}
    return (lost & due) - known - notified


def _is_notified(execution: Execution) -> int | None:
    """How many notifications an execution's end is; None where either is right."""
    output = json.loads(execution.output or "null") or {}
    if execution.machine_arn != MACHINES.run_with_model:
        return 0 if output.get("Outcome") in ("DUPLICATE", "DRY_RUN") else 1
    if execution.status == "SUCCEEDED":
        return 0
    return 1 if execution.status == "ABORTED" else None  # what StartModel has told the run does not


def _fitting(execution: Execution) -> set[str]:
    """The outcomes that may be told of an execution's end."""
    output = json.loads(execution.output or "null") or {}
    if execution.status == "SUCCEEDED":
        return {output.get("Outcome", "")}
    if execution.status == "ABORTED":
        # It may have told its end already, and was ended right after.
        return NOTIFIED["ABORTED"] | NOTIFIED["FAILED"] | {"MODEL_STARTED", "MODEL_ALREADY_RUNNING"} | STOPPED
    return NOTIFIED["FAILED"]


def _lease(trial: Trial, account: Account) -> Iterator[str]:
    """From a start's end as RUNNING until something is to release its lease."""
    start = next((one for one in _ours(account) if one.machine_arn == MACHINES.start_model), None)
    if start is None or start.status != "SUCCEEDED" or start.ended is None:
        return
    begin, end = (start.ended - NOW).total_seconds(), _let_go(trial, account)
    if begin >= end:
        return
    statuses = {status for seconds, status in account.custom_labels.history if begin <= seconds < end}
    before = [status for seconds, status in account.custom_labels.history if seconds < begin]
    if statuses - {"RUNNING"} or before[-1:] != ["RUNNING"]:
        yield f"the model was {statuses or before[-1:]} under the lease"
    for seconds, item in account.items:
        if begin <= seconds < end and trial.story.lease_id not in [one["LeaseId"] for one in item["Leases"]]:
            yield f"the lease was gone at {seconds:.0f} s"


def _let_go(trial: Trial, account: Account) -> float:
    """When the lease is to end."""
    expires = [one.get("ExpiresAt") for _, item in account.items for one in item["Leases"]]
    expire = account.second(parse_timestamp(expires[-1])) if expires and expires[-1] else END
    if trial.story.expires:
        return expire
    began = [
        (one.began - NOW).total_seconds()
        for one in _ours(account)
        if one.machine_arn == MACHINES.stop_model and not one.name.startswith("sweep")
    ]
    # A run that was ended from outside has its lease released by Settle.
    runs = [one for one in _ours(account) if one.machine_arn == MACHINES.run_with_model and one.ended]
    ended = [(one.ended - NOW).total_seconds() for one in runs if one.ended]
    return min([*began, *ended, expire])


def _one_start(_trial: Trial, account: Account) -> Iterator[str]:
    if len(account.custom_labels.starts) > 1:
        yield f"started at {account.custom_labels.starts}"


def _ledger(trial: Trial, account: Account) -> Iterator[str]:
    began = [seconds for seconds, status in account.custom_labels.history if status == "RUNNING"]
    ended = [seconds for seconds, status in account.custom_labels.history if status == "STOPPING"]
    records = sorted(account.dynamodb.tables.get("ledger", {}).values(), key=lambda one: str(one["Since"]["S"]))
    if trial.says_gone and len(records) > 1 == len(began):
        # A version that does not exist does not run either: its run ends then, and goes on when it is seen again.
        records = [{"Since": records[0]["Since"], "Until": records[-1]["Until"]}]
    if len(records) != len(began):
        yield f"{len(began)} runs, {len(records)} records"
        return
    # While a service was down nobody has seen anything; and the sweep that would have may have failed.
    down = sum(one.until - one.since for one in trial.faults if one.until < END)
    times = sum(len(one.calls or ()) for one in trial.faults)
    others = max(0, times + len(trial.deliveries) + len(trial.abortions) - 1)
    unseen = UNSEEN + down + others * SWEEP_SECONDS
    for record, since, until in zip(records, began, [*ended, *[END] * len(began)], strict=False):
        recorded = [(parse_timestamp(record[name]["S"]) - NOW).total_seconds() for name in ("Since", "Until")]
        if not (since - STATUS_CHECK <= recorded[0] <= since + unseen and until <= recorded[1] <= until + unseen):
            yield f"ran from {since:.0f} to {until:.0f} s, recorded as {recorded}"


def _stopped_by_the_budget(_trial: Trial, account: Account) -> Iterator[str]:
    """By the sweep alone, and not before."""
    stops = [seconds for seconds, status in account.custom_labels.history if status == "STOPPING"]
    if len(stops) != 1 or stops[0] < SPENT_AT:
        yield f"stopped at {stops}"


def _refused_by_the_budget(trial: Trial, account: Account) -> Iterator[str]:
    """Every start, or it fails as its fault has it: none runs on, and none succeeds."""
    expected = trial.may_fail | {"BudgetExceeded"}
    for execution in _ours(account):
        if execution.status != "FAILED" or execution.error not in expected:
            yield f"{execution.name} is {execution.status}: {execution.error}"
        elif not {"Message", "Remedy"} <= set(_cause(execution)):
            yield f"{execution.name} fails with the Cause {execution.cause}"


def _no_lease(_trial: Trial, account: Account) -> Iterator[str]:
    """No start holds the model for a moment, whatever a function dies of."""
    if held := [seconds for seconds, item in account.items if item["Leases"]]:
        yield f"leases at {held}"


def _no_start(_trial: Trial, account: Account) -> Iterator[str]:
    if account.custom_labels.starts:
        yield f"started at {account.custom_labels.starts}"


CHECKS: Mapping[str, Check] = {
    "ends": _ends,
    "status": _status,
    "notified once": notified_once,
    "lease": _lease,
    "one start": _one_start,
    "ledger": _ledger,
}
"""By the names of PROPERTIES: what does not hold, in words."""
BUDGET_CHECKS: Mapping[str, Check] = {
    "ends": _ends,
    "status": _status,
    "notified once": notified_once,
    "lease": _stopped_by_the_budget,
    "one start": _one_start,
}
OVER_BUDGET = Story("over budget", _over_budget, checks=BUDGET_CHECKS)
REFUSED_CHECKS: Mapping[str, Check] = {
    "ends": _refused_by_the_budget,
    "status": _status,
    "notified once": _refusals_notified_once,
    "lease": _no_lease,
    "one start": _no_start,
}
REFUSED = Story("refused", _refused, checks=REFUSED_CHECKS)


def _ours(account: Account) -> list[Execution]:
    return [one for one in account.stepfunctions.executions.values() if one.machine_arn != WORKLOAD]


def _cause(execution: Execution) -> Json:
    try:
        return json.loads(execution.cause or "")
    except ValueError:
        return {}


@dataclass
class TrialRunner:
    """Tells trials and judges them; of each story it knows how it goes without faults."""

    functions: Functions
    _baselines: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def __call__(self, trial: Trial) -> Verdict:
        """Tell a trial, in its own time."""
        # The functions print their metrics.
        with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
            return self._judged(trial, traveller)

    def _judged(self, trial: Trial, traveller: time_machine.Traveller) -> Verdict:
        if trial.story.checks:  # there is no other way for it to go
            account = trial.play(self.functions, traveller)
            return judge(trial, account, changes(account))
        key = (trial.story.name, trial.seed)
        if key not in self._baselines:
            plain = replace(trial, faults=(), deliveries=(), abortions=(), may_fail=frozenset())
            account = plain.play(self.functions, traveller)
            verdict = judge(plain, account, changes(account))
            assert not verdict.broken, verdict
            self._baselines[key] = changes(account)
        return judge(trial, trial.play(self.functions, traveller), self._baselines[key])
