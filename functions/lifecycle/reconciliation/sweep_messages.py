"""The words of what a sweep found: LEASE_EXPIRING, LEASE_EXPIRED, UNLEASED_MODEL, MODEL_DOWN, BUDGET_REACHED. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.state_machines import Machines
from lifecycle.model.leases import MAX_NAMED, Lease
from lifecycle.model.statuses import GONE, NOT_RUNNING
from lifecycle.notifications import links
from lifecycle.notifications.cli_commands import extend_command, release_command, stop_command, who_called_command
from lifecycle.notifications.notification import Content, Notification, Text, in_subject, notification, step
from lifecycle.notifications.reasons import MAX_QUOTED
from lifecycle.notifications.stopped import described, hold
from lifecycle.reconciliation.sweep_rules import REMINDER, Finding
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import clock, escaped, per_hour, plural, span
from lifecycle.shared.wire import Json, to_wire
from lifecycle.stop_model.result import HoldingLease

EVENT_FIELDS = ("LeaseId", "Since", "ExpiresAt", "WarnedAt")
"""Of a lease in an event: ``statemachine/schemas/notification.event.schema.json``."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A finding, and what its words need beside it."""

    finding: Finding
    now: datetime
    configuration: Configuration
    machines: Machines

    @property
    def arn(self) -> str:
        """Of the model version."""
        return self.finding.project_version_arn

    @property
    def name(self) -> str:
        """How people call the model."""
        return self.configuration.display_name(self.arn)

    @property
    def lease(self) -> Lease:
        """The lease that it is about, where that is one."""
        return self.finding.leases[0]

    def clock(self, moment: datetime) -> str:
        """A time in UTC, and in the zones of the model's schedules."""
        model, schedules = self.configuration.name_of(self.arn), self.configuration.schedules.values()
        zones = {schedule.time_zone for schedule in schedules if schedule.model == model}
        return clock(moment, sorted(zones))

    def minutes(self, lease: Lease | None = None) -> int:
        """For how long a command takes or extends a lease: its own minutes; without an end, the model's."""
        configured = self.configuration.extension_minutes(self.configuration.name_of(self.arn))
        return (lease.minutes if lease else 0) or configured

    def take(self, lease_id: str, minutes: int, *, ignore_budget: bool = False) -> str:
        """The command that takes or extends a lease."""
        name = self.configuration.name_for(self.arn)
        return extend_command(self.machines, name, self.arn, lease_id, minutes, ignore_budget=ignore_budget)


def finding_notification(
    finding: Finding, now: datetime, configuration: Configuration, machines: Machines
) -> Notification:
    """The notification of a finding; of the same finding it always has the same id."""
    arn = finding.project_version_arn
    content = Content(
        outcome=finding.outcome,
        key=f"{finding.outcome}#{arn}#{finding.key}",
        text=_TEXTS[finding.outcome](_Found(finding, now, configuration, machines)),
        project_version_arn=arn,
        dashboard=links.dashboard_of(machines.start_model),
        details={"Model version": arn, "Inference units": finding.min_inference_units},
        facts={
            "Model": configuration.name_of(arn),
            "Status": finding.status,
            "Leases": [_fact(one) for one in finding.leases[:MAX_NAMED]] or None,
        },
    )
    return notification(content, configuration.runbook_url)


def _fact(lease: Lease) -> Json:
    return {name: value for name, value in to_wire(lease).items() if name in EVENT_FIELDS}


def _lease_expiring(found: _Found) -> Text:
    lease = found.lease
    if lease.expires_at is None:
        return _lease_without_an_end(found)
    ends = found.clock(lease.expires_at)
    others = found.finding.others
    then = "No other lease holds the model: it is stopped then, unless this one is extended."
    if others:
        then = f"The model keeps running, since {_hold(others)} it too."
    minutes = found.minutes(lease)
    return Text(
        subject=f"{in_subject(found.name)}: a lease ends at {clock(lease.expires_at)}",
        headline=f"The lease {lease.lease_id} on {found.name} ends at {ends}, in "
        f"{span((lease.expires_at - found.now).total_seconds())}. {then}",
        what_it_costs=[_cost(found)],
        what_to_do=[
            *step(
                f"If the work goes on beyond that, extend the lease until {minutes} minutes after you run this",
                found.take(lease.lease_id, minutes),
            ),
            "If it does not: nothing.",
        ],
        what_happened=list(_leases(found)),
    )


