"""What the page is made up of, from what was read: of every model its status, its cost, who holds it. Pure."""

from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from lifecycle.configuration import Configuration, Model, OverBudget, Schedule, Unleased
from lifecycle.errors import LifecycleError
from lifecycle.model.bill import bill_so_far, month_of, sessions_so_far
from lifecycle.model.budget import Spending, spending
from lifecycle.model.idle import Idle, idle_times
from lifecycle.model.leases import ModelItem
from lifecycle.model.statuses import BILLS, GONE, NOT_RUNNING
from lifecycle.model.version import ModelVersion
from lifecycle.model.version_choice import newest_good
from lifecycle.notifications import links
from lifecycle.page.acts import MINUTES, Buttons
from lifecycle.page.freshness import MOST_PERIODS
from lifecycle.page.view import UNKNOWN, Coming, Facts, LeaseRow, ModelView, Page
from lifecycle.schedules.windows import left_out, starts, stops
from lifecycle.shared.arns import VersionArn, project_name
from lifecycle.shared.pricing import cost, hourly_cost

MOST_STARTS = 10
"""How many past starts are drawn."""
_MOST_LEFT_OUT = 400
"""Starts of a schedule that are considered, where all are left out."""
_ORDER = ("trouble", "running", "starting", "stopping", "idle")


def page_of(facts: Facts, configuration: Configuration) -> Page:
    """The page: what is down or has failed first, then what runs, and what is stopped last.

    Of the same kind configured models are in their order, then others that run or are held.
    """
    spent = _spending(facts, configuration)
    used_up = configuration.refuses_over_budget and spent is not None and spent.is_used_up
    models = [
        view
        for name, model in configuration.models.items()
        for view in _views_of(name, model, facts, configuration, used_up=used_up)
    ]
    shown = {view.project_version_arn for view in models}
    others = sorted({*facts.versions, *facts.items} - shown)
    models += [_view(arn, facts, configuration, used_up=used_up) for arn in others if _concerns_us(arn, facts)]
    period = timedelta(minutes=configuration.sweep_minutes)
    unread = tuple(f"The project {name} could not be read: {why}" for name, why in sorted(facts.unread.items()))
    models.sort(key=lambda model: (not model.down, _ORDER.index(model.tone), model.is_quiet))
    swept_by = facts.last_sweep or _in_use_since(facts)
    is_late = facts.sweep_known and facts.now - swept_by > MOST_PERIODS * period
    return Page(
        now=facts.now,
        models=tuple(models),
        problems=(*facts.problems, *unread),
        last_sweep=facts.last_sweep,
        sweep_is_late=is_late,
        sweep_is_awaited=facts.sweep_known and facts.last_sweep is None and not is_late,
        sweep_minutes=configuration.sweep_minutes,
        bill=None
        if facts.ended is None
        else bill_so_far(month_of(facts.now), facts.ended, facts.items.values(), facts.now, configuration),
        idle=_idle(facts, configuration),
        spending=spent,
        over_budget=_OVER_BUDGET[configuration.over_budget],
    )


_OVER_BUDGET = {
    OverBudget.NOTIFY: "It is used up: nothing follows but the alarm.",
    OverBudget.REFUSE: "It is used up: no model is started any more.",
    OverBudget.STOP: "It is used up: no model is started any more, and what runs is stopped.",
}


def _spending(facts: Facts, configuration: Configuration) -> Spending | None:
    if facts.ended is None or configuration.monthly_budget_usd is None:
        return None
    return spending(facts.ended, facts.items.values(), facts.now, configuration)


def _idle(facts: Facts, configuration: Configuration) -> tuple[Idle, ...]:
    if facts.ended is None:
        return ()
    sessions = sessions_so_far(facts.ended, facts.items.values(), facts.now, configuration)
    return idle_times(month_of(facts.now), sessions, facts.busy)


def _in_use_since(facts: Facts) -> datetime:
    """The first trace of this app that there is; now, where it was never used."""
    items = facts.items.values()
    return min(
        (
            facts.now,
            *(lease.since for item in items for lease in item.leases),
            *(start.requested_at for item in items for start in item.starts),
            *(item.running.since for item in items if item.running),
            *(session.since for session in facts.ended or ()),
        )
    )


