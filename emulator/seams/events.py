"""EventBridge: the events of AWS's own services."""

from __future__ import annotations

import copy
import time
import uuid
from typing import Any

from moto.events.models import events_backends


def publish(
    account_id: str, region: str, *, source: str, detail_type: str, resources: list[str], detail: dict[str, Any]
) -> None:
    """Put an event of an AWS service on the default bus: PutEvents is for other sources."""
    now = time.time()
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account_id,
        "time": now,
        "region": region,
        "resources": resources,
        "detail": detail,
        "ingestion-time": now,
    }
    for rule in list(events_backends[account_id][region].event_buses["default"].rules.values()):
        rule.send_to_targets(copy.deepcopy(event))
