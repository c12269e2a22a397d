"""What the core needs from AWS. The adapters of this package answer it, and in-memory twins in the tests."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from lifecycle.model.bill import Session
from lifecycle.model.decisions import Refusal
from lifecycle.model.idle import Busy
from lifecycle.model.leases import ModelItem
from lifecycle.model.sweep_record import SweepRecord
from lifecycle.model.version import InUse, ModelVersion, ProjectVersions
from lifecycle.shared.wire import Json

Unreadable: TypeAlias = Callable[[str, Exception], None]
"""What to do with a record that somebody has made nonsense of: its id, and what reading it raised."""


def raised(_record: str, error: Exception) -> None:
    """Read nothing where one can't be read: for people and tests. The core has to say what it does instead."""
    raise error


def left_to_the_sweep(_record: str, _error: Exception) -> None:
    """Pass a record over: the sweep reports it."""


ChooseProjects: TypeAlias = Callable[[Sequence[str]], Sequence[str]]
"""Which of these projects are read, and in which order."""


def every_project(names: Sequence[str]) -> Sequence[str]:
    """All of them, as the service names them."""
    return names


class Models(Protocol):
    """Amazon Rekognition Custom Labels."""

    def project_arn(self, project_version_arn: str) -> str:
        """The ARN of a version's project; ModelNotFound where there is none."""

    def describe(self, project_version_arn: str, project_arn: str) -> ModelVersion:
        """The version as it is now; ModelNotFound where there is none."""

    def start(self, project_version_arn: str, min_units: int, max_units: int | None) -> Refusal | None:
        """Request a start; None where it was accepted. NoAnswer where that is not known."""

    def stop(self, project_version_arn: str) -> Refusal | None:
        """Request a stop; None where it was accepted. NoAnswer where that is not known."""

    def versions_of(self, project_name: str) -> Sequence[ModelVersion]:
        """The versions of one project; ModelNotFound where there is no such project."""

    def versions(self, projects: Collection[str], choose: ChooseProjects = every_project) -> Iterator[ProjectVersions]:
        """The versions of these projects, by name; of all where it is ``*``. A project that can't be read says so.

        Parameters
        ----------
        choose : callable
            Chooses among those of them that there are.
        """

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
    started_at: datetime | None = None
    input: Json = None


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A state machine as DescribeStateMachine reports it: ``ACTIVE`` or ``DELETING``, ``STANDARD`` or ``EXPRESS``."""

    status: str
    kind: str


class Executions(Protocol):
    """AWS Step Functions."""

    def describe(self, execution_arn: str) -> ExecutionState | None:
        """The execution as it is now; None where there is none (any more)."""

    def start(self, state_machine_arn: str, name: str, payload: Json) -> bool:
        """Start an execution; False where one of this name exists already."""

    def stop(self, execution_arn: str, cause: str) -> None:
        """End an execution; one that has ended already stays as it is."""

    def state_machine(self, state_machine_arn: str) -> StateMachine | None:
        """A state machine as it is now; None where there is none."""


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The execution that holds a ClientRequestToken, since when, and the fingerprint of what it asks for."""

    execution_arn: str
    fingerprint: str
    since: datetime | None = field(default=None, compare=False)


class Tokens(Protocol):
    """The record of ClientRequestTokens."""

    def hold(self, token: str, holder: TokenHolder, until: datetime, instead_of: str | None = None) -> TokenHolder:
        """Hold a token that is free, or held by ``instead_of``; answers who holds it now."""

    def holder(self, token: str) -> TokenHolder | None:
        """Who holds a token; None where nobody does."""


class Functions(Protocol):
    """AWS Lambda."""

    def call(self, function_arn: str, payload: Json) -> Json:
        """What a function answers; ServiceUnavailable, in its own words, where it fails."""


class ModelItems(Protocol):
    """The one item of each model."""

    def get(self, project_version_arn: str) -> ModelItem:
        """The item as it is now; an empty one where there is none."""

    def put(self, item: ModelItem, ended: Session | None = None) -> bool:
        """Write an item in place of the revision that it was read with; False where that is not the present one.

        Parameters
        ----------
        ended : Session, optional
            What this write ends; it is recorded by the same write, or not at all.
        """

    def all(self, unreadable: Unreadable) -> Sequence[ModelItem]:
        """Every item that can be read, each as it is now.

        Parameters
        ----------
        unreadable : callable
            Is called with each other one's ARN, and why: one item must not keep the others from being used.
        """


class OpenExecutions(Protocol):
    """The executions that may be under way, or whose end may not have been reported yet."""

    def open(self, execution_arn: str) -> None:
        """Remember an execution that has begun."""

    def choose(self, execution_arn: str, project_version_arn: str) -> str:
        """Remember which version an execution is about; answers the one that was remembered first."""

    def chosen(self, execution_arn: str) -> str | None:
        """The version that is remembered for an execution."""

    def close(self, execution_arn: str, opened_before: datetime | None = None) -> None:
        """Forget one of which nothing is left to be done; or only if it is remembered since before a time."""

    def all(self) -> Sequence[str]:
        """The ARNs of all that are remembered."""


