"""Every cell of the design's table for target RUNNING, and the cases that the table names in words."""

from dataclasses import replace
from datetime import datetime, timedelta

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.decisions import TARGET_RUNNING, Action, Decision, Look, Progress, Refusal, decide_start, made_after_all
from lifecycle.errors import CapacityExceeded, LifecycleError, ModelFailed, ModelNotStartable, ModelStopped, TimedOut
from tests.unit.examples import NOW

STATUSES = (
    botocore.session.get_session().get_service_model("rekognition").shape_for("ProjectVersionStatus").enum  # type: ignore[attr-defined]
)
DEADLINE = NOW + timedelta(hours=1)

Cell = Action | type[LifecycleError]
DESIGN: dict[str, tuple[Cell, Cell]] = {
    # the table of "Deciding", target RUNNING: not yet requested | requested (and settled)
    "TRAINING_COMPLETED STOPPED COPYING_COMPLETED": (Action.REQUEST, ModelStopped),
    "FAILED": (Action.REQUEST, ModelFailed),
    "STARTING": (Action.WAIT, Action.WAIT),
    "RUNNING": (Action.DONE, Action.DONE),
    "STOPPING": (Action.WAIT, Action.WAIT),
    "TRAINING_IN_PROGRESS COPYING_IN_PROGRESS": (Action.WAIT, Action.WAIT),
    "TRAINING_FAILED COPYING_FAILED DELETING DEPRECATED EXPIRED": (ModelNotStartable, ModelNotStartable),
    "HIBERNATING": (ModelNotStartable, ModelNotStartable),  # anything else
}
CELLS = {status: cells for row, cells in DESIGN.items() for status in row.split()}
SETTLING = ["TRAINING_COMPLETED", "STOPPED", "COPYING_COMPLETED", "FAILED"]

BEFORE = Progress(polls=1, last_status="TRAINING_IN_PROGRESS")
REQUESTED = Progress(polls=3, last_status="STARTING", attempted_at=NOW, status_at_attempt="STOPPED")


def look(status: str, seconds: float = 0) -> Look:
    return Look(status, NOW + timedelta(seconds=seconds))


def cell(decision: Decision) -> Cell:
    outcome = decision.action or decision.error
    assert outcome is not None
    assert not (decision.action and decision.error)
    assert decision.reason
    return outcome


def decide(status: str, progress: Progress, seconds: float = 0, deadline: datetime = DEADLINE) -> Cell:
    return cell(decide_start(look(status, seconds), progress, deadline))


def test_the_table_knows_each_status_of_the_service_and_no_other() -> None:
    assert set(TARGET_RUNNING) == set(STATUSES) == set(CELLS) - {"HIBERNATING"}
    assert len(STATUSES) == 14


@pytest.mark.parametrize("status", [*STATUSES, "HIBERNATING"])
def test_each_status_is_decided_as_the_design_says(status: str) -> None:
    assert (decide(status, BEFORE), decide(status, REQUESTED, 120)) == CELLS[status]


@pytest.mark.parametrize("progress", [BEFORE, REQUESTED], ids=["before", "requested"])
def test_a_status_that_is_unknown_is_named(progress: Progress) -> None:
    assert "HIBERNATING" in decide_start(look("HIBERNATING"), progress, DEADLINE).reason


@pytest.mark.parametrize("status", SETTLING)
@pytest.mark.parametrize(
    ("seconds", "settles"), [(0, True), (59.999, True), (60, False)], ids=["at once", "just within", "bound"]
)
def test_the_status_from_before_the_request_is_given_a_minute_to_change(
    status: str, seconds: float, settles: bool
) -> None:
    progress = Progress(polls=1, last_status=status, attempted_at=NOW, status_at_attempt=status)
    assert decide(status, progress, seconds) == (Action.WAIT if settles else CELLS[status][1])


@pytest.mark.parametrize("status", SETTLING)
def test_a_status_that_had_moved_and_came_back_is_given_no_grace(status: str) -> None:
    moved = Progress(polls=2, last_status="STARTING", attempted_at=NOW, status_at_attempt=status)
    elsewhere = Progress(polls=1, last_status=status, attempted_at=NOW, status_at_attempt="COPYING_IN_PROGRESS")
    assert decide(status, moved, 5) == decide(status, elsewhere, 5) == CELLS[status][1]


@pytest.mark.parametrize("refusal", Refusal)
def test_a_request_that_was_refused_was_not_made(refusal: Refusal) -> None:
    refused = replace(REQUESTED, last_status="STOPPED", refusal=refusal)
    assert refused.requested_at is None
    assert decide("STOPPED", refused, 120) is Action.REQUEST


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        pytest.param(Progress(polls=1, last_status="FAILED"), Action.REQUEST, id="never requested"),
        pytest.param(
            Progress(2, "FAILED", NOW, "FAILED", Refusal.NO_CAPACITY), Action.REQUEST, id="refused for capacity"
        ),
        pytest.param(Progress(2, "FAILED", NOW, "FAILED", Refusal.IN_USE), ModelFailed, id="refused as in use"),
        pytest.param(Progress(2, "STARTING", NOW, "FAILED"), ModelFailed, id="accepted, and failed again"),
    ],
)
def test_a_failed_model_is_requested_once(attempt: Progress, expected: Cell) -> None:
    assert decide("FAILED", attempt, 120) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("STARTING", ModelStopped),
        ("RUNNING", ModelStopped),
        ("STOPPING", Action.WAIT),
        ("STOPPED", Action.WAIT),
        (None, Action.WAIT),
    ],
)
def test_a_model_that_begins_to_stop_while_we_wait_for_it_was_stopped_by_somebody(
    seen: str | None, expected: Cell
) -> None:
    assert decide("STOPPING", Progress(polls=1, last_status=seen)) == expected


