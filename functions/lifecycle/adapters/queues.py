"""Amazon SQS: the adapter of ``lifecycle.inbox.ports.Queues``."""

from functools import cache
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.inbox.names import dead_queue_name, queue_name
from lifecycle.inbox.ports import Counts

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

WAITING: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
)
IN_WORK: "QueueAttributeNameType" = "ApproximateNumberOfMessagesNotVisible"


class Sqs:
    """``Queues`` on boto3."""

    def __init__(self, client: "SQSClient", stack_name: str) -> None:
        self._client = client
        self._stack_name = stack_name
        self._url = cache(self._found)

    def counts(self, inbox: str) -> Counts:
        """How many images wait, and how many are being looked at."""
        return self._counts(queue_name(self._stack_name, inbox))

    def dead(self, inbox: str) -> int:
        """How many images lie in the dead-letter queue; those that are being moved back count too."""
        return sum(self._counts(dead_queue_name(self._stack_name, inbox)))

    def _counts(self, name: str) -> Counts:
        with errors_of("GetQueueAttributes"):
            found = self._client.get_queue_attributes(QueueUrl=self._url(name), AttributeNames=[*WAITING, IN_WORK])
        counts = {attribute: int(value) for attribute, value in found["Attributes"].items()}
        return Counts(sum(counts[attribute] for attribute in WAITING), counts[IN_WORK])

    def _found(self, name: str) -> str:
        """The URL of a queue, which never changes."""
        with errors_of("GetQueueUrl"):
            return self._client.get_queue_url(QueueName=name)["QueueUrl"]
