"""What the budget does, and what it does not bound, in words for whoever ran `make synth`."""

from infra.settings.settings import Settings
from lifecycle.configuration import OverBudget
from lifecycle.shared.text import all_of, plural, usd

NAMED = 3
"""Models; of more, how many more."""


def sentences(settings: Settings) -> list[str]:
    """A line where there is a budget, else none."""
    if settings.monthly_budget_usd is None:
        return []
    spent = f"Budget: once this month's models have cost {usd(settings.monthly_budget_usd)} (months are UTC's)"
    refused = "an alarm goes off, and no model is started any more"
    return [
        {
            OverBudget.NOTIFY: f"{spent}, an alarm goes off. Nothing is refused or stopped: over_budget is 'notify'.",
            OverBudget.REFUSE: f"{spent}, {refused}. {_overspent(settings)}{_override(settings)}",
            OverBudget.STOP: f"{spent}, {refused}, and what runs is stopped, whoever needs it, "
            f"{plural(settings.lease_warning_minutes, 'minute')} after a warning.{_override(settings)}",
        }[settings.over_budget]
    ]


def _overspent(settings: Settings) -> str:
    """By how much a month may cost more all the same."""
    endless = sorted(name for name, model in settings.models.items() if not model.lease_minutes)
    by_default = f", which is the default of {all_of(endless, NAMED)}" if endless else ""
    return (
        "What runs then runs on: the month is overspent by what the leases that are held then still cost, "
        f"and without bound by one that has no end (LeaseMinutes 0{by_default})."
    )


def _override(settings: Settings) -> str:
    """Who may pass."""
    if not settings.allow_ignore_budget:
        return ""
    stops = ", nor is its model stopped" if settings.over_budget is OverBudget.STOP else ""
    return f" A start with IgnoreBudget is not refused{stops}; everybody is notified of it."
