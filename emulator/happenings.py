"""An event that somebody lets happen: put on its bus, with what its rules make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.deliveries import Deliveries
from emulator.seams import events

_WAIT_SECONDS = 60
_NEEDED = {"source": str, "detail-type": str, "detail": dict}
_POSSIBLE = {"id": str, "time": str, "resources": list, "account": str, "region": str, "version": str, "bus": str}


class EventError(Exception):
    """It is no event, there is no such bus, or no rule matches; the message says which."""


def happen(
    given: Mapping[str, Any], account_id: str, region: str, deliveries: Deliveries, *, times: int
) -> dict[str, Any]:
    """Put an event on its bus so many times, and wait for its deliveries: ``Emulator.event`` says more."""
    event = _checked(given)
    bus = event.pop("bus", "default")
    before = len(deliveries.list())
    try:
        rules = events.rules(account_id, region, bus)
    except KeyError as error:
        raise EventError(f"there is no event bus {bus}") from error
    put = events.put(account_id, region, bus, event)
    matching = [rule.name for rule in rules if events.matches(rule, put)]
    if not matching:
        existing = ", ".join(f"{rule.name} ({rule.state}) {rule.event_pattern.dump()}" for rule in rules)
        raise EventError(f"no rule of the bus {bus} matches; there is {existing or 'none'}")
    for _ in range(times - 1):
        events.put(account_id, region, bus, put)
    own = [one for one in deliveries.list()[before:] if one.event["id"] == put["id"]]
    deliveries.wait(own, _WAIT_SECONDS)
    return {
        "Id": put["id"],
        "Bus": bus,
        "Rules": matching,
        "Deliveries": [
            {
                "Rule": one.rule,
                "Target": one.target,
                "Status": one.status,
                "ExecutionArn": one.execution_arn,
                "Error": one.error,
            }
            for one in own
        ],
    }


def _checked(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise EventError("an event is a JSON object")
    known = _NEEDED | _POSSIBLE
    problems = [f"{name} is missing" for name in _NEEDED if name not in given]
    problems += [f"{name} is unknown" for name in given if name not in known]
    problems += [
        f"{name} has to be of type {known[name].__name__}"
        for name, value in given.items()
        if name in known and not isinstance(value, known[name])
    ]
    if problems:
        raise EventError(f"it is no event: {'; '.join(problems)}")
    return dict(given)
