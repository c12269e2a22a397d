"""The words of what a tick reports of an inbox: INBOX_BLOCKED, INBOX_FAILURES. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Configuration, Inbox
from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.state_machines import Machines
from lifecycle.inbox.decision import AGED, OVER_BUDGET, Report
from lifecycle.inbox.record import TRIES
from lifecycle.notifications import links
from lifecycle.notifications.notification import Content, Notification, Text, notification, step
from lifecycle.shared.text import clock, plural, span
from lifecycle.shared.wire import timestamp

KEPT_DAYS = 14
"""For so long SQS keeps an image, from when it came."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A report, and what its words need beside it."""

    inbox: str
    settings: Inbox
    report: Report
    now: datetime


def inbox_notification(
    inbox: str, report: Report, now: datetime, configuration: Configuration, machines: Machines
) -> Notification:
    """The notification of a report; of the same report it always has the same id."""
    outcome, settings = Outcome(report.kind), configuration.inboxes[inbox]
    model = configuration.model(settings.model)
    content = Content(
        outcome=outcome,
        key=f"{outcome}#{report.key}",
        text=_TEXTS[outcome](_Said(inbox, settings, report, now)),
        project_version_arn=model.project_version_arn,
        dashboard=links.dashboard_of(machines.start_model),
        details={
            "Inbox": inbox,
            "Model": settings.model,
            "Images": settings.images,
            "Results": settings.results,
        },
        facts={
            "Model": settings.model,
            "Inbox": inbox,
            "Images": report.images,
            "DeadImages": report.dead or None,
            "Since": timestamp(report.since) if report.since else None,
            "Reason": report.why,
        },
    )
    return notification(content, configuration.runbook_url)


def _blocked(said: _Said) -> Text:
    report = said.report
    why = report.why.rstrip(".")
    if report.since and said.now - report.since >= AGED:
        headline = (
            f"Images in the inbox {said.inbox} will soon be lost: SQS keeps each for {KEPT_DAYS} days, and the first "
            f"has waited since {clock(report.since)}. {why}."
        )
    else:
        since = f" The first has waited since {clock(report.since)}." if report.since else ""
        headline = f"{_images(report.images)} in the inbox {said.inbox} and can't be labelled. {why}.{since}"
    tries = report.next_try is not None
    return Text(
        subject=f"Inbox {said.inbox}: images wait and are not labelled",
        headline=headline,
        what_it_costs=[f"Nothing while the model does not run.{' Each try starts it again.' if tries else ''}"],
        what_to_do=[
            *_mended(said),
            *step("To see how it stands", _inbox("status", said.inbox)),
        ],
        what_happened=list(_facts(said)),
    )


def _mended(said: _Said) -> list[str]:
    """What lets the inbox go on."""
    resume = _inbox("resume", said.inbox)
    if said.report.paused:
        return step(
            f"Find out why it was paused. Once {said.settings.model} may run again, let the inbox go on", resume
        )
    if OVER_BUDGET in said.report.why:
        return [
            "Raise monthly_budget_usd in cdk.json and deploy, or wait for the next month (UTC): the inbox then goes on "
            "by itself."
        ]
    return [
        "Remove the cause: the second sentence at the top names it.",
        *step("Then let the inbox try at once, instead of waiting for its next try", resume),
    ]


def _failures(said: _Said) -> Text:
    dead = plural(said.report.dead, "image")
    return Text(
        subject=f"Inbox {said.inbox}: {dead} could not be labelled",
        headline=f"{dead} of the inbox {said.inbox} could not be labelled in {TRIES} tries, and "
        f"{'was' if said.report.dead == 1 else 'were'} given up.",
        what_it_costs=["Nothing."],
        what_to_do=[
            "Find out why: in CloudWatch Logs Insights, the saved query warnings-and-errors has the reason of each.",
            *step(
                f"Once that is mended, try {'it' if said.report.dead == 1 else 'them'} again",
                _inbox("redrive", said.inbox),
            ),
        ],
        what_happened=[f"Images that were given up are kept for {KEPT_DAYS} days from when they came."],
    )


def _images(count: int | None) -> str:
    return "Images wait" if count is None else f"{plural(count, 'image')} {'waits' if count == 1 else 'wait'}"


def _facts(said: _Said) -> Iterator[str]:
    report = said.report
    if report.since:
        waited = (said.now - report.since).total_seconds()
        yield f"Images have waited for {span(waited)}. SQS keeps each for {KEPT_DAYS} days from when it came."
    if report.next_try:
        yield f"The next try is at {clock(report.next_try)}; this is reported once, until images are labelled again."
    if report.dead:
        yield f"{plural(report.dead, 'image')} {'was' if report.dead == 1 else 'were'} given up after {TRIES} tries."


def _inbox(command: str, name: str) -> str:
    return f"custom-labels inbox {command} {name}"


_TEXTS: Mapping[Outcome, Callable[[_Said], Text]] = {
    Outcome.INBOX_BLOCKED: _blocked,
    Outcome.INBOX_FAILURES: _failures,
}
