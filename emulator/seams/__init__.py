"""Every patch of moto's private parts: what moto 5.2 lacks to deploy and run this stack, each with its reason.

Each patch has a test that fails when moto changes or does it itself; most are in
``tests/emulator/test_emulator_seams.py``.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from emulator.runtime import Deployed, Outcome
from emulator.seams import (
    chat,  # noqa: F401 - its classes make themselves known
    clients,
    cloudformation,
    custom_resources,  # noqa: F401 - its class makes itself known
    dynamodb,
    events,
    executions,
    jsonata,
    lambdas,
    mappings,
    maps,
    objects,
    patterns,
    policies,
    queues,
    refusals,
    resources,  # noqa: F401 - its classes make themselves known
    speed,
    stacks,
    state_tests,
    stepfunctions,
    template_urls,
    tokens,
    waits,
)
from emulator.seams.patching import connection


def connect(
    endpoint: str,
    invoke: Callable[[Deployed, bytes], Outcome],
    deliver: Callable[[str, Mapping[str, Any], dict[str, Any]], None],
) -> None:
    """Install the patches (once) and point them at this emulator.

    Parameters
    ----------
    endpoint
        Where it listens.
    invoke
        Its Lambda runtime.
    deliver
        Takes a rule's ARN, one of its targets that is a function, a state machine or a queue, and an event that it
        matches.

    """
    _install()
    connection.endpoint, connection.invoke, connection.deliver = endpoint, invoke, deliver
    clients.forget()


def disconnect() -> None:
    """Let go of the emulator's runtime; later invocations fail instead of starting processes."""
    connection.endpoint, connection.invoke, connection.deliver = "", None, None


@functools.cache
def _install() -> None:
    # moto's warnings come from server threads, where pytest's `error` would turn them into failed requests.
    warnings.filterwarnings("ignore", module="moto")
    for seam in (
        cloudformation, stacks, dynamodb, jsonata, refusals, stepfunctions, executions, events, patterns, lambdas, maps,
        speed, objects, queues, mappings, tokens, state_tests, waits, policies, template_urls,
    ):  # fmt: skip
        seam.install()
