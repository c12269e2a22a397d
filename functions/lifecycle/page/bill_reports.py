"""What a month has cost, as data for machines: statemachine/schemas/report.bill.schema.json. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration, OverBudget
from lifecycle.model.bill import Bill, Line
from lifecycle.model.budget import Spending
from lifecycle.model.idle import Idle
from lifecycle.page.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedBudget:
    """The budget of this month, and what was spent of it: USD, at maximum inference units where a model scales.

    Parameters
    ----------
    forecast : float
        What the month costs if it goes on as it has so far.
    hourly_cost : float
        What runs now costs per hour.
    over_budget : str
        What happens once it is used up.
    outlook : str
        Sentences for people: what the rest of the month comes to, and whether the budget lasts for it.
    """

    budget: float
    spent: float
    forecast: float
    hourly_cost: float
    used_up: bool
    over_budget: str
    outlook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPrice:
    """What costs are counted with: USD for an inference unit and hour.

    Parameters
    ----------
    assumed : bool
        Nobody has named it, and it is not known of this Region.
    """

    inference_unit_hour: float
    assumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyBill(Report):
    """What a month has cost so far, the dearest lines first.

    Parameters
    ----------
    always_on : float, optional
        USD: what the models that ran would have cost, had they run all the time with the same inference units.
    idle : tuple of Idle
        How much of the billed time each was idle; not there of one of which nobody knows.
    """

    month: str
    lines: tuple[Line, ...]
    total: float
    price: ReportedPrice
    always_on: float | None = None
    saved: float | None = None
    idle: tuple[Idle, ...] = ()
    budget: ReportedBudget | None = None


def bill_report(
    bill: Bill,
    idle: tuple[Idle, ...],
    problems: Sequence[str],
    now: datetime,
    spending: Spending | None,
    configuration: Configuration,
) -> MonthlyBill:
    """What a month has cost so far, and of this one against its budget."""
    return MonthlyBill(
        report="bill",
        at=now,
        problems=tuple(problems),
        month=bill.month,
        lines=bill.lines,
        total=bill.total,
        price=ReportedPrice(
            inference_unit_hour=configuration.inference_unit_hour_usd, assumed=configuration.price_is_assumed
        ),
        always_on=bill.always_on,
        saved=bill.saved,
        idle=idle,
        budget=_budget(spending, configuration.over_budget) if spending else None,
    )


def _budget(spending: Spending, over_budget: OverBudget) -> ReportedBudget | None:
    if spending.budget is None:
        return None
    return ReportedBudget(
        budget=spending.budget,
        spent=spending.spent,
        forecast=spending.forecast,
        hourly_cost=spending.per_hour,
        used_up=spending.is_used_up,
        over_budget=over_budget,
        outlook=spending.outlook,
    )
