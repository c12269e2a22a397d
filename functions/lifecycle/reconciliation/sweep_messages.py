"""What is told of what a sweep found. Pure."""

from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.state_machines import Machines
from lifecycle.model.leases import MAX_NAMED, Lease
from lifecycle.model.statuses import GONE, NOT_RUNNING
from lifecycle.notifications.cli_commands import extend_command, release_command, stop_command, who_stopped_command
from lifecycle.notifications.notification import Content, Notification, clock, notification
from lifecycle.reconciliation.sweep_rules import Finding
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import duration, plural, usd
from lifecycle.shared.wire import to_wire


def finding_notification(
    finding: Finding, now: datetime, configuration: Configuration, machines: Machines
) -> Notification:
    """The notification of a finding; of the same finding it always has the same id."""
    arn = finding.project_version_arn
    lease = finding.leases[0] if finding.leases else None
    content = Content(
        outcome=finding.outcome,
        key=f"{finding.outcome}#{arn}#{finding.key}",
        name=configuration.display_name(arn),
        project_version_arn=arn,
        words={"lease": lease.lease_id if lease else "", "ends": _ends(lease, now)},
        what_happened=_what_happened(finding),
        what_it_costs=[_what_it_costs(finding, configuration)],
        what_to_do=_what_to_do(finding, configuration, machines),
        details={"Model version": arn, "Inference units": finding.min_inference_units},
        facts={
            "Model": configuration.name_of(arn),
            "Status": finding.status,
            "Leases": [to_wire(one) for one in finding.leases[:MAX_NAMED]] or None,
        },
    )
    return notification(content, configuration.runbook_url)


def _ends(lease: Lease | None, now: datetime) -> str:
    if lease is None:
        return ""
    if lease.expires_at is None:
        return f"has held it for {(now - lease.since).days} days so far"
    return f"ends in {duration((lease.expires_at - now).total_seconds())}"


def _what_happened(finding: Finding) -> list[str]:
    match finding.outcome:
        case Outcome.UNLEASED_MODEL:
            return ["It was started in the console, or by another program. This app has held no lease on it since."]
        case Outcome.MODEL_DOWN:
            held = [f"Lease {_described(lease)}." for lease in finding.leases]
            why = "it was deleted" if finding.status == GONE else "it was stopped without this app, or has failed"
            says = [f"The service says: {finding.status_message}"] if finding.status_message else []
            return [f"The model is {finding.status}: {why}.", *says, *held]
        case _:
            return [f"Lease {_described(lease)}. The model is {finding.status}." for lease in finding.leases]


def _described(lease: Lease) -> str:
    until = f"until {clock(lease.expires_at)}" if lease.expires_at else "until it is released"
    return f"{lease.lease_id}: from {clock(lease.since)} {until}"


def _what_it_costs(finding: Finding, configuration: Configuration) -> str:
    if finding.outcome is Outcome.MODEL_DOWN:
        return f"Nothing is billed: the model is {finding.status}. But every DetectCustomLabels of its users fails."
    if finding.status in NOT_RUNNING:
        return f"Nothing now: the model is {finding.status}."
    units = finding.min_inference_units or 1
    an_hour = usd(hourly_cost(units, configuration.inference_unit_hour_usd))
    return f"About {an_hour} an hour ({plural(units, 'inference unit')}), used or not, while it is RUNNING."


def _what_to_do(finding: Finding, configuration: Configuration, machines: Machines) -> list[str]:
    arn = finding.project_version_arn
    model = configuration.name_for(arn)
    swept = f"the sweep, every {plural(configuration.sweep_minutes, 'minute')},"
    lease_id = finding.leases[0].lease_id if finding.leases else "my-lease"
    minutes = configuration.extension_minutes(configuration.name_of(arn))
    extend = extend_command(machines, model, arn, lease_id, minutes)
    match finding.outcome:
        case Outcome.LEASE_EXPIRING if finding.leases[0].expires_at is None:
            return [
                "Nothing, if it is still needed: you are reminded every week. If not, release it:",
                release_command(machines, model, arn, lease_id),
            ]
        case Outcome.LEASE_EXPIRING:
            return [
                f"If the model is still needed, hold it longer, {minutes} minutes from when you run this:",
                extend,
                f"Else nothing: when no lease holds it, {swept} stops it.",
            ]
        case Outcome.LEASE_EXPIRED:
            runs = finding.status not in NOT_RUNNING
            return [
                f"Nothing, if it is not needed{f': when no other lease holds it, {swept} stops it' if runs else ''}.",
                "Else take the lease again:",
                extend,
                "So that this does not happen again: release a lease when the work is done, or give it more minutes.",
            ]
        case Outcome.UNLEASED_MODEL if finding.stopped:
            return ["Nothing: it is being stopped, as 'unleased_models' in cdk.json asks."]
        case Outcome.UNLEASED_MODEL:
            return [
                "If it is needed, take a lease on it, under an id that says who needs it:",
                extend,
                "Else stop it:",
                stop_command(arn),
            ]
        case _ if finding.restarted:
            return ["Nothing: it is being started again, as 'restart_when_down' in cdk.json asks."]
        case _ if finding.status == GONE:
            return ["These leases have ended. Use another version of the model: a deleted one does not come back."]
        case _:
            again = [extend_command(machines, model, arn, one.lease_id, _again(one, minutes)) for one in finding.leases]
            return [
                "Find out why it failed, or who stopped it; CloudTrail shows who has stopped models lately:",
                who_stopped_command(arn),
                "These leases have ended. To start the model again, and hold it as before:",
                *again,
            ]


def _again(lease: Lease, minutes: int) -> int:
    """Of the minutes of a lease that is taken again; one that held until it was released has none."""
    return minutes if lease.expires_at else 0
