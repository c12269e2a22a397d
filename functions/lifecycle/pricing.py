"""What a running model costs. The one place that knows a price."""

DEFAULT_INFERENCE_UNIT_HOUR = 4.0
"""USD for one inference unit and hour: the list price in us-east-1 (aws.amazon.com/rekognition/pricing, 2026-11).
Other Regions differ: set ``inference_unit_hour_usd`` in cdk.json."""


def hourly_cost(inference_units: int, inference_unit_hour: float) -> float:
    """USD an hour while RUNNING, used or not."""
    return round(inference_units * inference_unit_hour, 2)


def cost(seconds: float, inference_units: int, inference_unit_hour: float) -> float:
    """USD for having been RUNNING that long."""
    return round(seconds / 3600 * inference_units * inference_unit_hour, 2)
