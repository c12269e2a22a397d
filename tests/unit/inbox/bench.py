"""A worker of an inbox on its bench: S3, the model and the counts in memory, where anything may happen at each step."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from lifecycle.configuration import Inbox
from lifecycle.errors import LifecycleError
from lifecycle.inbox.worker import InWorkError, Outcome, Pace, Worker
from lifecycle.ports import Listed, ObjectVersion, Refused
from lifecycle.shared.wire import Json
from tests.unit.examples import ARN, NOW

INBOX = Inbox("defects", "s3://factory/line-1/", "s3://results/labels/")
IMAGE = ("factory", "line-1/0001.png")
RESULT = ("results", "labels/0001.png.json")


class KilledError(BaseException):
    """The function's process is gone; nothing of the worker may catch that."""


@dataclass
class Stored:
    seen: ObjectVersion
    text: str


@dataclass
class Bench:
    """AWS as the worker of one inbox meets it. Each call of it is a step.

    Parameters
    ----------
    at : dict
        What happens just before a step, counted from 1: an exception is raised, anything else is called.
    refusals : list
        What the next calls of the model are refused with.
    """

    versioned: bool = False
    run: str | None = ARN
    at: dict[int, Any] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    readable: bool = True
    now: datetime = NOW
    seconds: float = 30
    """That the invocation has left."""
    inbox: Inbox = INBOX
    name: str = "line"

    def __post_init__(self) -> None:
        self.objects: dict[tuple[str, str], Stored] = {}
        self.calls: list[str] = []
        self.detected: list[Json] = []
        self.memory: dict[tuple[str, ...], Outcome | None] = {}
        self.enabled = True
        self.counted: list[bool] = []
        self.passed = 0
        self.refused_with: list[str] = []
        self.events = 0
        self.page, self.lists = 1000, 0
        """Objects of one list, and how many lists were asked for."""

    # What others do ---------------------------------------------------------------------------------

    def put(self, content: str = "image", key: str = IMAGE[1], bucket: str = IMAGE[0]) -> str:
        """Somebody puts an image; answers the event's message."""
        self.events += 1
        self.now += timedelta(seconds=10)
        etag = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
        version = f"v{self.events}" if self.versioned else None
        self.objects[bucket, key] = Stored(ObjectVersion(etag, self.now, version), content)
        found = {"key": key, "size": len(content), "etag": etag, "sequencer": f"{self.events:016x}"}
        found |= {"version-id": version} if version else {}
        detail = {"version": "0", "bucket": {"name": bucket}, "object": found, "reason": "PutObject"}
        return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})

    def delete(self) -> None:
        del self.objects[IMAGE]

    def deliver(self, message: str) -> Outcome:
        """The queue gives the message to a worker in an invocation of its own."""
        return self.worker().take(message)

    def delivered_until_done(self, *messages: str) -> None:
        """The queue gives out messages until each was processed: what died or failed comes again."""
        left = list(messages)
        for _ in range(20):
            for message in list(left):
                try:
                    self.deliver(message)
                except (KilledError, LifecycleError):
                    self._visible_again()
                else:
                    left.remove(message)
            if not left:
                return
        raise AssertionError(f"{left} were never processed")

    def _visible_again(self) -> None:
        """By then a record of a dead attempt has expired, as it lasts as long as the function's timeout."""
        self.memory = {identity: outcome for identity, outcome in self.memory.items() if outcome}

    def result(self, place: tuple[str, str] = RESULT) -> Any:
        """What is written about an image; None where nothing is."""
        return json.loads(self.objects[place].text) if place in self.objects else None

    # The worker's ports -----------------------------------------------------------------------------

    def worker(self) -> Worker:
        return Worker(
            self.name,
            self.inbox,
            open_run=self._open_run,
            disable=self._disable,
            objects=self,
            detector=self,
            counts=_Counts(self),
            once=self._once,
            pace=Pace(lambda: self.seconds, self._sleep, lambda _low, high: high),
            now=lambda: self.now,
            log=lambda _error: None,
        )

    def _step(self, what: str) -> None:
        self.calls.append(what)
        happens = self.at.pop(len(self.calls), None)
        if isinstance(happens, BaseException):
            raise happens
        if happens:
            happens()

    def _open_run(self) -> str | None:
        self._step("read the run")
        return self.run

    def _disable(self) -> None:
        self._step("disable")
        self.enabled = False

    def _sleep(self, seconds: float) -> None:
        self.seconds -= seconds

    def _once(self, identity: Sequence[str], do: Callable[[], Outcome]) -> Outcome:
        """As Powertools' idempotency: a record in progress, then what was done."""
        key = tuple(identity)
        self._step("remember that it is in work")
        if key in self.memory:
            if (known := self.memory[key]) is None:
                raise InWorkError("in work")
            return known
        self.memory[key] = None
        try:
            outcome = do()
            self._step("remember what was done")
        except LifecycleError:
            del self.memory[key]
            raise
        self.memory[key] = outcome
        return outcome

    def newest(self, bucket: str, key: str) -> ObjectVersion | None:
        self._step(f"head of {bucket}")
        found = self.objects.get((bucket, key))
        return found.seen if found else None

    def listed(self, bucket: str, prefix: str, after: str) -> Sequence[Listed]:
        keys = sorted((key for there, key in self.objects if there == bucket), key=str.encode)
        found = [key for key in keys if key.startswith(prefix) and key.encode() > after.encode()][: self.page]
        self.lists += 1
        return [self._listed(key, self.objects[bucket, key]) for key in found]

    @staticmethod
    def _listed(key: str, there: Stored) -> Listed:
        return Listed(key, there.seen.etag, len(there.text), there.seen.last_modified)

    def is_readable(self, _bucket: str, _key: str) -> bool:
        self._step("read a byte")
        return self.readable

    def replace(
        self, bucket: str, key: str, text: str, *, notes: Mapping[str, str], instead_of: ObjectVersion | None
    ) -> bool:
        self._step("write")
        there = self.objects.get((bucket, key))
        if (there.seen if there else None) != instead_of:
            return False
        etag = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        self.objects[bucket, key] = Stored(ObjectVersion(etag, self.now, notes=notes), text)
        return True

    def detect(self, image: Json, options: Mapping[str, Json]) -> Sequence[Json] | Refused:
        self._step("detect")
        self.detected.append({**options, **image})
        if self.refusals:
            return Refused(self.refusals.pop(0), "words")
        where = image["S3Object"]
        found = self.objects.get((where["Bucket"], where["Name"]))
        if found is None or where.get("Version", found.seen.version_id) != found.seen.version_id:
            # The version asked for is still there in a bucket with versions, and was labelled by its name.
            return Refused("InvalidS3ObjectException", "words") if found is None else [{"Name": "of an older version"}]
        return [{"Name": found.text, "Confidence": 98.1}]


@dataclass
class _Counts:
    bench: Bench

    def finished(self, _inbox: str, _now: datetime, *, failed: bool) -> None:
        self.bench._step("count")
        self.bench.counted.append(failed)

    def passed(self, _inbox: str, _now: datetime) -> None:
        self.bench._step("count")
        self.bench.passed += 1

    def refused(self, _inbox: str, _now: datetime, why: str) -> None:
        self.bench._step("note a refusal")
        self.bench.refused_with.append(why)

    def on(self, _inbox: str, _day: object) -> Any:
        raise NotImplementedError


def with_inbox(**settings: Any) -> Inbox:
    return replace(INBOX, **settings)
