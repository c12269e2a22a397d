"""An event rule that its own executions could fire again: each end would begin the next, for ever and for money.

This does not match events as EventBridge does: an imitation has gaps, and through each of them goes a loop. A pattern
is accepted where it is proven to keep out every event that an execution of its rule can bring about: because one of the
fields that all such events have may only have values there that they never have. What is not understood proves nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.settings.event_patterns import Pattern
from lifecycle.executions.outcomes import DETAIL_TYPE, SOURCE, Outcome

MACHINES = {"start": "StartModel", "stop": "StopModel"}
"""By action. The executions of either are followed by executions of the other: the sweep starts them."""
COMES_AGAIN = {
    "start": (
        Outcome.MODEL_ALREADY_RUNNING,
        Outcome.START_FAILED,
        Outcome.START_TIMED_OUT,
        Outcome.EXECUTION_ABORTED,
        # Its lease ends, the sweep stops the model, and it would be started once more.
        Outcome.LEASE_EXPIRING,
        Outcome.LEASE_EXPIRED,
        Outcome.MODEL_STOPPED,
    ),
    "stop": (
        Outcome.MODEL_ALREADY_STOPPED,
        Outcome.MODEL_KEPT_RUNNING,
        Outcome.STOP_FAILED,
        Outcome.STOP_TIMED_OUT,
        Outcome.EXECUTION_ABORTED,
    ),
}
"""By action, what may be reported again because of an execution that follows upon it. (Whoever starts upon
MODEL_STARTED meets MODEL_ALREADY_RUNNING, and there it ends.)"""
CALLS: Mapping[str, Collection[str]] = {
    "aws.rekognition": (
        "DescribeProjects",
        "DescribeProjectVersions",
        "StartProjectVersion",
        "StopProjectVersion",
    ),
    "aws.states": ("DescribeExecution", "StartExecution", "StopExecution"),
    "aws.dynamodb": (),
    "aws.events": (),
    "aws.kms": (),
    "aws.lambda": (),
    "aws.logs": (),
    "aws.sns": (),
    "aws.sqs": (),
    "aws.sts": (),
    "aws.xray": (),
}
"""What CloudTrail may record of an execution, by source: which calls, or any of them."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a field has in the events that a rule brings about: this text, or whatever begins with it."""

    text: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Absent:
    """The field is not there."""


Fields = Mapping[str, Any]
"""By a field's name what it may have, a tuple of ``Own`` and ``Absent``, or its own fields."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of events.

    Parameters
    ----------
    said : str
        What they are, after "could match".
    fields : Mapping
        Those that are known of all of them.
    narrower : str
        The field that tells the wanted ones apart where the source is theirs, and what to put there.
    """

    said: str
    fields: Fields
    narrower: str
    remedy: str


def problem(
    rule: Mapping[str, Any], *, stack_name: str, region: str, account: str, same_project: Collection[str] = ()
) -> str | None:
    """Why a rule could be fired by what its executions bring about, after the field that is to be mended.

    Parameters
    ----------
    same_project : collection of str
        The configured models of the same project as the rule's model; its versions may be reported by any of them.
    """
    home = {"account": account, "region": region} if account and region else {}
    for kind in _kinds(rule, stack_name, home, same_project):
        if not _excluded(rule["pattern"], kind.fields):
            own = kind.fields["source"][0]
            named = rule["pattern"].get("source")
            by_source = not (isinstance(named, list) and own.text in named)
            field = "source" if by_source else kind.narrower
            say = f'name the sources that are meant, such as ["factory"]; or, of {own.text}, in ' if by_source else ""
            remedy = f"{say}pattern.{kind.narrower}: {kind.remedy}" if by_source else kind.remedy
            return (
                f"pattern.{field}: could match {kind.said}: what this rule starts would fire it again, for ever. "
                f"{remedy[0].upper()}{remedy[1:]}"
            )
    return None


def _kinds(
    rule: Mapping[str, Any], stack_name: str, home: Mapping[str, str], same_project: Collection[str]
) -> Iterator[Kind]:
    action, bus = rule.get("action", "start"), rule.get("event_bus", "default")
    envelope = {name: (Own(value),) for name, value in home.items()}
    if bus == f"{stack_name}-events":
        yield _reported(action, rule.get("model"), envelope, same_project)
    if bus == "default":
        yield _ends(stack_name, home, envelope)
        yield from _calls(envelope)
        yield _alarms(stack_name, home, envelope)


def _ends(stack_name: str, home: Mapping[str, str], envelope: Fields) -> Kind:
    """Step Functions Developer Guide, "Automating event delivery with EventBridge"."""
    place = f"arn:aws:states:{home['region']}:{home['account']}" if home else None
    names = [f"{stack_name}-{machine}" for machine in MACHINES.values()]
    executions = tuple(Own(f"{place}:execution:{name}:" if place else "arn:", whole=False) for name in names)
    machines = tuple(Own(f"{place}:stateMachine:{name}") if place else Own("arn:", whole=False) for name in names)
    return Kind(
        f"the ends of {' and '.join(names)} (source aws.states)",
        {
            **envelope,
            "source": (Own("aws.states"),),
            "detail-type": (Own("Step Functions Execution Status Change"),),
            "resources": executions,
            "detail": {"stateMachineArn": machines, "executionArn": executions},
        },
        "detail.stateMachineArn",
        "list the ARNs of the state machines that are meant, each in full and none of these: "
        f'["{place or "arn:aws:states:REGION:ACCOUNT"}:stateMachine:NAME"]',
    )


