"""The queues of this app: one definition of what they have in common."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.nag import acknowledge


def queue(scope: Construct, construct_id: str, **more: Any) -> sqs.Queue:
    """Encrypted, reached by TLS alone, and kept for as long as SQS keeps anything: 14 days."""
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
        **more,
    )


def dead_letter_queue(scope: Construct, construct_id: str, name: str | None = None) -> sqs.Queue:
    """A queue for what could not be delivered, or not be worked on."""
    made = queue(scope, construct_id, queue_name=name)
    acknowledge(made, {"AwsSolutions-SQS3": "It is the dead-letter queue."})
    return made
