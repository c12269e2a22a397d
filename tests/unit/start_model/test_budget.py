"""What this month's budget says to a start."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, OverBudget
from lifecycle.errors import BudgetExceeded, ServiceUnavailable
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.bill import Session
from lifecycle.model.decisions import Refusal
from lifecycle.model.leases import Lease
from lifecycle.model.version import ModelVersion
from lifecycle.shared.wire import Json
from tests.unit.examples import ARN, NOW, OTHER_ARN, configured
from tests.unit.start_model.test_request import refusal
from tests.unit.twins import Ledger, Models, Story

HOUR = timedelta(hours=1)
SPENT = Session(OTHER_ARN, NOW - 128 * HOUR, NOW, 1, 4.0)
ENFORCED = [OverBudget.REFUSE, OverBudget.STOP]
ASKED: dict[str, Json] = {"Model": "defects", "LeaseId": "shift"}
THROTTLED = ServiceUnavailable("Query answered ThrottlingException: Rate exceeded", throttled=True)


def budget(over: OverBudget = OverBudget.REFUSE, usd: float | None = 500, **settings: Any) -> Configuration:
    return configured(monthly_budget_usd=usd, over_budget=over, **settings)


def story(models: Models | None = None, configuration: Configuration | None = None, spent: Session = SPENT) -> Story:
    return Story(models or Models(), configuration=configuration or budget(), ledger=Ledger([spent]))


@pytest.mark.parametrize("over", ENFORCED)
@pytest.mark.parametrize("dry_run", [False, True])
def test_what_would_start_a_model_is_refused(over: OverBudget, dry_run: bool) -> None:
    started = story(configuration=budget(over))
    with pytest.raises(BudgetExceeded, match=r"This month's budget is used up \(USD 512.00 of USD 500.00\)") as refused:
        started.run({**ASKED, "DryRun": dry_run})
    assert "start it again with IgnoreBudget" in str(refused.value)
    assert (started.models.requests, started.items.get(ARN).is_held(NOW)) == ([], False)


@pytest.mark.parametrize(
    "configuration", [budget(OverBudget.NOTIFY), budget(usd=600), budget(usd=None)], ids=["notify", "room", "none"]
)
def test_else_it_is_started(configuration: Configuration) -> None:
    result = story(configuration=configuration).run(ASKED)
    assert (result.outcome, result.warnings) == (Outcome.MODEL_STARTED, ())


@pytest.mark.parametrize("over", ENFORCED)
def test_joining_a_model_that_runs_or_starts_is_allowed_with_a_warning(over: OverBudget) -> None:
    for script in ([(0, "RUNNING")], [(0, "STARTING"), (90, "RUNNING")]):
        started = story(Models(script=script), budget(over))
        result = started.run(ASKED)
        assert result.outcome is Outcome.MODEL_ALREADY_RUNNING
        (warning,) = result.warnings
        assert warning.startswith("This month's budget is used up (USD 512.00 of USD 500.00): ")
        assert ("stops the model" in warning) == (over is OverBudget.STOP)


@pytest.mark.parametrize("extend", [{}, {"ExtendOnly": True}])
def test_extending_a_lease_is_allowed_with_a_warning(extend: dict[str, Json]) -> None:
    started = story(Models(script=[(0, "RUNNING")]))
    started.items.change(lambda found: replace(found, leases=(Lease("shift", NOW, NOW + HOUR),), managed=True))
    result = started.run({**ASKED, **extend})
    assert result.lease_extended_from == NOW + HOUR
    assert "budget is used up" in result.warnings[0]


def test_the_budget_is_read_where_it_matters_alone() -> None:
    started = story(Models(once_started=[(0, "STARTING"), (600, "RUNNING")]), budget(usd=600))
    assert started.run(ASKED).polls > 5
    assert started.ledger.readings == 2, "before the request, and at the end"
    started = story(Models(), budget(OverBudget.NOTIFY))
    started.run(ASKED)
    assert started.ledger.readings == 0


@pytest.mark.parametrize("over", ENFORCED)
def test_who_ignores_the_budget_is_not_refused_but_warned_of_and_the_lease_remembers_it(over: OverBudget) -> None:
    started = story(configuration=budget(over))
    result = started.run({**ASKED, "IgnoreBudget": True})
    assert result.outcome is Outcome.MODEL_STARTED
    (warning,) = result.warnings
    assert warning.startswith("IgnoreBudget was given: the budget does not refuse this start")
    assert "This month's models have cost USD 512.00 of USD 500.00. If the month goes on as it has so far" in warning
    assert warning.endswith(" over the budget of USD 500.00.")
    assert ("does not stop the model" in warning) == (over is OverBudget.STOP)
    assert started.items.get(ARN).ignores_budget(started.clock.now)


def test_its_pending_lease_remembers_it_too() -> None:
    started = story()
    seen: list[bool] = []
    started.before_check = lambda: seen.append(started.items.get(ARN).ignores_budget(started.clock.now))
    started.run({**ASKED, "IgnoreBudget": True})
    assert seen[1:] == [True] * (len(seen) - 1)


@pytest.mark.parametrize("first", [False, True])
def test_a_lease_ignores_the_budget_from_when_it_is_asked_to_until_it_ends(first: bool) -> None:
    """Also where its end stays as it is: that a lease is never shortened says nothing of the budget."""
    started = story(Models(script=[(0, "RUNNING")]))
    kept = Lease("shift", NOW, NOW + 9 * HOUR, warned_at=NOW, ignores_budget=first)
    started.items.change(lambda found: replace(found, leases=(kept,), managed=True))
    started.run({**ASKED, **({} if first else {"IgnoreBudget": True})})
    assert started.items.get(ARN).leases == (replace(kept, ignores_budget=True),)


OF_IT = "USD 512.00 of USD 500.00"
OUTLOOK = "If the month goes on as it has so far, it comes to USD 659.46, USD 159.46 over the budget of USD 500.00."


@pytest.mark.parametrize(
    ("configuration", "ignores", "warning"),
    [
        (
            budget(OverBudget.NOTIFY),
            True,
            "IgnoreBudget had nothing to ignore: no budget refuses starts here ('over_budget' in cdk.json).",
        ),
        (
            budget(OverBudget.REFUSE),
            True,
            f"IgnoreBudget was given: the budget does not refuse this start. This month's models have cost {OF_IT}. "
            f"{OUTLOOK}",
        ),
        (
            budget(OverBudget.STOP),
            True,
            "IgnoreBudget was given: the budget does not refuse this start, and does not stop the model while this "
            f"lease holds. This month's models have cost {OF_IT}. {OUTLOOK}",
        ),
        (
            budget(OverBudget.REFUSE),
            False,
            f"This month's budget is used up ({OF_IT}): once stopped, it is not started again, unless IgnoreBudget is "
            f"given. {OUTLOOK}",
        ),
        (
            budget(OverBudget.STOP, allow_ignore_budget=False),
            False,
            f"This month's budget is used up ({OF_IT}): the sweep stops the model. {OUTLOOK}",
        ),
    ],
)
def test_a_start_that_is_answered_says_what_the_budget_makes_of_it(
    configuration: Configuration, ignores: bool, warning: str
) -> None:
    started = story(Models(script=[(0, "RUNNING")]), configuration)
    assert started.run({**ASKED, **({"IgnoreBudget": True} if ignores else {})}).warnings == (warning,)


def test_a_refusal_says_of_which_model_it_is_and_what_to_do() -> None:
    with pytest.raises(BudgetExceeded) as refused:
        story(Models(script=[(0, "FAILED")], status_message="It ran out."), budget(allow_ignore_budget=False)).run(
            ASKED
        )
    cause = refused.value.cause
    assert (cause["ProjectVersionArn"], cause["Status"]) == (ARN, "FAILED")
    assert cause["StatusMessage"] == "It ran out."
    assert cause["Remedy"] == "Raise monthly_budget_usd in cdk.json and deploy, or wait for the next month (in UTC)."


def test_where_it_is_not_allowed_it_is_an_invalid_request_and_the_error_does_not_offer_it() -> None:
    cause = refusal({**ASKED, "IgnoreBudget": True}, budget(allow_ignore_budget=False))
    assert cause["Message"].splitlines()[1:] == [
        "- IgnoreBudget: is not allowed in this deployment: allow_ignore_budget in cdk.json is false"
    ]
    with pytest.raises(BudgetExceeded) as refused:
        story(configuration=budget(allow_ignore_budget=False)).run(ASKED)
    assert "IgnoreBudget" not in str(refused.value)
    story(configuration=budget(usd=600, allow_ignore_budget=False)).run({**ASKED, "IgnoreBudget": False})


def test_a_start_for_later_is_refused_by_the_month_in_which_it_is_due() -> None:
    started = story()
    ready = {"ReadyAt": "2026-12-01T06:00:00Z"}
    assert started.run({**ASKED, **ready}).outcome is Outcome.MODEL_STARTED
    assert story().run({**ASKED, **ready, "DryRun": True}).outcome is Outcome.DRY_RUN
    with pytest.raises(BudgetExceeded):
        story().run({**ASKED, "ReadyAt": "2026-11-24T12:00:00Z"})


def test_a_start_that_waits_for_capacity_is_refused_once_the_budget_is_used_up() -> None:
    others = [ModelVersion(OTHER_ARN, "RUNNING", None, 3)]
    started = story(Models(answers=[Refusal.NO_CAPACITY] * 9, others=others, quota_free_at=9_999), budget(usd=600))
    started.before_check = _costs_more(started)
    with pytest.raises(BudgetExceeded):
        started.run({**ASKED, "WaitForCapacity": True})
    assert started.models.requests
    assert not started.items.get(ARN).pending
    assert started.items.get(ARN).changed_at == started.clock.now


def _costs_more(started: Story) -> Any:
    """Another model has cost as much as the budget has left, by the third look."""

    def spend() -> None:
        if len(started.steps) == 3:
            started.ledger.ended.append(Session(OTHER_ARN, NOW - 200 * HOUR, NOW - 100 * HOUR, 1, 4.0))

    return spend


def test_a_budget_that_cant_be_read_starts_nothing_and_is_a_reason_to_try_again() -> None:
    started = story(configuration=budget(usd=600))
    started.ledger.failures = [THROTTLED]
    with pytest.raises(ServiceUnavailable) as failed:
        started.run(ASKED)
    assert failed.value.throttled
    assert started.models.requests == []
    assert started.items.get(ARN).pending == (), "the check that failed has written nothing"


@pytest.mark.parametrize("ignores", [False, True])
def test_where_the_model_runs_that_is_answered_whatever_cant_be_read(ignores: bool) -> None:
    started = story(Models(script=[(0, "RUNNING")]))
    started.ledger.failures = [THROTTLED]
    result = started.run({**ASKED, "IgnoreBudget": ignores})
    assert "What this month has cost could not be read: Query answered" in result.warnings[0]
    assert ("IgnoreBudget was given" in result.warnings[0]) == ignores
