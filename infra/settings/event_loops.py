"""An event rule that its own executions would fire again: each end would begin the next, for ever and for money."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

from infra.settings.event_patterns import Pattern
from lifecycle.executions.outcomes import DETAIL_TYPE, SOURCE, Outcome

MACHINES = {"start": "StartModel", "stop": "StopModel"}
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
COMES_AGAIN = {
    "start": (
        Outcome.MODEL_ALREADY_RUNNING,
        Outcome.START_FAILED,
        Outcome.START_TIMED_OUT,
        Outcome.EXECUTION_ABORTED,
    ),
    "stop": (
        Outcome.MODEL_ALREADY_STOPPED,
        Outcome.MODEL_KEPT_RUNNING,
        Outcome.STOP_FAILED,
        Outcome.STOP_TIMED_OUT,
        Outcome.EXECUTION_ABORTED,
    ),
}
"""By action, how an execution that follows upon such an end may end once more. (Whoever starts upon MODEL_STARTED meets
MODEL_ALREADY_RUNNING, and there it ends.)"""
_NAME = "9f0c1a52-6f0e-4a39-8d6a-0f4a2f1f7a10_5d1c7e44-9b1f-4f0e-8a57-3c2b9e6d4f21"
"""As EventBridge names an execution that it starts."""


def loops(rule: Mapping[str, Any], *, stack_name: str, region: str, account: str) -> bool:
    """Whether a rule would be fired by the ends of the executions that it starts."""
    action = rule.get("action", "start")
    bus = rule.get("event_bus", "default")
    if bus == "default":
        events = _of_step_functions(f"{stack_name}-{MACHINES[action]}", region, account)
    elif bus == f"{stack_name}-events":
        events = _of_ours(action, rule.get("model"), region, account)
    else:
        return False
    return any(matches(rule["pattern"], event) for event in events)


def _of_step_functions(machine: str, region: str, account: str) -> Iterator[Mapping[str, Any]]:
    """Step Functions Developer Guide, "Automating event delivery with EventBridge"."""
    home = f"arn:aws:states:{region}:{account}"
    execution = f"{home}:execution:{machine}:{_NAME}"
    for status in STATUSES:
        detail = {
            "executionArn": execution,
            "stateMachineArn": f"{home}:stateMachine:{machine}",
            "name": _NAME,
            "status": status,
            "startDate": 1793520000000,
            "input": "{}",
        }
        yield {
            "version": "0",
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "account": account,
            "region": region,
            "resources": [execution],
            "detail": detail,
        }


def _of_ours(action: str, model: str | None, region: str, account: str) -> Iterator[Mapping[str, Any]]:
    """docs/notifications.md; whatever severity an outcome has."""
    for outcome, severity in product(COMES_AGAIN[action], ("INFO", "WARNING", "ERROR")):
        named = {"Model": model} if model else {}
        yield {
            "version": "0",
            "source": SOURCE,
            "detail-type": DETAIL_TYPE,
            "account": account,
            "region": region,
            "resources": [],
            "detail": {"Outcome": outcome.value, "Severity": severity, **named},
        }


def matches(pattern: Pattern, event: Mapping[str, Any]) -> bool:
    """Whether a pattern matches an event (EventBridge User Guide, "Comparison operators").

    Any number passes a numeric filter, no address one of addresses: our own events have none that matter.
    """
    return all(
        any(matches(one, event) for one in wanted) if name == "$or" else _field(wanted, event.get(name))
        for name, wanted in pattern.items()
    )


def _field(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return matches(wanted, value if isinstance(value, Mapping) else {})
    values = value if isinstance(value, list) else [value]
    return any(_passes(one, each) for one in wanted for each in values or [None])


def _passes(one: Any, value: Any) -> bool:
    if not isinstance(one, Mapping):
        return bool(one == value)
    ((name, wanted),) = one.items()
    if name == "exists":
        return bool(wanted) == (value is not None)
    return value is not None and _FILTERS[name](wanted, value)


def _but(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return not _passes(wanted, value)
    return value not in (wanted if isinstance(wanted, list) else [wanted])


def _in_text(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    """A filter of strings, or of any of a list of them."""

    def passes(wanted: Any, value: Any) -> bool:
        texts = wanted if isinstance(wanted, list) else [wanted]
        return isinstance(value, str) and any(isinstance(one, str) and test(value, one) for one in texts)

    return passes


_FILTERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "anything-but": _but,
    "prefix": _in_text(str.startswith),
    "suffix": _in_text(str.endswith),
    "equals-ignore-case": _in_text(lambda value, text: value.lower() == text.lower()),
    "wildcard": _in_text(lambda value, text: fnmatchcase(value, text.replace("[", "[[]").replace("?", "[?]"))),
    "numeric": lambda _, value: isinstance(value, int),
    "cidr": lambda _, _value: False,
}
