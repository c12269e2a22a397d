"""Changing an inbox's record while ticks, workers and people may: read, change, and write it instead, or again."""

from collections.abc import Callable
from typing import TypeVar

from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.compare_and_set import MAX_CONFLICTS, change_record
from lifecycle.inbox.ports import InboxRecords
from lifecycle.inbox.record import InboxRecord

T = TypeVar("T")


def change(records: InboxRecords, inbox: str, changed: Callable[[InboxRecord], tuple[InboxRecord, T]]) -> T:
    """Change the record of an inbox, and answer what the change came with.

    Parameters
    ----------
    changed : callable
        Of the record as it was read: the record as it is to be, and an answer. It is called again after a conflict.

    Raises
    ------
    ServiceUnavailable
        The record never stood still; and whatever ``changed`` raises.
    """
    return change_record(
        lambda: records.get(inbox),
        lambda before, after: after == before or records.put(after),
        changed,
        never=ServiceUnavailable(f"The record of the inbox {inbox} changed {MAX_CONFLICTS} times while it was read."),
    )
