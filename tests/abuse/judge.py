"""What has to come of an input, and of what people are told of it: judged in the simulated account.

What does not hold is said in words, by property; where all holds there is nothing to say.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import fastjsonschema
import time_machine

from lifecycle.configuration import DetectBatch
from tests.abuse.inputs import BUCKET, OR, PLACE, Hostile
from tests.account.account import DETECT_BATCH, Account
from tests.account.functions import CONFIGURATION, ENVIRONMENT, MORE, TIMEOUTS, Functions, loaded
from tests.account.machine import CAUSE
from tests.account.services import Execution
from tests.unit.examples import MACHINES, NOW, WORKLOAD

Json = Any
ARNS = {
    "StartModel": MACHINES.start_model,
    "StopModel": MACHINES.stop_model,
    "RunWithModel": MACHINES.run_with_model,
    "DetectBatch": DETECT_BATCH,
}
CHAT = "arn:aws:sns:us-east-1:123456789012:chat"
ABUSED = {
    **ENVIRONMENT,
    "CHAT_TOPIC_ARN": CHAT,
    "ACT_ARN": "arn:aws:lambda:us-east-1:123456789012:function:act",
    "OPERATORS_POLICY": "arn:aws:iam::123456789012:policy/operators",
}
SCHEMAS = Path(__file__).parents[2] / "statemachine" / "schemas"
LONGEST_TEXT = 32 * 1024
"""Bytes of a mail. SNS takes 256 KiB; nobody reads that."""
SECTIONS = ("What happened:", "What it costs:", "What to do:", "Details:", "Links:")
_CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What no mail may have in it: controls, what has no width, what turns the direction of a text, and halves."""
_MENTION = re.compile(r"@(?!\u2060)(?!%40)[A-Za-z]|<[!@#]|<[a-z/]")
_chat_check = fastjsonschema.compile(
    json.loads((SCHEMAS / "notification.chat.schema.json").read_text(encoding="utf-8"))
)
_cause_check = fastjsonschema.compile(json.loads((SCHEMAS / "failure_cause.schema.json").read_text(encoding="utf-8")))


@dataclass
class S3:
    """Amazon S3, with nothing in it but what is written."""

    written: list[Json] = field(default_factory=list)

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


def account(functions: Functions, traveller: time_machine.Traveller, **more: Any) -> Account:
    """A new one, in which nothing runs."""
    traveller.move_to(NOW)
    made = Account(functions, traveller, sweeps=False, **more)
    made.wire.services["s3"] = S3()
    return made


Broken = dict[str, str]
"""What does not hold, by property."""


def broken(checks: Mapping[str, Iterator[str]]) -> Broken:
    """Of which properties there is something to say."""
    return {name: words for name, check in checks.items() if (words := "; ".join(check))}


@contextmanager
def silent_account(functions: Functions, **more: Any) -> Iterator[Account]:
    """One whose functions log nothing."""
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        yield account(functions, traveller, **more)


def refused(one: Hostile, functions: Functions) -> Broken:
    """What does not hold of an input that is wrong.

    *refused*: FAILED with ``InvalidRequest``, at the first try, and no function fails with anything else. *named*: the
    Cause is JSON that names the field and has a remedy. *untouched*: nothing reaches Rekognition or S3, and nothing is
    left in a table. *told*: once on each channel; of a dry run, and of DetectBatch, nobody. *safe*: what is told is
    bounded, has no control characters, markup or mentions, and no line that looks like ours.
    """
    with silent_account(functions) as here:
        execution = _started(one, here)
        here.run(900)
    told = Told(here)
    return broken(
        {
            "refused": _refused(execution),
            "named": is_named(one, execution.cause or ""),
            "untouched": _strays(here),
            "told": told.is_told(execution, 0 if one.dry or one.machine == "DetectBatch" else 1),
            "safe": told.is_safe(execution),
        }
    )


