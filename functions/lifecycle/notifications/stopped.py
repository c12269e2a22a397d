"""The words of a stop that ended well: MODEL_STOPPED, MODEL_ALREADY_STOPPED, MODEL_KEPT_RUNNING. Pure."""

from collections.abc import Iterable, Iterator

from lifecycle.configuration import Configuration
from lifecycle.executions.state_machines import Machines
from lifecycle.model.statuses import GONE
from lifecycle.notifications import reasons
from lifecycle.notifications.cli_commands import force_command
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.notification import Text, in_subject, step
from lifecycle.shared.text import all_of, clause, clock, duration, per_hour, plural, usd
from lifecycle.stop_model.request import StopRequest
from lifecycle.stop_model.result import HoldingLease, StopResult, no_such_lease

MAX_NAMED = 3
"""Leases in a headline; those below it are as many as the output has."""


def model_stopped(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    """It stopped the model, or waited until another execution had."""
    result, name = _result(ending), ending.name(configuration)
    ran = result.running_seconds
    return Text(
        subject=f"{in_subject(name)} is stopped",
        headline=f"{name} is stopped and costs nothing any more: {_why(ending)}.",
        what_it_costs=[_cost_so_far(result)],
        what_to_do=result.warnings or _after_the_stop(ending, configuration),
        what_happened=[
            reasons.requested(ending),
            f"The stop took {duration(result.stop_seconds or 0)}; the model is {result.status}.",
            *([] if ran is None else [f"The model had been RUNNING for {duration(ran)}."]),
            *_versions(result),
        ],
    )


def model_already_stopped(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    """There was nothing to stop."""
    result, name = _result(ending), ending.name(configuration)
    so = "does not exist any more" if result.status == GONE else f"was not running (it is {result.status})"
    return Text(
        subject=f"{in_subject(name)} was not running",
        headline=f"{name} {so}: there was nothing to stop.",
        what_it_costs=["Nothing."],
        what_to_do=result.warnings or ["Nothing."],
        what_happened=[reasons.requested(ending), *_released(ending), *_versions(result)],
    )


def model_kept_running(ending: Ending, configuration: Configuration, machines: Machines) -> Text:
    """Other leases hold the model."""
    result, name = _result(ending), ending.name(configuration)
    arn = result.project_version_arn
    leases = result.leases or ()
    cost = f"bout {per_hour(result.estimated_hourly_cost or 0)}, until the last of these leases ends."
    return Text(
        subject=f"{in_subject(name)} was not stopped: others need it",
        headline=f"{name} was not stopped: {hold(lease.lease_id for lease in leases)} it.",
        what_it_costs=[f"A{cost}" if result.status == "RUNNING" else f"Once it is RUNNING, a{cost}"],
        what_to_do=result.warnings or ["Nothing."],
        if_plans_change=step(
            "To stop it all the same, whoever needs it", force_command(machines, configuration.name_for(arn), arn)
        ),
        what_happened=[
            reasons.requested(ending),
            *_released(ending),
            f"The model is {result.status}.",
            *(f"It is held by {described(lease)}." for lease in leases),
            *_versions(result),
        ],
    )


def hold(lease_ids: Iterable[str]) -> str:
    """``the lease a holds``, ``the leases a and b hold``."""
    ids = list(lease_ids)
    return f"the lease {ids[0]} holds" if len(ids) == 1 else f"the leases {all_of(ids, MAX_NAMED)} hold"


def described(lease: HoldingLease) -> str:
    """A lease that holds a model, and until when."""
    if lease.pending:
        return f"the lease {lease.lease_id}, whose start is under way"
    until = f"until {clock(lease.expires_at)}" if lease.expires_at else "until it is released"
    return f"the lease {lease.lease_id} {until}"


def _result(ending: Ending) -> StopResult:
    assert isinstance(ending.result, StopResult)  # noqa: S101 - for the type checker
    return ending.result


def _after_the_stop(ending: Ending, configuration: Configuration) -> list[str]:
    """Whom the budget has stopped may need the model still."""
    if not (isinstance(ending.request, StopRequest) and ending.request.force and reasons.reason_of_the_sweep(ending)):
        return ["Nothing."]
    regardless = "start it with IgnoreBudget, of which everybody is notified; or " * configuration.allow_ignore_budget
    return [f"If it is still needed: {regardless}raise monthly_budget_usd in cdk.json and deploy."]


def _why(ending: Ending) -> str:
    result = _result(ending)
    if isinstance(ending.request, StopRequest) and ending.request.force:
        by_budget = reasons.reason_of_the_sweep(ending)
        return f"{clause(by_budget)}; its leases were ended" if by_budget else "all its leases were ended by force"
    if result.lease_id and not _lease_was_unknown(result):
        return f"its last lease, {result.lease_id}, was released"
    return "no lease held it"


def _cost_so_far(result: StopResult) -> str:
    if result.estimated_cost is None:
        return "Nothing any more."
    units = plural(result.min_inference_units or 1, "inference unit")
    return f"Nothing any more. It cost about {usd(result.estimated_cost)} while it was RUNNING ({units})."


def _lease_was_unknown(result: StopResult) -> bool:
    return no_such_lease(result.lease_id) in result.warnings


def _released(ending: Ending) -> Iterator[str]:
    result = _result(ending)
    if isinstance(ending.request, StopRequest) and ending.request.force:
        yield "All its leases were ended by force."
    elif result.lease_id and not _lease_was_unknown(result):
        yield f"The lease {result.lease_id} was released."


def _versions(result: StopResult) -> Iterator[str]:
    """Where the name means many versions: which one it is, and who does the same with the others."""
    if result.selection:
        yield result.selection
    if result.other_executions:
        names = ", ".join(arn.rpartition(":")[2] for arn in result.other_executions)
        yield f"Other versions of it have an execution, and a message, of their own: {names}."
