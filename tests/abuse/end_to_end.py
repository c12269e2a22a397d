"""A sample end to end: the deployed template, and the packaged functions in processes of AWS's own runtime client.

It takes minutes, because it deploys first. So it is the command's alone: ``--emulator 40``. What the emulator's Step
Functions can't read is left out: what is very deep or large, half a surrogate pair, and numbers
beyond a double.
"""

import json
import random
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from emulator.custom_labels import Timing
from emulator.deploy import synthesise
from emulator.server import Emulator
from tests.abuse.fields import MACHINES
from tests.abuse.inputs import ROWS, Hostile, hostile
from tests.abuse.judge import Verdict, is_named, safe_chat, safe_mail
from tests.deployed.app import QUOTAS, SETTINGS
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.told import Told

SIDE_BY_SIDE = 8
LARGEST = 30_000
LEFT_OUT = frozenset({"whole", "context", "huge", "nested"})
"""Rows of what the emulator can't read."""


def judged(size: int) -> list[Verdict]:
    """What came of so many inputs, by chance."""
    chosen = sample(size)
    timing = Timing(training=0.5, starting=3, stopping=1)
    with tempfile.TemporaryDirectory() as assembly, Emulator(port=0, timing=timing, quotas=QUOTAS) as emulator:
        emulator.deploy(synthesise({"custom-labels-lifecycle": SETTINGS}, Path(assembly)))
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(lambda one: _judged(emulator, one), chosen))


def sample(size: int) -> list[Hostile]:
    """Inputs of every row that is not left out, the same ones each time."""
    chance = random.Random(6)  # noqa: S311 - the same sample every time
    known = [
        one
        for machine in MACHINES
        for row in ROWS
        if row not in LEFT_OUT
        for one in hostile(machine, row, 0.02)
        if len(one.text) < LARGEST and not re.search("1e400|[0-9]{300}", one.text) and _is_text(one.text)
    ]
    return chance.sample(known, min(size, len(known)))


def _is_text(text: str) -> bool:
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _judged(emulator: Emulator, one: Hostile) -> Verdict:
    machine = StateMachine(emulator.outputs[f"{one.machine}Arn"], emulator.client("stepfunctions"))
    execution = machine.wait(machine.start(one.text), seconds=300)
    checks = {
        "refused": _refused(execution),
        "named": is_named(one, json.dumps(execution.cause)),
        "untouched": _untouched(emulator),
        "told": _told(emulator, one, execution),
        "safe": _safe(emulator, execution),
    }
    return Verdict(str(one), {name: "; ".join(found) for name, check in checks.items() if (found := list(check))})


def _refused(execution: Execution) -> Iterator[str]:
    if (execution.status, execution.error) != ("FAILED", "InvalidRequest"):
        yield f"{execution.status} {execution.error}: {str(execution.cause)[:500]}"
    # On a busy machine the emulator's services may take too long to answer, and are asked again.
    if failed := set(execution.failed_tasks()) - {
        "InvalidRequest",
        "ServiceUnavailable",
        "States.QueryEvaluationError",
    }:
        yield f"tasks failed: {failed}"


def _untouched(emulator: Emulator) -> Iterator[str]:
    called = {one.action for one in emulator.authoriser.decisions if one.action.startswith("rekognition:")}
    if called:
        yield f"called {called}"


def _told(emulator: Emulator, one: Hostile, execution: Execution) -> Iterator[str]:
    told, times = Told(emulator, execution), 0 if one.dry or one.machine == "DetectBatch" else 1
    for name, channel in (("topic", told.mails), ("chat", told.chats), ("bus", told.events)):
        ids = {str(sent.get("id") or sent.get("NotificationId") or sent.get("MessageId")) for sent in channel}
        if len(ids) != times:
            yield f"told {len(ids)} times on the {name}"


def _safe(emulator: Emulator, execution: Execution) -> Iterator[str]:
    told = Told(emulator, execution)
    for mail in told.mails:
        yield from safe_mail(mail["Subject"], mail["Message"])
    for chat in told.chats:
        yield from safe_chat(chat)
