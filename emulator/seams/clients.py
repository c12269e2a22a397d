"""The clients with which the emulator's services call each other."""

from __future__ import annotations

import functools
import threading
from typing import Any

import boto3
from botocore.config import Config

from emulator.seams.patching import connection

_lock = threading.Lock()
_clients: dict[tuple[str, str], Any] = {}


def client(service: str, region: str) -> Any:
    """The client of a service of this emulator; it neither validates nor retries, which is for its callers to do."""
    with _lock:
        if (service, region) not in _clients:
            _clients[service, region] = _session().client(
                service,  # type: ignore[call-overload]  # named at run time
                region_name=region,
                endpoint_url=connection.endpoint,
                config=Config(
                    parameter_validation=False,
                    retries={"total_max_attempts": 1},
                    read_timeout=900,
                    s3={"addressing_style": "path"},
                ),
            )
        return _clients[service, region]


def forget() -> None:
    """Forget the clients of an emulator that was here before."""
    with _lock:
        _clients.clear()


@functools.cache
def _session() -> boto3.Session:
    """One for all: each reads the services' descriptions anew, and none may be used by two threads at a time."""
    return boto3.Session(aws_access_key_id="emulator", aws_secret_access_key="emulator")
