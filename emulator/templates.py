"""What CloudFormation refuses of a template before it begins: without it, a stack would stay half made."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator
from typing import Any

_SUBSTITUTED = re.compile(r"\$\{([^!}][^}]*)\}")


def template_problem(template: Any) -> str | None:
    """Why a template is refused, in CloudFormation's words."""
    if not isinstance(template, dict):
        return "Template format error: unsupported structure."
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        return "Template format error: At least one Resources member must be defined."
    if without := [name for name, one in resources.items() if not isinstance(one, dict) or "Type" not in one]:
        return f"Template format error: [/Resources/{without[0]}] Every Resources object must contain a Type member."
    if "Transform" in template:  # a macro makes what is not there yet
        return None
    return _reference_problem(resources, {*resources, *template.get("Parameters", {})})


def _reference_problem(resources: dict[str, Any], known: set[str]) -> str | None:
    needs = {name: {*_references(resource), *_depends_on(resource)} for name, resource in resources.items()}
    lost = sorted({one for found in needs.values() for one in found if not one.startswith("AWS::")} - known)
    if lost:
        return (
            f"Template format error: Unresolved resource dependencies [{', '.join(lost)}] in the Resources block of "
            "the template"
        )
    try:
        graphlib.TopologicalSorter({name: found & resources.keys() for name, found in needs.items()}).prepare()
    except graphlib.CycleError as error:
        return f"Circular dependency between resources: [{', '.join(sorted(set(error.args[1])))}]"
    return None


def _depends_on(resource: dict[str, Any]) -> list[str]:
    named = resource.get("DependsOn", [])
    return [named] if isinstance(named, str) else named


def _references(value: Any) -> Iterator[str]:
    """The logical names that a value refers to, pseudo parameters too."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    if not isinstance(value, dict):
        return
    for name, given in value.items():
        if len(value) == 1 and name == "Ref" and isinstance(given, str):
            yield given
        elif len(value) == 1 and name == "Fn::GetAtt":
            yield str(given).partition(".")[0] if isinstance(given, str) else str(given[0])
        elif len(value) == 1 and name == "Fn::Sub":
            yield from _substituted(given)
        else:
            yield from _references(given)


def _substituted(given: Any) -> Iterator[str]:
    text, values = (given, {}) if isinstance(given, str) else given
    yield from _references(values)
    for name in _SUBSTITUTED.findall(text):
        if name not in values:
            yield name.partition(".")[0]
