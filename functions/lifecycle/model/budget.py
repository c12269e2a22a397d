"""What this month's models have cost, against its budget. Pure.

Counted at the maximum of inference units where a model scales: how many were in service is not known, and a budget that
holds has to assume the most. So it may be more than the bill, which counts the minimum.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.configuration import Configuration
from lifecycle.model.bill import Session, bounds, month_of, session_of
from lifecycle.model.leases import ModelItem
from lifecycle.shared.pricing import second_cost
from lifecycle.shared.text import per_hour, usd


@dataclass(frozen=True, slots=True)
class Spending:
    """What the month, of UTC, has cost until a moment.

    Parameters
    ----------
    month : str
        As ``2026-11``.
    spent : float
        USD, what runs now included.
    per_hour : float
        USD per hour of what runs now.
    forecast : float
        USD: what the whole month costs if it goes on as it has so far.
    budget : float or None
        USD, if one is configured.
    """

    at: datetime
    month: str
    spent: float
    per_hour: float
    forecast: float
    budget: float | None

    @property
    def is_used_up(self) -> bool:
        """Whether the month has cost the budget, or more."""
        return self.budget is not None and self.spent >= self.budget

    def is_used_up_within(self, ahead: timedelta) -> bool:
        """Whether it will have by then, if what runs now runs on; the next month begins with nothing spent."""
        if self.budget is None:
            return False
        _, end = bounds(self.month)
        hours = min(ahead, end - self.at) / timedelta(hours=1)
        return self.spent + self.per_hour * hours >= self.budget

    @property
    def left_hours(self) -> float | None:
        """After how many hours the budget is used up if what runs now runs on; None where it never is."""
        if self.budget is None or (self.spent < self.budget and not self.per_hour):
            return None
        return max(0.0, self.budget - self.spent) / self.per_hour if self.per_hour else 0.0

    @property
    def of_the_budget(self) -> str:
        """``USD 512.40 of USD 500.00``."""
        return usd(self.spent) if self.budget is None else f"{usd(self.spent)} of {usd(self.budget)}"

    @property
    def outlook(self) -> str:
        """What the rest of the month comes to, and whether the budget lasts for it, in sentences."""
        now = f"All that runs now costs {per_hour(self.per_hour)}. " if self.per_hour else ""
        return (
            f"{now}If the month goes on as it has so far, it comes to {usd(self.forecast)}{self._against_the_budget}."
        )

    @property
    def _against_the_budget(self) -> str:
        if self.budget is None:
            return ""
        over = self.forecast - self.budget
        return f", {f'{usd(over)} over' if over > 0 else 'within'} the budget of {usd(self.budget)}"


def spending(
    ended: Iterable[Session], items: Iterable[ModelItem], now: datetime, configuration: Configuration
) -> Spending:
    """What the month has cost until now.

    Parameters
    ----------
    ended : iterable of Session
        All that ended in this month.
    items : iterable of ModelItem
        Of all models, read before: a session that has ended in between is in both, and counts once.
    """
    month = month_of(now)
    begin, end = bounds(month)
    over = {(one.project_version_arn, one.since): one for one in ended}
    current = [one for item in items if (one := session_of(item, now, configuration))]
    going_on = [one for one in current if (one.project_version_arn, one.since) not in over]
    seconds = (
        (one, (min(one.until, end) - max(one.since, begin)).total_seconds()) for one in (*over.values(), *going_on)
    )
    # To a millionth of a dollar: sums of floats are not exact, and a budget may be met to the cent.
    spent = round(sum(max(0.0, inside) * _second_cost(one) for one, inside in seconds), 6)
    return Spending(
        at=now,
        month=month,
        spent=spent,
        per_hour=round(3600 * sum(map(_second_cost, going_on)), 2),
        forecast=round(spent * ((end - begin) / max(now - begin, timedelta(seconds=1))), 2),
        budget=configuration.monthly_budget_usd,
    )


def _second_cost(session: Session) -> float:
    units = max(session.min_inference_units, session.max_inference_units or 0)
    return second_cost(units, session.inference_unit_hour_usd)
