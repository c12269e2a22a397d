"""Reading what the month has cost."""

from datetime import timedelta

import pytest

from lifecycle.configuration import OverBudget
from lifecycle.executions.budget import refuses, spending_so_far
from lifecycle.model.bill import Session
from lifecycle.model.leases import ModelItem
from lifecycle.model.usage import Running
from tests.unit.examples import ARN, NOW, OTHER_ARN, configured
from tests.unit.twins import Items, Ledger

SPENT = Session(OTHER_ARN, NOW - timedelta(hours=125), NOW, 1, 4.0)


def test_a_session_that_ends_while_the_two_are_read_is_neither_missed_nor_counted_twice() -> None:
    """The items are read first, and the write that takes it from there is the one that records it."""
    items, runs = Items(), ModelItem(ARN, running=Running(NOW - timedelta(hours=10), 1))
    assert items.put(runs)

    class Late(Ledger):
        def sessions(self, *_facts: object) -> list[Session]:
            assert items.put(ModelItem(ARN, revision=1))
            self.ended.append(Session(ARN, NOW - timedelta(hours=10), NOW, 1, 4.0))
            return self.ended

    assert spending_so_far(items, Late(), NOW, configured()).spent == 40


def test_a_record_that_nobody_can_read_counts_as_nothing() -> None:
    items = Items(nonsense={ARN: ValueError("nonsense")})
    assert spending_so_far(items, Ledger([SPENT]), NOW, configured()).spent == 500


@pytest.mark.parametrize(
    ("over_budget", "budget", "refused"),
    [
        (OverBudget.NOTIFY, 500, False),
        (OverBudget.REFUSE, 500, True),
        (OverBudget.STOP, 500, True),
        (OverBudget.REFUSE, 500.01, False),
    ],
)
def test_a_budget_that_is_used_up_refuses_where_it_is_meant_to(
    over_budget: OverBudget, budget: float, *, refused: bool
) -> None:
    configuration = configured(monthly_budget_usd=budget, over_budget=over_budget)
    assert refuses(Items(), Ledger([SPENT]), NOW, configuration) is refused
