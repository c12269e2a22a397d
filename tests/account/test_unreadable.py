"""One record that can't be read harms no other: runs are settled, names are stopped by, and the sweep goes on."""

from typing import Any

import pytest

from tests.account.custom_labels import CustomLabels
from tests.account.scene import RUN_WITH_MODEL, START_MODEL, STOP_MODEL, Scene
from tests.unit.examples import ACCOUNT, WORKLOAD

NEWEST = f"{ACCOUNT}:project/welds/version/v1/1793520000000"
JUNK = f"{ACCOUNT}:project/cables/version/junk/1793520000000"
ITEM: dict[str, Any] = {"ProjectVersionArn": {"S": JUNK}, "Revision": {"N": "4"}, "Managed": {"BOOL": True}}
LEASE = {"LeaseId": {"S": "x"}, "Since": {"S": "2026-11-24T07:00:00Z"}}

SINCE = {"S": "2026-11-24T07:00:00Z"}


def leased(**changed: Any) -> dict[str, Any]:
    return {**ITEM, "Leases": {"L": [{"M": {**LEASE, **changed}}]}}


def running(**changed: Any) -> dict[str, Any]:
    return {**ITEM, "Running": {"M": {"Since": SINCE, "MinInferenceUnits": {"N": "1"}, **changed}}}


UNREADABLE: dict[str, dict[str, Any]] = {
    "nothing": {"ProjectVersionArn": {"NULL": True}},
    "no ARN": {"Revision": {"N": "4"}},
    "another's ARN": {**ITEM, "ProjectVersionArn": {"S": NEWEST}},
    "an ARN that is none": {**ITEM, "ProjectVersionArn": {"S": "junk"}},
    "a revision in words": {**ITEM, "Revision": {"S": "four"}},
    "half a revision": {**ITEM, "Revision": {"N": "4.5"}},
    "a set": {**ITEM, "Revision": {"NS": ["4"]}},
    "a text for a switch": {**ITEM, "Managed": {"S": "yes"}},
    "leases that are a text": {**ITEM, "Leases": {"S": "production"}},
    "leases that are texts": {**ITEM, "Leases": {"L": [{"S": "production"}]}},
    "a lease without its beginning": {**ITEM, "Leases": {"L": [{"M": {"LeaseId": {"S": "x"}}}]}},
    "a lease that ends at noon": leased(ExpiresAt={"S": "noon"}),
    "a lease that ends in no zone": leased(ExpiresAt={"S": "2026-11-24T07:00:00"}),
    "a lease that ends at a number": leased(ExpiresAt={"N": "7"}),
    "a lease named by a number": leased(LeaseId={"N": "7"}),
    "a claim of nobody": {**ITEM, "Claim": {"M": {}}},
    "a claim that is a list": {**ITEM, "Claim": {"L": []}},
    "pending null": {**ITEM, "Pending": {"L": [{"NULL": True}]}},
    "a past start that took a text": {
        **ITEM,
        "Starts": {"L": [{"M": {"RequestedAt": SINCE, "LongerThan": {"S": "1"}, "AtMost": {"N": "2"}}}]},
    },
    "units in words": running(MinInferenceUnits={"S": "two"}),
    "shares of nobody": running(Shares={"L": [{"M": {"Milliseconds": {"N": "1"}}}]}),
    "an unknown kind": {**ITEM, "Kind": {"S": "FUTURE"}, "Leases": {"S": "?"}},
    "no kind": {**ITEM, "Kind": {"NULL": True}},
}
OF_NO_MODEL = {"an unknown kind", "no kind"}
"""Whoever reads the models does not even see these."""
READABLE: dict[str, dict[str, Any]] = {
    "a future schema": {**leased(Weight={"N": "2"}), "SchemaVersion": {"N": "99"}},
}
"""What a newer version of this app may have added."""


@pytest.fixture(params=[*UNREADABLE, *READABLE])
def junk(request: pytest.FixtureRequest, scene: Scene, fleet: CustomLabels) -> str:
    """Beside a model that is in order."""
    record = (UNREADABLE | READABLE)[request.param]
    fleet.put(JUNK, "RUNNING")
    fleet.put(NEWEST)
    table = scene.account.dynamodb.tables.setdefault("models", {})
    table[JUNK,] = {"Kind": {"S": "MODEL"}, **record, "Id": {"S": JUNK}}
    return str(request.param)


def test_others_are_started_stopped_by_name_settled_swept_and_shown(
    junk: str, scene: Scene, fleet: CustomLabels
) -> None:
    started = scene.run(START_MODEL, Model="newest", LeaseId="shift")
    assert started.output["Outcome"] == "MODEL_STARTED"
    stopped = scene.run(STOP_MODEL, Model="newest", LeaseId="shift")
    assert stopped.output["Outcome"] == "MODEL_STOPPED"

    for name in ("models", "leases", "bill"):
        named = JUNK in "".join(scene.call("page", {"Report": name})["Problems"])
        assert named == (junk in UNREADABLE.keys() - OF_NO_MODEL), name

    run = scene.begin(RUN_WITH_MODEL, Model="newest", Workload={"StateMachineArn": WORKLOAD, "Input": {}})
    scene.until(lambda: scene.item_of(NEWEST).get("Leases"))
    aborted = scene.abort(run)
    scene.until(lambda: fleet.status_of(NEWEST) == "STOPPED")
    assert scene.notified(aborted).outcomes == ["EXECUTION_ABORTED"]

    scene.run(START_MODEL, Model="newest", LeaseId="short", LeaseMinutes=1)
    scene.passes(120)
    before = scene.account.dynamodb.tables["models"][JUNK,]
    if junk in UNREADABLE:
        with pytest.raises(Exception, match=f"{JUNK}: .*"):
            scene.sweep()
        assert scene.account.dynamodb.tables["models"][JUNK,] == before, "it is left alone"
    else:
        scene.sweep()
    scene.until(lambda: fleet.status_of(NEWEST) == "STOPPED")