def _views_of(name: str, model: Model, facts: Facts, configuration: Configuration, *, used_up: bool) -> list[ModelView]:
    """Of a configured model: its version; or of its project those that run or are held, or the newest good one."""
    if model.project_version_arn:
        return [_view(model.project_version_arn, facts, configuration, name, used_up=used_up)]
    arns = {*facts.versions, *facts.items}
    of_project = sorted(arn for arn in arns if project_name(arn) == model.project)
    concerned = [arn for arn in of_project if _concerns_us(arn, facts)]
    if concerned:
        return [_view(arn, facts, configuration, name, used_up=used_up) for arn in concerned]
    try:
        versions = [facts.versions[arn] for arn in of_project if arn in facts.versions]
        return [_view(newest_good(model, versions).project_version_arn, facts, configuration, name, used_up=used_up)]
    except LifecycleError as error:
        unread = model.project_name in facts.unread
        why = facts.unread[model.project_name] if unread else error.message
        status, as_of = UNKNOWN if unread else GONE, facts.as_of(model.project_name)
        return [ModelView(name, name, None, model.project_name, "", status, status_message=why, as_of=as_of)]


def _concerns_us(arn: str, facts: Facts) -> bool:
    """Whether a version runs, or is held or being stopped."""
    version, item = facts.versions.get(arn), facts.items.get(arn)
    runs = version is not None and version.status not in NOT_RUNNING
    return runs or (item is not None and bool(item.claim or item.is_held(facts.now)))


def _view(
    arn: str, facts: Facts, configuration: Configuration, name: str | None = None, *, used_up: bool = False
) -> ModelView:
    parts = VersionArn.parse(arn)
    item = facts.items.get(arn, ModelItem(arn))
    unread = parts.project_name in facts.unread
    version = facts.versions.get(arn, ModelVersion(arn, UNKNOWN if unread else GONE))
    status, bills = version.status, version.status in BILLS
    configured = configuration.model(name)
    running = item.running if status == "RUNNING" else None
    had = version.min_inference_units or (running and running.min_inference_units)
    units = (had if bills else None) or configured.min_inference_units
    price = configuration.inference_unit_hour_usd
    default_minutes = configuration.extension_minutes(name)
    buttons = Buttons(
        now=facts.now,
        key=_key(arn, name, configuration),
        shown=name or parts.version_name,
        name=configuration.name_for(arn) or (name if not bills else None),
        item=item,
        status=status,
        hourly=hourly_cost(units, price),
        may_start=_may_start(arn, configuration),
        managed=configuration.manages(arn),
    )
    start = buttons.start()
    return ModelView(
        key=buttons.key,
        name=name or parts.version_name,
        project_version_arn=arn,
        project=parts.project_name,
        version=parts.version_name,
        status=status,
        leases=_leases(item, facts, buttons, configuration.lease_warning),
        status_message=version.status_message,
        f1_score=version.f1_score,
        since=_since(item, status, facts),
        found=running is not None and running.found,
        units=units,
        hourly=hourly_cost(units, price),
        cost=cost((facts.now - running.since).total_seconds(), units, price) if running else None,
        down=_is_down(item, status, facts.now),
        remark=_remark(item, version, facts.now, configuration, used_up=used_up, may_start=start is not None),
        starts=tuple(start.at_most for start in item.starts[-MOST_STARTS:]),
        coming=tuple(_coming(name, facts.now, configuration)) if name else (),
        links=_links(item, arn),
        start=start,
        stop=buttons.stop(),
        field=buttons.field,
        minutes=tuple(sorted({*MINUTES, default_minutes})),
        default_minutes=default_minutes,
        as_of=facts.as_of(parts.project_name),
    )


def _key(arn: str, name: str | None, configuration: Configuration) -> str:
    """A name is of one version, unless it means the newest one: then the version's number distinguishes them."""
    number = arn.rpartition("/")[2]
    return name if name and configuration.models[name].project_version_arn else f"{name or 'version'}-{number}"


def _may_start(arn: str, configuration: Configuration) -> bool:
    """Whether this app has the right to start a version: as infra/parts/grants.py grants it."""
    project = project_name(arn)
    whole = {*configuration.projects, *(model.project for model in configuration.models.values() if model.project)}
    return "*" in whole or project in whole or configuration.name_for(arn) is not None


