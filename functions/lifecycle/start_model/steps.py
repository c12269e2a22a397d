"""The three steps of StartModel: prepare the request, check the model, request the start."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.errors import AccessDenied, CapacityExceeded, InvalidRequest, ModelStopped
from lifecycle.executions import client_tokens
from lifecycle.executions.outcomes import Outcome, PlannedDecision
from lifecycle.executions.requests import Execution, kept
from lifecycle.executions.steps import Step, Turn, failure, look, wait
from lifecycle.model import leases
from lifecycle.model.decisions import Action, Decision, Look, Progress, Refusal, decide, made_after_all, out_of_time
from lifecycle.model.leases import ModelItem, PastStart
from lifecycle.model.polling import UnderWay
from lifecycle.model.statuses import RUNS_NO_MORE, Target
from lifecycle.model.usage import Running
from lifecycle.model.version import InUse, ModelVersion
from lifecycle.model.version_choice import Choice, newest_good
from lifecycle.ports import Executions, ModelItems, Models, OpenExecutions, Tokens
from lifecycle.shared.pricing import second_cost
from lifecycle.shared.text import shortened
from lifecycle.shared.wire import Json
from lifecycle.start_model.request import StartRequest, start_request
from lifecycle.start_model.result import StartResult, start_result

MAX_TOLD = 20
"""Models that a message names; more are counted."""
_TOO_MANY_UNITS = (
    "No other model holds capacity now. Start again, if one has just stopped; else start with fewer inference units, "
    "or raise the quota in Service Quotas (Amazon Rekognition)."
)
_FORCED = Decision(
    None,
    "The model was stopped by force after this execution began.",
    ModelStopped,
    "Ask who stopped it by force (a StopModel execution with Force), and start again if it is needed all the same.",
)
_RELEASED = Decision(
    None,
    "The lease of this start was released by StopModel before the model was RUNNING.",
    ModelStopped,
    "Start again if the model is needed all the same.",
)


_FULL = Decision(
    None,
    f"LeaseId: the model has {leases.MAX_LEASES} leases, as many as are kept of one.",
    InvalidRequest,
    "Start with a LeaseId that is there already, which extends it; or release leases that nobody needs: StopModel.",
)


def prepare(
    payload: Json,
    *,
    execution: Execution,
    now: datetime,
    configuration: Configuration,
    models: Models,
    items: ModelItems,
    tokens: Tokens,
    executions: Executions,
    open_executions: OpenExecutions,
) -> StartRequest:
    """Validate the input, choose the version, see how long it has to start ahead, and hold the token.

    Raises
    ------
    InvalidRequest, ModelNotFound, ModelNotStartable, AccessDenied, ServiceUnavailable
    """

    def choose(name: str) -> Choice:
        model = configuration.models[name]
        return kept(newest_good(model, models.versions_of(model.project_name)), execution.id, open_executions)

    request = start_request(payload, execution, configuration, choose)
    request = replace(request, project_arn=models.project_arn(request.project_version_arn))
    if not configuration.manages(request.project_version_arn):
        # Also where it is RUNNING already: nobody could stop it when its lease ends.
        raise AccessDenied(
            "This app is not configured for the project of this model.",
            project_version_arn=request.project_version_arn,
        )
    if request.ready_at:
        request = request.as_late_as(items.get(request.project_version_arn).starts)
    return client_tokens.hold_token(
        request, payload, machine="StartModel", now=now, tokens=tokens, executions=executions
    )


def check(
    request: StartRequest,
    progress: Progress,
    *,
    now: datetime,
    configuration: Configuration,
    models: Models,
    items: ModelItems,
    executions: Executions,
) -> Step:
    """Look at the model, decide what to do next, and keep the lease.

    Raises
    ------
    LifecycleError
        Any of the contract's: the decision is to fail.
    """

    def describe(project_version_arn: str = request.project_version_arn) -> ModelVersion:
        return models.describe(project_version_arn, request.project_arn or "")

    def decided(item: ModelItem, version: ModelVersion, claim_over: bool) -> Turn:
        turn = start_turn(item, request, progress, version, claim_over=claim_over, now=now, configuration=configuration)
        refused = progress.refusal is Refusal.NO_CAPACITY
        if refused and turn.step and turn.step.action is Action.REQUEST and not request.dry_run:
            return _with_capacity(turn, turn.step, request, version, models.in_use(), now)
        return turn

    if request.duplicate_of:
        return _follow(request, progress, now, configuration, describe, executions)
    return look(
        request,
        now=now,
        configuration=configuration,
        items=items,
        executions=executions,
        describe=describe,
        decide=decided,
    )


def start_turn(
    item: ModelItem,
    request: StartRequest,
    progress: Progress,
    version: ModelVersion,
    *,
    claim_over: bool,
    now: datetime,
    configuration: Configuration,
) -> Turn:
    """What a look leads to. Pure.

    Parameters
    ----------
    item : ModelItem
        Read before the version was looked at.
    claim_over : bool
        The item's claim, if there is one, is of an execution of which nothing can come any more.
    """
    seen = Look(version.status, now)
    if made_after_all(seen, progress):
        progress = replace(progress, refusal=None, unclear=False, inferred=True)
    claimed = item.claim is not None and not claim_over
    decision = _decide(item, request, progress, seen, claimed=claimed)
    looked = replace(
        progress,
        polls=progress.polls + 1,
        last_status=seen.status,
        looked_at=now,
        looked_before=progress.looked_at,
    )
    if decision.error:
        kept = item if request.dry_run else leases.give_back(item, request.execution_arn, now)
        return Turn(kept, error=failure(decision, version))
    if request.dry_run:
        return Turn(item, _dry_run(request, looked, now, configuration, version, decision))
    if now < request.due_at:
        return Turn(item, _wait_until_due(request, now, decision.reason))
    if claim_over:
        item = leases.unclaim(item, now)
    if not claimed and version.status in RUNS_NO_MORE:
        item = replace(item, running=None)  # nobody of ours has seen it end
    if decision.action is Action.DONE:
        before = next((lease for lease in item.held(now) if lease.lease_id == request.lease_id), None)
        item = _recorded(_running(item, progress, version, now), progress, now)
        item = leases.settle(item, request.starter, now)
        result = start_result(
            request, looked, now, configuration, version, lease=item.lease(request.lease_id), before=before
        )
        return Turn(item, Step(Action.DONE, decision.reason, looked, result=result))
    # What was seen while a claim stood is explained by the claim.
    looked = Progress(polls=looked.polls, leased=True) if claimed else replace(looked, leased=True)
    item = leases.take(item, request.starter, now)
    if decision.action is Action.REQUEST:
        return Turn(item, Step(Action.REQUEST, decision.reason, looked))
    return Turn(
        item, wait(request, looked, now, decision.reason, start=_under_way(item, request, looked, now, configuration))
    )


def request_start(
    request: StartRequest,
    progress: Progress,
    *,
    retries: int,
    now: datetime,
    configuration: Configuration,
    models: Models,
    items: ModelItems,
) -> Step:
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
    item = items.get(request.project_version_arn)
    if not may_request_start(item, request, now):
        progress = replace(progress, unclear=progress.unclear or retries > 0)
        return wait(request, progress, now, "The lease of this start is gone, or a stop has begun.")
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
    return wait(request, progress, now, reason, start=_under_way(item, request, progress, now, configuration))


def may_request_start(item: ModelItem, request: StartRequest, now: datetime) -> bool:
    """Whether a start may be requested right now: its lease is there, and no claim. Pure."""
    mine = item.pending_of(request.execution_arn)
    return mine is not None and now < mine.expires_at and item.claim is None


def _decide(item: ModelItem, request: StartRequest, progress: Progress, seen: Look, *, claimed: bool) -> Decision:
    """By the table, unless a stop of ours has the say."""
    if item.forced_since(request.began_at):
        return _FORCED
    if progress.leased and not _has_lease(item, request, seen.at) and seen.at < request.deadline:
        return _RELEASED
    if leases.is_full(item, request.starter):
        return _FULL
    if not claimed:
        return decide(Target.RUNNING, seen, progress, request.deadline)
    if seen.at >= request.deadline:
        return out_of_time(Target.RUNNING, seen, progress)
    return Decision(Action.WAIT, f"The model is {seen.status}; a stop is under way and has to end first.")


def _has_lease(item: ModelItem, request: StartRequest, now: datetime) -> bool:
    """Whether nobody has released its lease, which is settled already where a try of this look has lost its answer."""
    settled = item.lease(request.lease_id)
    return item.pending_of(request.execution_arn) is not None or (settled is not None and settled in item.held(now))


def _running(item: ModelItem, progress: Progress, version: ModelVersion, now: datetime) -> ModelItem:
    """Remember since when the model runs, where this start has seen it begin."""
    unseen = progress.requested_at is None and progress.last_status is None
    if item.running is None:
        return item if unseen else replace(item, running=Running(now, version.min_inference_units or 1))
    # A sweep may have found it RUNNING a moment ago, between two looks of this start.
    seen = not unseen and item.running.found
    return replace(item, running=replace(item.running, found=False)) if seen else item


def _recorded(item: ModelItem, progress: Progress, now: datetime) -> ModelItem:
    """Remember how long a start of this execution's own took, where that is known."""
    if progress.requested_at is None or progress.inferred:
        return item
    before = (progress.looked_at - progress.requested_at).total_seconds() if progress.looked_at else 0
    took = (now - progress.requested_at).total_seconds()
    return leases.record(
        item, PastStart(progress.requested_at, longer_than=max(0, int(before)), at_most=max(1, math.ceil(took)))
    )


