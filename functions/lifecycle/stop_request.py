"""From the input of a StopModel execution to a request that the rest can rely on. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from lifecycle.configuration import Configuration
from lifecycle.requests import (
    DEFAULT_TIMEOUT_SECONDS,
    Execution,
    Request,
    model_of,
    problems_of_any,
    refuse,
    validator,
)
from lifecycle.wire import Json

_VALIDATOR = validator("stop_model")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest(Request):
    """A validated StopModel input with its defaults. ``force`` wins over ``lease_id``."""

    lease_id: str | None = None
    force: bool = False


def stop_request(payload: Json, execution: Execution, configuration: Configuration) -> StopRequest:
    """Validate the input of a StopModel execution and fill in its defaults.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    """
    refuse(
        payload,
        _VALIDATOR.problems(payload),
        problems_of_any(payload, execution, configuration) if isinstance(payload, dict) else (),
        machine="StopModel",
        example={"ProjectVersionArn": _VALIDATOR.example("ProjectVersionArn")},
        configuration=configuration,
    )
    name, arn = model_of(payload, configuration)
    timeout = int(payload.get("TimeoutSeconds", DEFAULT_TIMEOUT_SECONDS))
    request = StopRequest(
        execution_arn=execution.id,
        began_at=execution.start_time,
        project_version_arn=arn,
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
