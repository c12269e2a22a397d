"""What executions answer, and what a model finds, as typed objects: the outputs of docs/contract.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class _Answered:
    """The output of an execution.

    Parameters
    ----------
    output : mapping
        All of it, as the contract names it.
    """

    output: Mapping[str, Any]
    execution_arn: str

    @property
    def outcome(self) -> str:
        """Such as ``MODEL_STARTED``, ``LEASE_EXTENDED``, ``MODEL_KEPT_RUNNING``."""
        return str(self.output["Outcome"])

    @property
    def project_version_arn(self) -> str:
        """The model version that was meant."""
        return str(self.output["ProjectVersionArn"])

    @property
    def status(self) -> str:
        """The model's, as the last status check saw it."""
        return str(self.output["Status"])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was done otherwise than it was asked for, in words."""
        return tuple(self.output["Warnings"])


class Started(_Answered):
    """The output of a StartModel execution."""

    @property
    def lease_id(self) -> str:
        """Who holds the model by this start."""
        return str(self.output["LeaseId"])

    @property
    def lease_expires_at(self) -> datetime | None:
        """None where the lease holds until it is released."""
        text = self.output.get("LeaseExpiresAt")
        return datetime.fromisoformat(text) if text else None

    @property
    def estimated_hourly_cost(self) -> float:
        """In US dollars, for as long as the model is RUNNING."""
        return float(self.output["EstimatedHourlyCost"])


class Stopped(_Answered):
    """The output of a StopModel execution."""

    @property
    def estimated_cost(self) -> float | None:
        """In US dollars: what the run that ended has cost, where that is known."""
        return self.output.get("EstimatedCost")


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
