"""Executions with the same ClientRequestToken: which one is the first, and how the others end. Pure."""

from datetime import datetime, timedelta

from lifecycle.errors import CONTRACT, InvalidRequest, ModelStopped, ServiceUnavailable
from lifecycle.ports import Executions, ExecutionState, ModelVersion, TokenHolder, Tokens
from lifecycle.results import StartResult
from lifecycle.wire import from_wire

TOKEN_KEPT = timedelta(hours=24)
"""How long a success still answers for later executions with its token."""
MAX_TAKEOVERS = 10
"""Executions that may hold a token, and have failed, between two tries to hold it."""


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
        if _counts(executions.describe(holder.execution_arn), now):
            if holder.fingerprint != mine.fingerprint:
                raise InvalidRequest(
                    f"ClientRequestToken: was used with other fields by {holder.execution_arn}",
                    remedy="Start a new execution with a new ClientRequestToken, or with the same fields as the first.",
                )
            return holder.execution_arn
        replaced = holder.execution_arn
    raise ServiceUnavailable("The ClientRequestToken went from one failing execution to the next while this one tried.")


def _counts(first: ExecutionState | None, now: datetime) -> bool:
    """Whether an execution's token makes others its duplicates. A failed or aborted one frees its token."""
    if first is None:
        return False
    if first.status == "SUCCEEDED":
        return first.stopped_at is None or now - first.stopped_at < TOKEN_KEPT
    return first.status == "RUNNING"


def result_of(first: ExecutionState | None, version: ModelVersion) -> StartResult:
    """The result of the first execution, once it has ended, for a duplicate to answer with.

    Raises
    ------
    LifecycleError
        The first's own error; ModelStopped where it has none to give, or the model does not run any more.
    """
    by_name = {error.__name__: error for error in CONTRACT}
    if first is not None and first.error in by_name:
        raise by_name[first.error].from_cause(first.cause)
    if first is None or first.output is None or version.status != "RUNNING":
        raise ModelStopped(
            f"The execution that this one is a duplicate of has ended "
            f"({first.status if first else 'its history is gone'}), and the model is {version.status}.",
            project_version_arn=version.project_version_arn,
            status=version.status,
            status_message=version.status_message,
            remedy="Start again; the first execution's history says why it ended.",
        )
    return from_wire(StartResult, first.output)
