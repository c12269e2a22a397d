"""ExtendOnly: a heartbeat. It extends a lease that holds a RUNNING model, and does nothing else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.errors import ModelStopped
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.leases import Claim, Lease, ModelItem, PendingLease
from lifecycle.shared.wire import Json
from lifecycle.start_model.result import StartResult
from tests.unit.examples import ARN, NOW, execution
from tests.unit.start_model.test_request import problems
from tests.unit.twins import Models, Story

HOUR = timedelta(hours=1)
SHIFT = Lease("shift", NOW - HOUR, NOW + timedelta(minutes=5))
EXTENSION: dict[str, Json] = {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 15, "ExtendOnly": True}


def of(status: str = "RUNNING", **fields: Any) -> Story:
    """A model in this status, whose item has these fields beside the lease of the shift."""
    story = Story(Models(script=[(0, status)]))
    story.items.change(lambda found: replace(found, **{"leases": (SHIFT,), "managed": True, **fields}))
    return story


def item(story: Story) -> ModelItem:
    return story.items.get(ARN)


def test_a_lease_that_holds_a_running_model_is_extended_and_nothing_is_requested() -> None:
    story = of()
    result: StartResult = story.run(EXTENSION)
    assert (result.outcome, result.status) == (Outcome.LEASE_EXTENDED, "RUNNING")
    assert (result.lease_extended_from, result.lease_expires_at) == (SHIFT.expires_at, NOW + timedelta(minutes=15))
    assert item(story).leases == (replace(SHIFT, expires_at=NOW + timedelta(minutes=15), extended_at=NOW),)
    assert (item(story).pending, story.models.requests) == ((), [])


def test_it_never_shortens_a_lease() -> None:
    story = of()
    result: StartResult = story.run({**EXTENSION, "LeaseMinutes": 1})
    assert (result.lease_expires_at, result.lease_extended_from) == (SHIFT.expires_at, None)
    assert item(story).leases == (SHIFT,)


def test_a_lease_without_an_end_stays_so() -> None:
    story = of(leases=(replace(SHIFT, expires_at=None),))
    assert story.run(EXTENSION).lease_expires_at is None


@pytest.mark.parametrize(
    ("status", "fields", "why"),
    [
        ("RUNNING", {"leases": ()}, "it was released, or has expired"),
        ("RUNNING", {"leases": (replace(SHIFT, expires_at=NOW),)}, "it was released, or has expired"),
        ("RUNNING", {"leases": (replace(SHIFT, lease_id="another"),)}, "it was released, or has expired"),
        (
            "STARTING",
            {"leases": (), "pending": (PendingLease("shift", execution("first").id, NOW + HOUR),)},
            "it was released, or has expired",
        ),
        ("STARTING", {}, "the model is STARTING"),
        ("STOPPED", {}, "the model is STOPPED"),
        ("FAILED", {}, "the model is FAILED"),
        ("RESTING", {}, "the model is RESTING"),
        ("RUNNING", {"claim": Claim(execution("evening", machine="StopModel").id, NOW)}, "a stop is under way"),
    ],
)
def test_else_it_fails_as_model_stopped_and_changes_nothing(status: str, fields: dict[str, Any], why: str) -> None:
    story = of(status, **fields)
    before = item(story)
    with pytest.raises(ModelStopped, match=f"The lease shift holds no RUNNING model: {why}") as failed:
        story.run(EXTENSION)
    assert "without ExtendOnly" in str(failed.value)
    assert (item(story), story.models.requests) == (before, [])


def test_after_a_force_it_does_not_bring_the_model_back() -> None:
    story = of("STOPPING", leases=(), forced_at=NOW)
    with pytest.raises(ModelStopped, match="by force"):
        story.run(EXTENSION)
    assert story.models.requests == []


def test_a_dry_run_of_it_changes_nothing() -> None:
    story = of()
    result: StartResult = story.run({**EXTENSION, "DryRun": True})
    assert (result.outcome, result.decision and result.decision.action) == (Outcome.DRY_RUN, "DONE")
    assert item(story).leases == (SHIFT,)


def test_other_inference_units_than_configured_are_not_its_business() -> None:
    story = of()
    story.models.runs_with = (3, 5)
    assert story.run(EXTENSION).warnings == ()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"LeaseId": None}, "ExtendOnly: LeaseId is needed: the lease to extend"),
        ({"MinInferenceUnits": 1}, "ExtendOnly: nothing is started, so leave out MinInferenceUnits"),
        ({"WaitForCapacity": False}, "ExtendOnly: nothing is started, so leave out WaitForCapacity"),
        ({"IgnoreBudget": False}, "ExtendOnly: nothing is started, so leave out IgnoreBudget"),
        ({"MinInferenceUnits": 3, "MaxInferenceUnits": 2}, "MaxInferenceUnits: 2 is less than MinInferenceUnits, 3"),
        (
            {"ReadyAt": "2026-11-24T08:00:00Z", "MaxInferenceUnits": 2},
            "ExtendOnly: nothing is started, so leave out MaxInferenceUnits, ReadyAt",
        ),
    ],
)
def test_what_only_a_start_can_use_is_refused(wrong: dict[str, Json], says: str) -> None:
    given = {name: value for name, value in {**EXTENSION, **wrong}.items() if value is not None}
    assert says in problems(given)
