"""Amazon SQS of the simulated account, and the event source mapping that gives a function what is in a queue."""

import itertools
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.account.kernel import Process, Simulation
from tests.account.services import ServiceError

Json = Any
FOURTEEN_DAYS = 14 * 24 * 3600.0
HOME = "arn:aws:sqs:us-east-1:123456789012"


@dataclass(eq=False)
class Message:
    """A message, and how often it was received. Receipts are numbered by that."""

    id: str
    body: str
    sent: float
    received: int = 0
    state: str = "waiting"
    """``waiting``, ``hidden`` or ``gone``."""


@dataclass
class Queue:
    """A standard queue.

    Parameters
    ----------
    visibility : float
        Seconds for which a message is hidden once it was received.
    dead : Queue, optional
        Where a message goes that would be received for more than ``tries`` times.
    arrivals : callable
        With which delays the how-manieth message that is sent arrives: twice, late, or not at all.
    """

    name: str
    simulation: Simulation
    visibility: float = 180
    dead: "Queue | None" = None
    tries: int = 10
    arrivals: Callable[[int], Sequence[float]] = lambda _number: (0.0,)
    arrived: Callable[[], object] = lambda: None
    waiting: int = 0
    hidden: int = 0
    _ready: deque[Message] = field(default_factory=deque)
    _published: deque[tuple[float, int, int]] = field(default_factory=deque)
    _before: list[int] = field(default_factory=lambda: [0, 0])
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def send(self, body: str) -> None:
        number = next(self._numbers)
        name = str(uuid.UUID(int=number))
        for delay in self.arrivals(number):
            message = Message(name, body, self.simulation.seconds)
            if delay:
                self.simulation.after(delay, partial(self._add, message))
            else:
                self._add(message)

    def receive(self) -> Message | None:
        """One message, hidden from now on; those that are too old, or were received too often, are taken away."""
        while self._ready:
            message = self._ready.popleft()
            if message.state != "waiting":
                continue
            self._change(waiting=-1)
            if self.simulation.seconds - message.sent > FOURTEEN_DAYS:
                message.state = "gone"
                continue
            if self.dead and message.received >= self.tries:
                message.state = "gone"
                self.dead.add_dead(message)
                continue
            message.received, message.state = message.received + 1, "hidden"
            self._change(hidden=1)
            self.simulation.after(self.visibility, partial(self._again, message, message.received))
            return message
        return None

    def delete(self, message: Message) -> None:
        """Whoever has received it, and however long ago."""
        if message.state != "gone":
            self._change(**{message.state: -1})
        message.state = "gone"

    def add_dead(self, message: Message) -> None:
        """A dead letter is as old as it was."""
        self._add(Message(message.id, message.body, message.sent))

    def counts(self, lag: float) -> tuple[int, int]:
        """How many wait, and how many are hidden: as they were so many seconds ago."""
        if not lag:
            return self.waiting, self.hidden
        while self._published and self._published[0][0] <= self.simulation.seconds - lag:
            _, *self._before = self._published.popleft()
        waiting, hidden = self._before
        return waiting, hidden

    def _add(self, message: Message) -> None:
        self._ready.append(message)
        self._change(waiting=1)
        self.arrived()

    def _again(self, message: Message, receipt: int) -> None:
        if message.state == "hidden" and message.received == receipt:
            message.state = "waiting"
            self._change(hidden=-1)
            self._add(message)

    def _change(self, *, waiting: int = 0, hidden: int = 0) -> None:
        self.waiting, self.hidden = self.waiting + waiting, self.hidden + hidden
        self._published.append((self.simulation.seconds, self.waiting, self.hidden))


@dataclass
class SQS:
    """The service's operations, on queues by name.

    Parameters
    ----------
    lag : float
        Seconds for which counts are late.
    """

    queues: dict[str, Queue]
    lag: float = 0

    def get_queue_url(self, *, QueueName: str) -> Json:
        return {"QueueUrl": f"https://sqs/123456789012/{QueueName}"}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> Json:
        queue = self._named(QueueUrl)
        waiting, hidden = queue.counts(self.lag)
        known = {
            "QueueArn": f"{HOME}:{queue.name}",
            "ApproximateNumberOfMessages": waiting,
            "ApproximateNumberOfMessagesDelayed": 0,
            "ApproximateNumberOfMessagesNotVisible": hidden,
        }
        return {"Attributes": {name: str(known[name]) for name in AttributeNames}}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Json]) -> Json:
        for entry in Entries:
            self._named(QueueUrl).send(entry["MessageBody"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def list_message_move_tasks(self, **_request: Json) -> Json:
        return {"Results": []}

    def start_message_move_task(self, *, SourceArn: str) -> Json:
        source = self._named(SourceArn.replace(":", "/"))
        (into,) = (one for one in self.queues.values() if one.dead is source)
        while message := source.receive():
            source.delete(message)
            into.send(message.body)
        return {"TaskHandle": "moved"}

    def _named(self, url: str) -> Queue:
        return self.queues[url.rpartition("/")[2]]


@dataclass
class Mapping:
    """Lambda's event source mapping of a queue, which gives a function one message at a time.

    Parameters
    ----------
    invoke : callable
        Begins an invocation of the function.
    concurrency : int
        How many at a time.
    switching : float
        Seconds until it is enabled, or disabled.
    """

    queue: Queue
    simulation: Simulation
    invoke: Callable[[Json], Process]
    concurrency: int = 5
    switching: float = 30
    state: str = "Disabled"
    under_way: int = 0
    enabled: list[tuple[float, bool]] = field(default_factory=list)
    """Each change that was accepted, with its second."""

    def __post_init__(self) -> None:
        self.queue.arrived = self.poll

    # The service's operations

    def list_event_source_mappings(self, **_request: Json) -> Json:
        return {"EventSourceMappings": [{"UUID": "mapping", "State": self.state}]}

    def get_event_source_mapping(self, **_request: Json) -> Json:
        return {"UUID": "mapping", "State": self.state}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> Json:
        if self.state not in ("Enabled", "Disabled"):
            raise ServiceError("ResourceInUseException")
        self.enabled.append((self.simulation.seconds, Enabled))
        was = self.state == "Enabled"
        self.state = "Updating" if was == Enabled else "Enabling" if Enabled else "Disabling"
        self.simulation.after(self.switching, lambda: self._become("Enabled" if Enabled else "Disabled"))
        return {"UUID": UUID, "State": self.state}

    def _become(self, state: str) -> None:
        self.state = state
        self.poll()

    # What it does

    def poll(self) -> None:
        """Give the function what waits: also while it is being disabled."""
        while self.state in ("Enabled", "Disabling") and self.under_way < self.concurrency:
            message = self.queue.receive()
            if message is None:
                return
            self.under_way += 1
            self.simulation.begin(partial(self._give, message))

    def _give(self, message: Message) -> None:
        record = {
            "messageId": message.id,
            "receiptHandle": f"{message.id}/{message.received}",
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": str(message.received)},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": f"{HOME}:{self.queue.name}",
            "awsRegion": "us-east-1",
        }
        process = self.invoke({"Records": [record]})
        process.wait()
        failed = process.error or process.killed or process.value["batchItemFailures"]
        if not failed:
            self.queue.delete(message)
        self.under_way -= 1
        self.poll()
