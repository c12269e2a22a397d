"""Amazon DynamoDB: one request at a time, as moto's tables are made for one thread."""

from __future__ import annotations

import threading
from typing import Any

from moto.dynamodb.responses import DynamoHandler

from emulator.seams.patching import patch

_one_at_a_time = threading.RLock()
_call_action = DynamoHandler.call_action


def _call_alone(self: DynamoHandler) -> Any:
    with _one_at_a_time:
        return _call_action(self)


def install() -> None:
    """Put the patch in place."""
    # For a transaction moto copies the tables, and puts the copies back if it is cancelled: what others had written
    # meanwhile was lost, and a write while it copied was a server error. A condition and its write were two steps.
    patch(DynamoHandler, "call_action", _call_alone)
