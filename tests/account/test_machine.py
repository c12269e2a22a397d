"""The interpreter of definitions, and the clock that it lives on: they do what Step Functions' guide says."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.account.kernel import Process, Simulation
from tests.account.machine import ExecutionError, Run, TaskError
from tests.unit.examples import NOW

RETRY = {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 3, "JitterStrategy": "NONE"}


def run(work_of: Callable[[Simulation, Any], int]) -> Process:
    """A Task and what follows, until the end of it."""
    work = {
        "Type": "Task",
        "Resource": "any",
        "Arguments": {"Retries": "{% $states.context.State.RetryCount %}"},
        "Retry": [RETRY],
        "Catch": [{"ErrorEquals": ["Broken"], "Assign": {"why": "{% $states.errorOutput.Cause %}"}, "Next": "Fail"}],
        "Assign": {"found": "{% $states.result %}"},
        "Next": "Big?",
    }
    choices = [{"Condition": "{% $found > 5 %}", "Next": "Done"}]
    states = {
        "Work": work,
        "Big?": {"Type": "Choice", "Choices": choices, "Default": "Work"},
        "Done": {"Type": "Succeed", "Output": {"Found": "{% $found %}"}},
        "Fail": {"Type": "Fail", "Error": "Gone", "Cause": "{% $why %}"},
    }
    simulation = Simulation(NOW)
    machine = Run(
        {"StartAt": "Work", "States": states},
        {},
        simulation=simulation,
        task=lambda _resource, arguments, _seconds: work_of(simulation, arguments),
        chance=random.Random(0),  # noqa: S311 - a simulation
        entered=lambda _state: None,
    )
    process = simulation.begin(machine.run)
    simulation.run(1000)
    return process


def test_a_task_is_tried_again_as_its_retrier_says_and_counts_its_tries() -> None:
    tries: list[tuple[float, int]] = []

    def work(simulation: Simulation, arguments: Any) -> int:
        tries.append((simulation.seconds, arguments["Retries"]))
        if len(tries) < 4:
            raise TaskError("Busy", "")
        return 9

    assert run(work).value == {"Found": 9}
    assert tries == [(0, 0), (2, 1), (6, 2), (14, 3)]


@pytest.mark.parametrize(("error", "fails_with"), [("Busy", "Busy"), ("Broken", "Gone"), ("Odd", "Odd")])
def test_what_no_try_makes_good_is_caught_or_ends_the_execution(error: str, fails_with: str) -> None:
    def work(*_: Any) -> int:
        raise TaskError(error, "so")

    process = run(work)
    assert isinstance(process.error, ExecutionError)
    assert (process.error.error, process.error.cause) == (fails_with, "so")


def test_who_waits_for_another_goes_on_when_it_ends_or_when_the_time_is_up() -> None:
    simulation = Simulation(NOW)
    seen: list[tuple[str, float]] = []
    slow = simulation.begin(lambda: simulation.sleep(10))

    def waits(name: str, seconds: float) -> None:
        seen.append((name if slow.wait(seconds) else f"{name}, in vain", simulation.seconds))

    simulation.begin(lambda: waits("patient", 20))
    simulation.begin(lambda: waits("impatient", 5))
    simulation.run(60)
    assert seen == [("impatient, in vain", 5), ("patient", 10)]


def test_who_is_killed_does_nothing_more() -> None:
    simulation = Simulation(NOW)
    done: list[str] = []

    def body() -> None:
        done.append("began")
        simulation.sleep(10)
        done.append("ended")

    process = simulation.begin(body)
    simulation.after(5, process.kill)
    simulation.run(60)
    assert done == ["began"]
    assert process.ended
    assert process.killed
