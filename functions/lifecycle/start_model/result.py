"""How a start ends well: the output of the contract."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle.configuration import Configuration
from lifecycle.executions.outcomes import Outcome, PlannedDecision
from lifecycle.model.decisions import Progress
from lifecycle.model.leases import Lease
from lifecycle.model.version import ModelVersion
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import duration, plural
from lifecycle.start_model.request import StartRequest


@dataclass(frozen=True, slots=True)
class StartResult:
    """The output of a StartModel execution: ``statemachine/schemas/start_model.output.schema.json``."""

    project_version_arn: str
    project_arn: str
    status: str
    outcome: Outcome
    min_inference_units: int
    polls: int
    lease_id: str
    estimated_hourly_cost: float
    warnings: tuple[str, ...]
    model: str | None = None
    max_inference_units: int | None = None
    requested_at: datetime | None = None
    running_at: datetime | None = None
    start_seconds: int | None = None
    lease_expires_at: datetime | None = None
    lease_extended_from: datetime | None = None
    duplicate_of: str | None = None
    decision: PlannedDecision | None = None
    context: Any = None
    selection: str | None = None


def start_result(
    request: StartRequest,
    progress: Progress,
    now: datetime,
    configuration: Configuration,
    version: ModelVersion,
    *,
    lease: Lease | None = None,
    before: Lease | None = None,
) -> StartResult:
    """The output of a start whose last status check, at ``now``, saw this version.

    Parameters
    ----------
    lease, before : Lease or None
        The lease as it is now, and as it was before this start.
    """
    expires_at = lease.expires_at if lease else None
    requested_at = progress.requested_at or request.due_at
    min_units, max_units = _units_that_run(request, version)
    return StartResult(
        project_version_arn=request.project_version_arn,
        project_arn=request.project_arn or "",
        model=request.model,
        status=version.status,
        outcome=_outcome(request, progress),
        min_inference_units=min_units,
        max_inference_units=max_units,
        polls=progress.polls,
        requested_at=requested_at,
        running_at=now,
        start_seconds=round((now - requested_at).total_seconds()),
        lease_id=request.lease_id,
        lease_expires_at=expires_at,
        lease_extended_from=before.expires_at if before and before.expires_at != expires_at else None,
        estimated_hourly_cost=hourly_cost(min_units, configuration.inference_unit_hour_usd),
        warnings=(*request.warnings, *_unit_warnings(request, version), *_late_warnings(request, now)),
        context=request.context,
        selection=request.selection,
    )


def _outcome(request: StartRequest, progress: Progress) -> Outcome:
    if request.extend_only:
        return Outcome.LEASE_EXTENDED
    return Outcome.MODEL_STARTED if progress.requested_at else Outcome.MODEL_ALREADY_RUNNING


def _units_that_run(request: StartRequest, version: ModelVersion) -> tuple[int, int | None]:
    """As the service reports them while the model runs, else as requested."""
    if version.status in ("STARTING", "RUNNING") and version.min_inference_units is not None:
        return version.min_inference_units, version.max_inference_units
    return request.min_inference_units, request.max_inference_units


def _unit_warnings(request: StartRequest, version: ModelVersion) -> list[str]:
    """Changing inference units means stop and start: a model that already runs keeps those it has."""
    if request.extend_only:
        return []  # it asks for none
    has = _units_that_run(request, version)
    asked = (request.min_inference_units, request.max_inference_units)
    # A maximum that is no more than the minimum scales nothing, whether or not the service reports it.
    if (has[0], has[1] or has[0]) == (asked[0], asked[1] or asked[0]):
        return []
    return [
        f"The model runs with {_in_words(*has)}, instead of {_in_words(*asked)} as requested. To change that, stop the "
        "model and start it again, but only if nobody else uses it."
    ]


def _in_words(low: int, high: int | None) -> str:
    """``1 inference unit``, ``2 to 5 inference units``."""
    return plural(low, "inference unit") if (high or low) == low else f"{low} to {high} inference units"


def _late_warnings(request: StartRequest, now: datetime) -> list[str]:
    late = (now - request.ready_at).total_seconds() if request.ready_at else 0
    return [f"The model was RUNNING {duration(late)} after ReadyAt."] if late >= 1 else []
