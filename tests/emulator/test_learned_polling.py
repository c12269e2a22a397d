"""What one start teaches the next, end to end: how long it took is in the model's item, and looks come by it."""

import dataclasses

from emulator.server import Emulator
from tests.contract import valid_output
from tests.deployed.app import TIMING
from tests.deployed.executions import StateMachine
from tests.deployed.told import QUICK, NewModel

STARTING = 8
"""Seconds that the model takes to start."""


def past_starts(emulator: Emulator, arn: str) -> list[tuple[int, int]]:
    """The model's history, as it is in its item: longer than, and at most, in seconds."""
    table = emulator.outputs["ModelTableName"]
    item = emulator.client("dynamodb").get_item(TableName=table, Key={"Id": {"S": arn}})["Item"]
    starts = [start["M"] for start in item["Starts"]["L"]]
    return [(int(start["LongerThan"]["N"]), int(start["AtMost"]["N"])) for start in starts]


def test_a_start_looks_by_what_the_last_one_has_taught(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = dataclasses.replace(TIMING, starting=STARTING)
    arn = new_model()
    first = start_model.run({"ProjectVersionArn": arn, **QUICK}).output
    ((longer_than, at_most),) = past_starts(emulator, arn)
    assert 0 < longer_than < at_most
    assert STARTING <= at_most <= first["StartSeconds"] + 1

    emulator.custom_labels.put(arn, "STOPPED")
    second = start_model.run({"ProjectVersionArn": arn}).output
    valid_output(second)
    assert second["Outcome"] == "MODEL_STARTED"
    assert second["Polls"] <= 2 + STARTING / 2  # one before the request, and at most every other second after it
    assert second["StartSeconds"] < 2 * STARTING  # without history the first look would come after 30 s
    assert len(past_starts(emulator, arn)) == 2
