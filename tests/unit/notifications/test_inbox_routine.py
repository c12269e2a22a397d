"""What the runs of inboxes end with every day is for programs: people get one report of an episode, or of a person."""

from dataclasses import replace

import pytest

from lifecycle.configuration import Inbox
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.state_machines import Machine
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.observability.measurements import of_ending
from lifecycle.start_model.result import StartResult
from tests.unit.examples import ARN, MACHINES, PROJECT, configured, execution, request, run, stop

CONFIGURATION = configured(inboxes={"line-1": Inbox("defects", "s3://factory/line-1/", "s3://results/line-1/")})
LEASE = "run/inbox-line-1-7-20261124T0600Z"
FAILED = Failure("CapacityExceeded", '{"Message": "The quota is used up."}')
STARTED = StartResult(ARN, PROJECT, "RUNNING", Outcome.MODEL_STARTED, 1, 4, LEASE, 4.0, ("It runs with other units.",))


def starts(lease_id: str = LEASE) -> Ending:
    return Ending(Machine.START_MODEL, execution(), request=replace(request(), lease_id=lease_id))


def stops(lease_id: str = LEASE) -> Ending:
    return Ending(Machine.STOP_MODEL, execution(machine="StopModel"), request=stop(LeaseId=lease_id))


def runs(lease_id: str = LEASE) -> Ending:
    return Ending(Machine.RUN_WITH_MODEL, execution(machine="RunWithModel"), request=replace(run(), lease_id=lease_id))


ROUTINE = {
    "a start, also one with a warning": replace(starts(), result=STARTED),
    "a start that failed": replace(starts(), failure=FAILED),
    "a start that timed out": replace(starts(), failure=replace(FAILED, error="TimedOut")),
    "a run that failed before its input was read": Ending(
        Machine.RUN_WITH_MODEL,
        execution(name=LEASE.removeprefix("run/"), machine="RunWithModel"),
        failure=replace(FAILED, error="ServiceUnavailable"),
    ),
    "a run that was blocked": replace(runs(), failure=replace(FAILED, error="InboxBlocked")),
}
FOR_PEOPLE = {
    "a start that holds the model for somebody else": replace(starts("shift-2"), result=STARTED),
    "a stop that failed, and costs money": replace(stops(), failure=FAILED),
    "a run that somebody has ended": replace(runs(), abortion=Abortion("ABORTED", "Wrong model", "RUNNING")),
    "a start of somebody else": replace(starts("shift-2"), failure=FAILED),
    "a lease of an inbox that is not configured": replace(starts(LEASE.replace("1-7", "2-7")), failure=FAILED),
    "a run of somebody else": replace(runs("run/monday"), failure=FAILED),
}


@pytest.mark.parametrize("ending", ROUTINE.values(), ids=ROUTINE)
def test_routine_is_an_event_and_no_message_to_people(ending: Ending) -> None:
    notification = ending_notification(ending, CONFIGURATION, MACHINES)
    assert notification.only_event
    assert notification.detail["Outcome"] == ending.outcome


@pytest.mark.parametrize("ending", FOR_PEOPLE.values(), ids=FOR_PEOPLE)
def test_what_somebody_has_to_do_something_about_reaches_people(ending: Ending) -> None:
    assert not ending_notification(ending, CONFIGURATION, MACHINES).only_event


def test_a_start_that_failed_for_an_inbox_sets_off_no_alarm_of_failed_starts() -> None:
    """INBOX_BLOCKED reports it, once an episode; the next try would set it off again every hour."""
    of_inbox, of_others = (replace(starts(lease), failure=FAILED) for lease in (LEASE, "shift-2"))
    assert [one.name for one in of_ending(of_inbox, CONFIGURATION)] == ["Outcomes"]
    assert [one.name for one in of_ending(of_others, CONFIGURATION)] == ["Outcomes", "FailedStarts"]
