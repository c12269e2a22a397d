"""The words of a start that ended well: MODEL_STARTED, MODEL_ALREADY_RUNNING. Pure."""

from collections.abc import Iterator

from lifecycle.configuration import Configuration
from lifecycle.executions.state_machines import Machines
from lifecycle.notifications import reasons
from lifecycle.notifications.cli_commands import extend_command, release_command
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.notification import Text, in_subject, step
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import clock, duration, per_hour, plural, usd
from lifecycle.start_model.request import StartRequest
from lifecycle.start_model.result import StartResult

_CALL_IT = "DetectCustomLabels can be called now."


def model_started(ending: Ending, configuration: Configuration, machines: Machines) -> Text:
    """Its own request started the model."""
    result, name = _result(ending), ending.name(configuration)
    return Text(
        subject=f"{in_subject(name)} is RUNNING",
        headline=f"{name} is RUNNING: it was started for the lease {result.lease_id}, which holds it {_until(result)}. "
        f"{_CALL_IT}",
        what_it_costs=[_cost(result, configuration, " from now on")],
        what_to_do=result.warnings or ["Nothing."],
        if_plans_change=_if_plans_change(ending, configuration, machines),
        what_happened=[
            reasons.requested(ending),
            f"The start took {duration(result.start_seconds or 0)}.",
            *_selection(result),
        ],
    )


def model_already_running(ending: Ending, configuration: Configuration, machines: Machines) -> Text:
    """It was RUNNING, or somebody else was starting it."""
    result, name = _result(ending), ending.name(configuration)
    return Text(
        subject=f"{in_subject(name)} was RUNNING already",
        headline=f"{name} was RUNNING already; the lease {result.lease_id} now holds it {_until(result)}. {_CALL_IT}",
        what_it_costs=[_cost(result, configuration)],
        what_to_do=result.warnings or ["Nothing."],
        if_plans_change=_if_plans_change(ending, configuration, machines),
        what_happened=[
            reasons.requested(ending),
            "It was RUNNING at the first status check."
            if result.polls == 1
            else f"Somebody else had started it; it was RUNNING {duration(result.start_seconds or 0)} after this start "
            "was due.",
            *_extension(result),
            *_selection(result),
        ],
    )


def _result(ending: Ending) -> StartResult:
    assert isinstance(ending.result, StartResult)  # noqa: S101 - for the type checker
    return ending.result


def _until(result: StartResult) -> str:
    return f"until {clock(result.lease_expires_at)}" if result.lease_expires_at else "until it is released"


def _cost(result: StartResult, configuration: Configuration, since: str = "") -> str:
    scale = plural(result.min_inference_units, "inference unit")
    if result.max_inference_units:
        most = hourly_cost(result.max_inference_units, configuration.inference_unit_hour_usd)
        scale += f"; up to {usd(most)} when it scales to {result.max_inference_units}"
    return (
        f"About {per_hour(result.estimated_hourly_cost)}{since} ({scale}), used or not. The model is stopped when its "
        "last lease ends."
    )


def _if_plans_change(ending: Ending, configuration: Configuration, machines: Machines) -> list[str]:
    result = _result(ending)
    arn = result.project_version_arn
    which = configuration.name_for(arn), arn, result.lease_id
    release = release_command(machines, *which)
    if not result.lease_expires_at:
        return step("To release the lease", release)
    asked = ending.request.lease_minutes if isinstance(ending.request, StartRequest) else 0
    minutes = asked or configuration.extension_minutes(result.model)
    return [
        *step("To release the lease earlier", release),
        *step(
            f"To hold the model longer, until {plural(minutes, 'minute')} after you run this",
            extend_command(machines, *which, minutes),
        ),
    ]


def _extension(result: StartResult) -> Iterator[str]:
    if result.lease_extended_from:
        yield (f"The lease {result.lease_id}, which held it until {clock(result.lease_extended_from)}, was extended.")


def _selection(result: StartResult) -> Iterator[str]:
    """Where the name means many versions: which one it is."""
    if result.selection:
        yield result.selection
