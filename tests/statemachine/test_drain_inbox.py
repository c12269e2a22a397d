"""What holds for DrainInbox's definition alone. What holds for all: test_definitions.py, test_policies.py."""

import json
from typing import Any

import pytest
from jsonata import Jsonata

from lifecycle.inbox.errors import InboxBlocked
from lifecycle.inbox.record import WORKER_TIMEOUT
from tests.statemachine.graph import machine_called, successors
from tools.asl import expressions

MACHINE = machine_called("drain_inbox")
DRAIN = MACHINE.states["Drain the inbox"]


def evaluated(template: str, **given: Any) -> Any:
    (expression,) = expressions(template)
    program = Jsonata(expression)
    program.register_lambda("parse", json.loads)  # Step Functions has it beside JSONata's own functions
    return program.evaluate(None, given)


def next_state(name: str, failure: dict[str, str]) -> str:
    """Where a Choice leads after this failure."""
    for rule in MACHINE.states[name]["Choices"]:
        if evaluated(rule["Condition"], failure=failure):
            return str(rule["Next"])
    return str(MACHINE.states[name]["Default"])


def test_it_ends_by_itself_when_no_tick_looks_after_it_any_more() -> None:
    assert DRAIN["HeartbeatSeconds"] == 300, "four ticks in a row may be lost"
    assert "States.Timeout" not in {error for retrier in DRAIN["Retry"] for error in retrier["ErrorEquals"]}


def test_the_model_is_released_only_once_no_worker_can_be_at_an_image() -> None:
    wait = MACHINE.states["Wait for the workers"]
    assert wait["Seconds"] >= WORKER_TIMEOUT.total_seconds()
    ends = {name for name, targets in successors(MACHINE).items() if targets & {"Inbox is drained", "Run failed"}}
    assert ends == {"Has it failed?", "Was it opened?"}
    assert successors(MACHINE)["Wait for the workers"] == {"Has it failed?"}


def test_a_run_that_was_refused_closes_nothing_since_another_may_be_open() -> None:
    assert next_state("Was it opened?", {"Error": "InvalidRequest"}) == "Run failed"
    for error in ("InboxBlocked", "ServiceUnavailable", "AccessDenied"):
        assert next_state("Was it opened?", {"Error": error}) == "Close the inbox"


@pytest.mark.parametrize(("failure", "ends_as"), [({}, "Inbox is drained"), ({"Error": "InboxBlocked"}, "Run failed")])
def test_it_ends_as_the_tick_has_ended_it(failure: dict[str, str], ends_as: str) -> None:
    assert next_state("Has it failed?", failure) == ends_as


def test_a_block_reaches_the_execution_in_the_ticks_own_words() -> None:
    (catcher,) = (one for one in DRAIN["Catch"] if "InboxBlocked" in one["ErrorEquals"])
    output = {"errorOutput": {"Error": "InboxBlocked", "Cause": str(InboxBlocked("The model is FAILED."))}}
    cause = evaluated(catcher["Assign"]["failure"]["Cause"], states=output)
    assert json.loads(cause)["Message"] == "The model is FAILED."


def test_nobody_looking_after_it_is_an_error_that_says_so() -> None:
    (catcher,) = (one for one in DRAIN["Catch"] if one["ErrorEquals"] == ["States.ALL"])
    output = {"errorOutput": {"Error": "States.HeartbeatTimeout", "Cause": ""}}
    cause = json.loads(evaluated(catcher["Assign"]["failure"]["Cause"], states=output))
    assert cause["Message"].startswith("Nobody looks after the inbox any more.")
    assert "States.HeartbeatTimeout" in cause["Message"]
