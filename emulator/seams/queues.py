"""Amazon SQS: queues that several may poll, that forget what is too old, and whose dead letters can be moved back."""

from __future__ import annotations

import functools
import threading
import time
import uuid
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time, unix_time_millis
from moto.sqs.exceptions import SQSException
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from emulator.seams.patching import patch

_POLL_SECONDS = 0.05
_lock = threading.RLock()
"""One for all queues: a message may move from one to another."""


def _forget_expired(queue: Queue) -> None:
    """A message is kept from the first time it was sent, also where it lies among dead letters."""
    kept_since = unix_time_millis() - int(queue.message_retention_period) * 1000  # type: ignore[attr-defined]  # set by name
    queue._messages = [one for one in queue._messages if one.sent_timestamp > kept_since]


def _add(self: Queue, message: Message) -> None:
    with self._messages_lock:
        self._messages.append(message)
        self._messages_lock.notify_all()


def _known_under_lock(method: Any) -> Any:
    """A method of a queue's backend, which nobody disturbs, of a queue in which nothing is too old."""

    @functools.wraps(method)
    def locked(self: SQSBackend, queue_name: str, *rest: Any, **more: Any) -> Any:
        with _lock:
            _forget_expired(self.get_queue(queue_name))
            return method(self, queue_name, *rest, **more)

    return locked


def _received(receive: Any) -> Any:
    """ReceiveMessage that looks again and again while it waits: others send, receive and delete meanwhile."""

    def received(self: SQSBackend, queue_name: str, count: int, seconds: float, *rest: Any, **more: Any) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            with _lock:
                _forget_expired(self.get_queue(queue_name))
                found = receive(self, queue_name, count, 0, *rest, **more)
            if found or time.monotonic() >= deadline:
                return found
            time.sleep(_POLL_SECONDS)

    return received


# --- Moving dead letters


def fed_by(account_id: str, region: str, dead_letters_arn: str) -> list[str]:
    """The ARNs of the queues whose dead letters go to a queue."""
    known = sqs_backends[account_id][region].queues.values()
    fed = {one.queue_arn: one.dead_letter_queue for one in known}
    return [arn for arn, into in fed.items() if into is not None and into.queue_arn == dead_letters_arn]


def _tasks(backend: SQSBackend) -> list[dict[str, Any]]:
    """The tasks of a backend, which is made anew for each emulator."""
    tasks: list[dict[str, Any]] = backend.__dict__.setdefault("_message_move_tasks", [])
    return tasks


def _named(backend: SQSBackend, arn: str) -> Queue:
    for queue in backend.queues.values():
        if queue.queue_arn == arn:
            return queue
    raise SQSException("ResourceNotFoundException", "The resource that you specified for the SourceArn doesn't exist.")


def _move(backend: SQSBackend, source_arn: str, destination_arn: str | None) -> dict[str, Any]:
    """Move what is visible among dead letters: each is a new message, with a new id, as old as this moment."""
    source = _named(backend, source_arn)
    origins = fed_by(backend.account_id, backend.region_name, source_arn)
    if not origins:
        raise SQSException(
            "ResourceNotFoundException", "Source queue must be configured as a Dead Letter Queue of another queue."
        )
    if destination_arn is None and len(origins) > 1:
        # AWS remembers from which queue each message came.
        raise NotImplementedError
    destination = _named(backend, destination_arn or origins[0])
    with _lock:
        _forget_expired(source)
        moved = source.messages
        source._messages = [one for one in source._messages if one not in moved]
        for old in moved:
            new = Message(str(uuid.uuid4()), old.body, old.system_attributes)
            new.message_attributes = old.message_attributes
            new.mark_sent()
            _add(destination, new)
    return {
        "TaskHandle": uuid.uuid4().hex,
        "Status": "COMPLETED",
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": len(moved),
        "ApproximateNumberOfMessagesToMove": len(moved),
        "StartedTimestamp": int(unix_time() * 1000),
        **({"DestinationArn": destination_arn} if destination_arn else {}),
    }


def _start_message_move_task(self: SQSResponse) -> ActionResult:
    task = _move(self.sqs_backend, self._get_param("SourceArn"), self._get_param("DestinationArn"))
    _tasks(self.sqs_backend).append(task)
    return ActionResult({"TaskHandle": task["TaskHandle"]})


def _list_message_move_tasks(self: SQSResponse) -> ActionResult:
    source_arn, most = self._get_param("SourceArn"), self._get_param("MaxResults", 1)
    _named(self.sqs_backend, source_arn)
    found = [one for one in reversed(_tasks(self.sqs_backend)) if one["SourceArn"] == source_arn][:most]
    # Only a task that goes on has its handle told.
    return ActionResult({"Results": [{name: one[name] for name in one if name != "TaskHandle"} for one in found]})


def install() -> None:
    """Put the patches in place."""
    # A message that is sent invokes the function of a mapping at once, in the sender's request: `mappings` polls.
    patch(Queue, "add_message", _add)

    # Two that receive at the same time get the same message; one that is too old is received, and not answered.
    patch(SQSBackend, "receive_message", _received(SQSBackend.receive_message))
    for method in ("delete_message", "change_message_visibility", "get_queue_attributes"):
        patch(SQSBackend, method, _known_under_lock(getattr(SQSBackend, method)))

    # moto moves no dead letters. Here all are moved at once; AWS moves 500 a second.
    SQSResponse.start_message_move_task = _start_message_move_task  # type: ignore[attr-defined]  # moto's class has none
    SQSResponse.list_message_move_tasks = _list_message_move_tasks  # type: ignore[attr-defined]  # moto's class has none
