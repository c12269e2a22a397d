"""Metrics: what functions write in the embedded metric format, as CloudWatch Logs extracts it from their logs.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

_SIGN = '"CloudWatchMetrics"'


@dataclass(frozen=True)
class Datum:
    """One value of a metric."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    unit: str
    value: float
    timestamp: datetime


@dataclass
class Metric:
    """A metric of one namespace, name and set of dimensions, and its values so far."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    unit: str
    values: list[float] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For the CLI, and tests in any language."""
        return {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": dict(self.dimensions),
            "Unit": self.unit,
            "SampleCount": len(self.values),
            "Sum": sum(self.values),
            "Last": self.values[-1],
        }


class Metrics:
    """Hears every line that functions log; what are metrics it keeps, in moto's CloudWatch too."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id, self._region = account_id, region
        self._metrics: dict[tuple[object, ...], Metric] = {}
        self._lock = threading.Lock()

    def hear(self, line: str, region: str = "") -> None:
        """Take the metrics of a line, if it has any; they are those of a Region."""
        for datum in read(line) if _SIGN in line else ():
            self._keep(datum, region or self._region)

    def list(self) -> list[Metric]:
        """Every metric there is, by name and dimensions."""
        with self._lock:
            return sorted(self._metrics.values(), key=lambda one: (one.name, sorted(one.dimensions.items())))

    def _keep(self, datum: Datum, region: str) -> None:
        key = (region, datum.namespace, datum.name, *sorted(datum.dimensions.items()))
        with self._lock:
            metric = Metric(datum.namespace, datum.name, datum.dimensions, datum.unit)
            self._metrics.setdefault(key, metric).values.append(datum.value)
            cloudwatch_backends[self._account_id][region].put_metric_data(
                datum.namespace,
                [
                    {
                        "MetricName": datum.name,
                        "Dimensions": [{"Name": name, "Value": value} for name, value in datum.dimensions.items()],
                        "Value": datum.value,
                        "Unit": datum.unit,
                        "Timestamp": datum.timestamp,
                    }
                ],
            )


def read(line: str) -> Iterator[Datum]:
    """The metrics of a line; none of what is no JSON object of the format."""
    try:
        written = json.loads(line)
        directives, timestamp = written["_aws"]["CloudWatchMetrics"], written["_aws"]["Timestamp"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        # A directive without sets of dimensions has no metrics; an empty set is one without dimensions.
        for names in directive["Dimensions"]:
            dimensions = {name: written[name] for name in names}
            for metric in directive["Metrics"]:
                values = written[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield Datum(
                        directive["Namespace"],
                        metric["Name"],
                        dimensions,
                        metric.get("Unit", "None"),
                        value,
                        datetime.fromtimestamp(timestamp / 1000, UTC).replace(tzinfo=None),  # as moto keeps it
                    )
