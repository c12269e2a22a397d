"""Amazon Rekognition Custom Labels in simulated time, as boto3 answers: the emulator's, with its rules and quotas."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from emulator import custom_labels
from emulator.custom_labels import NOT_TRAINED, CustomLabelsError, Quotas, Timing, Version
from tests.account.kernel import Simulation
from tests.account.services import ServiceError
from tests.unit.examples import ARN, NOW

Json = Any
T = TypeVar("T")
Script = Sequence[tuple[float, str]]
"""Statuses, each with the seconds after which it comes."""
TIMING = Timing(training=3600, starting=600, stopping=120)
NO_QUOTAS = Quotas(
    running_models=1_000, inference_units=1_000_000, calls_per_second=1_000_000, detections_per_second=1_000_000
)
PAGE = 10_000


class Scripted(custom_labels.CustomLabels):
    """The emulator's service, in which a version may have statuses by a script, and which remembers those that were.

    Attributes
    ----------
    once_started, once_stopped
        What follows an accepted request, if not what the service does.
    history
        Each status that a version had, with the second from which it was, by ARN.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.once_started: Script | None = None
        self.once_stopped: Script | None = None
        self.history: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._coming: dict[str, list[tuple[float, str]]] = {}

    def clear(self) -> None:
        super().clear()
        self._coming.clear()

    def follow(self, arn: str, script: Script) -> None:
        """Let a version's status be as a script says from now on; nothing follows it by itself."""
        version, now = self._version(arn), self.now()
        self._coming[arn] = [(now + seconds, status) for seconds, status in script]
        self._settled(version)

    def start_project_version(self, arn: str, min_units: int, max_units: int | None) -> Version:
        return self._followed(super().start_project_version(arn, min_units, max_units), self.once_started)

    def stop_project_version(self, arn: str) -> Version:
        return self._followed(super().stop_project_version(arn), self.once_stopped)

    def _followed(self, version: Version, script: Script | None) -> Version:
        if script is not None:
            self.history[version.arn].pop()
            self.follow(version.arn, script)
        return version

    def _change(self, version: Version, status: str) -> None:
        self._coming.pop(version.arn, None)
        super()._change(version, status)
        self.history[version.arn].append((version.since, status))

    def _settled(self, version: Version) -> bool:
        coming, history = self._coming.get(version.arn), self.history[version.arn]
        if coming is None:
            before = version.status
            ended = super()._settled(version)
            history += [(version.since, version.status)] if version.status != before else []
            return ended
        while coming and coming[0][0] <= self.now():
            version.since, version.status = coming.pop(0)
            history.append((version.since, version.status))
        return False


class CustomLabels:
    """The service with one version, or with as many as a story puts there.

    Parameters
    ----------
    script : Script
        What the status of the one version is by itself.
    once_started, once_stopped : Script, optional
        What follows an accepted request.

    Attributes
    ----------
    models : Scripted
        Change statuses, timing and quotas here.
    message : str
        The status message of all.
    starts, stops : list of float
        The seconds when requests were accepted.
    calls, throttled : Counter
        By operation.
    """

    def __init__(
        self,
        simulation: Simulation,
        *,
        script: Script = ((0, "STOPPED"),),
        once_started: Script | None = None,
        once_stopped: Script | None = None,
        message: str = "",
    ) -> None:
        self._simulation = simulation
        self.models = Scripted(
            region="us-east-1",
            account_id="123456789012",
            timing=TIMING,
            quotas=NO_QUOTAS,
            clock=lambda: simulation.seconds,
        )
        self.models.once_started, self.models.once_stopped = once_started, once_stopped
        self.message = message
        self.starts: list[float] = []
        self.stops: list[float] = []
        self.seconds_per_image = 1.0
        self.detected: list[tuple[float, str]] = []
        """The images that were looked at, each with the second when it had been."""
        self.denied: set[str] = set()
        """Keys of images that the caller may not have it look at."""
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.models.seed(ARN)
        self.follow(script)

    # The one version

    def follow(self, script: Script) -> None:
        """Let its status be as a script says from now on."""
        self.models.follow(ARN, script)

    @property
    def status(self) -> str:
        """Its status."""
        return self.status_of(ARN)

    @property
    def history(self) -> Sequence[tuple[float, str]]:
        """Each status that it had, with the second from which it was."""
        self._version(ARN)
        return self.models.history[ARN]

    # As many as there are

    def put(self, arn: str, status: str = "STOPPED", *, f1: float = 0.9) -> str:
        """Let a version exist, and have a status; its ARN."""
        self.models.seed(arn, f1=f1)
        self.models.put(arn, status)
        return arn

    def status_of(self, arn: str) -> str:
        """A version's status."""
        return self._version(arn).status

    def _version(self, arn: str) -> Version:
        return next(one for one in self.models.versions() if one.arn == arn)

    # The service's operations

    def detect_custom_labels(self, *, ProjectVersionArn: str, Image: Json, **_request: Json) -> Json:
        """The same for each image, after ``seconds_per_image``."""
        self._simulation.sleep(self.seconds_per_image)
        if Image["S3Object"]["Name"] in self.denied:
            raise ServiceError("AccessDeniedException")
        self._answered("DetectCustomLabels", lambda: self.models.use(ProjectVersionArn))
        self.detected.append((self._simulation.seconds, Image["S3Object"]["Name"]))
        return {"CustomLabels": [{"Name": "scratch", "Confidence": 91.0}]}

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
        return {"ProjectVersionDescriptions": [self._described(version) for version in versions]}

    def start_project_version(
        self, *, ProjectVersionArn: str, MinInferenceUnits: int, MaxInferenceUnits: int | None = None
    ) -> Json:
        version = self._answered(
            "StartProjectVersion",
            lambda: self.models.start_project_version(ProjectVersionArn, MinInferenceUnits, MaxInferenceUnits),
        )
        self.starts.append(self._simulation.seconds)
        return {"Status": version.status}

    def stop_project_version(self, *, ProjectVersionArn: str) -> Json:
        version = self._answered("StopProjectVersion", lambda: self.models.stop_project_version(ProjectVersionArn))
        self.stops.append(self._simulation.seconds)
        return {"Status": version.status}

    def _answered(self, operation: str, ask: Callable[[], T]) -> T:
        self.calls[operation] += 1
        try:
            self.models.throttle(operation)
            return ask()
        except CustomLabelsError as error:
            self.throttled[operation] += error.code == "ThrottlingException"
            raise ServiceError(error.code, str(error)) from error

    def _described(self, version: Version) -> Json:
        known = {
            "ProjectVersionArn": version.arn,
            "Status": version.status,
            "StatusMessage": self.message or version.status_message,
            "MinInferenceUnits": version.min_inference_units,
            "MaxInferenceUnits": version.max_inference_units,
            "CreationTimestamp": NOW + timedelta(seconds=version.created),
            "EvaluationResult": None if version.status in NOT_TRAINED else {"F1Score": version.f1},
        }
        return {name: value for name, value in known.items() if value is not None}
