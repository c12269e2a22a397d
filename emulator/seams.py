"""Every patch of moto's private parts: what moto 5.2 lacks to deploy and run this stack, each with its reason.

``tests/emulator/test_emulator_seams.py`` has a test for each, which fails when moto changes or does it itself.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import logging
import types
import uuid
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from jsonata import JException, Jsonata
from moto.awslambda import models as awslambda
from moto.awslambda.utils import get_backend
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.events.models import EventBus
from moto.sns.models import sns_backends
from moto.stepfunctions import models as stepfunctions
from moto.stepfunctions.parser import models as executing
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsics
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_sfn
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata, validations
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from emulator.runtime import Deployed, Outcome

_log = logging.getLogger(__name__)


@dataclass
class _Connection:
    """What the patches need of the emulator that runs now; moto's backends are global, so there is one at a time."""

    endpoint: str = ""
    invoke: Callable[[Deployed, bytes], Outcome] | None = None


_connection = _Connection()


def connect(endpoint: str, invoke: Callable[[Deployed, bytes], Outcome]) -> None:
    """Install the patches (once) and point them at this emulator's endpoint and Lambda runtime."""
    _install()
    _connection.endpoint, _connection.invoke = endpoint, invoke
    _task_client.cache_clear()


def disconnect() -> None:
    """Let go of the emulator's runtime; later invocations fail instead of starting processes."""
    _connection.endpoint, _connection.invoke = "", None


def _patch(owner: Any, name: str, replacement: Any) -> None:
    if not hasattr(owner, name):
        raise AttributeError(f"{owner.__name__} has no {name} any more: moto changed, look at this seam again")
    setattr(owner, name, replacement)


# --- CloudFormation ---------------------------------------------------------------------------------------------------


def _create_lambda_version(cls: Any, _: str, resource: Any, account_id: str, region: str, /, **__: Any) -> Any:
    published: Any = get_backend(account_id, region).publish_version(resource["Properties"]["FunctionName"])
    version = cls({"Version": published.version})
    version.function_arn = published.function_arn
    return version


def _substituted(resource: Any) -> Any:
    """The resource with DefinitionSubstitutions filled into its DefinitionString, which moto leaves as they are."""
    properties = dict(resource["Properties"])
    for placeholder, value in properties.get("DefinitionSubstitutions", {}).items():
        properties["DefinitionString"] = properties["DefinitionString"].replace(f"${{{placeholder}}}", str(value))
    return {**resource, "Properties": properties}


class EmailSubscription(CloudFormationModel):
    """AWS::SNS::Subscription, which moto's CloudFormation skips: who gets the mail. Being a subclass registers it."""

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_type() -> str:
        """The CloudFormation type this class stands for."""
        return "AWS::SNS::Subscription"

    @staticmethod
    def cloudformation_name_type() -> str:
        """None: a subscription has no name of its own."""
        return ""

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]  # moto calls it by keyword
        cls, _: str, cloudformation_json: Any, account_id: str, region_name: str, **__: Any
    ) -> EmailSubscription:
        """Subscribe the endpoint to its topic, with its filter policy."""
        wanted = cloudformation_json["Properties"]
        backend = sns_backends[account_id][region_name]
        subscription = backend.subscribe(wanted["TopicArn"], wanted["Endpoint"], wanted["Protocol"])
        if policy := wanted.get("FilterPolicy"):
            backend.set_subscription_attributes(subscription.arn, "FilterPolicy", json.dumps(policy))
        return cls(subscription.arn)


