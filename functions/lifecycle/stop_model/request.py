"""From the input of a StopModel execution to a request that the rest can rely on. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from lifecycle.configuration import Configuration
from lifecycle.executions.requests import (
    DEFAULT_TIMEOUT_SECONDS,
    Execution,
    Request,
    model_of,
    nothing_chosen,
    problems_of_any,
    refuse,
    validator,
)
from lifecycle.model.version_choice import Choose
from lifecycle.shared.wire import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest(Request):
    """A validated StopModel input with its defaults. ``force`` wins over ``lease_id``.

    Parameters
    ----------
    others : tuple of str
        ARNs of further versions of the model.
    other_executions : tuple of str
        ARNs of the executions that do the same with them.
    """

    lease_id: str | None = None
    force: bool = False
    others: tuple[str, ...] = ()
    other_executions: tuple[str, ...] = ()


def stop_request(
    payload: Json, execution: Execution, configuration: Configuration, choose: Choose = nothing_chosen
) -> StopRequest:
    """Validate the input of a StopModel execution and fill in its defaults.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    LifecycleError
        What choosing a version fails with.
    """
    refuse(
        payload,
        validator("stop_model").problems(payload),
        problems_of_any(payload, execution, configuration) if isinstance(payload, dict) else (),
        machine="StopModel",
        example={"ProjectVersionArn": validator("stop_model").example("ProjectVersionArn")},
        configuration=configuration,
    )
    name, choice = model_of(payload, configuration, choose)
    timeout = int(payload.get("TimeoutSeconds", DEFAULT_TIMEOUT_SECONDS))
    request = StopRequest(
        execution_arn=execution.id,
        began_at=execution.start_time,
        project_version_arn=choice.project_version_arn,
        selection=choice.reason,
        others=choice.others,
        model=name,
        lease_id=payload.get("LeaseId"),
        force=payload.get("Force", False),
        due_at=execution.start_time,
        deadline=execution.start_time + timedelta(seconds=timeout),
        dry_run=payload.get("DryRun", False),
        client_request_token=payload.get("ClientRequestToken"),
        context=payload.get("Context"),
    )
    return request.with_poll_seconds(payload, timeout)
