"""What a model costs after an execution that did not end well, as far as its last status check shows. Pure."""

from lifecycle.configuration import Configuration
from lifecycle.model.statuses import NOT_RUNNING
from lifecycle.notifications.execution_end import Ending
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import per_hour, plural
from lifecycle.start_model.request import StartRequest


def price(ending: Ending, arn: str, configuration: Configuration) -> str:
    """What the model costs while it is RUNNING, by its inference units as asked for, else as configured.

    What the service reports of them is not known of such an end.
    """
    if isinstance(ending.request, StartRequest):
        units = ending.request.min_inference_units
    else:
        units = configuration.model(configuration.name_of(arn)).min_inference_units
    return f"about {per_hour(hourly_cost(units, configuration.inference_unit_hour_usd))}"


def by_status(status: str | None, price: str) -> str:
    """What the model costs if the last status check saw this status."""
    if status == "RUNNING":
        return f"The model was RUNNING at the last status check and costs {price} until it is stopped."
    if status == "STARTING":
        return f"The model was STARTING at the last status check. Once it is RUNNING, it costs {price}."
    if status in NOT_RUNNING:
        return f"Nothing now: the model was {status} at the last status check."
    seen = f"The model was {status} at the last status check. If it" if status else "Unknown: if the model"
    return f"{seen} is RUNNING, it costs {price} until it is stopped."


def sweep(configuration: Configuration) -> str:
    """As the subject of a sentence."""
    return f"The sweep, every {plural(configuration.sweep_minutes, 'minute')},"