def _install_cloudformation() -> None:
    # `Ref` of a Lambda version is its qualified ARN; moto has no answer, so every Task would call nothing.
    _patch(awslambda.LambdaVersion, "create_from_cloudformation_json", classmethod(_create_lambda_version))
    awslambda.LambdaVersion.physical_resource_id = property(lambda version: version.function_arn)  # type: ignore[attr-defined]  # a seam
    # `Ref` of an event bus is its name.
    EventBus.physical_resource_id = property(lambda bus: bus.name)  # type: ignore[attr-defined]  # a seam

    # State machines are created in the backend that does not execute, and without their substitutions.
    _patch(stepfunctions, "stepfunctions_backends", executing.stepfunctions_parser_backends)
    create = stepfunctions.StateMachine.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]  # a classmethod
    update = stepfunctions.StateMachine.update_from_cloudformation_json.__func__  # type: ignore[attr-defined]  # a classmethod

    def create_state_machine(cls: Any, /, name: str, resource: Any, *place: Any, **extra: Any) -> Any:
        return create(cls, name, _substituted(resource), *place, **extra)

    def update_state_machine(cls: Any, /, *, cloudformation_json: Any, **place: Any) -> Any:
        return update(cls, cloudformation_json=_substituted(cloudformation_json), **place)

    _patch(stepfunctions.StateMachine, "create_from_cloudformation_json", classmethod(create_state_machine))
    _patch(stepfunctions.StateMachine, "update_from_cloudformation_json", classmethod(update_state_machine))

    # An update adds the new version before it updates its function, and so publishes the old code once more.
    update_stack = parsing.ResourceMap.update

    def update_functions_first(self: Any, template: Any, parameters: Any = None) -> None:
        for name in self.build_resource_diff(template, parameters)["Modify"]:
            resource = template["Resources"][name]
            if resource["Type"] == awslambda.LambdaFunction.cloudformation_type():
                place = {"account_id": self._account_id, "region_name": self._region_name}
                parsing.parse_and_update_resource(name, resource, self, **place)
        update_stack(self, template, parameters)

    _patch(parsing.ResourceMap, "update", update_functions_first)
    # A type that moto does not know (an alarm, a topic's policy) is skipped with a warning on the terminal: it belongs
    # into the log. The template's own tests assert such resources.
    _patch(parsing, "warnings", types.SimpleNamespace(warn=lambda message, **_: _log.info(message)))


# --- Step Functions ---------------------------------------------------------------------------------------------------


def _declare_variables(bindings: dict[str, Any]) -> str:
    # moto puts a string between quotes as it is; one with a quote or a newline in it breaks every later expression.
    # ensure_ascii: JSONata would read an escaped pair of surrogates as two characters.
    encoded = {name: json.dumps(json.loads(to_json_str(value)), ensure_ascii=False) for name, value in bindings.items()}
    return "".join(f"{name}:={value};" for name, value in encoded.items())


