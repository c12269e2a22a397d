"""What the parts of an inbox are called in AWS: the stack makes them, and functions find them by these names. Pure."""

import re
from collections.abc import Callable, Container
from typing import TypeAlias

from lifecycle.shared.fitting import fitting

DRAIN_INBOX = "DrainInbox"
"""The state machine that is an inbox's workload, by its name in the contract."""

LONGEST_FUNCTION = 64
"""Lambda API reference, CreateFunction."""
LONGEST_RULE = 64
"""EventBridge API reference, PutRule."""
Named: TypeAlias = Callable[[str, str], str]
"""From the names of the stack and of the inbox."""
_RUN = re.compile(r"inbox-(?P<inbox>[A-Za-z0-9-]{1,40})-\d+-\d{8}T\d{4}Z")
_LEASE = "run/"


def queue_name(stack_name: str, inbox: str) -> str:
    """Of the queue in which images wait: 68 characters at most, of SQS's 80."""
    return f"{stack_name}-inbox-{inbox}"


def dead_queue_name(stack_name: str, inbox: str) -> str:
    """Of the queue with the images that could not be looked at, often enough."""
    return f"{queue_name(stack_name, inbox)}-dead"


def undelivered_queue_name(stack_name: str, inbox: str) -> str:
    """Of the queue with the events that EventBridge could not put into the first one."""
    return f"{queue_name(stack_name, inbox)}-undelivered"


def inbox_of_run(run_name: str) -> str | None:
    """The inbox of a run, by the name of its RunWithModel execution; None where it is no inbox's."""
    found = _RUN.fullmatch(run_name)
    return found["inbox"] if found else None


def inbox_of_lease(lease_id: str | None, inboxes: Container[str]) -> str | None:
    """The configured inbox whose run holds a model under this lease; None where it is no inbox's."""
    found = inbox_of_run((lease_id or "").removeprefix(_LEASE)) if (lease_id or "").startswith(_LEASE) else None
    return found if found in inboxes else None


def worker_name(stack_name: str, inbox: str) -> str:
    """Of the function that looks at the images: the same after every deploy, as its event source mapping is of it."""
    return fitting(queue_name(stack_name, inbox), LONGEST_FUNCTION)


def rule_name(stack_name: str, inbox: str) -> str:
    """Of the rule that puts the bucket's events into the queue."""
    return fitting(queue_name(stack_name, inbox), LONGEST_RULE)
