"""Amazon Rekognition Custom Labels with as many versions as a story has, under its quotas: the emulator's, in simulated
time.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from emulator.custom_labels import NOT_TRAINED, CustomLabels, CustomLabelsError, Quotas, Timing, Version
from tests.account.kernel import Simulation
from tests.account.services import ServiceError

Json = Any
T = TypeVar("T")
TIMING = Timing(training=3600, starting=600, stopping=120)
PAGE = 10_000


class Fleet:
    """Answers as boto3 does.

    Attributes
    ----------
    models : CustomLabels
        Change statuses, timing and quotas here.
    calls, throttled : Counter
        By operation.
    """

    def __init__(self, simulation: Simulation, quotas: Quotas | None = None) -> None:
        self.models = CustomLabels(
            region="us-east-1",
            account_id="123456789012",
            timing=TIMING,
            quotas=quotas,
            clock=lambda: simulation.now.timestamp(),
        )
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()

    def put(self, arn: str, status: str = "STOPPED", *, f1: float = 0.9) -> str:
        """Let a version exist, and have a status; its ARN."""
        self.models.seed(arn, f1=f1)
        self.models.put(arn, status)
        return arn

    def status(self, arn: str) -> str:
        """A version's status."""
        return next(one.status for one in self.models.versions() if one.arn == arn)

    def describe_projects(self, *, ProjectNames: Sequence[str] | None = None) -> Json:
        projects, _ = self._answered(
            "DescribeProjects", lambda: self.models.describe_projects(ProjectNames, PAGE, None)
        )
        return {"ProjectDescriptions": [{"ProjectArn": project.arn} for project in projects]}

    def describe_project_versions(self, *, ProjectArn: str, VersionNames: Sequence[str] | None = None) -> Json:
        versions, _ = self._answered(
            "DescribeProjectVersions",
            lambda: self.models.describe_project_versions(ProjectArn, VersionNames, PAGE, None),
        )
        return {"ProjectVersionDescriptions": [_described(version) for version in versions]}

    def start_project_version(
        self, *, ProjectVersionArn: str, MinInferenceUnits: int, MaxInferenceUnits: int | None = None
    ) -> Json:
        version = self._answered(
            "StartProjectVersion",
            lambda: self.models.start_project_version(ProjectVersionArn, MinInferenceUnits, MaxInferenceUnits),
        )
        return {"Status": version.status}

    def stop_project_version(self, *, ProjectVersionArn: str) -> Json:
        version = self._answered("StopProjectVersion", lambda: self.models.stop_project_version(ProjectVersionArn))
        return {"Status": version.status}

    def _answered(self, operation: str, ask: Callable[[], T]) -> T:
        self.calls[operation] += 1
        try:
            self.models.throttle(operation)
            return ask()
        except CustomLabelsError as error:
            self.throttled[operation] += error.code == "ThrottlingException"
            raise ServiceError(error.code, str(error)) from error


def _described(version: Version) -> Json:
    known = {
        "ProjectVersionArn": version.arn,
        "Status": version.status,
        "StatusMessage": version.status_message,
        "MinInferenceUnits": version.min_inference_units,
        "MaxInferenceUnits": version.max_inference_units,
        "CreationTimestamp": datetime.fromtimestamp(version.created, UTC),
        "EvaluationResult": None if version.status in NOT_TRAINED else {"F1Score": version.f1},
    }
    return {name: value for name, value in known.items() if value is not None}
