"""CloudFormation: how an update that fails is undone, and how a stack is deleted."""

from __future__ import annotations

import functools
import json
import threading
from typing import Any

from moto.cloudformation import models
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import ResourceMap
from moto.iam.exceptions import DeleteConflictException
from moto.iam.models import IAMBackend, ManagedPolicy, Role, iam_backends
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.utilities.utils import get_partition

from emulator.seams import executions
from emulator.seams.custom_resources import CustomResource
from emulator.seams.patching import patch
from emulator.templates import template_problem

_TEMPLATES = 16
"""So many are remembered to be right: each is read several times in a deploy."""
_DELETION_SECONDS = 10
"""After that CloudFormation gives up here; on AWS it takes longer."""


def _record_event(stack: Any, status: str, reason: str | None = None, logical_id: str | None = None) -> None:
    """An event of the stack, or of a resource of it."""
    place = (stack.stack_id, stack.name, logical_id or stack.name)
    kind = "AWS::CloudFormation::Stack"
    if logical_id:
        kind = stack.template_dict["Resources"][logical_id]["Type"]
    stack.events.append(models.Event(*place, "" if logical_id else stack.stack_id, kind, status, reason, None))
    if not logical_id:
        stack.status = status


def _delete_custom_resources(stack: Any) -> None:
    """Before anything else: where one refuses, nothing that it depends on is deleted."""
    parsed = stack.resource_map._parsed_resources
    for logical_id in [name for name, one in parsed.items() if isinstance(one, CustomResource)]:
        try:
            parsed[logical_id].delete(stack.account_id, stack.region_name)
        except Exception as error:
            _record_event(stack, "DELETE_FAILED", str(error), logical_id)
            raise RuntimeError(f"The following resource(s) failed to delete: [{logical_id}].") from error
        del parsed[logical_id]


def _delete_state_machines(stack: Any) -> None:
    """Wait until their executions are over: DeleteStateMachine ends each at its next transition, and not before.

    One that waits for days, or for its task, makes none: CloudFormation gives up.
    """
    parsed = stack.resource_map._parsed_resources
    backend = stepfunctions_parser_backends[stack.account_id][stack.region_name]
    machines = {name: one for name, one in parsed.items() if isinstance(one, StateMachine)}
    executions.deleting |= {machine.arn for machine in machines.values()}
    try:
        for logical_id, machine in machines.items():
            found = backend.describe_state_machine(machine.arn)
            if not executions.end_at_next_transition(found, _DELETION_SECONDS):
                reason = "Exceeded attempts to wait: executions of the state machine are not over."
                _record_event(stack, "DELETE_FAILED", reason, logical_id)
                raise RuntimeError(f"The following resource(s) failed to delete: [{logical_id}].")
    finally:
        executions.deleting -= {machine.arn for machine in machines.values()}


def _delete_managed_policies(stack: Any) -> None:
    """Those of a stack: moto leaves them behind, and their roles, which can't be deleted while they have any."""
    backend = iam_backends[stack.account_id][get_partition(stack.region_name)]
    resources = stack.resource_map._parsed_resources
    for role in (one for one in resources.values() if isinstance(one, Role)):
        for policy in list(role.managed_policies.values()):
            policy.detach_from(role)
    for logical_id, policy in [(name, one) for name, one in resources.items() if isinstance(one, ManagedPolicy)]:
        try:
            backend.delete_policy(policy.arn)
        except DeleteConflictException as error:
            _record_event(stack, "DELETE_FAILED", error.message, logical_id)
            raise RuntimeError(f"The following resource(s) failed to delete: [{logical_id}].") from error
        del resources[logical_id]


def _keep_what_is_retained(stack: Any) -> None:
    """A deletion policy that moto does not know; a creation that fails deletes what has it."""
    for resource in stack.resource_map._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"


def install() -> None:
    """Put the patches in place."""
    _read_json()
    _undo_failed_updates()
    _delete_as_aws_does()


