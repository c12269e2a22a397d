"""Settle and the sweep end to end: aborted executions, lost events, forgotten models, expired leases."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from emulator.custom_labels import Timing
from emulator.faults import Fault
from emulator.schedules import FireError
from emulator.server import Emulator
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.tables import item_of
from tests.deployed.told import QUICK, NewModel, Told

CHECK = "rekognition:DescribeProjectVersions"


@pytest.fixture(autouse=True)
def _only_own_models(emulator: Emulator) -> Iterator[None]:
    """The sweep looks at every model there is; those of other tests are none of its business here."""
    emulator.custom_labels.clear()
    yield
    emulator.custom_labels.clear()


def eventually(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """What comes true some time after an event; fails where it doesn't."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.1)
    return found


def let_lease_end(emulator: Emulator, arn: str, **ahead: float) -> None:
    """Write the end of the model's leases anew: so far from now, as if time had passed."""
    item = item_of(emulator, arn)
    end = datetime.now(UTC) + timedelta(**ahead)
    for lease in item["Leases"]:
        lease["Since"] = "2026-01-01T00:00:00.000Z"
        lease["ExpiresAt"] = end.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    serialised = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    emulator.client("dynamodb").put_item(TableName=emulator.outputs["ModelTableName"], Item=serialised)


def sweep(emulator: Emulator) -> Any:
    """Let the sweep come by."""
    return emulator.fire("EverySweep")


def told_of(emulator: Emulator, arn: str) -> list[str]:
    """The outcomes of all mails about a model."""
    mails = (one["MessageAttributes"] for one in emulator.control.notifications())
    return [mail["Outcome"] for mail in mails if mail.get("ProjectVersionArn") == arn]


def swept_execution(stop_model: StateMachine, since: datetime) -> Execution:
    """The execution that the sweep has started, at its end."""
    listed = stop_model.stepfunctions.list_executions(stateMachineArn=stop_model.arn)["executions"]
    (arn,) = (one["executionArn"] for one in listed if one["startDate"] >= since and one["name"].startswith("sweep-"))
    return stop_model.wait(arn)


# --- Executions that end early ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "slow"),
    [
        ("Prepare the request", "rekognition:DescribeProjects"),
        ("Check the model", CHECK),
        ("Start the model", "rekognition:StartProjectVersion"),
        ("Wait", None),
        ("Notify: running", "sns:Publish"),
    ],
)
def test_a_start_that_is_aborted_gives_its_lease_back_and_is_told_once(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, state: str, slow: str | None
) -> None:
    emulator.custom_labels.timing = Timing(starting=4)
    arn = new_model("RUNNING" if state == "Notify: running" else "STOPPED")
    if slow:
        emulator.faults.add(Fault(slow, contains=None if slow == "sns:Publish" else arn.split("/")[1], delay_seconds=3))
    started = start_model.start({"ProjectVersionArn": arn, "LeaseId": "aborted", **QUICK})
    start_model.wait_for_state(started, state)
    aborted = start_model.abort(started)
    assert aborted.status == "ABORTED"
    eventually(lambda: Told(emulator, aborted).events)
    item = eventually(lambda: not (item := item_of(emulator, arn)).get("Pending") and (item or True))
    # A notification that was decided before the abort is the one.
    decided = {"MODEL_ALREADY_RUNNING", "EXECUTION_ABORTED"} if state == "Notify: running" else {"EXECUTION_ABORTED"}
    (event,) = Told(emulator, aborted).events
    assert event["Outcome"] in decided, event
    assert item is True or [lease["LeaseId"] for lease in item.get("Leases", [])] in ([], ["aborted"])


def test_a_stop_that_is_aborted_is_taken_over_by_nobody_while_its_call_may_land(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=1, stopping=8)
    arn = new_model("RUNNING")
    stop = stop_model.start({"ProjectVersionArn": arn, **QUICK})
    stop_model.wait_for_state(stop, "Wait")
    aborted = stop_model.abort(stop)
    start = start_model.start({"ProjectVersionArn": arn, "PollSeconds": 1, "TimeoutSeconds": 20})
    failed = start_model.wait(start)
    assert failed.error == "TimedOut", "the claim stands for a minute after the stop's end"
    assert item_of(emulator, arn)["Claim"]["ExecutionArn"] == stop
    eventually(lambda: [event["Outcome"] for event in Told(emulator, aborted).events] == ["EXECUTION_ABORTED"])


