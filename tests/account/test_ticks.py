"""Ticks of schedules as EventBridge Scheduler may deliver them: late, twice, alone, killed on their way."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Schedule
from lifecycle.shared.wire import timestamp
from tests.account.conftest import SCENES
from tests.account.faults import Death
from tests.account.functions import ENVIRONMENT, SHIFT, TIMEOUTS, Functions, loaded
from tests.account.scene import Scene
from tests.unit.examples import NOW

BEGIN, END = NOW + timedelta(minutes=10), NOW + timedelta(minutes=40)
"""Of the shift."""
READY_BY = NOW + timedelta(hours=2)


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    by = Schedule("defects", "UTC", ready_by="0 9 ? * * *", stop="0 12 ? * * *")
    with loaded(TIMEOUTS, replace(SCENES, schedules={"shift": SHIFT, "early": by}), ENVIRONMENT) as functions:
        yield functions


def tick(scene: Scene, action: str, at: datetime, schedule: str = "shift", ahead: int = 0) -> Any:
    """The tick comes at its time, or now where that is over."""
    scene.passes(max(0, (at - scene.now).total_seconds()))
    event = {"Schedule": schedule, "Action": action, "ScheduledTime": timestamp(at), "HoursAhead": ahead}
    return scene.call("tick", event)["Outcome"]


def test_a_stop_whose_start_never_came_does_nothing_and_nobody_is_notified(scene: Scene) -> None:
    assert tick(scene, "stop", END) == "NOTHING_TO_STOP"
    scene.passes(900)
    assert (scene.account.stepfunctions.executions, scene.mails, scene.account.bus.sent) == ({}, [], [])


def test_a_tick_that_comes_again_is_repeated_while_its_execution_goes_on_and_afterwards(scene: Scene) -> None:
    """While it goes on, Step Functions answers as if it had started it."""
    assert [tick(scene, "start", BEGIN) for _ in range(2)] == ["ACTED", "REPEATED"]
    scene.until(lambda: not scene.under_way)
    assert tick(scene, "start", BEGIN) == "REPEATED"
    assert [tick(scene, "stop", END) for _ in range(2)] == ["ACTED", "REPEATED"]
    scene.until(lambda: not scene.under_way)
    assert tick(scene, "stop", END) == "REPEATED"
    assert scene.outcomes == ["MODEL_STARTED", "MODEL_STOPPED"]


@pytest.mark.parametrize("after", [False, True], ids=["before its call", "after its call"])
@pytest.mark.parametrize("action", ["start", "stop"])
def test_a_tick_that_is_killed_is_delivered_again_and_acts_once(scene: Scene, action: str, after: bool) -> None:
    if action == "stop":
        assert tick(scene, "start", BEGIN) == "ACTED"
        scene.until(lambda: not scene.under_way)
    at = BEGIN if action == "start" else END
    scene.passes(max(0, (at - scene.now).total_seconds()))
    scene.fails(Death(), "stepfunctions:StartExecution", "tick", after=after)
    with pytest.raises(AssertionError):
        tick(scene, action, at)
    scene.mends()
    assert tick(scene, action, at) == ("REPEATED" if after else "ACTED")
    scene.until(lambda: not scene.under_way)
    assert scene.outcomes == ["MODEL_STARTED", "MODEL_STOPPED"][: 1 if action == "start" else 2]


def test_a_model_is_ready_by_its_time_whichever_of_its_ticks_come_and_is_stopped_after_it(scene: Scene) -> None:
    assert tick(scene, "ready", READY_BY - timedelta(hours=1), "early", 1) == "ACTED"
    assert tick(scene, "ready", READY_BY - timedelta(hours=2), "early", 2) == "REPEATED"
    scene.until(lambda: scene.lease_ids == ["schedule/early"], 3600)
    assert scene.now <= READY_BY
    assert tick(scene, "stop", READY_BY + timedelta(hours=3), "early") == "ACTED"
    scene.until(lambda: scene.status == "STOPPED", 1200)


def test_a_ready_tick_that_comes_too_late_for_its_time_still_starts_at_once(scene: Scene) -> None:
    late = READY_BY - timedelta(hours=1)
    scene.passes((READY_BY - scene.now).total_seconds() + 60)
    assert tick(scene, "ready", late, "early", 1) == "ACTED"
    scene.until(lambda: scene.status == "RUNNING", 3600)
