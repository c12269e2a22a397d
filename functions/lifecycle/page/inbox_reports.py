"""What the page shows of the inboxes, as data for machines: statemachine/schemas/report.inboxes.schema.json. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.page.inboxes import InboxView
from lifecycle.page.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedInbox:
    """An inbox: the fields that the page shows of it.

    Parameters
    ----------
    run : str, optional
        The name of the RunWithModel execution that holds the model.
    """

    name: str
    model: str
    images: str
    results: str
    state: str
    why: str
    finished_today: int
    failed_today: int
    dead_letters: int | None = None
    waiting: int | None = None
    in_work: int | None = None
    waiting_since: datetime | None = None
    last_result_at: datetime | None = None
    cost_today: float | None = None
    cost_per_image_today: float | None = None
    run: str | None = None
    paused_by: str | None = None
    paused_since: datetime | None = None
    next_try: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inboxes(Report):
    """What waits, and what is done about it."""

    inboxes: tuple[ReportedInbox, ...]


def inboxes_report(views: Sequence[InboxView], problems: Sequence[str], now: datetime) -> Inboxes:
    """What the page shows of the inboxes."""
    return Inboxes(
        report="inboxes", at=now, problems=tuple(problems), inboxes=tuple(_inbox(view, now) for view in views)
    )


def _inbox(view: InboxView, now: datetime) -> ReportedInbox:
    record, today = view.record, view.today
    due = record.blocked.next_try if record.blocked and not record.run and not record.paused else now
    return ReportedInbox(
        name=view.name,
        model=view.inbox.model,
        images=view.inbox.images,
        results=view.inbox.results,
        state=view.state.value,
        why=view.why,
        dead_letters=view.dead,
        finished_today=today.finished,
        failed_today=today.failed,
        waiting=view.waiting,
        in_work=view.in_work,
        waiting_since=view.waiting_since,
        last_result_at=today.last_result_at,
        cost_today=view.cost_today,
        cost_per_image_today=view.cost_per_image,
        run=record.run.name if record.run else None,
        paused_by=record.paused.by if record.paused else None,
        paused_since=record.paused.since if record.paused else None,
        next_try=due if due > now else None,  # while the budget refuses none is due
    )
