"""What people are told, in which words and in which order. Pure: the frame of every notification, and one table."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from lifecycle.executions.outcomes import Outcome
from lifecycle.notifications import links
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.text import on_a_line
from lifecycle.shared.wire import Json

MAX_SUBJECT = 99
"""An SNS subject is ASCII, under 100 characters, on one line (SNS API reference, Publish)."""
MAX_LINES, MAX_LINE = 60, 2500
"""Lines of a section, and characters of a line; the longest of ours are links to logs. SNS takes 256 KiB."""
MAX_NAME = 40
"""Of a model in a subject, so that what follows it is not cut off; a version's name may have 255."""


class Severity(StrEnum):
    """How much a notification matters: INFO to know, WARNING to look at, ERROR to act on."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


WHAT_HAPPENED, WHAT_IT_COSTS, WHAT_TO_DO, LINKS, DETAILS = (
    "What happened",
    "What it costs",
    "What to do",
    "Links",
    "Details",
)
"""The sections of a text, in their order."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What goes to every channel.

    Parameters
    ----------
    sections : Mapping
        Lines by the section's title; one without lines is left out.
    detail : Mapping
        The EventBridge event's; what is unknown is left out of it.
    """

    notification_id: str
    outcome: Outcome
    severity: Severity
    subject: str
    headline: str
    sections: Mapping[str, list[str]]
    detail: Mapping[str, Json]

    @property
    def text(self) -> str:
        """As a mail reads."""
        blocks = [self.headline]
        blocks += ["\n".join([f"{title}:", *(f"  {line}" for line in lines)]) for title, lines in self.sections.items()]
        return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True, slots=True)
class _Wording:
    severity: Severity
    subject: str
    headline: str


_WORDINGS: Mapping[Outcome, _Wording] = {
    Outcome.MODEL_STARTED: _Wording(
        Severity.INFO,
        "{name} is RUNNING",
        "{name} was started and is RUNNING: DetectCustomLabels can be called now.",
    ),
    Outcome.MODEL_ALREADY_RUNNING: _Wording(
        Severity.INFO,
        "{name} is RUNNING already",
        "{name} is RUNNING: it had been started before. DetectCustomLabels can be called now.",
    ),
    Outcome.MODEL_STOPPED: _Wording(
        Severity.INFO,
        "{name} is stopped",
        "{name} was stopped and bills nothing any more.",
    ),
    Outcome.MODEL_ALREADY_STOPPED: _Wording(
        Severity.INFO,
        "{name} was not running",
        "{name} was not running: nothing had to be stopped.",
    ),
    Outcome.MODEL_KEPT_RUNNING: _Wording(
        Severity.INFO,
        "{name} is kept running: it is needed",
        "{name} was not stopped: somebody needs it.",
    ),
    Outcome.START_FAILED: _Wording(
        Severity.ERROR,
        "The start of {name} failed: {error}",
        "The start of {name} failed: {error}.",
    ),
    Outcome.START_TIMED_OUT: _Wording(
        Severity.ERROR,
        "{name} is not RUNNING in time",
        "{name} was not RUNNING before the timeout.",
    ),
    Outcome.STOP_FAILED: _Wording(
        Severity.ERROR,
        "{name} may still bill: stop failed: {error}",
        "The stop of {name} failed: {error}. It may still run, and bill.",
    ),
    Outcome.STOP_TIMED_OUT: _Wording(
        Severity.ERROR,
        "{name} may still bill: it is not stopped in time",
        "{name} was not stopped before the timeout. It may still run, and bill.",
    ),
    Outcome.EXECUTION_ABORTED: _Wording(
        Severity.WARNING,
        "{machine} of {name} was aborted",
        "An execution of {machine} for {name} was ended from outside.",
    ),
    Outcome.WORKLOAD_FAILED: _Wording(
        Severity.ERROR,
        "The run with {name} failed: {error}",
        "RunWithModel of {name} failed: {error}.",
    ),
    Outcome.LEASE_EXPIRING: _Wording(
        Severity.WARNING,
        "{name}: a lease {ends}",
        "The lease {lease} on {name} {ends}.",
    ),
    Outcome.LEASE_EXPIRED: _Wording(
        Severity.WARNING,
        "{name}: a lease has expired",
        "The lease {lease} on {name} has expired: it was neither released nor extended.",
    ),
    Outcome.UNLEASED_MODEL: _Wording(
        Severity.WARNING,
        "{name} runs, and nobody holds it",
        "{name} is RUNNING, and nobody holds a lease on it. It was started without this app.",
    ),
    Outcome.MODEL_DOWN: _Wording(
        Severity.ERROR,
        "{name} is down, and somebody needs it",
        "{name} does not run, although somebody holds a lease on it.",
    ),
}


@dataclass(frozen=True, slots=True)
class Content:
    """What is told of one end or one finding: the lines of the text's sections, and the event's facts.

    Parameters
    ----------
    key : str
        Of what is told: the same key has the same notification id.
    name : str
        What people call the model.
    warned : bool
        It is no failure, but there is something to look at.
    more_links : dict
        Beside those to execution, model and runbook; what is None is left out.
    words : dict
        What the wording's subject and headline have placeholders for, beside the name.
    """

    outcome: Outcome
    key: str
    name: str
    project_version_arn: str | None
    execution_arn: str | None = None
    warned: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    what_happened: Sequence[str] = ()
    what_it_costs: Sequence[str] = ()
    what_to_do: Sequence[str] = ()
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
        Where the runbook is served.
    """
    wording = _WORDINGS[content.outcome]
    version = VersionArn.parse(content.project_version_arn) if content.project_version_arn else None
    severity = Severity.WARNING if content.warned and wording.severity is Severity.INFO else wording.severity
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, content.key))
    short = content.name if len(content.name) <= MAX_NAME else f"{content.name[:MAX_NAME]}..."
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
        subject=_subject(f"[{severity}] {wording.subject.format(name=short, **content.words)}"),
        headline=on_a_line(wording.headline.format(name=content.name, **content.words)),
        sections=_sections(content, runbook_url),
        detail={name: value for name, value in detail.items() if value is not None},
    )