def _under_way(
    item: ModelItem, request: StartRequest, progress: Progress, now: datetime, configuration: Configuration
) -> UnderWay | None:
    """The start that this execution has requested, for when to look at it next."""
    if progress.requested_at is None:
        return None
    second = second_cost(request.min_inference_units, configuration.inference_unit_hour_usd)
    return UnderWay((now - progress.requested_at).total_seconds(), item.starts, second)


def _with_capacity(
    turn: Turn, step: Step, request: StartRequest, version: ModelVersion, in_use: InUse, now: datetime
) -> Turn:
    """Whether to request again a start that was refused for want of capacity."""
    if any(model.project_version_arn == request.project_version_arn for model in in_use.models):
        return Turn(turn.item, wait(request, step.progress, now, "The model itself holds capacity by now."))
    alone = in_use.complete and not in_use.models
    if request.wait_for_capacity and not (alone and step.progress.alone):
        return Turn(turn.item, replace(step, progress=replace(step.progress, alone=alone)))
    error = _capacity_exceeded(request, version, in_use, alone=alone)
    return Turn(leases.give_back(turn.item, request.execution_arn, now), error=error)


def _capacity_exceeded(request: StartRequest, version: ModelVersion, in_use: InUse, *, alone: bool) -> CapacityExceeded:
    held = [f"{m.project_version_arn} ({m.status}, {m.min_inference_units or '?'} units)" for m in in_use.models]
    asked = max(request.min_inference_units, request.max_inference_units or 0)
    return CapacityExceeded(
        f"The service refused {asked} inference unit(s) for this model: LimitExceededException. "
        f"Models that fill the quota now: {', '.join(shortened(held, MAX_TOLD)) or 'none'}"
        f"{'' if in_use.complete else ' that could be read; not all projects could'}. "
        "The default quota is 2 running models in an account and Region, and 5 inference units a model.",
        project_version_arn=request.project_version_arn,
        status=version.status,
        status_message=version.status_message,
        remedy=_TOO_MANY_UNITS if alone else None,
    )


