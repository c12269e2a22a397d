"""What models have cost, and who held them: a record of each time that one ran, and their sum by month. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from lifecycle.configuration import Configuration
from lifecycle.errors import ASK_AGAIN, InvalidRequest
from lifecycle.model.leases import ModelItem, counted
from lifecycle.model.usage import Share
from lifecycle.shared.pricing import cost, second_cost
from lifecycle.shared.wire import Json

MONTH = "%Y-%m"
"""How a month is written: ``2026-11``; months are those of UTC, as AWS bills them."""
FIRST_MONTH = "2019-12"
"""In which Custom Labels came (AWS News Blog, 2019-12-03); months before have no bill."""
_A_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Session:
    """One time that a model ran, from RUNNING to its end.

    Parameters
    ----------
    model : str or None
        The name by which people called it then, if it was configured.
    inference_unit_hour_usd : float
        The price of then.
    shares : tuple of Share
        Who held it for how long; what is left of the session nobody did.
    found : bool
        Its beginning was not seen: it may have run for longer.
    max_inference_units : int, optional
        Up to which it scaled, where it did. The bill counts the minimum, a budget this.
    """

    project_version_arn: str
    since: datetime
    until: datetime
    min_inference_units: int
    inference_unit_hour_usd: float
    model: str | None = None
    shares: tuple[Share, ...] = ()
    found: bool = False
    max_inference_units: int | None = None

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return (self.until - self.since).total_seconds()

    @property
    def cost(self) -> float:
        """USD."""
        return cost(self.seconds, self.min_inference_units, self.inference_unit_hour_usd)


@dataclass(frozen=True, slots=True)
class Line:
    """What one holder of one model has cost; ``lease_id`` is None for the time in which nobody held it.

    Parameters
    ----------
    seconds : float
        Of the model's time, where several held it at a time each for its part.
    cost : float
        USD.
    """

    model: str
    project_version_arn: str
    lease_id: str | None
    seconds: float
    cost: float


@dataclass(frozen=True, slots=True)
class Bill:
    """What a month has cost so far; the dearest lines first.

    Parameters
    ----------
    month : str
        As ``2026-11``.
    total : float
        USD.
    always_on : float, optional
        USD: had the models that ran in it run all the time until now. None where none ran, or that was not asked.
    """

    month: str
    lines: tuple[Line, ...]
    total: float
    always_on: float | None = None

    @property
    def saved(self) -> float | None:
        """USD: what that would have cost more."""
        return None if self.always_on is None else self.always_on - self.total


def session_of(item: ModelItem, until: datetime, configuration: Configuration) -> Session | None:
    """The session that goes on, as if it ended then; None where the model is not known to run."""
    running = counted(item, until).running
    if running is None:
        return None
    return Session(
        project_version_arn=item.project_version_arn,
        since=running.since,
        until=max(until, running.since),
        min_inference_units=running.min_inference_units,
        inference_unit_hour_usd=configuration.inference_unit_hour_usd,
        model=configuration.name_of(item.project_version_arn),
        shares=running.shares,
        found=running.found,
        max_inference_units=running.max_inference_units,
    )


def ended_session(before: ModelItem, after: ModelItem, now: datetime, configuration: Configuration) -> Session | None:
    """The session that a change of the item ends, if it does."""
    ended = before.running is not None and after.running is None
    return session_of(before, now, configuration) if ended else None


def monthly_bill(month: str, sessions: Iterable[Session]) -> Bill:
    """The sum of the sessions by model and lease holder, of each the part that lies in the month.

    Parameters
    ----------
    month : str
        As ``2026-11``; ValueError where it is none.
    sessions : iterable of Session
        Those that have ended, and those that go on.
    """
    lines = lines_between(*bounds(month), sessions)
    return Bill(month, tuple(lines), sum(line.cost for line in lines))


def lines_between(begin: datetime, end: datetime, sessions: Iterable[Session]) -> list[Line]:
    """The sum of the sessions by model and lease holder, of each the part that lies in between; the dearest first."""
    seconds: dict[tuple[str, str, str | None], float] = defaultdict(float)
    costs: dict[tuple[str, str, str | None], float] = defaultdict(float)
    for session in sessions:
        inside = (min(session.until, end) - max(session.since, begin)).total_seconds()
        if inside <= 0:
            continue
        name = session.model or session.project_version_arn.split("/")[-2]
        for lease_id, held in _split(session):
            # Who held it when, within the session, is not kept: a month has its part of each.
            part = held * inside / session.seconds
            key = (name, session.project_version_arn, lease_id)
            seconds[key] += part
            costs[key] += part * second_cost(session.min_inference_units, session.inference_unit_hour_usd)
    lines = [
        Line(name, arn, lease_id, round(seconds[name, arn, lease_id], 3), amount)
        for (name, arn, lease_id), amount in costs.items()
    ]
    return sorted(lines, key=lambda line: (-line.cost, line.model, line.lease_id or ""))


def sessions_so_far(
    ended: Iterable[Session], items: Iterable[ModelItem], now: datetime, configuration: Configuration
) -> list[Session]:
    """Those that have ended, and those that go on as if they ended now."""
    going_on = (session_of(item, now, configuration) for item in items)
    return [*ended, *(session for session in going_on if session)]


def bill_so_far(
    month: str, ended: Iterable[Session], items: Iterable[ModelItem], now: datetime, configuration: Configuration
) -> Bill:
    """The bill of a month as it is now: with what the models have cost that run still."""
    sessions = sessions_so_far(ended, items, now, configuration)
    return replace(monthly_bill(month, sessions), always_on=always_on(month, sessions, now))


def always_on(month: str, sessions: Iterable[Session], now: datetime) -> float | None:
    """What the models that ran in a month would have cost, had they run all of it until now.

    Each with the inference units, and at the price, with which it ran: their mean over its time, where they changed.
    What a name meant counts once, also where that was one version after another. A model that did not run counts
    nothing: nobody knows whether it would have been needed.
    """
    begin, end = bounds(month)
    elapsed = (min(end, now) - begin).total_seconds()
    ran: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for session in sessions:
        inside = (min(session.until, end) - max(session.since, begin)).total_seconds()
        if inside > 0:
            name = session.model or session.project_version_arn
            seconds, amount = ran[name]
            rate = second_cost(session.min_inference_units, session.inference_unit_hour_usd)
            ran[name] = (seconds + inside, amount + inside * rate)
    # Two versions of a name that ran at a time cost more than one that always did.
    return sum(max(amount, amount / seconds * elapsed) for seconds, amount in ran.values()) if ran else None


def month_asked_for(given: Json, now: datetime) -> str:
    """The month that somebody names, who may name anything; this one where nobody names one.

    Raises
    ------
    InvalidRequest
        It is none, or one of which there can be no bill: for each month since then the ledger is read.
    """
    if given is None:
        return month_of(now)
    if isinstance(given, str) and _A_MONTH.fullmatch(given) and FIRST_MONTH <= given <= month_of(now):
        return given
    shown = str(given)[:20]
    raise InvalidRequest(
        f"Month: {shown!r} is no month from {FIRST_MONTH} to this one, such as {month_of(now)}", remedy=ASK_AGAIN
    )


def bounds(month: str) -> tuple[datetime, datetime]:
    """When a month begins, and when the next one does."""
    begin = datetime.strptime(month, MONTH).replace(tzinfo=UTC)
    return begin, (begin + timedelta(days=32)).replace(day=1)


def month_of(moment: datetime) -> str:
    """The month of a moment, as ``2026-11``."""
    return moment.astimezone(UTC).strftime(MONTH)


def months_since(month: str, now: datetime) -> list[str]:
    """A month and those that followed, until now."""
    found = [month]
    while found[-1] < month_of(now):
        found.append(month_of(bounds(found[-1])[1]))
    return found


def _split(session: Session) -> list[tuple[str | None, float]]:
    """The seconds of each holder, and of nobody."""
    held = [(share.lease_id, share.milliseconds / 1000) for share in session.shares]
    nobody = session.seconds - sum(seconds for _, seconds in held)
    return [*held, (None, nobody)] if nobody > 1 else list(held)
