"""How a stop ends well: the output of the contract."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lifecycle.configuration import Configuration
from lifecycle.executions.outcomes import Outcome, PlannedDecision
from lifecycle.model.decisions import StopProgress
from lifecycle.model.leases import MAX_NAMED, ModelItem
from lifecycle.model.statuses import GONE
from lifecycle.model.version import ModelVersion
from lifecycle.shared.pricing import cost, hourly_cost
from lifecycle.stop_model.request import StopRequest


@dataclass(frozen=True, slots=True)
class HoldingLease:
    """A lease that keeps a model running; pending while its start is under way."""

    lease_id: str
    pending: bool
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StopResult:
    """The output of a StopModel execution: ``statemachine/schemas/stop_model.output.schema.json``."""

    project_version_arn: str
    status: str
    outcome: Outcome
    polls: int
    warnings: tuple[str, ...]
    model: str | None = None
    project_arn: str | None = None
    min_inference_units: int | None = None
    requested_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_seconds: int | None = None
    lease_id: str | None = None
    leases: tuple[HoldingLease, ...] | None = None
    running_seconds: int | None = None
    estimated_cost: float | None = None
    estimated_hourly_cost: float | None = None
    duplicate_of: str | None = None
    decision: PlannedDecision | None = None
    context: Any = None
    selection: str | None = None
    other_executions: tuple[str, ...] | None = None


def stop_result(
    request: StopRequest,
    progress: StopProgress,
    now: datetime,
    configuration: Configuration,
    version: ModelVersion,
    item: ModelItem,
    *,
    kept: bool,
) -> StopResult:
    """The output of a stop whose last status check, at ``now``, saw this version and this item."""
    price = configuration.inference_unit_hour_usd
    stopped = progress.requested_at is not None or progress.followed
    # Where its beginning was not seen, nobody knows when it was.
    running = item.running if item.running and not item.running.found else None
    # Where somebody else stopped it, nobody knows when either.
    ran_until_now = running is not None and (stopped or version.status == "RUNNING")
    seconds = round((now - running.since).total_seconds()) if running and ran_until_now else None
    units = running.min_inference_units if running else version.min_inference_units
    requested_at = progress.requested_at or request.began_at
    result = StopResult(
        project_version_arn=request.project_version_arn,
        project_arn=request.project_arn,
        model=request.model,
        status=version.status,
        outcome=Outcome.MODEL_STOPPED if stopped else Outcome.MODEL_ALREADY_STOPPED,
        polls=progress.polls,
        warnings=(*request.warnings, *_warnings(request, progress, version)),
        min_inference_units=units,
        lease_id=request.lease_id,
        running_seconds=seconds,
        estimated_cost=cost(seconds, units or 1, price) if seconds is not None else None,
        context=request.context,
        selection=request.selection,
        other_executions=request.other_executions or None,
    )
    if kept:
        holding = holding_leases(item, now)
        more = len(holding) - MAX_NAMED
        return replace(
            result,
            outcome=Outcome.MODEL_KEPT_RUNNING,
            leases=holding[:MAX_NAMED],
            warnings=(
                *result.warnings,
                *([f"Leases names {MAX_NAMED}; {more} more hold the model."] if more > 0 else ()),
            ),
            estimated_hourly_cost=hourly_cost(units or 1, price),
        )
    return replace(
        result,
        requested_at=requested_at,
        stopped_at=now,
        stop_seconds=round((now - requested_at).total_seconds()),
    )


def holding_leases(item: ModelItem, now: datetime) -> tuple[HoldingLease, ...]:
    """The leases that hold a model now, settled ones first."""
    settled = tuple(HoldingLease(lease.lease_id, False, lease.expires_at) for lease in item.held(now))
    return settled + tuple(HoldingLease(lease.lease_id, True, lease.expires_at) for lease in item.awaited(now))


def no_such_lease(lease_id: str | None) -> str:
    """The warning that there was nothing to be released."""
    return (
        f"There is no lease {lease_id} on this model: it had expired, or was released before. Release the LeaseId that "
        "the start was given."
    )


def _warnings(request: StopRequest, progress: StopProgress, version: ModelVersion) -> list[str]:
    warnings = []
    if progress.unknown_lease:
        warnings.append(no_such_lease(request.lease_id))
    if version.status == GONE:
        warnings.append(
            "The service does not know this model version (any more): there is nothing to stop. Where cdk.json or a "
            "pipeline still names it, name another one."
        )
    return warnings
