"""What this month's budget says to a start: it refuses what would start a model, and warns of the rest."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.errors import BudgetExceeded, LifecycleError
from lifecycle.executions.steps import Step, Transition
from lifecycle.model import leases
from lifecycle.model.budget import Spending
from lifecycle.model.decisions import Action
from lifecycle.model.version import ModelVersion
from lifecycle.start_model.request import StartRequest

_NOTHING_TO_IGNORE = "IgnoreBudget had nothing to ignore: no budget refuses starts here ('over_budget' in cdk.json)."
_NO_OVERRIDE = "Raise monthly_budget_usd in cdk.json and deploy, or wait for the next month (in UTC)."


def within_budget(
    transition: Transition,
    request: StartRequest,
    version: ModelVersion,
    spent: Callable[[], Spending],
    now: datetime,
    configuration: Configuration,
) -> Transition:
    """What a status check leads to, with the budget's say.

    The budget is read where it matters alone: by a check that would request the start, and by one that answers. Joining
    and extending stay allowed.

    Raises
    ------
    LifecycleError
        Of a check that would request the start: the budget can't be read. The check is tried again then.
    """
    step = transition.step
    if step is None:
        return transition
    if _would_request(step, request, now) and configuration.refuses_over_budget and not request.ignore_budget:
        spending = spent()
        if spending.is_used_up:
            error = budget_exceeded(spending, version, configuration)
            return Transition(leases.give_back(transition.item, request.execution_arn, now), error=error)
    if step.action is not Action.DONE or not (warnings := _warnings(request, spent, configuration)):
        return transition
    result = replace(step.result, warnings=(*step.result.warnings, *warnings))
    return replace(transition, step=replace(step, result=result))


def budget_exceeded(spending: Spending, version: ModelVersion, configuration: Configuration) -> BudgetExceeded:
    """The error of a start that a budget refuses."""
    return BudgetExceeded(
        f"This month's budget is used up ({spending.of_the_budget}). {spending.outlook}",
        project_version_arn=version.project_version_arn,
        status=version.status,
        status_message=version.status_message,
        remedy=None if configuration.allow_ignore_budget else _NO_OVERRIDE,
    )


def _would_request(step: Step, request: StartRequest, now: datetime) -> bool:
    """Also of a dry run; what is not due before next month is next month's."""
    planned = step.result.decision if step.result else None
    return step.action is Action.REQUEST or (
        planned is not None and planned.action is Action.REQUEST and now >= request.due_at
    )


def _warnings(request: StartRequest, spent: Callable[[], Spending], configuration: Configuration) -> list[str]:
    """Of a start that is answered: that it ignores the budget, or that the budget is used up."""
    if not configuration.refuses_over_budget:
        return [_NOTHING_TO_IGNORE] if request.ignore_budget else []
    try:
        spending = spent()
    except LifecycleError as error:
        # The model runs, and holds: that is answered, whatever can't be read.
        unread = f"What this month has cost could not be read: {error.message}"
        return [f"{_ignored(configuration)} {unread}"] if request.ignore_budget else [unread]
    if request.ignore_budget:
        return [f"{_ignored(configuration)} This month's models have cost {spending.of_the_budget}. {spending.outlook}"]
    if not spending.is_used_up:
        return []
    then = "the sweep stops the model" if configuration.stops_over_budget else "once stopped, it is not started again"
    unless = ", unless IgnoreBudget is given" if configuration.allow_ignore_budget else ""
    return [f"This month's budget is used up ({spending.of_the_budget}): {then}{unless}. {spending.outlook}"]


def _ignored(configuration: Configuration) -> str:
    """What IgnoreBudget does."""
    stops = ", and does not stop the model while this lease holds" if configuration.stops_over_budget else ""
    return f"IgnoreBudget was given: the budget does not refuse this start{stops}."
