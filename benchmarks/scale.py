"""Many starts at a time under one Region's quota: a discrete-event simulation over the product's checks and retries.

What an execution does next is ``benchmarks.starts``' (the product's code); what a throttled step does is read from the
state machine's definition. The service is the emulator's: of each operation so many calls in any second, others are
throttled, and that counts for nothing.
"""

import heapq
import itertools
import json
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import fmean, quantiles
from typing import Any

from benchmarks import ROOT
from benchmarks.bundles import SETTINGS, synthesised
from benchmarks.plots import plot
from benchmarks.report import Bar, bars, table
from benchmarks.starts import ARN, BEGIN, DESCRIBE, HOME, SECOND, START, Start, durations, history
from emulator.custom_labels import Quotas, Timing
from emulator.server import Emulator
from lifecycle.adapters.rate_limit import SOON
from lifecycle.configuration import Configuration
from lifecycle.model.leases import ModelItem
from lifecycle.shared.pricing import STATUS_CHECK

SIZES = (1, 10, 100, 1000)
QUOTA = 5
"""Calls a second of each operation (Amazon Rekognition endpoints and quotas)."""
PREPARE = "DescribeProjects"
STATES = {PREPARE: "Prepare the request", DESCRIBE: "Check the model", START: "Start the model"}
LATENCY = 0.15
"""Seconds of a step: the function's and the service's."""
MINUTES, SPREAD = 12, 0.25
LARGEST_WASTE = 0.05


@dataclass(frozen=True)
class Retry:
    """How the state machine retries a throttled step."""

    interval: float
    rate: float
    longest: float
    attempts: int

    @classmethod
    def of(cls, state: str, error: str = "ServiceUnavailable") -> "Retry":
        """From the definition of StartModel."""
        definition = json.loads((ROOT / "statemachine" / "start_model.asl.json").read_text("utf-8"))
        (retry,) = (one for one in definition["States"][state]["Retry"] if error in one["ErrorEquals"])
        if retry.get("JitterStrategy") != "FULL":
            raise ValueError(f"{state} retries without jitter")
        longest = retry.get("MaxDelaySeconds", float("inf"))
        return cls(retry["IntervalSeconds"], retry["BackoffRate"], longest, retry["MaxAttempts"])

    def delay(self, attempt: int, chance: random.Random) -> float:
        """Before the n-th retry, from 0."""
        return chance.uniform(0, min(self.longest, self.interval * self.rate**attempt))


@dataclass
class Service:
    """The quota, in any second of each operation."""

    quota: int = QUOTA
    answered: dict[str, deque[float]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)

    def call(self, operation: str, now: float) -> bool:
        """Whether it is answered."""
        self.calls[operation] += 1
        recent = self.answered.setdefault(operation, deque())
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= self.quota:
            self.throttled[operation] += 1
            return False
        recent.append(now)
        return True


@dataclass
class Slots:
    """What ``lifecycle.adapters.rate_limit`` does in DynamoDB, in memory; a test compares the two."""

    interval: float = 1 / Configuration({}).calls_per_second
    free_at: dict[str, float] = field(default_factory=dict)

    def take(self, operation: str, now: float, within: float = float("inf")) -> float | None:
        """When the call may be made; None where that is too far ahead, and no slot is taken."""
        at = max(now, self.free_at.get(operation, 0))
        if at > now + within:
            return None
        self.free_at[operation] = at + self.interval
        return at


@dataclass(frozen=True)
class Crowd:
    """How it went."""

    late: Sequence[float]
    failed: int
    calls: int
    throttled: int
    status_checks: int
    retries: int
    queued: int

    @property
    def wasted(self) -> float:
        """Share of the calls that were throttled."""
        return self.throttled / self.calls

    @property
    def cost(self) -> float:
        """USD per start: of status checks, rounds in the queue, retries and being late."""
        number = len(self.late) + self.failed
        return (
            STATUS_CHECK * (self.status_checks + self.queued)
            + STATUS_CHECK / 3 * self.retries
            + SECOND * sum(self.late)
        ) / number


