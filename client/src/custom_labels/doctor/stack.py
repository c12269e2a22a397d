"""The stack as AWS has it: its outputs and resources, and the clients that ask for more. It changes nothing."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

Client = Callable[[str], Any]
"""The client of a service, by its name."""
Json = Mapping[str, Any]
USUAL_NAME = "CustomLabelsLifecycle"
"""The stack that ``custom-labels`` means where none is named."""


class DeployedStack:
    """What every check may look at.

    Parameters
    ----------
    name, region : str
        Of the stack.
    account : str
        Of the caller's credentials.
    client : callable
        Gives the client of a service.
    report : callable
        Gives a report of the page's function.
    """

    def __init__(self, name: str, region: str, account: str, client: Client, report: Callable[[str], Json]) -> None:
        self.name, self.region, self.account = name, region, account
        self._client, self._report = client, report
        self._clients: dict[str, Any] = {}
        self._reports: dict[str, Json] = {}

    def client(self, service: str) -> Any:
        """The client of a service."""
        if service not in self._clients:
            self._clients[service] = self._client(service)
        return self._clients[service]

    def report(self, name: str) -> Json:
        """What the page knows."""
        if name not in self._reports:
            self._reports[name] = self._report(name)
        return self._reports[name]

    @cached_property
    def description(self) -> Json:
        """As DescribeStacks answers."""
        (found,) = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        described: Json = found
        return described

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs."""
        return {one["OutputKey"]: one["OutputValue"] for one in self.description.get("Outputs", ())}

    def resources(self, kind: str) -> Sequence[Json]:
        """Its resources of a type, as ListStackResources answers."""
        return [one for one in self._resources if one["ResourceType"] == kind]

    @cached_property
    def _resources(self) -> Sequence[Json]:
        return [
            *pages(self.client("cloudformation"), "list_stack_resources", "StackResourceSummaries", StackName=self.name)
        ]

    def command(self, *words: str) -> str:
        """A command of the AWS CLI, in this Region: ready to be pasted into a shell."""
        return shlex.join(("aws", *words, "--region", self.region))

    def own_command(self, *words: str) -> str:
        """A command of ``custom-labels`` that means this stack."""
        named = () if self.name == USUAL_NAME else ("--stack", self.name)
        return shlex.join(("custom-labels", *words, *named, "--region", self.region))


def pages(client: Any, operation: str, of: str, **given: Any) -> Iterator[Any]:
    """Everything that an operation lists."""
    for page in client.get_paginator(operation).paginate(**given):
        yield from page[of]
