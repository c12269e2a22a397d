"""IAM for the functions: a call with a role's credentials needs a policy of that role that allows it on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from moto.iam.access_control import AssumedRoleAccessKey, IAMPolicy, PermissionResult
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from emulator.seams import queues, tokens
from emulator.wire import Call, Environ, Response, read_call
from emulator.wire_errors import access_denied_code, error_response

# What an action works on, by service: the first template whose fields the request has. The documents are the service
# authorisation reference's pages; what is not here is authorised on `*`, as AWS does for actions without resources.
_RESOURCES = {
    "cloudformation": ("{StackName}",),
    "iam": ("{PolicyArn}",),
    "dynamodb": ("{TableName}/index/{IndexName}", "{TableName}"),
    "kms": ("{KeyId}",),
    "lambda": ("{FunctionName}:{Qualifier}", "{FunctionName}", "{UUID}"),
    "rekognition": ("{ProjectVersionArn}", "{ProjectArn}", "{DatasetArn}", "{ResourceArn}"),
    "s3": ("arn:{partition}:s3:::{Bucket}/{Key}", "arn:{partition}:s3:::{Bucket}"),
    "sns": ("{TopicArn}",),
    "sqs": ("{QueueUrl}", "{QueueName}", "{SourceArn}"),
    "states": ("{stateMachineArn}", "{executionArn}"),
}
# Fields that may hold a name, or a URL that ends with it, where policies have ARNs.
_ARNS = {
    "FunctionName": "arn:{partition}:lambda:{region}:{account}:function:{name}",
    "StackName": "arn:{partition}:cloudformation:{region}:{account}:stack/{name}/*",  # whichever of this name
    "QueueName": "arn:{partition}:sqs:{region}:{account}:{name}",
    "QueueUrl": "arn:{partition}:sqs:{region}:{account}:{name}",
    "TableName": "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
    "UUID": "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{name}",
}
# Operations that IAM calls otherwise.
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
# Services that IAM calls otherwise than requests are signed for.
_PREFIXES = {"monitoring": "cloudwatch"}
# A transaction needs what each of its parts does (Amazon DynamoDB Developer Guide, "Using IAM with transactions").
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
# What needs no right (AWS STS API reference, GetCallerIdentity).
_FREE = {"sts:GetCallerIdentity"}
_ASSUMED_ROLE_KEY = "ASIA"
_READS = {"GetObject", "HeadObject"}
_OF_TOKENS = {"SendTaskHeartbeat", "SendTaskSuccess", "SendTaskFailure"}
_CODES = {"rekognition:DetectCustomLabels": "InvalidS3ObjectException"}
"""With which a service refuses what it may not do in the caller's name, where that is not its own AccessDenied."""


@dataclass(frozen=True)
class Demand:
    """An action on a resource that a call needs, and the error code with which it is refused."""

    action: str
    resource: str
    code: str


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


def _answer(call: Call, code: str, message: str, start_response: Any) -> Response:
    status, headers, body = error_response(call, code, message)
    start_response(status, headers)
    return [body]


def _policy(collected: Any) -> IAMPolicy:
    # A policy that stands inside a role's template is kept as CloudFormation had it, not as text.
    inline = isinstance(collected, dict) and "Statement" in collected
    return IAMPolicy(json.dumps(collected) if inline else collected)


