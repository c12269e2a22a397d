"""The metrics, as data. Pure.

Whoever emits, graphs or alarms on a metric takes its name, unit and dimensions from here. Few dimensions, with few
values each: CloudWatch bills every combination as a metric of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MODEL = "Model"
OUTCOME = "Outcome"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its unit, one of CloudWatch's (there is none for minutes or money), and its dimensions' names."""

    unit: str
    dimensions: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    # of each end that people are notified of, once
    "Outcomes": Metric("Count", (OUTCOME,)),
    "FailedStarts": Metric("Count"),
    "FailedStops": Metric("Count"),
    "StartSeconds": Metric("Seconds", (MODEL,)),
    "Polls": Metric("Count", (MODEL,)),
    "NoticeDelaySeconds": Metric("Seconds", (MODEL,)),
    # of each sweep
    "SweepAgeSeconds": Metric("Seconds"),
    "RunningMinutes": Metric("None", (MODEL,)),
    "LeaseMinutes": Metric("None", (MODEL,)),
    "EstimatedCost": Metric("None", (MODEL,)),
    "LeasedUnits": Metric("Count", (MODEL,)),
    "UnleasedModels": Metric("Count"),
    "MonthToDateCost": Metric("None"),
    # of each function that an API throttled
    "Throttled": Metric("Count"),
    # of each tick of a schedule
    "Ticks": Metric("Count", (OUTCOME,)),
}
"""Held against docs/monitoring.md by a test."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of a metric."""

    name: str
    value: float
    dimensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """The metric's."""
        return METRICS[self.name].unit
