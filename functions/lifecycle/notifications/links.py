"""The links in messages: into the AWS console, and to the runbook.

The shapes of the console's links are not documented: what is assumed of them is assumed here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from lifecycle.shared.arns import VersionArn, region_and_account
from lifecycle.shared.wire import timestamp

RUNBOOK = "docs/operations.md"
"""Where the runbook is in the project."""

FOLLOW = """fields @timestamp, service, level, message, type
| filter correlation_id = "{execution}" or execution_arn = "{execution}"
| sort @timestamp"""
"""The CloudWatch Logs Insights query that follows one execution through all functions, and the errors of its state
machine. An execution's ARN has no quote in it."""

LINKED = 'filter @message like "{execution}" | sort @timestamp'
"""The same in a link, which should be as short as can be in a mail: each character of it takes up to six."""

BEFORE, AFTER = timedelta(minutes=1), timedelta(minutes=15)
"""What of the logs is shown beside the time from an execution's start to its notification."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Where a notification's logs and trace are.

    Parameters
    ----------
    now : datetime
        When the notification is written: the logs are shown until a little later.
    log_group : str, optional
        The name of the log group of all functions.
    trace_id : str, optional
        Of X-Ray, where the execution is traced.
    """

    now: datetime
    log_group: str | None = None
    trace_id: str | None = None


def runbook(base: str | None, name: str) -> str:
    """The runbook's entry of an outcome or an alarm: GitHub makes a heading's anchor of its lower case.

    Parameters
    ----------
    base : str, optional
        Where the team serves ``docs/operations.md``; without it the entry is named in words.
    """
    return f"{base}#{name.lower()}" if base else f"the heading {name} of {RUNBOOK}"


def dashboard_name(stack_name: str, region: str) -> str:
    """An account's dashboards are the same in all Regions, so the Region is part of the name."""
    return f"{stack_name}-{region}"


def dashboard(stack_name: str, region: str) -> str:
    """The dashboard of a stack, in CloudWatch."""
    home = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    return f"{home}#dashboards/dashboard/{dashboard_name(stack_name, region)}"


def dashboard_of(state_machine_arn: str) -> str:
    """The dashboard of the stack that a state machine belongs to: ``<stack>-StartModel`` is how machines are named."""
    region, _ = region_and_account(state_machine_arn)
    return dashboard(state_machine_arn.rpartition(":")[2].rpartition("-")[0], region)


def execution(execution_arn: str) -> str:
    """A Step Functions execution, with its graph and history."""
    region, _ = region_and_account(execution_arn)
    return f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution_arn}"


def model(project_version_arn: str) -> str:
    """The project of a model version; the version is one click from there."""
    version = VersionArn.parse(project_version_arn)
    return (
        f"https://{version.region}.console.aws.amazon.com/rekognition/custom-labels?region={version.region}"
        f"#/projects/{version.project_name}"
    )


def state_machine(state_machine_arn: str) -> str:
    """A Step Functions state machine, with its executions and the button that starts one."""
    region, _ = region_and_account(state_machine_arn)
    return (
        f"https://{region}.console.aws.amazon.com/states/home?region={region}#/statemachines/view/{state_machine_arn}"
    )


def logs(execution_arn: str, began: datetime, telemetry: Telemetry) -> str | None:
    """CloudWatch Logs Insights with the query that follows the execution, ready to be run."""
    if not telemetry.log_group:
        return None
    region, _ = region_and_account(execution_arn)
    detail = {
        "end": timestamp(telemetry.now + AFTER),
        "start": timestamp(began - BEFORE),
        "timeType": "ABSOLUTE",
        "tz": "UTC",
        "editorString": LINKED.format(execution=execution_arn),
    }
    fields = "~".join(f"{name}~{_text(value)}" for name, value in detail.items())
    query = f"~({fields}~source~(~{_text(telemetry.log_group)}))"
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logsV2:logs-insights$3FqueryDetail$3D{_escaped(query)}"
    )


def trace(execution_arn: str, telemetry: Telemetry) -> str | None:
    """The X-Ray trace of an execution, in CloudWatch."""
    if not telemetry.trace_id:
        return None
    region, _ = region_and_account(execution_arn)
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#xray:traces/{telemetry.trace_id}"


def sampled_trace(header: str | None) -> str | None:
    """The trace id of a tracing header, where the trace is recorded: ``Root=1-...;Parent=...;Sampled=1``.

    X-Ray Developer Guide, "Tracing header".
    """
    fields = dict(part.split("=", 1) for part in (header or "").split(";") if "=" in part)
    return fields.get("Root") if fields.get("Sampled") == "1" else None


def _text(value: str) -> str:
    """A string as the console writes it into such a link: a quote, and what is neither letter nor digit as ``*2f``."""
    plain = "-_."
    return "'" + "".join(one if one.isascii() and (one.isalnum() or one in plain) else _hex(one) for one in value)


def _hex(character: str) -> str:
    return "".join(f"*{byte:02x}" for byte in character.encode())


def _escaped(query: str) -> str:
    """Escaped twice, with ``$`` for ``%``, as in the console's address bar: no mail or chat client cuts it off."""
    return quote(quote(query, safe="").replace("~", "%7E"), safe="").replace("%", "$")
