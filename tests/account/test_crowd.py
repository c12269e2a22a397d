"""Many starts at a time, under the quota of Amazon Rekognition: the real handlers and definitions."""

from collections import Counter

import pytest
import time_machine

from emulator.custom_labels import Quotas
from tests.account.account import Account
from tests.account.custom_labels import CustomLabels
from tests.account.stories import TrialRunner
from tests.unit.examples import ACCOUNT, MACHINES, NOW

pytestmark = [pytest.mark.large, pytest.mark.xdist_group("faults")]
CROWD = 100


def version(name: str) -> str:
    return f"{ACCOUNT}:project/packaging/version/{name}/1793520000000"


@pytest.fixture(scope="module")
def crowd(run_trial: TrialRunner) -> tuple[CustomLabels, Account]:
    """Each starts a model of its own, all in one second."""
    with time_machine.travel(NOW, tick=False) as traveller:
        account = Account(run_trial.functions, traveller, sweeps=False)
        fleet = account.custom_labels
        fleet.models.quotas = Quotas(running_models=CROWD)
        for number in range(CROWD):
            given = {"ProjectVersionArn": fleet.put(version(f"v{number}")), "LeaseMinutes": 0}
            account.start(MACHINES.start_model, f"start-{number}", given, number / CROWD)
        account.run(until=2400)
    return fleet, account


def test_of_many_starts_at_a_time_none_fails_and_few_calls_are_throttled(crowd: tuple[CustomLabels, Account]) -> None:
    fleet, account = crowd
    assert Counter(one.status for one in account.stepfunctions.executions.values()) == {"SUCCEEDED": CROWD}
    assert fleet.calls["DescribeProjectVersions"] > 5 * CROWD
    assert fleet.throttled.total() < 0.05 * fleet.calls.total()


def test_a_status_check_that_has_to_wait_for_its_turn_waits_in_the_state_machine(
    crowd: tuple[CustomLabels, Account],
) -> None:
    """Not in the function, which is paid for by the second, and of which only so many run at a time."""
    _, account = crowd
    status_checks = [one.states.count("Check the model") for one in account.stepfunctions.executions.values()]
    calls = Counter(operation for _, function, operation in account.wire.calls if function == "check")
    assert sum(status_checks) > calls["rekognition:DescribeProjectVersions"]


def test_the_sweep_takes_a_slot_for_each_status_check_and_a_duplicate_none(run_trial: TrialRunner) -> None:
    """A duplicate waits with another execution, and does not look at the model."""
    with time_machine.travel(NOW, tick=False) as traveller:
        account = Account(run_trial.functions, traveller)
        given = {"Model": "defects", "ClientRequestToken": "once", "LeaseMinutes": 0}
        for name, after in (("first", 0.0), ("second", 5.0)):
            account.start(MACHINES.start_model, name, given, after)
        account.run(until=500)
    asked = [operation for _, function, operation in account.wire.calls if function == "sweep"]
    status_checks = [
        index for index, operation in enumerate(asked) if operation == "rekognition:DescribeProjectVersions"
    ]
    assert status_checks
    assert all(asked[index - 1] == "dynamodb:UpdateItem" for index in status_checks)
    checked = Counter(operation for _, function, operation in account.wire.calls if function == "check")
    checks = sum(one.states.count("Check the model") for one in account.stepfunctions.executions.values())
    assert checked["dynamodb:UpdateItem"] < checks
