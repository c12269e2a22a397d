"""The words of a start that ended badly: START_FAILED, START_TIMED_OUT. Pure."""

import re
from collections.abc import Iterator

from lifecycle.configuration import Configuration
from lifecycle.executions.state_machines import Machines
from lifecycle.model.statuses import BILLS
from lifecycle.notifications import costs, reasons
from lifecycle.notifications.cli_commands import again_command, stop_command, who_called_command
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.notification import Text, in_subject, step
from lifecycle.shared.arns import VERSIONS
from lifecycle.shared.text import duration
from lifecycle.start_model.request import StartRequest

NEVER_AGAIN = frozenset({"InvalidRequest", "ModelNotFound", "ModelNotStartable"})
"""Errors that the same start would meet again."""
_AGAIN = re.compile(r"\b([Ss]tart it (again|with)|[Tt]ry again)\b")
"""In the line of a remedy that the command belongs to which starts the model again."""
_ONCE_A_MONTH = "This is mailed once a month for each model: further starts that the budget refuses are events only."
_NO_REMEDY = "See in the execution, linked below, how far it came."


def start_failed(ending: Ending, configuration: Configuration, machines: Machines) -> Text:
    """Whatever kept the model from being started."""
    name = ending.name(configuration, "A model")
    return _text(
        ending,
        configuration,
        machines,
        subject=f"{in_subject(name)} could not be started: {reasons.in_short(ending)}",
        headline=f"{name} could not be started: {reasons.why(ending)}.",
    )


def start_timed_out(ending: Ending, configuration: Configuration, machines: Machines) -> Text:
    """The model was not RUNNING within TimeoutSeconds."""
    name, request = ending.name(configuration, "A model"), ending.request
    within = f" within {duration((request.deadline - request.due_at).total_seconds())}" if request else " in time"
    return _text(
        ending,
        configuration,
        machines,
        subject=f"{in_subject(name)} was not RUNNING in time",
        headline=f"{name} was not RUNNING{within}: {reasons.why_not_in_time(ending)}.",
    )


def _text(ending: Ending, configuration: Configuration, machines: Machines, *, subject: str, headline: str) -> Text:
    return Text(
        subject=subject,
        headline=headline,
        what_it_costs=list(_what_it_costs(ending, configuration)),
        what_to_do=list(_what_to_do(ending, configuration, machines)),
        what_happened=[
            reasons.requested(ending),
            *(_by_name(fact, configuration) for fact in reasons.facts(ending)),
            *([_ONCE_A_MONTH] if ending.over_budget else []),
        ],
    )


def _what_it_costs(ending: Ending, configuration: Configuration) -> Iterator[str]:
    arn = ending.project_version_arn
    if not arn:
        yield "Nothing: no model was started."
        return
    if ending.error == "ModelNotFound":
        yield "Nothing: the model does not exist."
        return
    price = costs.price(ending, arn, configuration)
    if unseen(ending):
        yield f"Unknown: no status check shows what became of the start. Once it is RUNNING, the model costs {price}."
    elif ending.last_status is None:
        yield f"Nothing so far: this start requested nothing. If the model is RUNNING all the same, it costs {price}."
    elif ending.last_status == "STOPPING":
        yield "Nothing now: the model was STOPPING at the last status check."
    else:
        yield costs.by_status(ending.last_status, price)
    if _may_cost(ending) and ending.progress.polls:
        yield f"{costs.sweep(configuration)} stops it, unless another lease holds it."


def _by_name(fact: str, configuration: Configuration) -> str:
    """With the names of models in place of their ARNs, which a Cause has for programs."""
    return VERSIONS.sub(lambda found: configuration.display_name(found[0]), fact)


def _what_to_do(ending: Ending, configuration: Configuration, machines: Machines) -> Iterator[str]:
    again = start_again(ending, configuration, machines)
    arn = ending.project_version_arn
    for line in str(ending.cause.get("Remedy") or _NO_REMEDY).splitlines():
        if again and _AGAIN.search(line):
            yield from step(line, again)
            again = None
        elif arn and "StopProjectVersion" in line and ending.error == "ModelStopped":
            yield from step(line, who_called_command(arn, "StopProjectVersion"))
        else:
            yield line
    if again:
        yield from step("Then start it again", again)
    if arn and _may_cost(ending):
        yield from stop_by_hand(ending, arn)


def start_again(ending: Ending, configuration: Configuration, machines: Machines) -> str | None:
    """The command that starts the model as it was to be started."""
    request, error = ending.request, ending.error
    if not isinstance(request, StartRequest) or not request.project_version_arn or error in NEVER_AGAIN:
        return None
    if ending.over_budget and not configuration.allow_ignore_budget:
        return None
    usual = configuration.model(request.model)
    asked = {
        "LeaseId": ending.lease_of_its_own,
        "LeaseMinutes": request.lease_minutes if request.lease_minutes != usual.lease_minutes else None,
        "MinInferenceUnits": request.min_inference_units,
        "MaxInferenceUnits": request.max_inference_units,
        "WaitForCapacity": True if request.wait_for_capacity or error == "CapacityExceeded" else None,
        "IgnoreBudget": True if request.ignore_budget or ending.over_budget else None,
    }
    if (request.min_inference_units, request.max_inference_units) == (
        usual.min_inference_units,
        usual.max_inference_units,
    ):
        asked |= {"MinInferenceUnits": None, "MaxInferenceUnits": None}
    return again_command(machines, request.model, request.project_version_arn, **asked)


def stop_by_hand(ending: Ending, arn: str) -> list[str]:
    """The step that stops a model without this app."""
    when = {"RUNNING": "", "STARTING": " once it is RUNNING"}.get(ending.last_status or "", ", if it is RUNNING")
    return step(f"To stop it by hand{when}", stop_command(arn))


def unseen(ending: Ending) -> bool:
    """Whether a start was sent, or may have been, and the status has not moved since: the model may yet run."""
    progress = ending.progress
    unmoved = ending.last_status == progress.status_at_attempt == progress.last_status
    return progress.unclear or (progress.requested_at is not None and unmoved)


def _may_cost(ending: Ending) -> bool:
    return bool(ending.project_version_arn) and (ending.last_status in BILLS or unseen(ending))
