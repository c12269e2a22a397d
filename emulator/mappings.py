"""Lambda's pollers: they receive from the queues of enabled mappings, invoke the function, and delete what it has done.

With the rights of the function's role, as on AWS. What a function fails at stays hidden until its visibility ends; what
is received again too often goes to the dead-letter queue, which is the queue's own doing
(https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.awslambda.utils import get_backend
from moto.sqs.models import sqs_backends

from emulator.runtime import Outcome
from emulator.seams.mappings import polls

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.1
_POLLERS = 5
"""With which Lambda begins, where a mapping says nothing of its concurrency; more there are not here."""
_RECEIVED_AT_ONCE = 10
_PAUSE_SECONDS = 2.0
"""After a refusal."""
_JOIN_SECONDS = 10

RoleClients = Callable[[str, str], Any]


class Mappings:
    """All mappings of an account and Region, polled by one thread; each batch has a thread of its own.

    Parameters
    ----------
    invoke
        Runs the function of an ARN.
    clients
        Gives the boto3 client of a service with the credentials of a role, by the role's ARN and the service.

    """

    def __init__(
        self, account_id: str, region: str, invoke: Callable[[str, bytes], Outcome], clients: RoleClients
    ) -> None:
        self._account_id, self._region = account_id, region
        self._invoke = invoke
        self._clients = clients
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self._batches: set[threading.Thread] = set()
        self._not_before: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="mappings", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Receive nothing any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)

    def join(self) -> None:
        """Wait for the batches that are under way; ending the functions' processes ends them."""
        with self._lock:
            batches = [*self._batches]
        for thread in batches:
            thread.join(_JOIN_SECONDS)

    @property
    def under_way(self) -> int:
        """How many batches are being worked on."""
        with self._lock:
            return self._under_way.total()

    def _run(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            backend: Any = get_backend(self._account_id, self._region)
            for mapping in list(backend._event_source_mappings.values()):  # noqa: SLF001 - moto lists them by function
                try:
                    self._poll(backend, mapping)
                except (ClientError, BotoCoreError) as error:
                    self._refused(mapping, str(error))
                except Exception as error:  # noqa: BLE001 - the others are to be polled all the same
                    _log.warning("The mapping %s can't be polled", mapping.uuid, exc_info=error)
                    self._refused(mapping, str(error))

    def _poll(self, backend: LambdaBackend, mapping: EventSourceMapping) -> None:
        if not polls(mapping) or time.monotonic() < self._not_before.get(mapping.uuid, 0):
            return
        scaling = mapping.scaling_config or {}
        most = int(scaling.get("MaximumConcurrency", _POLLERS))
        function = backend.get_function(mapping.function_arn)
        name = mapping.event_source_arn.rpartition(":")[2]
        url = f"https://sqs.{self._region}.amazonaws.com/{self._account_id}/{name}"
        while not self._stopped.is_set() and self._under_way[mapping.uuid] < most and self._waiting(name):
            sqs = self._clients(function.role, "sqs")
            messages = [*_received(sqs, url, mapping.batch_size)]
            if not messages:
                return
            thread = threading.Thread(target=self._work, args=(mapping, sqs, url, messages), daemon=True)
            with self._lock:
                self._under_way[mapping.uuid] += 1
                self._batches.add(thread)
            thread.start()

    def _waiting(self, name: str) -> bool:
        """Whether there is anything to receive: to ask each time over HTTP would keep the machine busy."""
        queue = sqs_backends[self._account_id][self._region].queues.get(name)
        return queue is not None and bool(queue.messages)

    def _work(self, mapping: EventSourceMapping, sqs: Any, url: str, messages: Sequence[dict[str, Any]]) -> None:
        try:
            event = {"Records": [_record(one, mapping) for one in messages]}
            outcome = self._invoke(mapping.function_arn, json.dumps(event).encode())
            failed = failures(outcome, [one["MessageId"] for one in messages], mapping.function_response_types or ())
            mapping.last_processing_result = "OK" if outcome.error is None else "PROBLEM: Function call failed"  # type: ignore[attr-defined]  # moto's class has none
            _delete(sqs, url, [one for one in messages if one["MessageId"] not in failed])
        except (ClientError, BotoCoreError, RuntimeError) as error:
            # Also a function that is invoked while the emulator stops. What was received stays hidden for a while.
            self._refused(mapping, str(error))
        finally:
            with self._lock:
                self._under_way[mapping.uuid] -= 1
                self._batches.discard(threading.current_thread())

    def _refused(self, mapping: EventSourceMapping, reason: str) -> None:
        mapping.last_processing_result = f"PROBLEM: {reason}"  # type: ignore[attr-defined]  # moto's class has none
        self._not_before[mapping.uuid] = time.monotonic() + _PAUSE_SECONDS


def failures(outcome: Outcome, message_ids: Sequence[str], response_types: Sequence[str]) -> set[str]:
    """The messages of a batch that a function has not done, by what it answered.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html: without ReportBatchItemFailures all or
    none; an answer without failures is a success, one that can't be read, or names what was not in it, is a failure.
    """
    everything = set(message_ids)
    if outcome.error is not None:
        return everything
    if "ReportBatchItemFailures" not in response_types:
        return set()
    try:
        answer = json.loads(outcome.payload or b"null")
        items = (answer or {}).get("batchItemFailures") or ()
        failed = {one["itemIdentifier"] for one in items}
    except (ValueError, TypeError, KeyError, AttributeError):
        return everything
    return everything if failed - everything else failed


def _received(sqs: Any, url: str, most: int) -> Iterator[dict[str, Any]]:
    while most > 0:
        asked = min(most, _RECEIVED_AT_ONCE)
        names = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=asked, **names).get("Messages", [])
        yield from got
        most = most - len(got) if len(got) == asked else 0


def _record(message: dict[str, Any], mapping: EventSourceMapping) -> dict[str, Any]:
    attributes = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {f"{key[0].lower()}{key[1:]}": value for key, value in one.items()}
            for name, one in attributes.items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.event_source_arn,
        "awsRegion": mapping.region,
    }


def _delete(sqs: Any, url: str, messages: Sequence[dict[str, Any]]) -> None:
    for begin in range(0, len(messages), _RECEIVED_AT_ONCE):
        entries = [
            {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]}
            for number, one in enumerate(messages[begin : begin + _RECEIVED_AT_ONCE])
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