def _lease_without_an_end(found: _Found) -> Text:
    lease = found.lease
    held = plural((found.now - lease.since).days, "day")
    release = release_command(found.machines, found.configuration.name_for(found.arn), found.arn, lease.lease_id)
    return Text(
        subject=f"{in_subject(found.name)}: a lease has held it for {held}",
        headline=f"The lease {lease.lease_id} has held {found.name} for {held}, and has no end: is it still needed?",
        what_it_costs=[_cost(found)],
        what_to_do=[
            *step("If it is not needed, release it", release),
            f"If it is: nothing. A reminder comes every {span(REMINDER.total_seconds())}.",
        ],
        what_happened=list(_leases(found)),
    )


def _lease_expired(found: _Found) -> Text:
    lease, status = found.lease, found.finding.status
    if status in NOT_RUNNING:
        then = f"The model is {status}."
    elif found.finding.others:
        then = f"The model keeps running, since {_hold(found.finding.others)} it too."
    else:
        then = "No other lease holds the model: it is being stopped."
    minutes = found.minutes(lease)
    return Text(
        subject=f"{in_subject(found.name)}: a lease has expired",
        headline=f"The lease {lease.lease_id} on {found.name} expired{_at(found, lease)}: nobody released or extended "
        f"it. {then}",
        what_it_costs=[_cost(found)],
        what_to_do=[
            *step(
                f"If it is still needed, take the lease again, for {plural(minutes, 'minute')} from when you run this",
                found.take(lease.lease_id, minutes),
            ),
            "If not: nothing. Next time, release the lease when the work is done.",
        ],
        what_happened=list(_leases(found)),
    )


def _unleased_model(found: _Found) -> Text:
    text = f"{found.name} is RUNNING, and no lease holds it: somebody started it outside this app."
    subject = f"{in_subject(found.name)} runs, and no lease holds it"
    if found.finding.stopped:
        return Text(
            subject=f"{subject}: it is being stopped",
            headline=f"{text} It is being stopped.",
            what_it_costs=[_cost(found)],
            what_to_do=["Nothing: it is stopped because 'unleased_models' in cdk.json is 'stop'."],
            what_happened=[_NO_LEASE],
        )
    return Text(
        subject=subject,
        headline=text,
        what_it_costs=[_cost(found)],
        what_to_do=[
            *step(
                "If it is needed, take a lease on it, under an id that says who needs it",
                found.take("my-lease", found.minutes()),
            ),
            *step("If not, stop it", stop_command(found.arn)),
            *step("To see who has started models lately", who_called_command(found.arn, "StartProjectVersion")),
        ],
        what_happened=[_NO_LEASE],
    )


_NO_LEASE = "It was started in the console, or by another program; this app has had no lease on it since then."


def _model_down(found: _Found) -> Text:
    finding = found.finding
    status, says = finding.status, finding.status_message
    if status == GONE:
        why = "it was deleted"
    elif status == "FAILED":
        why = f"it has FAILED{f', and its status message is: {escaped(says, MAX_QUOTED)}' if says else ''}"
    else:
        why = f"it is {status}, and this app did not stop it"
    return Text(
        subject=f"{in_subject(found.name)} is down, and somebody needs it",
        headline=f"{found.name} is down although {_hold(finding.leases)} it: {why.rstrip('.')}."
        f"{' It is being started again.' if finding.restarted else ''}{_not_again(finding)}",
        what_it_costs=["Nothing: it does not run. But every call of DetectCustomLabels for it fails."],
        what_to_do=list(_about_the_model(found)),
        what_happened=list(_leases(found)),
    )


def _not_again(finding: Finding) -> str:
    """Of a model that the budget keeps from being started again."""
    if finding.restarted or finding.spending is None:
        return ""
    return f" It is not started again: this month's budget is used up ({finding.spending.of_the_budget})."


