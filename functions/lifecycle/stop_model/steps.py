"""The three steps of StopModel, the mirror of StartModel's: prepare the request, check the model, request the stop."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from lifecycle.configuration import Configuration
from lifecycle.errors import ModelNotFound
from lifecycle.executions import chosen_version, client_tokens
from lifecycle.executions.names import execution_name, start_once
from lifecycle.executions.outcomes import Outcome, PlannedDecision
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import execution_arn, state_machine_arn
from lifecycle.executions.steps import Step, Transition, check_model, failure, wait
from lifecycle.model import leases
from lifecycle.model.decisions import Action, Decision, StatusCheck, StopProgress, decide, made_after_all, out_of_time
from lifecycle.model.leases import ModelItem
from lifecycle.model.statuses import BILLS, GONE, Target
from lifecycle.model.version import ModelVersion
from lifecycle.model.version_choice import Choice, to_stop
from lifecycle.ports import Executions, ModelItems, Models, OpenExecutions, Tokens, left_to_the_sweep
from lifecycle.shared.wire import Json
from lifecycle.stop_model.request import StopRequest, stop_request
from lifecycle.stop_model.result import StopResult, stop_result

HandsOver = Callable[[str | None, str, datetime, Configuration], tuple[Sequence[str], datetime] | None]


def prepare(
    payload: Json,
    *,
    execution: Execution,
    now: datetime,
    configuration: Configuration,
    models: Models,
    tokens: Tokens,
    executions: Executions,
    items: ModelItems,
    open_executions: OpenExecutions,
    hand_over: HandsOver = lambda *_: None,
    **_: object,
) -> StopRequest:
    """Validate the input, choose the version, find its project and hold the token.

    A project that is gone is no error here. Where a name means several versions, each has an execution of its own.

    Parameters
    ----------
    hand_over : callable
        From a lease's id, the execution's name, the time and the configuration: the ids of the leases that are about to
        follow it, and until when they are waited for.

    Raises
    ------
    InvalidRequest, ModelNotFound, AccessDenied, ServiceUnavailable
    """

    def choose(name: str) -> Choice:
        model = configuration.models[name]
        lease_id = None if payload.get("Force") else payload.get("LeaseId")
        choice = to_stop(model, models.versions_of(model.project_name), items.all(left_to_the_sweep), lease_id, now)
        return chosen_version.kept(choice, execution.id, open_executions)

    request = stop_request(payload, execution, configuration, choose)
    try:
        request = replace(request, project_arn=models.project_arn(request.project_version_arn))
    except ModelNotFound:
        request = replace(request, project_arn=None)
    request = client_tokens.hold_token(
        request, payload, machine="StopModel", now=now, tokens=tokens, executions=executions
    )
    if request.duplicate_of:
        return request
    lease_id = request.lease_id if "Model" in payload and not request.force else None
    found = chosen_version.of_lease(request, lease_id, configuration, items)
    if older := found.choice:
        request = replace(
            request, project_version_arn=older.project_version_arn, selection=older.reason, others=older.others
        )
    if found.hint:
        request = replace(request, warnings=(*request.warnings, found.hint))
    if request.dry_run:
        return request
    if not request.force and (followed := hand_over(request.lease_id, execution.name, now, configuration)):
        request = request.handing_over(*followed)
    others = (arn for arn in request.others if arn != request.project_version_arn)
    return replace(request, other_executions=tuple(_stop_too(arn, payload, execution, executions) for arn in others))


def _stop_too(project_version_arn: str, payload: Json, execution: Execution, executions: Executions) -> str:
    """Start an execution that does the same with another version; answers its ARN. It is the same at each try."""
    fields = {name: value for name, value in payload.items() if name not in {"Model", "ClientRequestToken"}}
    name = execution_name(execution.name, execution.id, project_version_arn)
    machine = state_machine_arn(execution.id)
    start_once(executions, machine, name, {**fields, "ProjectVersionArn": project_version_arn})
    return execution_arn(machine, name)


def check(
    request: StopRequest,
    progress: StopProgress,
    *,
    now: datetime,
    configuration: Configuration,
    models: Models,
    items: ModelItems,
    executions: Executions,
    **_: object,
) -> Step:
    """Check the model's status, release what is to be released, and decide what to do next.

    Raises
    ------
    LifecycleError
        Any of the contract's: the decision is to fail.
    """

    def describe() -> ModelVersion:
        if request.project_arn is None:
            return ModelVersion(request.project_version_arn, GONE)
        try:
            return models.describe(request.project_version_arn, request.project_arn)
        except ModelNotFound:
            return ModelVersion(request.project_version_arn, GONE)

    def decided(item: ModelItem, version: ModelVersion, claim_over: bool) -> Transition:
        if _awaits_successor(item, request, progress, StatusCheck(version.status, now)):
            checked = replace(progress, polls=progress.polls + 1, last_status=version.status)
            return Transition(item, wait(request, checked, now, "The lease is kept until another takes over."))
        return stop_transition(
            item, request, progress, version, claim_over=claim_over, now=now, configuration=configuration
        )

    if request.duplicate_of:
        return _follow(request, progress, now, describe(), executions)
    return check_model(
        request,
        now=now,
        configuration=configuration,
        items=items,
        executions=executions,
        describe=describe,
        decide=decided,
    )


def stop_transition(
    item: ModelItem,
    request: StopRequest,
    progress: StopProgress,
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
        The claim of another execution, if there is one, can't lead to anything any more.
    """
    found = item
    seen = StatusCheck(version.status, now)
    if made_after_all(seen, progress):
        progress = replace(progress, refusal=None, unclear=False)
    mine = item.claim is not None and item.claim.execution_arn == request.execution_arn
    if not (mine or progress.released):
        item, progress = _released(item, request, progress, now)
    followed = item.claim is not None and not mine and not claim_over
    # A stop that has called nothing yet makes way for a start that waits for it.
    bound = followed or (mine and (request.force or progress.attempted_at is not None))
    kept = item.is_held(now) and not bound
    if claim_over or kept:
        item = leases.unclaim(item, now)
    decision = _decide(request, progress, seen, followed=followed, kept=kept)
    checked = replace(
        progress, polls=progress.polls + 1, last_status=seen.status, followed=progress.followed or followed
    )
    if decision.error:
        return Transition(found if request.dry_run else item, error=failure(decision, version))
    if request.dry_run:
        result = stop_result(request, checked, now, configuration, version, item, kept=kept)
        planned = PlannedDecision(decision.action or Action.DONE, decision.reason)
        result = replace(
            result, outcome=Outcome.DRY_RUN, decision=planned, requested_at=None, stopped_at=None, stop_seconds=None
        )
        return Transition(found, Step(Action.DONE, f"Dry run: {decision.reason}", checked, result=result))
    if decision.action is Action.DONE:
        result = stop_result(request, checked, now, configuration, version, item, kept=kept)
        if not kept:
            item = replace(leases.unclaim(item, now), running=None)
        return Transition(item, Step(Action.DONE, decision.reason, checked, result=result))
    if decision.action is Action.REQUEST or not (mine or followed):
        # Before a request also where the claim is there: an earlier status check of this execution, if one is still
        # under way, can't give it up any more.
        item = leases.claim(item, request.execution_arn, now)
    if decision.action is Action.REQUEST:
        # Only RUNNING models are requested to stop: of one whose start we did not observe, this is what is known.
        item = leases.found_running(item, version.min_inference_units, now, version.max_inference_units)
        return Transition(item, Step(Action.REQUEST, decision.reason, checked))
    return Transition(item, wait(request, checked, now, decision.reason))


