"""What each function may call, as the template grants it to its role, on the resources of the simulated account."""

import functools
import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.conftest import HOME
from tests.infra.grants import DRAIN_INBOX, GRANTS, INBOX, MAPPINGS, OF_INBOXES, PLACE, QUEUES, WHERE_INBOXES_ARE
from tests.unit.examples import ARN, WORKLOAD_NAME

Json = Any
Grant = tuple[str, str, str]
"""The role, the action, and the resource as it is granted, with its condition."""
JUDGED = GRANTS | OF_INBOXES
"""Of whose calls it is decided here whether they are allowed."""
ROLES_OF_INBOXES = {
    "inbox_open": "DrainInboxOpenRole",
    "inbox_tick": "InboxesTickRole",
    "inbox_worker": f"{INBOX}WorkerRole",
}
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/CustomLabelsLifecycle/1"
_SERVICES = {"stepfunctions": "states"}
_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction", "sqs:SendMessageBatch": "sqs:SendMessage"}
"""What IAM calls otherwise than boto3."""
_HERE = {
    "models": "${SharedModels.Arn}",
    "ledger": "${SharedLedger.Arn}",
    "idempotency": "${SharedIdempotency.Arn}",
    "bus": "${NotificationsBus.Arn}",
    "arn:aws:sns:us-east-1:123456789012:topic": "${NotificationsTopic}",
    "arn:aws:sns:us-east-1:123456789012:chat": "${NotificationsChatTopic}",
    STACK: "${AWS::StackId}",
    "sweep": "${ReconciliationSweepFunction.Arn}",
    "viewers": "${PeopleViewers}",
    "operators": "${PeopleOperators}",
    "Lifecycle-inbox-line-1": f"${{{INBOX}Images.Arn}}",
    "Lifecycle-inbox-line-1-dead": f"${{{INBOX}Dead.Arn}}",
}
"""Resources that the functions are told of."""
_QUEUES = {f"{QUEUES}line-1": f"${{{INBOX}Images.Arn}}", f"{QUEUES}line-1-dead": f"${{{INBOX}Dead.Arn}}"}
"""What queues are called in grants that name them in full."""
WITH_INBOXES = {
    role: {_QUEUES.get(resource, resource): actions for resource, actions in grants.items()}
    for role, grants in WHERE_INBOXES_ARE.items()
}
"""What is granted beside in an app with inboxes."""
_THERE = {
    "us-east-1:123456789012": PLACE,
    "arn:aws:": "arn:${AWS::Partition}:",
    ":Lifecycle-": ":CustomLabelsLifecycle-",
    f":{WORKLOAD_NAME}": ":Inspection",
    ":s3:::factory": ":s3:::factory-inbox",
    ":s3:::results/labels/": ":s3:::factory-results/inbox/line-1/",
    ":s3:::results": ":s3:::factory-results",
}
"""What ARNs have here, and in the template whose grants these are."""
_RESOURCES = (
    "ProjectVersionArn",
    "ProjectArn",
    "TableName",
    "TopicArn",
    "stateMachineArn",
    "executionArn",
    "FunctionName",
    "StackName",
    "PolicyArn",
)
_SPOKEN_FOR = {
    "lambda:ListEventSourceMappings": "*",
    "states:SendTaskHeartbeat": DRAIN_INBOX,
    "states:SendTaskSuccess": DRAIN_INBOX,
    "states:SendTaskFailure": DRAIN_INBOX,
}
"""What actions are on whose request does not say it, or says something else."""
_OF_WORKER = f"{MAPPINGS.removesuffix('event-source-mapping:*')}function:CustomLabelsLifecycle-inbox-line-1"
_OF_INBOX = f"{HOME}/brands/version/v2/1793520000001".replace("arn:aws:", "arn:${AWS::Partition}:")
"""The model of the inbox, in the template; it is the only one here."""


class Need(NamedTuple):
    """An action, what it is on, and what conditions ask of the request: each key with its value."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@functools.cache
def role_of(function: str) -> str | None:
    """The name of a function's role; None of those of DetectBatch, which the emulator judges."""
    named = (role for role in GRANTS if role.endswith(f"{function.capitalize()}Role"))
    return ROLES_OF_INBOXES.get(function) or next(named, None)


