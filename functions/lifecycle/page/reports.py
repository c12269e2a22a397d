"""What the page shows, as data for machines: the client's tables are made of it. Pure.

Names and meanings are those of ``statemachine/schemas/report.*.schema.json``: another first number of ``SchemaVersion``
would break their readers, another second one only adds fields. What is unknown is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration, OverBudget, Schedule, Unleased
from lifecycle.model.bill import Bill, Line
from lifecycle.model.budget import Spending
from lifecycle.model.idle import Idle
from lifecycle.model.leases import MAX_NAMED, ModelItem
from lifecycle.model.statuses import NOT_RUNNING
from lifecycle.page.view import LeaseRow, ModelView, Page
from lifecycle.schedules.outlook import Outlook, outlook
from lifecycle.schedules.windows import lease_id
from lifecycle.shared.text import plural

SCHEMA_VERSION = "1.0"
MOST_LEASES = 5_000
"""That a report names; more are counted. AWS Lambda answers 6 MB at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What every report has.

    Parameters
    ----------
    report : str
        Which one it is.
    at : datetime
        When it was read.
    problems : tuple of str
        What could not be read, and why: the report is made without it.
    """

    report: str
    at: datetime
    problems: tuple[str, ...] = ()
    schema_version: str = SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLease:
    """A lease of a model; ``expires_at`` of a pending one is when its start gives up.

    Parameters
    ----------
    pending : bool
        Its start is under way.
    execution_arn : str, optional
        Of a pending one: the execution that starts the model for it.
    """

    model: str
    project_version_arn: str
    lease_id: str
    pending: bool
    since: datetime | None = None
    expires_at: datetime | None = None
    execution_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedStop:
    """A stop that is under way."""

    model: str
    project_version_arn: str
    execution_arn: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases(Report):
    """Who holds which model; those that end first come first, of each model."""

    leases: tuple[ReportedLease, ...]
    stops: tuple[ReportedStop, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedWindow:
    """A time for which a schedule holds its model.

    Parameters
    ----------
    end : datetime, optional
        Not there where its lease has no end.
    left_out : str, optional
        Why it doesn't start then.
    """

    start: datetime
    end: datetime | None = None
    left_out: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedSchedule:
    """What comes of a schedule, as ``make synth`` says it before a deploy.

    Parameters
    ----------
    start, ready_by, stop : str, optional
        Its crons.
    weekly_hours, weekly_cost, weekly_cost_at_most : float
        A year's mean, as if it had no days off; USD with the least inference units, and with the most.
    windows : tuple
        The next ones, and what is left out in between.
    remarks : tuple of str
        What is allowed, and may not be meant.
    week, notices : str, tuple of str
        Sentences for people: what a week comes to, and what else is to be said.
    """

    name: str
    model: str
    lease_id: str
    enabled: bool
    time_zone: str
    weekly_hours: float
    weekly_cost: float
    weekly_cost_at_most: float
    windows: tuple[ReportedWindow, ...]
    remarks: tuple[str, ...]
    week: str
    notices: tuple[str, ...]
    start: str | None = None
    ready_by: str | None = None
    stop: str | None = None
    days_left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules(Report):
    """When the schedules of the deployed settings come next."""

    schedules: tuple[ReportedSchedule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedBudget:
    """The budget of this month, and what was spent of it: USD, at maximum inference units where a model scales.

    Parameters
    ----------
    forecast : float
        What the month costs if it goes on as it has so far.
    hourly_cost : float
        What runs now costs per hour.
    over_budget : str
        What happens once it is used up.
    outlook : str
        Sentences for people: what the rest of the month comes to, and whether the budget lasts for it.
    """

    budget: float
    spent: float
    forecast: float
    hourly_cost: float
    used_up: bool
    over_budget: str
    outlook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPrice:
    """What costs are counted with: USD for an inference unit and hour.

    Parameters
    ----------
    assumed : bool
        Nobody has named it, and it is not known of this Region.
    """

    inference_unit_hour: float
    assumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyBill(Report):
    """What a month has cost so far, the dearest lines first.

    Parameters
    ----------
    always_on : float, optional
        USD: what the models that ran would have cost, had they run all the time with the same inference units.
    idle : tuple of Idle
        How much of the billed time each was idle; not there of one of which nobody knows.
    """

    month: str
    lines: tuple[Line, ...]
    total: float
    price: ReportedPrice
    always_on: float | None = None
    saved: float | None = None
    idle: tuple[Idle, ...] = ()
    budget: ReportedBudget | None = None


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


def leases_report(
    items: Iterable[ModelItem], problems: Sequence[str], now: datetime, configuration: Configuration
) -> Leases:
    """Who holds which model now."""
    by_name = sorted(items, key=lambda item: configuration.display_name(item.project_version_arn))
    found = [lease for item in by_name for lease in _leases(item, now, configuration)]
    left = len(found) - MOST_LEASES
    return Leases(
        report="leases",
        at=now,
        problems=(*problems, *([f"{plural(left, 'further lease')} had no room here"] if left > 0 else [])),
        leases=tuple(found[:MOST_LEASES]),
        stops=tuple(
            ReportedStop(
                model=configuration.display_name(item.project_version_arn),
                project_version_arn=item.project_version_arn,
                execution_arn=item.claim.execution_arn,
                since=item.claim.since,
            )
            for item in by_name
            if item.claim
        ),
    )


def _leases(item: ModelItem, now: datetime, configuration: Configuration) -> list[ReportedLease]:
    arn = item.project_version_arn
    name = configuration.display_name(arn)
    held = sorted(item.held(now), key=lambda lease: (lease.expires_at is None, lease.expires_at))
    awaited = sorted(item.awaited(now), key=lambda lease: lease.expires_at)
    return [
        *(
            ReportedLease(
                model=name,
                project_version_arn=arn,
                lease_id=lease.lease_id,
                pending=False,
                since=lease.since,
                expires_at=lease.expires_at,
            )
            for lease in held
        ),
        *(
            ReportedLease(
                model=name,
                project_version_arn=arn,
                lease_id=lease.lease_id,
                pending=True,
                expires_at=lease.expires_at,
                execution_arn=lease.execution_arn,
            )
            for lease in awaited
        ),
    ]


def schedules_report(now: datetime, configuration: Configuration) -> Schedules:
    """What comes of the deployed schedules."""
    return Schedules(
        report="schedules",
        at=now,
        schedules=tuple(
            _schedule(name, schedule, outlook(schedule, configuration, now))
            for name, schedule in configuration.schedules.items()
        ),
    )


def _schedule(name: str, schedule: Schedule, found: Outlook) -> ReportedSchedule:
    return ReportedSchedule(
        name=name,
        model=schedule.model,
        lease_id=lease_id(name),
        enabled=schedule.enabled,
        time_zone=schedule.time_zone,
        start=schedule.start,
        ready_by=schedule.ready_by,
        stop=schedule.stop,
        weekly_hours=found.weekly_hours,
        weekly_cost=found.weekly_cost,
        weekly_cost_at_most=found.weekly_cost_at_most,
        windows=tuple(ReportedWindow(start=one.start, end=one.end, left_out=one.but or None) for one in found.coming),
        days_left_out=found.days_left_out,
        remarks=found.remarks,
        week=found.week,
        notices=found.notices,
    )


def bill_report(
    bill: Bill,
    idle: tuple[Idle, ...],
    problems: Sequence[str],
    now: datetime,
    spending: Spending | None,
    configuration: Configuration,
) -> MonthlyBill:
    """What a month has cost so far, and of this one against its budget."""
    return MonthlyBill(
        report="bill",
        at=now,
        problems=tuple(problems),
        month=bill.month,
        lines=bill.lines,
        total=bill.total,
        price=ReportedPrice(
            inference_unit_hour=configuration.inference_unit_hour_usd, assumed=configuration.price_is_assumed
        ),
        always_on=bill.always_on,
        saved=bill.saved,
        idle=idle,
        budget=_budget(spending, configuration.over_budget) if spending else None,
    )


def _budget(spending: Spending, over_budget: OverBudget) -> ReportedBudget | None:
    if spending.budget is None:
        return None
    return ReportedBudget(
        budget=spending.budget,
        spent=spending.spent,
        forecast=spending.forecast,
        hourly_cost=spending.per_hour,
        used_up=spending.is_used_up,
        over_budget=over_budget,
        outlook=spending.outlook,
    )
