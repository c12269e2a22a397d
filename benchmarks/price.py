"""What one start costs beside the model: an execution that really runs, in the emulator, counted and priced."""

import json
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.bundles import SETTINGS, synthesised
from benchmarks.report import Bar, bars, table
from benchmarks.starts import ARN, history, learned, watch
from emulator import prices
from emulator.custom_labels import Timing
from emulator.remote import states_entered
from emulator.runtime import Invocation
from emulator.server import Emulator
from lifecycle.model.leases import ModelItem
from lifecycle.shared.wire import to_wire

MINUTES = 12
LARGEST_PRICE = 0.005
LARGEST_FIRST_PRICE = 0.006
"""Without history: a check every 10 s costs more transitions than every 15 s did, and saves more of the model."""
STARTING = 6
"""Seconds that the model takes in the emulator, checked every second: only the number of checks differs from 12 min."""
WARM_RUNS = 5
A_STATUS_CHECK = ("Check the model", "What next?", "Wait")
KEYS, KEY_SECONDS = 4, 300
"""Topic, logs and two tables: each asks KMS at first, and again after some minutes; five are assumed."""
PLATFORM_LOG_BYTES = 400
"""START, END and REPORT of each invocation."""
FACTOR = 4
"""A function of 512 MB has 0.29 of a processor (AWS Lambda, 'Memory'): that many times the milliseconds measured."""
READS, WRITES = (
    frozenset({"dynamodb:GetItem"}),
    frozenset({"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}),
)


@dataclass(frozen=True)
class Run:
    """One execution in the emulator, and what it has used."""

    output: Mapping[str, Any]
    states: Counter[str]
    requested_after: float
    invocations: tuple[Invocation, ...]
    calls: Counter[tuple[str, str, str]]
    log_bytes: int


def run(emulator: Emulator, project_version_arn: str) -> Run:
    """Start a model, wait for its end and for Settle."""
    emulator.custom_labels.put(project_version_arn, "STOPPED")
    invoked, decided = len(emulator.runtime.invocations), len(emulator.authoriser.decisions)
    logged = _logged(emulator)
    client = emulator.client("stepfunctions")
    given = json.dumps({"ProjectVersionArn": project_version_arn, "PollSeconds": 1})
    arn = client.start_execution(stateMachineArn=emulator.outputs["StartModelArn"], input=given)["executionArn"]
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.1)
    deadline = time.monotonic() + 60
    while not any("Settle" in one.function for one in emulator.runtime.invocations[invoked:]):
        if time.monotonic() > deadline:
            raise TimeoutError("Settle was not called")
        time.sleep(0.1)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    started = next(e for e in events if e.get("stateExitedEventDetails", {}).get("name") == "Start the model")
    return Run(
        json.loads(found["output"]),
        Counter(name for _, name in states_entered(events)),
        (started["timestamp"] - events[0]["timestamp"]).total_seconds(),
        tuple(emulator.runtime.invocations[invoked:]),
        Counter((one.role, one.action, one.resource) for one in emulator.authoriser.decisions[decided:]),
        _logged(emulator) - logged,
    )


def _logged(emulator: Emulator) -> int:
    return sum(len(line) + 26 for name in emulator.runtime.functions() for line in emulator.runtime.logs(name))


def item_bytes() -> int:
    """Of a model's item that remembers 20 starts; an attribute's name counts as its value does."""
    return len(json.dumps(to_wire(ModelItem(ARN, starts=history([60.0 * MINUTES] * 20)))))


def largest_items(emulator: Emulator) -> dict[str, int]:
    """Bytes of the largest item of each table."""
    dynamodb, largest = emulator.client("dynamodb"), {}
    for name in dynamodb.list_tables()["TableNames"]:
        items = dynamodb.scan(TableName=name)["Items"]
        largest[name] = max([len(json.dumps(item)) for item in items], default=0)
    largest[emulator.outputs["ModelTableName"]] = max(item_bytes(), largest[emulator.outputs["ModelTableName"]])
    return largest


@dataclass(frozen=True)
class Bill:
    """USD by service, and what was counted."""

    lines: Mapping[str, tuple[str, float]]

    @property
    def total(self) -> float:
        """USD."""
        return sum(cost for _, cost in self.lines.values())


def bill(cold: Run, warm: Run, largest: Mapping[str, int], status_checks: int, minutes: float) -> Bill:
    """Of a start that takes so many status checks: the functions' first invocations are cold, all else is as measured.

    Parameters
    ----------
    largest : Mapping
        Bytes of the largest item of each table: every read and write is counted as if it were of that one.
    """
    more = status_checks - warm.states[A_STATUS_CHECK[0]]
    transitions = sum(warm.states.values()) + more * len(A_STATUS_CHECK)
    checks = [one for one in warm.invocations if "Check" in one.function and not one.cold]
    check_ms = median(one.billed_ms for one in checks)
    measured = [*warm.invocations, *(one for one in cold.invocations if one.cold)]
    again = len([one for one in cold.invocations if one.cold])  # a cold invocation stands in place of a warm one
    milliseconds = FACTOR * (sum(one.billed_ms for one in measured) + more * check_ms)
    invocations = len(measured) - again + more
    functions = prices.LAMBDA_REQUEST * invocations + milliseconds / 1000 * 0.5 * prices.LAMBDA_GB_SECOND
    reads = writes = 0
    for (_, action, resource), count in warm.calls.items():
        size = largest.get(resource.rpartition("/")[2], 0)
        reads += count * math.ceil(size / 4096) if action in READS else 0
        writes += count * math.ceil(size / 1024) if action in WRITES else 0
    reads += more * math.ceil(largest[max(largest, key=lambda name: "Models" in name)] / 4096)
    keys = KEYS * math.ceil(60 * minutes / KEY_SECONDS)
    logs = warm.log_bytes * (len(warm.invocations) + more) / len(warm.invocations) + PLATFORM_LOG_BYTES * invocations
    published = sum(count for (_, action, _), count in warm.calls.items() if action == "sns:Publish")
    events = sum(count for (_, action, _), count in warm.calls.items() if action == "events:PutEvents")
    return Bill(
        {
            "Step Functions": (f"{transitions} transitions", prices.state_transitions(transitions)),
            "Lambda": (f"{invocations} invocations, {milliseconds:.0f} ms of 512 MB", functions),
            "DynamoDB": (
                f"{reads} read and {writes} write units",
                reads * prices.DYNAMODB_READ_UNIT + writes * prices.DYNAMODB_WRITE_UNIT,
            ),
            "SNS": (f"{published} published, 1 mail", published * prices.SNS_PUBLISH + prices.SNS_MAIL),
            "EventBridge": (f"{events} event", events * prices.CUSTOM_EVENT),
            "CloudWatch Logs": (f"{logs / 1000:.0f} kB", logs * prices.LOG_BYTE),
            "KMS": (f"{keys} requests", keys * prices.KMS_REQUEST),
            "X-Ray": ("1 trace", prices.TRACE),
        }
    )


@contextmanager
def _deployed() -> Iterator[Emulator]:
    with synthesised(SETTINGS) as bundle, Emulator(port=0, timing=Timing(starting=STARTING)) as emulator:
        emulator.deploy(bundle.assembly)
        emulator.custom_labels.seed(ARN)
        yield emulator


def report() -> str:
    """The section."""
    with _deployed() as emulator:
        cold = run(emulator, ARN)
        warm = [run(emulator, ARN) for _ in range(WARM_RUNS)]
        largest = largest_items(emulator)
    typical = warm[-1]
    status_checks = {
        "first start": 1 + watch([60.0 * MINUTES])[0].status_checks,
        "20 known, 10 % apart": 1 + round(sum(one.status_checks for one in learned(60 * MINUTES, 0.1)) / 200),
        "20 known, 25 % apart": 1 + round(sum(one.status_checks for one in learned(60 * MINUTES, 0.25)) / 200),
    }
    bills = {name: bill(cold, typical, largest, number, MINUTES) for name, number in status_checks.items()}
    one = bills["first start"]
    lines = [(service, counted, f"{100 * cost:.4f}") for service, (counted, cost) in one.lines.items()]
    lines.append(("**total**", f"{status_checks['first start']} status checks", f"**{100 * one.total:.3f}**"))
    known = [billed.total for billed in bills.values() if billed is not one]
    said = Bar(
        f"a start of {MINUTES} minutes costs less than half a cent where past ones are known, the first less than 0.6, "
        "everything but the model included",
        f"{100 * one.total:.2f} cents for the first, {100 * bills['20 known, 10 % apart'].total:.2f} and "
        f"{100 * bills['20 known, 25 % apart'].total:.2f} with 20 past starts that vary by 10 % and 25 %",
        max(known) < LARGEST_PRICE and one.total < LARGEST_FIRST_PRICE,
    )
    by_function = Counter(_short(i.function) for i in typical.invocations)
    took = {
        name: [i.billed_ms for r in warm for i in r.invocations if _short(i.function) == name] for name in by_function
    }
    first = {_short(i.function): i.billed_ms for i in cold.invocations if i.cold}
    functions = [(f"`{name}`", first.get(name, ""), f"{median(took[name]):.0f}") for name in sorted(by_function)]
    return f"""## What a start costs beside the model

One execution of StartModel that really runs in the emulator, with the packaged functions: its transitions, invocations,
calls and log lines are counted, and priced at list prices of us-east-1 without free tiers
([`emulator/prices.py`](../../emulator/prices.py)). The model takes {STARTING} s there; for {MINUTES} minutes the
simulation above says how many status checks there are, each like the measured ones. Each read or write counts as one of
the largest item in its table: of the model table, one with 20 past starts. Milliseconds are multiplied by {FACTOR}: a
function of 512 MB has 0.29 of a processor. One cold start of each function is included.

{table(("first start", "counted", "US cents"), lines, left=2)}

{bars([said])}

The functions' milliseconds, as measured here without that factor:

{table(("function", "cold", "warm, median"), functions)}

From StartExecution to the answer of StartProjectVersion: {cold.requested_after:.2f} s where every function is cold,
{median(one.requested_after for one in warm):.2f} s where all are warm (median of {WARM_RUNS}).
"""


def _short(function: str) -> str:
    return next(
        (name for name in ("Prepare", "Check", "Start", "Notify", "Settle") if f"{name}Function" in function), function
    )
