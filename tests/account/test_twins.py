"""Two models of different projects whose versions have one name, under the campaign's faults: neither loses anything.

What is between two models is the names of executions, the sweep that goes through both, and the queue for calls.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.account.account import Account, Delivery
from tests.account.faults import Answer, Change, Death, Fault, Silence, What
from tests.account.functions import CONFIGURATION, loaded
from tests.account.stories import BEGIN, Story, Trial, TrialRunner
from tests.unit.examples import ACCOUNT, MACHINES

BOTH = tuple(f"{ACCOUNT}:project/{project}/version/v9/1793520000009" for project in ("packaging", "welds"))
STARTED = {"MODEL_STARTED", "MODEL_ALREADY_RUNNING"}


@pytest.fixture(scope="module")
def run_trial() -> Iterator[TrialRunner]:
    with loaded(settings=replace(CONFIGURATION, projects=("packaging", "welds"))) as functions:
        yield TrialRunner(functions)


def _begins(account: Account) -> None:
    """Each is started for the same lease at the same time, and nobody stops it: the sweep does."""
    for number, arn in enumerate(BOTH):
        account.custom_labels.put(arn)
        given = {"ProjectVersionArn": arn, "LeaseId": "shift", "LeaseMinutes": 15}
        account.start(MACHINES.start_model, f"start-{number}", given, BEGIN)


def _at_once(trial: Trial, account: Account) -> Iterator[str]:
    """One sweep stops both, where nothing disturbs it."""
    stops = [one.began for one in account.stepfunctions.executions.values() if one.name.startswith("sweep-stop")]
    if not (trial.faults or trial.deliveries) and (max(stops) - min(stops)).total_seconds() > 30:
        yield f"the stops were begun at {stops}"


def _each(_trial: Trial, account: Account) -> Iterator[str]:
    """Each ends STOPPED and nobody's, and people were notified of its beginning and of its end."""
    for arn in BOTH:
        if (status := account.custom_labels.status_of(arn)) != "STOPPED":
            yield f"{arn} is {status}"
        item: Any = account.dynamodb.tables["models"].get((arn,), {})
        if left := [name for name in ("Leases", "Pending") if item.get(name, {}).get("L")]:
            yield f"the item of {arn} has {left}"
        outcomes = {detail["Outcome"] for _, _, detail in account.bus.sent if detail.get("ProjectVersionArn") == arn}
        if not (outcomes & STARTED and {"LEASE_EXPIRED", "MODEL_STOPPED"} <= outcomes):
            yield f"of {arn} was told {outcomes}"


TWINS = Story("two models of one name", _begins, checks={"each": _each, "at once": _at_once})
WHATS: dict[str, What] = {"an error": Answer("InternalServerError"), "no answer": Silence(), "death": Death()}
CALLS = (
    "stepfunctions:StartExecution",
    *(
        pytest.param(one, marks=pytest.mark.large)
        for one in ("dynamodb:PutItem", "dynamodb:Scan", "rekognition:DescribeProjectVersions", "sns:Publish")
    ),
)


def broken_promises(run_trial: TrialRunner, *faults: Fault, deliveries: tuple[Delivery, ...] = ()) -> dict[str, str]:
    return dict(run_trial(Trial(TWINS, faults, deliveries)).broken)


def test_both_are_started_and_both_are_stopped(run_trial: TrialRunner) -> None:
    assert broken_promises(run_trial) == {}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("what", WHATS.values(), ids=WHATS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sweep_that_is_disturbed_loses_neither(
    run_trial: TrialRunner, operation: str, what: What, after: bool
) -> None:
    for call in (1, 2):
        assert broken_promises(run_trial, Fault(what, operation, "sweep", (call,), after=after)) == {}, f"call {call}"


def test_items_that_are_changed_meanwhile_lose_neither(run_trial: TrialRunner) -> None:
    for call in (1, 3, 4):
        assert broken_promises(run_trial, Fault(Change(), "dynamodb:PutItem", None, (call,))) == {}, f"call {call}"


@pytest.mark.parametrize("after", [(), (0, 0), (400,)], ids=["lost", "doubled", "late"])
def test_ends_whose_events_are_lost_doubled_or_late_lose_neither(
    run_trial: TrialRunner, after: tuple[float, ...]
) -> None:
    assert broken_promises(run_trial, deliveries=(Delivery("settle", after),)) == {}
