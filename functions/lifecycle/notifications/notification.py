"""The frame of every notification: its severity, its sections in their order, its subject, its event. Pure.

The words are those of a file for each kind of end beside this one, and of ``reconciliation/sweep_messages.py``.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lifecycle.executions.outcomes import Outcome
from lifecycle.notifications import links
from lifecycle.notifications.cli_commands import is_command
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.text import on_a_line, shortened
from lifecycle.shared.wire import Json

MAX_SUBJECT = 99
"""An SNS subject is ASCII, under 100 characters, on one line (SNS API reference, Publish)."""
MAX_LINES, MAX_LINE = 60, 2500
"""Lines of a section, and characters of a line; the longest that this app writes are links to logs. SNS takes
256 KiB."""
MAX_HEADLINE = 1000
"""Characters; the longest name of a version and the longest id of a lease fit in."""
MAX_NAME = 40
"""Of a model in a subject, so that what follows it is not cut off; a version's name may have 255."""


class Severity(StrEnum):
    """How much a notification matters: INFO to know, WARNING to look at, ERROR to act on."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


SEVERITIES: Mapping[Outcome, Severity] = {
    Outcome.MODEL_STARTED: Severity.INFO,
    Outcome.MODEL_ALREADY_RUNNING: Severity.INFO,
    Outcome.MODEL_STOPPED: Severity.INFO,
    Outcome.MODEL_ALREADY_STOPPED: Severity.INFO,
    Outcome.MODEL_KEPT_RUNNING: Severity.INFO,
    Outcome.START_FAILED: Severity.ERROR,
    Outcome.START_TIMED_OUT: Severity.ERROR,
    Outcome.STOP_FAILED: Severity.ERROR,
    Outcome.STOP_TIMED_OUT: Severity.ERROR,
    Outcome.EXECUTION_ABORTED: Severity.WARNING,
    Outcome.WORKLOAD_SUCCEEDED: Severity.INFO,
    Outcome.WORKLOAD_FAILED: Severity.ERROR,
    Outcome.LEASE_EXPIRING: Severity.WARNING,
    Outcome.LEASE_EXPIRED: Severity.WARNING,
    Outcome.UNLEASED_MODEL: Severity.WARNING,
    Outcome.MODEL_DOWN: Severity.ERROR,
    Outcome.INBOX_BLOCKED: Severity.ERROR,
    Outcome.INBOX_FAILURES: Severity.WARNING,
    Outcome.BUDGET_REACHED: Severity.WARNING,
}

WHAT_IT_COSTS, WHAT_TO_DO, IF_PLANS_CHANGE, WHAT_HAPPENED, DETAILS, LINKS = (
    "What it costs",
    "What to do",
    "If plans change",
    "What happened",
    "Details",
    "Links",
)
"""The sections of a text below its headline, in their order: links last, because they are long."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What goes to every channel.

    Parameters
    ----------
    sections : Mapping
        Lines by the section's title; one without lines is left out.
    detail : Mapping
        The EventBridge event's; what is unknown is left out of it.
    only_event : bool
        It is for programs: no message is sent to people.
    people_once : str or None
        People get one notification of all that have this key; each is an event.
    """

    notification_id: str
    outcome: Outcome
    severity: Severity
    subject: str
    headline: str
    sections: Mapping[str, list[str]]
    detail: Mapping[str, Json]
    only_event: bool = False
    people_once: str | None = None

    @property
    def text(self) -> str:
        """As a mail reads."""
        blocks = [self.headline]
        for title, lines in self.sections.items():
            numbered = title == WHAT_TO_DO and sum(not is_command(line) for line in lines) > 1
            shown = _numbered(lines) if numbered else lines
            blocks.append("\n".join([f"{title}:", *(f"  {line}" for line in shown)]))
        return "\n\n".join(blocks) + "\n"


def _numbered(steps: Sequence[str]) -> Iterator[str]:
    """Steps with their numbers; a command belongs to the step before it."""
    number = 0
    for line in steps:
        number += not is_command(line)
        yield f"   {line}" if is_command(line) else f"{number}. {line}"


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one notification.

    Parameters
    ----------
    subject : str
        Of the mail: as few words as will do.
    headline : str
        What happened to which model, why, and by whom, for a tired person: never an error code.
    what_it_costs : sequence of str
        Until somebody acts.
    what_to_do : sequence of str
        A line for each step, the most likely first; a command stands below its step. What the app does by itself is no
        step.
    if_plans_change : sequence of str
        What may be done, where nothing has to be.
    what_happened : sequence of str
        The facts: who asked, when, and what came of it.
    """

    subject: str
    headline: str
    what_it_costs: Sequence[str] = ()
    what_to_do: Sequence[str] = ()
    if_plans_change: Sequence[str] = ()
    what_happened: Sequence[str] = ()


