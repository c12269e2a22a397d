"""What the core needs from AWS. The adapters of this package answer it, and in-memory twins in the tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lifecycle.decisions import Refusal
from lifecycle.wire import Json


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model version as DescribeProjectVersions reports it."""

    project_version_arn: str
    status: str
    status_message: str | None = None
    min_inference_units: int | None = None
    max_inference_units: int | None = None


@dataclass(frozen=True, slots=True)
class InUse:
    """The model versions that fill the quota of running models; ``complete`` where all projects could be read."""

    models: Sequence[ModelVersion]
    complete: bool


class Models(Protocol):
    """Amazon Rekognition Custom Labels."""

    def project_arn(self, project_version_arn: str) -> str:
        """The ARN of a version's project; ModelNotFound where there is none."""

    def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
        """The version as it is now; ModelNotFound where there is none."""

    def start(self, project_version_arn: str, min_units: int, max_units: int | None) -> Refusal | None:
        """Request a start; None where it was accepted. NoAnswer where that is not known."""

    def in_use(self) -> InUse:
        """The versions that are STARTING, RUNNING or STOPPING."""


@dataclass(frozen=True, slots=True)
class ExecutionState:
    """A Step Functions execution as DescribeExecution reports it."""

    status: str
    stopped_at: datetime | None = None
    output: Mapping[str, Json] | None = None
    error: str | None = None
    cause: str | None = None


class Executions(Protocol):
    """AWS Step Functions."""

    def describe(self, execution_arn: str) -> ExecutionState | None:
        """The execution as it is now; None where there is none (any more)."""


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The execution that holds a ClientRequestToken, and the fingerprint of what it asks for."""

    execution_arn: str
    fingerprint: str


class Tokens(Protocol):
    """The record of ClientRequestTokens."""

    def hold(self, token: str, holder: TokenHolder, until: datetime, instead_of: str | None = None) -> TokenHolder:
        """Hold a token that is free, or held by ``instead_of``; answers who holds it now."""
