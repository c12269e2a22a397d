"""What is measured of how executions end, and of what a sweep finds. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from lifecycle.configuration import Configuration, Unleased
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.decisions import Progress
from lifecycle.model.leases import ModelItem
from lifecycle.model.version import ModelVersion
from lifecycle.notifications.execution_end import Ending
from lifecycle.observability.metrics import MODEL, OUTCOME, Measure
from lifecycle.shared.pricing import second_cost
from lifecycle.start_model.result import StartResult

MOST_INTERVALS = 3
"""What is counted since the sweep before goes back this many intervals at most: of a longer gap nobody knows."""

THROTTLED = Measure("Throttled", 1)

_FAILURES: Mapping[Outcome, str] = {
    Outcome.START_FAILED: "FailedStarts",
    Outcome.START_TIMED_OUT: "FailedStarts",
    Outcome.STOP_FAILED: "FailedStops",
    Outcome.STOP_TIMED_OUT: "FailedStops",
}
"""Metrics of their own for the alarms: what math makes of a metric without any data is not documented."""


def of_ending(ending: Ending, configuration: Configuration) -> Sequence[Measure]:
    """What is measured of the end of an execution that people are notified of."""
    result = ending.result
    expected = ending.over_budget or ending.is_an_inboxs_own(configuration.inboxes)
    if ending.outcome in _FAILURES and not expected:
        return [of_outcome(ending.outcome), Measure(_FAILURES[ending.outcome], 1)]
    if not isinstance(result, StartResult) or result.outcome is not Outcome.MODEL_STARTED:
        return [of_outcome(ending.outcome)]
    by_model = {MODEL: model_name(result.project_version_arn, configuration)}
    measures = [of_outcome(ending.outcome), Measure("Polls", result.polls, by_model)]
    if result.start_seconds is not None:
        measures.append(Measure("StartSeconds", result.start_seconds, by_model))
    if (delay := _notice_delay(ending.progress, result)) is not None:
        measures.append(Measure("NoticeDelaySeconds", delay, by_model))
    return measures


def of_outcome(outcome: str, metric: str = "Outcomes") -> Measure:
    """How something ended, or what a sweep found."""
    return Measure(metric, 1, {OUTCOME: str(outcome)})


def model_name(project_version_arn: str, configuration: Configuration) -> str:
    """What people call a model: versions of two projects with equal names must not share a metric."""
    return configuration.display_name(project_version_arn)


def _notice_delay(progress: Progress, result: StartResult) -> float | None:
    """For how long, at most, the model was RUNNING unseen: since the last status check that saw that it was not.

    None where Settle reports the end: it does not know the status checks.
    """
    if result.running_at is None or progress.requested_at is None:
        return None
    before = max(progress.requested_at, progress.checked_before or progress.requested_at)
    return round((result.running_at - before).total_seconds(), 3)


class Seen(Protocol):
    """A model as a sweep has seen it, and its item as it is after that."""

    @property
    def version(self) -> ModelVersion:
        """As the service reports it."""

    @property
    def item(self) -> ModelItem:
        """Its leases."""


def of_sweep(
    seen: Iterable[Seen],
    *,
    now: datetime,
    last_sweep: datetime | None,
    configuration: Configuration,
    month_to_date_cost: float | None = None,
) -> Sequence[Measure]:
    """What is measured at each sweep.

    Parameters
    ----------
    last_sweep : datetime or None
        When the sweep before was; what runs is counted from then on.
    month_to_date_cost : float or None
        USD of this month so far, of all models.
    """
    sums = _Sums()
    unleased = 0
    for one in seen:
        _add(one, sums, now, _counted_from(last_sweep, now, configuration), configuration)
        unleased += _is_unleased(one, now, configuration)
    measures = [
        Measure(metric, round(value, 4), {MODEL: model})
        for model, metrics in sorted(sums.items())
        for metric, value in metrics.items()
    ]
    measures.append(Measure("UnleasedModels", unleased))
    if last_sweep:
        measures.append(Measure("SweepAgeSeconds", round((now - last_sweep).total_seconds(), 3)))
    if month_to_date_cost is not None:
        measures.append(Measure("MonthToDateCost", month_to_date_cost))
    return measures


class _Sums(defaultdict[str, dict[str, float]]):
    """By model and metric: the versions of a project that is configured as one model are one."""

    def __init__(self) -> None:
        super().__init__(dict)

    def add(self, model: str, metric: str, value: float) -> None:
        self[model][metric] = self[model].get(metric, 0) + value


def _add(one: Seen, sums: _Sums, now: datetime, since: datetime, configuration: Configuration) -> None:
    """Of a model that neither runs nor is held it is measured alone that it is not, if it is a configured one.

    Every metric has to be paid for. One that could not be checked has none: nobody knows whether it is held.
    """
    version, item = one.version, one.item
    name = model_name(version.project_version_arn, configuration)
    least = version.min_inference_units or (item.running.min_inference_units if item.running else 1)
    if name in configuration.models:
        sums.add(name, "LeasedUnits", 0)
    if item.is_held(now):
        sums.add(name, "LeasedUnits", version.max_inference_units or least)
    if version.status != "RUNNING":
        return
    began = max(since, item.running.since) if item.running else since
    ran = max(timedelta(0), now - began)
    leased = max((now - max(began, lease.since) for lease in item.held(now)), default=timedelta(0))
    sums.add(name, "RunningMinutes", ran / timedelta(minutes=1))
    sums.add(name, "LeaseMinutes", max(timedelta(0), leased) / timedelta(minutes=1))
    sums.add(name, "EstimatedCost", ran.total_seconds() * second_cost(least, configuration.inference_unit_hour_usd))


def _is_unleased(one: Seen, now: datetime, configuration: Configuration) -> bool:
    """Whether it runs for nobody, and nobody is stopping it; what is to be ignored is."""
    ignored = configuration.unleased_models is Unleased.IGNORE and not one.item.managed
    return one.version.status == "RUNNING" and not one.item.is_held(now) and one.item.claim is None and not ignored


def _counted_from(last_sweep: datetime | None, now: datetime, configuration: Configuration) -> datetime:
    return max(last_sweep or now, now - MOST_INTERVALS * timedelta(minutes=configuration.sweep_minutes))
