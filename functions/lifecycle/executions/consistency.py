"""What DescribeExecution does not know yet. Pure.

It is eventually consistent (Step Functions API reference): for a moment an execution that has begun may be unknown,
and one that has ended RUNNING. So what it does not know counts as over only once it can't be young any more.
"""

from datetime import datetime, timedelta

from lifecycle.ports import ExecutionState

KNOWN_AFTER = timedelta(minutes=5)
"""An execution that began before that is known, or gone: a moment takes seconds. Executions are known for 90 days."""


def may_run(state: ExecutionState | None, since: datetime | None, now: datetime) -> bool:
    """Whether an execution may be under way.

    Parameters
    ----------
    state : ExecutionState or None
        What Step Functions knows of it.
    since : datetime or None
        When it was under way for certain, or later; None where that is long ago.
    """
    if state is None:
        return since is not None and now - since <= KNOWN_AFTER
    return state.status == "RUNNING"
