"""Names of executions that stand for deduplication: whoever does the same again meets the execution that it has begun.

So a name is derived from all that an execution is about, and an execution that exists is believed to be the one that
was meant only where it was given the same.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.requests import fingerprint
from lifecycle.executions.state_machines import execution_arn
from lifecycle.ports import Executions
from lifecycle.shared.wire import Json

MAX_NAME = 80
"""Characters of an execution's name (Step Functions API reference, StartExecution)."""
_DIGEST = 10
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_BESIDE = frozenset({"LeaseMinutes", "Context"})
"""Fields that don't say what an execution is about: minutes count from when they are given, and a note is a note."""


def execution_name(head: str, *identity: Json, when: str = "") -> str:
    """A name for people to read, which no two executions have that are about different things.

    ``sweep-stop-defects-20261124T0700Z-1f0c9a3b7e``: the head is cut where it is too long, the rest is whole.

    Parameters
    ----------
    head : str
        Who starts it, what, and of which model, as people call it: not enough to tell it from others.
    identity : JSON
        What does: the model version's ARN (account, Region, project and version), the lease, the request.
    when : str
        The moment that it is for, where it may come again.
    """
    text = json.dumps([head, when, *identity], sort_keys=True)
    tail = "-".join(filter(None, [when, hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]]))
    return f"{_ODD.sub('-', head)[: MAX_NAME - len(tail) - 1]}-{tail}"


def nested_name(what: str, execution_arn: str) -> str:
    """Of an execution that another one starts: always the same, so that whoever settles that one finds it."""
    return execution_name(f"{what}-{execution_arn.rpartition(':')[2]}", execution_arn)


def minute(moment: datetime) -> str:
    """``20261124T0700Z``."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%MZ}"


def start_once(executions: Executions, state_machine_arn: str, name: str, payload: Mapping[str, Json]) -> bool:
    """Start an execution; False where it has been started before.

    It is looked for first: of one that goes on, Step Functions answers the same start as if it had made it (API
    reference, StartExecution: idempotent).

    Raises
    ------
    ServiceUnavailable
        There is an execution of this name that is about something else, or that can't be seen yet: nothing was started.
    LifecycleError
        What starting one fails with.
    """
    arn = execution_arn(state_machine_arn, name)
    there = executions.describe(arn)
    if there is None:
        if executions.start(state_machine_arn, name, payload):
            return True
        there = executions.describe(arn)
    if there is None:
        raise ServiceUnavailable(f"{name} is there already, and what it is about can't be seen yet: {arn}")
    if _about(there.input) != _about(payload):
        raise ServiceUnavailable(
            f"{name} is there already, and is about something else: {arn}",
            remedy="Look who has started it. It keeps nothing from being started under another name.",
        )
    return False


def _about(payload: Json) -> str | None:
    """The same for inputs that ask for the same, whenever they do; None where the input is not of this app."""
    if not isinstance(payload, Mapping):
        return None
    return fingerprint({name: value for name, value in payload.items() if name not in _BESIDE})
