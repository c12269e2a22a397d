"""What people are told, and in which words. Pure: from how an execution ended to one notification."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from lifecycle import links
from lifecycle.arns import VersionArn
from lifecycle.configuration import Configuration
from lifecycle.decisions import Progress
from lifecycle.errors import fields_of
from lifecycle.pricing import hourly_cost
from lifecycle.requests import Execution, StartRequest
from lifecycle.results import Outcome, StartResult
from lifecycle.wire import Json, to_wire
from lifecycle.words import duration, usd

MAX_SUBJECT = 99
"""An SNS subject is ASCII, under 100 characters, on one line (SNS API reference, Publish)."""


MAX_NAME = 48
"""Of a model in a subject, so that what follows it is not cut off; a version's name may have 255."""


class Severity(StrEnum):
    """How much a notification matters: INFO to know, WARNING to look at, ERROR to act on."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Failure:
    """How an execution failed: its Error and its Cause (JSON of ``failure_cause.schema.json``)."""

    error: str
    cause: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How an execution ended, and all that is known of it then. ``result`` or ``failure`` is there."""

    execution: Execution
    dry_run: bool
    request: StartRequest | None
    progress: Progress
    result: StartResult | None
    failure: Failure | None

    @property
    def outcome(self) -> Outcome:
        """The outcome of the contract."""
        if self.result:
            return self.result.outcome
        timed_out = self.failure is not None and self.failure.error == "TimedOut"
        return Outcome.START_TIMED_OUT if timed_out else Outcome.START_FAILED

    @property
    def tells_nobody(self) -> bool:
        """A duplicate's end is told by the first execution; a dry run changes nothing, however it ends."""
        return self.dry_run or (self.request is not None and self.request.duplicate_of is not None)


@dataclass(frozen=True, slots=True)
class Notification:
    """What goes to every channel. ``detail`` is the EventBridge event's; what is unknown is left out of it."""

    notification_id: str
    outcome: Outcome
    severity: Severity
    subject: str
    text: str
    detail: Mapping[str, Json]


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
        "{name} is RUNNING, started elsewhere",
        "{name} is RUNNING: it had been started elsewhere. DetectCustomLabels can be called now.",
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
}


def notification(ending: Ending, configuration: Configuration) -> Notification:
    """The one notification of an execution that ended. Its id is the same whenever it is asked for."""
    cause = fields_of(ending.failure.cause) if ending.failure else {}
    arn = _arn(ending, cause)
    version = VersionArn.parse(arn) if arn else None
    name = _name(ending, version)
    wording = _WORDINGS[ending.outcome]
    warnings = ending.result.warnings if ending.result else ()
    severity = Severity.WARNING if warnings and wording.severity is Severity.INFO else wording.severity
    error = ending.failure.error if ending.failure else ""
    short = name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}..."
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, ending.execution.id))
    detail = {
        "NotificationId": identity,
        "Outcome": ending.outcome,
        "Severity": severity,
        "ProjectVersionArn": arn,
        "ProjectName": version.project_name if version else None,
        "VersionName": version.version_name if version else None,
        "Model": ending.request.model if ending.request else None,
        "ExecutionArn": ending.execution.id,
        "Output": to_wire(ending.result) if ending.result else None,
        "Error": ending.failure.error if ending.failure else None,
        "Cause": cause or None,
        "Context": ending.request.context if ending.request else None,
    }
    text = _text(ending, cause, arn, wording.headline.format(name=name, error=error), configuration)
    return Notification(
        notification_id=identity,
        outcome=ending.outcome,
        severity=severity,
        subject=_subject(f"[{severity}] {wording.subject.format(name=short, error=error)}"),
        text=text,
        detail={name: value for name, value in detail.items() if value is not None},
    )


def stop_command(project_version_arn: str) -> str:
    """The AWS CLI command that stops a model by hand."""
    region = VersionArn.parse(project_version_arn).region
    return f"aws rekognition stop-project-version --region {region} --project-version-arn {project_version_arn}"


def _text(
    ending: Ending, cause: Mapping[str, str], arn: str | None, headline: str, configuration: Configuration
) -> str:
    sections = {
        "What happened": _what_happened(ending, cause),
        "What it costs": [_what_it_costs(ending, cause, configuration)] if arn else [],
        "What to do": _what_to_do(ending, cause, arn),
        "Links": _links(ending, arn),
        "Details": _details(ending, arn),
    }
    blocks = [headline]
    for title, lines in sections.items():
        if lines:
            blocks.append("\n".join([f"{title}:", *(f"  {line}" for line in lines)]))
    return "\n\n".join(blocks) + "\n"


