"""What people do with an inbox from the command line: backfill, redrive, pause and resume."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Inbox
from lifecycle.errors import ASK_AGAIN, InvalidRequest
from lifecycle.inbox import record as records
from lifecycle.inbox.backfill import backfill
from lifecycle.inbox.changing import change
from lifecycle.inbox.ports import InboxRecords, Messages
from lifecycle.inbox.record import InboxRecord
from lifecycle.ports import ImageObjects
from lifecycle.shared.suggestions import nearest
from lifecycle.shared.text import as_text, escaped, on_a_line
from lifecycle.shared.wire import Json, timestamp

LONGEST_BY = 128
"""Characters of who pauses an inbox."""
LONGEST_KEY = 1024
Asked = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Operator:
    """Does what is asked for. Anybody who may invoke the function may give it anything.

    Parameters
    ----------
    left : callable
        The seconds that are left.
    """

    inboxes: Mapping[str, Inbox]
    records: InboxRecords
    messages: Messages
    objects: ImageObjects
    now: datetime
    left: Callable[[], float]

    def backfill(self, asked: Asked) -> Json:
        """``{"Inbox", "Errors"?, "StartAfter"?}`` -> what was put into the queue, and where to go on.

        Raises
        ------
        InvalidRequest, AccessDenied, ServiceUnavailable
        """
        name = self._inbox(asked)
        after, errors = asked.get("StartAfter", ""), asked.get("Errors", False)
        if not isinstance(after, str) or len(after.encode(errors="replace")) > LONGEST_KEY:
            raise InvalidRequest(f"StartAfter: {escaped(as_text(after))} is not the key of an object", remedy=ASK_AGAIN)
        if not isinstance(errors, bool):
            raise InvalidRequest(f"Errors: {escaped(as_text(errors))} is neither true nor false", remedy=ASK_AGAIN)
        done = backfill(
            name,
            self.inboxes[name],
            after=after,
            errors=errors,
            objects=self.objects,
            messages=self.messages,
            now=self.now,
            left=self.left,
        )
        go_on = {"StartAfter": done.next} if done.next else {}
        return {"Inbox": name, "Images": done.images, "Queued": done.queued, **go_on}

    def redrive(self, asked: Asked) -> Json:
        """``{"Inbox"}`` -> how many dead letters are being moved back into the queue."""
        name = self._inbox(asked)
        dead = self.messages.dead(name)
        begun = self.messages.redrive(name) if dead else False
        return {"Inbox": name, "DeadLetters": dead, "Begun": begun}

    def pause(self, asked: Asked) -> Json:
        """``{"Inbox", "By"?}`` -> since when it is paused, and by whom."""
        by = asked.get("By", "an operator")
        if not isinstance(by, str) or not 0 < len(by) <= LONGEST_BY:
            raise InvalidRequest(
                f"By: {escaped(as_text(by))} is not a name of 1 to {LONGEST_BY} characters", remedy=ASK_AGAIN
            )
        return self._changed(asked, lambda record: records.pause(record, on_a_line(by), self.now))

    def resume(self, asked: Asked) -> Json:
        """``{"Inbox"}`` -> what was ended: a pause, or waiting for the next try."""
        return self._changed(asked, lambda record: records.resume(record, self.now))

    def _changed(self, asked: Asked, changed: Callable[[InboxRecord], InboxRecord]) -> Json:
        name = self._inbox(asked)

        def with_answer(before: InboxRecord) -> tuple[InboxRecord, Json]:
            after = changed(before)
            paused = after.paused
            why = {"PausedBy": paused.by, "PausedSince": timestamp(paused.since)} if paused else {}
            return after, {"Inbox": name, "Changed": after != before, **why}

        return change(self.records, name, with_answer)

    def _inbox(self, asked: Asked) -> str:
        name = asked.get("Inbox")
        if isinstance(name, str) and name in self.inboxes:
            return name
        if not self.inboxes:
            raise InvalidRequest("No inbox is configured.", remedy="Add 'inboxes' to cdk.json, and deploy again.")
        near = nearest(as_text(name), dict.fromkeys(self.inboxes))
        meant = f"; did you mean {near}?" if near else ""
        raise InvalidRequest(
            f"Inbox: {escaped(as_text(name))} is not configured{meant}",
            remedy=f"The inboxes are: {', '.join(sorted(self.inboxes))}.",
        )
