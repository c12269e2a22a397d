"""Notify: tell people and pipelines how an execution ended, once.

What to tell is decided once for each execution, and sent once on each channel, however often this function is retried
or dies: Powertools Idempotency keeps the decision and what was sent for 48 hours. A channel that fails does not keep
the others from being served, and is retried alone.
"""

import os
from pathlib import Path

import boto3
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import BaseError as IdempotencyError
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.entry import entry, logger
from lifecycle import configuration
from lifecycle.aws import CLIENT_CONFIG
from lifecycle.channels import EventBus, Topic
from lifecycle.decisions import Progress
from lifecycle.errors import LifecycleError, ServiceUnavailable
from lifecycle.messages import Ending, Failure, Notification, notification
from lifecycle.requests import Execution, StartRequest
from lifecycle.results import StartResult
from lifecycle.wire import Json, from_wire, to_wire

CONFIGURATION = configuration.load(Path(os.environ["LAMBDA_TASK_ROOT"]))
CHANNELS: dict[str, Topic | EventBus] = {
    "topic": Topic(boto3.client("sns", config=CLIENT_CONFIG), os.environ["TOPIC_ARN"]),
    "event_bus": EventBus(boto3.client("events", config=CLIENT_CONFIG), os.environ["EVENT_BUS_NAME"]),
}
STORE = DynamoDBPersistenceLayer(
    table_name=os.environ["IDEMPOTENCY_TABLE_NAME"], boto3_client=boto3.client("dynamodb", config=CLIENT_CONFIG)
)
IDEMPOTENCY = IdempotencyConfig(expires_after_seconds=48 * 3600)


@entry
def handler(event: dict[str, Json], context: LambdaContext) -> dict[str, Json]:
    """``{"Execution", "DryRun", "Request"?, "Progress"?, "Result"? | "Failure"?}`` -> ``{"NotificationId"?}``."""
    IDEMPOTENCY.register_lambda_context(context)
    ending = _ending(event)
    if ending.tells_nobody:
        return {}
    try:
        decided = from_wire(Notification, _decide(execution_arn=ending.execution.id, ending=ending))
    except IdempotencyError as error:
        raise ServiceUnavailable(f"The notification could not be decided: {error}") from error
    failed = [channel for channel in CHANNELS if not _sent(channel, decided)]
    if failed:
        raise ServiceUnavailable(f"Notification {decided.notification_id} was not sent on: {', '.join(failed)}")
    return {"NotificationId": decided.notification_id}


@idempotent_function(  # type: ignore[untyped-decorator] # Powertools' own, here and below
    data_keyword_argument="execution_arn", persistence_store=STORE, config=IDEMPOTENCY, key_prefix="decision"
)
def _decide(*, execution_arn: str, ending: Ending) -> Json:  # noqa: ARG001 - the idempotency key
    return to_wire(notification(ending, CONFIGURATION))


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="key", persistence_store=STORE, config=IDEMPOTENCY, key_prefix="delivery"
)
def _send(*, key: str, channel: str, decided: Notification) -> None:  # noqa: ARG001 - the idempotency key
    CHANNELS[channel].send(decided)


def _sent(channel: str, decided: Notification) -> bool:
    try:
        _send(key=f"{channel}#{decided.notification_id}", channel=channel, decided=decided)
    except (LifecycleError, IdempotencyError) as error:
        logger.warning("A notification was not sent.", channel=channel, reason=str(error))
        return False
    return True


def _ending(event: dict[str, Json]) -> Ending:
    return Ending(
        execution=from_wire(Execution, event["Execution"]),
        dry_run=event.get("DryRun") is True,
        request=from_wire(StartRequest, event["Request"]) if event.get("Request") else None,
        progress=from_wire(Progress, event.get("Progress") or {}),
        result=from_wire(StartResult, event["Result"]) if event.get("Result") else None,
        failure=from_wire(Failure, event["Failure"]) if event.get("Failure") else None,
    )
