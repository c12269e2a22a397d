"""The client: start, use and release a model. The server side decides; this asks, waits and shows."""

import os
import re
import socket
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, Unpack, get_type_hints

import boto3
from botocore.exceptions import BotoCoreError

from custom_labels import errors
from custom_labels.credentials import end_of
from custom_labels.deployment import Deployment
from custom_labels.doctor import Finding, examined
from custom_labels.doctor.stack import USUAL_NAME, DeployedStack
from custom_labels.executions import AWS_ERRORS, Progress, StateMachines, code_of, refused
from custom_labels.heartbeat import Heartbeat
from custom_labels.images import Image, image_of
from custom_labels.inboxes import Inbox
from custom_labels.results import Label, Started, Stopped

STACK = USUAL_NAME
MINUTE = 60.0
"""Seconds."""


class HowToStart(TypedDict, total=False):
    """How a model is started, by a block as well: ``CustomLabels.begin`` says what each means."""

    units: int | None
    ready_at: datetime | str | None
    wait_for_capacity: bool
    ignore_budget: bool
    context: Any


class Asked(HowToStart, total=False):
    """What a start may be asked for. A block has a lease of its own, and needs a model: it leaves these out."""

    lease_id: str | None
    minutes: int | None
    dry_run: bool


def _as_it_is(value: Any) -> Any:
    return value


def _if_so(value: Any) -> Any:
    return value or None


def _moment(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "lease_id": ("LeaseId", _as_it_is),
    "minutes": ("LeaseMinutes", _as_it_is),
    "units": ("MinInferenceUnits", _as_it_is),
    "ready_at": ("ReadyAt", _moment),
    "wait_for_capacity": ("WaitForCapacity", _if_so),
    "ignore_budget": ("IgnoreBudget", _if_so),
    "dry_run": ("DryRun", _if_so),
    "context": ("Context", _as_it_is),
}
"""What may be asked for: the field of StartModel's input, and what stands there; None is left out."""


class RunningModel:
    """A model that is RUNNING, and is kept so while its block runs."""

    def __init__(self, started: Started, rekognition: Any, heartbeat: Heartbeat) -> None:
        self.started = started
        self.project_version_arn = started.project_version_arn
        self.lease_id = started.lease_id
        self._rekognition, self._heartbeat = rekognition, heartbeat

    def detect(
        self, image: Image, *, min_confidence: float | None = None, max_results: int | None = None
    ) -> list[Label]:
        """The labels that the model finds.

        Parameters
        ----------
        image : str, path or bytes
            ``s3://bucket/name``, with your own right to read it; a file of this machine; or the image itself.
        min_confidence : float, optional
            Per cent. Left out: what the training found best.
        max_results : int, optional
            The most labels to answer.

        Raises
        ------
        ModelStopped
            The model runs no more, or the lease could not be kept.
        InvalidRequest, AccessDenied, ServiceUnavailable
        """
        self._heartbeat.check()
        return detected(
            self._rekognition,
            self.project_version_arn,
            image,
            min_confidence=min_confidence,
            max_results=max_results,
        )


