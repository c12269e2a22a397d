"""An inbox in the simulated account: its bucket, its queue, its mapping and its tick, with the functions deployed.

A tick comes every minute. Images wait in the bucket ``factory``, results come to ``results``.
"""

import contextlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import time_machine

from lifecycle.adapters.inbox_table import InboxTable
from lifecycle.configuration import Inbox
from lifecycle.inbox import names
from lifecycle.inbox.record import Run
from tests.account.account import Abortion, Account, _direct
from tests.account.clients import LATENCY
from tests.account.faults import Fault, Faults
from tests.account.functions import CONFIGURATION, DRAIN_INBOX, ENVIRONMENT, OF_INBOXES, TIMEOUTS, Functions, loaded
from tests.account.kernel import Process
from tests.account.objects import S3
from tests.account.queues import SQS, Mapping, Queue
from tests.account.services import Execution
from tests.account.stories import QUICK
from tests.unit.examples import ARN, MACHINES, NOW

Json = Any
NAME, STACK = "line-1", "Lifecycle"
INBOX = Inbox("defects", "s3://factory/line-1/", "s3://results/labels/")
SETTINGS = replace(CONFIGURATION, inboxes={NAME: INBOX}, schedules={}, workloads=(f"{STACK}-{names.DRAIN_INBOX}",))
MINUTE = 60.0
DELIVERED = 0.5
"""Seconds from an object to its message."""
RUN = "inbox-"
"""With what the names of its runs begin."""


@contextmanager
def inbox_functions(*others: str, **settings: Any) -> Iterator[Functions]:
    """The functions of an app with one inbox and other settings, and those that no image needs."""
    environment = {**ENVIRONMENT, "STACK_NAME": STACK, "INBOX_NAME": NAME, "DRAIN_INBOX_ARN": DRAIN_INBOX}
    with loaded((*TIMEOUTS, *OF_INBOXES, *others), replace(SETTINGS, **settings), environment) as functions:
        yield functions


