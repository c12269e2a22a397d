"""An inbox end to end: the deployed template, S3's events, queue and mapping, the packaged handlers, IAM enforced.

Minutes pass by the emulator's clock.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from emulator import images
from emulator.server import Emulator
from tests.deployed.app import ARRIVALS, MODEL
from tests.deployed.executions import wait_until
from tests.deployed.tables import forget_turns
from tests.stories.conftest import Own

RESULTS, FOLDER = "inbox-results", "line-2/"
ODD = {"a b/ü%2F+&\n.png": images.png(images.COLOURS["red"]), "broken.png": b"This is no picture."}


@dataclass
class Inbox:
    """The inbox that is configured by the name "line-2"."""

    emulator: Emulator

    def drop(self, name: str, content: bytes) -> None:
        self.emulator.client("s3").put_object(Bucket=ARRIVALS, Key=FOLDER + name, Body=content)

    def results(self) -> dict[str, Any]:
        """What is written about each image, by its name."""
        s3 = self.emulator.client("s3")
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=RESULTS).get("Contents", ())]
        return {key.removesuffix(".json"): json.load(s3.get_object(Bucket=RESULTS, Key=key)["Body"]) for key in keys}

    def minute(self) -> str:
        """Let a minute pass, and with it the tick: what it made of this inbox."""
        (answer,) = (one for one in self.emulator.let_pass(1) if "EveryMinute" in one["Schedule"])
        said: str = answer["Answer"]["Inboxes"]["line-2"]
        return said

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Its runs, the first one first."""
        arn = self.emulator.outputs["RunWithModelArn"]
        found = self.emulator.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
        return [one for one in reversed(found) if one["name"].startswith("inbox-line-2-")]

    @property
    def model(self) -> str:
        """The status of its model."""
        return next(one.status for one in self.emulator.custom_labels.versions() if one.arn == MODEL)

    @property
    def mapping(self) -> str:
        (found,) = self.emulator.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        state: str = found["State"]
        return state


@pytest.fixture
def inbox(emulator: Emulator, configured: str) -> Iterator[Inbox]:
    """When the story is over, the clock is the machine's again."""
    assert configured == MODEL
    images.ensure_bucket(emulator.client("s3"), RESULTS)
    yield Inbox(emulator)
    emulator.clock.reset()
    forget_turns(emulator)


@pytest.mark.large
def test_images_come_back_as_results_with_the_model_running_only_meanwhile(
    emulator: Emulator, inbox: Inbox, own: Own
) -> None:
    published, began = len(emulator.control.notifications()), len(emulator.authoriser.decisions)
    for name, content in ODD.items():
        inbox.drop(name, content)
    wait_until(lambda: inbox.minute() and inbox.runs)
    wait_until(lambda: inbox.model in ("STARTING", "RUNNING"))
    emulator.clock.advance(30)
    wait_until(lambda: inbox.results().keys() == ODD.keys())
    assert inbox.model == "RUNNING"
    result = inbox.results()["a b/ü%2F+&\n.png"]
    assert result["CustomLabels"] == [{"Name": "red", "Confidence": 100}]
    assert (result["Image"]["Key"], result["ProjectVersionArn"]) == ("line-2/a b/ü%2F+&\n.png", MODEL)
    assert inbox.results()["broken.png"]["Error"] == "InvalidImageFormatException"

    def is_over() -> bool:
        said = inbox.minute()
        return bool(said) and inbox.runs[-1]["status"] != "RUNNING"

    wait_until(is_over)
    assert [one["status"] for one in inbox.runs] == ["SUCCEEDED"]
    wait_until(lambda: inbox.model == "STOPPED")
    wait_until(lambda: inbox.mapping == "Disabled")
    assert emulator.control.notifications()[published:] == [], "people are not told of what goes well"
    denied = [one for one in emulator.authoriser.decisions[began:] if not one.allowed]
    assert denied == []
    own.ended()
