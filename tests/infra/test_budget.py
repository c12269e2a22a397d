"""A budget that holds: what synthesis says of it, and what rights it takes."""

from typing import Any

import pytest

from infra.settings.budget_report import sentences
from infra.settings.settings import Settings
from tests.infra.configurations import MINIMAL
from tools.templates import Template


def said(**settings: Any) -> str:
    return "\n".join(sentences(Settings.from_context({**MINIMAL, **settings})))


def test_without_a_budget_nothing_is_said() -> None:
    assert said() == ""


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, ["have cost USD 500.00 (months are UTC's), an alarm goes off. Nothing is refused or stopped"]),
        (
            {"over_budget": "refuse"},
            ["no model is started any more.", "overspent by what the leases", "without bound", "IgnoreBudget"],
        ),
        (
            {"over_budget": "stop"},
            ["whoever needs it, 15 minutes after a warning.", "is not refused, nor is its model stopped"],
        ),
    ],
)
def test_synthesis_says_what_a_budget_does(settings: dict[str, str], says: list[str]) -> None:
    found = said(monthly_budget_usd=500, **settings)
    for words in says:
        assert words in found


def test_it_says_which_models_have_leases_without_an_end_by_default() -> None:
    models = [{**model, "lease_minutes": 0} for model in MINIMAL["models"]]
    found = said(monthly_budget_usd=500, over_budget="refuse", models=models)
    assert f"(LeaseMinutes 0, which is the default of {models[0]['name']})" in found


def test_it_offers_no_override_that_is_not_allowed() -> None:
    assert "IgnoreBudget" not in said(monthly_budget_usd=500, over_budget="stop", allow_ignore_budget=False)


def test_who_checks_a_model_reads_what_the_month_has_cost_only_where_a_budget_refuses(
    stack: Template, minimal: Template
) -> None:
    """The table of grants has what it reads; without such a budget nobody needs it."""
    granted = [action for actions in minimal.grants["StepsCheckRole"].values() for action in actions]
    assert "dynamodb:Query" in stack.grants["StepsCheckRole"]["${SharedLedger.Arn}"]
    assert not {"dynamodb:Query", "dynamodb:Scan"} & set(granted)
