"""The three steps of StartModel: prepare the request, check the model, request the start."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lifecycle import duplicates
from lifecycle.configuration import Configuration
from lifecycle.decisions import Action, Decision, Look, Progress, Refusal, decide_start, made_after_all
from lifecycle.errors import CapacityExceeded, LifecycleError, TimedOut
from lifecycle.polling import wait_seconds
from lifecycle.ports import Executions, InUse, Models, ModelVersion, TokenHolder, Tokens
from lifecycle.requests import Execution, StartRequest, fingerprint, start_request
from lifecycle.results import Outcome, PlannedDecision, StartResult, start_result
from lifecycle.wire import Json

FOLLOW_GRACE = timedelta(minutes=10)
"""How much longer than its own timeout a duplicate waits: the first ends only when it has told people."""
FOLLOW_SECONDS = 75
"""Between two looks meanwhile: so few that a duplicate, too, stays under 1,000."""
_TOO_MANY_UNITS = (
    "No other model holds capacity now. Start again, if one has just stopped; else start with fewer inference units, "
    "or raise the quota in Service Quotas (Amazon Rekognition)."
)


@dataclass(frozen=True, slots=True)
class Step:
    """What the state machine does next: ``$next``."""

    action: Action
    reason: str
    progress: Progress
    wait_seconds: int | None = None
    result: StartResult | None = None


def prepare(
    payload: Json,
    *,
    execution: Execution,
    now: datetime,
    configuration: Configuration,
    models: Models,
    tokens: Tokens,
    executions: Executions,
) -> StartRequest:
    """Validate the input, find the model's project and hold the token.

    Raises
    ------
    InvalidRequest, ModelNotFound, AccessDenied, ServiceUnavailable
    """
    request = start_request(payload, execution, configuration)
    request = replace(request, project_arn=models.project_arn(request.project_version_arn))
    if request.client_request_token and not request.dry_run:
        first = duplicates.first_with_token(
            f"StartModel#{request.project_version_arn}#{request.client_request_token}",
            TokenHolder(execution.id, fingerprint(payload)),
            until=request.deadline + duplicates.TOKEN_KEPT + timedelta(hours=1),
            now=now,
            tokens=tokens,
            executions=executions,
        )
        request = replace(request, duplicate_of=first)
    return request


def check(
    request: StartRequest,
    progress: Progress,
    *,
    now: datetime,
    configuration: Configuration,
    models: Models,
    executions: Executions,
) -> Step:
    """Look at the model and decide what to do next.

    Raises
    ------
    LifecycleError
        Any of the contract's: the decision is to fail.
    """
    if request.duplicate_of:
        return _follow(request, progress, now, configuration, models, executions)
    # The lease will be asserted here, at every look from due_at on, before the model is described.
    version = _describe(models, request)
    look = Look(version.status, now)
    if made_after_all(look, progress):
        progress = replace(progress, refusal=None, unclear=False)
    decision = decide_start(look, progress, request.deadline)
    progress = replace(progress, polls=progress.polls + 1, last_status=look.status)
    if decision.error:
        raise _failure(decision, version)
    if request.dry_run:
        return _dry_run(request, progress, now, configuration, version, decision)
    if now < request.due_at:
        return _wait_until_due(request, now, decision.reason)
    if decision.action is Action.REQUEST and progress.refusal is Refusal.NO_CAPACITY:
        in_use = models.in_use()
        if any(model.project_version_arn == request.project_version_arn for model in in_use.models):
            return _wait(request, progress, now, "The model itself holds capacity by now.")
        progress = replace(progress, alone=_alone_without_capacity(request, progress, version, in_use))
    match decision.action:
        case Action.DONE:
            result = start_result(request, progress, now, configuration, version)
            return Step(Action.DONE, decision.reason, progress, result=result)
        case Action.REQUEST:
            return Step(Action.REQUEST, decision.reason, progress)
        case _:
            return _wait(request, progress, now, decision.reason)


def request_start(request: StartRequest, progress: Progress, *, retries: int, now: datetime, models: Models) -> Step:
    """Request the start, and say how long to wait before the next look.

    Parameters
    ----------
    retries : int
        How often the state machine has tried this very request before. A refusal of a retry is unclear: a try before
        it may have been accepted, its answer lost. It stays unclear until the status moves or a request is accepted.

    Raises
    ------
    ModelNotFound, InvalidRequest, AccessDenied, ServiceUnavailable, NoAnswer
    """
    refusal = models.start(request.project_version_arn, request.min_inference_units, request.max_inference_units)
    progress = replace(
        progress,
        attempted_at=now,
        status_at_attempt=progress.last_status,
        refusal=refusal,
        unclear=refusal is not None and (retries > 0 or progress.unclear),
    )
    if refusal is Refusal.NO_CAPACITY and not request.wait_for_capacity:
        return Step(Action.WAIT, "The quota is used up.", progress, wait_seconds=1)
    reason = f"The request was refused: {refusal}." if refusal else "The start was requested."
    return _wait(request, progress, now, reason, just_requested=refusal is None)


def _describe(models: Models, request: StartRequest) -> ModelVersion:
    return models.describe(request.project_version_arn, request.project_arn or "")


def _failure(decision: Decision, version: ModelVersion) -> LifecycleError:
    assert decision.error is not None  # noqa: S101 - for the type checker
    return decision.error(
        decision.reason,
        remedy=decision.remedy,
        project_version_arn=version.project_version_arn,
        status=version.status,
        status_message=version.status_message,
    )


def _wait(
    request: StartRequest, progress: Progress, now: datetime, reason: str, *, just_requested: bool = False
) -> Step:
    seconds = wait_seconds(
        now=now,
        deadline=request.deadline,
        turns=progress.polls,
        poll_seconds=request.poll_seconds,
        just_requested=just_requested,
    )
    return Step(Action.WAIT, reason, progress, wait_seconds=seconds)


def _wait_until_due(request: StartRequest, now: datetime, reason: str) -> Step:
    """The first look, long before the start, was only to fail early. What it saw is no part of the progress."""
    seconds = max(1, int((request.due_at - now).total_seconds()) + 1)
    return Step(Action.WAIT, f"Not due yet. {reason}", Progress(polls=1), wait_seconds=seconds)


def _alone_without_capacity(request: StartRequest, progress: Progress, version: ModelVersion, in_use: InUse) -> bool:
    """Whether no other model holds the capacity that was refused; fails where waiting for it makes no sense."""
    alone = in_use.complete and not in_use.models
    if request.wait_for_capacity and not (alone and progress.alone):
        return alone
    held = ", ".join(
        f"{m.project_version_arn} ({m.status}, {m.min_inference_units or '?'} units)" for m in in_use.models
    )
    asked = max(request.min_inference_units, request.max_inference_units or 0)
    raise CapacityExceeded(
        f"The service refused {asked} inference unit(s) for this model: LimitExceededException. "
        f"Models that fill the quota now: {held or 'none'}"
        f"{'' if in_use.complete else ' that could be read; not all projects could'}. "
        "The default quota is 2 running models in an account and Region, and 5 inference units a model.",
        project_version_arn=request.project_version_arn,
        status=version.status,
        status_message=version.status_message,
        remedy=_TOO_MANY_UNITS if alone else None,
    )


def _dry_run(
    request: StartRequest,
    progress: Progress,
    now: datetime,
    configuration: Configuration,
    version: ModelVersion,
    decision: Decision,
) -> Step:
    assert decision.action is not None  # noqa: S101 - for the type checker
    result = replace(
        start_result(request, progress, now, configuration, version),
        outcome=Outcome.DRY_RUN,
        requested_at=None,
        running_at=None,
        start_seconds=None,
        decision=PlannedDecision(decision.action, decision.reason),
    )
    return Step(Action.DONE, f"Dry run: {decision.reason}", progress, result=result)


def _follow(
    request: StartRequest,
    progress: Progress,
    now: datetime,
    configuration: Configuration,
    models: Models,
    executions: Executions,
) -> Step:
    """A duplicate waits with the first execution, and ends as it did."""
    arn = request.duplicate_of or ""
    first = executions.describe(arn)
    progress = replace(progress, polls=progress.polls + 1)
    if first is not None and first.status == "RUNNING":
        if now < request.due_at:
            return _wait_until_due(request, now, f"Waiting with {arn}.")
        if now < request.deadline:
            return _wait(request, progress, now, f"Waiting with {arn}.")
        if now < request.deadline + FOLLOW_GRACE:
            return Step(Action.WAIT, f"Waiting for {arn} to end.", progress, wait_seconds=FOLLOW_SECONDS)
        raise TimedOut(
            f"The time is up, and {arn}, of which this is a duplicate, is still going on.",
            project_version_arn=request.project_version_arn,
        )
    version = _describe(models, request)
    first_result = duplicates.result_of(first, version)
    result = replace(
        start_result(request, progress, now, configuration, version),
        outcome=Outcome.DUPLICATE,
        duplicate_of=arn,
        requested_at=first_result.requested_at,
        running_at=first_result.running_at,
        start_seconds=first_result.start_seconds,
        lease_id=first_result.lease_id,
        lease_expires_at=first_result.lease_expires_at,
    )
    return Step(Action.DONE, f"Ended with {arn}.", progress, result=result)
