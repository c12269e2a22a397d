"""The definitions as the tests here see them: every machine, its Tasks, and who follows whom."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tools.asl import StateMachine, lambda_placeholder, state_machines, waits_for_a_token
from tools.templates import Template

WORKLOADS = {"detect_batch", "drain_inbox"}
"""They use models, and notify nobody: what is said of notifications is not said of them."""
EVERY_ONE = state_machines()
PROGRAMS = [*EVERY_ONE, *(child for machine in EVERY_ONE for child in machine.children.values())]
MACHINES = [machine for machine in EVERY_ONE if machine.name not in WORKLOADS]
LATEST_DEADLINE_SECONDS = {"start_model": 30 * 86400 + 86400, "stop_model": 86400}
"""``ReadyAt`` is at most 30 days ahead, ``TimeoutSeconds`` at most a day. A run may last as long as its workload."""
TASKS = [(machine, name) for machine in EVERY_ONE for name in machine.tasks]
CALLS = [(machine, name) for machine, name in TASKS if lambda_placeholder(machine.states[name])]
"""The Tasks that invoke a function; the others start an execution."""
WAITING = [(machine, name) for machine, name in CALLS if waits_for_a_token(machine.states[name])]
"""Of those, the ones that go on until somebody sends a token: they have no timeout, but a heartbeat."""


def _machine_id(value: object) -> str | None:
    return value.name if isinstance(value, StateMachine) else None


def each(names: Any, values: Iterable[Any]) -> Callable[[Any], Any]:
    """A test of each of them, with its machine's name."""
    return pytest.mark.parametrize(names, list(values), ids=_machine_id)


every_program = each("machine", PROGRAMS)
every_one = each("machine", EVERY_ONE)
every_machine = each("machine", MACHINES)
lifecycle_machine = each("machine", [machine for machine in MACHINES if machine.name in LATEST_DEADLINE_SECONDS])
"""Those that start and stop models themselves, by the contract's errors alone."""
every_task = each(("machine", "task"), TASKS)
every_call = each(("machine", "task"), CALLS)


def machine_called(name: str) -> StateMachine:
    """The machine of a file, such as ``run_with_model``."""
    (found,) = (machine for machine in EVERY_ONE if machine.name == name)
    return found


def successors(machine: StateMachine) -> dict[str, set[str]]:
    """Of each state, those that may follow."""
    following: dict[str, set[str]] = {name: set() for name in machine.states}
    for way in machine.transitions:
        following[way.source].add(way.target)
    return following


def reachable(following: dict[str, set[str]], start: str) -> set[str]:
    """A state, and all that may come after it."""
    seen, todo = set(), [start]
    while todo:
        if (state := todo.pop()) not in seen:
            seen.add(state)
            todo += following.get(state, ())
    return seen


def function_of(machine: StateMachine, task: str, stack: Template) -> tuple[str, dict[str, Any]]:
    """The function that a Task invokes: its handler's module, and its properties in the template."""
    placeholder = lambda_placeholder(machine.states[task])
    assert placeholder is not None
    handler = stack.invoked(stack.machine(machine.text)["DefinitionSubstitutions"][placeholder])
    return handler, stack.functions[handler]


def notifying(machine: StateMachine) -> set[str]:
    """The Tasks that notify people."""
    return {task for task, state in machine.tasks.items() if lambda_placeholder(state) == "NotifyFunctionArn"}
