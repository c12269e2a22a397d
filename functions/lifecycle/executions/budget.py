"""Reading what the month has cost."""

from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.model.bill import month_of
from lifecycle.model.budget import Spending, spending
from lifecycle.ports import Ledger, ModelItems, left_to_the_sweep


def spending_so_far(items: ModelItems, ledger: Ledger, now: datetime, configuration: Configuration) -> Spending:
    """What this month has cost until now. A record that nobody can read counts as nothing; the sweep reports it.

    The items come first: so a session that ends in between is counted once, and never missed.

    Raises
    ------
    ServiceUnavailable, AccessDenied
        It can't be read now.
    """
    known = items.all(left_to_the_sweep)
    return spending(ledger.sessions(month_of(now), now, left_to_the_sweep), known, now, configuration)


def refuses(items: ModelItems, ledger: Ledger, now: datetime, configuration: Configuration) -> bool:
    """Whether a start would be refused now.

    Raises
    ------
    ServiceUnavailable, AccessDenied
    """
    return configuration.refuses_over_budget and spending_so_far(items, ledger, now, configuration).is_used_up
