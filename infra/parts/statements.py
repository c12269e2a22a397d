"""Policy statements that IAM has room for. Pure."""

from collections.abc import Iterator, Sequence

_CHARACTERS = 3_000
"""Of a statement's resources. CDK splits a role's policy at statements, to stay under IAM's limits: 6,144 for one."""


def in_parts(resources: Sequence[str]) -> Iterator[list[str]]:
    """Resources in lists that each fit into a statement, ten at the most."""
    part: list[str] = []
    for resource in resources:
        if part and (len(part) == 10 or sum(map(len, part)) + len(resource) > _CHARACTERS):
            yield part
            part = []
        part.append(resource)
    if part:
        yield part
