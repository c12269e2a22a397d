"""The page of thirty models: it reads what matters, and shows the others as the sweep saw them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lifecycle.configuration import Model
from lifecycle.shared.wire import timestamp
from tests.account.conftest import SCENES
from tests.account.custom_labels import CustomLabels
from tests.account.faults import Answer
from tests.account.functions import Functions, loaded
from tests.account.scene import START_MODEL, Scene
from tests.unit.examples import ACCOUNT, ARN

LINES = [f"line-{number:02}" for number in range(1, 30)]
LAST, LAST_BUT_ONE = LINES[-1], LINES[-2]
DESCRIBE = "rekognition:DescribeProjectVersions"


def arn(line: str) -> str:
    """Of a project of its own; this app may start the last one's."""
    return f"{ACCOUNT}:project/{'packaging' if line == LAST else line}/version/v1/1793520000000"


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    lines = {line: Model(arn(line)) for line in LINES}
    with loaded(settings=replace(SCENES, models={"defects": SCENES.models["defects"], **lines}, projects=())) as found:
        yield found


@pytest.fixture
def thirty(scene: Scene, fleet: CustomLabels) -> CustomLabels:
    """All STOPPED, each in a project of its own, and swept."""
    for one in (ARN, *map(arn, LINES)):
        fleet.put(one)
    scene.sweep()
    scene.passes(60)
    return fleet


def opened(scene: Scene) -> tuple[dict[str, str], int, float]:
    """What the page says of each model, how often it has asked for versions, and how many seconds that took."""
    before, began = len(scene.requests(DESCRIBE)), scene.now
    html = scene.call("page")
    assert "could not be read" not in html
    shown = dict(re.findall(r"<h3>(.+?)</h3><span[^>]*>(\w+</span>(?: <span[^>]*>as of )?)", html))
    says = {name: " ".join(re.sub("<[^>]*>", " ", text).split()) for name, text in shown.items()}
    return says, len(scene.requests(DESCRIBE)) - before, (scene.now - began).total_seconds()


@pytest.mark.usefixtures("thirty")
def test_thirty_quiet_models_are_shown_after_eight_calls(scene: Scene) -> None:
    says, calls, seconds = opened(scene)
    assert list(says) == ["defects", *LINES]
    assert calls <= 8
    assert seconds < 3
    assert [*says.values()] == ["STOPPED"] * calls + ["STOPPED as of"] * (30 - calls)
    assert opened(scene)[0] == says, "the same ones are read afresh: no status goes back"


def test_what_is_started_by_this_app_since_the_sweep_is_read_afresh(thirty: CustomLabels, scene: Scene) -> None:
    scene.begin(START_MODEL, {"Model": LAST, "LeaseId": "shift"})
    scene.until(lambda: thirty.status_of(arn(LAST)) == "STARTING")
    assert opened(scene)[0][LAST] == "STARTING"
    scene.until(lambda: thirty.status_of(arn(LAST)) == "RUNNING")
    scene.sweep()
    says, calls, _ = opened(scene)
    assert (says[LAST], says[LAST_BUT_ONE]) == ("RUNNING", "STOPPED as of")
    assert calls <= 9


def test_what_is_started_by_hand_is_seen_by_the_next_sweep_and_its_button_does_no_harm(
    thirty: CustomLabels, scene: Scene
) -> None:
    thirty.put(arn(LAST), "RUNNING")
    assert opened(scene)[0][LAST] == "STOPPED as of"
    answer = scene.call("act", {"Action": "start", "Model": LAST, "Minutes": "60", "PageMadeAt": timestamp(scene.now)})
    assert "It is being started" in answer
    scene.until(lambda: scene.item_of(arn(LAST)).get("Leases"))
    assert thirty.starts == [], "it runs, and is only held"
    assert opened(scene)[0][LAST] == "RUNNING"

    thirty.put(arn(LAST_BUT_ONE), "RUNNING")
    scene.sweep()
    assert opened(scene)[0][LAST_BUT_ONE] == "RUNNING"


@pytest.mark.usefixtures("thirty")
def test_where_the_record_is_missing_junk_or_old_all_are_read(scene: Scene) -> None:
    table = scene.account.dynamodb.tables["models"]
    record = table["SWEPT",]
    junk: dict[str, Any]
    for junk in ({"S": "junk"}, {"L": []}):
        table["SWEPT",] = {**record, "Seen": junk}
        assert opened(scene)[:2] == (dict.fromkeys(["defects", *LINES], "STOPPED"), 30)
    scene.sweep()
    assert opened(scene)[1] <= 8
    scene.passes(3 * 300)
    assert "as of" not in scene.call("page")


def test_the_report_is_complete(thirty: CustomLabels, scene: Scene) -> None:
    thirty.put(arn(LAST), "RUNNING")
    assert {one["Name"]: one["Status"] for one in scene.call("page", {"Report": "models"})["Models"]}[LAST] == "RUNNING"


@pytest.mark.usefixtures("thirty")
def test_a_sweep_that_can_not_keep_what_it_saw_sweeps_all_the_same(scene: Scene) -> None:
    del scene.account.dynamodb.tables["models"]["SWEPT",]
    scene.fails(Answer("AccessDeniedException"), "dynamodb:PutItem", "sweep")
    assert scene.sweep()["Models"] == 30
    assert ("SWEPT",) not in scene.account.dynamodb.tables["models"]