def _calls(envelope: Fields) -> Iterator[Kind]:
    """EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"."""
    for source, calls in CALLS.items():
        names = {"eventName": tuple(map(Own, calls))} if calls else {}
        yield Kind(
            f"calls of this app's own, as CloudTrail records them (source {source})",
            {
                **envelope,
                "source": (Own(source),),
                "detail-type": (Own("AWS API Call via CloudTrail"),),
                "detail": {"stateMachineArn": (Absent(),), "executionArn": (Absent(),), **names},
            },
            "detail-type",
            'list the detail-types that are meant, and not "AWS API Call via CloudTrail"'
            + (f"; or other calls than {', '.join(calls)} in pattern.detail.eventName" if calls else ""),
        )


def _alarms(stack_name: str, home: Mapping[str, str], envelope: Fields) -> Kind:
    """Amazon CloudWatch User Guide, "Alarm events and EventBridge"."""
    place = f"arn:aws:cloudwatch:{home['region']}:{home['account']}:alarm:{stack_name}-" if home else "arn:"
    return Kind(
        f"the alarms of this app, {stack_name}-... (source aws.cloudwatch)",
        {
            **envelope,
            "source": (Own("aws.cloudwatch"),),
            "detail-type": (Own("CloudWatch Alarm State Change"),),
            "resources": (Own(place, whole=False),),
            "detail": {"alarmName": (Own(f"{stack_name}-", whole=False),)},
        },
        "detail.alarmName",
        'list the alarms that are meant, each in full and none of these: ["QueueIsLong"]',
    )


def _reported(action: str, model: str | None, envelope: Fields, same_project: Collection[str]) -> Kind:
    """docs/notifications.md."""
    outcomes = COMES_AGAIN[action]
    detail: dict[str, Any] = {"Outcome": tuple(Own(outcome.value) for outcome in outcomes)}
    if model:
        detail["Model"] = (*(Own(name) for name in (model, *same_project)), Absent())
    return Kind(
        f"what is reported about its own executions (source {SOURCE})",
        {**envelope, "source": (Own(SOURCE),), "detail-type": (Own(DETAIL_TYPE),), "detail": detail},
        "detail.Outcome",
        f"list the outcomes that are meant, and none of {', '.join(outcomes)}"
        + ("; or other models in pattern.detail.Model" if model else ""),
    )


def _excluded(pattern: Pattern, fields: Fields) -> bool:
    """Whether a pattern matches no event that has these fields; False where that is not proven.

    All of a pattern's fields have to match, so one that never does is enough; of alternatives, all have to be so.
    """
    return any(_alternatives_or_field(name, wanted, fields) for name, wanted in pattern.items())


def _alternatives_or_field(name: str, wanted: Any, fields: Fields) -> bool:
    if name == "$or":
        return all(_excluded(one, fields) for one in wanted)
    own = fields.get(name)
    if isinstance(own, Mapping):
        return isinstance(wanted, Mapping) and _excluded(wanted, own)
    return bool(own) and isinstance(wanted, list) and all(_never(one, each) for one in wanted for each in own or ())


def _never(wanted: Any, own: Own | Absent) -> bool:
    """Whether a value of a pattern, or a filter, is proven not to match what a field of this app has."""
    if isinstance(wanted, str):
        return isinstance(own, Absent) or not _may_be(wanted, own)
    if not isinstance(wanted, Mapping) or len(wanted) != 1:
        return False
    ((name, text),) = wanted.items()
    if isinstance(own, Absent):
        return name in _OF_TEXT
    if name == "anything-but":
        return _is_surely(text, own)
    return name in _OF_TEXT and isinstance(text, str) and not _OF_TEXT[name](text, own)


def _may_be(text: str, own: Own) -> bool:
    return text == own.text if own.whole else text.startswith(own.text)


def _may_begin(text: str, own: Own) -> bool:
    return own.text.startswith(text) or (not own.whole and text.startswith(own.text))


def _may_end(text: str, own: Own) -> bool:
    return own.text.endswith(text) or not own.whole


def _may_be_in_any_case(text: str, own: Own) -> bool:
    return not text.isascii() or _may_be(text.lower(), Own(own.text.lower(), own.whole))


def _may_fit(text: str, own: Own) -> bool:
    """A wildcard is judged by what stands before its first one; a backslash may escape what follows."""
    return _may_begin(text.replace("\\", "*").partition("*")[0], own)


_OF_TEXT = {
    "prefix": _may_begin,
    "suffix": _may_end,
    "equals-ignore-case": _may_be_in_any_case,
    "wildcard": _may_fit,
}
"""EventBridge User Guide, "Comparison operators". They match no field that is not there."""


def _is_surely(wanted: Any, own: Own) -> bool:
    """Whether what a field of this app has is for certain among what "anything-but" leaves out."""
    match wanted:
        case {"prefix": prefix, **rest} if not rest:
            return any(one and own.text.startswith(one) for one in _texts(prefix))
        case {"suffix": suffix, **rest} if not rest:
            return own.whole and any(one and own.text.endswith(one) for one in _texts(suffix))
        case _:
            return own.whole and own.text in _texts(wanted)


def _texts(wanted: Any) -> list[str]:
    return [one for one in (wanted if isinstance(wanted, list) else [wanted]) if isinstance(one, str)]
