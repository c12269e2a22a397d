"""boto3's clients: each is made at its first use, since most calls need few of those that a function may need."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
from botocore.config import Config

from lifecycle.adapters.aws import CLIENT_CONFIG, PATIENT_CONFIG, WAITING_CONFIG

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_events import EventBridgeClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_rekognition import RekognitionClient
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_stepfunctions import SFNClient

C = TypeVar("C")


class _Lazy:
    """Stands for a client until it is used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)


def lazily(make: Callable[[], C]) -> C:
    """The client, made when an attribute of it is asked for."""
    return cast("C", _Lazy(make))


class Clients:
    """One client of each service, with one configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """AWS CloudFormation."""
        return lazily(lambda: boto3.client("cloudformation", config=self._config))

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Amazon DynamoDB."""
        return lazily(lambda: boto3.client("dynamodb", config=self._config))

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Amazon EventBridge."""
        return lazily(lambda: boto3.client("events", config=self._config))

    @cached_property
    def iam(self) -> "IAMClient":
        """AWS Identity and Access Management."""
        return lazily(lambda: boto3.client("iam", config=self._config))

    @cached_property
    def lambda_(self) -> "LambdaClient":
        """AWS Lambda."""
        return lazily(lambda: boto3.client("lambda", config=self._config))

    @cached_property
    def rekognition(self) -> "RekognitionClient":
        """Amazon Rekognition."""
        return lazily(lambda: boto3.client("rekognition", config=self._config))

    @cached_property
    def s3(self) -> "S3Client":
        """Amazon S3."""
        return lazily(lambda: boto3.client("s3", config=self._config))

    @cached_property
    def sns(self) -> "SNSClient":
        """Amazon SNS."""
        return lazily(lambda: boto3.client("sns", config=self._config))

    @cached_property
    def sqs(self) -> "SQSClient":
        """Amazon SQS."""
        return lazily(lambda: boto3.client("sqs", config=self._config))

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        """AWS Step Functions."""
        return lazily(lambda: boto3.client("stepfunctions", config=self._config))


QUICK = Clients(CLIENT_CONFIG)
"""For functions that a state machine tries again."""
PATIENT = Clients(PATIENT_CONFIG)
"""For those that nobody does."""
SLOW = Clients(CLIENT_CONFIG.merge(Config(read_timeout=20)))
"""For DetectCustomLabels, which reads images of 15 MB; who calls it tries it again where that may help."""
WAITING = Clients(WAITING_CONFIG)
"""For who calls another function, and waits for its answer."""
