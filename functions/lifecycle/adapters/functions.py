"""AWS Lambda: call another function of this app, and wait for its answer."""

import json
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.errors import ServiceUnavailable
from lifecycle.shared.wire import Json

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient


class Lambda:
    """``ports.Functions`` on boto3."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def call(self, function_arn: str, payload: Json) -> Json:
        """What a function answers; ServiceUnavailable, in its own words, where it fails."""
        with errors_of("Invoke"):
            answer = self._client.invoke(FunctionName=function_arn, Payload=json.dumps(payload))
        said = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise ServiceUnavailable.from_cause(said.get("errorMessage"))
        return said