class CustomLabels:
    """The models of one deployed stack.

    Parameters
    ----------
    stack : str
        Its name.
    region : str, optional
        Its Region; left out, that of the session.
    session : boto3.Session, optional
        Whose credentials are used; left out, those that the AWS CLI would use.

    Raises
    ------
    InvalidRequest, AccessDenied, ServiceUnavailable
    """

    def __init__(self, *, stack: str = STACK, region: str | None = None, session: boto3.Session | None = None) -> None:
        try:
            session = session or boto3.Session()
            region = region or session.region_name
            # Clients may be used by several threads, sessions may not (boto3, "Multithreading or multiprocessing").
            self._machines = StateMachines(session, stack, region)
            self._rekognition: Any = session.client("rekognition", region_name=region)
        except BotoCoreError as error:  # no such profile, or no such Region
            raise errors.InvalidRequest(str(error)) from error
        self._deployment = Deployment(session, stack, self._machines.region, self._machines.account)
        self._session = session

    def start(self, model: str, *, progress: Progress | None = None, **asked: Unpack[Asked]) -> Started:
        """Start a model, or join its start, and wait until it is RUNNING: what ``begin`` does, to its end.

        Raises
        ------
        CustomLabelsError
            Any of the contract's, by its name.
        """
        return self.started(self.begin(model, **asked), progress=progress)

    def begin(self, model: str, **asked: Unpack[Asked]) -> str:
        """Start a model without waiting for it: the ARN of the StartModel execution.

        Parameters
        ----------
        model : str
            A name of cdk.json, or a version's ARN.
        lease_id : str, optional
            Who needs the model; left out, the execution's name.
        minutes : int, optional
            How long it is needed from RUNNING on; 0: until it is released. Left out: as configured.
        units : int, optional
            Inference units to start it with.
        ready_at : datetime with a time zone, or str, optional
            Be RUNNING by then.
        wait_for_capacity : bool, optional
            Wait while others fill the quota.
        ignore_budget : bool, optional
            Start it even if the month's budget is used up; everybody is notified.
        dry_run : bool, optional
            Only say what would be done.
        context : JSON, optional
            Returned untouched in the output.

        Raises
        ------
        NotDeployed, AccessDenied, ServiceUnavailable
        """
        _known(asked, Asked)
        given = {_FIELDS[name][0]: _FIELDS[name][1](value) for name, value in asked.items()}
        payload = {**named(model), **given}
        return self._machines.start("StartModel", payload, "start")

    def started(self, execution_arn: str, *, progress: Progress | None = None) -> Started:
        """Wait until what ``begin`` has begun is done.

        Raises
        ------
        CustomLabelsError
            Any of the contract's, by its name.
        """
        return Started(self._machines.wait(execution_arn, progress), execution_arn)

    def extend(self, model: str, lease_id: str, *, minutes: int | None = None) -> Started:
        """Extend a lease that holds a RUNNING model. It starts nothing, and nobody is notified.

        Raises
        ------
        ModelStopped
            The lease is over, or the model does not run.
        CustomLabelsError
            Any other of the contract's.
        """
        payload = {**named(model), "LeaseId": lease_id, "LeaseMinutes": minutes, "ExtendOnly": True}
        return self.started(self._machines.start("StartModel", payload, "extend"))

    def stop(
        self, model: str, *, lease_id: str | None = None, force: bool = False, progress: Progress | None = None
    ) -> Stopped:
        """Release a lease, and stop the model unless others hold it; wait until that is done.

        Raises
        ------
        CustomLabelsError
            Any of the contract's, by its name.
        """
        return self.released(self.release(model, lease_id=lease_id, force=force), progress=progress)

    def released(self, execution_arn: str, *, progress: Progress | None = None) -> Stopped:
        """Wait until what ``release`` has begun is done.

        Raises
        ------
        CustomLabelsError
            Any of the contract's, by its name.
        """
        return Stopped(self._machines.wait(execution_arn, progress), execution_arn)

    def release(self, model: str, *, lease_id: str | None = None, force: bool = False) -> str:
        """The same without waiting for it: the ARN of the StopModel execution."""
        payload = {**named(model), "LeaseId": lease_id, "Force": force or None}
        return self._machines.start("StopModel", payload, "stop")

    @contextmanager
    def running(
        self,
        model: str,
        minutes: int = 15,
        at_most_minutes: int = 480,
        *,
        progress: Progress | None = None,
        **how: Unpack[HowToStart],
    ) -> Iterator[RunningModel]:
        """Have a model RUNNING while a block runs, and release it whatever happens.

        Parameters
        ----------
        minutes : int
            The lease, which is extended at half of its time: so long the model runs on if this process dies.
        at_most_minutes : int
            After so long it is extended no more.
        units, ready_at, wait_for_capacity, ignore_budget, context
            As of ``begin``.

        Raises
        ------
        CustomLabelsError
            It could not be started; or, at the end of the block, the lease could not be kept or released. An error of
            the block itself is raised as it is.
        """
        _known(how, HowToStart)
        for name, given in (("minutes", minutes), ("at_most_minutes", at_most_minutes)):
            if not isinstance(given, int | float):
                raise errors.InvalidRequest(f"{name}: {given!r} is no number.")
        if minutes < 1:
            raise errors.InvalidRequest(
                f"minutes: {minutes} is less than 1, and a lease that never ends outlives a process that dies."
            )
        self._warn_of_credentials(minutes, at_most_minutes)
        lease_id = _lease_id()
        heartbeat: Heartbeat | None = None
        try:
            started = self.start(model, lease_id=lease_id, minutes=minutes, progress=progress, **how)
            model = started.project_version_arn  # a name may mean a newer version by the end of the block
            heartbeat = Heartbeat(
                lambda: self.extend(model, lease_id, minutes=minutes), minutes * MINUTE, at_most_minutes * MINUTE
            )
            yield RunningModel(started, self._rekognition, heartbeat)
        except BaseException as error:
            # Also while it was starting: its lease is pending, and is released as any other.
            try:
                self._let_go(model, lease_id, heartbeat)
            except errors.CustomLabelsError as failure:
                error.add_note(f"The model was not released; its lease expires within {minutes} minutes: {failure}")
            raise
        self._let_go(model, lease_id, heartbeat)
        heartbeat.check()

    def past_starts(self, model: str) -> list[float]:
        """How long the last starts of a model took, in seconds; empty where that can't be read.

        Parameters
        ----------
        model : str
            A name of cdk.json, or a version's ARN.
        """
        return self._machines.past_starts(named(model))

    def report(self, name: str, *, month: str | None = None) -> dict[str, Any]:
        """What the dashboard's page shows, as data.

        Parameters
        ----------
        name : str
            ``models``, ``leases``, ``schedules``, ``inboxes`` or ``bill``; the fields: statemachine/schemas/report.*.
        month : str, optional
            Of the bill, as ``2026-11``; left out, this one.

        Raises
        ------
        NotDeployed, InvalidRequest, AccessDenied, ServiceUnavailable
        """
        return self._deployment.report(name, month)

    def sweep(self) -> dict[str, Any]:
        """Let the sweep run now, and wait for it: what it did.

        Raises
        ------
        NotDeployed, AccessDenied
        ServiceUnavailable
            It could not do everything: the message names what.
        """
        swept: dict[str, Any] = self._deployment.act("sweep")["Swept"]
        return swept

    def examine(self) -> Iterator[Finding]:
        """What is wrong with the deployment, and what mends it; it changes nothing, and starts no model.

        Raises
        ------
        NotDeployed, AccessDenied, ServiceUnavailable
            The stack itself can't be found, or read.
        """
        where = self._deployment
        where.check()
        yield from examined(
            DeployedStack(
                where.stack,
                where.region,
                where.account,
                lambda service: self._session.client(service, region_name=where.region),  # type: ignore[call-overload]  # named at run time
                where.report,
            )
        )

    def inbox(self, name: str) -> Inbox:
        """An inbox of the stack, by its name in cdk.json; nothing is asked until something is done with it."""
        return Inbox(name, self._deployment)

    def _warn_of_credentials(self, minutes: int, at_most_minutes: int) -> None:
        end, now = end_of(self._session), datetime.now(UTC)
        if end and end < now + timedelta(minutes=at_most_minutes):
            warnings.warn(
                f"Your credentials end at {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC, before at_most_minutes "
                f"({at_most_minutes}). After that the lease can be neither extended nor released: it holds the model "
                f"for up to {minutes} minutes more.",
                stacklevel=4,  # the with statement, beyond contextlib
            )

    def _let_go(self, model: str, lease_id: str, heartbeat: Heartbeat | None) -> None:
        if heartbeat:
            heartbeat.stop()
        self.release(model, lease_id=lease_id)


