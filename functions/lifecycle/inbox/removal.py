"""What becomes of an inbox when the stack is about to be removed."""

from datetime import datetime

from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.compare_and_set import MAX_CONFLICTS
from lifecycle.inbox.ports import InboxRecords
from lifecycle.inbox.record import pause

BY = "the removal of the stack"


def pause_inbox(inbox: str, records: InboxRecords, now: datetime) -> None:
    """Begin no run any more. If the stack stays after all, somebody has to resume the inbox.

    Raises
    ------
    ServiceUnavailable
    """
    for _ in range(MAX_CONFLICTS):
        record = records.get(inbox)
        if record.paused or records.put(pause(record, BY, now)):
            return
    raise ServiceUnavailable(f"The record of the inbox {inbox} changed {MAX_CONFLICTS} times while it was read.")