def let_in(one: Hostile, functions: Functions) -> Broken:
    """What does not hold of an input that is right, whatever it means.

    *passes*: it ends as one without the harm in it; no function fails. *once*: nothing is started twice. *untouched*:
    Context, and what a workload is given, come back as they were: nothing in them is evaluated. *told*, *safe*: as
    above.
    """
    with silent_account(functions, labels={"once_started": ((0, "STARTING"), (60, "RUNNING"))}) as here:
        if one.machine == "DetectBatch":
            here.custom_labels.follow(((0, "RUNNING"),))
        execution = _started(one, here)
        here.run(7200)
    told, given = Told(here), json.loads(one.text)
    quiet = one.dry or one.machine in ("RunWithModel", "DetectBatch")
    return broken(
        {
            "passes": _passes(execution, here, given),
            "once": _once(here),
            "untouched": _returned(execution, here, told, given),
            "told": told.is_told(execution, 0 if quiet else 1),
            "safe": chain.from_iterable(map(told.is_safe, here.stepfunctions.executions.values())),
        }
    )


def _started(one: Hostile, here: Account) -> Execution:
    begun = here.stepfunctions.start_execution(stateMachineArn=ARNS[one.machine], name="n", input=one.text)
    return here.stepfunctions.executions[begun["executionArn"]]


def _once(here: Account) -> Iterator[str]:
    machines = [one.machine_arn for one in here.stepfunctions.executions.values()]
    if twice := {one for one in machines if machines.count(one) > 1}:
        yield f"executions of {twice}"
    if len(here.custom_labels.starts) > 1 or len(here.custom_labels.stops) > 1:
        yield f"starts at {here.custom_labels.starts}, stops at {here.custom_labels.stops}"


def _passes(execution: Execution, here: Account, given: Json) -> Iterator[str]:
    # A start has a second, where it is asked for so little, and is too late then.
    may_fail = "TimedOut" if given.get("TimeoutSeconds", 3600) < 120 else ""
    if execution.status != "SUCCEEDED" and execution.error != may_fail:
        yield f"{execution.status} {execution.error}: {str(execution.cause)[:300]}"
    if failed := [one for one in here.errors if one[1] != may_fail]:
        yield f"functions failed: {failed[:3]}"
    if here.lost_calls or here.refused:
        yield f"lost or refused: {here.lost_calls}, {here.refused}"


def _returned(execution: Execution, here: Account, told: "Told", given: Json) -> Iterator[str]:
    if execution.status != "SUCCEEDED":
        return
    output = json.loads(execution.output or "null")
    context = (output["Model"] if execution.machine_arn == MACHINES.run_with_model else output).get("Context")
    if "Context" in given and context != given["Context"]:
        yield f"Context came back as {str(context)[:200]}"
    for event in told.events.get(execution.arn, []):
        if event.get("Context") != given.get("Context"):
            yield f"the event's Context is {str(event.get('Context'))[:200]}"
    workload = given.get("Workload", {})
    for child in here.stepfunctions.executions.values():
        if child.machine_arn == WORKLOAD and json.loads(child.given) != workload.get("Input", {}):
            yield f"the workload was given {child.given[:200]}"


def _refused(execution: Execution) -> Iterator[str]:
    if (execution.status, execution.error) != ("FAILED", "InvalidRequest"):
        yield f"{execution.status} {execution.error}: {str(execution.cause)[:500]}"
    if len(execution.states) > 3:
        yield f"went through {execution.states}"


def is_named(one: Hostile, cause: str) -> Iterator[str]:
    """What is wrong is named, by a Cause of the contract."""
    try:
        facts = json.loads(cause)
        _cause_check(facts)
    except (ValueError, fastjsonschema.JsonSchemaException) as error:
        yield f"{error}: {cause[:300]}"
        return
    lines = facts["Message"].split("\n")
    for path in one.paths:
        if not any(_names(line, path) for line in lines):
            yield f"{path} is not named: {facts['Message'][:600]}"
    if not facts["Remedy"]:
        yield "no remedy"
    if len(cause) > CAUSE // 2:
        yield f"a Cause of {len(cause)} characters"
    if found := _CONTROL.search(facts["Message"]):
        yield f"the Message has {found[0]!r}"


