"""Which adapter answers which port: the one place where they are wired.

A handler takes what it touches here, when it is imported. What it takes is what its role allows and its construct gives
it (tests/infra/test_iam.py); where a variable is missing the function does not start, and says which. Adapters are
imported where they are wired, so that no function reads and compiles those of others at its cold start.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from handlers._runtime.clients import PATIENT, QUICK, SLOW, WAITING, Clients
from handlers._runtime.environment import ENVIRONMENT
from lifecycle.configuration import Configuration, load
from lifecycle.executions.state_machines import Machine, Machines
from lifecycle.ports import (
    BusyMinutes,
    Dependents,
    Detector,
    Executions,
    Functions,
    ImageObjects,
    Ledger,
    ModelItems,
    Models,
    Objects,
    OpenExecutions,
    Sweeps,
    Tokens,
)

if TYPE_CHECKING:
    from lifecycle.adapters.channels import ChatTopic, EventBus, Topic
    from lifecycle.adapters.queues import Sqs
    from lifecycle.adapters.rate_limit import RateLimit
    from lifecycle.adapters.stacks import Stacks
    from lifecycle.inbox.counts import InboxCounts
    from lifecycle.inbox.ports import InboxRecords, Mappings, TaskTokens

__all__ = ["PATIENT", "QUICK", "SLOW"]


@cache
def configuration() -> Configuration:
    """The settings of the deployment, as they were when this function's code was published."""
    return load(Path(ENVIRONMENT.lambda_task_root))


def machines() -> Machines:
    """The state machines, by the names of all."""
    return Machines(ENVIRONMENT.start_model_arn, ENVIRONMENT.stop_model_arn, ENVIRONMENT.run_with_model_arn)


def machines_of_a_model() -> dict[Machine, str]:
    """The ARNs of those that may be started for one model."""
    return {Machine.START_MODEL: ENVIRONMENT.start_model_arn, Machine.STOP_MODEL: ENVIRONMENT.stop_model_arn}


def models(clients: Clients = QUICK, pace: Callable[[str], object] | None = None) -> Models:
    """Amazon Rekognition.

    Parameters
    ----------
    pace : callable, optional
        Waits until an operation may be called; by default as if nobody else called it.
    """
    from lifecycle.adapters.rekognition import Rekognition, alone

    return Rekognition(clients.rekognition, pace or alone)


def rate_limit() -> "RateLimit":
    """How fast all functions together call Amazon Rekognition."""
    from lifecycle.adapters.rate_limit import RateLimit

    return RateLimit(QUICK.dynamodb, ENVIRONMENT.model_table_name, configuration().calls_per_second)


def executions(clients: Clients = QUICK) -> Executions:
    """AWS Step Functions."""
    from lifecycle.adapters.executions import StepFunctions

    return StepFunctions(clients.stepfunctions)


def functions() -> Functions:
    """AWS Lambda."""
    from lifecycle.adapters.functions import Lambda

    return Lambda(WAITING.lambda_)


def items(clients: Clients = QUICK) -> ModelItems:
    """The items of models, for who ends no sessions."""
    from lifecycle.adapters.model_table import ModelTable

    return ModelTable(clients.dynamodb, ENVIRONMENT.model_table_name)


def items_and_ledger() -> ModelItems:
    """The items of models, for who may end a session: the same write records what it has cost."""
    from lifecycle.adapters.model_table import ModelTable

    recorded = (ENVIRONMENT.ledger_table_name, configuration().bill_retention)
    return ModelTable(QUICK.dynamodb, ENVIRONMENT.model_table_name, recorded)


def open_executions() -> OpenExecutions:
    """The executions that are not settled yet."""
    from lifecycle.adapters.model_table import ExecutionTable

    return ExecutionTable(QUICK.dynamodb, ENVIRONMENT.model_table_name)


def sweeps() -> Sweeps:
    """When the sweep came by."""
    from lifecycle.adapters.model_table import SweepTable

    return SweepTable(QUICK.dynamodb, ENVIRONMENT.model_table_name)


def ledger(clients: Clients = QUICK) -> Ledger:
    """What models have cost."""
    from lifecycle.adapters.ledger import LedgerTable

    return LedgerTable(clients.dynamodb, ENVIRONMENT.ledger_table_name)


def busy_minutes(clients: Clients = QUICK) -> BusyMinutes:
    """In which minutes images were labelled."""
    from lifecycle.adapters.busy_minutes import BusyMinutesTable

    return BusyMinutesTable(clients.dynamodb, ENVIRONMENT.ledger_table_name, configuration().bill_retention)


def tokens() -> Tokens:
    """Who holds which ClientRequestToken."""
    from lifecycle.adapters.token_table import TokenTable

    return TokenTable(QUICK.dynamodb, ENVIRONMENT.idempotency_table_name)


def objects(clients: Clients = QUICK) -> Objects:
    """Amazon S3."""
    from lifecycle.adapters.objects import S3

    return S3(clients.s3)


def image_objects() -> ImageObjects:
    """Amazon S3, as far as images and their results go."""
    from lifecycle.adapters.image_objects import ImageStore

    return ImageStore(PATIENT.s3)


def detector() -> Detector:
    """Amazon Rekognition's DetectCustomLabels."""
    from lifecycle.adapters.detector import CustomLabelsDetector

    return CustomLabelsDetector(SLOW.rekognition)


def inbox_records(clients: Clients = QUICK) -> "InboxRecords":
    """What is remembered of each inbox."""
    from lifecycle.adapters.inbox_table import InboxTable

    return InboxTable(clients.dynamodb, ENVIRONMENT.model_table_name)


def inbox_counts(clients: Clients = QUICK) -> "InboxCounts":
    """What the workers of inboxes have done."""
    from lifecycle.adapters.inbox_counts import InboxCountTable

    return InboxCountTable(clients.dynamodb, ENVIRONMENT.model_table_name)


def queues(clients: Clients = QUICK) -> "Sqs":
    """Amazon SQS."""
    from lifecycle.adapters.queues import Sqs

    return Sqs(clients.sqs, ENVIRONMENT.stack_name)


def mappings(clients: Clients = QUICK) -> "Mappings":
    """The event source mappings of AWS Lambda."""
    from lifecycle.adapters.mappings import EventSourceMappings

    return EventSourceMappings(clients.lambda_, ENVIRONMENT.stack_name)


def task_tokens(clients: Clients = QUICK) -> "TaskTokens":
    """The tasks of AWS Step Functions that wait for a token."""
    from lifecycle.adapters.task_tokens import StepFunctionsTasks

    return StepFunctionsTasks(clients.stepfunctions)


def stacks() -> "Stacks":
    """AWS CloudFormation."""
    from lifecycle.adapters.stacks import Stacks

    return Stacks(PATIENT.cloudformation)


def dependents() -> Dependents:
    """What goes on in the stack, or depends on what it has."""
    from lifecycle.adapters.dependents import StackDependents

    return StackDependents(PATIENT.stepfunctions, PATIENT.iam, PATIENT.events)


def channels() -> "dict[str, Topic | ChatTopic | EventBus]":
    """Where notifications go; to chat only where the settings name a channel."""
    from lifecycle.adapters.channels import ChatTopic, EventBus, Topic

    chat_topic = ENVIRONMENT.chat_topic_arn
    return {
        "topic": Topic(QUICK.sns, ENVIRONMENT.topic_arn),
        **({"chat": ChatTopic(QUICK.sns, chat_topic)} if chat_topic else {}),
        "event_bus": EventBus(QUICK.events, ENVIRONMENT.event_bus_name),
    }
