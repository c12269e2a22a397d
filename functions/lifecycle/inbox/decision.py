"""What a tick makes of an inbox: begin a run, look after it, let it go, or nothing, and why. Pure.

A tick comes every minute, is lost, late, or comes twice. So it goes by what is, and does everything again that may not
have been done: acts may be repeated. What may not, a run's number, is in the record before anything is done.

Letting go is in this order, whatever the reason: the record says CLOSING, so that workers look at nothing more; the
mapping is switched off; DrainInbox's task ends; DrainInbox waits until no worker can be at it any more; RunWithModel
releases the model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lifecycle.configuration import Inbox
from lifecycle.errors import fields_of
from lifecycle.executions.consistency import KNOWN_AFTER
from lifecycle.inbox import record as records
from lifecycle.inbox.record import TRIES, Blocked, Done, InboxRecord, Run, RunState
from lifecycle.model.statuses import RUNS_NO_MORE
from lifecycle.shared.text import clock, plural

TWO_TICKS = timedelta(seconds=50)
"""At least so long apart are two ticks a minute apart; a tick that comes twice is one."""
NO_PROGRESS = timedelta(minutes=15)
"""A model is not kept for images of which none is finished for so long."""
REFUSED = timedelta(minutes=3)
"""Nor for so long where none can be looked at: a first refusal may be a model that has just become RUNNING."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 60))
"""Between a run that ended as blocked and the next one; the last of them from then on. After a run that has finished
images it is the first again: what is denied then is some of them, which the others do not wait for."""
AGED = timedelta(days=10)
"""Images that have waited for so long are reported again: after 14 days SQS drops them."""
STOPPED_BY_HAND = frozenset({"STOPPING", "STOPPED"})
"""Statuses that a model with a lease has only where somebody has stopped it."""
OFF = frozenset({"Disabled", "Disabling"})
"""States of an event source mapping that gives workers nothing, or soon does not."""
OVER_BUDGET = "The month's budget is used up."
"""Why nothing is started; it goes on by itself once that is no longer so."""
BLOCKED_ERROR = "InboxBlocked"
"""The error with which a run ends that is blocked."""


@dataclass(frozen=True, slots=True)
class At:
    """Something that happened at a time, in words."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How the execution of the run stands, as DescribeExecution reports it; the error where it has failed."""

    status: str = "RUNNING"
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a tick sees. The record is read before any of it. None is what could not be seen.

    Parameters
    ----------
    waiting, in_work : int or None
        Images, as SQS counts them: about, and a minute late.
    finished : int
        Images finished today (UTC), counted by the worker.
    dead : int or None
        Images that were given up.
    last_result : datetime or None
        When the last image was finished.
    refusal : At or None
        When, and why, an image could last not be looked at for a reason that is not the image's own.
    mapping : str or None
        The state of the event source mapping.
    execution : RunEnd or None
        The run's RunWithModel execution; None where there is none (yet).
    model_status : str or None
        Of the model version that the run holds; nothing depends on it where there is no run.
    lease_held : bool
        The lease of an open run is there.
    runs_anyway : bool
        The model is RUNNING, and would be without this inbox: somebody else holds it, or it was never managed.
    budget_refuses : bool
        A start would be refused.
    stopped : At or None
        When, and by what, the model was last stopped whoever needs it.
    """

    waiting: int | None
    in_work: int | None
    finished: int = 0
    dead: int | None = 0
    last_result: datetime | None = None
    refusal: At | None = None
    mapping: str | None = "Disabled"
    execution: RunEnd | None = None
    model_status: str | None = None
    lease_held: bool = True
    runs_anyway: bool = False
    budget_refuses: bool = False
    stopped: At | None = None

    @property
    def images(self) -> int | None:
        """Waiting or in work."""
        return None if self.waiting is None or self.in_work is None else self.waiting + self.in_work


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start RunWithModel under this name, unless it was started before."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class EnableMapping:
    """Let workers receive images."""


@dataclass(frozen=True, slots=True)
class DisableMapping:
    """Let them receive none."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Keep DrainInbox's task going."""

    token: str