def clock(moment: datetime) -> str:
    """``2026-11-24 07:00:00 UTC``."""
    rounded = moment.astimezone(UTC) + timedelta(milliseconds=500)
    return rounded.strftime("%Y-%m-%d %H:%M:%S UTC")


def _sections(content: Content, runbook_url: str | None) -> dict[str, list[str]]:
    sections = {
        WHAT_HAPPENED: list(content.what_happened),
        WHAT_IT_COSTS: list(content.what_it_costs),
        WHAT_TO_DO: list(content.what_to_do),
        DETAILS: _lines(content.details),
        LINKS: _lines(_links(content, runbook_url)),  # last, because they are long
    }
    # A text of somebody else's may have lines of its own: they must not look like ours.
    told = {
        title: [*filter(str.strip, map(_line, lines[:MAX_LINES])), *_more(lines)] for title, lines in sections.items()
    }
    return {title: lines for title, lines in told.items() if lines}


def _line(text: str) -> str:
    line = on_a_line(text)
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 3]}..."


def _more(lines: Sequence[str]) -> list[str]:
    return [f"and {len(lines) - MAX_LINES} lines more"] if len(lines) > MAX_LINES else []


def _links(content: Content, runbook_url: str | None) -> dict[str, str | None]:
    return {
        "Execution": links.execution(content.execution_arn) if content.execution_arn else None,
        "Model": links.model(content.project_version_arn) if content.project_version_arn else None,
        "Runbook": links.runbook(runbook_url, content.outcome),
        **content.more_links,
    }


def _lines(values: Mapping[str, object]) -> list[str]:
    return [f"{name}: {value}" for name, value in values.items() if value is not None]


def _subject(text: str) -> str:
    ascii_text = " ".join(on_a_line(text).encode("ascii", "replace").decode().split())
    return ascii_text if len(ascii_text) <= MAX_SUBJECT else ascii_text[: MAX_SUBJECT - 3] + "..."