@dataclass
class InboxScene:
    """One inbox, and what happens to it.

    Parameters
    ----------
    ticks : callable
        When the tick of a minute comes: after how many seconds, once for each.
    arrivals : callable
        The same of the how-manieth message.
    count_lag : float
        Seconds by which SQS's counts are late.
    """

    functions: Functions
    traveller: time_machine.Traveller
    faults: Sequence[Fault] = ()
    ticks: Callable[[int], Sequence[float]] = lambda _minute: (0.0,)
    arrivals: Callable[[int], Sequence[float]] = lambda _number: (DELIVERED,)
    count_lag: float = 0
    sweeps: bool = True
    abortions: Sequence[Abortion] = ()
    printed: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.traveller.move_to(NOW)
        self.account = Account(
            self.functions,
            self.traveller,
            labels=QUICK,
            sweeps=self.sweeps,
            faults=self.faults,
            abortions=self.abortions,
        )
        self.simulation = simulation = self.account.simulation
        name = names.queue_name(STACK, NAME)
        self.dead = Queue(names.dead_queue_name(STACK, NAME), simulation)
        self.queue = Queue(name, simulation, dead=self.dead, arrivals=self.arrivals)
        self.mapping = Mapping(self.queue, simulation, self._work)
        self.s3 = S3(simulation, self._created)
        queues = SQS({one.name: one for one in (self.queue, self.dead)}, self.count_lag)
        self.account.wire.services |= {"sqs": queues, "lambda": self.mapping, "s3": self.s3}
        self.account.wire.inboxes = True
        self._minute = 0
        simulation.after(MINUTE, self._tick)

    # --- what people do

    def drop(self, *keys: str, content: str = "image", after: float = 0) -> None:
        """Put images into the folder."""

        def put() -> None:
            for key in keys:
                self.s3.put("factory", f"line-1/{key}", f"{content} of {key}".encode())

        self.simulation.after(after, put)

    def fails(self, *faults: Fault) -> None:
        """Let something go wrong from now on."""
        for fault in faults:
            self.account.wire.faults.add(fault)

    def mends(self) -> None:
        """Let nothing go wrong any more."""
        self.account.wire.faults = Faults()

    # --- what happens

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        with contextlib.redirect_stdout(self.printed):
            self.account.until(lambda: False, seconds)

    def until(self, holds: Callable[[], object], seconds: float = 4 * 3600) -> None:
        """Let time pass until something holds."""
        with contextlib.redirect_stdout(self.printed):
            found = self.account.until(holds, seconds)
        assert found, f"not within {seconds:.0f} s: {self}"

    def is_at_rest(self) -> bool:
        """Whether no image waits, no run goes on, the model is stopped and nothing is switched."""
        model = self.account.custom_labels.status == "STOPPED"
        nothing = not (self.queue.waiting or self.queue.hidden or self.under_way)
        return nothing and model and self.mapping.state == "Disabled"

    def call(self, function: str, event: Json) -> Json:
        """Invoke a function, and wait for its answer."""
        process = self.account.invoke(function, event)
        self.until(lambda: process.ended)
        if process.error:
            raise process.error
        return process.value

    # --- what is to be seen

    def results(self) -> dict[str, Json]:
        """What is written about each image, by its key below the folder."""
        keys = self.s3.keys("results")
        return {
            key.removeprefix("labels/").removesuffix(".json"): json.loads(self.s3.buckets["results"][key].content)
            for key in keys
        }

    @property
    def detected(self) -> Counter[str]:
        """How often each image was labelled."""
        return Counter(key.removeprefix("line-1/") for _, key in self.account.custom_labels.detected)

    @property
    def runs(self) -> list[tuple[float, float | None, str]]:
        """The inbox's runs: when each began and ended, in seconds, and how."""
        second = self.account.second
        return [
            (second(one.began), second(one.ended) if one.ended else None, one.status)
            for one in self.account.stepfunctions.executions.values()
            if one.machine_arn == MACHINES.run_with_model and one.name.startswith(RUN)
        ]

    @property
    def drains(self) -> list[Execution]:
        """The executions of DrainInbox."""
        every = self.account.stepfunctions.executions.values()
        return [one for one in every if one.machine_arn == DRAIN_INBOX]

    @property
    def under_way(self) -> list[str]:
        """The executions that go on."""
        return [one.name for one in self.account.stepfunctions.executions.values() if not one.ended]

    @property
    def record(self) -> Json:
        """What is remembered of the inbox, as it lies in the table."""
        return self.account.dynamodb.tables["models"].get((f"inbox#{NAME}",))

    @property
    def table(self) -> InboxTable:
        """What is remembered of inboxes, past all faults."""
        return InboxTable(_direct(self.account.dynamodb), "models")

    @property
    def open_run(self) -> Run | None:
        """The run whose images are looked at."""
        return self.table.get(NAME).open_run

    @property
    def running(self) -> list[tuple[float, float]]:
        """When the model was RUNNING: from which second to which."""
        self.account.custom_labels.status  # noqa: B018 - time has passed
        history = [*self.account.custom_labels.history, (self.simulation.seconds, "")]
        return [(since, until) for (since, status), (until, _) in pairwise(history) if status == "RUNNING"]

    @property
    def billed(self) -> float:
        """Seconds for which the model was RUNNING."""
        return sum(until - since for since, until in self.running)

    @property
    def busy(self) -> list[int]:
        """How many minutes are recorded in which images were labelled, by hour."""
        items = self.account.dynamodb.tables.get("ledger", {}).values()
        return [len(item["Minutes"]["NS"]) for item in items if "Minutes" in item]

    @property
    def kept_for_nothing(self) -> float:
        """The longest time, in seconds, for which the model was RUNNING and no image was finished."""
        results = self.s3.buckets.get("results", {}).values()
        finished = sorted(self.account.second(one.at) for one in results)
        return max(
            after - before
            for since, until in self.running
            for before, after in pairwise([since, *(one for one in finished if since < one < until), until])
        )

    @property
    def stopped_under_images(self) -> list[float]:
        """The seconds when the model was told to stop while an image was being looked at."""
        wire = self.account.wire.calls
        begun = [second for second, _, operation in wire if operation == "rekognition:DetectCustomLabels"]
        takes = self.account.custom_labels.seconds_per_image + 2 * LATENCY
        stops = self.account.custom_labels.stops
        return [stop for stop in stops if any(second < stop < second + takes for second in begun)]

    @property
    def outcomes(self) -> list[str]:
        """Of what people were notified of."""
        return [one["MessageAttributes"]["Outcome"] for _, _, one in self.account.topic.sent]

    def __str__(self) -> str:
        return (
            f"{self.queue.waiting} wait, {self.queue.hidden} are hidden, {self.dead.waiting} are dead; mapping "
            f"{self.mapping.state}; model {self.account.custom_labels.status_of(ARN)}; under way: {self.under_way}; "
            f"runs {self.runs}; record {self.record}; {self.account.errors[-3:]}"
        )

    # --- what comes by itself

    def _created(self, event: Json) -> None:
        detail = event["detail"]
        if detail["bucket"]["name"] == "factory" and detail["object"]["key"].startswith("line-1/"):
            self.queue.send(json.dumps(event))

    def _tick(self) -> None:
        self._minute += 1
        self.simulation.after(MINUTE, self._tick)
        for late in self.ticks(self._minute):
            self.account.call("inbox_tick", {}, late)

    def _work(self, event: Json) -> Process:
        return self.account.invoke("inbox_worker", event)