def step(text: str, command: str) -> list[str]:
    """A step and its command."""
    return [f"{text.rstrip('.')}:", command]


@dataclass(frozen=True, slots=True)
class Content:
    """What is reported of one end or one finding: its words, and the event's facts.

    Parameters
    ----------
    key : str
        Of what is reported: the same key has the same notification id.
    warned : bool
        It is no failure, but there is something to look at.
    only_event : bool
        As of the notification.
    severity : Severity, optional
        Where it is not the outcome's usual one.
    people_once : str, optional
        As of the notification.
    dashboard : str, optional
        The link to it.
    more_links : dict
        After the others; what is None is left out.
    """

    outcome: Outcome
    key: str
    text: Text
    project_version_arn: str | None = None
    execution_arn: str | None = None
    warned: bool = False
    only_event: bool = False
    severity: Severity | None = None
    people_once: str | None = None
    dashboard: str | None = None
    more_links: Mapping[str, str | None] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)


SCHEMA_VERSION = "1.0"
"""Of the event's detail: ``statemachine/schemas/notification.event.schema.json``. A change that breaks its readers gets
another first number."""


def notification(content: Content, runbook_url: str | None = None) -> Notification:
    """The notification of this content. Its id is the same whenever it is asked for.

    Parameters
    ----------
    runbook_url : str, optional
        Where the runbook is served; without it, the details name its heading.
    """
    version = VersionArn.parse(content.project_version_arn) if content.project_version_arn else None
    usual = content.severity or SEVERITIES[content.outcome]
    severity = Severity.WARNING if content.warned and usual is Severity.INFO else usual
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, content.key))
    detail = {
        "schema_version": SCHEMA_VERSION,
        "NotificationId": identity,
        "Outcome": content.outcome,
        "Severity": severity,
        "ProjectVersionArn": content.project_version_arn,
        "ProjectName": version.project_name if version else None,
        "VersionName": version.version_name if version else None,
        "ExecutionArn": content.execution_arn,
        **content.facts,
    }
    return Notification(
        notification_id=identity,
        outcome=content.outcome,
        severity=severity,
        subject=_subject(f"[{severity}] {content.text.subject}"),
        headline=_line(content.text.headline, MAX_HEADLINE),
        sections=_sections(content, runbook_url, severity),
        detail={name: value for name, value in detail.items() if value is not None},
        only_event=content.only_event,
        people_once=content.people_once,
    )


def in_subject(name: str) -> str:
    """A model's name, as much of it as a subject has room for."""
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}..."


def _sections(content: Content, runbook_url: str | None, severity: Severity) -> dict[str, list[str]]:
    text, entry = content.text, links.runbook(runbook_url, content.outcome)
    # A path is no link; and of what needs nothing to be done the runbook says no more.
    in_words = {"Runbook": entry} if not runbook_url and severity is not Severity.INFO else {}
    sections = {
        WHAT_IT_COSTS: text.what_it_costs,
        WHAT_TO_DO: text.what_to_do,
        IF_PLANS_CHANGE: text.if_plans_change,
        WHAT_HAPPENED: text.what_happened,
        DETAILS: _lines({**content.details, **in_words}),
        LINKS: _lines(_links(content, entry if runbook_url else None)),
    }
    # A text that somebody else has written may have several lines: none of them may look like a section's title.
    shown = {title: _shown(lines) for title, lines in sections.items()}
    return {title: lines for title, lines in shown.items() if lines}


def _shown(lines: Sequence[str]) -> list[str]:
    return [line for line in map(_line, shortened(lines, MAX_LINES, "lines")) if line.strip()]


def _line(text: str, most: int = MAX_LINE) -> str:
    line = on_a_line(text)
    return line if len(line) <= most else f"{line[: most - 3]}..."


def _links(content: Content, runbook: str | None) -> dict[str, str | None]:
    return {
        "Dashboard": content.dashboard,
        "Execution": links.execution(content.execution_arn) if content.execution_arn else None,
        "Model": links.model(content.project_version_arn) if content.project_version_arn else None,
        "Runbook": runbook,
        **content.more_links,
    }


def _lines(values: Mapping[str, object]) -> list[str]:
    return [f"{name}: {value}" for name, value in values.items() if value is not None]


def _subject(text: str) -> str:
    ascii_text = " ".join(on_a_line(text).encode("ascii", "replace").decode().split())
    return ascii_text if len(ascii_text) <= MAX_SUBJECT else ascii_text[: MAX_SUBJECT - 3] + "..."
