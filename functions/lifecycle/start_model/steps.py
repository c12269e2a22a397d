"""The three steps of StartModel: prepare the request, check the model, request the start."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.errors import AccessDenied, InvalidRequest, ModelStopped
from lifecycle.executions import chosen_version, client_tokens
from lifecycle.executions.budget import spending_so_far
from lifecycle.executions.outcomes import Outcome, PlannedDecision
from lifecycle.executions.requests import Execution
from lifecycle.executions.steps import Step, Transition, check_model, failure, wait
from lifecycle.model import leases
from lifecycle.model.budget import Spending
from lifecycle.model.decisions import (
    Action,
    Decision,
    Progress,
    Refusal,
    StatusCheck,
    decide,
    made_after_all,
    out_of_time,
)
from lifecycle.model.leases import ModelItem, PastStart
from lifecycle.model.polling import UnderWay
from lifecycle.model.statuses import RUNS_NO_MORE, Target
from lifecycle.model.usage import Running
from lifecycle.model.version import ModelVersion
from lifecycle.model.version_choice import Choice, newest_good, to_extend
from lifecycle.ports import Executions, Ledger, ModelItems, Models, OpenExecutions, Tokens, left_to_the_sweep
from lifecycle.shared.pricing import second_cost
from lifecycle.shared.wire import Json
from lifecycle.start_model.budget import within_budget
from lifecycle.start_model.capacity import held_by_leases, with_capacity
from lifecycle.start_model.request import StartRequest, start_request
from lifecycle.start_model.result import StartResult, start_result

_FORCED = Decision(
    None,
    "Somebody stopped it by force, with StopModel, after this execution began.",
    ModelStopped,
    "Find out who stopped it: a StopModel execution with Force.\nIf the model is still needed, start it again.",
)
_RELEASED = Decision(
    None,
    "Somebody released its lease, with StopModel, before the model was RUNNING.",
    ModelStopped,
    "If the model is still needed, start it again.",
)


_FULL = Decision(
    None,
    f"LeaseId: the model has {leases.MAX_LEASES} leases, as many as are kept of one.",
    InvalidRequest,
    "Start with a LeaseId that is there already, which extends it; or release leases that nobody needs: StopModel.",
)
_NOT_EXTENDED = (
    "If the model is still needed, start it: StartModel with the same input without ExtendOnly takes the lease again."
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
    **_: object,
) -> StartRequest:
    """Validate the input, choose the version, see how long it has to start ahead, and hold the token.

    Raises
    ------
    InvalidRequest, ModelNotFound, ModelNotStartable, AccessDenied, ServiceUnavailable
    """

    def choose(name: str) -> Choice:
        model = configuration.models[name]
        versions, extended = models.versions_of(model.project_name), None
        if payload.get("ExtendOnly"):
            extended = to_extend(model, versions, items.all(left_to_the_sweep), payload["LeaseId"], now)
        return chosen_version.kept(extended or newest_good(model, versions), execution.id, open_executions)

    request = start_request(payload, execution, configuration, choose)
    request = replace(request, project_arn=models.project_arn(request.project_version_arn))
    if not configuration.manages(request.project_version_arn):
        # Also where it is RUNNING already: nobody could stop it when its lease ends.
        raise AccessDenied(
            "This app does not manage the project of this model.",
            project_version_arn=request.project_version_arn,
        )
    if request.ready_at:
        request = request.as_late_as(items.get(request.project_version_arn).starts)
    request = client_tokens.hold_token(
        request, payload, machine="StartModel", now=now, tokens=tokens, executions=executions
    )
    if request.duplicate_of or not request.extend_only:
        return request
    lease_id = request.lease_id if "Model" in payload else None
    found = chosen_version.of_lease(request, lease_id, configuration, items)
    if found.hint:
        raise ModelStopped(
            f"{request.model} has no lease {request.lease_id}.",
            remedy=f"{found.hint}\n{_NOT_EXTENDED}",
            project_version_arn=request.project_version_arn,
        )
    older = found.choice
    return replace(request, project_version_arn=older.project_version_arn, selection=older.reason) if older else request


def check(
    request: StartRequest,
    progress: Progress,
    *,
    now: datetime,
    configuration: Configuration,
    models: Models,
    items: ModelItems,
    executions: Executions,
    ledger: Ledger,
) -> Step:
    """Check the model's status, decide what to do next, and keep the lease.

    Raises
    ------
    LifecycleError
        Any of the contract's: the decision is to fail.
    """

    def describe(project_version_arn: str = request.project_version_arn) -> ModelVersion:
        return models.describe(project_version_arn, request.project_arn or "")

    def spent() -> Spending:
        return spending_so_far(items, ledger, now, configuration)

    def decided(item: ModelItem, version: ModelVersion, claim_over: bool) -> Transition:
        transition = start_transition(
            item, request, progress, version, claim_over=claim_over, now=now, configuration=configuration
        )
        transition = within_budget(transition, request, version, spent, now, configuration)
        refused = progress.refusal is Refusal.NO_CAPACITY
        if refused and transition.step and transition.step.action is Action.REQUEST and not request.dry_run:
            in_use = models.in_use()
            held = () if in_use.complete else held_by_leases(items, request, in_use, now, configuration)
            return with_capacity(transition, transition.step, request, version, in_use, held, now, configuration)
        return transition

    if request.duplicate_of:
        return _follow(request, progress, now, configuration, describe, executions)
    return check_model(
        request,
        now=now,
        configuration=configuration,
        items=items,
        executions=executions,
        describe=describe,
        decide=decided,
    )


def start_transition(
    item: ModelItem,
    request: StartRequest,
    progress: Progress,
    version: ModelVersion,
    *,
    claim_over: bool,
    now: datetime,
    configuration: Configuration,
) -> Transition:
    """What a status check leads to. Pure.

    Parameters
    ----------
    item : ModelItem
        Read before the version.
    claim_over : bool
        The item's claim, if there is one, is of an execution of which nothing can come any more.
    """
    seen = StatusCheck(version.status, now)
    if made_after_all(seen, progress):
        progress = replace(progress, refusal=None, unclear=False, inferred=True)
    claimed = item.claim is not None and not claim_over
    decision = _decide(item, request, progress, seen, claimed=claimed)
    checked = replace(
        progress,
        polls=progress.polls + 1,
        last_status=seen.status,
        checked_at=now,
        checked_before=progress.checked_at,
    )
    if decision.error:
        kept = item if request.dry_run else leases.give_back(item, request.execution_arn, now)
        return Transition(kept, error=failure(decision, version))
    if request.dry_run:
        return Transition(item, _dry_run(request, checked, now, configuration, version, decision))
    if now < request.due_at:
        return Transition(item, _wait_until_due(request, now, decision.reason))
    if claim_over:
        item = leases.unclaim(item, now)
    if not claimed and version.status in RUNS_NO_MORE:
        item = replace(item, running=None)  # its end was not observed
    if decision.action is Action.DONE:
        before = next((lease for lease in item.held(now) if lease.lease_id == request.lease_id), None)
        item = _recorded(_running(item, progress, version, now), progress, now)
        item = leases.settle(item, request.starter, now)
        result = start_result(
            request, checked, now, configuration, version, lease=item.lease(request.lease_id), before=before
        )
        return Transition(item, Step(Action.DONE, decision.reason, checked, result=result))
    # What was seen while a claim stood is explained by the claim.
    checked = Progress(polls=checked.polls, leased=True) if claimed else replace(checked, leased=True)
    item = leases.take(item, request.starter, now)
    if decision.action is Action.REQUEST:
        return Transition(item, Step(Action.REQUEST, decision.reason, checked))
    return Transition(
        item, wait(request, checked, now, decision.reason, start=_under_way(item, request, checked, now, configuration))
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
    """Request the start, and say how long to wait before the next status check.

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


