"""What the page shows of the models, as data for machines: statemachine/schemas/report.models.schema.json. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration, Unleased
from lifecycle.model.leases import MAX_NAMED, ModelItem
from lifecycle.model.statuses import NOT_RUNNING
from lifecycle.page.reports import Report
from lifecycle.page.view import LeaseRow, ModelView, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedHolder:
    """Who holds a model, as its own report names it."""

    lease_id: str
    pending: bool
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedNext:
    """What a schedule does next."""

    schedule: str
    action: str
    at: datetime
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedModel:
    """A model: the fields that the page shows of it.

    Parameters
    ----------
    name : str
        The configured one, else the version's. Of a model whose name means several versions they all have it.
    since_or_before : bool
        It was found RUNNING at ``since``, and may have run for longer.
    managed : bool
        It had a lease, and was not seen stopped since.
    stoppable : bool
        Who stops everything stops it: somebody holds it, or it is managed and may run.
    inference_units : int, optional
        Those that it has; of one that doesn't run those that it would start with.
    hourly_cost : float, optional
        USD, while it is RUNNING.
    cost : float, optional
        USD, since it runs.
    held_until : datetime, optional
        When its last lease ends; not there where that is not known, or one has no end.
    down : bool
        Leases need it, and it does not run.
    leases : tuple
        The first of ``lease_count``.
    last_start_seconds : tuple of int
        How long its last starts took, the newest last.
    """

    name: str
    project: str
    version: str
    status: str
    managed: bool
    stoppable: bool
    down: bool
    lease_count: int
    leases: tuple[ReportedHolder, ...]
    last_start_seconds: tuple[int, ...]
    next: tuple[ReportedNext, ...]
    project_version_arn: str | None = None
    status_message: str | None = None
    f1_score: float | None = None
    since: datetime | None = None
    since_or_before: bool | None = None
    inference_units: int | None = None
    hourly_cost: float | None = None
    cost: float | None = None
    held_until: datetime | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Models(Report):
    """What runs, since when, for whom, at what cost, and until when; what needs attention first.

    Parameters
    ----------
    hourly_cost : float
        USD per hour of all that are RUNNING now.
    """

    hourly_cost: float
    models: tuple[ReportedModel, ...]
    last_sweep: datetime | None = None
    sweep_is_late: bool = False


def models_report(page: Page, items: Mapping[str, ModelItem], configuration: Configuration) -> Models:
    """What the page shows of the models."""
    return Models(
        report="models",
        at=page.now,
        problems=page.problems,
        hourly_cost=page.hourly("RUNNING"),
        models=tuple(_model(view, items, configuration) for view in page.models),
        last_sweep=page.last_sweep,
        sweep_is_late=page.sweep_is_late,
    )


def _model(view: ModelView, items: Mapping[str, ModelItem], configuration: Configuration) -> ReportedModel:
    arn = view.project_version_arn
    item = items.get(arn) if arn else None
    return ReportedModel(
        name=view.name,
        project_version_arn=arn,
        project=view.project,
        version=view.version,
        status=view.status,
        status_message=view.status_message,
        f1_score=view.f1_score,
        managed=item is not None and item.managed,
        stoppable=arn is not None and configuration.manages(arn) and _is_stoppable(view, item, configuration),
        since=view.since,
        since_or_before=view.found or None,
        inference_units=view.units,
        hourly_cost=view.hourly,
        cost=view.cost,
        down=view.down,
        remark=view.remark or None,
        held_until=_held_until(view.leases),
        lease_count=len(view.leases),
        leases=tuple(
            ReportedHolder(lease_id=row.holder, pending=row.pending, expires_at=row.until)
            for row in view.leases[:MAX_NAMED]
        ),
        last_start_seconds=view.starts,
        next=tuple(
            ReportedNext(schedule=one.schedule, action=one.action, at=one.at, time_zone=one.time_zone)
            for one in view.coming
        ),
    )


def _is_stoppable(view: ModelView, item: ModelItem | None, configuration: Configuration) -> bool:
    """Whether it is held, or runs and is to be stopped by this app where nobody holds it."""
    managed = (item is not None and item.managed) or configuration.unleased_models is Unleased.STOP
    return bool(view.leases) or (managed and view.status not in NOT_RUNNING)


def _held_until(rows: Sequence[LeaseRow]) -> datetime | None:
    """When the last lease ends: of a pending one nobody knows it, since it lasts from RUNNING on."""
    ends = [None if row.pending else row.until for row in rows]
    return max((end for end in ends if end), default=None) if all(ends) else None
