"""What is told of a run that failed or was ended: its workload, and what becomes of the model. Pure."""

from collections.abc import Sequence

from lifecycle.configuration import Configuration
from lifecycle.model.statuses import NOT_RUNNING
from lifecycle.notifications import links
from lifecycle.notifications.execution_end import Ending
from lifecycle.run_with_model.request import RunRequest
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import plural, usd

MAX_CAUSE = 2000
"""Characters of a workload's Cause that are told; Step Functions allows 32,768."""


_ANEW = "'New execution' on the page of the execution, linked below, starts RunWithModel with the same input"


def what_happened(ending: Ending) -> Sequence[str]:
    """How the run ended, and which workload it was."""
    request = ending.request
    workload = _workload(request) if isinstance(request, RunRequest) else []
    if abortion := ending.abortion:
        return [abortion.told, "What it had started is stopped, and its lease on the model is released.", *workload]
    message = ending.cause.get("Message") or (ending.failure.cause if ending.failure else "")
    lines = str(message)[:MAX_CAUSE].splitlines() or ["It gave no reason."]
    return [*lines, *workload]


def what_it_costs(ending: Ending, configuration: Configuration) -> Sequence[str]:
    """Until the model is stopped, if it is."""
    if ending.request is None:
        return ["Nothing: no model was started for it."]
    status = ending.abortion.model_status if ending.abortion else None
    if status in NOT_RUNNING:
        return [f"Nothing now: the model is {status}."]
    units = configuration.model(ending.request.model).min_inference_units
    an_hour = hourly_cost(units, configuration.inference_unit_hour_usd)
    return [
        f"The lease of this run is released: the model is stopped now, unless another lease holds it. While it is "
        f"RUNNING it bills about {usd(an_hour)} an hour."
    ]


def what_to_do(ending: Ending, configuration: Configuration) -> Sequence[str]:
    """First of all, to look at the workload."""
    swept = f"the sweep, every {plural(configuration.sweep_minutes, 'minute')}"
    kept = f"Nothing about the model: StopModel has been started for it; should that fail, {swept}, stops it."
    if ending.abortion:
        return [f"If its work is still needed: {_ANEW}.", kept]
    if ending.request is None:
        return [str(ending.cause.get("Remedy") or "Correct the input, and start RunWithModel again.")]
    remedy = ending.cause.get("Remedy") or f"See in the workload's execution what failed; then {_ANEW}."
    return [str(remedy)[:MAX_CAUSE], kept]


def _workload(request: RunRequest) -> list[str]:
    name = request.workload_arn.rpartition(":")[2]
    return [f"The workload is {name}; its execution: {links.execution(request.workload_execution_arn)}"]