class Ledger(Protocol):
    """The record of the sessions that have ended."""

    def sessions(self, month: str, now: datetime, unreadable: Unreadable) -> Sequence[Session]:
        """Those that ended in a month, as ``2026-11``, or later, and can be read: all that may have a part in it."""


class BusyMinutes(Protocol):
    """The record of the minutes in which images were labelled."""

    def add(self, project_version_arn: str, since: datetime, until: datetime) -> None:
        """Record the minutes from one moment to another, both included."""

    def begin(self, project_version_arn: str, at: datetime, batch: str) -> None:
        """Remember that a batch has begun, whose minutes are recorded at its end."""

    def end(self, project_version_arn: str, began_at: datetime, batch: str) -> None:
        """Forget it: its minutes are recorded."""

    def of(self, month: str) -> Busy:
        """Those of all versions in a month, as ``2026-11``; none of a version with a batch that has not ended."""


class Sweeps(Protocol):
    """When the sweep came by, and what it saw."""

    def mark(self, now: datetime) -> datetime | None:
        """Remember that it does now; answers when it did before."""

    def last(self) -> datetime | None:
        """When it did last."""

    def remember(self, record: SweepRecord) -> None:
        """Remember what it saw, in place of what it saw before."""

    def record(self) -> SweepRecord | None:
        """What it saw last; None where that can't be read."""


class Dependents(Protocol):
    """What goes on in the stack, or depends on what it has: AWS Step Functions, AWS IAM and Amazon EventBridge."""

    def running(self, state_machine_arn: str) -> Sequence[str]:
        """The ARNs of the executions of a state machine that are RUNNING, 1,000 at the most."""

    def attached_to(self, policy_arn: str) -> Sequence[str]:
        """Whom a managed policy is attached to: ``group/<name>``, ``role/<name>``, ``user/<name>``."""

    def rules_on(self, event_bus_name: str) -> Sequence[str]:
        """The names of the rules on a bus, the stack's own among them."""


class Objects(Protocol):
    """Amazon S3."""

    def region(self, bucket: str) -> str:
        """Where a bucket is; InvalidRequest where there is none."""

    def has_any(self, bucket: str, prefix: str) -> bool:
        """Whether there is an object whose key begins so."""

    def newest(self, bucket: str, prefix: str, suffix: str) -> str | None:
        """The key of the newest object that begins and ends so; None where there is none."""

    def lines(self, bucket: str, key: str) -> Iterator[bytes]:
        """The lines of an object, read as they are asked for."""

    def write(self, bucket: str, key: str, text: str) -> None:
        """Write an object, in place of what is there."""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """An object of Amazon S3 as it is now.

    Parameters
    ----------
    version_id : str, optional
        None where its bucket has no versions.
    notes : Mapping
        What whoever wrote it has noted beside it ("user-defined metadata").
    """

    etag: str
    last_modified: datetime
    version_id: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a list has it."""

    key: str
    etag: str
    size: int
    last_modified: datetime


class ImageObjects(Protocol):
    """Amazon S3, as far as images and the results beside them go."""

    def newest(self, bucket: str, key: str) -> ObjectVersion | None:
        """The newest version of an object; None where there is none; AccessDenied where nobody lets us know."""

    def listed(self, bucket: str, prefix: str, after: str) -> Sequence[Listed]:
        """The next 1,000 objects below a prefix, in the order of their keys' bytes; fewer where these are the last.

        Parameters
        ----------
        after : str
            The key behind which they begin.
        """

    def is_readable(self, bucket: str, key: str) -> bool:
        """Whether its content can be read: by HeadObject alone, a lost right to decrypt it may go unnoticed."""

    def replace(
        self, bucket: str, key: str, text: str, *, notes: Mapping[str, str], instead_of: ObjectVersion | None
    ) -> bool:
        """Write a JSON document in place of what was read, or where nothing was; False where others have written."""


@dataclass(frozen=True, slots=True)
class Refused:
    """How DetectCustomLabels refused an image: the error's code, and its message."""

    error: str
    message: str


class Detector(Protocol):
    """Amazon Rekognition's DetectCustomLabels."""

    def detect(self, image: Json, options: Mapping[str, Json]) -> Sequence[Json] | Refused:
        """The labels of an image, as the service answers them, or why there are none.

        Parameters
        ----------
        image : dict
            An ``S3Object``.
        options : Mapping
            All else that the call takes: ``ProjectVersionArn``, and ``MinConfidence`` and ``MaxResults`` if any.
        """
