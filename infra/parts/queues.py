"""A dead-letter queue of this app: one definition of what they have in common."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.parts.nag import acknowledge


def dead_letter_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """Encrypted, reached by TLS alone, and kept for as long as SQS keeps anything: 14 days."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
    )
    acknowledge(queue, {"AwsSolutions-SQS3": "It is the dead-letter queue."})
    return queue
