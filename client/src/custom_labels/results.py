"""What executions answer, and what a model finds, as typed objects: the outputs of docs/contract.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Started:
    """The output of a StartModel execution.

    Parameters
    ----------
    outcome : str
        Such as ``MODEL_STARTED``, ``MODEL_ALREADY_RUNNING``, ``LEASE_EXTENDED``.
    lease_expires_at : datetime or None
        None where the lease holds until it is released.
    estimated_hourly_cost : float
        In US dollars, for as long as the model is RUNNING.
    output : mapping
        All of it, as the contract names it.
    """

    outcome: str
    project_version_arn: str
    status: str
    lease_id: str
    lease_expires_at: datetime | None
    estimated_hourly_cost: float
    warnings: tuple[str, ...]
    execution_arn: str
    output: Mapping[str, Any]

    @classmethod
    def of(cls, output: Mapping[str, Any], execution_arn: str) -> Self:
        """From the output's JSON."""
        return cls(
            output["Outcome"],
            output["ProjectVersionArn"],
            output["Status"],
            output["LeaseId"],
            _moment(output.get("LeaseExpiresAt")),
            output["EstimatedHourlyCost"],
            tuple(output["Warnings"]),
            execution_arn,
            output,
        )


@dataclass(frozen=True, slots=True)
class Stopped:
    """The output of a StopModel execution.

    Parameters
    ----------
    outcome : str
        Such as ``MODEL_STOPPED``, ``MODEL_KEPT_RUNNING``.
    estimated_cost : float or None
        In US dollars: what the run that ended has cost, where that is known.
    """

    outcome: str
    project_version_arn: str
    status: str
    estimated_cost: float | None
    warnings: tuple[str, ...]
    execution_arn: str
    output: Mapping[str, Any]

    @classmethod
    def of(cls, output: Mapping[str, Any], execution_arn: str) -> Self:
        """From the output's JSON."""
        return cls(
            output["Outcome"],
            output["ProjectVersionArn"],
            output["Status"],
            output.get("EstimatedCost"),
            tuple(output["Warnings"]),
            execution_arn,
            output,
        )


@dataclass(frozen=True, slots=True)
class Label:
    """What a model finds in an image.

    Parameters
    ----------
    confidence : float
        Per cent.
    box : mapping or None
        Where, as shares of the image's width and height: ``Left``, ``Top``, ``Width``, ``Height``. None where the model
        labels whole images.
    """

    name: str
    confidence: float
    box: Mapping[str, float] | None = None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """From DetectCustomLabels' answer."""
        return cls(found["Name"], found["Confidence"], found.get("Geometry", {}).get("BoundingBox"))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
