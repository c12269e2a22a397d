"""Statuses in any order: a service that reports whatever it likes, before and after it was asked for something."""

import random
from collections.abc import Iterator, Mapping

from lifecycle.model.statuses import TARGET_RUNNING
from tests.account.account import Account
from tests.account.custom_labels import Script
from tests.account.services import Execution
from tests.account.stories import BEGIN, ERRORS, MIDDLE, Check, Story, Trial, notified_once
from tests.unit.examples import MACHINES

EVERY_STATUS = (*TARGET_RUNNING, "HIBERNATING")
"""The 14 of the service, and one that a future SDK may bring."""
TIMEOUT = 1500
"""Seconds that a start and a stop are given."""
SEQUENCES = 2000


def script(chance: random.Random) -> Script:
    """Up to eight statuses, each for a second to some minutes; the last one stays."""
    seconds, found = 0.0, []
    for _ in range(chance.randint(1, 8)):
        found.append((seconds, chance.choice(EVERY_STATUS)))
        seconds += chance.choice((1, 7, 31, 120, 400))
    return found


def _begins(account: Account) -> None:
    account.start(
        MACHINES.start_model, "start", {"Model": "defects", "LeaseId": "shift", "TimeoutSeconds": TIMEOUT}, BEGIN
    )
    account.start(
        MACHINES.stop_model, "stop", {"Model": "defects", "LeaseId": "shift", "TimeoutSeconds": TIMEOUT}, MIDDLE
    )


def _asked(account: Account) -> list[Execution]:
    return [one for one in account.stepfunctions.executions.values() if one.name in ("start", "stop")]


def _ends(_trial: Trial, account: Account) -> Iterator[str]:
    """In time, with fewer than 1,000 looks, and with RUNNING or STOPPED only where it is so."""
    for execution in _asked(account):
        if execution.ended is None:
            yield f"{execution.name} goes on in {execution.states[-1]}"
            continue
        took = (execution.ended - execution.began).total_seconds()
        if took > TIMEOUT + 60:
            yield f"{execution.name} took {took:.0f} s"
        if execution.states.count("Check the model") >= 1000:
            yield f"{execution.name} looked {execution.states.count('Check the model')} times"
        if execution.status == "FAILED" and execution.error not in ERRORS:
            yield f"{execution.name} fails with {execution.error}"
        seen = [
            status for seconds, status in account.custom_labels.history if seconds <= account.second(execution.ended)
        ]
        if execution.status == "SUCCEEDED" and execution.name == "start" and "RUNNING" not in seen:
            yield "the start answers RUNNING, which it never was"


def _status(_trial: Trial, account: Account) -> Iterator[str]:
    """Nothing is left of what has ended."""
    ended = {one.arn for one in _asked(account) if one.ended}
    item = account.items[-1][1] if account.items else {}
    if left := [one for one in item.get("Pending", ()) if one["ExecutionArn"] in ended]:
        yield f"pending: {left}"
    kept = account.dynamodb.tables.get("models", {}).values()
    if unsettled := [one["Id"]["S"] for one in kept if one["Id"]["S"] in ended]:
        yield f"not settled: {unsettled}"


SEQUENCE_CHECKS: Mapping[str, Check] = {"ends": _ends, "status": _status, "notified once": notified_once}


def sequences(_calls: object) -> Iterator[Trial]:
    """Trials, each with statuses of its own."""
    chance = random.Random(14)  # noqa: S311 - the same trials every time
    for number in range(SEQUENCES):
        labels = {name: script(chance) for name in ("script", "once_started", "once_stopped")}
        story = Story("statuses", _begins, labels, checks=SEQUENCE_CHECKS)
        yield Trial(story, words=f"sequence {number}: {labels}")
