"""What AWS would charge for what runs here: list prices in USD, us-east-1, as of November 2026.

Sources: aws.amazon.com/step-functions/pricing (Standard workflows), aws.amazon.com/lambda/pricing (arm64), and those
named below, without the free tiers. What the model itself costs is the product's own estimate.
"""

STATE_TRANSITION = 0.025 / 1000
LAMBDA_GB_SECOND = 0.0000133334
LAMBDA_REQUEST = 0.20 / 1_000_000
DYNAMODB_READ_UNIT = 0.125 / 1_000_000
"""One consistent read of up to 4 KB, on demand (aws.amazon.com/dynamodb/pricing/on-demand)."""
DYNAMODB_WRITE_UNIT = 0.625 / 1_000_000
"""One write of up to 1 KB; in a transaction, two."""
SNS_PUBLISH = 0.50 / 1_000_000
SNS_MAIL = 2.00 / 100_000
"""For each subscriber (aws.amazon.com/sns/pricing)."""
CUSTOM_EVENT = 1.00 / 1_000_000
"""One put on a bus; events of AWS services are free (aws.amazon.com/eventbridge/pricing)."""
TRACE = 5.00 / 1_000_000
"""One recorded by X-Ray (aws.amazon.com/xray/pricing)."""
LOG_BYTE = 0.50 / 1_000_000_000
"""One ingested by CloudWatch Logs (aws.amazon.com/cloudwatch/pricing)."""
KMS_REQUEST = 0.03 / 10_000
"""One of a symmetric key (aws.amazon.com/kms/pricing)."""


def state_transitions(count: int) -> float:
    """What state transitions cost; retries are transitions too."""
    return count * STATE_TRANSITION


def lambda_invocation(billed_ms: int, memory_mb: int) -> float:
    """What one invocation costs."""
    return LAMBDA_REQUEST + billed_ms / 1000 * memory_mb / 1024 * LAMBDA_GB_SECOND
