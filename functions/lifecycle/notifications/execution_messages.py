"""What is told of an execution that ended. Pure."""

import json
from collections.abc import Mapping, Sequence

from lifecycle.configuration import Configuration
from lifecycle.executions.outcomes import STARTED_BY_SWEEP, Outcome
from lifecycle.executions.state_machines import Machine, Machines
from lifecycle.model.statuses import BILLS, GONE, NOT_RUNNING
from lifecycle.notifications import links, run_messages
from lifecycle.notifications.cli_commands import (
    again_command,
    extend_command,
    force_command,
    release_command,
    status_command,
    stop_command,
    who_stopped_command,
)
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.links import Telemetry
from lifecycle.notifications.notification import Content, Notification, clock, notification
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import duration, plural, usd
from lifecycle.shared.wire import Json, to_wire
from lifecycle.start_model.request import StartRequest
from lifecycle.start_model.result import StartResult
from lifecycle.stop_model.request import StopRequest
from lifecycle.stop_model.result import HoldingLease, StopResult, no_such_lease

MAX_CAUSE = 100_000
"""Characters of a Cause, as JSON, that are told. Of a Cause of 32,768 characters each may take twelve."""
STOPPED_NOTHING = (
    "Not known: nothing was stopped. If the model that was meant is RUNNING, it bills until it is stopped."
)
NEVER_AGAIN = frozenset({"InvalidRequest", "ModelNotFound", "ModelNotStartable"})
"""Errors of a start that the same start would meet again."""


def ending_notification(
    ending: Ending, configuration: Configuration, machines: Machines, telemetry: Telemetry | None = None
) -> Notification:
    """The one notification of an execution that ended; with ``telemetry`` it links logs and trace."""
    result, request, arn = ending.result, ending.request, ending.project_version_arn
    content = Content(
        outcome=ending.outcome,
        key=ending.execution.id,
        name=_name(ending, configuration),
        project_version_arn=arn,
        execution_arn=ending.execution.id,
        warned=bool(result and result.warnings),
        words={"error": ending.error or "", "machine": ending.machine},
        **_sections(ending, configuration, machines),
        more_links=_telemetry_links(ending, telemetry) if telemetry else {},
        details={
            "Model version": arn,
            "Inference units": _scale(ending),
            "Execution": ending.execution.name,
            "Execution began": clock(ending.execution.start_time),
            "Looks at the status": result.polls if result else None,
            "Lease": _lease_of_its_own(ending),
        },
        facts={
            "Model": request.model if request else None,
            "Output": to_wire(result),
            "Error": ending.error,
            "Cause": _bounded(ending.cause) or None,
            "Context": request.context if request else None,
        },
    )
    return notification(content, configuration.runbook_url)


def _bounded(cause: Mapping[str, Json]) -> Mapping[str, Json]:
    """A Cause's fields; of a workload's, which are its own, at the most what the notification's record has room for."""
    text = json.dumps(cause)
    return cause if len(text) <= MAX_CAUSE else {"Message": text[:MAX_CAUSE]}


def _telemetry_links(ending: Ending, telemetry: Telemetry) -> dict[str, str | None]:
    execution = ending.execution
    return {
        "Trace": links.trace(execution.id, telemetry),
        "Logs": links.logs(execution.id, execution.start_time, telemetry),  # last: it is long
    }


def _sections(ending: Ending, configuration: Configuration, machines: Machines) -> dict[str, Sequence[str]]:
    """By the names of the fields of the content."""
    if ending.machine is Machine.RUN_WITH_MODEL:
        return {
            "what_happened": run_messages.what_happened(ending),
            "what_it_costs": run_messages.what_it_costs(ending, configuration),
            "what_to_do": run_messages.what_to_do(ending, configuration),
        }
    return {
        "what_happened": _what_happened(ending),
        "what_it_costs": _what_it_costs(ending, configuration),
        "what_to_do": _what_to_do(ending, configuration, machines),
    }


# What happened ----------------------------------------------------------------------------------


def _what_happened(ending: Ending) -> Sequence[str]:
    context = ending.request.context if ending.request else None
    if isinstance(context, dict) and isinstance(why := context.get(STARTED_BY_SWEEP), str):
        return [f"The sweep has started this: {why}", *_how_it_ended(ending)]
    return _how_it_ended(ending)


