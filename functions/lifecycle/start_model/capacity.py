"""A start that was refused for want of capacity: whether it is requested again, or who uses up the quota."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.errors import CapacityExceeded, LifecycleError
from lifecycle.executions.steps import Step, Transition, wait
from lifecycle.model import leases
from lifecycle.model.version import InUse, ModelVersion
from lifecycle.ports import ModelItems
from lifecycle.shared.arns import project_name
from lifecycle.shared.text import all_of, plural, shortened
from lifecycle.start_model.request import StartRequest

_MAX_IN_SHORT, _MAX_ALL = 3, 20
"""Models that the first sentence of a refusal names, and those that it lists with their ARNs; more are counted."""
_TOO_MANY_UNITS = (
    "Start it again, if another model has just stopped.\n"
    "Else, request fewer inference units, or raise the quota in Service Quotas (Amazon Rekognition)."
)


def with_capacity(
    transition: Transition,
    step: Step,
    request: StartRequest,
    version: ModelVersion,
    in_use: InUse,
    held: Sequence[str],
    now: datetime,
    configuration: Configuration,
) -> Transition:
    """Whether to request again a start that was refused for want of capacity; if not, who uses up the quota."""
    if any(model.project_version_arn == request.project_version_arn for model in in_use.models):
        return Transition(transition.item, wait(request, step.progress, now, "The model itself holds capacity by now."))
    alone = in_use.complete and not in_use.models
    if request.wait_for_capacity and not (alone and step.progress.alone):
        return Transition(transition.item, replace(step, progress=replace(step.progress, alone=alone)))
    error = CapacityExceeded(
        _no_room(request, in_use, held, configuration),
        project_version_arn=request.project_version_arn,
        status=version.status,
        status_message=version.status_message,
        remedy=_TOO_MANY_UNITS if alone else None,
    )
    return Transition(leases.give_back(transition.item, request.execution_arn, now), error=error)


def held_by_leases(
    items: ModelItems, request: StartRequest, in_use: InUse, now: datetime, configuration: Configuration
) -> Sequence[str]:
    """The configured models that leases hold, by name: who fills the quota, as far as this app knows by itself."""
    seen = {request.project_version_arn, *(model.project_version_arn for model in in_use.models)}
    fixed = {name: model.project_version_arn for name, model in configuration.models.items()}
    return [name for name, arn in fixed.items() if arn and arn not in seen and _is_held(items, arn, now)]


def _is_held(items: ModelItems, arn: str, now: datetime) -> bool:
    """It serves a message: an item that can't be read is no reason to fail otherwise."""
    try:
        return items.get(arn).is_held(now)
    except (LifecycleError, LookupError, TypeError, ValueError):
        return False


def _no_room(request: StartRequest, in_use: InUse, held: Sequence[str], configuration: Configuration) -> str:
    """Who uses up the quota: by name in the first sentence, then by ARN, which messages show as names."""
    asked = plural(max(request.min_inference_units, request.max_inference_units or 0), "inference unit")
    if in_use.models:
        named = "; ".join(shortened([_in_short(model, configuration) for model in in_use.models], _MAX_IN_SHORT))
        lead = f"Other models use up the account's quota ({named})."
    elif in_use.complete:
        lead = f"No other model holds capacity, and the account's quota has no room for {asked} of this model."
    elif held:
        lead = f"The account's quota is used up: leases hold {all_of(held, _MAX_IN_SHORT)}."
    else:
        lead = "The account's quota is used up."
    others = ", ".join(shortened([model.project_version_arn for model in in_use.models], _MAX_ALL))
    return " ".join(
        [
            lead,
            f"The service refused {asked} for this model: LimitExceededException.",
            *([f"Models that hold capacity now: {others}."] if others else []),
            *([] if in_use.complete else ["Not all projects could be read."]),
            *([f"Leases hold: {', '.join(shortened(held, _MAX_ALL))}."] if held else []),
            "The default quota is 2 running models in an account and Region, and 5 inference units for each model.",
        ]
    )


def _in_short(model: ModelVersion, configuration: Configuration) -> str:
    arn, units = model.project_version_arn, model.min_inference_units
    name = configuration.name_of(arn) or project_name(arn)
    amount = f", {plural(units, 'unit')}" if units else ""
    return f"{name}: {model.status}{amount}"
