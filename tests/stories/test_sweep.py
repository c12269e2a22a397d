"""The sweep on its schedule: it stops what nobody holds any more, and reports what it finds."""

from datetime import UTC, datetime, timedelta

from boto3.dynamodb.types import TypeSerializer

from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.notified import QUICK, NewModel, status_of
from tests.deployed.tables import item_of


def let_lease_end(emulator: Emulator, arn: str, ahead: timedelta) -> None:
    """Write the end of the model's leases anew: so far from now, as if time had passed."""
    item = item_of(emulator, arn)
    end = datetime.now(UTC) + ahead
    for lease in item["Leases"]:
        lease["Since"] = "2026-01-01T00:00:00.000Z"
        lease["ExpiresAt"] = end.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    serialised = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    emulator.client("dynamodb").put_item(TableName=emulator.outputs["ModelTableName"], Item=serialised)


def reported(emulator: Emulator, arn: str) -> list[str]:
    """The outcomes of all mails about a model, but for that of its stop, which may come any time later."""
    mails = (one["MessageAttributes"] for one in emulator.control.notifications())
    found = [mail["Outcome"] for mail in mails if mail.get("ProjectVersionArn") == arn]
    return [outcome for outcome in found if outcome != "MODEL_STOPPED"]


def test_a_forgotten_model_is_stopped_when_its_lease_has_expired(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    start_model.run({"ProjectVersionArn": arn, "LeaseMinutes": 600, **QUICK})
    assert emulator.fire("EverySweep")["Stops"] == 0
    let_lease_end(emulator, arn, timedelta(minutes=10))
    assert emulator.fire("EverySweep")["Stops"] == 0
    let_lease_end(emulator, arn, timedelta(seconds=-1))
    assert emulator.fire("EverySweep")["Stops"] == 1
    wait_until(lambda: status_of(emulator, arn) != "RUNNING")
    emulator.clock.advance(30)
    wait_until(lambda: status_of(emulator, arn) == "STOPPED")
    assert reported(emulator, arn) == ["MODEL_ALREADY_RUNNING", "LEASE_EXPIRING", "LEASE_EXPIRED"]
    assert emulator.fire("EverySweep")["Stops"] == 0


def test_what_runs_for_nobody_and_what_is_down_is_reported_once_and_measured(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    unleased, down = new_model("RUNNING"), new_model("RUNNING")
    start_model.run({"ProjectVersionArn": down, **QUICK})
    emulator.custom_labels.put(down, "FAILED")
    for _ in range(2):
        assert emulator.fire("EverySweep")["Problems"] == []
    assert reported(emulator, unleased) == ["UNLEASED_MODEL"]
    assert reported(emulator, down) == ["MODEL_ALREADY_RUNNING", "MODEL_DOWN"]
    assert item_of(emulator, down)["Leases"] == []
    (metric,) = (one for one in emulator.metrics.list() if one.name == "UnleasedModels")
    assert metric.values[-1] == 1