def _how_it_ended(ending: Ending) -> Sequence[str]:
    if ending.result:
        result, forced = ending.result, isinstance(ending.request, StopRequest) and ending.request.force
        lines = _started(result) if isinstance(result, StartResult) else _stopped(result, forced=forced)
        return [*lines, *_which_version(result), *(f"Warning: {warning}" for warning in result.warnings)]
    if ending.abortion:
        return _aborted(ending)
    lines = ending.cause.get("Message", "The execution ended without a reason.").splitlines()
    if message := ending.cause.get("StatusMessage"):
        lines.append(f"The service says: {message}")
    return lines


def _which_version(result: StartResult | StopResult) -> list[str]:
    """Where the name means many versions: which one it is, and who does the same with the others."""
    lines = [result.selection] if result.selection else []
    if isinstance(result, StopResult) and result.other_executions:
        names = ", ".join(arn.rpartition(":")[2] for arn in result.other_executions)
        lines.append(f"Other versions of it have an execution, and a message, of their own: {names}.")
    return lines


def _started(result: StartResult) -> list[str]:
    if result.outcome is Outcome.MODEL_STARTED and result.requested_at and result.running_at:
        took = duration(result.start_seconds or 0)
        return [
            f"The start was requested at {clock(result.requested_at)}; RUNNING was seen at "
            f"{clock(result.running_at)}, {took} later."
        ]
    waited = duration(result.start_seconds or 0)
    lines = [
        "It was RUNNING at the first look."
        if result.polls == 1
        else f"Somebody else had started it; RUNNING was seen {waited} after this start was due."
    ]
    if result.lease_extended_from:
        until = f"to {clock(result.lease_expires_at)}" if result.lease_expires_at else "until it is released"
        lines.append(f"The lease {result.lease_id} was extended from {clock(result.lease_extended_from)} {until}.")
    return lines


def _stopped(result: StopResult, *, forced: bool) -> list[str]:
    released = []
    if forced:
        released = ["All leases on it were ended by force."]
    elif result.lease_id and no_such_lease(result.lease_id) not in result.warnings:
        released = [f"The lease {result.lease_id} was released."]
    if result.outcome is Outcome.MODEL_KEPT_RUNNING:
        held = [f"Held by {_told(lease)}." for lease in result.leases or ()]
        return [*released, f"The model is {result.status}.", *held]
    if result.status == GONE:
        return released  # a warning says it
    if result.outcome is Outcome.MODEL_ALREADY_STOPPED:
        return [*released, f"The model is {result.status}."]
    took = duration(result.stop_seconds or 0)
    ran = f" It had been RUNNING for {duration(result.running_seconds)}." if result.running_seconds is not None else ""
    return [*released, f"{result.status} was seen {took} after the stop was requested.{ran}"]


def _aborted(ending: Ending) -> list[str]:
    assert ending.abortion is not None  # noqa: S101 - for the type checker
    abortion = ending.abortion
    lines = [abortion.told]
    if ending.machine is Machine.START_MODEL:
        lines.append("The lease that it was about to take was taken back.")
    seen = (
        f"The model is {abortion.model_status} now." if abortion.model_status else "The model could not be looked at."
    )
    return [*lines, seen]


def _told(lease: HoldingLease) -> str:
    if lease.pending:
        return f"lease {lease.lease_id}, whose start is under way"
    until = f"until {clock(lease.expires_at)}" if lease.expires_at else "until it is released"
    return f"lease {lease.lease_id}, {until}"


# What it costs ----------------------------------------------------------------------------------


def _what_it_costs(ending: Ending, configuration: Configuration) -> Sequence[str]:
    if isinstance(ending.result, StartResult):
        return [_of_a_start(ending.result, configuration)]
    if isinstance(ending.result, StopResult):
        return [_of_a_stop(ending.result)]
    arn = ending.project_version_arn
    if not arn:
        return ["Nothing: no model was started." if ending.machine is Machine.START_MODEL else STOPPED_NOTHING]
    if ending.machine is Machine.START_MODEL and ending.error == "ModelNotFound":
        return ["Nothing: there is no such model."]
    units = _units(ending, arn, configuration)
    an_hour = f"about {usd(hourly_cost(units, configuration.inference_unit_hour_usd))} an hour"
    status = ending.last_status
    if _unseen(ending):
        return [f"Not known: no look has shown what became of the start. Once it is RUNNING the model bills {an_hour}."]
    if status == "RUNNING":
        return [f"The model was RUNNING at the last look and bills {an_hour}, until it is stopped."]
    if status == "STARTING":
        return [f"The model was STARTING at the last look. Once it is RUNNING it bills {an_hour}, until it is stopped."]
    if status in NOT_RUNNING or (status == "STOPPING" and ending.machine is Machine.START_MODEL):
        return [f"Nothing now: the model was {status} at the last look."]
    if ending.machine is Machine.START_MODEL and not (ending.abortion or status):
        return [f"This start requested nothing. Should the model be RUNNING all the same, it bills {an_hour}."]
    should = f"The model was {status} at the last look. Should it" if status else "Should the model"
    return [f"{should} be RUNNING, it bills {an_hour}, until it is stopped."]


