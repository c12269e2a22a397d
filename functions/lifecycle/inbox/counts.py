"""What the workers of inboxes have done: a record for each day, to which they only add. Ticks and people read it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class InboxCount:
    """What the worker of an inbox has done on one day of UTC.

    Parameters
    ----------
    finished : int
        Images of which a result was written; ``failed`` of them can't be labelled, and their result says why.
    last_result_at : datetime, optional
        When the last of them was, or an image was passed over.
    last_refusal_at, last_refusal : optional
        When, and why, it last could not process an image for a reason that is not the image's own.
    """

    finished: int = 0
    failed: int = 0
    last_result_at: datetime | None = None
    last_refusal_at: datetime | None = None
    last_refusal: str | None = None


class InboxCounts(Protocol):
    """What the workers of inboxes have done. Nobody reads and writes it back: workers and ticks never conflict."""

    def on(self, inbox: str, day: date) -> InboxCount:
        """The count of one day."""

    def finished(self, inbox: str, now: datetime, *, failed: bool) -> None:
        """Count one image."""

    def passed(self, inbox: str, now: datetime) -> None:
        """Remember that an image left the queue without a result, as one that was deleted: something goes on."""

    def refused(self, inbox: str, now: datetime, why: str) -> None:
        """Remember why an image could not be processed."""
