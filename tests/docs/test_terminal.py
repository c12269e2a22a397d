"""What comes of what docs/console.md, docs/events.md and the stack's outputs tell people to type."""

import json

import pytest

from emulator.server import Emulator
from infra.settings.event_rules import problems_of_event_rules
from infra.settings.settings import STACK_NAME, Settings
from tests.deployed.app import EVENT_RULES, MODEL, SETTINGS
from tests.deployed.executions import Execution, StateMachine, wait_until
from tests.deployed.terminal import run
from tests.docs.reading import blocks


@pytest.fixture
def running(emulator: Emulator) -> Emulator:
    """The emulator with its model RUNNING: what is started answers at once."""
    emulator.custom_labels.put(MODEL, "RUNNING")
    return emulator


def executed(machine: StateMachine, said: str) -> Execution:
    """The execution that `start-execution` has answered with."""
    return machine.wait(json.loads(said)["executionArn"])


# --- The console and the terminal -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("running")
def test_the_console_input_starts_the_model(start_model: StateMachine) -> None:
    assert start_model.run(json.loads(blocks("docs/console.md", "json")[0])).output["ProjectVersionArn"] == MODEL


def test_the_commands_of_the_outputs_start_a_model_and_release_it(
    running: Emulator, start_model: StateMachine, stop_model: StateMachine
) -> None:
    start_model.run({"Model": "defects", "LeaseId": "somebody"})
    started = executed(start_model, run(running, running.outputs["StartModelCommand"]))
    assert (started.output["ProjectVersionArn"], started.output["LeaseId"]) == (MODEL, "by-hand")
    released = executed(stop_model, run(running, running.outputs["StopModelCommand"]))
    assert released.output["Outcome"] == "MODEL_KEPT_RUNNING"
    assert "by-hand" not in [lease["LeaseId"] for lease in released.output["Leases"]]


# --- Events -----------------------------------------------------------------------------------------------------------


def test_the_settings_of_the_page_are_right_and_those_that_are_tested_here() -> None:
    rules, stop, _, trusted = blocks("docs/events.md", "json")
    settings = json.loads(f"{{{rules}, {trusted}}}")
    settings["event_rules"].append(json.loads(stop))
    assert settings["event_rules"][0] == EVENT_RULES[0]
    assert settings["trusted_principals"] == SETTINGS["trusted_principals"]
    assert problems_of_event_rules({**SETTINGS, **settings}, STACK_NAME) == []
    assert len(Settings.from_context({**SETTINGS, **settings}).event_rules) == 2


def test_the_event_of_the_page_starts_the_model(running: Emulator, start_model: StateMachine) -> None:
    event, _ = blocks("docs/events.md", "shell")
    before = len(running.deliveries.list())
    assert json.loads(run(running, event))["FailedEntryCount"] == 0

    def started() -> list[str]:
        own = (one for one in running.deliveries.list()[before:] if one.rule.endswith(".shift-begins"))
        return [one.execution_arn for one in own if one.execution_arn]

    execution = start_model.wait(wait_until(started)[0])
    assert (execution.output["ProjectVersionArn"], execution.output["LeaseId"]) == (MODEL, "event/shift-begins")


def test_the_event_in_a_file_matches_the_same_rule(running: Emulator, start_model: StateMachine) -> None:
    happened = running.event(json.loads(blocks("docs/events.md", "json")[2]))
    assert happened["Rules"] == ["CustomLabelsLifecycle.shift-begins"]
    assert start_model.wait(happened["Deliveries"][0]["ExecutionArn"]).status == "SUCCEEDED"
