"""Executions with the same ClientRequestToken: which one is the first, and how the others end."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from lifecycle.errors import CONTRACT, InvalidRequest, ModelStopped, ServiceUnavailable, TimedOut
from lifecycle.executions.consistency import may_run
from lifecycle.executions.requests import Request, fingerprint
from lifecycle.executions.steps import Step, wait
from lifecycle.model.decisions import Action, Progress
from lifecycle.model.version import ModelVersion
from lifecycle.ports import Executions, ExecutionState, TokenHolder, Tokens
from lifecycle.shared.wire import Json, from_wire

R = TypeVar("R", bound=Request)
Result = TypeVar("Result")

TOKEN_KEPT = timedelta(hours=24)
"""How long a success still answers for later executions with its token."""
FOLLOW_GRACE = timedelta(minutes=10)
"""How much longer than its own timeout a duplicate waits: the first ends only when it has notified people."""
FOLLOW_SECONDS = 75
"""Between two status checks meanwhile: so few that a duplicate, too, stays under 1,000."""
MAX_TAKEOVERS = 10
"""Executions that may hold a token, and have failed, between two tries to hold it."""


_HELD_STILL = (
    "If the model is needed, start again with a new ClientRequestToken: for 24 hours after its end, the first "
    "execution answers for this one."
)
_FREE_AGAIN = (
    "If the model is needed, start again, with a new ClientRequestToken or the same one; the first execution's history "
    "says why it ended."
)


def token_key(machine: str, scope: str, token: str) -> str:
    """A token belongs to a state machine and a model (``Request.token_scope``)."""
    return f"{machine}#{scope}#{token}"


def hold_token(request: R, payload: Json, *, machine: str, now: datetime, tokens: Tokens, executions: Executions) -> R:
    """The request with ``duplicate_of``, where another execution holds its token.

    Raises
    ------
    InvalidRequest, ServiceUnavailable
    """
    if not request.client_request_token or request.dry_run:
        return request
    first = first_with_token(
        token_key(machine, request.token_scope, request.client_request_token),
        TokenHolder(request.execution_arn, fingerprint(payload), now),
        until=request.deadline + TOKEN_KEPT + timedelta(hours=1),
        now=now,
        tokens=tokens,
        executions=executions,
    )
    return replace(request, duplicate_of=first)


def first_with_token(
    token: str, mine: TokenHolder, *, until: datetime, now: datetime, tokens: Tokens, executions: Executions
) -> str | None:
    """Hold a token, or name the execution that does: this one is then its duplicate.

    The record says only who took the token last; whether that execution still counts, Step Functions itself is asked.
    A holder that failed is replaced on condition that it still is the holder, so two late comers can't both win.

    Raises
    ------
    InvalidRequest
        The first execution asked for something else with this token.
    """
    replaced = None
    for _ in range(MAX_TAKEOVERS):
        holder = tokens.hold(token, mine, until, instead_of=replaced)
        if holder.execution_arn == mine.execution_arn:
            return None
        if _counts(executions.describe(holder.execution_arn), holder, now):
            if holder.fingerprint != mine.fingerprint:
                raise InvalidRequest(
                    f"ClientRequestToken: was used with other fields by {holder.execution_arn}",
                    remedy="Start a new execution with a new ClientRequestToken, or with the same fields as the first.",
                )
            return holder.execution_arn
        replaced = holder.execution_arn
    raise ServiceUnavailable("The ClientRequestToken went from one failing execution to the next while this one tried.")


def _counts(first: ExecutionState | None, holder: TokenHolder, now: datetime) -> bool:
    """Whether an execution's token makes others its duplicates. A failed or aborted one frees its token.

    A young token is never taken over, though Step Functions may not know its holder yet.
    """
    if first is not None and first.status == "SUCCEEDED":
        return first.stopped_at is None or now - first.stopped_at < TOKEN_KEPT
    return may_run(first, holder.since, now)


def goes_on(first: ExecutionState | None, request: Request, now: datetime) -> bool:
    """Whether the execution that a request is a duplicate of may be under way still: it began before the request."""
    return may_run(first, request.began_at, now)


def wait_with_first(request: Request, progress: Progress, now: datetime) -> Step:
    """The first is under way still.

    Raises
    ------
    TimedOut
    """
    if now < request.deadline:
        return wait(request, progress, now, f"Waiting with {request.duplicate_of}.")
    if now < request.deadline + FOLLOW_GRACE:
        reason = f"Waiting for {request.duplicate_of} to end."
        return Step(Action.WAIT, reason, progress, wait_seconds=FOLLOW_SECONDS)
    raise TimedOut(
        f"The time is up, and {request.duplicate_of}, of which this is a duplicate, is still going on.",
        project_version_arn=request.project_version_arn,
    )


def version_of(first: ExecutionState | None) -> str | None:
    """The model version that the first execution was about, where its output says so."""
    arn: str | None = (first.output or {}).get("ProjectVersionArn") if first else None
    return arn


def result_of(
    first: ExecutionState | None, version: ModelVersion, kind: type[Result], *, model_must_run: bool
) -> Result:
    """The result of the first execution, once it has ended, for a duplicate to answer with.

    Raises
    ------
    LifecycleError
        The first's own error; ModelStopped where it has none to give, or the model does not run any more.
    """
    by_name = {error.__name__: error for error in CONTRACT}
    if first is not None and first.error in by_name:
        raise by_name[first.error].from_cause(first.cause)
    if first is None or first.output is None or (model_must_run and version.status != "RUNNING"):
        raise ModelStopped(
            f"The execution that this one is a duplicate of has ended "
            f"({first.status if first else 'its history is gone'}), and the model is {version.status}.",
            project_version_arn=version.project_version_arn,
            status=version.status,
            status_message=version.status_message,
            remedy=_HELD_STILL if first and first.status == "SUCCEEDED" else _FREE_AGAIN,
        )
    return from_wire(kind, first.output)