def _units(ending: Ending, arn: str, configuration: Configuration) -> int:
    """As asked for, else as configured: what the service reports is not known of an end that is no good one."""
    if isinstance(ending.request, StartRequest):
        return ending.request.min_inference_units
    return configuration.model(configuration.name_of(arn)).min_inference_units


def _of_a_start(result: StartResult, configuration: Configuration) -> str:
    scale = plural(result.min_inference_units, "inference unit")
    if result.max_inference_units:
        most = hourly_cost(result.max_inference_units, configuration.inference_unit_hour_usd)
        scale += f"; up to {usd(most)} when it scales to {result.max_inference_units}"
    since = " from now on" if result.outcome is Outcome.MODEL_STARTED else ""
    return f"About {usd(result.estimated_hourly_cost)} an hour{since} ({scale}), used or not, until it is stopped."


def _of_a_stop(result: StopResult) -> str:
    if result.estimated_hourly_cost is not None:
        an_hour = f"bout {usd(result.estimated_hourly_cost)} an hour, until the last of these leases ends."
        return f"A{an_hour}" if result.status == "RUNNING" else f"Once it is RUNNING: a{an_hour}"
    if result.estimated_cost is None:
        return "Nothing any more."
    units = plural(result.min_inference_units or 1, "inference unit")
    return f"Nothing any more. It cost about {usd(result.estimated_cost)} while it was RUNNING ({units})."


_WHEN: Mapping[str | None, str] = {"RUNNING": "", "STARTING": " once it is RUNNING"}
"""A model can be stopped, by its status at the last look."""


# What to do -------------------------------------------------------------------------------------


def _what_to_do(ending: Ending, configuration: Configuration, machines: Machines) -> Sequence[str]:
    arn = ending.project_version_arn
    if isinstance(ending.result, StartResult):
        now = "See the warning above." if ending.result.warnings else "Nothing now."
        return [now, *_about_the_lease(ending.result, configuration, machines)]
    if isinstance(ending.result, StopResult):
        return _after_a_stop(ending.result, configuration, machines)
    unknown = ending.last_status is None and (ending.abortion or ending.machine is Machine.STOP_MODEL)
    stopping = ending.machine is Machine.STOP_MODEL and ending.last_status not in NOT_RUNNING
    may_bill = arn and (ending.last_status in BILLS or _unseen(ending) or unknown or stopping)
    swept = f"The sweep, every {plural(configuration.sweep_minutes, 'minute')},"
    if ending.abortion:
        lines = _after_an_abortion(ending, swept, _again(ending, configuration, machines))
    else:
        lines = [
            ending.cause.get("Remedy", "Look at the execution, and start again."),
            *_first_look(ending),
            *_again(ending, configuration, machines),
        ]
        if ending.machine is Machine.STOP_MODEL and arn and ending.progress.polls and ending.last_status in BILLS:
            lines.append(f"{swept} tries again to stop it.")
        elif may_bill and ending.progress.polls and ending.machine is Machine.START_MODEL:
            lines.append(f"{swept} stops it, unless somebody else holds it.")
    if not (arn and may_bill) or (ending.abortion and ending.abortion.held):
        return lines
    when = _WHEN.get(ending.last_status, ", if it is RUNNING")
    return [*lines, f"To stop it by hand{when}:", stop_command(arn)]


def _after_a_stop(result: StopResult, configuration: Configuration, machines: Machines) -> list[str]:
    if result.outcome is Outcome.MODEL_KEPT_RUNNING:
        now = "See the warning above." if result.warnings else "Nothing now."
        arn = result.project_version_arn
        force = force_command(machines, configuration.name_for(arn), arn)
        return [f"{now} To stop it all the same, whoever needs it:", force]
    if result.status == GONE:
        return ["Nothing about the model. Where cdk.json or a pipeline still names this version, name another."]
    if no_such_lease(result.lease_id) in result.warnings:
        return ["Nothing about the model. A pipeline has to release the LeaseId that it started with: compare the two."]
    return ["See the warning above." if result.warnings else "Nothing now."]


