"""docs/detect-batch.md: its settings, its input, and the lines that it shows."""

import json

from emulator import images
from emulator.server import Emulator
from infra.settings.settings import Settings
from tests.deployed.app import SETTINGS
from tests.deployed.batches import BUCKET, lines_of
from tests.deployed.executions import StateMachine
from tests.docs.reading import blocks

SNIPPETS = blocks("docs/detect-batch.md", "json")


def test_the_settings_in_the_document_are_those_that_are_deployed_here() -> None:
    documented = json.loads("{" + SNIPPETS[0] + "}")
    assert documented == {"detect_batch": SETTINGS["detect_batch"]}
    assert Settings.from_context({**SETTINGS, **documented}).detect_batch


def test_the_input_in_the_document_labels_images(emulator: Emulator, detect_batch: StateMachine, model: str) -> None:
    """With what RunWithModel puts into it: StartModel's output."""
    workload = json.loads(SNIPPETS[1])["Workload"]
    assert workload["StateMachineArn"] == "<DetectBatchArn>"
    s3 = emulator.client("s3")
    images.ensure_bucket(s3, workload["Input"]["Bucket"])
    s3.put_object(
        Bucket=workload["Input"]["Bucket"],
        Key=f"{workload['Input']['Prefix']}0001.png",
        Body=images.png(images.COLOURS["blue"]),
    )
    started = {"ProjectVersionArn": model, "Status": "RUNNING", "LeaseId": "run/monday", "Warnings": []}
    execution = detect_batch.run({**workload["Input"], workload["ModelField"]: started})
    assert execution.output["Labels"] == {"blue": 1}


def test_the_lines_in_the_document_are_those_that_are_written(
    emulator: Emulator, detect_batch: StateMachine, model: str, prefix: str
) -> None:
    emulator.client("s3").put_object(Bucket=BUCKET, Key=prefix, Body=b"")
    given = {"Bucket": BUCKET, "Prefix": prefix, "ProjectVersionArn": model, "ToleratedFailurePercentage": 100}
    written = lines_of(emulator, detect_batch.run(given))
    labelled, broken, skipped = (json.loads(line) for line in SNIPPETS[2].splitlines())
    for documented, name in ((labelled, "red.png"), (broken, "broken.png"), (skipped, "")):
        assert documented.keys() == written[name].keys()
        assert documented["Image"].keys() == written[name]["Image"].keys()
    assert labelled["CustomLabels"][0].keys() == written["red.png"]["CustomLabels"][0].keys()
    assert broken["Error"] == written["broken.png"]["Error"]
    assert skipped["Skipped"] == written[""]["Skipped"]
