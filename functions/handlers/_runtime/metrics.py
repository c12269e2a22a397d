"""Metrics: the one place that emits them, in CloudWatch's embedded metric format, as lines of the function's log."""

from collections import defaultdict
from collections.abc import Iterable

from aws_lambda_powertools.metrics import EphemeralMetrics

from lifecycle.notifications.notification import Notification
from lifecycle.observability.metrics import Measure


def emit(measures: Iterable[Measure]) -> None:
    """Emit measures, a line for each set of dimensions, into the namespace ``POWERTOOLS_METRICS_NAMESPACE``."""
    by_dimensions: dict[frozenset[tuple[str, str]], list[Measure]] = defaultdict(list)
    for measure in measures:
        by_dimensions[frozenset(measure.dimensions.items())].append(measure)
    for dimensions, alike in by_dimensions.items():
        # Without a service: as a dimension it would split every metric by function.
        line = EphemeralMetrics(service="")
        for name, value in dimensions:
            line.add_dimension(name=name, value=value)
        for measure in alike:
            line.add_metric(name=measure.name, unit=measure.unit, value=measure.value)
        line.flush_metrics()


def measured(decided: Notification, measures: Iterable[Measure]) -> Notification:
    """The notification that was decided on, measured: once, since it is decided on once."""
    emit(measures)
    return decided