@pytest.mark.parametrize(
    ("status", "progress", "in_time"),
    [
        pytest.param("STOPPED", BEFORE, Action.REQUEST, id="request"),
        pytest.param("STARTING", BEFORE, Action.WAIT, id="wait"),
        pytest.param("STOPPED", Progress(1, "STOPPED", DEADLINE, "STOPPED"), Action.WAIT, id="settle"),
        pytest.param("RUNNING", REQUESTED, Action.DONE, id="done"),
        pytest.param("FAILED", REQUESTED, ModelFailed, id="fail"),
    ],
)
def test_the_deadline_ends_waiting_and_requesting_and_nothing_else(
    status: str, progress: Progress, in_time: Cell
) -> None:
    late = TimedOut if in_time in (Action.REQUEST, Action.WAIT) else in_time
    assert decide(status, progress, 3599.999) == in_time
    assert decide(status, progress, 3600) == late


def test_a_model_that_failed_before_is_refused_only_by_a_request_made_while_it_was_failed() -> None:
    refused = Progress(1, "FAILED", NOW, "FAILED", Refusal.IN_USE)
    decision = decide_start(look("FAILED"), refused, DEADLINE)
    assert decision == Decision(None, "The model is FAILED, and the service refused to start it again.", ModelFailed)
    before = replace(refused, status_at_attempt="STOPPED")
    assert decide_start(look("FAILED"), before, DEADLINE).action is Action.REQUEST


def test_a_status_that_nobody_knows_is_mended_by_an_update() -> None:
    decision = decide_start(look("HIBERNATING"), BEFORE, DEADLINE)
    assert decision == Decision(
        None,
        "The service reports the status HIBERNATING, which this app does not know.",
        ModelNotStartable,
        "Update this app to a version that knows the status, or start the model by hand.",
    )


@pytest.mark.parametrize(
    ("refusal", "words"), [(None, ""), (Refusal.IN_USE, "in use"), (Refusal.NO_CAPACITY, "other models fill the quota")]
)
def test_a_timeout_says_what_stood_in_the_way(refusal: Refusal | None, words: str) -> None:
    decision = decide_start(look("STOPPED", 3600), replace(BEFORE, refusal=refusal), DEADLINE)
    assert "STOPPED" in decision.reason
    assert words in decision.reason
    assert ("refused" in decision.reason) == (refusal is not None)
    assert decision.remedy == (CapacityExceeded.remedy if refusal is Refusal.NO_CAPACITY else None)


@pytest.mark.parametrize(
    ("refusal", "unclear", "status", "made"),
    [
        (Refusal.IN_USE, True, "STARTING", True),
        (Refusal.IN_USE, True, "STOPPED", False),  # nothing has moved
        (Refusal.IN_USE, False, "STARTING", False),  # refused at the first try: somebody else's start
        (Refusal.NO_CAPACITY, True, "STARTING", True),
        (None, False, "STARTING", False),
    ],
)
def test_a_request_without_an_answer_was_made_where_the_status_has_moved(
    refusal: Refusal | None, unclear: bool, status: str, made: bool
) -> None:
    progress = Progress(1, "STOPPED", NOW, "STOPPED", refusal, unclear)
    assert made_after_all(look(status), progress) is made


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*STATUSES, "HIBERNATING", ""]),
        st.sampled_from([None, *Refusal]),
        st.booleans(),
        st.floats(1, 1800),
    ),
    max_size=60,
)


@given(STEPS, st.sampled_from([*STATUSES, "HIBERNATING", ""]))
def test_whatever_the_service_shows_the_decisions_come_to_an_end_by_the_deadline(
    steps: list[tuple[str, Refusal | None, bool, float]], at_last: str
) -> None:
    now, progress = NOW, Progress()
    for status, refusal, unclear, pause in [*steps, (at_last, None, False, 3600.0), (at_last, None, False, 1.0)]:
        outcome = cell(decide_start(Look(status, now), progress, DEADLINE))
        if outcome not in (Action.WAIT, Action.REQUEST):
            return
        assert now < DEADLINE
        progress = replace(progress, polls=progress.polls + 1, last_status=status)
        if outcome is Action.REQUEST:
            progress = replace(
                progress, attempted_at=now, status_at_attempt=status, refusal=refusal, unclear=unclear and bool(refusal)
            )
        now += timedelta(seconds=pause)
    pytest.fail("it went on after the deadline")
