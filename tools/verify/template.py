"""The template, submitted to CloudFormation's early validation by the pinned CDK CLI: nothing of it is created."""

from collections.abc import Sequence
from typing import IO, Protocol

from infra.settings.settings import Settings
from tools.deploy.__main__ import CDK, cdk_heard
from tools.deploy.reach import BOOTSTRAP

UNASKED = "Online validation could not be completed"
"""What the CDK CLI warns of where CloudFormation did not take the template: it ends as if nothing were wrong."""


class Aws(Protocol):
    """What has to be known of AWS."""

    @property
    def account(self) -> str:
        """That of the credentials."""

    def bootstrap_version(self, region: str) -> int | None:
        """That of a Region in their account; 0 where there is none, None where it can't be known."""


def validated(places: Sequence[Settings], aws: Aws, out: IO[str]) -> int:
    """Validate the template of each place if that can be done, and say so; how many are not found valid."""
    refused = 0
    for settings in places:
        if why_not := _obstacle(settings, aws):
            out.write(f"Template for {settings.place}: not checked: {why_not}\n")
            continue
        out.write(f"Template for {settings.place}: cdk validate ...\n")
        out.flush()
        wrong, said = cdk_heard(["validate", settings.stack_id, "--unstable=validate", "--online"])
        end = "refused" if wrong else "not validated, as the CDK CLI says above" if UNASKED in said else "valid"
        out.write(f"{said}Template for {settings.place}: {end}.\n")
        refused += end != "valid"
    return refused


def _obstacle(settings: Settings, aws: Aws) -> str | None:
    if settings.account != aws.account:
        return f"these credentials are of the account {aws.account}."
    version = aws.bootstrap_version(settings.region)
    if version is None:
        return "whether it is bootstrapped can't be read."
    if version < BOOTSTRAP:
        return "it is not bootstrapped: make bootstrap."
    return None if CDK.exists() else "the CDK CLI is missing: make verify-aws installs it."
