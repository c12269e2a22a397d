"""Amazon S3 of the simulated account: objects, their versions, conditional writes, and an event of each."""

import hashlib
import io
import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.account.kernel import Simulation
from tests.account.services import ServiceError

Json = Any
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Stored:
    """One version of an object."""

    content: bytes
    etag: str
    version: str | None
    at: datetime
    metadata: Mapping[str, str]

    def described(self) -> Json:
        known = {
            "ETag": f'"{self.etag}"',
            "LastModified": self.at,
            "ContentLength": len(self.content),
            "Metadata": dict(self.metadata),
            "VersionId": self.version,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass
class S3:
    """Amazon S3, of which nobody is denied anything unless a fault says so.

    Parameters
    ----------
    created : callable
        Is told of each object that people or functions put: the event of EventBridge.
    versioned : set of str
        The buckets with versions.
    """

    simulation: Simulation
    created: Callable[[Json], object]
    versioned: set[str] = field(default_factory=set)
    buckets: dict[str, dict[str, Stored]] = field(default_factory=dict)
    written: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each object was put."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def put(self, bucket: str, key: str, content: bytes, metadata: Mapping[str, str] = NOTHING) -> Stored:
        """Somebody puts an object."""
        number = next(self._numbers)
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        version = f"v{number}" if bucket in self.versioned else None
        stored = Stored(content, etag, version, self.simulation.now, metadata)
        self.buckets.setdefault(bucket, {})[key] = stored
        self.written[bucket, key] += 1
        made = {"key": key, "size": len(content), "etag": etag, "sequencer": f"{number:016X}"}
        made |= {"version-id": version} if version else {}
        detail = {"version": "0", "bucket": {"name": bucket}, "object": made, "reason": "PutObject"}
        self.created({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
        return stored

    def delete(self, bucket: str, key: str) -> None:
        """Somebody deletes an object."""
        self.buckets[bucket].pop(key, None)

    def keys(self, bucket: str) -> list[str]:
        """Of all its objects, in the order of their bytes."""
        return sorted(self.buckets.get(bucket, {}), key=str.encode)

    # The service's operations

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, Metadata: Mapping[str, str] = NOTHING, **request: Json
    ) -> Json:
        before = self.buckets.get(Bucket, {}).get(Key)
        if request.get("IfNoneMatch") == "*" and before:
            raise ServiceError("PreconditionFailed")
        if wanted := request.get("IfMatch"):
            if before is None:
                raise ServiceError("NoSuchKey")
            if wanted.strip('"') != before.etag:
                raise ServiceError("PreconditionFailed")
        return self.put(Bucket, Key, Body, Metadata).described()

    def head_object(self, *, Bucket: str, Key: str, **_request: Json) -> Json:
        return self._found(Bucket, Key, "404").described()

    def get_object(self, *, Bucket: str, Key: str, **_request: Json) -> Json:
        found = self._found(Bucket, Key, "NoSuchKey")
        return {**found.described(), "Body": io.BytesIO(found.content)}

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "", StartAfter: str = "", **_request: Json) -> Json:
        here = self.buckets.get(Bucket, {})
        keys = [key for key in self.keys(Bucket) if key.startswith(Prefix) and key.encode() > StartAfter.encode()]
        found = [
            {"Key": key, "ETag": f'"{here[key].etag}"', "Size": len(here[key].content), "LastModified": here[key].at}
            for key in keys[:1000]
        ]
        return {"KeyCount": len(found), **({"Contents": found} if found else {})}

    def _found(self, bucket: str, key: str, code: str) -> Stored:
        found = self.buckets.get(bucket, {}).get(key)
        if found is None:
            raise ServiceError(code)
        return found
