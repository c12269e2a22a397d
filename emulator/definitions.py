"""What Step Functions refuses in a definition though its grammar is right: transitions that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ENDS = {"Succeed", "Fail", "Choice"}
"""Types of states without a Next or an End."""


def lost_transitions(block: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Each transition of a machine, of its branches and of its Maps, that has no target, as Step Functions names it."""
    states = block.get("States", {})
    if block.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {block.get('StartAt')} at {path}/StartAt"
    for name, state in states.items():
        here = f"{path}/States/{name}"
        if state.get("Type") not in _ENDS and "Next" not in state and "End" not in state:
            yield f"SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at {here}"
        for at, target in _targets(state):
            if target not in states:
                yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {here}/{at}"
        for at, inner in _inner(state):
            yield from lost_transitions(inner, f"{here}/{at}")


def _targets(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Catch", "Choices"):
        for index, one in enumerate(state.get(field, ())):
            if "Next" in one:
                yield f"{field}[{index}]/Next", one["Next"]


def _inner(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, branch in enumerate(state.get("Branches", ())):
        yield f"Branches[{index}]", branch
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield field, state[field]
