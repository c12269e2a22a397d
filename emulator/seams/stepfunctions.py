"""Step Functions: how Tasks call services, and the names of what goes wrong there."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from moto.stepfunctions.parser import models as executing
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_sfn
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)

from emulator.seams.patching import connection, patch


def failure(env: Any, name: Any, event_type: HistoryEventType, details: Any) -> FailureEventException:
    """What moto raises where a state fails with an error that has a name."""
    event = FailureEvent(env=env, error_name=name, event_type=event_type, event_details=details)
    return FailureEventException(failure_event=event)


@functools.cache
def task_client(service: str, region: str) -> Any:
    """The client with which Tasks call a service of this emulator."""
    # Sessions are not thread-safe, and the default one is shared by all executions.
    return boto3.Session(aws_access_key_id="stepfunctions", aws_secret_access_key="stepfunctions").client(
        service,  # type: ignore[call-overload]  # named at run time
        region_name=region,
        endpoint_url=connection.endpoint,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=900),
    )


def install() -> None:
    """Put the patches in place."""
    # moto calls `localhost` at its own default port, with a new client for each task, made from the shared session.
    for module in (lambda_eval_utils, state_task_service_sfn):
        patch(module, "boto_client_for", lambda region, service, **_: task_client(service, region))

    # A StartExecution without a name gets one from the service.
    start_execution = executing.StepFunctionsParserBackend.start_execution

    def start_named_execution(self: Any, machine: str, name: str | None = None, *rest: Any, **more: Any) -> Any:
        return start_execution(self, machine, name or str(uuid.uuid4()), *rest, **more)

    patch(executing.StepFunctionsParserBackend, "start_execution", start_named_execution)

    # A connection that breaks is Lambda.SdkClientException, an error without a type Lambda.Unknown; moto knows neither.
    from_error = StateTaskServiceLambda._from_error

    def from_lambda_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, BotoCoreError):
            error, cause = "Lambda.SdkClientException", str(ex)
        elif isinstance(ex, lambda_eval_utils.LambdaFunctionErrorException) and "errorType" not in ex.payload:
            error, cause = "Lambda.Unknown", ex.payload
        else:
            return from_error(self, env, ex)
        details = {"error": error, "cause": cause, "resourceType": "lambda", "resource": "invoke"}
        name, event = CustomErrorName(error), {"taskFailedEventDetails": details}
        return failure(env, name, HistoryEventType.TaskFailed, event).failure_event

    patch(StateTaskServiceLambda, "_from_error", from_lambda_error)

    # A nested execution takes and answers PascalCase; moto passes its own camelCase API's names on.
    nested = state_task_service_sfn.StateTaskServiceSfn
    normalise = nested._normalise_parameters

    def to_api(self: Any, parameters: dict[str, Any], *rest: Any, **more: Any) -> None:
        normalise(self, parameters, *rest, **more)
        _rename(parameters, str.lower)

    def from_api(_: Any, response: Any, *__: Any, **___: Any) -> None:
        if isinstance(response, dict):
            _rename(response, str.upper)

    patch(nested, "_normalise_parameters", to_api)
    patch(nested, "_normalise_response", from_api)


def _rename(members: dict[str, Any], initial: Callable[[str], str]) -> None:
    for name in list(members):
        members[initial(name[0]) + name[1:]] = members.pop(name)
