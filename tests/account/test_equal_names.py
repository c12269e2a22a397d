"""Models of different projects whose versions have one name, and executions whose names begin alike: none is lost."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lifecycle.shared.wire import timestamp
from tests.account.conftest import SCENES
from tests.account.custom_labels import CustomLabels
from tests.account.functions import ENVIRONMENT, TIMEOUTS, Functions, loaded
from tests.account.scene import START_MODEL, STOP_MODEL, Scene
from tests.unit.examples import ACCOUNT

PROJECTS = ("brands", "packaging", "welds")
VERSIONS = pytest.mark.parametrize("version", ["v1", "v" * 255], ids=["a short name", "one that is cut"])


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    """They manage three projects more; the sweep stops what nobody ever held, and starts again what is down."""
    settings = replace(SCENES, projects=PROJECTS, restart_when_down=True)
    with loaded((*TIMEOUTS, "act"), settings, ENVIRONMENT) as functions:
        yield functions


def of_one_name(fleet: CustomLabels, version: str, status: str, projects: tuple[str, ...] = PROJECTS) -> list[str]:
    """Versions of this name, one of each project."""
    arns = [f"{ACCOUNT}:project/{project}/version/{version}/1793520000000" for project in projects]
    return [fleet.put(arn, status) for arn in arns]


def all_started(scene: Scene, arns: list[str], **fields: Any) -> None:
    for arn in arns:
        assert scene.run(START_MODEL, {"ProjectVersionArn": arn, **fields}).status == "SUCCEEDED"


@VERSIONS
def test_one_sweep_stops_all_that_nobody_holds_any_more(scene: Scene, fleet: CustomLabels, version: str) -> None:
    fleet.models.quotas = replace(fleet.models.quotas, running_models=5)
    arns = of_one_name(fleet, version, "STOPPED", PROJECTS[1:])
    all_started(scene, arns, LeaseMinutes=5)
    scene.passes(900)
    assert scene.sweep()["Stops"] == 2
    scene.passes(600)
    assert [fleet.status_of(arn) for arn in arns] == ["STOPPED"] * 2
    assert scene.outcomes.count("MODEL_STOPPED") == 2


@VERSIONS
def test_one_sweep_starts_all_again_that_are_down(scene: Scene, fleet: CustomLabels, version: str) -> None:
    arns = of_one_name(fleet, version, "STOPPED", PROJECTS[1:])
    all_started(scene, arns, LeaseId="shift")
    for arn in arns:
        fleet.models.put(arn, "FAILED")
    assert scene.sweep()["Restarts"] == 2
    scene.until(lambda: [fleet.status_of(arn) for arn in arns] == ["RUNNING"] * 2)
    scene.passes(60)
    assert [[lease["LeaseId"] for lease in scene.item_of(arn)["Leases"]] for arn in arns] == [["shift"]] * 2


@VERSIONS
def test_each_click_on_one_page_is_taken(scene: Scene, fleet: CustomLabels, version: str) -> None:
    arns = of_one_name(fleet, version, "STOPPED", PROJECTS[1:])
    all_started(scene, arns)
    made = timestamp(scene.now)
    for arn in arns:
        assert "It is being stopped." in scene.call(
            "act", {"Action": "stop", "ProjectVersionArn": arn, "PageMadeAt": made}
        )
    scene.passes(600)
    assert [fleet.status_of(arn) for arn in arns] == ["STOPPED"] * 2
    again = {"Action": "stop", "ProjectVersionArn": arns[0], "PageMadeAt": made}
    assert "This click was received before" in scene.call("act", again)


def test_each_further_version_of_two_stops_is_stopped_whose_names_begin_alike(
    scene: Scene, fleet: CustomLabels
) -> None:
    for last in "ab":
        versions = [fleet.put(f"{ACCOUNT}:project/welds/version/w{number}/1793520000000") for number in (1, 2)]
        all_started(scene, versions)
        stopped = scene.run(STOP_MODEL, Model="newest", Force=True, name="n" * 79 + last)
        assert stopped.output["OtherExecutions"]
        scene.passes(600)
        assert [fleet.status_of(arn) for arn in versions] == ["STOPPED"] * 2


def test_a_tick_and_a_click_whose_executions_are_over_are_not_taken_again(scene: Scene) -> None:
    tick = {"Schedule": "shift", "Action": "start", "ScheduledTime": timestamp(scene.now)}
    assert scene.call("tick", tick)["Outcome"] == "ACTED"
    scene.until(lambda: not scene.under_way)
    assert scene.call("tick", tick)["Outcome"] == "REPEATED"