def needed(service: str, operation: str, request: Mapping[str, Json]) -> list[Need]:
    """The actions that a call needs, each with what it is on, as the template names it."""
    if service == "s3":
        return [_of_object(operation, request)]
    if operation == "DetectCustomLabels":
        image = request["Image"]["S3Object"]
        read = {"Bucket": image["Bucket"], "Key": image["Name"], "VersionId": image.get("Version")}
        model = _OF_INBOX if request["ProjectVersionArn"] == ARN else _named(request["ProjectVersionArn"])
        # Amazon Rekognition reads the image with the rights of who calls it.
        return [Need("rekognition:DetectCustomLabels", model), _of_object("GetObject", read)]
    if operation == "UpdateEventSourceMapping":
        mapping = MAPPINGS.replace("*", request["UUID"])
        return [Need("lambda:UpdateEventSourceMapping", mapping, (("lambda:FunctionArn", _OF_WORKER),))]
    if operation == "StartMessageMoveTask":
        return [Need(f"sqs:{one}", _queue(request)) for one in (operation, "ReceiveMessage", "DeleteMessage")] + [
            Need("sqs:SendMessage", _queue(request).replace("Dead", "Images"))
        ]
    if service == "sqs":
        action = f"sqs:{operation}"
        return [Need(_ACTIONS.get(action, action), _queue(request))]
    if operation == "TransactWriteItems":
        return [need for one in request["TransactItems"] for need in needed(service, "PutItem", one["Put"])]
    action = f"{_SERVICES.get(service, service)}:{operation}"
    action = _ACTIONS.get(action, action)
    if operation == "PutEvents":
        return [Need(action, _HERE[entry["EventBusName"]]) for entry in request["Entries"]]
    if action == "dynamodb:UpdateItem" and "Month" in request["Key"]:
        return [Need(action, _HERE["ledger"], (("dynamodb:LeadingKeys", request["Key"]["Month"]["S"]),))]
    named = next((request[name] for name in _RESOURCES if name in request), "*")
    return [Need(action, _SPOKEN_FOR.get(action) or _named(named))]


def _queue(request: Mapping[str, Json]) -> str:
    """A queue, of which a request has the name, the URL or the ARN."""
    given = next(request[name] for name in ("QueueName", "QueueUrl", "SourceArn") if name in request)
    return _named(given.rpartition("/")[2].rpartition(":")[2])


def _of_object(operation: str, request: Mapping[str, Json]) -> Need:
    """What a call of Amazon S3 needs; HeadObject and GetObject of a version, another right than of the newest one."""
    account = ("aws:ResourceAccount", PLACE.rpartition(":")[2])
    if operation == "ListObjectsV2":
        bucket = _named(f"arn:aws:s3:::{request['Bucket']}")
        prefix = _named(f"arn:aws:s3:::{request['Bucket']}/{request.get('Prefix', '')}")
        return Need("s3:ListBucket", bucket, (account, ("s3:prefix", prefix.removeprefix(f"{bucket}/"))))
    read = "s3:GetObjectVersion" if request.get("VersionId") else "s3:GetObject"
    action = "s3:PutObject" if operation == "PutObject" else read
    return Need(action, _named(f"arn:aws:s3:::{request['Bucket']}/{request['Key']}"), (account,))


@functools.lru_cache(maxsize=1_000)  # a million objects are on the way in benchmarks
def granted(role: str, need: Need, *, inboxes: bool) -> Grant | None:
    """The grant that allows a role what is needed, in an app with inboxes or without; None where none does."""
    beside = WITH_INBOXES.get(role, {}) if inboxes else {}
    for pattern, actions in (*JUDGED[role].items(), *beside.items()):
        resource, _, condition = pattern.replace("arn:aws:", "arn:${AWS::Partition}:").partition(" if ")
        named = fnmatchcase(need.resource, resource.replace("[", "[[]"))
        if need.action in actions and named and _holds(condition, dict(need.context)):
            return role, need.action, pattern
    return None


def _holds(condition: str, context: Mapping[str, str]) -> bool:
    """Whether a request is as a condition has it: of each operator and key, like one of the values."""
    asked = json.loads(condition or "{}")
    return all(
        any(fnmatchcase(context.get(key, ""), value) for value in ([values] if isinstance(values, str) else values))
        for keys in asked.values()
        for key, values in keys.items()
    )


@functools.lru_cache(maxsize=1_000)
def _named(resource: str) -> str:
    if resource in _HERE:
        return _HERE[resource]
    for here, there in _THERE.items():
        resource = resource.replace(here, there)
    return resource
