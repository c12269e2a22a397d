"""AWS Lambda's event source mappings: the adapter of ``lifecycle.inbox.ports.Mappings``."""

from contextlib import suppress
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.errors import ServiceUnavailable
from lifecycle.inbox.names import worker_name

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef


class EventSourceMappings:
    """``Mappings`` on boto3. An inbox's worker has one mapping: that of the inbox's queue."""

    def __init__(self, client: "LambdaClient", stack_name: str) -> None:
        self._client = client
        self._stack_name = stack_name
        self._known: dict[str, str] = {}

    def state(self, inbox: str) -> str:
        """``Enabled``, ``Disabled``, or what it is on the way to."""
        return self._mapping(inbox)["State"]

    def enable(self, inbox: str) -> None:
        """Begin to give images to the worker."""
        self._switch(inbox, on=True)

    def disable(self, inbox: str) -> None:
        """Give it no more."""
        self._switch(inbox, on=False)

    def _switch(self, inbox: str, *, on: bool) -> None:
        uuid = self._known.get(inbox) or self._mapping(inbox)["UUID"]
        with errors_of("UpdateEventSourceMapping"), suppress(self._client.exceptions.ResourceInUseException):
            self._client.update_event_source_mapping(UUID=uuid, Enabled=on)

    def _mapping(self, inbox: str) -> "EventSourceMappingConfigurationTypeDef":
        name = worker_name(self._stack_name, inbox)
        with errors_of("ListEventSourceMappings"):
            found = self._client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        if not found:
            raise ServiceUnavailable(
                f"The function {name} has no event source mapping.", remedy="Deploy the stack again, which makes it."
            )
        self._known[inbox] = found[0]["UUID"]
        return found[0]
