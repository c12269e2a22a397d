"""A sweep of hundreds of models ends within its function's time, and leaves none out."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lifecycle.shared.wire import timestamp
from tests.account.conftest import SCENES
from tests.account.custom_labels import CustomLabels
from tests.account.functions import ENVIRONMENT, TIMEOUTS, Functions, loaded
from tests.account.scene import Scene
from tests.unit.examples import ACCOUNT

pytestmark = pytest.mark.large
MANY = 300


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    with loaded(TIMEOUTS, replace(SCENES, projects=("*",)), ENVIRONMENT) as functions:
        yield functions


@pytest.mark.parametrize("projects", [10, MANY], ids=["in ten projects", "each in a project of its own"])
def test_a_sweep_stops_hundreds_whose_leases_have_expired(scene: Scene, fleet: CustomLabels, projects: int) -> None:
    fleet.models.quotas = replace(fleet.models.quotas, running_models=MANY)
    table = scene.account.dynamodb.tables.setdefault("models", {})
    for number in range(MANY):
        arn = f"{ACCOUNT}:project/line-{number % projects}/version/v{number}/1793520000000"
        fleet.put(arn, "RUNNING")
        since = {"LeaseId": {"S": "shift"}, "Since": {"S": "2026-11-24T05:00:00.000Z"}}
        table[arn,] = {
            "Id": {"S": arn},
            "Kind": {"S": "MODEL"},
            "ProjectVersionArn": {"S": arn},
            "Revision": {"N": "1"},
            "Managed": {"BOOL": True},
            "Leases": {"L": [{"M": {**since, "ExpiresAt": {"S": timestamp(scene.now)}}}]},
        }
    scene.passes(60)
    began = scene.now
    swept = scene.sweep()
    seconds = (scene.now - began).total_seconds()
    assert (swept["Models"], swept["Stops"], swept["Reported"]) == (MANY, MANY, MANY)
    assert seconds < TIMEOUTS["sweep"] - 30, "after that it would leave some to the next sweep"
