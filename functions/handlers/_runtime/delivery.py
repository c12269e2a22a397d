"""Delivery: a notification is decided once, and sent once on each channel, however often a function is retried or dies.

Powertools Idempotency keeps the decision and what was sent for 48 hours. A channel that fails does not keep the others
from being served, and is retried alone.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import BaseError as IdempotencyError

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, logger
from handlers._runtime.environment import ENVIRONMENT
from lifecycle.errors import LifecycleError, ServiceUnavailable
from lifecycle.notifications.links import Telemetry
from lifecycle.notifications.notification import Notification
from lifecycle.shared.wire import Json, from_wire, to_wire

CHANNELS = bootstrap.channels()
EVENTS = "event_bus"
"""The channel of programs; the others are people's."""


def _store() -> DynamoDBPersistenceLayer:
    """One for each configuration: it keeps the first that it is used with (Powertools, ``configure``)."""
    return DynamoDBPersistenceLayer(ENVIRONMENT.idempotency_table_name, boto3_client=bootstrap.QUICK.dynamodb)


STORE, STORE_OF_A_MONTH = _store(), _store()
IDEMPOTENCY = IdempotencyConfig(expires_after_seconds=48 * 3600)
ONCE_A_MONTH = IdempotencyConfig(expires_after_seconds=32 * 24 * 3600)
"""For what people get one notification of in a month: its key names the month."""


def telemetry(trace_id: str | None = None) -> Telemetry:
    """Where this function's logs are: those of all functions of this app."""
    return Telemetry(datetime.now(UTC), ENVIRONMENT.log_group_name, trace_id)


def deliver(key: str, decide: Callable[[], Notification], context: Context) -> str:
    """Deliver a notification on every channel, once for each key. Answers its id.

    Raises
    ------
    ServiceUnavailable
        Not every channel could be served; another try serves those that were not.
    """
    for records in (IDEMPOTENCY, ONCE_A_MONTH):
        records.register_lambda_context(context)
    try:
        decided = from_wire(Notification, _decide(key=key, decide=decide))
    except IdempotencyError as error:
        raise ServiceUnavailable(f"The notification could not be decided: {error}") from error
    served = [channel for channel in CHANNELS if channel == EVENTS or not decided.only_event]
    failed = [channel for channel in served if not _sent(channel, decided)]
    if failed:
        raise ServiceUnavailable(f"Notification {decided.notification_id} was not sent on: {', '.join(failed)}")
    return decided.notification_id


@idempotent_function(  # type: ignore[untyped-decorator] # Powertools' own
    data_keyword_argument="key", persistence_store=STORE, config=IDEMPOTENCY, key_prefix="decision"
)
def _decide(*, key: str, decide: Callable[[], Notification]) -> Json:  # noqa: ARG001 - the idempotency key
    return to_wire(decide())


@idempotent_function(  # type: ignore[untyped-decorator] # Powertools' own
    data_keyword_argument="key", persistence_store=STORE, config=IDEMPOTENCY, key_prefix="delivery"
)
def _send(*, key: str, channel: str, decided: Notification) -> None:  # noqa: ARG001 - the idempotency key
    CHANNELS[channel].send(decided)


@idempotent_function(  # type: ignore[untyped-decorator] # Powertools' own
    data_keyword_argument="key", persistence_store=STORE_OF_A_MONTH, config=ONCE_A_MONTH, key_prefix="delivery"
)
def _send_once_a_month(*, key: str, channel: str, decided: Notification) -> None:  # noqa: ARG001 - the idempotency key
    CHANNELS[channel].send(decided)


def _sent(channel: str, decided: Notification) -> bool:
    try:
        if decided.people_once and channel != EVENTS:
            _send_once_a_month(key=f"{channel}#{decided.people_once}", channel=channel, decided=decided)
        else:
            _send(key=f"{channel}#{decided.notification_id}", channel=channel, decided=decided)
    except (LifecycleError, IdempotencyError) as error:
        logger.warning("A notification was not sent.", channel=channel, reason=str(error))
        return False
    return True