def _wait_until_due(request: StartRequest, now: datetime, reason: str) -> Step:
    """The first look, long before the start, was only to fail early. What it saw is no part of the progress."""
    seconds = max(1, int((request.due_at - now).total_seconds()) + 1)
    return Step(Action.WAIT, f"Not due yet. {reason}", Progress(polls=1), wait_seconds=seconds)


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
    describe: Callable[[str], ModelVersion],
    executions: Executions,
) -> Step:
    """A duplicate waits with the first execution, and ends as it did."""
    first = executions.describe(request.duplicate_of or "")
    progress = replace(progress, polls=progress.polls + 1)
    if first is not None and first.status == "RUNNING":
        if now < request.due_at:
            return _wait_until_due(request, now, f"Waiting with {request.duplicate_of}.")
        return client_tokens.wait_with_first(request, progress, now)
    # By a name that means the newest version it may have been another one for the first.
    arn = client_tokens.version_of(first) or request.project_version_arn
    version = describe(arn)
    first_result = client_tokens.result_of(first, version, StartResult, model_must_run=True)
    result = replace(
        start_result(replace(request, project_version_arn=arn), progress, now, configuration, version),
        outcome=Outcome.DUPLICATE,
        selection=first_result.selection,
        duplicate_of=request.duplicate_of,
        requested_at=first_result.requested_at,
        running_at=first_result.running_at,
        start_seconds=first_result.start_seconds,
        lease_id=first_result.lease_id,
        lease_expires_at=first_result.lease_expires_at,
    )
    return Step(Action.DONE, f"Ended with {request.duplicate_of}.", progress, result=result)