def _first_look(ending: Ending) -> list[str]:
    """Commands that show what the remedy of a failure asks to look at."""
    arn, project_arn = ending.project_version_arn, ending.request.project_arn if ending.request else None
    if arn and ending.error == "ModelStopped" and ending.last_status in NOT_RUNNING:
        return ["To see who has stopped models lately:", who_stopped_command(arn)]
    if arn and project_arn and ending.error == "TimedOut" and ending.machine is Machine.STOP_MODEL:
        return ["To see its status:", status_command(arn, project_arn)]
    return []


def _again(ending: Ending, configuration: Configuration, machines: Machines) -> list[str]:
    """The command that starts the model as it was to be started."""
    request, error = ending.request, ending.error
    if not isinstance(request, StartRequest) or not request.project_version_arn or error in NEVER_AGAIN:
        return []
    usual = configuration.model(request.model)
    asked = {
        "LeaseId": _lease_of_its_own(ending),
        "LeaseMinutes": request.lease_minutes if request.lease_minutes != usual.lease_minutes else None,
        "MinInferenceUnits": request.min_inference_units,
        "MaxInferenceUnits": request.max_inference_units,
        "WaitForCapacity": True if error == "CapacityExceeded" else None,
    }
    if (request.min_inference_units, request.max_inference_units) == (
        usual.min_inference_units,
        usual.max_inference_units,
    ):
        asked |= {"MinInferenceUnits": None, "MaxInferenceUnits": None}
    how = "as soon as there is capacity" if error == "CapacityExceeded" else "again"
    return [f"To start it {how}:", again_command(machines, request.model, request.project_version_arn, **asked)]


def _about_the_lease(result: StartResult, configuration: Configuration, machines: Machines) -> list[str]:
    arn = result.project_version_arn
    which = configuration.name_for(arn), arn, result.lease_id
    minutes = configuration.extension_minutes(result.model)
    release = ["To release it earlier:" if result.lease_expires_at else "To release it:"]
    if not result.lease_expires_at:
        return [
            f"The lease {result.lease_id} holds the model until somebody releases it.",
            *release,
            release_command(machines, *which),
        ]
    return [
        f"The lease {result.lease_id} holds the model until {clock(result.lease_expires_at)}; "
        "then the model is stopped, unless another lease holds it.",
        *release,
        release_command(machines, *which),
        f"To hold it longer, {minutes} minutes from when you run this:",
        extend_command(machines, *which, minutes),
    ]


def _after_an_abortion(ending: Ending, swept: str, again: Sequence[str]) -> list[str]:
    assert ending.abortion is not None  # noqa: S101 - for the type checker
    if ending.abortion.held and ending.machine is Machine.STOP_MODEL:
        return ["A lease holds the model. Start StopModel again if that is the one to be released."]
    if ending.abortion.held:
        return ["Nothing now: somebody else's lease holds the model, and it is kept for that one."]
    if ending.machine is Machine.STOP_MODEL:
        return ["Start StopModel again if the model is to be stopped.", f"{swept} stops it if nobody holds it."]
    needed = ["If the model is needed, start it again:", *again[1:]] if again else ["Start again if it is needed."]
    if ending.abortion.model_status in NOT_RUNNING:
        return needed
    return [*needed, f"If not: {swept[0].lower()}{swept[1:]} stops it if it runs, since nobody holds it."]


def _unseen(ending: Ending) -> bool:
    """Whether a start was sent, or may have been, and the status has not moved since: it may bill after all."""
    progress = ending.progress
    if ending.machine is not Machine.START_MODEL or ending.abortion:
        return False
    unmoved = ending.last_status == progress.status_at_attempt == progress.last_status
    return progress.unclear or (progress.requested_at is not None and unmoved)


def _scale(ending: Ending) -> str | None:
    """With how many inference units the model runs, or was to run."""
    of = ending.result or (ending.request if isinstance(ending.request, StartRequest) else None)
    if of is None or of.min_inference_units is None or ending.outcome is Outcome.MODEL_ALREADY_STOPPED:
        return None
    most = None if isinstance(of, StopResult) else of.max_inference_units
    return f"{of.min_inference_units} to {most}" if most else f"{of.min_inference_units}"


def _lease_of_its_own(ending: Ending) -> str | None:
    lease_id = ending.request.lease_id if ending.request else None
    return lease_id if lease_id != ending.execution.name else None


def _name(ending: Ending, configuration: Configuration) -> str:
    """What people call the model: its configured name, else its version's."""
    if ending.request and ending.request.model:
        return ending.request.model
    arn = ending.project_version_arn
    return configuration.name_of(arn) or VersionArn.parse(arn).version_name if arn else "a model"
