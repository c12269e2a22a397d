"""Somebody ends an execution of an inbox's run, in whichever state: nothing is lost, and nothing is left behind."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
import time_machine

from lifecycle.inbox import record as records
from tests.account.account import Abortion, definition
from tests.account.faults import Answer, Fault
from tests.account.functions import DRAIN_INBOX, Functions
from tests.account.inboxes import NAME, InboxScene, inbox_functions
from tests.unit.examples import MACHINES, NOW

KEYS = ("a.png", "b.png", "c.png")
RUN, START, STOP = MACHINES.run_with_model, MACHINES.start_model, MACHINES.stop_model
DENIED = Fault(Answer("AccessDenied"), "rekognition:DetectCustomLabels", "inbox_worker", None)
ENDED = [
    (DRAIN_INBOX, "Drain the inbox"),
    (DRAIN_INBOX, "Was it opened?"),
    (DRAIN_INBOX, "Close the inbox"),
    (DRAIN_INBOX, "Wait for the workers"),
    (RUN, "Prepare the run"),
    (RUN, "Start the model"),
    (RUN, "Run the workload"),
    (RUN, "Release the model"),
    (RUN, "Notify: failed"),
    *((START, state) for state in ("Prepare the request", "Check the model", "Start the model", "Wait")),
    (START, "Notify: running"),
    *((STOP, state) for state in ("Prepare the request", "Check the model", "Stop the model", "Wait")),
    (STOP, "Notify: stopped or kept running"),
]
"""Each state in which a run's executions can be ended, by machine."""
OF_FAILURES = {"Was it opened?", "Close the inbox", "Release the model", "Notify: failed"}
"""States that a run is in for a while only where its images are denied."""


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    with inbox_functions() as functions:
        yield functions


@pytest.mark.parametrize(("machine", "state"), ENDED, ids=lambda one: one.rpartition("-")[2])
def test_an_execution_may_be_ended_in_each_state(functions: Functions, machine: str, state: str) -> None:
    with time_machine.travel(NOW, tick=False) as traveller:
        faults = [DENIED] if state in OF_FAILURES else []
        scene = InboxScene(functions, traveller, faults=faults, abortions=[Abortion(machine, state)])
        scene.drop(*KEYS, after=10)
        scene.until(lambda: [one for one in scene.account.stepfunctions.executions.values() if one.status == "ABORTED"])
        scene.account.abortions = ()
        scene.mends()
        scene.until(lambda: not scene.under_way)
        scene.passes(120)
        if machine == START:  # as if the model had been stopped: nothing undoes a person
            assert scene.table.get(NAME).paused
            assert scene.table.put(records.resume(scene.table.get(NAME), scene.simulation.now))
        scene.until(lambda: len(scene.results()) == len(KEYS) and scene.is_at_rest())
        scene.passes(600)
        assert (scene.detected, scene.dead.waiting) == (dict.fromkeys(KEYS, 1), 0)
        assert scene.is_at_rest()
        item = scene.account.items[-1][1]
        assert [item.get(held) for held in ("Leases", "Pending", "Claim")] == [[], [], None], "nobody holds it"
        assert scene.outcomes.count("INBOX_BLOCKED") <= 1
        assert all(ended is not None and ended <= began for (_, ended, _), (began, _, _) in pairwise(scene.runs))
        assert len(scene.runs) <= 2


def test_there_is_no_other_state_in_which_a_run_waits(functions: Functions) -> None:
    with time_machine.travel(NOW, tick=False) as traveller:
        entered = set[tuple[str, str]]()
        for faults in ([], [DENIED]):
            scene = InboxScene(functions, traveller, faults=faults)
            scene.drop(*KEYS, after=10)
            scene.until(lambda scene=scene: scene.runs and not scene.under_way)  # type: ignore[misc] # one for each
            executions = scene.account.stepfunctions.executions.values()
            entered |= {(one.machine_arn, state) for one in executions for state in one.states}
    waits = {(arn, state) for arn, state in entered if definition(arn)["States"][state]["Type"] in {"Task", "Wait"}}
    assert waits - set(ENDED) == set()