def simulate(
    taken: Sequence[float],
    *,
    within: float = 1.0,
    known: bool = True,
    slots: Slots | None = None,
    poll_seconds: int | None = None,
) -> Crowd:
    """These starts, each of a model of its own, begun at random within some seconds of each other."""
    chance, service = random.Random(7), Service()
    retries = {operation: Retry.of(state) for operation, state in STATES.items()}
    turned_away = Retry.of(STATES[PREPARE], "RateLimited")
    past = history(durations(60 * MINUTES, SPREAD, 20)) if known else ()
    starts = [Start(seconds, ModelItem(ARN, starts=past), poll_seconds) for seconds in taken]
    steps = [one.steps(BEGIN) for one in starts]
    order = itertools.count()
    failed: set[int] = set()
    retried = queued = 0
    # When, who, what is called, how often it was retried; and whether it has a slot, or need not have one.
    agenda = [(chance.uniform(0, within), next(order), number, PREPARE, 0, not slots) for number in range(len(taken))]
    heapq.heapify(agenda)
    while agenda:
        now, _, number, operation, attempt, has_slot = heapq.heappop(agenda)
        if slots and not has_slot:
            slot = slots.take(operation, now, SOON / 1000 if operation == PREPARE else float("inf"))
            if slot is None:
                if attempt == turned_away.attempts:
                    failed.add(number)
                    continue
                retried += 1
                again = now + LATENCY + turned_away.delay(attempt, chance)
                heapq.heappush(agenda, (again, next(order), number, operation, attempt + 1, False))
                continue
            queued += slot - now > SOON / 1000
            heapq.heappush(agenda, (slot, next(order), number, operation, 0, True))
            continue
        if not service.call(operation, now):
            if attempt == retries[operation].attempts:
                failed.add(number)
                continue
            retried += 1
            again = now + LATENCY + retries[operation].delay(attempt, chance)
            heapq.heappush(agenda, (again, next(order), number, operation, attempt + 1, True))
            continue
        now += LATENCY
        try:
            answered = None if operation == PREPARE else BEGIN + timedelta(seconds=now)
            effect = next(steps[number]) if answered is None else steps[number].send(answered)
            while isinstance(effect, float):
                now += effect
                effect = next(steps[number])
        except StopIteration:
            continue
        # A start follows a status check, and takes no slot of its own.
        heapq.heappush(agenda, (now, next(order), number, effect, 0, not slots or effect == START))
    return Crowd(
        [one.watched.late for number, one in enumerate(starts) if number not in failed],
        len(failed),
        service.calls.total(),
        service.throttled.total(),
        sum(one.status_checks + 1 for one in starts),
        retried,
        queued,
    )


WAYS: Mapping[str, Callable[[], Slots | None]] = {"as it is": Slots, "without slots": lambda: None}


def spread(number: int) -> list[float]:
    """How long these starts take."""
    return durations(60 * MINUTES, SPREAD, number) if number > 1 else [60.0 * MINUTES]


def fair_share(number: int, alone: float) -> float:
    """Seconds of notice delay where all check in turn, as often as the quota allows; or as late as one alone."""
    return max(alone, number / QUOTA / 2)


def measured_in_emulator(numbers: Sequence[int], seconds: float = 40) -> list[tuple[str, ...]]:
    """The same crowds in the emulator and in the simulation: calls, throttled ones, notice delay."""
    rows: list[tuple[str, ...]] = []
    arns = [f"{HOME}/p{number:04}/version/v1/{1793520000000 + number}" for number in range(sum(numbers))]
    settings: dict[str, Any] = {**SETTINGS, "projects": ["*"]}
    quotas = Quotas(running_models=1000, calls_per_second=QUOTA)
    with synthesised(settings) as bundle, Emulator(port=0, timing=Timing(starting=seconds), quotas=quotas) as emulator:
        emulator.deploy(bundle.assembly)
        emulator.custom_labels.seed(ARN)
        _run(emulator, [ARN])  # functions are warm then
        for number in numbers:
            these, arns = arns[:number], arns[number:]
            for arn in these:
                emulator.custom_labels.seed(arn)
            before = len(emulator.authoriser.decisions)
            outputs, retried = _run(emulator, these)
            calls = sum(one.action.startswith("rekognition") for one in emulator.authoriser.decisions[before:])
            late = [output["StartSeconds"] - seconds for output in outputs]
            rows.append((f"{number} in the emulator", str(calls), str(retried), f"{fmean(late):.1f}"))
            same = simulate([seconds] * number, known=False, slots=Slots())
            rows.append((f"{number} simulated", str(same.calls), str(same.throttled), f"{fmean(same.late):.1f}"))
    return rows


def _run(emulator: Emulator, arns: Sequence[str]) -> tuple[list[dict[str, Any]], int]:
    """Start all at once; their outputs, and how many tasks were retried."""
    client, machine = emulator.client("stepfunctions"), emulator.outputs["StartModelArn"]
    given = [json.dumps({"ProjectVersionArn": arn}) for arn in arns]
    running = [client.start_execution(stateMachineArn=machine, input=one)["executionArn"] for one in given]
    outputs, retried = [], 0
    for arn in running:
        while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(0.2)
        outputs.append(json.loads(found["output"]))
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        retried += sum(event["type"] == "TaskFailed" for page in pages for event in page["events"])
    return outputs, retried