def _is_role(arn: str) -> bool:
    """Whether there is such a role, in whatever account; moto gives credentials of any, and refuses what is no ARN."""
    found = re.fullmatch(r"arn:([\w-]+):iam::(\d{12}):role/.+", arn)
    return found is None or any(role.arn == arn for role in iam_backends[found[2]][found[1]].roles.values())


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
        if call is not None and call.name == "sts:AssumeRole" and not _is_role(call.parameters.get("RoleArn", "")):
            return _answer(call, access_denied_code("sts"), self._no_role(call), start_response)
        if call is None or call.name in _FREE or not call.access_key.startswith(_ASSUMED_ROLE_KEY):
            passed: Response = self._app(environ, start_response)
            return passed
        for demand in self._demands(call):
            if refused := self._refused(call, demand):
                return _answer(call, demand.code, refused, start_response)
        started: list[Any] = []
        response: Response = self._app(environ, lambda *begin: started.extend(begin))
        if call.action in _READS and call.service == "s3" and started[0].startswith("404"):
            # Who may not list a bucket is not told that it lacks an object (API reference, HeadObject).
            listing = Demand("s3:ListBucket", self._arn("arn:{partition}:s3:::{Bucket}", call), "AccessDenied")
            if refused := self._refused(call, listing):
                return _answer(call, listing.code, refused, start_response)
        start_response(*started)
        return response

    def _no_role(self, call: Call) -> str:
        """STS says the same of a role that there is not and of one that the caller may not assume."""
        caller = f"arn:{get_partition(call.region)}:sts::{self._account_id}:user/moto"
        return f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {call.parameters['RoleArn']}"

    def _refused(self, call: Call, demand: Demand) -> str | None:
        """Decide, and remember it: why it is refused, or None."""
        caller = AssumedRoleAccessKey(
            self._account_id,
            get_partition(call.region),
            call.access_key,
            {"X-Amz-Security-Token": call.session_token},
        )
        results = {
            _policy(policy).is_action_permitted(demand.action, demand.resource) for policy in caller.collect_policies()
        }
        allowed = PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results
        self.decisions.append(Authorisation(caller.arn.split("/")[-2], demand.action, demand.resource, allowed))
        if allowed:
            return None
        return (
            f"User: {caller.arn} is not authorized to perform: {demand.action} on resource: "
            f"{demand.resource} because no identity-based policy allows the {demand.action} action"
        )

    def _demands(self, call: Call) -> Iterator[Demand]:
        """What a call needs: the right to its own action, and to what the service does in the caller's name."""
        if call.name == "dynamodb:TransactWriteItems":
            for part in call.parameters["TransactItems"]:
                ((kind, parameters),) = part.items()
                yield from self._demands(replace(call, action=_TRANSACTED[kind], parameters=parameters))
            return
        code = access_denied_code(call.service)
        action = _ACTIONS.get(call.name, f"{_PREFIXES.get(call.service, call.service)}:{call.action}")
        if "VersionId" in call.parameters and action == "s3:GetObject":
            action = "s3:GetObjectVersion"
        for resource in self._resources(call):
            yield Demand(action, resource, code)
        for also, resource in self._also(call):
            yield Demand(also, resource, _CODES.get(call.name, code))

    def _also(self, call: Call) -> Iterator[tuple[str, str]]:
        """Actions and resources beside a call's own."""
        asked = call.parameters
        if call.name == "rekognition:DetectCustomLabels" and (image := asked.get("Image", {}).get("S3Object")):
            action = "s3:GetObjectVersion" if "Version" in image else "s3:GetObject"
            yield action, self._arn(f"arn:{{partition}}:s3:::{image.get('Bucket')}/{image.get('Name')}", call)
        if call.name == "s3:PutObject" and "IfMatch" in asked:
            yield "s3:GetObject", self._arn("arn:{partition}:s3:::{Bucket}/{Key}", call)
        if call.name == "sqs:StartMessageMoveTask":
            # Amazon SQS Developer Guide, "Configuring queue permissions for dead-letter queue redrive".
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
                yield f"sqs:{action}", asked["SourceArn"]
            for destination in queues.fed_by(self._account_id, call.region, asked["SourceArn"]):
                yield "sqs:SendMessage", asked.get("DestinationArn", destination)

    def _arn(self, template: str, call: Call) -> str:
        place = {"partition": get_partition(call.region), "region": call.region, "account": self._account_id}
        return template.format(**{**call.parameters, **place})

    def _resources(self, call: Call) -> list[str]:
        if call.action in _OF_TOKENS and call.service == "states":
            return [tokens.machine_of(self._account_id, call.region, call.parameters["taskToken"]) or "*"]
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
