"""IAM for the functions: a call with a role's credentials needs a policy of that role that allows it on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from moto.iam.access_control import AssumedRoleAccessKey, IAMPolicy, PermissionResult
from moto.utilities.utils import get_partition

from emulator.wire import Call, Environ, Response, read_call
from emulator.wire_errors import access_denied_code, error_response

# What an action works on, by service: the first template whose fields the request has. The documents are the service
# authorisation reference's pages; what is not here is authorised on `*`, as AWS does for actions without resources.
_RESOURCES = {
    "cloudformation": ("{StackName}",),
    "iam": ("{PolicyArn}",),
    "dynamodb": ("{TableName}/index/{IndexName}", "{TableName}"),
    "kms": ("{KeyId}",),
    "lambda": ("{FunctionName}:{Qualifier}", "{FunctionName}"),
    "rekognition": ("{ProjectVersionArn}", "{ProjectArn}", "{DatasetArn}", "{ResourceArn}"),
    "s3": ("arn:{partition}:s3:::{Bucket}/{Key}", "arn:{partition}:s3:::{Bucket}"),
    "sns": ("{TopicArn}",),
    "sqs": ("{QueueUrl}",),
    "states": ("{stateMachineArn}", "{executionArn}"),
}
# Fields that may hold a name, or a URL that ends with it, where policies have ARNs.
_ARNS = {
    "FunctionName": "arn:{partition}:lambda:{region}:{account}:function:{name}",
    "QueueUrl": "arn:{partition}:sqs:{region}:{account}:{name}",
    "TableName": "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
}
# Operations that IAM calls otherwise.
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
}
# A transaction needs what each of its parts does (Amazon DynamoDB Developer Guide, "Using IAM with transactions").
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_ASSUMED_ROLE_KEY = "ASIA"


@dataclass(frozen=True)
class Authorisation:
    """One decision: this role asked for this action on this resource."""

    role: str
    action: str
    resource: str
    allowed: bool


def permits(document: Any, action: str, resource: str) -> bool:
    """Whether a policy by itself allows an action on a resource."""
    return _policy(document).is_action_permitted(action, resource) is PermissionResult.PERMITTED


def _policy(collected: Any) -> IAMPolicy:
    # A policy that stands inside a role's template is kept as CloudFormation had it, not as text.
    inline = isinstance(collected, dict) and "Statement" in collected
    return IAMPolicy(json.dumps(collected) if inline else collected)


class Authoriser:
    """WSGI middleware that refuses what the caller's role does not allow, and records every decision.

    Signatures are not verified, and other credentials than a role's (the tester's own) may do everything.
    """

    def __init__(self, app: Any, account_id: str) -> None:
        self._app = app
        self._account_id = account_id
        self.decisions: list[Authorisation] = []

    def __call__(self, environ: Environ, start_response: Any) -> Response:
        """Let the request through, or answer it with the service's own AccessDenied."""
        call = read_call(environ)
        if call is not None and call.access_key.startswith(_ASSUMED_ROLE_KEY):
            for decision, principal in self._decide(call):
                self.decisions.append(decision)
                if not decision.allowed:
                    message = (
                        f"User: {principal} is not authorized to perform: {decision.action} on resource: "
                        f"{decision.resource} because no identity-based policy allows the {decision.action} action"
                    )
                    status, headers, body = error_response(call, access_denied_code(call.service), message)
                    start_response(status, headers)
                    return [body]
        response: Response = self._app(environ, start_response)
        return response

    def _decide(self, call: Call) -> Iterator[tuple[Authorisation, str]]:
        if call.name == "dynamodb:TransactWriteItems":
            for part in call.parameters["TransactItems"]:
                ((kind, parameters),) = part.items()
                yield from self._decide(replace(call, action=_TRANSACTED[kind], parameters=parameters))
            return
        caller = AssumedRoleAccessKey(
            self._account_id,
            get_partition(call.region),
            call.access_key,
            {"X-Amz-Security-Token": call.session_token},
        )
        principal = caller.arn
        role = principal.split("/")[-2]
        action = _ACTIONS.get(call.name, call.name)
        policies = [_policy(policy) for policy in caller.collect_policies()]
        for resource in self._resources(call):
            results = {policy.is_action_permitted(action, resource) for policy in policies}
            allowed = PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results
            yield Authorisation(role, action, resource, allowed), principal

    def _resources(self, call: Call) -> list[str]:
        place = {"partition": get_partition(call.region), "region": call.region, "account": self._account_id}
        if call.name == "events:PutEvents":
            buses = {entry.get("EventBusName", "default") for entry in call.parameters["Entries"]}
            bus_arn = "arn:{partition}:events:{region}:{account}:event-bus/".format(**place)
            return sorted(bus if bus.startswith("arn:") else bus_arn + bus for bus in buses)
        arns = {
            field: value if value.startswith("arn:") else _ARNS[field].format(**place, name=value.rpartition("/")[2])
            for field, value in call.parameters.items()
            if field in _ARNS
        }
        for template in _RESOURCES.get(call.service, ()):
            try:
                return [template.format(**{**call.parameters, **arns, **place})]
            except KeyError:
                continue
        return ["*"]
