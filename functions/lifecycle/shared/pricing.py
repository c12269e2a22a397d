"""What a running model costs, and a status check. The one place that knows a price."""

INFERENCE_UNIT_HOUR = {"us-east-1": 4.0}
"""USD for one inference unit and hour, by Region: list prices (aws.amazon.com/rekognition/pricing, 2026-11). Those of
other Regions were not checked and are assumed to be us-east-1's; ``inference_unit_hour_usd`` in cdk.json wins."""


def inference_unit_hour(region: str) -> float:
    """USD for one inference unit and hour in a Region."""
    return INFERENCE_UNIT_HOUR.get(region, INFERENCE_UNIT_HOUR["us-east-1"])


_TRANSITION = 0.025 / 1000
"""USD for a state transition of a Standard workflow (aws.amazon.com/step-functions/pricing, us-east-1, 2026-11)."""
_INVOCATION = 0.20 / 1_000_000 + 0.1 * 0.5 * 0.0000133334
"""USD for one of a function and 100 ms of 512 MB on arm64 (aws.amazon.com/lambda/pricing, us-east-1, 2026-11)."""
_READ = 0.125 / 1_000_000
"""USD for a consistent read of up to 4 KB (aws.amazon.com/dynamodb/pricing/on-demand, us-east-1, 2026-11)."""
STATUS_CHECK = 3 * _TRANSITION + _INVOCATION + _READ
"""USD for one more status check: Wait, Check and Choice. The transitions are nearly all of it."""


def hourly_cost(inference_units: int, inference_unit_hour: float) -> float:
    """USD per hour while RUNNING, used or not."""
    return round(inference_units * inference_unit_hour, 2)


def cost(seconds: float, inference_units: int, inference_unit_hour: float) -> float:
    """USD for having been RUNNING that long."""
    return round(seconds / 3600 * inference_units * inference_unit_hour, 2)


def second_cost(inference_units: int, inference_unit_hour: float) -> float:
    """USD for a second of RUNNING."""
    return inference_units * inference_unit_hour / 3600
