"""What has to come of an input, and of what people are told of it: asserted in the simulated account."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import time_machine

from lifecycle.configuration import DetectBatch
from tests.abuse.inputs import BUCKET, OR, PLACE, Hostile
from tests.account.account import DETECT_BATCH, Account
from tests.account.functions import CONFIGURATION, ENVIRONMENT, MORE, TIMEOUTS, Functions, loaded
from tests.account.machine import CAUSE
from tests.account.scene import CHAT, Ended, Scene
from tests.contract import failed_well, valid_chat
from tests.unit.examples import MACHINES, NOW, WORKLOAD

Json = Any
ARNS = {
    "StartModel": MACHINES.start_model,
    "StopModel": MACHINES.stop_model,
    "RunWithModel": MACHINES.run_with_model,
    "DetectBatch": DETECT_BATCH,
}
ABUSED = {
    **ENVIRONMENT,
    "CHAT_TOPIC_ARN": CHAT,
    "ACT_ARN": "arn:aws:lambda:us-east-1:123456789012:function:act",
    "OPERATORS_POLICY": "arn:aws:iam::123456789012:policy/operators",
}
LONGEST_TEXT = 32 * 1024
"""Bytes of a mail. SNS takes 256 KiB; nobody reads that."""
SECTIONS = ("What it costs:", "What to do:", "If plans change:", "What happened:", "Details:", "Links:")
_CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What no mail may have in it: controls, what has no width, what turns the direction of a text, and halves."""
_MENTION = re.compile(r"@(?!\u2060)(?!%40)[A-Za-z]|<[!@#]|<[a-z/]")


@dataclass
class S3:
    """Amazon S3, with nothing in it but what is written."""

    written: list[Json] = field(default_factory=list)

    def get_bucket_location(self, **_request: Json) -> Json:
        return {"LocationConstraint": None}

    def list_objects_v2(self, **_request: Json) -> Json:
        return {"KeyCount": 0, "Contents": []}

    def put_object(self, **request: Json) -> Json:
        self.written.append(request)
        return {}


@contextmanager
def abused() -> Iterator[Functions]:
    """All functions, with a chat channel and DetectBatch configured."""
    batch = DetectBatch((f"s3://{BUCKET}/{PLACE}",), "s3://factory-results/found")
    with loaded((*TIMEOUTS, *MORE), replace(CONFIGURATION, detect_batch=batch), ABUSED) as functions:
        yield functions


@contextmanager
def new_scene(functions: Functions, **more: Any) -> Iterator[Scene]:
    """One in an account in which nothing runs."""
    with time_machine.travel(NOW, tick=False) as traveller:
        scene = Scene(Account(functions, traveller, sweeps=False, **more))
        scene.account.wire.services["s3"] = S3()
        yield scene


def is_refused(one: Hostile, functions: Functions) -> None:
    """An input that is wrong: refused at the first try, by its name; nothing is touched, and it is told once."""
    with new_scene(functions) as scene:
        ended = scene.run(ARNS[one.machine], one.text)
        scene.passes(300)
    cause = failed_well(ended, "InvalidRequest")
    assert len(ended.visited) <= 3
    is_named(cause, one.paths)
    assert cause["Remedy"]
    assert not _CONTROL.search(cause["Message"])
    assert len(scene.account.stepfunctions.executions[ended.arn].cause or "") <= CAUSE // 2
    is_untouched(scene)
    is_notified(scene, ended, 0 if one.dry or one.machine == "DetectBatch" else 1)


def is_let_in(one: Hostile, functions: Functions) -> None:
    """An input that is right: nothing in it is evaluated, and nothing is started twice."""
    with new_scene(functions, labels={"once_started": ((0, "STARTING"), (60, "RUNNING"))}) as scene:
        if one.machine == "DetectBatch":
            scene.put("RUNNING")
        ended = scene.run(ARNS[one.machine], one.text)
        scene.passes(300)
    account, given = scene.account, json.loads(one.text)
    # A start has a second, where it is asked for so little, and is too late then.
    may_fail = "TimedOut" if given.get("TimeoutSeconds", 3600) < 120 else ""
    assert ended.error in (None, may_fail), ended
    assert {error for _, error in account.errors} <= {may_fail}
    assert [*account.lost_calls, *account.refused] == []
    machines = [execution.machine_arn for execution in account.stepfunctions.executions.values()]
    assert len(set(machines)) == len(machines)
    assert max(len(scene.labels.starts), len(scene.labels.stops)) <= 1
    if ended.status == "SUCCEEDED":
        _comes_back(scene, ended, given)
    is_notified(scene, ended, 0 if one.dry or one.machine in ("RunWithModel", "DetectBatch") else 1)


def _comes_back(scene: Scene, ended: Ended, given: Mapping[str, Json]) -> None:
    """Context, and what a workload is given, are as they were."""
    output = ended.output["Model"] if "Workload" in given else ended.output
    assert output.get("Context") == given.get("Context")
    assert all(event.get("Context") == given.get("Context") for event in scene.notified(ended).events)
    inputs = [one.given for one in scene.account.stepfunctions.executions.values() if one.machine_arn == WORKLOAD]
    assert all(json.loads(text) == given["Workload"].get("Input", {}) for text in inputs)


def is_named(cause: Mapping[str, str], paths: tuple[str, ...]) -> None:
    """Each on a line of its own."""
    lines = cause["Message"].split("\n")
    for path in paths:
        if path == "and * problems more":
            assert re.fullmatch(r"- and [0-9]+ problems more", lines[-1]), lines[-3:]
        else:
            assert any(line.startswith(f"- {one}: ") for line in lines for one in path.split(OR)), (path, cause)


def is_untouched(scene: Scene) -> None:
    """Nothing reaches Rekognition or S3, nothing is left in a table, and no function fails with anything else."""
    account = scene.account
    assert not [name for _, _, name in account.wire.calls if name.startswith(("rekognition:", "s3:"))]
    assert not account.dynamodb.tables.get("models")
    keys = [key for (key,) in account.dynamodb.tables.get("idempotency", {})]
    assert not [key for key in keys if not key.startswith(("decision", "delivery"))]
    assert {error for _, error in account.errors} <= {"InvalidRequest"}
    assert not account.lost_calls


def is_notified(scene: Scene, ended: Ended, times: int) -> None:
    """So often on each channel; and whatever was sent is text."""
    delivered = scene.notified(ended)
    assert [len(delivered.mails), len(delivered.chats), len(delivered.events)] == [times] * 3
    for _, _, request in scene.account.topic.sent:
        if request["TopicArn"] == CHAT:
            is_safe_chat(json.loads(request["Message"]))
        else:
            is_safe_mail(request["Subject"], request["Message"])


def is_safe_mail(subject: str, message: str) -> None:
    """A mail that is text, and of which no line looks like ours."""
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) < 100
    assert len(message.encode(errors="replace")) <= LONGEST_TEXT
    assert not _CONTROL.search(message), message
    others = [line for line in message.splitlines()[1:] if line and not line.startswith("  ")]
    assert set(others) <= set(SECTIONS)


def is_safe_chat(message: Json) -> None:
    """A message that keeps to its schema, mentions nobody, and has no markup but ours."""
    valid_chat(message)
    content = message["content"]
    for text in (content["title"], content["description"], *content["nextSteps"]):
        assert not _CONTROL.search(text), text
        plain = re.sub(r"`[^`]*`", "", text)  # a command to be copied
        assert not _MENTION.search(plain), text