@dataclass(frozen=True, slots=True)
class EndRun:
    """End DrainInbox's task well."""

    token: str


@dataclass(frozen=True, slots=True)
class FailRun:
    """End DrainInbox's task badly."""

    token: str
    error: str
    cause: str


Act = StartRun | EnableMapping | DisableMapping | Heartbeat | EndRun | FailRun


class ReportKind(StrEnum):
    """What people are notified of."""

    BLOCKED = "INBOX_BLOCKED"
    FAILURES = "INBOX_FAILURES"


@dataclass(frozen=True, slots=True)
class Report:
    """Something that is reported once, before the record is written; ``key`` is the same if it is reported again.

    ``next_try`` is there if one is due: none is while somebody has paused it, or the budget refuses.
    """

    kind: ReportKind
    key: str
    why: str
    images: int | None
    since: datetime | None
    dead: int
    next_try: datetime | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be done: report, write the record if it has changed, and only where it could be written, act."""

    record: InboxRecord
    acts: tuple[Act, ...]
    reason: str
    reports: tuple[Report, ...] = ()


def decide(record: InboxRecord, seen: Seen, inbox: Inbox, now: datetime) -> Decided:
    """What a tick leads to."""
    before = record
    record = _stops_heeded(_counted(record, seen, inbox, now), seen, now)
    record = _without_ended(record, seen, now)
    decided = _with_pause(_BY_STATE[record.run.state if record.run else None](record, seen, inbox, now))
    return _reported(before, decided, seen, now)


def drain(record: InboxRecord, run: int, token: str, version: str, execution_arn: str, now: datetime) -> Decided:
    """What the task of DrainInbox leads to: ``record.opened``, with what is to be done at once.

    Raises
    ------
    InvalidRequest
    """
    record = records.opened(record, run, token, version, execution_arn, now)
    if record.open_run:
        return Decided(record, (EnableMapping(),), "The model is RUNNING: images are looked at.")
    return Decided(record, (EndRun(token),), "The inbox was paused while the model started.")


def _with_pause(decided: Decided) -> Decided:
    """Whatever a paused inbox does, people are to see that it is paused, and by whom."""
    paused = decided.record.paused
    if paused is None:
        return decided
    return replace(decided, reason=f"{decided.reason} Paused by {paused.by}, until somebody resumes.")


# --- what is remembered of what was seen


def _counted(record: InboxRecord, seen: Seen, inbox: Inbox, now: datetime) -> InboxRecord:
    """Since when images wait, or none do, and how many were finished lately."""
    if seen.images == 0:
        record = replace(record, waiting_since=None, empty_since=record.empty_since or now, aged=False)
    else:
        record = replace(record, waiting_since=record.waiting_since or now, empty_since=None)
    run, today = record.open_run, f"{now:%Y-%m-%d}"
    if run is None:
        return record
    finished = seen.finished - (run.counted if run.counted_on == today else 0)
    new = (Done(min(seen.last_result or now, now), finished),) if finished > 0 else ()
    lately = tuple(one for one in (*run.done, *new) if now - one.at < timedelta(minutes=inbox.idle_minutes))
    blocked = replace(record.blocked, attempts=0) if record.blocked and new else record.blocked
    run = replace(run, done=lately, counted=seen.finished, counted_on=today)
    return replace(record, run=run, blocked=blocked)


def _stops_heeded(record: InboxRecord, seen: Seen, now: datetime) -> InboxRecord:
    """Nothing undoes within a minute what a person, or the budget, has done."""
    if record.heeded is None:
        return replace(record, heeded=now)
    if seen.stopped is None or seen.stopped.at <= record.heeded:
        return record
    return replace(records.pause(record, seen.stopped.what, now), heeded=seen.stopped.at)


def _without_ended(record: InboxRecord, seen: Seen, now: datetime) -> InboxRecord:
    """The record without a run whose execution has ended."""
    run, end = record.run, seen.execution
    if run is None:
        return record
    if end is None:
        # Step Functions may not know it yet. Where it was paused before it began, nobody starts it any more.
        gone = now - run.since > KNOWN_AFTER and (run.state is not RunState.STARTING or record.paused is not None)
        return replace(record, run=None) if gone else record
    if end.status == "RUNNING":
        return record
    over = replace(record, run=None)
    if record.paused:
        return over
    if run.state is RunState.CLOSING:
        return _blocked(over, run.failure, now) if run.failure else replace(over, blocked=None)
    if end.error == "ModelStopped":
        return records.pause(over, "a stop of the model while it was started", now)
    message = fields_of(end.cause).get("Message")
    return _blocked(over, message or f"The run was ended from outside ({end.error or end.status}).", now)


def _blocked(record: InboxRecord, why: str, now: datetime) -> InboxRecord:
    attempts = record.blocked.attempts if record.blocked else 0
    wait = PAUSES[min(attempts, len(PAUSES) - 1)]
    since = record.blocked.since if record.blocked else now
    return replace(record, blocked=Blocked(since, why, attempts + 1, now + wait))


# --- what is done, by the state of the run


def _no_run(record: InboxRecord, seen: Seen, inbox: Inbox, now: datetime) -> Decided:
    if not seen.images:
        reason = "Nothing waits." if seen.images == 0 else "How many images wait can't be seen."
        return Decided(replace(record, blocked=record.blocked if seen.images is None else None), _off(seen), reason)
    wait = _waiting(seen.images, inbox.start_at_images)
    due_at = (record.waiting_since or now) + timedelta(minutes=inbox.start_after_minutes)
    if record.paused:
        return Decided(record, _off(seen), f"{wait}.")
    if record.blocked and now < record.blocked.next_try:
        again = f"The next try is at {clock(record.blocked.next_try)}."
        return Decided(record, _off(seen), f"{wait}. {record.blocked.reason.removesuffix('.')}. {again}")
    if not seen.runs_anyway:
        if seen.images < inbox.start_at_images and now < due_at:
            return Decided(record, _off(seen), f"{wait}; the model is started at {clock(due_at)} at the latest.")
        if seen.budget_refuses:
            begun = Blocked(now, OVER_BUDGET, 0, now)
            record = replace(record, blocked=replace(record.blocked, reason=OVER_BUDGET) if record.blocked else begun)
            return Decided(record, _off(seen), f"{wait}. {OVER_BUDGET}")
    record = records.begun(record, seen.finished, now)
    return _start(record, seen, f"{wait}: the model is about to be started.")


def _waiting(images: int, enough: int) -> str:
    """How many wait, of how many that a start takes where they are fewer."""
    if images < enough:
        return f"{images} of {enough} images wait"
    return f"{plural(images, 'image')} {'waits' if images == 1 else 'wait'}"


def _starting(record: InboxRecord, seen: Seen, _inbox: Inbox, _now: datetime) -> Decided:
    if seen.execution is None and not record.paused:
        return _start(record, seen, "The run may not have been started: it is about to be.")
    return Decided(record, _off(seen), "The model is being started.")


def _start(record: InboxRecord, seen: Seen, reason: str) -> Decided:
    run = _run(record)
    return Decided(record, (*_off(seen), StartRun(run.number, run.name)), reason)


def _open(record: InboxRecord, seen: Seen, inbox: Inbox, now: datetime) -> Decided:
    run = _run(record)
    # Of a model that is down the sweep ends all leases, also if somebody then starts it: that is no release.
    released = seen.model_status == "RUNNING" and not seen.lease_held
    if seen.model_status in STOPPED_BY_HAND or released:
        record = records.pause(record, "a stop of the model", now)
    if record.paused:
        return _let_go(record, "The model is about to be let go.")
    if why := _hindrance(run, record, seen, now):
        return _let_go(record, why, failure=why)
    if _is_idle(run, record, inbox, now):
        return _let_go(record, "Nothing waits or is in work: the model is about to be let go.")
    on = () if seen.mapping in ("Enabled", "Enabling") else (EnableMapping(),)
    return Decided(record, (*on, Heartbeat(run.token or "")), _under_way(seen.images, inbox))


def _under_way(images: int | None, inbox: Inbox) -> str:
    if images is None:
        return "Images are labelled; how many wait can't be seen."
    if not images:
        return f"Nothing waits or is in work: the model is let go if that stays so for {inbox.idle_minutes} minutes."
    return f"{plural(images, 'image')} {'waits or is' if images == 1 else 'wait or are'} in work."


def _closing(record: InboxRecord, seen: Seen, _inbox: Inbox, _now: datetime) -> Decided:
    return Decided(record, (*_off(seen), *_end(_run(record))), "The model is being let go.")


_State = Callable[[InboxRecord, Seen, Inbox, datetime], Decided]
_BY_STATE: Mapping[RunState | None, _State] = {
    None: _no_run,
    RunState.STARTING: _starting,
    RunState.OPEN: _open,
    RunState.CLOSING: _closing,
}


def _hindrance(run: Run, record: InboxRecord, seen: Seen, now: datetime) -> str | None:
    """Why the model is not kept although images may wait."""
    if seen.model_status in RUNS_NO_MORE:
        return f"The model is {seen.model_status}."
    if record.waiting_since is None:
        return None
    # Who resumes has mended what was refused before.
    progress = max(filter(None, (run.opened_at, seen.last_result, record.waiting_since, record.heeded)))
    if seen.refusal and seen.refusal.at > progress and now - progress >= REFUSED:
        return seen.refusal.what
    if now - progress >= NO_PROGRESS:
        return f"No image was finished for {NO_PROGRESS // timedelta(minutes=1)} minutes."
    return None


def _is_idle(run: Run, record: InboxRecord, inbox: Inbox, now: datetime) -> bool:
    """Whether nothing was there for two ticks, and so little came lately that no model would be started for it."""
    idle = timedelta(minutes=inbox.idle_minutes)
    twice_empty = record.empty_since is not None and now - record.empty_since >= TWO_TICKS
    had_time = run.opened_at is not None and now - run.opened_at >= idle
    return twice_empty and had_time and sum(one.images for one in run.done) < inbox.start_at_images


def _let_go(record: InboxRecord, reason: str, failure: str | None = None) -> Decided:
    record = records.closed(record, _run(record).number, failure)
    # Also where it seems to be off: what was seen may be older than that it was switched on.
    return Decided(record, (DisableMapping(), *_end(_run(record))), reason)


def _off(seen: Seen) -> tuple[Act, ...]:
    return () if seen.mapping in OFF else (DisableMapping(),)


def _end(run: Run) -> tuple[Act, ...]:
    if run.token is None:
        return ()  # it has failed before it was opened
    return (FailRun(run.token, BLOCKED_ERROR, run.failure),) if run.failure else (EndRun(run.token),)


def _run(record: InboxRecord) -> Run:
    if record.run is None:
        raise AssertionError
    return record.run


# --- what is reported


def _reported(before: InboxRecord, decided: Decided, seen: Seen, now: datetime) -> Decided:
    """Once an episode that it is blocked, again when images have waited for very long; once that some were given up."""
    record, reports = decided.record, []

    def report(kind: ReportKind, what: str, why: str) -> None:
        key = f"{record.name}#{what}#{before.revision}"
        due = record.blocked.next_try if record.blocked and not record.paused else now
        reports.append(
            Report(
                kind,
                key,
                why,
                seen.images,
                record.waiting_since,
                seen.dead or 0,
                next_try=due if due > now else None,
                paused=record.paused is not None,
            )
        )

    if record.blocked and before.blocked is None:
        report(ReportKind.BLOCKED, "blocked", record.blocked.reason)
    waiting = max(record.waiting_since, seen.last_result or record.waiting_since) if record.waiting_since else now
    if now - waiting >= AGED and not record.aged:
        report(ReportKind.BLOCKED, "aged", decided.reason)
        record = replace(record, aged=True)
    if seen.dead and not record.dead:
        report(ReportKind.FAILURES, "dead", f"{plural(seen.dead, 'image')} could not be labelled in {TRIES} tries.")
    if seen.dead is not None and bool(seen.dead) != bool(record.dead):
        record = replace(record, dead=seen.dead)
    return replace(decided, record=record, reports=tuple(reports))
