"""What an inbox needs from AWS beside ``lifecycle.ports``: its record, its queue, what feeds its worker, its task."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from lifecycle.inbox.record import InboxRecord
from lifecycle.shared.wire import Json


class InboxRecords(Protocol):
    """The one record of each inbox."""

    def get(self, inbox: str) -> InboxRecord:
        """The record as it is now; an empty one where there is none."""

    def put(self, record: InboxRecord) -> bool:
        """Write a record in place of the revision that it was read with; False where that is not the present one."""


class Counts(NamedTuple):
    """Images of a queue, as SQS counts them: approximately, and up to a minute late."""

    waiting: int
    in_work: int


class Queues(Protocol):
    """Amazon SQS."""

    def counts(self, inbox: str) -> Counts:
        """How many images wait, and how many are being looked at."""

    def dead(self, inbox: str) -> int:
        """How many images lie in the dead-letter queue."""


class Messages(Protocol):
    """Amazon SQS, for who puts images back into the queue."""

    def send(self, inbox: str, bodies: Sequence[str]) -> None:
        """Put messages into the queue; of those that a failure leaves out nobody knows."""

    def dead(self, inbox: str) -> int:
        """How many images lie in the dead-letter queue."""

    def redrive(self, inbox: str) -> bool:
        """Begin to move the dead letters back into the queue; False where that is under way."""


class Mappings(Protocol):
    """The event source mappings of AWS Lambda: each gives the images of a queue to an inbox's worker.

    A change takes half a minute or more. While one is under way another is refused, which is no error here: each tick
    asks again for what is to be.
    """

    def state(self, inbox: str) -> str:
        """``Enabled``, ``Disabled``, or what it is on the way to: ``Enabling``, ``Disabling``, ``Updating``, ..."""

    def enable(self, inbox: str) -> None:
        """Begin to give images to the worker."""

    def disable(self, inbox: str) -> None:
        """Give it no more."""


class TaskTokens(Protocol):
    """AWS Step Functions: a task that waits for its token. One that has ended already is no error."""

    def heartbeat(self, token: str) -> None:
        """Keep the task waiting."""

    def succeed(self, token: str, output: Mapping[str, Json]) -> None:
        """End the task, with an output."""

    def fail(self, token: str, error: str, cause: str) -> None:
        """End the task, with an Error and a Cause."""
