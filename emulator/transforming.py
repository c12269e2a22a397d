"""What a rule's target gets of an event: as it is, a part of it, something fixed, or a template that is filled in.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_STEPS = re.compile(r"\.([A-Za-z0-9_/-]+)|\[(\d+)\]")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_NOTHING = object()


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """What a target gets of an event, as its ``Input``, ``InputPath`` or ``InputTransformer`` says."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        part = find(event, target["InputPath"])
        return "null" if part is _NOTHING else json.dumps(part)
    if "InputTransformer" in target:
        return transform(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def transform(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str) -> str:
    """Fill an input transformer's template in.

    Nothing is escaped, as the documentation warns: a string with a quote in it ends the string that it is put into.
    """
    paths: Mapping[str, str] = transformer.get("InputPathsMap") or {}
    values = {name: find(event, path) for name, path in paths.items()} | _predefined(event, rule_arn)
    template = transformer["InputTemplate"]
    quoted = _quoted(template)

    def fill(placeholder: re.Match[str]) -> str:
        if placeholder[1] not in values:
            return placeholder[0]
        return _written(values[placeholder[1]], in_string=quoted[placeholder.start()])

    return _PLACEHOLDER.sub(fill, template)


def find(event: Mapping[str, Any], path: str) -> Any:
    """What is at a path such as ``$.detail.images[0]``, or a mark that nothing is."""
    found: Any = event
    for key, index in _steps(path):
        try:
            found = found[key] if key else found[int(index)]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return found


def _steps(path: str) -> Iterator[tuple[str, str]]:
    rest = path.removeprefix("$")
    while rest:
        step = _STEPS.match(rest)
        if step is None:
            raise ValueError(f"the emulator knows paths of names and numbers, as $.detail.images[0], and not {path}")
        yield step[1], step[2]
        rest = rest[step.end() :]


def _predefined(event: Mapping[str, Any], rule_arn: str) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }


def _quoted(template: str) -> list[bool]:
    """For each character, whether it is inside a string."""
    inside, escaped, marks = False, False, []
    for character in template:
        marks.append(inside)
        if character == '"' and not escaped:
            inside = not inside
        escaped = character == "\\" and not escaped
    return marks


def _written(value: Any, *, in_string: bool) -> str:
    if value is _NOTHING:
        return ""
    if isinstance(value, str):
        return value if in_string else f'"{value}"'
    text = json.dumps(value)
    return text.replace('"', "") if in_string else text
