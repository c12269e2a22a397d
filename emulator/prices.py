"""What AWS would charge for what runs here: list prices in USD, us-east-1, as of November 2026.

Sources: aws.amazon.com/step-functions/pricing (Standard workflows) and aws.amazon.com/lambda/pricing (arm64), without
the free tiers. What the model itself costs is the product's own estimate.
"""

STATE_TRANSITION = 0.025 / 1000
LAMBDA_GB_SECOND = 0.0000133334
LAMBDA_REQUEST = 0.20 / 1_000_000


def state_transitions(count: int) -> float:
    """What state transitions cost; retries are transitions too."""
    return count * STATE_TRANSITION


def lambda_invocation(billed_ms: int, memory_mb: int) -> float:
    """What one invocation costs."""
    return LAMBDA_REQUEST + billed_ms / 1000 * memory_mb / 1024 * LAMBDA_GB_SECOND
