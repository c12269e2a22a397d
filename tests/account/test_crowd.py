"""Many starts at a time, under the quota of Amazon Rekognition: the real handlers and definitions."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine

from tests.account.account import Account
from tests.account.kernel import Simulation
from tests.account.services import ServiceError
from tests.account.stories import Teller
from tests.unit.examples import ARN, MACHINES, NOW, PROJECT

pytestmark = pytest.mark.xdist_group("faults")
QUOTA = 5
"""Calls a second of each operation (Amazon Rekognition endpoints and quotas)."""
CROWD = 100


@dataclass
class Fleet:
    """Custom Labels with as many versions of a project as anybody asks for. A start takes ten minutes."""

    simulation: Simulation
    started: dict[str, float] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    recent: dict[str, deque[float]] = field(default_factory=dict)

    def _within_quota(self, operation: str) -> None:
        now, recent = self.simulation.seconds, self.recent.setdefault(operation, deque())
        while recent and recent[0] <= now - 1:
            recent.popleft()
        self.calls[operation] += 1
        if len(recent) >= QUOTA:
            self.throttled[operation] += 1
            raise ServiceError("ThrottlingException")
        recent.append(now)

    def describe_projects(self, **_request: Any) -> Any:
        self._within_quota("DescribeProjects")
        return {"ProjectDescriptions": [{"ProjectArn": PROJECT}]}

    def describe_project_versions(self, *, VersionNames: list[str], **_request: Any) -> Any:
        self._within_quota("DescribeProjectVersions")
        arn = version(VersionNames[0])
        began = self.started.get(arn)
        status = "STOPPED" if began is None else "RUNNING" if self.simulation.seconds - began > 600 else "STARTING"
        return {"ProjectVersionDescriptions": [{"ProjectVersionArn": arn, "Status": status, "MinInferenceUnits": 1}]}

    def start_project_version(self, *, ProjectVersionArn: str, **_request: Any) -> Any:
        self._within_quota("StartProjectVersion")
        self.started[ProjectVersionArn] = self.simulation.seconds
        return {"Status": "STARTING"}


def version(name: str) -> str:
    project, _, _ = ARN.partition("/version/")
    return f"{project}/version/{name}/1793520000000"


@pytest.fixture(scope="module")
def crowd(tell: Teller) -> tuple[Fleet, Account]:
    """Each starts a model of its own, all in one second."""
    with time_machine.travel(NOW, tick=False) as traveller:
        account = Account(tell.functions, traveller, sweeps=False)
        fleet = account.wire.services["rekognition"] = Fleet(account.simulation)
        for number in range(CROWD):
            given = {"ProjectVersionArn": version(f"v{number}"), "LeaseMinutes": 0}
            account.start(MACHINES.start_model, f"start-{number}", given, number / CROWD)
        account.run(until=2400)
    return fleet, account


def test_of_many_starts_at_a_time_none_fails_and_few_calls_are_throttled(crowd: tuple[Fleet, Account]) -> None:
    fleet, account = crowd
    assert Counter(one.status for one in account.stepfunctions.executions.values()) == {"SUCCEEDED": CROWD}
    assert fleet.calls["DescribeProjectVersions"] > 5 * CROWD
    assert fleet.throttled.total() < 0.05 * fleet.calls.total()


def test_a_look_that_has_to_wait_for_its_turn_waits_in_the_state_machine(crowd: tuple[Fleet, Account]) -> None:
    """Not in the function, which is paid for by the second, and of which only so many run at a time."""
    _, account = crowd
    looks = [one.states.count("Check the model") for one in account.stepfunctions.executions.values()]
    calls = Counter(operation for _, function, operation in account.wire.calls if function == "check")
    assert sum(looks) > calls["rekognition:DescribeProjectVersions"]


def test_the_sweep_takes_a_slot_for_each_look_and_a_duplicate_none(tell: Teller) -> None:
    """A duplicate waits with another execution, and does not look at the model."""
    with time_machine.travel(NOW, tick=False) as traveller:
        account = Account(tell.functions, traveller)
        given = {"Model": "defects", "ClientRequestToken": "once", "LeaseMinutes": 0}
        for name, after in (("first", 0.0), ("second", 5.0)):
            account.start(MACHINES.start_model, name, given, after)
        account.run(until=500)
    asked = [operation for _, function, operation in account.wire.calls if function == "sweep"]
    looks = [index for index, operation in enumerate(asked) if operation == "rekognition:DescribeProjectVersions"]
    assert looks
    assert all(asked[index - 1] == "dynamodb:UpdateItem" for index in looks)
    checked = Counter(operation for _, function, operation in account.wire.calls if function == "check")
    checks = sum(one.states.count("Check the model") for one in account.stepfunctions.executions.values())
    assert checked["dynamodb:UpdateItem"] < checks
