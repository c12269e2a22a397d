"""Schedules of one model that meet: it stays RUNNING, whatever becomes of the ticks, and is let go in the end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
import time_machine

from lifecycle.configuration import Model, Schedule
from lifecycle.shared.wire import timestamp
from tests.account.account import Account
from tests.account.functions import CONFIGURATION, Functions, loaded
from tests.account.scene import STOP_MODEL, Scene
from tests.account.stories import QUICK
from tests.unit.examples import ACCOUNT, NOW


def every_day(stop: str, *, start: str | None = None, ready_by: str | None = None) -> Schedule:
    cron = {time: f"{time[3:]} {time[:2]} * * ? *" for time in (start, ready_by, stop) if time}
    return Schedule(
        "defects",
        "Europe/Berlin",
        start=cron.get(start or ""),
        ready_by=cron.get(ready_by or ""),
        stop=cron[stop],
    )


SCHEDULES = {
    "early": every_day("09:00", start="08:10"),
    "late": every_day("10:00", start="09:00"),
    "noon": every_day("13:00", start="12:00"),
    "soon": every_day("14:00", start="13:20"),
    "tea": every_day("17:00", start="16:00"),
    "evening": every_day("19:00", ready_by="17:45"),
    "fresh": replace(every_day("19:00", ready_by="17:45"), model="newest"),
    "shifts": replace(every_day("21:00", start="20:00"), start="0 20,21 * * ? *", stop="0 21,22 * * ? *"),
}
STOPPED = 30 * 60
"""Seconds until a model is stopped that nobody holds: what leases last beyond their stop, and a sweep."""


def clock(text: str) -> datetime:
    """A time of the day of these stories, in Berlin."""
    return datetime.fromisoformat(f"{NOW:%Y-%m-%d}T{text}:00+01:00")


@pytest.fixture(scope="module")
def scheduled() -> Iterator[Functions]:
    models = {**CONFIGURATION.models, "newest": Model(project="welds")}
    settings = replace(CONFIGURATION, models=models, schedules=SCHEDULES, lease_warning_minutes=15)
    with loaded(settings=settings) as functions:
        yield functions


@pytest.fixture
def scene(scheduled: Functions) -> Iterator[Scene]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield Scene(Account(scheduled, traveller, labels=QUICK))


def tick(scene: Scene, name: str, act: str, of: str, *, at: str | None = None, ahead: int = 0) -> str:
    """Deliver a tick at its time, or at another; answers what it did."""
    due = clock(of)
    scene.passes(max(0.0, (clock(at or of) - scene.now).total_seconds()))
    event = {
        "Schedule": name,
        "Action": act,
        "ScheduledTime": timestamp(due),
        **({"HoursAhead": ahead} if ahead else {}),
    }
    return str(scene.call("tick", event)["Outcome"])


def runs(scene: Scene, name: str, since: str) -> Scene:
    """A window has begun, and the model runs."""
    assert tick(scene, name, "start", since) == "ACTED"
    scene.until(lambda: scene.status == "RUNNING")
    return scene


def is_kept(scene: Scene, *, until: str, by: str) -> None:
    """It is not stopped, and held by the one lease; nobody is told of an end that is none."""
    scene.passes((clock(until) - scene.now).total_seconds())
    assert (scene.status, scene.lease_ids) == ("RUNNING", [f"schedule/{by}"])
    assert scene.requests("rekognition:StopProjectVersion") == []
    assert not {"LEASE_EXPIRING", "LEASE_EXPIRED", "MODEL_DOWN"} & {*scene.outcomes}


def is_let_go(scene: Scene, within: float = STOPPED + 600) -> None:
    scene.until(lambda: scene.status == "STOPPED", within)
    assert scene.lease_ids == []


def test_where_two_windows_meet_the_model_stays_running_and_the_next_one_holds_it(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    assert tick(scene, "early", "stop", "09:00") == "ACTED"
    assert tick(scene, "late", "start", "09:00") == "ACTED"
    is_kept(scene, until="09:58", by="late")
    assert tick(scene, "late", "stop", "10:00") == "ACTED"
    is_let_go(scene, 300)


def test_the_start_may_come_before_the_stop(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    tick(scene, "late", "start", "09:00")
    tick(scene, "early", "stop", "09:00")
    is_kept(scene, until="09:58", by="late")


def test_the_start_may_be_late(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    tick(scene, "early", "stop", "09:00")
    tick(scene, "late", "start", "09:00", at="09:08")
    is_kept(scene, until="09:58", by="late")


def test_a_start_that_never_comes_leaves_no_model_running(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    tick(scene, "early", "stop", "09:00")
    is_let_go(scene, 900)
    assert scene.now < clock("09:15")


@pytest.mark.parametrize("at", ["09:25", "09:50"])
def test_the_stop_may_be_late(at: str, scene: Scene) -> None:
    runs(scene, "early", "08:10")
    tick(scene, "late", "start", "09:00")
    tick(scene, "early", "stop", "09:00", at=at)
    scene.passes(120)
    assert (scene.status, scene.lease_ids) == ("RUNNING", ["schedule/late"])


def test_a_stop_that_never_comes_leaves_the_next_one_alone(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    tick(scene, "late", "start", "09:00")
    scene.passes(55 * 60)
    assert (scene.status, scene.lease_ids) == ("RUNNING", ["schedule/late"])


def test_neither_of_them_coming_leaves_no_model_running(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    scene.passes((clock("09:00") - scene.now).total_seconds())
    is_let_go(scene)


def test_a_stop_that_comes_twice_is_one(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    tick(scene, "early", "stop", "09:00")
    tick(scene, "early", "stop", "09:00", at="09:01")
    tick(scene, "late", "start", "09:00", at="09:02")
    assert tick(scene, "early", "stop", "09:00", at="09:20") == "REPEATED"
    is_kept(scene, until="09:58", by="late")


def test_a_window_that_begins_within_the_time_of_a_start_keeps_the_model_too(scene: Scene) -> None:
    runs(scene, "noon", "12:00")
    tick(scene, "noon", "stop", "13:00")
    tick(scene, "soon", "start", "13:20")
    is_kept(scene, until="13:58", by="soon")


def test_one_that_has_to_be_ready_soon_keeps_it_as_well(scene: Scene) -> None:
    tick(scene, "evening", "ready", "15:45", ahead=2)
    runs(scene, "tea", "16:00")
    tick(scene, "evening", "ready", "16:45", ahead=1)
    tick(scene, "tea", "stop", "17:00")
    is_kept(scene, until="18:58", by="evening")


def test_a_version_that_is_trained_between_the_two_ticks_of_a_ready_by_is_for_the_next_day(scene: Scene) -> None:
    """Both ticks are for one start, which has chosen its version: so one model runs, and ends with its schedule."""
    v1 = scene.labels.put(f"{ACCOUNT}:project/welds/version/v1/1793520000000", "STOPPED", f1=0.9)
    assert tick(scene, "fresh", "ready", "15:45", ahead=2) == "ACTED"
    scene.passes(60)
    v2 = scene.labels.put(f"{ACCOUNT}:project/welds/version/v2/1793520000000", "STOPPED", f1=0.9)
    assert tick(scene, "fresh", "ready", "16:45", ahead=1) == "REPEATED"
    scene.until(lambda: scene.labels.status_of(v1) == "RUNNING", 3600)
    assert scene.now <= clock("17:45")
    assert tick(scene, "fresh", "stop", "19:00") == "ACTED"
    scene.until(lambda: scene.labels.status_of(v1) == "STOPPED", 600)
    assert len(scene.requests("rekognition:StartProjectVersion")) == 1
    assert (scene.labels.status_of(v2), scene.item_of(v1)["Leases"]) == ("STOPPED", [])


def test_a_schedule_of_shifts_goes_on_under_its_own_lease(scene: Scene) -> None:
    runs(scene, "shifts", "20:00")
    assert tick(scene, "shifts", "stop", "21:00") == "NEWER_START"
    assert tick(scene, "shifts", "start", "21:00") == "ACTED"
    is_kept(scene, until="21:58", by="shifts")
    tick(scene, "shifts", "stop", "22:00")
    is_let_go(scene, 300)


def test_who_stops_by_force_does_not_wait_for_the_next_window(scene: Scene) -> None:
    runs(scene, "early", "08:10")
    tick(scene, "early", "stop", "09:00")
    scene.passes(60)
    scene.begin(STOP_MODEL, Force=True)
    is_let_go(scene, 300)
