"""What the sweep does of a budget that is used up: it warns, stops later, and promises no restart that is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, OverBudget
from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.bill import Session
from lifecycle.model.budget import Spending
from lifecycle.model.leases import BudgetWarning, Claim, Lease, ModelItem, PendingLease
from lifecycle.model.usage import Running
from lifecycle.reconciliation.sweep_rules import Sweep, sweep_model
from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from tests.unit.examples import ARN, MACHINES, NOW, OTHER_ARN, configured, execution
from tests.unit.reconciliation.test_sweep import Sweeps
from tests.unit.twins import Ledger

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SHIFT = Lease("shift", NOW - HOUR, NOW + 9 * HOUR)
NIGHT = Lease("night", NOW - HOUR, NOW + 9 * HOUR)
IGNORES = replace(SHIFT, lease_id="release", ignores_budget=True)
BATCH = PendingLease("batch", execution("batch").id, NOW + HOUR)
HELD = ModelItem(ARN, leases=(SHIFT,), managed=True, running=Running(NOW - HOUR, 1))
STOPS = configured(monthly_budget_usd=500, over_budget=OverBudget.STOP)
REFUSES = replace(STOPS, over_budget=OverBudget.REFUSE)


def spent(usd: float, at: datetime = NOW, budget: float = 500) -> Spending:
    return Spending(at, f"{at:%Y-%m}", usd, per_hour=4.0, forecast=600, budget=budget)


def swept(
    item: ModelItem = HELD,
    status: str = "RUNNING",
    *,
    spending: Spending | None,
    configuration: Configuration = STOPS,
    claim_over: bool = False,
) -> Sweep:
    now = spending.at if spending else NOW
    return sweep_model(item, status, now, configuration, ended=(), claim_over=claim_over, spending=spending)


def outcomes(sweep: Sweep) -> list[Outcome]:
    return [finding.outcome for finding in sweep.findings]


def warned(minutes_ago: float, item: ModelItem = HELD) -> ModelItem:
    return replace(item, budget_warning=BudgetWarning(NOW - minutes_ago * MINUTE, 50_000))


@pytest.mark.parametrize(
    ("usd", "warns"),
    [(498.9, False), (499, True), (500, True), (700, True)],
    ids=["in 16 minutes", "in 15 minutes", "now", "long ago"],
)
def test_a_model_is_warned_of_as_soon_as_the_budget_is_forecast(usd: float, warns: bool) -> None:
    found = swept(spending=spent(usd))
    assert outcomes(found) == ([Outcome.BUDGET_REACHED] if warns else [])
    assert found.item.budget_warning == (BudgetWarning(NOW, 50_000) if warns else None)
    assert (found.stop, found.force) == (None, False)


@pytest.mark.parametrize(
    ("usd", "minutes_ago", "stops"),
    [(512, 15, True), (500, 15, True), (499.99, 15, False), (512, 14.9, False), (512, 600, True)],
    ids=["used up", "equal", "not yet", "too soon after the warning", "long after"],
)
def test_it_is_stopped_by_force_once_the_budget_is_used_up_and_no_sooner_than_the_warning_said(
    usd: float,
    minutes_ago: float,
    stops: bool,
) -> None:
    found = swept(warned(minutes_ago), spending=spent(usd))
    assert (found.stop is not None, found.force) == (stops, stops)
    assert outcomes(found) == []
    if stops:
        assert found.stop == f"This month's budget is used up (USD {usd:.2f} of USD 500.00)."


def test_where_no_warning_is_wanted_it_is_stopped_at_once_which_is_reported() -> None:
    found = swept(spending=spent(500), configuration=replace(STOPS, lease_warning_minutes=0))
    assert (outcomes(found), found.force) == ([Outcome.BUDGET_REACHED], True)


@pytest.mark.parametrize(
    ("item", "configuration", "spending"),
    [
        pytest.param(HELD, STOPS, None, id="what was spent is unknown"),
        pytest.param(HELD, REFUSES, spent(900), id="refuse"),
        pytest.param(HELD, replace(STOPS, over_budget=OverBudget.NOTIFY), spent(900), id="notify"),
        pytest.param(replace(HELD, leases=(SHIFT, IGNORES)), STOPS, spent(900), id="a lease ignores it"),
        pytest.param(
            replace(HELD, pending=(replace(BATCH, ignores_budget=True),)), STOPS, spent(900), id="a start ignores it"
        ),
        pytest.param(
            replace(HELD, claim=Claim(execution("e", machine="StopModel").id, NOW)),
            STOPS,
            spent(900),
            id="a stop goes on",
        ),
        pytest.param(ModelItem(ARN), STOPS, spent(900), id="never managed"),
    ],
)
def test_else_a_model_is_passed_by(item: ModelItem, configuration: Configuration, spending: Spending | None) -> None:
    for one in (item, warned(99, item)):
        found = swept(one, spending=spending, configuration=configuration)
        assert not found.force
        assert Outcome.BUDGET_REACHED not in outcomes(found)


def test_a_lease_that_ignored_the_budget_and_has_ended_saves_nobody() -> None:
    ended = replace(IGNORES, expires_at=NOW)
    assert Outcome.BUDGET_REACHED in outcomes(swept(replace(HELD, leases=(SHIFT, ended)), spending=spent(900)))


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_a_start_under_way_is_warned_of_and_stopped_too(status: str) -> None:
    starting = ModelItem(ARN, pending=(BATCH,), managed=True)
    (reached,) = swept(starting, status, spending=spent(500)).findings
    assert (reached.leases, [other.lease_id for other in reached.others]) == ((), ["batch"])
    assert swept(warned(15, starting), status, spending=spent(500)).force


def test_the_finding_has_every_lease_and_a_key_of_its_month_and_budget() -> None:
    (reached,) = swept(replace(HELD, leases=(SHIFT, NIGHT), pending=(BATCH,)), spending=spent(499.5)).findings
    assert reached.leases == (SHIFT, NIGHT)
    assert [other.lease_id for other in reached.others] == ["batch"]
    assert (reached.key, reached.status, reached.spending) == ("2026-11#50000", "RUNNING", spent(499.5))
    assert reached.project_version_arn == ARN


def test_a_budget_may_have_cents() -> None:
    found = swept(spending=spent(500, budget=499.99), configuration=replace(STOPS, monthly_budget_usd=499.99))
    assert found.item.budget_warning == BudgetWarning(NOW, 49_999)


def test_there_is_one_warning_for_each_month_and_budget() -> None:
    assert outcomes(swept(warned(3), spending=spent(499))) == []
    december = datetime(2026, 12, 20, tzinfo=UTC)
    held = replace(HELD, leases=(replace(SHIFT, expires_at=None),))
    anew = [
        swept(warned(3, held), spending=spent(501, december)),
        swept(warned(99, held), spending=spent(799, budget=800), configuration=replace(STOPS, monthly_budget_usd=800)),
    ]
    for found in anew:
        assert Outcome.BUDGET_REACHED in outcomes(found)
        assert not found.force, "the warning before was of something else"


def test_a_stop_and_a_start_in_between_make_no_second_warning() -> None:
    """The mark outlives the episode, unlike what else was reported of it."""
    down = sweep_model(warned(99, ModelItem(ARN)), "STOPPED", NOW, STOPS, ended=(), claim_over=False)
    assert down.item.budget_warning == BudgetWarning(NOW - 99 * MINUTE, 50_000)


# Restarts -----------------------------------------------------------------------------------------

DOWN = replace(HELD, leases=(SHIFT, NIGHT), running=None)
AGAIN: dict[str, Any] = {"restart_when_down": True}


@pytest.mark.parametrize("configuration", [REFUSES, STOPS])
@pytest.mark.parametrize(("usd", "restarts"), [(499.99, 2), (500, 0)])
def test_a_restart_is_promised_only_if_the_budget_does_not_refuse_it(
    configuration: Configuration, usd: float, restarts: int
) -> None:
    found = swept(DOWN, "STOPPED", spending=spent(usd), configuration=replace(configuration, **AGAIN))
    (down,) = found.findings
    assert (len(found.restarts), down.restarted) == (restarts, restarts > 0)
    assert down.spending == (None if restarts else spent(usd))


def test_a_lease_that_ignores_the_budget_is_restarted_so_unless_that_is_no_longer_allowed() -> None:
    item = replace(DOWN, leases=(SHIFT, IGNORES))
    (restart,) = swept(item, "STOPPED", spending=spent(900), configuration=replace(STOPS, **AGAIN)).restarts
    assert (restart["LeaseId"], restart["IgnoreBudget"]) == ("release", True)
    assert start_request(restart, execution(), STOPS).ignore_budget
    forbidden = replace(STOPS, **AGAIN, allow_ignore_budget=False)
    assert swept(item, "STOPPED", spending=spent(900), configuration=forbidden).restarts == ()
    room = swept(item, "STOPPED", spending=spent(1), configuration=forbidden).restarts
    assert [("IgnoreBudget" in one) for one in room] == [False, False]


def test_where_no_restart_is_configured_the_budget_is_not_spoken_of() -> None:
    (down,) = swept(DOWN, "STOPPED", spending=spent(900)).findings
    assert down.spending is None


# The sweep ----------------------------------------------------------------------------------------


def sweeps(configuration: Configuration = STOPS, hours: float = 128) -> Sweeps:
    return Sweeps(configuration=configuration, ledger=Ledger([Session(OTHER_ARN, NOW - hours * HOUR, NOW, 1, 4.0)]))


def test_the_sweep_warns_and_then_starts_a_stop_by_force() -> None:
    sweep = sweeps()
    sweep.has(ARN, "RUNNING", managed=True, leases=(SHIFT,))
    assert (sweep.run().reported, sweep.started) == (1, {})
    sweep.now += 15 * MINUTE
    assert sweep.run().stops == 1
    ((machine, _),) = sweep.executions.started
    (payload,) = sweep.started.values()
    assert machine == MACHINES.stop_model
    asked = stop_request(payload, execution(machine="StopModel"), STOPS)
    assert (asked.project_version_arn, asked.force) == (ARN, True)
    assert payload["Context"] == {"StartedBySweep": "This month's budget is used up (USD 513.00 of USD 500.00)."}
    assert [one.outcome for one in sweep.notified] == [Outcome.BUDGET_REACHED]


def test_several_models_are_stopped_and_the_one_that_ignores_the_budget_is_not() -> None:
    sweep = sweeps()
    sweep.has(ARN, "RUNNING", managed=True, leases=(SHIFT,), budget_warning=BudgetWarning(NOW - HOUR, 50_000))
    sweep.has(OTHER_ARN, "RUNNING", managed=True, leases=(IGNORES,), budget_warning=BudgetWarning(NOW - HOUR, 50_000))
    assert sweep.run().stops == 1
    assert [one["ProjectVersionArn"] for one in sweep.started.values()] == [ARN]


def test_who_ignores_the_budget_just_before_the_stop_is_spared() -> None:
    sweep = sweeps()
    sweep.has(ARN, "RUNNING", managed=True, leases=(SHIFT,), budget_warning=BudgetWarning(NOW - HOUR, 50_000))
    sweep.models.on_read = lambda: sweep.items.change(lambda found: replace(found, leases=(IGNORES,)))
    assert sweep.run().stops == 0


def test_where_the_budget_cant_be_read_nothing_is_stopped_and_no_restart_promised() -> None:
    sweep = sweeps(replace(STOPS, **AGAIN))
    sweep.ledger.failures = [ServiceUnavailable("Query answered ThrottlingException.")] * 2
    sweep.has(ARN, "RUNNING", managed=True, leases=(SHIFT,), budget_warning=BudgetWarning(NOW - HOUR, 50_000))
    sweep.has(OTHER_ARN, "STOPPED", managed=True, leases=(SHIFT,))
    found = sweep.run()
    assert (found.stops, found.restarts, found.reported) == (0, 0, 0)
    assert found.problems == ("this month's budget: Query answered ThrottlingException.",)
    assert sweep.items.get(OTHER_ARN).leases == (SHIFT,), "the next sweep finds it down again"


def test_it_is_read_only_where_it_refuses_or_stops() -> None:
    sweep = sweeps(configured(monthly_budget_usd=500))
    sweep.run()
    assert sweep.ledger.readings == 0