def detected(
    rekognition: Any,
    project_version_arn: str,
    image: Image,
    *,
    min_confidence: float | None,
    max_results: int | None,
) -> list[Label]:
    """What DetectCustomLabels finds, its errors by the contract's names."""
    options = {"MinConfidence": min_confidence, "MaxResults": max_results}
    try:
        answer = rekognition.detect_custom_labels(
            ProjectVersionArn=project_version_arn,
            Image=image_of(image),
            **{name: value for name, value in options.items() if value is not None},
        )
    except AWS_ERRORS as error:
        known = _OF_DETECTION.get(code_of(error))
        if known is None:
            refused("label the image", error)
        raise known(str(error), project_version_arn=project_version_arn) from error
    return [Label.of(found) for found in answer["CustomLabels"]]


_OF_DETECTION: Mapping[str, type[errors.CustomLabelsError]] = {
    "ResourceNotReadyException": errors.ModelStopped,
    "ResourceNotFoundException": errors.ModelNotFound,
    "InvalidParameterException": errors.InvalidRequest,
    "InvalidImageFormatException": errors.InvalidRequest,
    "InvalidS3ObjectException": errors.InvalidRequest,
    "ImageTooLargeException": errors.InvalidRequest,
    "ParamValidationError": errors.InvalidRequest,
}


def named(model: str) -> dict[str, str]:
    """The field that means a model: a version's ARN, or a configured name.

    Raises
    ------
    InvalidRequest
        It is neither, as of a variable of the environment that is not set.
    """
    if not isinstance(model, str) or not model:
        raise errors.InvalidRequest(
            f"The model is {model!r}: it has to be a name in cdk.json, or a version's ARN.",
            remedy="To see them: custom-labels models",
        )
    return {"ProjectVersionArn" if model.startswith("arn:") else "Model": model}


def _known(given: Mapping[str, Any], kind: type) -> None:
    """Refuse a name that is none, or that a block does not have: left out in silence it would do something else."""
    if unknown := sorted(given.keys() - get_type_hints(kind)):
        raise TypeError(f"{unknown[0]} is not among what may be given here: {', '.join(get_type_hints(kind))}.")


def _lease_id() -> str:
    """Says who it is in mails and on the page: ``client/build-7/4711-1f0c9a3b``."""
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:60] or "host"
    return f"client/{host}/{os.getpid()}-{uuid.uuid4().hex[:8]}"
