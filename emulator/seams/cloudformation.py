"""CloudFormation: resources that moto deploys otherwise than AWS does."""

from __future__ import annotations

import logging
import types
from typing import Any

from moto.awslambda import models as awslambda
from moto.awslambda.utils import get_backend
from moto.cloudformation import parsing
from moto.core.exceptions import JsonRESTError
from moto.events.models import EventBus, EventsBackend, events_backends
from moto.stepfunctions import models as stepfunctions
from moto.stepfunctions.parser import models as executing

from emulator.seams import log_delivery
from emulator.seams.patching import patch

_log = logging.getLogger(__name__)


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


def install() -> None:
    """Put the patches in place."""
    # `Ref` of a Lambda version is its qualified ARN; moto has no answer, so every Task would call nothing.
    patch(awslambda.LambdaVersion, "create_from_cloudformation_json", classmethod(_create_lambda_version))
    awslambda.LambdaVersion.physical_resource_id = property(lambda version: version.function_arn)  # type: ignore[attr-defined]  # moto's class has none
    # `Ref` of an event bus is its name.
    EventBus.physical_resource_id = property(lambda bus: bus.name)  # type: ignore[attr-defined]  # moto's class has none

    # State machines are created in the backend that does not execute, and without their substitutions.
    patch(stepfunctions, "stepfunctions_backends", executing.stepfunctions_parser_backends)
    create = stepfunctions.StateMachine.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]  # mypy does not see a classmethod's
    update = stepfunctions.StateMachine.update_from_cloudformation_json.__func__  # type: ignore[attr-defined]  # mypy does not see a classmethod's

    def create_state_machine(cls: Any, /, name: str, resource: Any, *place: Any, **extra: Any) -> Any:
        log_delivery.allow(resource["Properties"], *place)
        return create(cls, name, _substituted(resource), *place, **extra)

    def update_state_machine(cls: Any, /, *, cloudformation_json: Any, **place: Any) -> Any:
        return update(cls, cloudformation_json=_substituted(cloudformation_json), **place)

    patch(stepfunctions.StateMachine, "create_from_cloudformation_json", classmethod(create_state_machine))
    patch(stepfunctions.StateMachine, "update_from_cloudformation_json", classmethod(update_state_machine))

    # EventBridge deletes no bus that has rules.
    delete_event_bus = EventsBackend.delete_event_bus

    def delete_without_rules(self: Any, name: str) -> None:
        bus = self.event_buses.get(name.rpartition("/")[2])
        if bus is not None and bus.rules:
            raise JsonRESTError("ValidationException", f"Cannot delete event bus {bus.name}: it has rules.")
        delete_event_bus(self, name)

    patch(EventsBackend, "delete_event_bus", delete_without_rules)

    def delete_bus(self: EventBus, account_id: str, region_name: str) -> None:
        events_backends[account_id][region_name].delete_event_bus(self.name)

    patch(EventBus, "delete", delete_bus)

    # moto forgets where a function's logs go, which Lambda tells the function.
    create_lambda = awslambda.LambdaFunction.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]  # mypy does not see a classmethod's

    def create_function(cls: Any, /, name: str, resource: Any, *place: Any, **extra: Any) -> Any:
        made = create_lambda(cls, name, resource, *place, **extra)
        made.log_group = resource["Properties"].get("LoggingConfig", {}).get("LogGroup")
        return made

    patch(awslambda.LambdaFunction, "create_from_cloudformation_json", classmethod(create_function))

    # An update adds the new version before it updates its function, and so publishes the old code once more.
    update_stack = parsing.ResourceMap.update

    def update_functions_first(self: Any, template: Any, parameters: Any = None) -> None:
        for name in self.build_resource_diff(template, parameters)["Modify"]:
            resource = template["Resources"][name]
            if resource["Type"] == awslambda.LambdaFunction.cloudformation_type():
                place = {"account_id": self._account_id, "region_name": self._region_name}
                parsing.parse_and_update_resource(name, resource, self, **place)
        update_stack(self, template, parameters)

    patch(parsing.ResourceMap, "update", update_functions_first)
    # A type that moto does not know (a topic's policy) is skipped with a warning on the terminal: it belongs into the
    # log. The template's own tests assert such resources.
    patch(parsing, "warnings", types.SimpleNamespace(warn=lambda message, **_: _log.info(message)))
