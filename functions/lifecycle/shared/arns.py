"""What the parts of an ARN say."""

import re
from dataclasses import dataclass

from lifecycle.shared.text import escaped

LONGEST = 2048
"""Characters of a model version's ARN (Amazon Rekognition API reference, StartProjectVersion)."""
_VERSION = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):rekognition:(?P<region>[a-z\d-]+):(?P<account>\d{12})"
    r":project/(?P<project_name>[\w.\-]{1,255})/version/(?P<version_name>[\w.\-]{1,255})/\d+",
    re.ASCII,
)

VERSIONS = re.compile(re.sub(r"\?P<\w+>", "?:", _VERSION.pattern), re.ASCII)
"""Model versions' ARNs in a text."""


@dataclass(frozen=True, slots=True)
class VersionArn:
    """A model version's ARN. It does not contain its project's ARN, only the project's name."""

    partition: str
    region: str
    account: str
    project_name: str
    version_name: str

    @classmethod
    def parse(cls, arn: str) -> "VersionArn":
        """The parts; ValueError where it is no model version's ARN."""
        match = _VERSION.fullmatch(arn) if len(arn) <= LONGEST else None
        if not match:
            raise ValueError(f"{escaped(arn)} is not the ARN of a Custom Labels model version")
        return cls(**match.groupdict())

    @property
    def display_name(self) -> str:
        """How people call a version without a configured name: ``boards/v1``, or ``boards.2026-11-01``."""
        if self.version_name.startswith(self.project_name):
            return self.version_name
        return f"{self.project_name}/{self.version_name}"

    def elsewhere(self, here: str) -> str | None:
        """Where the model is, for people, if that is not where another ARN says; in its partition, too."""
        _, partition, _, region, account, _ = here.split(":", 5)
        if (self.partition, self.region, self.account) == (partition, region, account):
            return None
        place = f"account {self.account}, {escaped(self.region)}"
        return place if self.partition == partition else f"{place}, partition {escaped(self.partition)}"


def is_version_arn(text: str) -> bool:
    """Whether a text is a model version's ARN."""
    try:
        VersionArn.parse(text)
    except ValueError:
        return False
    return True


def project_name(project_version_arn: str) -> str:
    """The name of a model version's project; ValueError where it is no model version's ARN."""
    return VersionArn.parse(project_version_arn).project_name


def version_name(project_version_arn: str) -> str:
    """The name of a model version, which versions of other projects may have too."""
    return VersionArn.parse(project_version_arn).version_name


def region_and_account(arn: str) -> tuple[str, str]:
    """Of any ARN that has both, such as an execution's."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return region, account
