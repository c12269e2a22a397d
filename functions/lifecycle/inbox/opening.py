"""What DrainInbox's function does: open the inbox, once its model is RUNNING, and close it where its run was left."""

from collections.abc import Mapping
from datetime import datetime

from lifecycle.configuration import Inbox
from lifecycle.errors import InvalidRequest, LifecycleError
from lifecycle.executions.names import nested_name
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import execution_arn
from lifecycle.inbox import record as records
from lifecycle.inbox.changing import change
from lifecycle.inbox.decision import Act, Decided, EnableMapping, EndRun, drain
from lifecycle.inbox.ports import InboxRecords, Mappings, TaskTokens
from lifecycle.inbox.record import InboxRecord
from lifecycle.shared.text import as_text, escaped
from lifecycle.shared.wire import Json

_LEFT = "The run could not be opened, or no tick looked after it for five minutes."
_BY_ITSELF = "Nothing was done. DrainInbox is started by the inbox alone, as soon as images wait."


def open_inbox(
    payload: Json,
    *,
    execution: Execution,
    token: str,
    now: datetime,
    inboxes: Mapping[str, Inbox],
    run_with_model_arn: str,
    records_of: InboxRecords,
    mappings: Mappings,
    tokens: TaskTokens,
) -> Decided:
    """Let images be looked at; from then on ticks look after the task.

    Raises
    ------
    InvalidRequest
        This is not the inbox's own run: somebody has started DrainInbox.
    AccessDenied, ServiceUnavailable
    """
    inbox, number = _asked(payload, inboxes)
    version = payload["Model"]["ProjectVersionArn"]

    def opened(record: InboxRecord) -> tuple[InboxRecord, Decided]:
        arn = _own_run(record, execution, run_with_model_arn)
        decided = drain(record, number, token, version, arn, now)
        return decided.record, decided

    decided = change(records_of, inbox, opened)
    for act in decided.acts:
        _do(act, inbox, mappings, tokens)
    return decided


def close_inbox(
    payload: Json,
    *,
    execution: Execution,
    inboxes: Mapping[str, Inbox],
    run_with_model_arn: str,
    records_of: InboxRecords,
    mappings: Mappings,
) -> Decided:
    """Let no image be looked at any more in a run that nobody looks after, or that could not be opened.

    Raises
    ------
    InvalidRequest
        It is no run of the inbox, or not its last.
    AccessDenied, ServiceUnavailable
    """
    inbox, number = _asked(payload, inboxes)

    def closed(record: InboxRecord) -> tuple[InboxRecord, Decided]:
        _own_run(record, execution, run_with_model_arn)
        record = records.closed(record, number, _LEFT)
        return record, Decided(record, (), "No image is looked at any more.")

    decided = change(records_of, inbox, closed)
    mappings.disable(inbox)
    return decided


def _asked(payload: Json, inboxes: Mapping[str, Inbox]) -> tuple[str, int]:
    """The inbox and the number of its run, from an input that anybody may have written."""
    given = payload if isinstance(payload, dict) else {}
    inbox, number = given.get("Inbox"), given.get("Run")
    if not isinstance(inbox, str) or inbox not in inboxes or not isinstance(number, int):
        named = ", ".join(sorted(inboxes)) or "none"
        raise InvalidRequest(
            f"The input is not a DrainInbox request: Inbox {escaped(as_text(inbox), 80)} is no configured one "
            f"({named}), or Run is not its number.",
            remedy=_BY_ITSELF,
        )
    return inbox, number


def _own_run(record: InboxRecord, execution: Execution, run_with_model_arn: str) -> str:
    """The ARN of the run, of which this execution is the workload."""
    arn = execution_arn(run_with_model_arn, record.run.name) if record.run else ""
    if record.run is None or execution.name != nested_name("run", arn):
        raise InvalidRequest(f"This is not the run that the inbox {record.name} has begun.", remedy=_BY_ITSELF)
    return arn


def _do(act: Act, inbox: str, mappings: Mappings, tokens: TaskTokens) -> None:
    """What is due at once. Where it fails the next tick does it, which corrects the mapping every minute."""
    try:
        if isinstance(act, EnableMapping):
            mappings.enable(inbox)
        elif isinstance(act, EndRun):
            tokens.succeed(act.token, {"Inbox": inbox})
    except LifecycleError:
        return
