"""The worker of an inbox: what its event source mapping gives images to, from the queue in which they wait.

Powertools' batch answers which messages stay in the queue. Its idempotency sees to it that a version of an image is
processed once in 15 days, however often it is delivered.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    BaseError as IdempotencyError,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
)

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry, log_error, logger
from handlers._runtime.environment import ENVIRONMENT
from lifecycle.errors import LifecycleError, ServiceUnavailable
from lifecycle.images.busy import RecordingDetector
from lifecycle.inbox.worker import InWorkError, Outcome, Pace, Worker
from lifecycle.shared.wire import Json

NAME = ENVIRONMENT.inbox_name
INBOX = bootstrap.configuration().inboxes[NAME]
RECORDS = bootstrap.inbox_records(bootstrap.PATIENT)
COUNTS = bootstrap.inbox_counts(bootstrap.PATIENT)
MAPPINGS = bootstrap.mappings(bootstrap.PATIENT)
OBJECTS = bootstrap.image_objects()
# Where all of a batch failed that is no failure of this function: it would count as an error, and alarm.
PROCESSOR = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
STORE = DynamoDBPersistenceLayer(table_name=ENVIRONMENT.idempotency_table_name, boto3_client=bootstrap.PATIENT.dynamodb)
IDEMPOTENCY = IdempotencyConfig(expires_after_seconds=15 * 24 * 3600)  # no message waits longer than 14 days


def _now() -> datetime:
    return datetime.now(UTC)


DETECTOR = RecordingDetector(bootstrap.detector(), bootstrap.busy_minutes(), _now, log_error)


@entry
def handler(event: Event, context: Context) -> Json:
    """``{"Records": [<messages of SQS>]}`` -> ``{"batchItemFailures": [<those that stay in the queue>]}``."""
    IDEMPOTENCY.register_lambda_context(context)
    worker = Worker(
        NAME,
        INBOX,
        open_run=_held_version,
        disable=partial(MAPPINGS.disable, NAME),
        objects=OBJECTS,
        detector=DETECTOR,
        counts=COUNTS,
        once=_once,
        pace=Pace(lambda: context.get_remaining_time_in_millis() / 1000, time.sleep, random.uniform),
        now=_now,
        log=log_error,
    )
    return process_partial_response(event, partial(_take, worker), PROCESSOR, context)


def _take(worker: Worker, record: SQSRecord) -> None:
    try:
        outcome = worker.take(record.body)
    except LifecycleError as error:
        log_error(error)
        raise
    except Exception:
        logger.exception("This is an error of the worker itself.", delivered=record.body)
        raise  # Powertools keeps it to itself, and the message in the queue
    logger.info(f"The image: {outcome}.", delivered=record.body, outcome=outcome.name)


def _held_version() -> str | None:
    run = RECORDS.get(NAME).open_run
    return run.project_version_arn if run else None


def _once(identity: Sequence[str], do: Callable[[], Outcome]) -> Outcome:
    try:
        return Outcome(_remembered(identity=list(identity), do=do))
    except IdempotencyAlreadyInProgressError as error:
        raise InWorkError("The image is being processed, as this message was delivered twice.") from error
    except IdempotencyError as error:
        raise ServiceUnavailable(f"What becomes of the image could not be remembered: {error}") from error


@idempotent_function(  # type: ignore[untyped-decorator] # Powertools' own
    data_keyword_argument="identity", persistence_store=STORE, config=IDEMPOTENCY, key_prefix="inbox"
)
def _remembered(*, identity: Sequence[str], do: Callable[[], Outcome]) -> str:  # noqa: ARG001 - the idempotency key
    return do().value