def request_stop(
    request: StopRequest,
    progress: StopProgress,
    *,
    retries: int,
    now: datetime,
    models: Models,
    items: ModelItems,
) -> Step:
    """Request the stop, if this execution has the claim still, and say how long to wait before the next status check.

    Raises
    ------
    InvalidRequest, AccessDenied, ServiceUnavailable, NoAnswer
    """
    if not may_request_stop(items.get(request.project_version_arn), request):
        return wait(request, progress, now, "The claim of this stop is gone.")
    try:
        refusal = models.stop(request.project_version_arn)
    except ModelNotFound:
        return Step(Action.WAIT, "The version is gone.", progress, wait_seconds=1)
    progress = replace(
        progress,
        attempted_at=now,
        status_at_attempt=progress.last_status,
        refusal=refusal,
        unclear=refusal is not None and (retries > 0 or progress.unclear),
    )
    return wait(
        request, progress, now, f"The request was refused: {refusal}." if refusal else "The stop was requested."
    )


def may_request_stop(item: ModelItem, request: StopRequest) -> bool:
    """Whether a stop may be requested right now: the claim is this execution's. Pure."""
    return item.claim is not None and item.claim.execution_arn == request.execution_arn


def _awaits_successor(item: ModelItem, request: StopRequest, progress: StopProgress, seen: StatusCheck) -> bool:
    """Whether the lease is not to be released yet: of those to which it hands over none is there, but may come.

    Both are read from one item, so the model is held by the one or the other at any time. Of a model that does not run,
    or is being stopped, there is nothing to hand over.
    """
    if request.hand_over is None or seen.at >= request.hand_over.until:
        return False
    there = {lease.lease_id for lease in item.held(seen.at)} | {start.lease_id for start in item.awaited(seen.at)}
    kept = request.lease_id in there and not progress.released and item.claim is None and seen.status in BILLS
    return kept and there.isdisjoint(request.hand_over.to)


def _released(
    item: ModelItem, request: StopRequest, progress: StopProgress, now: datetime
) -> tuple[ModelItem, StopProgress]:
    """Do once what the input asks: end all leases, or the one it names."""
    progress = replace(progress, released=True)
    if request.force:
        return leases.force(item, now), progress
    if request.lease_id is None:
        return item, progress
    released = leases.release(item, request.lease_id, now)
    return released, replace(progress, unknown_lease=released == item)


def _decide(request: StopRequest, progress: StopProgress, seen: StatusCheck, *, followed: bool, kept: bool) -> Decision:
    """By the table, unless somebody needs the model or another stop is at it."""
    if kept:
        return Decision(Action.DONE, f"The model is {seen.status}, and somebody needs it.")
    if not followed:
        return decide(Target.STOPPED, seen, progress, request.deadline)
    if seen.at >= request.deadline:
        return out_of_time(Target.STOPPED, seen, progress)
    return Decision(Action.WAIT, f"The model is {seen.status}; another execution is stopping it.")


def _follow(
    request: StopRequest, progress: StopProgress, now: datetime, version: ModelVersion, executions: Executions
) -> Step:
    """A duplicate waits with the first execution, and ends as it did."""
    first = executions.describe(request.duplicate_of or "")
    progress = replace(progress, polls=progress.polls + 1)
    if client_tokens.goes_on(first, request, now):
        return client_tokens.wait_with_first(request, progress, now)
    result = replace(
        client_tokens.result_of(first, version, StopResult, model_must_run=False),
        outcome=Outcome.DUPLICATE,
        duplicate_of=request.duplicate_of,
        polls=progress.polls,
        context=request.context,
    )
    return Step(Action.DONE, f"Ended with {request.duplicate_of}.", progress, result=result)
