"""EventBridge: rules invoke functions, start state machines and fill queues; the events of AWS's own services."""

from __future__ import annotations

import copy
import logging
import time
import uuid
from datetime import datetime
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
from moto.events.models import Rule, events_backends
from moto.utilities.arns import parse_arn

from emulator.seams.patching import connection, patch

_log = logging.getLogger(__name__)
_DELIVERED = {"lambda", "states", "sqs"}


def publish(
    account_id: str, region: str, *, source: str, detail_type: str, resources: list[str], detail: dict[str, Any]
) -> None:
    """Put an event of an AWS service on the default bus: PutEvents is for other sources."""
    event = {"source": source, "detail-type": detail_type, "resources": resources, "detail": detail}
    put(account_id, region, "default", event)


def put(account_id: str, region: str, bus: str, given: dict[str, Any]) -> dict[str, Any]:
    """Put an event on a bus, of any source, with the id and time it has or new ones. Returns it as targets get it."""
    now = time.time()
    at = datetime.fromisoformat(given["time"]).timestamp() if "time" in given else now
    made: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "account": account_id,
        "region": region,
        "resources": [],
        **given,
        "time": at,
    }
    for rule in rules(account_id, region, bus):
        event: Any = copy.deepcopy({**made, "ingestion-time": now})
        rule.send_to_targets(event)
    return _as_delivered(made)


def rules(account_id: str, region: str, bus: str) -> list[Rule]:
    """The rules of a bus; KeyError where there is no such bus."""
    return [*events_backends[account_id][region].event_buses[bus].rules.values()]


def matches(rule: Rule, event: Any) -> bool:
    """Whether a rule sends an event to its targets; one that only has a schedule sends none."""
    by_schedule = rule.event_pattern.dump() is None and rule.scheduled_expression
    if rule.state != "ENABLED" or by_schedule:
        return False
    try:
        return bool(rule.event_pattern.matches_event(_with_values(event)))
    except TypeError:  # a number is asked for, and the event has a text: that is no match, and nobody else's business
        return False


def _with_values(event: Any) -> Any:
    """Without lists that are empty: they have no value, so to a pattern the field is not there."""
    if not isinstance(event, dict):
        return event
    return {name: _with_values(value) for name, value in event.items() if value != []}


def _as_delivered(event: dict[str, Any]) -> dict[str, Any]:
    """The event as targets get it: moto keeps its time as a number, and beside it when it came."""
    delivered = {name: value for name, value in event.items() if name != "ingestion-time"}
    return {**delivered, "time": iso_8601_datetime_without_milliseconds(utcfromtimestamp(int(event["time"])))}


def install() -> None:
    """Put the patch in place."""
    send: Any = Rule.send_to_targets

    def send_to_each(self: Rule, event: Any, *rest: Any, **more: Any) -> None:
        if not matches(self, event):
            return
        for target in self.targets:
            if parse_arn(target["Arn"]).service in _DELIVERED:
                if connection.deliver is not None:
                    connection.deliver(self.arn, target, _as_delivered(event))
                continue
            alone = copy.copy(self)
            alone.targets = [target]
            try:
                send(alone, event, *rest, **more)
            except NotImplementedError:
                _log.warning("The emulator delivers no event of the rule %s to %s", self.name, target["Arn"])

    # moto has no functions and state machines among its targets; it refuses the whole PutEvents when a rule with one
    # matches, or when its queue is gone. It also sends what matches a disabled rule, and everything to a rule that only
    # has a schedule.
    patch(Rule, "send_to_targets", send_to_each)