def _decide(
    item: ModelItem, request: StartRequest, progress: Progress, seen: StatusCheck, *, claimed: bool
) -> Decision:
    """By the table, unless a stop decides."""
    if item.forced_since(request.began_at):
        return _FORCED
    if request.extend_only:
        return _extension(item, request, seen, claimed=claimed)
    if progress.leased and not _has_lease(item, request, seen.at) and seen.at < request.deadline:
        return _RELEASED
    if leases.is_full(item, request.starter):
        return _FULL
    if not claimed:
        return decide(Target.RUNNING, seen, progress, request.deadline)
    if seen.at >= request.deadline:
        return out_of_time(Target.RUNNING, seen, progress)
    return Decision(Action.WAIT, f"The model is {seen.status}; a stop is under way and has to end first.")


def _extension(item: ModelItem, request: StartRequest, seen: StatusCheck, *, claimed: bool) -> Decision:
    """Extends a lease that holds a RUNNING model, or fails: nothing is requested, and no new lease is taken."""
    lease = item.lease(request.lease_id)
    if lease is None or lease not in item.held(seen.at):
        why = "it was released, or has expired"
    elif seen.status != Target.RUNNING or claimed:
        why = "a stop is under way" if claimed else f"the model is {seen.status}"
    else:
        return Decision(Action.DONE, "The lease is extended.")
    return Decision(None, f"The lease {request.lease_id} holds no RUNNING model: {why}.", ModelStopped, _NOT_EXTENDED)


def _has_lease(item: ModelItem, request: StartRequest, now: datetime) -> bool:
    """Whether its lease is there still; a try of this status check whose answer was lost has settled it already."""
    settled = item.lease(request.lease_id)
    return item.pending_of(request.execution_arn) is not None or (settled is not None and settled in item.held(now))


def _running(item: ModelItem, progress: Progress, version: ModelVersion, now: datetime) -> ModelItem:
    """Remember since when the model runs, where this start has seen it begin."""
    unseen = progress.requested_at is None and progress.last_status is None
    if item.running is None:
        units = version.min_inference_units or 1
        return (
            item
            if unseen
            else replace(item, running=Running(now, units, max_inference_units=version.max_inference_units))
        )
    # A sweep may have found it RUNNING a moment ago, between two status checks of this start.
    seen = not unseen and item.running.found
    return replace(item, running=replace(item.running, found=False)) if seen else item


def _recorded(item: ModelItem, progress: Progress, now: datetime) -> ModelItem:
    """Remember how long a start of this execution's own took, where that is known."""
    if progress.requested_at is None or progress.inferred:
        return item
    before = (progress.checked_at - progress.requested_at).total_seconds() if progress.checked_at else 0
    took = (now - progress.requested_at).total_seconds()
    return leases.record(
        item, PastStart(progress.requested_at, longer_than=max(0, int(before)), at_most=max(1, math.ceil(took)))
    )


def _under_way(
    item: ModelItem, request: StartRequest, progress: Progress, now: datetime, configuration: Configuration
) -> UnderWay | None:
    """The start that this execution has requested, for when to check its status next."""
    if progress.requested_at is None:
        return None
    second = second_cost(request.min_inference_units, configuration.inference_unit_hour_usd)
    return UnderWay((now - progress.requested_at).total_seconds(), item.starts, second)


def _wait_until_due(request: StartRequest, now: datetime, reason: str) -> Step:
    """The first status check, long before the start, was only to fail early. What it saw is no part of the progress."""
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
    if client_tokens.goes_on(first, request, now):
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
