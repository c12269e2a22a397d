"""The words of a run whose workload failed, or could not be run: WORKLOAD_FAILED. Pure."""

from collections.abc import Iterator, Sequence

from lifecycle.configuration import Configuration
from lifecycle.executions.state_machines import Machines
from lifecycle.notifications import costs, reasons
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.notification import Text, in_subject
from lifecycle.run_with_model.request import RunRequest
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import per_hour

MAX_CAUSE = 2000
"""Characters of a workload's Cause that are shown; Step Functions allows 32,768."""
AGAIN = "start the run again: 'New execution' on the page of this execution, linked below, offers the same input."


def workload_failed(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    """The workload failed; or it was never started, because the input is invalid."""
    name, why = ending.name(configuration), reasons.why(ending)
    failed = f"The run of {workload(ending)} with {name} failed" if ending.request else "A run could not be started"
    return Text(
        subject=f"The run with {in_subject(name)} failed: {why}",
        headline=f"{failed}: {why}.",
        what_it_costs=what_it_costs(ending, configuration),
        what_to_do=list(_what_to_do(ending)),
        what_happened=[reasons.requested(ending), *_cause(ending)],
    )


def what_it_costs(ending: Ending, configuration: Configuration) -> Sequence[str]:
    """Until the model is stopped, if it is."""
    if ending.request is None:
        return ["Nothing: no model was started for it."]
    units = configuration.model(ending.request.model).min_inference_units
    price = per_hour(hourly_cost(units, configuration.inference_unit_hour_usd))
    return [
        "The lease of this run is released: the model is stopped now, unless another lease holds it. While it is "
        f"RUNNING, it costs about {price}.",
        f"StopModel was started to release the lease. Should that fail, {costs.sweep(configuration).lower()} stops the "
        "model.",
    ]


def workload(ending: Ending) -> str:
    """The name of the state machine that the run was to run."""
    request = ending.request
    return request.workload_arn.rpartition(":")[2] if isinstance(request, RunRequest) else "a workload"


def _what_to_do(ending: Ending) -> Iterator[str]:
    remedy = str(ending.cause.get("Remedy") or "")[:MAX_CAUSE].splitlines()
    if ending.request is None:
        yield from remedy or ["Correct the input, and start RunWithModel again."]
        return
    yield from remedy or ["See in the workload's execution, linked below, what failed."]
    yield f"Then {AGAIN}"


def _cause(ending: Ending) -> list[str]:
    """What the workload says beyond the headline; all of its Cause, where that has no Message."""
    if ending.cause.get("Message") or ending.failure is None:
        return "\n".join(reasons.facts(ending))[:MAX_CAUSE].splitlines()
    return ending.failure.cause[:MAX_CAUSE].splitlines()
