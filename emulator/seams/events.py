"""EventBridge: rules invoke functions, and the events of AWS's own services."""

from __future__ import annotations

import copy
import logging
import time
import uuid
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
from moto.events.models import Rule, events_backends
from moto.utilities.arns import parse_arn

from emulator.seams.patching import connection, patch

_log = logging.getLogger(__name__)


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


def _as_delivered(event: dict[str, Any]) -> dict[str, Any]:
    """The event as targets get it: moto keeps its time as a number, and beside it when it came."""
    delivered = {name: value for name, value in event.items() if name != "ingestion-time"}
    return {**delivered, "time": iso_8601_datetime_without_milliseconds(utcfromtimestamp(int(event["time"])))}


def install() -> None:
    """Put the patch in place."""
    send: Any = Rule.send_to_targets

    def send_to_each(self: Rule, event: Any, *rest: Any, **more: Any) -> None:
        by_schedule = self.event_pattern.dump() is None and self.scheduled_expression
        if self.state != "ENABLED" or by_schedule or not self.event_pattern.matches_event(event):
            return
        for target in self.targets:
            if parse_arn(target["Arn"]).service == "lambda":
                if connection.deliver is not None:
                    connection.deliver(self.name, target, _as_delivered(event))
                continue
            alone = copy.copy(self)
            alone.targets = [target]
            try:
                send(alone, event, *rest, **more)
            except NotImplementedError:
                _log.warning("The emulator delivers no event of the rule %s to %s", self.name, target["Arn"])

    # moto has no functions among its targets; it refuses the whole PutEvents when a rule with one matches. It also
    # sends what matches a disabled rule, and everything to a rule that only has a schedule.
    patch(Rule, "send_to_targets", send_to_each)
