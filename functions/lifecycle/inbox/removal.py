"""What becomes of an inbox when the stack is about to be removed."""

from datetime import datetime

from lifecycle.inbox.changing import change
from lifecycle.inbox.ports import InboxRecords
from lifecycle.inbox.record import pause

BY = "the removal of the stack"


def pause_inbox(inbox: str, records: InboxRecords, now: datetime) -> None:
    """Begin no run any more. If the stack stays after all, somebody has to resume the inbox.

    Raises
    ------
    ServiceUnavailable
    """
    change(records, inbox, lambda record: (pause(record, BY, now), None))
