"""DetectCustomLabels: the adapter of ``ports.Detector``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - their name

from lifecycle.ports import Refused
from lifecycle.shared.wire import Json

if TYPE_CHECKING:
    from types_boto3_rekognition import RekognitionClient

NO_ANSWER = "ServiceUnavailable"
"""What an image is refused with where the service did not answer."""


class CustomLabelsDetector:
    """``ports.Detector`` on boto3: with a client that tries nothing again, since the worker does."""

    def __init__(self, client: "RekognitionClient") -> None:
        self._client = client

    def detect(self, image: Json, options: Mapping[str, Json]) -> Sequence[Json] | Refused:
        """The labels of an image, as the service answers them, or why there are none."""
        given: Any = {**options, "Image": image}
        try:
            return self._client.detect_custom_labels(**given)["CustomLabels"]
        except ClientError as error:
            return Refused(error.response["Error"]["Code"], error.response["Error"]["Message"])
        except (HTTPClientError, ConnectionError) as error:
            return Refused(NO_ANSWER, f"no answer: {error}")
