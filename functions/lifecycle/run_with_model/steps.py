"""The steps of RunWithModel that need more than the state machine: prepare the run, follow another one."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lifecycle.configuration import Configuration
from lifecycle.errors import ModelStopped
from lifecycle.executions import client_tokens
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.requests import Execution
from lifecycle.executions.steps import Step
from lifecycle.model.decisions import Action, Progress
from lifecycle.ports import Executions, ExecutionState, Objects, Tokens
from lifecycle.run_with_model.request import RunRequest, run_request
from lifecycle.run_with_model.workload import check_workload
from lifecycle.shared.wire import Json

FOLLOW_SHARE = 0.1
"""A duplicate waits for a tenth of the time that it has waited: some 150 status checks in a year."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How the first run with a token has ended: for the duplicate to end the same way."""

    output: Any = None
    failure: Failure | None = None


def prepare(
    payload: Json,
    *,
    execution: Execution,
    now: datetime,
    configuration: Configuration,
    tokens: Tokens,
    executions: Executions,
    objects: Objects,
    **_: object,
) -> RunRequest:
    """Validate the input, hold the token, which guards the whole run, and see that there is a workload to run.

    Raises
    ------
    InvalidRequest, AccessDenied, ServiceUnavailable
    """
    request = client_tokens.hold_token(
        run_request(payload, execution, configuration),
        payload,
        machine="RunWithModel",
        now=now,
        tokens=tokens,
        executions=executions,
    )
    if request.duplicate_of is None:
        check_workload(payload["Workload"], execution, executions, objects)
    return request


def follow(request: RunRequest, progress: Progress, *, now: datetime, executions: Executions, **_: object) -> Step:
    """See how the first run with this token stands.

    Raises
    ------
    AccessDenied, ServiceUnavailable
    """
    first = executions.describe(request.duplicate_of or "")
    progress = replace(progress, polls=progress.polls + 1)
    if client_tokens.goes_on(first, request, now):
        waited = (now - request.began_at).total_seconds()
        seconds = round(max(client_tokens.FOLLOW_SECONDS, FOLLOW_SHARE * waited))
        return Step(Action.WAIT, f"Waiting with {request.duplicate_of}.", progress, wait_seconds=seconds)
    return Step(Action.DONE, f"Ended with {request.duplicate_of}.", progress, result=_as_the_first(request, first))


def _as_the_first(request: RunRequest, first: ExecutionState | None) -> Followed:
    if first is not None and first.output is not None:
        duplicate = {"Outcome": Outcome.DUPLICATE, "DuplicateOf": request.duplicate_of}
        return Followed(output={**first.output, "Model": {**first.output["Model"], **duplicate}})
    if first is not None and first.error:
        return Followed(failure=Failure(first.error, first.cause or ""))
    error = ModelStopped(
        f"The execution that this one is a duplicate of was ended "
        f"({first.status if first else 'its history is gone'}): {request.duplicate_of}",
        remedy="Start again, with a new ClientRequestToken or the same one.",
    )
    return Followed(failure=Failure(type(error).__name__, str(error)))
