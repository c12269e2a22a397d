"""What one start teaches the next: how long it took is in the model's item, and looks come by it."""

from tests.account.scene import START_MODEL, Scene
from tests.contract import valid_output

DESCRIBE = "rekognition:DescribeProjectVersions"


def past_starts(scene: Scene) -> list[tuple[int, int]]:
    """The model's history, as it is in its item: longer than, and at most, in seconds."""
    return [(int(start["LongerThan"]), int(start["AtMost"])) for start in scene.item["Starts"]]


def test_a_start_checks_the_status_by_what_the_last_one_has_taught(scene: Scene) -> None:
    scene.labels.models.once_started = ((0, "STARTING"), (400, "RUNNING"))
    first = scene.run(START_MODEL).output
    ((longer_than, at_most),) = past_starts(scene)
    assert 0 < longer_than < 400 <= at_most
    assert at_most <= first["StartSeconds"] + 1

    scene.put("STOPPED")
    before = len(scene.requests(DESCRIBE))
    second = scene.run(START_MODEL).output
    valid_output(second)
    assert second["Outcome"] == "MODEL_STARTED"
    _, after_the_start, *_ = scene.requests(DESCRIBE)[before:]
    assert after_the_start - scene.labels.starts[-1] > 60, "without history it is half a minute"
    assert second["StartSeconds"] - 400 < 10
    assert len(past_starts(scene)) == 2
