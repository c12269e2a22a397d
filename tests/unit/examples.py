"""The one model, execution and configuration that the unit tests speak of."""

from datetime import UTC, datetime
from typing import Any

from lifecycle.configuration import Configuration, Model
from lifecycle.requests import Execution, StartRequest, start_request

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
ACCOUNT = "arn:aws:rekognition:us-east-1:123456789012"
ARN = f"{ACCOUNT}:project/boards/version/v1/1793520000000"
PROJECT = f"{ACCOUNT}:project/boards/1793510000000"
OTHER_ARN = f"{ACCOUNT}:project/cables/version/v7/1793530000000"
CONFIGURED_ARN = f"{ACCOUNT}:project/welds/version/v2/1793540000000"
CONFIGURATION = Configuration(
    models={"defects": Model(ARN), "welds": Model(CONFIGURED_ARN, 2, 4, 45)},
    inference_unit_hour_usd=4.0,
)


def execution(name: str = "nightly", start_time: datetime = NOW) -> Execution:
    return Execution(f"arn:aws:states:us-east-1:123456789012:execution:StartModel:{name}", name, start_time)


def request(**fields: Any) -> StartRequest:
    return start_request({"Model": "defects", **fields}, execution(), CONFIGURATION)