@pytest.mark.waits
def test_an_execution_whose_event_was_lost_is_settled_by_the_sweep(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    began = datetime.now(UTC)
    arn = new_model()
    emulator.faults.add(Fault("events:Deliver", calls=None, lose=True))
    started = start_model.start({"ProjectVersionArn": arn, **QUICK})
    start_model.wait_for_state(started, "Wait")
    aborted = start_model.abort(started)
    sweep(emulator)
    swept = swept_execution(stop_model, began)
    assert swept.output["Outcome"] == "MODEL_STOPPED", "its lease is taken back at once"
    eventually(lambda: sweep(emulator) and Told(emulator, aborted).mails, seconds=150)  # an event is given a minute
    assert [event["Outcome"] for event in Told(emulator, aborted).events] == ["EXECUTION_ABORTED"]
    assert not item_of(emulator, arn).get("Pending")


@pytest.mark.waits
def test_who_could_not_be_told_in_time_is_told_later(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    emulator.faults.add(Fault("sns:Publish", calls=None, error="InternalFailure"))
    emulator.faults.add(Fault("events:Deliver", calls=None, lose=True))
    started = start_model.wait(start_model.start({"ProjectVersionArn": arn, **QUICK}), seconds=300)
    assert started.output["Warnings"], "the model runs, whether or not anybody could be told"
    assert Told(emulator, started).mails == []
    emulator.faults.clear()
    eventually(lambda: sweep(emulator) and Told(emulator, started).mails, seconds=150)
    Told(emulator, started).once("MODEL_ALREADY_RUNNING", "INFO")


# --- Leases -----------------------------------------------------------------------------------------------------------


def test_a_lease_that_ends_soon_is_told_once_and_again_after_it_was_extended(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    asked = {"ProjectVersionArn": arn, "LeaseId": "shift", **QUICK}
    start_model.run(asked)
    let_lease_end(emulator, arn, minutes=10)
    sweep(emulator), sweep(emulator)
    assert told_of(emulator, arn).count("LEASE_EXPIRING") == 1
    extended = start_model.run(asked)
    assert extended.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    assert extended.output["LeaseExtendedFrom"] < extended.output["LeaseExpiresAt"]
    sweep(emulator)
    assert told_of(emulator, arn).count("LEASE_EXPIRING") == 1
    let_lease_end(emulator, arn, minutes=9)
    sweep(emulator)
    assert told_of(emulator, arn).count("LEASE_EXPIRING") == 2


def test_a_forgotten_model_is_stopped_when_its_lease_has_expired(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    began = datetime.now(UTC)
    arn = new_model()
    start_model.run({"ProjectVersionArn": arn, "LeaseMinutes": 30, **QUICK})
    assert sweep(emulator)["Stops"] == 0
    let_lease_end(emulator, arn, seconds=-1)
    assert sweep(emulator)["Stops"] == 1
    swept = swept_execution(stop_model, began)
    assert swept.output["Outcome"] == "MODEL_STOPPED"
    assert swept.output["EstimatedCost"] >= 0
    assert "no lease holds it any more." in Told(emulator, swept).once("MODEL_STOPPED", "INFO")["Message"]
    assert told_of(emulator, arn).count("LEASE_EXPIRED") == 1
    assert sweep(emulator)["Stops"] == 0


def test_a_model_that_never_was_ours_is_told_once(emulator: Emulator, new_model: NewModel) -> None:
    arn = new_model("RUNNING")
    sweep(emulator), sweep(emulator)
    assert told_of(emulator, arn) == ["UNLEASED_MODEL"]


def test_a_leased_model_that_is_down_is_told_once(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    start_model.run({"ProjectVersionArn": arn, **QUICK})
    emulator.custom_labels.put(arn, "FAILED")
    sweep(emulator), sweep(emulator)
    assert told_of(emulator, arn) == ["MODEL_ALREADY_RUNNING", "MODEL_DOWN"]
    assert not item_of(emulator, arn)["Leases"]


def test_a_sweep_that_is_throttled_goes_on(emulator: Emulator, new_model: NewModel) -> None:
    arn = new_model("RUNNING")
    for operation in ("rekognition:DescribeProjects", CHECK):
        emulator.faults.add(Fault(operation, calls=(1, 2), error="ThrottlingException"))
    assert sweep(emulator)["Problems"] == []
    assert told_of(emulator, arn) == ["UNLEASED_MODEL"]


def test_a_project_that_cannot_be_read_does_not_keep_the_others_from_being_swept(
    emulator: Emulator, new_model: NewModel
) -> None:
    broken, fine = new_model("RUNNING"), new_model("RUNNING")
    emulator.faults.add(Fault(CHECK, contains=broken.split("/")[1], calls=None, error="AccessDeniedException"))
    with pytest.raises(FireError, match=broken.split("/")[1]):  # Lambda counts it as an error: the alarm
        sweep(emulator)
    assert (told_of(emulator, broken), told_of(emulator, fine)) == ([], ["UNLEASED_MODEL"])