def _since(item: ModelItem, status: str, facts: Facts) -> datetime | None:
    """Since when a model has its status, as far as that is known."""
    if status == "RUNNING":
        return item.running.since if item.running else None
    if status == "STARTING":
        began = [facts.began[lease.execution_arn] for lease in item.pending if lease.execution_arn in facts.began]
        return min(began, default=None)
    return item.claim.since if status == "STOPPING" and item.claim else None


def _is_down(item: ModelItem, status: str, now: datetime) -> bool:
    return status in NOT_RUNNING and bool(item.held(now))


def _remark(
    item: ModelItem,
    version: ModelVersion,
    now: datetime,
    configuration: Configuration,
    *,
    used_up: bool,
    may_start: bool,
) -> str:
    if _is_down(item, version.status, now):
        refused = used_up and not item.ignores_budget(now)
        return _remark_on_one_that_is_down(item, now, configuration, may_start=may_start, refused=refused)
    if item.claim and version.status in BILLS:
        return "It is about to be stopped."
    if version.status in BILLS and item.is_held(now) and used_up and configuration.stops_over_budget:
        return (
            "" if item.ignores_budget(now) else "The month's budget is used up: the sweep stops it, whoever needs it."
        )
    if version.status not in BILLS or item.is_held(now):
        return ""
    if not configuration.manages(version.project_version_arn):
        return "Nobody holds it, and this app does not manage its project: stop it in Amazon Rekognition."
    if item.managed or configuration.unleased_models is Unleased.STOP:
        return "Nobody holds it: the next sweep stops it."
    return "Nobody holds it, and it was started outside this app: it runs until somebody stops it."


def _remark_on_one_that_is_down(
    item: ModelItem, now: datetime, configuration: Configuration, *, may_start: bool, refused: bool
) -> str:
    """What becomes of the leases, as ``sweep_rules`` has it."""
    if item.awaited(now):
        return "A start is under way."
    if configuration.restart_when_down and not refused:
        return "The next sweep starts it again."
    says = f"The next sweep reports this, and ends {'its lease' if len(item.held(now)) == 1 else 'its leases'}"
    return f"{says}, unless you start it before." if may_start else f"{says}."


def _leases(item: ModelItem, facts: Facts, buttons: Buttons, warning: timedelta) -> tuple[LeaseRow, ...]:
    """The settled ones first; the first to end first of each."""
    settled = [
        LeaseRow(
            lease.lease_id,
            lease.expires_at,
            False,
            buttons.release(lease.lease_id),
            buttons.extend(lease),
            ends_soon=lease.ends_soon(facts.now, warning),
        )
        for lease in sorted(item.held(facts.now), key=lambda lease: (lease.expires_at is None, lease.expires_at))
    ]
    pending = [
        LeaseRow(
            lease.lease_id,
            lease.expires_at,
            True,
            buttons.release(lease.lease_id),
            execution_link=links.execution(lease.execution_arn),
        )
        for lease in sorted(item.awaited(facts.now), key=lambda lease: lease.expires_at)
    ]
    return (*settled, *pending)


def _coming(name: str, now: datetime, configuration: Configuration) -> list[Coming]:
    """The next thing that each schedule of a model does, the first to come first."""
    enabled = {key: one for key, one in configuration.schedules.items() if one.model == name and one.enabled}
    found = [next_of(schedule, one, now) for schedule, one in enabled.items()]
    return sorted((one for one in found if one), key=lambda one: one.at)


def next_of(schedule: str, configured: Schedule, now: datetime) -> Coming | None:
    """The next thing that a schedule does: a start that is not left out, or a stop."""
    action = "start" if configured.start else "ready by"
    since = now
    if configured.start_date:
        first = datetime.fromisoformat(configured.start_date).replace(tzinfo=ZoneInfo(configured.time_zone))
        since = max(now, first - datetime.resolution)
    considered = islice(starts(configured).after(since), _MOST_LEFT_OUT)
    begin = next((at for at in considered if not left_out(configured, at)), None)
    calendar = stops(configured)
    end = next(calendar.after(now), None) if calendar else None
    coming = [Coming(schedule, what, at, configured.time_zone) for what, at in ((action, begin), ("stop", end)) if at]
    return min(coming, key=lambda one: one.at, default=None)


def _links(item: ModelItem, arn: str) -> tuple[tuple[str, str], ...]:
    """Into the AWS console; of executions those that are under way."""
    claim = [("execution that stops it", links.execution(item.claim.execution_arn))] if item.claim else []
    return (*claim, ("model in Rekognition", links.model(arn)))
