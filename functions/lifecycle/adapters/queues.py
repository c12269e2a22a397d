"""Amazon SQS: the adapter of ``lifecycle.inbox.ports.Queues`` and ``Messages``."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.errors import ServiceUnavailable
from lifecycle.inbox.names import dead_queue_name, queue_name
from lifecycle.inbox.ports import Counts
from lifecycle.shared.text import plural

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

WAITING: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
)
IN_WORK: "QueueAttributeNameType" = "ApproximateNumberOfMessagesNotVisible"
MOST_AT_A_TIME = 10
"""Messages of a call of SendMessageBatch."""


class Sqs:
    """``Queues`` and ``Messages`` on boto3."""

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

    def send(self, inbox: str, bodies: Sequence[str]) -> None:
        """Put messages into the queue.

        Raises
        ------
        ServiceUnavailable
            Some were not taken; others may have been.
        """
        url = self._url(queue_name(self._stack_name, inbox))
        for start in range(0, len(bodies), MOST_AT_A_TIME):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(place), "MessageBody": body}
                for place, body in enumerate(bodies[start : start + MOST_AT_A_TIME])
            ]
            with errors_of("SendMessageBatch"):
                failed = self._client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
            if failed:
                why = f"{failed[0]['Code']}: {failed[0].get('Message', '')}"
                raise ServiceUnavailable(f"SendMessageBatch refused {plural(len(failed), 'message')}: {why}")

    def redrive(self, inbox: str) -> bool:
        """Begin to move the dead letters back into the queue; False where that is under way."""
        url = self._url(dead_queue_name(self._stack_name, inbox))
        with errors_of("GetQueueAttributes"):
            arn = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        with errors_of("ListMessageMoveTasks"):
            tasks = self._client.list_message_move_tasks(SourceArn=arn, MaxResults=1).get("Results", [])
        if any(task.get("Status") == "RUNNING" for task in tasks):
            return False
        with errors_of("StartMessageMoveTask"):
            self._client.start_message_move_task(SourceArn=arn)
        return True

    def _counts(self, name: str) -> Counts:
        with errors_of("GetQueueAttributes"):
            found = self._client.get_queue_attributes(QueueUrl=self._url(name), AttributeNames=[*WAITING, IN_WORK])
        counts = {attribute: int(value) for attribute, value in found["Attributes"].items()}
        return Counts(sum(counts[attribute] for attribute in WAITING), counts[IN_WORK])

    def _found(self, name: str) -> str:
        """The URL of a queue, which never changes."""
        with errors_of("GetQueueUrl"):
            return self._client.get_queue_url(QueueName=name)["QueueUrl"]
