"""Who asked for an execution, and why one failed, in words that fit into a sentence. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lifecycle.executions.outcomes import STARTED_BY_SWEEP
from lifecycle.executions.state_machines import Machine
from lifecycle.notifications.execution_end import Ending
from lifecycle.shared.text import clause, clock, escaped, first_sentence, plural
from lifecycle.workflows import WORKFLOWS


@dataclass(frozen=True, slots=True)
class Reason:
    """Of an Error: as few words as a subject has room for; and a clause, where the Cause has none of its own."""

    in_short: str
    clause: str


_REASONS: Mapping[str | None, Reason] = {
    "InvalidRequest": Reason("the request is invalid", "the request is invalid"),
    "ModelNotFound": Reason("it does not exist", "it does not exist in this account and Region"),
    "ModelNotStartable": Reason("its status forbids it", "a model with its status can't be started"),
    "ModelFailed": Reason("it has FAILED", "Amazon Rekognition reports the status FAILED"),
    "ModelStopped": Reason("somebody stopped it", "somebody stopped it meanwhile"),
    "AccessDenied": Reason("a permission is missing", "AWS denied this app a permission that it needs"),
    "CapacityExceeded": Reason("the quota is used up", "other models use up the account's quota"),
    "BudgetExceeded": Reason("this month's budget is used up", "this month's budget is used up"),
    "ServiceUnavailable": Reason(
        "AWS did not respond",
        "AWS, or a function of this app, did not respond as it should, however often it was tried",
    ),
}
_UNKNOWN = Reason("the reason is unknown", "the execution gives no reason")

_FROM_AN_API = re.compile(r"[\w ]+ (answered|got no answer)\b")
"""How a Message begins that repeats what an API said."""
_SPEAKS_FOR_ITSELF = ("ModelFailed", "ModelNotStartable")
"""Errors that the service's own words on the status explain; of a model that is STOPPED they say just that."""
MAX_REASON, MAX_PROBLEM, MAX_QUOTED = 300, 120, 100
"""Characters in a headline of a Message's first sentence, of what is wrong with a request, and of the service's own
words; what does not fit stands below it."""


def in_short(ending: Ending) -> str:
    """Why an execution failed, for a subject."""
    return _REASONS.get(ending.error, _UNKNOWN).in_short


def why(ending: Ending) -> str:
    """Why an execution failed, as the end of a sentence, without its full stop."""
    if problems := _problems(ending):
        named = f"the request has {plural(len(problems), 'problem')}, named below"
        return f"the request is invalid ({problems[0].rstrip('.')})" if _in_full(problems) else named
    lead = _lead(ending)
    if lead and WORKFLOWS[ending.machine].ends_as_a_workload:
        return lead  # a workload's own words, which are left as they are
    reason = clause(lead) if lead else _REASONS.get(ending.error, _UNKNOWN).clause
    quoted = ending.cause.get("StatusMessage") if ending.error in _SPEAKS_FOR_ITSELF else None
    return f"{reason}; its status message is: {escaped(quoted, MAX_QUOTED).rstrip('.')}" if quoted else reason


def why_not_in_time(ending: Ending) -> str:
    """Why an execution did not reach its target within its time, as the end of a sentence."""
    _, *more = _message(ending).split(". ")
    if more:
        return clause(more[0])
    return f"it is still {ending.last_status}" if ending.last_status else "no status check shows why"


def facts(ending: Ending) -> list[str]:
    """What the Cause of a failure says that ``why`` does not, and the service's own words."""
    lines = _message(ending)[len(_lead(ending)) :].lstrip(". \n").splitlines()
    if _in_full(_problems(ending)) or ending.error == "TimedOut":
        lines = []
    quoted = ending.cause.get("StatusMessage")
    if quoted and not (ending.error in _SPEAKS_FOR_ITSELF and escaped(quoted, MAX_QUOTED) == quoted):
        lines.append(f"The service says: {quoted}")
    return lines


def _in_full(problems: Sequence[str]) -> bool:
    """Whether a headline has room for what is wrong with a request."""
    return len(problems) == 1 and len(problems[0]) <= MAX_PROBLEM


def _message(ending: Ending) -> str:
    return str(ending.cause.get("Message") or "").strip()


def _problems(ending: Ending) -> list[str]:
    """What is wrong with an input: a line each, or the one line of the Message."""
    if ending.error != "InvalidRequest":
        return []
    message, *problems = [line.removeprefix("- ") for line in _message(ending).splitlines()] or [""]
    return problems or ([message] if message and not _FROM_AN_API.match(message) else [])


def _lead(ending: Ending) -> str:
    """The first sentence of the Message, where this app or a workload wrote it and it is no list of problems."""
    message = _message(ending)
    if ending.error in ("ServiceUnavailable", "InvalidRequest") or _FROM_AN_API.match(message):
        return ""
    lead = first_sentence(message)
    return lead if len(lead) <= MAX_REASON else ""


_DONE: Mapping[Machine, str] = {
    Machine.START_MODEL: "start",
    Machine.STOP_MODEL: "stop",
    Machine.RUN_WITH_MODEL: "run",
}


def requested(ending: Ending) -> str:
    """Who asked for an execution, when, and for which lease."""
    lease = f", for the lease {ending.lease_of_its_own}" if ending.lease_of_its_own else ""
    when, reason = clock(ending.execution.start_time), reason_of_the_sweep(ending)
    because = f": {clause(reason)}" if reason else ""
    return f"{_who(ending)} requested the {_DONE[ending.machine]} at {when}{lease}{because}."


def reason_of_the_sweep(ending: Ending) -> str | None:
    """Why the sweep started an execution, if it did."""
    context = ending.request.context if ending.request else None
    reason = context.get(STARTED_BY_SWEEP) if isinstance(context, dict) else None
    return reason if isinstance(reason, str) else None


def _who(ending: Ending) -> str:
    """By the Context that this app's own callers give; anybody may give one, so it is shown as others' words are."""
    context = ending.request.context if ending.request else None
    if reason_of_the_sweep(ending) is not None:
        return "The sweep"
    if isinstance(context, dict) and isinstance(context.get("Schedule"), str) and "ScheduledTime" in context:
        return f"The schedule {escaped(context['Schedule'])}"
    if isinstance(context, dict) and "AskedOn" in context and "PageMadeAt" in context:
        return "Somebody at the dashboard"
    return f"The execution {ending.execution.name}"