def _names(line: str, path: str) -> bool:
    if path == "and * problems more":
        return re.fullmatch(r"- and [0-9]+ problems more", line) is not None
    return any(line.startswith(f"- {one}: ") for one in path.split(OR))


def _strays(here: Account) -> Iterator[str]:
    """What should not have happened, to whichever of the inputs."""
    if called := {name for _, _, name in here.wire.calls if name.startswith(("rekognition:", "s3:"))}:
        yield f"called {called}"
    if here.custom_labels.starts or here.custom_labels.stops:
        yield "the model was started or stopped"
    if left := here.dynamodb.tables.get("models"):
        yield f"left in the table: {list(left)[:3]}"
    keys = [key for (key,) in here.dynamodb.tables.get("idempotency", {})]
    if tokens := [key for key in keys if not key.startswith(("decision", "delivery"))]:
        yield f"tokens: {tokens[:3]}"
    if failed := [one for one in here.errors if one[1] != "InvalidRequest"]:
        yield f"functions failed: {failed[:3]}"
    if here.lost_calls:
        yield f"lost calls: {here.lost_calls[:3]}"


class Told:
    """What was told of each execution, by channel."""

    def __init__(self, here: Account) -> None:
        self.events: dict[str, list[Json]] = {}
        self.mails: dict[str, list[Json]] = {}
        self.chats: dict[str, list[Json]] = {}
        of_id: dict[str, str] = {}
        for _, identity, detail in here.bus.sent:
            of_id[identity] = detail["ExecutionArn"]
            self.events.setdefault(detail["ExecutionArn"], []).append(detail)
        for _, identity, request in here.topic.sent:
            channel = self.chats if request["TopicArn"] == CHAT else self.mails
            channel.setdefault(of_id.get(identity, identity), []).append(request)

    def is_told(self, execution: Execution, times: int) -> Iterator[str]:
        """So often on each channel."""
        for name, channel in (("bus", self.events), ("topic", self.mails), ("chat", self.chats)):
            if (found := len(channel.get(execution.arn, []))) != times:
                yield f"told {found} times on the {name}"

    def is_safe(self, execution: Execution) -> Iterator[str]:
        """What was told has nothing in it that a client would take for anything but text."""
        for mail in self.mails.get(execution.arn, []):
            yield from safe_mail(mail["Subject"], mail["Message"])
        for chat in self.chats.get(execution.arn, []):
            yield from safe_chat(json.loads(chat["Message"]))


def safe_mail(subject: str, message: str) -> Iterator[str]:
    """A mail that is text, and of which no line looks like ours."""
    if not (subject.isascii() and subject.isprintable() and len(subject) < 100):
        yield f"the subject is {subject!r}"
    if len(message.encode(errors="replace")) > LONGEST_TEXT:
        yield f"a mail of {len(message)} characters"
    if found := _CONTROL.search(message):
        yield f"the mail has {found[0]!r}"
    for line in message.splitlines()[1:]:
        if line and not line.startswith("  ") and line not in SECTIONS:
            yield f"the mail has the line {line[:100]!r}"


def safe_chat(message: Json) -> Iterator[str]:
    """A message that keeps to its schema, mentions nobody, and has no markup but ours."""
    try:
        _chat_check(message)
    except fastjsonschema.JsonSchemaException as error:
        yield f"the chat message: {str(error)[:200]}"
    content = message["content"]
    texts = [content["title"], content["description"], *content["nextSteps"]]
    for text in texts:
        plain = re.sub(r"`[^`]*`", "", text)  # a command to be copied
        if found := _MENTION.search(plain) or _CONTROL.search(text):
            yield f"the chat message has {found[0]!r} in {text[:100]!r}"
