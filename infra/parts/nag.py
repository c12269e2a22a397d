"""How an exception from cdk-nag's AwsSolutions rules is written down: in place, with its reason."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings on a construct and what is below it, by the id that cdk-nag prints."""
    for finding, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def logical_id(construct: IConstruct) -> str:
    """By which the ids of findings name a construct's resource."""
    resource = construct.node.default_child
    assert isinstance(resource, cdk.CfnElement)  # noqa: S101 - for the type checker
    return cdk.Stack.of(construct).get_logical_id(resource)
