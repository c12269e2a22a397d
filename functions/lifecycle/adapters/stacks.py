"""AWS CloudFormation: how the stack of this app stands, and the answers to its requests (custom resources)."""

import json
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.errors import ServiceUnavailable
from lifecycle.shared.wire import Json

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

TRIES = 3
MAX_REASON = 2000
"""Characters: the whole answer may have 4,096 bytes (CloudFormation User Guide, custom resource response objects)."""


class Stacks:
    """What CloudFormation says of a stack."""

    def __init__(self, client: "CloudFormationClient") -> None:
        self._client = client

    def is_being_deleted(self, stack_id: str) -> bool:
        """Whether the stack itself is, and not only a resource of it, by an update or what undoes one."""
        with errors_of("DescribeStacks"):
            (stack,) = self._client.describe_stacks(StackName=stack_id)["Stacks"]
        return stack["StackStatus"] == "DELETE_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Request:
    """What CloudFormation asks of a custom resource; it waits until it gets an answer, or for its timeout."""

    kind: str
    request_id: str
    stack_id: str
    logical_resource_id: str
    physical_resource_id: str
    response_url: str

    @classmethod
    def read(cls, event: Mapping[str, Json]) -> "Request":
        """From the event (CloudFormation User Guide, custom resource request objects)."""
        return cls(
            kind=event["RequestType"],
            request_id=event["RequestId"],
            stack_id=event["StackId"],
            logical_resource_id=event["LogicalResourceId"],
            # The same for ever: another one would have CloudFormation delete the one before.
            physical_resource_id=event.get("PhysicalResourceId") or event["LogicalResourceId"],
            response_url=event["ResponseURL"],
        )

    def answer(self, *, success: bool, reason: str) -> None:
        """Answer it.

        Raises
        ------
        ServiceUnavailable
            The answer could not be delivered.
        """
        answer = {
            "Status": "SUCCESS" if success else "FAILED",
            "Reason": reason if len(reason) <= MAX_REASON else f"{reason[: MAX_REASON - 3]}...",
            "PhysicalResourceId": self.physical_resource_id,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_resource_id,
        }
        # Without a type: the URL was signed without one.
        request = urllib.request.Request(  # noqa: S310 - CloudFormation's own URL
            self.response_url, data=json.dumps(answer).encode(), headers={"Content-Type": ""}, method="PUT"
        )
        for tried in range(1, TRIES + 1):
            try:
                urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - as above
            except OSError as error:
                if tried == TRIES:
                    raise ServiceUnavailable(f"CloudFormation could not be answered: {error}") from error
                time.sleep(tried)
            else:
                return