def _budget_reached(found: _Found) -> Text:
    finding, spending = found.finding, found.finding.spending
    assert spending is not None  # noqa: S101 - for the type checker
    warning = found.configuration.lease_warning_minutes
    left = spending.left_hours
    soon = f"will be used up in {span(3600 * left)} ({spending.of_the_budget} so far)" if left else ""
    budget = f"this month's budget {soon or f'is used up ({spending.of_the_budget})'}"
    then = f"in about {plural(warning, 'minute')}" if warning else "now"
    allowed = found.configuration.allow_ignore_budget
    holders = [lease.lease_id for lease in finding.leases] or [lease.lease_id for lease in finding.others]
    lease = next(iter(holders), "my-lease")
    minutes = found.minutes(finding.leases[0] if finding.leases else None)
    override = step(
        "If it has to run on all the same, hold it regardless of the budget, until "
        f"{plural(minutes, 'minute')} after you run this; everybody is notified",
        found.take(lease, minutes, ignore_budget=True),
    )
    return Text(
        subject=f"{in_subject(found.name)} will be stopped: this month's budget is {'nearly ' if left else ''}used up",
        headline=f"{found.name} will be stopped {then}, whoever needs it: {budget}."
        f"{' Only a lease that ignores the budget keeps it running.' if allowed else ''}",
        what_it_costs=[_cost(found), spending.outlook],
        what_to_do=[
            *(override if allowed else []),
            "To let all models run on, raise monthly_budget_usd in cdk.json and deploy.",
            "If neither is needed: nothing. Work that uses the model fails once it is stopped.",
            *_inboxes(found),
        ],
        what_happened=list(_leases(found)),
    )


def _inboxes(found: _Found) -> Iterator[str]:
    """A stop that was not asked for pauses them, also beyond the month's end."""
    for name, inbox in found.configuration.inboxes.items():
        if inbox.model == found.name:
            paused = (
                f"Its inbox {name} is paused once it is stopped: images wait. To let it go on when it may run again"
            )
            yield from step(paused, f"custom-labels inbox resume {name}")


def _about_the_model(found: _Found) -> Iterator[str]:
    finding = found.finding
    if finding.restarted:
        yield "Nothing: it is being started again because 'restart_when_down' in cdk.json is true."
    elif finding.status == GONE:
        yield "Use another version of the model: a deleted one does not come back. The leases on this one have ended."
    else:
        ignore = finding.spending is not None
        if ignore and not found.configuration.allow_ignore_budget:
            yield "If it is needed, raise monthly_budget_usd in cdk.json, and deploy; its leases have ended."
            return
        yield "Start it again, and hold it as before; its leases have ended:"
        for lease in finding.leases:
            yield found.take(lease.lease_id, lease.minutes, ignore_budget=ignore)
        if finding.status == "FAILED":
            yield "If it fails again, train the version anew, or ask AWS Support and quote the status message."
        else:
            yield from step("To see who has stopped models lately", who_called_command(found.arn, "StopProjectVersion"))


_TEXTS: Mapping[Outcome, Callable[[_Found], Text]] = {
    Outcome.LEASE_EXPIRING: _lease_expiring,
    Outcome.LEASE_EXPIRED: _lease_expired,
    Outcome.UNLEASED_MODEL: _unleased_model,
    Outcome.MODEL_DOWN: _model_down,
    Outcome.BUDGET_REACHED: _budget_reached,
}


def _cost(found: _Found) -> str:
    finding = found.finding
    if finding.status in NOT_RUNNING:
        return f"Nothing now: the model is {finding.status}."
    units = finding.min_inference_units or 1
    price = per_hour(hourly_cost(units, found.configuration.inference_unit_hour_usd))
    return f"About {price} ({plural(units, 'inference unit')}), used or not, while it is RUNNING."


def _leases(found: _Found) -> Iterator[str]:
    """The leases of a finding, and whoever else holds the model."""
    yield f"The model is {found.finding.status}."
    if found.finding.status_message and found.finding.outcome is Outcome.MODEL_DOWN:
        yield f"The service says: {found.finding.status_message}"
    for lease in found.finding.leases:
        until = f"until {found.clock(lease.expires_at)}" if lease.expires_at else "until it is released"
        yield f"The lease {lease.lease_id}: from {found.clock(lease.since)} {until}."
    for other in found.finding.others:
        also = "also " if found.finding.leases else ""
        yield f"It is {also}held by {described(other)}."


def _hold(leases: Iterable[Lease | HoldingLease]) -> str:
    return hold(lease.lease_id for lease in leases)


def _at(found: _Found, lease: Lease) -> str:
    return f" at {found.clock(lease.expires_at)}" if lease.expires_at else ""