def _hash(value: str, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", ""), value.encode()).hexdigest()


def _evaluate_jsonata(expression: str) -> Any:
    """Evaluate with jsonata-python, and with the functions that Step Functions adds to the language."""
    program = Jsonata(expression)
    program.register_lambda("parse", json.loads)
    program.register_lambda("uuid", lambda: str(uuid.uuid4()))
    program.register_lambda("hash", _hash)
    return program.evaluate(None)


def _failure(env: Any, name: Any, event_type: HistoryEventType, details: Any) -> FailureEventException:
    event = FailureEvent(env=env, error_name=name, event_type=event_type, event_details=details)
    return FailureEventException(failure_event=event)


def _install_jsonata() -> None:
    # moto evaluates JSONata on a JVM it does not bring along.
    _patch(jsonata, "_eval_jsonata", _evaluate_jsonata)
    # moto's own declarations of these are `$eval` (which runs JSON as a program) and "not supported".
    for function in ("$parse", "$uuid", "$hash"):
        intrinsics._DECLARATION_BY_VARIABLE_REFERENCE.pop(function)
    for module in (jsonata, states, variable_store):
        _patch(module, "encode_jsonata_variable_declarations", _declare_variables)

    # An expression that fails is States.QueryEvaluationError, which can be caught; moto ends in States.Runtime.
    evaluate = string_expression.StringJSONata._eval_body

    def evaluate_or_fail(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        except (JException, ValueError) as error:
            name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
            cause = f"The JSONata expression '{self.expression}' failed: {error}"
            details = {"evaluationFailedEventDetails": {"error": name.error_name, "cause": cause}}
            raise _failure(env, name, HistoryEventType.EvaluationFailed, details) from error

    _patch(string_expression.StringJSONata, "_eval_body", evaluate_or_fail)
    _patch(validations, "eval_jsonata_expression", jsonata.eval_jsonata_expression)


@functools.cache
def _task_client(service: str, region: str) -> Any:
    # Sessions are not thread-safe, and the default one is shared by all executions.
    return boto3.Session(aws_access_key_id="stepfunctions", aws_secret_access_key="stepfunctions").client(
        service,  # type: ignore[call-overload]  # named at run time
        region_name=region,
        endpoint_url=_connection.endpoint,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=900),
    )


def _install_step_functions() -> None:
    # moto calls `localhost` at its own default port, with a new client for each task, made from the shared session.
    for module in (lambda_eval_utils, state_task_service_sfn):
        _patch(module, "boto_client_for", lambda region, service, **_: _task_client(service, region))

    # A StartExecution without a name gets one from the service.
    start_execution = executing.StepFunctionsParserBackend.start_execution

    def start_named_execution(self: Any, machine: str, name: str | None = None, *rest: Any, **more: Any) -> Any:
        return start_execution(self, machine, name or str(uuid.uuid4()), *rest, **more)

    _patch(executing.StepFunctionsParserBackend, "start_execution", start_named_execution)

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
        return _failure(env, name, HistoryEventType.TaskFailed, event).failure_event

    _patch(StateTaskServiceLambda, "_from_error", from_lambda_error)

    # A nested execution takes and answers PascalCase; moto passes its own camelCase API's names on.
    nested = state_task_service_sfn.StateTaskServiceSfn
    normalise = nested._normalise_parameters

    def to_api(self: Any, parameters: dict[str, Any], *rest: Any, **more: Any) -> None:
        normalise(self, parameters, *rest, **more)
        _rename(parameters, str.lower)

    def from_api(_: Any, response: Any, *__: Any, **___: Any) -> None:
        if isinstance(response, dict):
            _rename(response, str.upper)

    _patch(nested, "_normalise_parameters", to_api)
    _patch(nested, "_normalise_response", from_api)


def _rename(members: dict[str, Any], initial: Callable[[str], str]) -> None:
    for name in list(members):
        members[initial(name[0]) + name[1:]] = members.pop(name)


# --- Lambda -----------------------------------------------------------------------------------------------------------


def _invoke(
    self: LambdaSimpleBackend, function_name: str, qualifier: str | None, body: Any, headers: Any, answer: Any
) -> bytes:
    function = self.get_function(function_name, qualifier)
    if headers.get("X-Amz-Invocation-Type") == "DryRun":
        return b""
    deployed = Deployed(
        name=function.function_name,
        version="$LATEST" if function is self.get_function(function.function_name) else str(function.version),
        arn=function.function_arn,
        handler=function.handler or "",
        role_arn=function.role,
        timeout_seconds=int(function.timeout),
        memory_mb=int(function.memory_size),
        environment={name: str(value) for name, value in function.environment_vars.items()},
        bundle=function.code_bytes,
        revision=f"{function.code_sha_256}/{function.last_modified}",
    )
    if _connection.invoke is None:
        raise RuntimeError(f"{function_name} was invoked after the emulator had stopped")
    event = body or "{}"  # what Lambda makes of an invocation without payload
    outcome = _connection.invoke(deployed, event.encode() if isinstance(event, str) else event)
    answer["x-amz-executed-version"] = deployed.version
    if outcome.error:
        answer["x-amz-function-error"] = "Unhandled"
    answer["x-amz-log-result"] = base64.b64encode(outcome.log[-4096:].encode()).decode()
    return outcome.payload


@functools.cache
def _install() -> None:
    # moto's warnings come from server threads, where pytest's `error` would turn them into failed requests.
    warnings.filterwarnings("ignore", module="moto")
    _install_cloudformation()
    _install_jsonata()
    _install_step_functions()
    # Without Docker moto answers an invocation with its own input; here the packaged handler runs.
    _patch(LambdaSimpleBackend, "invoke", _invoke)
