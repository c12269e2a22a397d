"""How fast executions, all together, call Amazon Rekognition: a rate limiter in DynamoDB.

Amazon Rekognition answers 5 calls a second of each operation and throttles the rest (its endpoints and quotas page), so
that many starts at a time, retrying, would throttle each other until some fail. So a call takes a *slot* first: the
generic cell rate algorithm, one item for each operation, changed by conditional updates alone: a crowd is no conflict.
Starts and stops take none: each follows a status check, and status checks are this far apart.

A limiter that does not answer holds nobody up: what is throttled then is retried as ever.
"""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lifecycle.adapters.aws import errors_of
from lifecycle.errors import AccessDenied, RateLimited, ServiceUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

SOON = 2_000
"""Milliseconds that a function waits by itself; of a longer queue it says so, and the state machine waits."""
SPARE = 1.0
"""Seconds between the calls of those who can't queue: the fifth call a second, which slots leave free."""
LONGEST_QUEUE = 3_600_000
"""Milliseconds; a slot further ahead is a clock that was wrong, and counts for nothing."""
RATE_LIMIT = "RATE_LIMIT"
_TRIES = 3


class RateLimit:
    """Slots of the operations, in the table of models.

    Parameters
    ----------
    calls_per_second : float
        Of each operation.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str, calls_per_second: float) -> None:
        self._client = client
        self._table_name = table_name
        self._interval = round(1000 / calls_per_second)

    def queue(self, operation: str, held: datetime | None) -> datetime | None:
        """Wait for a slot, where it is soon; answers when it is, where it is not: to be held, and asked with again."""
        slot = _milliseconds(held) if held else self._reserve(operation)
        if slot - _now() > SOON:
            return datetime.fromtimestamp(slot / 1000, UTC)
        _sleep_until(slot)
        return None

    def hurry(self, operation: str) -> None:
        """Wait for a slot that is soon.

        Raises
        ------
        RateLimited
            None is; none was taken.
        """
        _sleep_until(self._reserve(operation, within=SOON))

    def yield_to_others(self, operation: str) -> None:
        """Wait for a slot that is soon, else call beside the queue, more slowly: for a series of calls."""
        try:
            self.hurry(operation)
        except RateLimited:
            time.sleep(SPARE)

    def _reserve(self, operation: str, within: int = LONGEST_QUEUE) -> int:
        """Take the next slot, in milliseconds since the epoch."""
        try:
            for _ in range(_TRIES):
                now = _now()
                if (free_at := self._take_now(operation, now)) is None:
                    return now
                if free_at > now + within:
                    raise RateLimited(f"Too many calls of {operation} wait for their turn.")
                if (slot := self._take_next(operation, now, now + within)) is not None:
                    return slot
        except (ServiceUnavailable, AccessDenied):
            pass  # see above
        return _now()

    def _take_now(self, operation: str, now: int) -> int | None:
        """Take the slot of this moment; where it is taken answers which one is free."""
        with errors_of("UpdateItem"):
            try:
                self._client.update_item(
                    TableName=self._table_name,
                    Key={"Id": {"S": f"{RATE_LIMIT}/{operation}"}},
                    UpdateExpression="SET Kind = :kind, FreeAt = :next",
                    ConditionExpression="attribute_not_exists(FreeAt) OR FreeAt < :now OR FreeAt > :absurd",
                    ExpressionAttributeValues={
                        ":kind": {"S": RATE_LIMIT},
                        ":next": {"N": str(now + self._interval)},
                        ":now": {"N": str(now)},
                        ":absurd": {"N": str(now + LONGEST_QUEUE)},
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                found: Any = error.response  # whose type does not know of the item that was asked for
                item = found.get("Item", {})
                # What is no number was written by somebody else, and holds nobody up.
                return int(item["FreeAt"]["N"]) if "N" in item.get("FreeAt", ()) else now
        return None

    def _take_next(self, operation: str, now: int, latest: int) -> int | None:
        """Take the slot that is free next; None where it has passed meanwhile, or is too far ahead by now."""
        with errors_of("UpdateItem"):
            try:
                answer = self._client.update_item(
                    TableName=self._table_name,
                    Key={"Id": {"S": f"{RATE_LIMIT}/{operation}"}},
                    UpdateExpression="SET FreeAt = FreeAt + :interval",
                    ConditionExpression="FreeAt BETWEEN :now AND :latest",
                    ExpressionAttributeValues={
                        ":interval": {"N": str(self._interval)},
                        ":now": {"N": str(now)},
                        ":latest": {"N": str(latest)},
                    },
                    ReturnValues="UPDATED_NEW",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return int(answer["Attributes"]["FreeAt"]["N"]) - self._interval


def _now() -> int:
    return int(time.time() * 1000)


def _sleep_until(slot: int) -> None:
    time.sleep(max(0, slot - _now()) / 1000)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
