"""A state machine's definition as a graph: who follows whom, and why. The tests check it, the pictures draw it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

DEFINITIONS = Path(__file__).parent.parent / "statemachine"
_TYPES = frozenset({"Task", "Choice", "Wait", "Pass", "Map", "Succeed", "Fail"})
_LAMBDA = "arn:aws:states:::lambda:invoke"
_WAITING = f"{_LAMBDA}.waitForTaskToken"


class Why(Enum):
    """Why a state follows another."""

    NEXT = auto()
    CHOICE = auto()
    DEFAULT = auto()
    CATCH = auto()


@dataclass(frozen=True, slots=True)
class Transition:
    """From a state to the next; ``assigns`` names the variables that are set on the way."""

    source: str
    target: str
    why: Why
    condition: str | None = None
    assigns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A definition.

    Parameters
    ----------
    name : str
        Of its file, such as ``start_model``.
    text : str
        The file as it is.
    """

    name: str
    text: str

    @property
    def definition(self) -> dict[str, Any]:
        """The whole, parsed."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @property
    def states(self) -> Mapping[str, dict[str, Any]]:
        """The states by name; ValueError where one is of a type that this module can't follow."""
        states: dict[str, dict[str, Any]] = self.definition["States"]
        if unknown := {state["Type"] for state in states.values()} - _TYPES:
            raise ValueError(f"{self.name}: states of type {', '.join(sorted(unknown))} can't be followed yet")
        return states

    @property
    def tasks(self) -> Mapping[str, dict[str, Any]]:
        """The states that do something."""
        return {name: state for name, state in self.states.items() if state["Type"] == "Task"}

    @property
    def children(self) -> Mapping[str, "StateMachine"]:
        """What each Map runs for each of its items, by the Map's name: a definition like any other."""
        return {
            name: StateMachine(
                self.name, json.dumps({"QueryLanguage": self.definition["QueryLanguage"], **state["ItemProcessor"]})
            )
            for name, state in self.states.items()
            if state["Type"] == "Map"
        }

    @property
    def transitions(self) -> list[Transition]:
        """All of them, in the definition's order."""
        return [transition for name, state in self.states.items() for transition in _transitions(name, state)]

    @property
    def placeholders(self) -> frozenset[str]:
        """What the template substitutes, such as ``StartFunctionArn``."""
        return frozenset(re.findall(r"\$\{(\w+)\}", self.text))


def state_machines() -> list[StateMachine]:
    """Every state machine of the app."""
    suffix = ".asl.json"
    files = sorted(DEFINITIONS.glob(f"*{suffix}"))
    return [StateMachine(file.name.removesuffix(suffix), file.read_text("utf-8")) for file in files]


def lambda_placeholder(task: Mapping[str, Any]) -> str | None:
    """The placeholder of the function that a Task invokes; None where it invokes none."""
    if task["Resource"] not in (_LAMBDA, _WAITING):
        return None
    return str(task["Arguments"]["FunctionName"]).removeprefix("${").removesuffix("}")


def waits_for_a_token(task: Mapping[str, Any]) -> bool:
    """Whether a Task goes on after its function has answered, until somebody sends its token."""
    return bool(task["Resource"] == _WAITING)


def expressions(part: Any) -> Iterator[str]:
    """Every JSONata expression in a part of a definition, without its ``{% %}``."""
    match part:
        case dict():
            for value in part.values():
                yield from expressions(value)
        case list():
            for value in part:
                yield from expressions(value)
        case str() if part.startswith("{%"):
            yield part.removeprefix("{%").removesuffix("%}").strip()


def _transitions(name: str, state: Mapping[str, Any]) -> Iterator[Transition]:
    own = frozenset(state.get("Assign", {}))
    if "Next" in state:
        yield Transition(name, state["Next"], Why.NEXT, assigns=own)
    for rule in state.get("Choices", ()):
        yield Transition(name, rule["Next"], Why.CHOICE, rule["Condition"], frozenset(rule.get("Assign", {})))
    if "Default" in state:
        yield Transition(name, state["Default"], Why.DEFAULT, assigns=own)
    for catcher in state.get("Catch", ()):
        yield Transition(name, catcher["Next"], Why.CATCH, assigns=frozenset(catcher.get("Assign", {})))
