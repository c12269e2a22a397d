"""What a role may do on many resources: in its own policy, and as far as that has no room in policies beside it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from aws_cdk import aws_iam as iam
from constructs import Construct

CHARACTERS = 5_000
"""Of the resources of a statement. IAM has room for 10,240 in a role's own policies, and for 6,144 in a managed one."""


def in_parts(resources: Sequence[str]) -> Iterator[list[str]]:
    """Resources in lists that each have room in a policy."""
    part: list[str] = []
    for resource in resources:
        if part and sum(map(len, part)) + len(resource) > CHARACTERS:
            yield part
            part = []
        part.append(resource)
    if part:
        yield part


def allow(
    role: iam.IRole,
    actions: Sequence[str],
    on: Sequence[str],
    conditions: Mapping[str, Mapping[str, str | list[str]]] | None = None,
) -> None:
    """Grant a role some actions on resources.

    CDK splits a role's policy too, but guesses the length of an ARN that has a token, such as the partition, as 120
    characters. They may have 600.
    """
    for number, part in enumerate(in_parts(on)):
        statement = iam.PolicyStatement(actions=list(actions), resources=part, conditions=conditions)
        if number == 0:
            role.add_to_principal_policy(statement)
        else:
            scope = cast("Construct", role)  # it is one to jsii, if not to mypy
            beside = sum(child.node.id.startswith("More") for child in scope.node.children)
            iam.ManagedPolicy(scope, f"More{beside + 1}", statements=[statement], roles=[role])