def _row(number: int, how: str, crowd: Crowd, alone: float) -> tuple[str, ...]:
    late = sorted(crowd.late)
    return (
        f"{number:,}",
        how,
        f"{crowd.failed}",
        f"{crowd.wasted:.0%}",
        f"{fmean(late):.0f}",
        f"{quantiles(late, n=20)[-1]:.0f}" if len(late) > 1 else f"{late[0]:.0f}",
        f"{fair_share(number, alone):.0f}",
        f"{crowd.status_checks / number:.0f}",
        f"{100 * crowd.cost:.2f}",
    )


def _growth() -> str:
    rows = []
    for minutes in (6, 12, 20, 40):
        crowds = [
            simulate(durations(60 * minutes, SPREAD, number), known=False, slots=Slots()) for number in (10, 20, 40)
        ]
        rows.append((f"{minutes}", *(f"{100 * crowd.cost:.2f}" for crowd in crowds)))
    return table(("minutes", "10 models", "20 models", "40 models"), rows)


def report() -> str:
    """The section."""
    crowds = {(number, how): simulate(spread(number), slots=slots()) for number in SIZES for how, slots in WAYS.items()}
    alone = fmean(crowds[10, "as it is"].late)
    lines = [_row(number, how, crowd, alone) for (number, how), crowd in crowds.items()]
    apart = [
        _row(number, how, simulate(spread(number), within=900, slots=slots()), alone)
        for number in SIZES
        for how, slots in WAYS.items()
    ]
    now = {number: crowds[number, "as it is"] for number in SIZES}
    failed = {number: crowd.failed for number, crowd in now.items()}
    with plot("scale", "starts at a time", "seconds until RUNNING is noticed, mean", logarithmic=True) as axes:
        sizes = (1, 3, 10, 30, 100, 300, 1000)
        for how, slots in WAYS.items():
            axes.plot(sizes, [fmean(simulate(spread(n), slots=slots()).late) for n in sizes], "o-", label=how)
        axes.plot(sizes, [fair_share(n, alone) for n in sizes], ":", color="grey", label="fair share")
        axes.legend()
    header = (
        "at a time",
        "how",
        "failed",
        "throttled",
        "late, mean s",
        "late, 95 % s",
        "fair share s",
        "checks",
        "US cents",
    )
    said = [
        Bar(
            "no start fails because of throttling, of 1, 10, 100 and 1,000 that begin in the same second",
            ", ".join(f"{count} of {number:,}" for number, count in failed.items()),
            not any(failed.values()),
        ),
        Bar(
            "fewer than 5 % of the calls are throttled",
            ", ".join(f"{crowd.wasted:.0%} with {number:,}" for number, crowd in now.items()),
            all(crowd.wasted < LARGEST_WASTE for crowd in now.values()),
        ),
        Bar(
            "RUNNING is noticed, on average, after 1.5 times the fair share of the quota at the latest",
            ", ".join(f"{fmean(crowd.late):.0f} s with {number:,}" for number, crowd in now.items()),
            all(fmean(c.late) <= 1.5 * fair_share(n, alone) and not c.failed for n, c in now.items()),
        ),
    ]
    return f"""## Many starts at a time

A simulation under one Region's quota of {QUOTA} calls per second for each operation. Executions run the product's code,
throttled steps are retried as the state machine's definition says, and the service is the emulator's. Starts take
{MINUTES} minutes, vary by {SPREAD:.0%}, have 20 past ones, and all begin in the same second. "Fair share": all check in
turn, as often as the quota allows. "US cents" per start, as above: the status checks, the retries, and being late.

{table(header, lines, left=2)}

![Notice delay by the number of starts](plots/scale.svg)

{bars(said)}

"Without slots" is how the product worked before, with retries alone, which only add to the crowd. Now
[a rate limiter](../../functions/lifecycle/adapters/rate_limit.py) gives each status check a slot, one every quarter of
a second (a conditional write, 0.00006 cents). An execution whose slot is more than two seconds away waits for it in the
state machine, which costs one more round there. An execution's first call, in Prepare, does not queue: it is retried at
random intervals until a slot is near. `tests/account/test_crowd.py` does the same with the real functions and
definitions, for 100 starts at a time.

Begun within a quarter of an hour instead of a second:

{table(header, apart, left=2)}

Describing by project instead of by model would save calls only where many versions *of one project* start at the same
time. It would save no money: a status check costs its transitions, and the calls are free. Slots help whatever the
projects are, so it is not done.

How costs grow, in US cents per start without history: with the minutes, by their status checks; with the number of
models not at all, until the quota is used up.

{_growth()}

The simulation against the emulator: the model takes 40 s there, no history, all begun at once:

{table(("", "calls", "throttled", "late, mean s"), measured_in_emulator((1, 10)))}
"""