def _what_happened(ending: Ending, cause: Mapping[str, str]) -> list[str]:
    if result := ending.result:
        lines = []
        if result.outcome is Outcome.MODEL_STARTED and result.requested_at and result.running_at:
            took = duration(result.start_seconds or 0)
            lines.append(
                f"The start was requested at {_clock(result.requested_at)}; RUNNING was seen at "
                f"{_clock(result.running_at)}, {took} later."
            )
        else:
            lines.append(f"RUNNING was seen {duration(result.start_seconds or 0)} after the start was due.")
        return lines + [f"Warning: {warning}" for warning in result.warnings]
    lines = cause.get("Message", "The execution ended without a reason.").splitlines()
    if message := cause.get("StatusMessage"):
        lines.append(f"The service says: {message}")
    return lines


def _what_it_costs(ending: Ending, cause: Mapping[str, str], configuration: Configuration) -> str:
    if ending.result:
        result = ending.result
        scale = f"{result.min_inference_units} inference unit{'s' * (result.min_inference_units > 1)}"
        if result.max_inference_units:
            most = hourly_cost(result.max_inference_units, configuration.inference_unit_hour_usd)
            scale += f"; up to {usd(most)} when it scales to {result.max_inference_units}"
        an_hour = usd(result.estimated_hourly_cost)
        return f"About {an_hour} an hour from now on ({scale}), used or not, until somebody stops it."
    units = ending.request.min_inference_units if ending.request else 1
    an_hour = f"about {usd(hourly_cost(units, configuration.inference_unit_hour_usd))} an hour"
    status = cause.get("Status") or ending.progress.last_status
    if _unseen(ending, status):
        return f"Not known: no look has shown what became of the start. Once it is RUNNING the model bills {an_hour}."
    if status == "RUNNING":
        return f"The model was RUNNING at the last look and bills {an_hour}, until somebody stops it."
    if status == "STARTING":
        return (
            f"The model was STARTING at the last look. Once it is RUNNING it bills {an_hour}, until somebody stops it."
        )
    if status:
        return f"Nothing now: the model was {status} at the last look."
    return f"This start requested nothing. Should the model be RUNNING all the same, it bills {an_hour}."


def _what_to_do(ending: Ending, cause: Mapping[str, str], arn: str | None) -> list[str]:
    if ending.result:
        now = "See the warning above." if ending.result.warnings else "Nothing now."
        later = "This app does not stop models yet: when you no longer need it, stop it by hand:"
        return [f"{now} {later}", stop_command(ending.result.project_version_arn)]
    lines = [cause.get("Remedy", "Look at the execution, and start again.")]
    status = cause.get("Status") or ending.progress.last_status
    if arn and (status in ("STARTING", "RUNNING") or _unseen(ending, status)):
        lines += ["To stop it once it is RUNNING:", stop_command(arn)]
    return lines


def _unseen(ending: Ending, status: str | None) -> bool:
    """Whether a start was sent, or may have been, and the status has not moved since: it may bill after all."""
    progress = ending.progress
    unmoved = status == progress.status_at_attempt == progress.last_status
    return progress.unclear or (progress.requested_at is not None and unmoved)


def _links(ending: Ending, arn: str | None) -> list[str]:
    lines = [f"Execution: {links.execution(ending.execution.id)}"]
    return [*lines, f"Model: {links.model(arn)}"] if arn else lines


def _details(ending: Ending, arn: str | None) -> list[str]:
    lease = ending.request.lease_id if ending.request else None
    facts = {
        "Model version": arn,
        "Execution": ending.execution.name,
        "Execution began": _clock(ending.execution.start_time),
        "Looks at the status": ending.result.polls if ending.result else None,
        "Lease": lease if lease != ending.execution.name else None,
    }
    return [f"{name}: {value}" for name, value in facts.items() if value is not None]


def _arn(ending: Ending, cause: Mapping[str, str]) -> str | None:
    return ending.request.project_version_arn if ending.request else cause.get("ProjectVersionArn")


def _name(ending: Ending, version: VersionArn | None) -> str:
    """What people call the model: its configured name, else its version's."""
    if ending.request and ending.request.model:
        return ending.request.model
    return version.version_name if version else "a model"


def _subject(text: str) -> str:
    ascii_text = " ".join(text.encode("ascii", "replace").decode().split())
    return ascii_text if len(ascii_text) <= MAX_SUBJECT else ascii_text[: MAX_SUBJECT - 3] + "..."


def _clock(moment: datetime) -> str:
    rounded = moment.astimezone(UTC) + timedelta(milliseconds=500)
    return rounded.strftime("%Y-%m-%d %H:%M:%S UTC")
