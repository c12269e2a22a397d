"""Step Functions: how Tasks call services, and the names of what goes wrong there."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import models as executing
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_sfn
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)

from emulator.seams import clients, executions
from emulator.seams.patching import patch
from emulator.wire import service_model


class StateMachineDeletingError(AWSError):
    """The state machine is being deleted: its executions are being ended, and no others begin."""

    TYPE = "StateMachineDeleting"


_INTEGRATIONS = {"lambda": ("Lambda", "AWSLambdaException"), "states": ("StepFunctions", "AWSStepFunctionsException")}
"""The prefix of an integration's errors, and the SDK's base class, by the prefix of the service's IAM actions."""


def failure(env: Any, name: Any, event_type: HistoryEventType, details: Any) -> FailureEventException:
    """What moto raises where a state fails with an error that has a name."""
    event = FailureEvent(env=env, error_name=name, event_type=event_type, event_details=details)
    return FailureEventException(failure_event=event)


def error_name(service: str, code: str) -> str:
    """How an optimised integration names a service's error: by the class that AWS's Java SDK 1 has for it.

    A code that the service's model lacks, such as that of throttling or of a refusal by IAM, has the base class.

    Parameters
    ----------
    service : str
        The prefix of its IAM actions: ``lambda`` or ``states``.
    """
    prefix, base = _INTEGRATIONS[service]
    model = service_model(service)
    shapes: Any = model.error_shapes if model else ()  # the stubs lack what an error's shape has
    name = {shape.error_code: shape.name for shape in shapes}.get(code, base)
    return f"{prefix}.{name if name.endswith('Exception') else f'{name}Exception'}"


def _from_error(integration: Any, from_error: Any, service: str, env: Any, ex: Exception) -> FailureEvent:
    """The event of a Task that failed, where moto names its error in another way than Step Functions does."""
    prefix, _ = _INTEGRATIONS[service]
    if isinstance(ex, ClientError):
        error, cause = error_name(service, ex.response["Error"]["Code"]), str(ex)
    elif isinstance(ex, BotoCoreError):  # a connection that breaks
        error, cause = f"{prefix}.SdkClientException", str(ex)
    elif isinstance(ex, lambda_eval_utils.LambdaFunctionErrorException) and "errorType" not in ex.payload:
        error, cause = "Lambda.Unknown", ex.payload
    else:
        failed: FailureEvent = from_error(integration, env, ex)
        return failed
    where = {"resourceType": integration._get_sfn_resource_type(), "resource": integration._get_sfn_resource()}
    event = {"taskFailedEventDetails": {"error": error, "cause": cause, **where}}
    return failure(env, CustomErrorName(error), HistoryEventType.TaskFailed, event).failure_event


_NOT_ALL = frozenset({"States.DataLimitExceeded", "States.Runtime"})
"""What ``States.ALL`` does not match (Step Functions Developer Guide, "Handling errors")."""


def _error_equals(self: Any, env: Any) -> None:
    error = env.stack.pop()
    named = [one.error_name for one in self.error_names]
    everything = "States.ALL" in named and error.error_name not in _NOT_ALL
    env.stack.append(
        everything
        or error.error_name in named
        or ("States.TaskFailed" in named and error.error_name not in {"States.Timeout", *_NOT_ALL})
    )


def install() -> None:
    """Put the patches in place."""
    # States.ALL matches what it does not on AWS; States.TaskFailed matches no error of States' own, there all but some.
    patch(ErrorEqualsDecl, "_eval_body", _error_equals)

    # moto calls `localhost` at its own default port, with a new client for each task, made from the shared session.
    for module in (lambda_eval_utils, state_task_service_sfn):
        patch(module, "boto_client_for", lambda region, service, **_: clients.client(service, region))

    # A StartExecution without a name gets one from the service.
    start_execution = executing.StepFunctionsParserBackend.start_execution

    def start_named_execution(self: Any, machine: str, name: str | None = None, *rest: Any, **more: Any) -> Any:
        if machine in executions.deleting:
            raise StateMachineDeletingError(f"State machine is deleting: '{machine}'")
        return start_execution(self, machine, name or str(uuid.uuid4()), *rest, **more)

    patch(executing.StepFunctionsParserBackend, "start_execution", start_named_execution)

    nested = state_task_service_sfn.StateTaskServiceSfn
    for integration, service in ((StateTaskServiceLambda, "lambda"), (nested, "states")):
        patch(integration, "_from_error", functools.partialmethod(_from_error, integration._from_error, service))

    # A nested execution takes and answers PascalCase; moto passes its own camelCase API's names on.
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
