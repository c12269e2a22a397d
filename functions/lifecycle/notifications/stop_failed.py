"""The words of a stop that ended badly: STOP_FAILED, STOP_TIMED_OUT. Pure."""

from collections.abc import Iterator

from lifecycle.configuration import Configuration
from lifecycle.executions.state_machines import Machines
from lifecycle.model.statuses import BILLS, NOT_RUNNING
from lifecycle.notifications import costs, reasons
from lifecycle.notifications.cli_commands import status_command
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.notification import Text, in_subject, step
from lifecycle.notifications.start_failed import stop_by_hand
from lifecycle.shared.text import duration

_REMEDY_FIRST = ("InvalidRequest", "TimedOut")
"""Errors that are mended sooner than a person stops the model by hand."""
_NO_REMEDY = "See in the execution, linked below, how far it came; then start StopModel again."


def stop_failed(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    """Whatever kept the model from being stopped."""
    name = ending.name(configuration, "A model")
    return _text(
        ending,
        configuration,
        subject=f"{in_subject(name)} may still cost money: it could not be stopped",
        headline=f"{name} could not be stopped{_meanwhile(ending)}: {reasons.why(ending)}.",
    )


def stop_timed_out(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    """The model was not stopped within TimeoutSeconds."""
    name, request = ending.name(configuration, "A model"), ending.request
    within = f" within {duration((request.deadline - request.due_at).total_seconds())}" if request else " in time"
    return _text(
        ending,
        configuration,
        subject=f"{in_subject(name)} may still cost money: it was not stopped in time",
        headline=f"{name} was not stopped{within}{_meanwhile(ending)}: {reasons.why_not_in_time(ending)}.",
    )


def _meanwhile(ending: Ending) -> str:
    return "" if ending.last_status in NOT_RUNNING else ", and may still cost money"


def _text(ending: Ending, configuration: Configuration, *, subject: str, headline: str) -> Text:
    return Text(
        subject=subject,
        headline=headline,
        what_it_costs=list(_what_it_costs(ending, configuration)),
        what_to_do=list(_what_to_do(ending)),
        what_happened=[reasons.requested(ending), *reasons.facts(ending)],
    )


def _what_it_costs(ending: Ending, configuration: Configuration) -> Iterator[str]:
    arn = ending.project_version_arn
    if not arn:
        yield "Unknown: nothing was stopped. If the model that was meant is RUNNING, it costs until it is stopped."
        return
    yield costs.by_status(ending.last_status, costs.price(ending, arn, configuration))
    if ending.progress.polls and ending.last_status in BILLS:
        yield f"{costs.sweep(configuration)} tries again to stop it."


def _what_to_do(ending: Ending) -> Iterator[str]:
    arn, project_arn = ending.project_version_arn, ending.request.project_arn if ending.request else None
    first, *remedies = str(ending.cause.get("Remedy") or _NO_REMEDY).splitlines()
    by_hand = stop_by_hand(ending, arn) if arn and ending.last_status not in NOT_RUNNING else []
    if ending.error not in _REMEDY_FIRST:
        yield from by_hand
    if arn and project_arn and ending.error == "TimedOut":
        yield from [*step(first, status_command(arn, project_arn)), *remedies]
    else:
        yield from [first, *remedies]
    if ending.error in _REMEDY_FIRST:
        yield from by_hand