def _read_json() -> None:
    # moto reads templates as YAML, again and again, in pure Python: that took longer than all else in a deploy. What
    # AWS would refuse there fails half way.
    read_yaml = models.Stack.parse_template

    def read(template: str) -> Any:
        try:
            return json.loads(template)
        except ValueError:
            return read_yaml(template)

    @functools.lru_cache(_TEMPLATES)
    def problem(template: str) -> str | None:
        try:
            return template_problem(read(template))
        except Exception as error:  # noqa: BLE001 - whatever moto's reader of YAML raises
            return f"Template format error: JSON or YAML not well-formed. ({error})"

    def read_valid(template: str) -> Any:
        if found := problem(template):
            raise ValidationError(message=found)
        return read(template)

    patch(models.Stack, "parse_template", staticmethod(read_valid))


def _undo_failed_updates() -> None:
    # moto removes what is not in the new template first.
    update_resources = ResourceMap.update

    def remove_last(self: Any, template: dict[str, Any], parameters: Any = None) -> None:
        """As AWS does: what an update that fails would have removed is still there."""
        removed = self.build_resource_diff(template, parameters)["Remove"]
        kept = {name: self._resource_json_map[name] for name in removed}
        update_resources(self, {**template, "Resources": {**template["Resources"], **kept}}, parameters)
        if kept:
            update_resources(self, template, parameters)
        for name in removed:  # or it would not be made again
            self._parsed_resources.pop(name, None)

    patch(ResourceMap, "update", remove_last)

    # moto leaves a stack half way where its update fails.
    update_stack = models.Stack.update

    def update_or_undo(self: Any, template: str, *given: Any, **more: Any) -> None:
        if self.status == "DELETE_FAILED":
            raise ValidationError(
                self.stack_id, message=f"Stack:{self.stack_id} is in DELETE_FAILED state and can not be updated."
            )
        self.parse_template(template)  # one that is refused changes nothing
        before = self.template
        try:
            update_stack(self, template, *given, **more)
        except Exception as error:  # noqa: BLE001 - whatever it is, AWS undoes it and tells of it in an event
            _record_event(self, "UPDATE_FAILED", str(error))
            _record_event(self, "UPDATE_ROLLBACK_IN_PROGRESS")
            self.template = before
            self._parse_template()
            self.resource_map.update(self.template_dict, self.parameters)
            self.output_map = self._create_output_map()
            _record_event(self, "UPDATE_ROLLBACK_COMPLETE")

    patch(models.Stack, "update", update_or_undo)


def _delete_as_aws_does() -> None:
    # moto deletes while the caller waits, in no order, and forgets a stack that it could not delete.
    delete_stack = models.CloudFormationBackend.delete_stack

    def delete_in_order(self: Any, name_or_stack_id: str) -> None:
        try:
            stack = self.get_stack(name_or_stack_id)
        except ValidationError:
            return
        _record_event(stack, "DELETE_IN_PROGRESS", "User Initiated")

        def delete() -> None:
            try:
                _keep_what_is_retained(stack)
                _delete_custom_resources(stack)
                _delete_state_machines(stack)
                _delete_managed_policies(stack)
                # moto makes anew what an output names that is deleted, when somebody looks.
                stack.output_map._output_json_map = {}
                delete_stack(self, stack.stack_id)
            except Exception as error:  # noqa: BLE001 - as above
                self.stacks[stack.stack_id] = stack
                _record_event(stack, "DELETE_FAILED", str(error))

        threading.Thread(target=delete, daemon=True).start()

    patch(models.CloudFormationBackend, "delete_stack", delete_in_order)

    # IAM deletes no managed policy that is attached to anybody (API reference, DeletePolicy).
    delete_policy = IAMBackend.delete_policy

    def delete_unless_attached(self: Any, policy_arn: str) -> None:
        if self.get_policy(policy_arn).attachment_count:
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        delete_policy(self, policy_arn)

    patch(IAMBackend, "delete_policy", delete_unless_attached)
