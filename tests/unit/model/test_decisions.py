"""Every cell of the design's table, for both targets, and the cases that the table names in words."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import CapacityExceeded, LifecycleError, ModelFailed, ModelNotStartable, ModelStopped, TimedOut
from lifecycle.model import decisions
from lifecycle.model.decisions import (
    STOP_IN_TIME,
    Action,
    Decision,
    Progress,
    Refusal,
    StatusCheck,
    StopProgress,
    made_after_all,
)
from lifecycle.model.statuses import BILLS, GONE, NOT_RUNNING, TARGET_RUNNING, TARGET_STOPPED, TRAINED, Target
from lifecycle.shared.wire import to_wire
from tests.infra.configurations import ROOT
from tests.unit.examples import NOW

STATUSES = (
    botocore.session.get_session().get_service_model("rekognition").shape_for("ProjectVersionStatus").enum  # type: ignore[attr-defined]  # botocore's stubs know no enum
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


def decide_start(checked: StatusCheck, progress: Progress, deadline: datetime) -> Decision:
    return decisions.decide(Target.RUNNING, checked, progress, deadline)


def checked(status: str, seconds: float = 0) -> StatusCheck:
    return StatusCheck(status, NOW + timedelta(seconds=seconds))


def cell(decision: Decision) -> Cell:
    outcome = decision.action or decision.error
    assert outcome is not None
    assert (decision.action is None) != (decision.error is None)
    assert decision.reason
    return outcome


def decide(status: str, progress: Progress, seconds: float = 0, deadline: datetime = DEADLINE) -> Cell:
    return cell(decide_start(checked(status, seconds), progress, deadline))


def test_the_table_knows_each_status_of_the_service_and_no_other() -> None:
    assert set(TARGET_RUNNING) == set(STATUSES) == set(CELLS) - {"HIBERNATING"}


@pytest.mark.parametrize("status", [*STATUSES, "HIBERNATING"])
def test_each_status_is_decided_as_the_design_says(status: str) -> None:
    assert (decide(status, BEFORE), decide(status, REQUESTED, 120)) == CELLS[status]


@pytest.mark.parametrize("progress", [BEFORE, REQUESTED], ids=["before", "requested"])
def test_a_status_that_is_unknown_is_named(progress: Progress) -> None:
    assert "HIBERNATING" in decide_start(checked("HIBERNATING"), progress, DEADLINE).reason


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
    decision = decide_start(checked("FAILED"), refused, DEADLINE)
    assert decision == Decision(
        None, "Amazon Rekognition refused to start it again after a failure (status FAILED).", ModelFailed
    )
    before = replace(refused, status_at_attempt="STOPPED")
    assert decide_start(checked("FAILED"), before, DEADLINE).action is Action.REQUEST


def test_a_status_that_nobody_knows_is_mended_by_an_update() -> None:
    decision = decide_start(checked("HIBERNATING"), BEFORE, DEADLINE)
    assert decision == Decision(
        None,
        "Amazon Rekognition reports the status HIBERNATING, which this app does not know.",
        ModelNotStartable,
        "Update this app to a version that knows the status, or start the model by hand.",
    )


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (None, ""),
        (Refusal.IN_USE, " The service refused the last request: the model is in use."),
        (Refusal.NO_CAPACITY, " Other models use up the account's quota."),
    ],
)
def test_a_timeout_says_what_stood_in_the_way(refusal: Refusal | None, words: str) -> None:
    decision = decide_start(checked("STOPPED", 3600), replace(BEFORE, refusal=refusal), DEADLINE)
    assert decision.reason == f"The time is up and the model is STOPPED.{words}"
    assert decision.remedy == (CapacityExceeded.remedy if refusal is Refusal.NO_CAPACITY else None)


UNMOVED = Progress(1, "STOPPED", NOW, "STOPPED")


@pytest.mark.parametrize(
    ("status", "progress", "reason"),
    [
        ("STOPPED", BEFORE, "The model is STOPPED and can be started."),
        ("STARTING", BEFORE, "The model is STARTING."),
        ("STOPPED", UNMOVED, "The start was requested; the status still shows STOPPED."),
        ("RUNNING", REQUESTED, "The model is RUNNING."),
        (
            "STOPPED",
            REQUESTED,
            "Somebody stopped it meanwhile, or the start had no effect (it is STOPPED).",
        ),
        ("FAILED", REQUESTED, "Amazon Rekognition could not run it (status FAILED)."),
        ("EXPIRED", BEFORE, "A model that is EXPIRED can't be started."),
    ],
)
def test_a_decision_says_why(status: str, progress: Progress, reason: str) -> None:
    decision = decide_start(checked(status), progress, DEADLINE)
    assert (decision.reason, decision.remedy) == (reason, None)


def test_the_definitions_of_the_state_machines_know_each_action() -> None:
    for machine in ("start_model", "stop_model"):
        definition = (ROOT / "statemachine" / f"{machine}.asl.json").read_text("utf-8")
        assert set(re.findall(r"\$next\.Action = '(\w+)'", definition)) == set(Action)


def test_an_execution_begins_with_nothing_seen_and_nothing_done() -> None:
    nothing = {"Polls": 0, "Unclear": False, "Leased": False, "Alone": False, "Inferred": False}
    assert to_wire(Progress()) == nothing
    assert to_wire(StopProgress()) == {**nothing, "Released": False, "UnknownLease": False, "Followed": False}


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
    assert made_after_all(checked(status), progress) is made


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
        outcome = cell(decide_start(StatusCheck(status, now), progress, DEADLINE))
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


# Target STOPPED -----------------------------------------------------------------------------------

STOP_DESIGN: dict[str, tuple[Cell, Cell]] = {
    # the table of "Deciding", target STOPPED: not yet requested | requested (and settled)
    "TRAINING_COMPLETED STOPPED COPYING_COMPLETED": (Action.DONE, Action.DONE),
    "FAILED": (Action.DONE, Action.DONE),
    "STARTING": (Action.WAIT, Action.WAIT),
    "RUNNING": (Action.REQUEST, Action.REQUEST),
    "STOPPING": (Action.WAIT, Action.WAIT),
    "TRAINING_IN_PROGRESS COPYING_IN_PROGRESS": (Action.DONE, Action.DONE),
    "TRAINING_FAILED COPYING_FAILED DELETING DEPRECATED EXPIRED": (Action.DONE, Action.DONE),
    "NOT_FOUND": (Action.DONE, Action.DONE),  # a version that is gone
    "HIBERNATING": (ModelNotStartable, ModelNotStartable),  # anything else
}
STOP_CELLS = {status: cells for row, cells in STOP_DESIGN.items() for status in row.split()}

UNTOUCHED = StopProgress(polls=1, last_status="STARTING")
STOP_REQUESTED = StopProgress(polls=3, last_status="STOPPING", attempted_at=NOW, status_at_attempt="RUNNING")


def decide_stop(status: str, progress: StopProgress, seconds: float = 0) -> Decision:
    return decisions.decide(Target.STOPPED, checked(status, seconds), progress, DEADLINE)


def test_the_table_of_stops_knows_each_status_of_the_service_and_one_that_is_gone() -> None:
    assert set(TARGET_STOPPED) == {*STATUSES, GONE} == set(STOP_CELLS) - {"HIBERNATING"}


@pytest.mark.parametrize("status", [*STATUSES, GONE, "HIBERNATING"])
def test_each_status_is_decided_for_a_stop_as_the_design_says(status: str) -> None:
    decided = cell(decide_stop(status, UNTOUCHED)), cell(decide_stop(status, STOP_REQUESTED, 120))
    assert decided == STOP_CELLS[status]


def test_what_bills_and_what_does_not_run_is_as_the_table_of_stops_has_it() -> None:
    assert set(BILLS) == {"STARTING", "RUNNING"}
    assert {status for status, cells in STOP_CELLS.items() if cells[0] is Action.DONE} == NOT_RUNNING
    assert {GONE, *STATUSES} == {*NOT_RUNNING, *BILLS, "STOPPING"}


def test_what_is_trained_can_be_started_if_not_now() -> None:
    startable = {status for status, cells in CELLS.items() if cells[0] is not ModelNotStartable}
    assert {*TRAINED, "TRAINING_IN_PROGRESS", "COPYING_IN_PROGRESS"} == startable


@pytest.mark.parametrize("progress", [UNTOUCHED, STOP_REQUESTED], ids=["before", "requested"])
def test_a_stop_that_sees_an_unknown_status_fails_and_names_it(progress: StopProgress) -> None:
    assert decide_stop("HIBERNATING", progress) == Decision(
        None,
        "Amazon Rekognition reports the status HIBERNATING, which this app does not know.",
        ModelNotStartable,
        "Update this app to a version that knows the status, and stop the model by hand if it bills.",
    )


@pytest.mark.parametrize(
    ("seconds", "decided"),
    [
        (0, Decision(Action.WAIT, "The stop was requested; the status still shows RUNNING.")),
        (59.999, Decision(Action.WAIT, "The stop was requested; the status still shows RUNNING.")),
        (60, Decision(Action.REQUEST, "The model is RUNNING, and nobody holds it.")),
    ],
    ids=["at once", "just within", "bound"],
)
def test_a_stop_that_shows_no_effect_is_requested_again_after_a_minute(seconds: float, decided: Decision) -> None:
    unmoved = replace(STOP_REQUESTED, last_status="RUNNING")
    assert decide_stop("RUNNING", unmoved, seconds) == decided


def test_a_model_that_runs_again_after_it_was_stopping_is_stopped_without_grace() -> None:
    assert decide_stop("RUNNING", STOP_REQUESTED, 5).action is Action.REQUEST


def test_a_stop_that_was_refused_was_not_made_and_is_requested_again() -> None:
    refused = replace(STOP_REQUESTED, last_status="RUNNING", refusal=Refusal.IN_USE)
    assert decide_stop("RUNNING", refused, 5).action is Action.REQUEST


@pytest.mark.parametrize("status", [*STATUSES, GONE, "HIBERNATING"])
@pytest.mark.parametrize("progress", [UNTOUCHED, STOP_REQUESTED], ids=["before", "requested"])
def test_the_deadline_of_a_stop_ends_waiting_and_requesting_and_nothing_else(
    status: str, progress: StopProgress
) -> None:
    in_time, late = cell(decide_stop(status, progress, 3599.999)), cell(decide_stop(status, progress, 3600))
    assert late == (TimedOut if in_time in (Action.REQUEST, Action.WAIT) else in_time)


def test_the_time_out_of_a_stop_says_what_to_do_about_a_model_that_bills() -> None:
    decision = decide_stop("RUNNING", UNTOUCHED, 3600)
    assert decision.reason == "The time is up and the model is RUNNING."
    assert decision.remedy == STOP_IN_TIME
    assert decide_start(checked("STARTING", 3600), BEFORE, DEADLINE).remedy is None  # its class's
